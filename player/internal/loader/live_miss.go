package loader

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segue-audio/segue/player/container/detect"
	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/media"
)

// errGap: the list says that the segment doesn't exist (EXT-X-GAP).
var errGap = fmt.Errorf("%w: the playlist says that the segment is missing", manifest.ErrFormat)

const (
	// missTries is how often a segment is asked for that a live list names and the server doesn't have: the
	// parts of a CDN don't learn of a new one at the same time.
	missTries = 3
	// mostMisses is how many segments in a row may be damaged, or refused, before the stream counts as broken.
	mostMisses = 5
	// longestAbsence is for how long segments may be missing without a word in the list: a template goes on
	// promising them when the packager is gone.
	longestAbsence = time.Minute
)

// missing is what couldn't be had.
type missing struct {
	sequence int64
	part     int
	tries    int       // of this one
	inRow    int       // segments before it
	since    time.Time // of the first of them
}

// miss answers what kept the next segment of rendition i from being loaded, from wherever: nil and nil for
// another try, a run of silence in its place, or err.
func (l *Loader) miss(ctx context.Context, i int, err error) (*Run, error) {
	list := l.playlist(i)
	gap := errors.Is(err, errGap)
	if list == nil || ctx.Err() != nil || away(err) || l.refused(err) || live(list) == nil && !gap {
		return nil, err
	}
	n := l.index(i)
	if n >= len(list.Segments) {
		return nil, nil // it slid on
	}
	seg, isPart := l.piece(i, &list.Segments[n])
	m := &l.missing
	if m.sequence != seg.Sequence || m.part != l.part || m.tries == 0 {
		m.sequence, m.part, m.tries = seg.Sequence, l.part, 0
	}
	m.tries++
	if !gap { // what is known of the stream may be wrong
		l.growth(l.at(i)).asked = time.Time{}
	}
	if !gap && m.tries < missTries {
		l.env.Logger.Info("live segment not there", "sequence", seg.Sequence, "part", l.part, "err", err)
		return nil, pause(ctx, min(max(seg.Duration/4, leastReload), time.Second))
	}
	why := WhyGap
	if !gap {
		why = WhyFailed
		if m.inRow++; m.inRow == 1 {
			m.since = time.Now()
		}
		if m.inRow > mostMisses && !(absent(err) && time.Since(m.since) < longestAbsence) {
			return nil, err
		}
	}
	m.tries = 0
	l.env.Logger.Warn("silence for a segment", "sequence", seg.Sequence, "why", string(why), "err", err)
	r := l.runOf(i, list, n, seg)
	r.Discontinuity.Gap, r.Discontinuity.Why, r.Discontinuity.NewClock, r.Discontinuity.Resumed = seg.Duration, why, false, false
	in := l.missing
	l.loaded(i, seg, isPart, nil)
	l.missing = in
	l.pos = max(l.pos, seg.Start+seg.Duration-l.lead)
	return r, nil
}

// loaded moves the loader past a segment, or a part of one, of rendition i, and gives its true length. k is
// nil where it was missing.
func (l *Loader) loaded(i int, seg *manifest.Segment, isPart bool, k *kept) time.Duration {
	if isPart {
		if i != l.current && l.next != seg.Sequence {
			l.part = 0
		}
		l.next = seg.Sequence
		l.part++
	} else {
		l.next, l.part = seg.Sequence+1, 0
	}
	l.current, l.discontinuity = i, Discontinuity{}
	l.missing = missing{}
	list := l.playlist(i)
	length := seg.Duration
	if live(list) == nil {
		return length
	}
	if k != nil && !isPart {
		if d := k.length(); (d-seg.Duration).Abs() < seg.Duration/4 && d != seg.Duration {
			list, length = list.Measured(seg.Sequence, d), d
		}
	}
	t := l.at(i)
	l.mu.Lock()
	l.lists[t], l.ref = list, reference{t, list}
	l.mu.Unlock()
	l.showWindow()
	return length
}

// length is how much music a segment holds.
func (k *kept) length() time.Duration {
	demux, err := detect.OpenSegment(k.init, k.clear)
	if err != nil {
		return 0
	}
	var total media.Frames
	var p media.Packet
	for demux.Next(&p) == nil {
		total += p.Duration
	}
	return total.Duration(demux.Info().Format.SampleRate)
}
