package dash

import (
	"time"

	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/media"
)

// run is a row of segments of one duration.
type run struct {
	from, length int64 // of the first, on the media's clock
	count        int64
	number       int64 // of the first
	parts        int64 // that each comes in (S@k); zero for one
	exact        bool  // from and length are as the media has them; else nominal
}

// ticks converts a count of the media's clock.
func (l *layout) ticks(n int64) time.Duration {
	return min(max(time.Duration(media.Rescale(n, l.scale, int64(time.Second))), -maxTime), maxTime)
}

// moment is where on the timeline a time of the media's clock lies.
func (l *layout) moment(t int64) time.Duration { return l.at.start + l.ticks(t-l.offset) }

// run lists what of a row lies within the period, and within what is there of a live stream.
func (l *layout) run(r run) error {
	if r.from > 1<<61 || r.length > 1<<61 {
		return overLimit("segments of %d ticks at %d", r.length, r.from)
	}
	first, count := int64(0), r.count
	if reach := media.Rescale(int64(l.begin-l.at.start), int64(time.Second), l.scale) + l.offset - r.from; reach > 0 {
		first = max(0, min(count, reach/r.length-1)) // the window begins far behind a live stream's first
	}
	if last := (l.end - l.moment(r.from)).Seconds() * float64(l.scale) / float64(r.length); count-first > 8 {
		l.grow(min(count, int64(max(0, last))+1) - first)
	}
	for j := first; j < count; j++ {
		if j+1 > (1<<61-r.from)/r.length {
			return overLimit("a segment at %d × %d ticks", j, r.length)
		}
		s := slot{number: r.number + j, index: r.number + j - l.first, from: r.from + j*r.length, to: r.from + (j+1)*r.length}
		s.time, s.exact = s.from, r.exact
		if !r.exact {
			s.time = j * r.length
		}
		if l.moment(s.from) >= l.end {
			return nil
		}
		if l.moment(s.to) <= l.begin {
			continue
		}
		if err := l.parts(s, max(1, r.parts)); err != nil {
			return err
		}
	}
	return nil
}

// parts lists the segments of one number: as a rule there is but one.
func (l *layout) parts(s slot, n int64) error {
	whole := s
	for k := range n {
		s.sub = k + 1
		s.from = whole.from + (whole.to-whole.from)*k/n
		s.to = whole.from + (whole.to-whole.from)*(k+1)/n
		if err := l.add(s); err != nil {
			return err
		}
	}
	return nil
}

// add lists a segment.
func (l *layout) add(s slot) error {
	seg := l.segment(s)
	if seg.Duration > manifest.MaxSegment {
		return overLimit("a segment of %v", seg.Duration)
	}
	uri, ranges := "", ""
	if l.media != nil {
		uri = l.media.expand(s)
	} else if i := s.index; i >= 0 && i < int64(len(l.urls)) {
		uri, ranges = l.urls[i].value("media"), l.urls[i].value("mediaRange")
	} else {
		return nil // the timeline is longer than the list
	}
	var err error
	if seg.Resource, seg.Mirrors, err = l.places.resource(uri, ranges); err != nil {
		return err
	}
	if err := l.p.take(segmentBytes + locationBytes*(1+len(seg.Mirrors)) + 2*len(seg.Name) + 2*len(uri)); err != nil {
		return err
	}
	l.out = append(l.out, seg)
	return nil
}

// segment makes a segment but for where it is to be had.
func (l *layout) segment(s slot) manifest.Segment {
	start, end := l.moment(s.from), l.moment(s.to)
	if len(l.out) > 0 { // no holes from rounding
		if d := start - l.nextStart; d > -coarsest && d < coarsest {
			start = l.nextStart
		}
	}
	l.nextStart = end
	seg := manifest.Segment{
		Start: max(start, l.at.start), Init: l.init, Key: l.r.key, Sequence: s.number, Origin: l.origin,
		Time: l.wallClock(start),
	}
	if l.p.dynamic && l.early.Duration < maxTime/4 {
		seg.Available = l.p.begun.Add(end - l.early.Duration)
	}
	switch {
	case l.at.until.known && !s.exact:
		end = min(end, l.at.until.Duration)
	case l.at.until.known:
		end = min(end, l.origin.Until)
	}
	seg.Duration = max(0, end-seg.Start)
	return seg
}
