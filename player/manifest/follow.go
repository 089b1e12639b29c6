package manifest

import (
	"path"
	"slices"
	"time"
)

// Change says what a list that was fetched again is beside the one before.
type Change int

// The changes.
const (
	Unchanged Change = iota // nothing new
	Grown                   // it goes on from the old one
	Older                   // a copy of an earlier state: some caches give them
	Skipped                 // between the two lie segments that neither has
	Restarted               // the server began anew: other segments under other numbers, or under the same
)

// String names the change.
func (c Change) String() string {
	return [...]string{"unchanged", "grown", "older", "skipped", "restarted"}[c]
}

// longestSkip bounds how much may lie between two lists without anybody's having seen it; numbers that
// are further apart were given anew.
const longestSkip = 24 * time.Hour

// Index gives the index of the segment with a sequence number: 0 for one before the list, len(Segments) for
// one behind it.
func (p *Playlist) Index(sequence int64) int {
	i, _ := slices.BinarySearchFunc(p.Segments, sequence, func(s Segment, n int64) int {
		return int(min(max(s.Sequence-n, -1), 1))
	})
	return i
}

// Told gives the server's own number of a segment, for _HLS_msn.
func (p *Playlist) Told(sequence int64) int64 { return sequence - p.shift }

// First and Next are the sequence numbers of the first segment and of the one that would follow the last.
// Both are zero for a list without segments.
func (p *Playlist) First() int64 {
	if len(p.Segments) == 0 {
		return 0
	}
	return p.Segments[0].Sequence
}

// Next: see First.
func (p *Playlist) Next() int64 {
	if n := len(p.Segments); n > 0 {
		return p.Segments[n-1].Sequence + 1
	}
	return 0
}

// Whole tells whether all of the segment is listed; else it has parts alone, and may get more.
func (s *Segment) Whole() bool { return s.URL != nil }

// Follow puts a list that was fetched again on the timeline and into the numbering of the one before: a
// segment that both have keeps its place, what follows continues from there, and after a restart of
// the server the new segments follow the last that it had listed. Neither list is changed. It
// gives old where p brings nothing new.
//
// Which segments are the same is told by the wall clock (EXT-X-PROGRAM-DATE-TIME) where both lists have
// it, else by their names.
func (p *Playlist) Follow(old *Playlist) (*Playlist, Change) {
	if len(old.Segments) == 0 {
		return p, Grown
	}
	if len(p.Segments) == 0 {
		q := *p
		q.shift = old.shift
		return &q, Unchanged
	}
	first, next := p.First()+old.shift, p.Next()+old.shift
	switch {
	case next <= old.First():
		if !p.before(old) {
			return p.Restart(old), Restarted
		}
		return old, Older
	case first >= old.Next():
		gap, known := p.distance(old)
		if first == old.Next() && (!known || gap < longestSkip) {
			return p.onto(old, old.shift), Grown
		}
		if gap >= longestSkip {
			return p.Restart(old), Restarted
		}
		return p.onto(old, old.shift), Skipped
	case !p.shares(old, old.shift):
		return p.Restart(old), Restarted
	case p.behind(old):
		return old, Older
	}
	q := p.onto(old, old.shift)
	if p.sameAs(old) {
		return q, Unchanged
	}
	return q, Grown
}

// Restart is Follow where the server is known to have begun anew.
func (p *Playlist) Restart(old *Playlist) *Playlist {
	if len(old.Segments) == 0 || len(p.Segments) == 0 {
		return p
	}
	q := p.renumbered(old.Next() - p.First())
	q.Segments[0].Discontinuity = true
	q.chain(0, old.Duration())
	return q
}

// Beside puts another rendition's list on the timeline of ref and, where the two are cut at the same
// places, into its numbering. What lies where is told by the wall clock where both lists have it, else by
// the server's numbers, else by the lists' ends. p is not changed.
func (p *Playlist) Beside(ref *Playlist) *Playlist {
	if len(p.Segments) == 0 || len(ref.Segments) == 0 {
		return p
	}
	switch shift, by, found := p.byClock(ref); found {
	case sameCuts:
		return p.onto(ref, shift)
	case otherCuts:
		return p.moved(by)
	}
	if first, next := p.First()+ref.shift, p.Next()+ref.shift; first < ref.Next() && next > ref.First() {
		return p.onto(ref, ref.shift)
	}
	return p.moved(ref.Duration() - p.Duration())
}

// Measured gives the list with one segment's true duration, and moves what follows: durations in lists are
// rounded, and over hours the roundings add up.
func (p *Playlist) Measured(sequence int64, d time.Duration) *Playlist {
	i := p.Index(sequence)
	if i >= len(p.Segments) || p.Segments[i].Sequence != sequence || p.Segments[i].Duration == d || p.Segments[i].Origin != nil {
		return p
	}
	q := p.renumbered(0)
	by := d - q.Segments[i].Duration
	q.Segments[i].Duration = d
	for k := i + 1; k < len(q.Segments); k++ {
		q.Segments[k].Start += by
	}
	return q
}

// renumbered is a copy with other sequence numbers.
func (p *Playlist) renumbered(by int64) *Playlist {
	q := *p
	q.Segments = slices.Clone(p.Segments)
	q.shift += by
	for i := range q.Segments {
		q.Segments[i].Sequence += by
	}
	return &q
}

// moved is a copy that lies elsewhere on the timeline.
func (p *Playlist) moved(by time.Duration) *Playlist {
	q := p.renumbered(0)
	q.chain(0, p.Segments[0].Start+by)
	return q
}

// onto is a copy in old's numbering and on its timeline. A segment that old has as a whole keeps its
// start and duration, which may have been measured.
func (p *Playlist) onto(old *Playlist, shift int64) *Playlist {
	q := p.renumbered(shift - p.shift)
	anchor := q.Index(old.First())
	if anchor == len(q.Segments) {
		anchor--
	}
	common := old.Index(q.Segments[anchor].Sequence)
	start := old.Duration()
	if common < len(old.Segments) {
		start = old.Segments[common].Start
	} else if gap, ok := p.distance(old); ok && q.First() > old.Next() {
		start += gap
	}
	var longer time.Duration // than the list says, up to here
	for k := anchor; k < len(q.Segments); k++ {
		s := &q.Segments[k]
		s.Start += longer
		i := old.Index(s.Sequence)
		if i < len(old.Segments) && old.Segments[i].Sequence == s.Sequence && old.Segments[i].Whole() && s.Origin == nil {
			longer += old.Segments[i].Duration - s.Duration
			s.Duration = old.Segments[i].Duration
		}
	}
	q.chain(anchor, start)
	return q
}

// chain moves the whole list so that segment i begins at a moment.
func (p *Playlist) chain(i int, start time.Duration) {
	by := start - p.Segments[i].Start
	if by == 0 {
		return
	}
	origins := map[*Origin]*Origin{}
	for k := range p.Segments {
		s := &p.Segments[k]
		s.Start += by
		if s.Origin == nil {
			continue
		}
		if origins[s.Origin] == nil {
			o := *s.Origin
			o.At += by
			if o.Until > 0 {
				o.Until += by
			}
			origins[s.Origin] = &o
		}
		s.Origin = origins[s.Origin]
	}
	p.Ranges = slices.Clone(p.Ranges)
	for k := range p.Ranges {
		if p.Ranges[k].From >= 0 {
			p.Ranges[k].From += by
		}
	}
}

// shares tells whether two lists that have numbers in common have segments in common.
func (p *Playlist) shares(old *Playlist, shift int64) bool {
	first := max(p.First()+shift, old.First())
	next := min(p.Next()+shift, old.Next())
	unknown := true
	for n := next - 1; n >= first; n-- {
		a, b := &p.Segments[p.Index(n-shift)], &old.Segments[old.Index(n)]
		bare := !a.Whole() && len(a.Parts) == 0 || !b.Whole() && len(b.Parts) == 0
		if a.Sequence+shift != n || b.Sequence != n || bare && a.Time.IsZero() {
			continue
		}
		unknown = false
		if a.same(b) {
			return true
		}
	}
	return unknown
}

// same tells whether two segments are one.
func (s *Segment) same(o *Segment) bool {
	switch {
	case !s.Time.IsZero() && !o.Time.IsZero():
		return s.Time.Sub(o.Time).Abs() <= max(s.Duration, o.Duration)/2
	case s.Origin != nil && o.Origin != nil:
		return (s.Start - o.Start).Abs() <= max(s.Duration, o.Duration)/2
	case !s.Whole() || !o.Whole():
		return len(s.Parts) > 0 && len(o.Parts) > 0 && s.Parts[0].Name == o.Parts[0].Name || s.Whole() != o.Whole()
	case s.Offset != o.Offset:
		return false
	}
	return s.Name == o.Name || path.Base(s.URL.Path) == path.Base(o.URL.Path)
}

// before tells whether p is known to be from an earlier time than old.
func (p *Playlist) before(old *Playlist) bool {
	last, first := &p.Segments[len(p.Segments)-1], &old.Segments[0]
	return !last.Time.IsZero() && !first.Time.IsZero() && last.Time.Before(first.Time)
}

// behind tells whether p ends before old does.
func (p *Playlist) behind(old *Playlist) bool {
	if p.Ended != old.Ended {
		return old.Ended
	}
	a, b := &p.Segments[len(p.Segments)-1], &old.Segments[len(old.Segments)-1]
	switch n, m := a.Sequence+old.shift, b.Sequence; {
	case n != m:
		return n < m
	case a.Whole() != b.Whole():
		return b.Whole()
	}
	return !a.Whole() && len(a.Parts) < len(b.Parts)
}

// sameAs tells whether a list that isn't behind old brings nothing new.
func (p *Playlist) sameAs(old *Playlist) bool {
	a, b := &p.Segments[len(p.Segments)-1], &old.Segments[len(old.Segments)-1]
	return p.Ended == old.Ended && a.Sequence+old.shift == b.Sequence && a.Whole() == b.Whole() && len(a.Parts) == len(b.Parts)
}

// distance is how long the music is that lies between two lists, the first of which ends before the other
// begins: by the wall clock, else guessed from the numbers.
func (p *Playlist) distance(old *Playlist) (d time.Duration, known bool) {
	first, last := &p.Segments[0], &old.Segments[len(old.Segments)-1]
	if !first.Time.IsZero() && !last.Time.IsZero() {
		return max(0, first.Time.Sub(last.Time)-last.Duration), true
	}
	missing := first.Sequence + old.shift - old.Next()
	mean := (old.Duration() - old.Segments[0].Start) / time.Duration(len(old.Segments))
	if mean > 0 && missing > int64(longestSkip/mean) {
		return longestSkip, true
	}
	return time.Duration(missing) * mean, missing > 0
}

// sameMoment is how far apart the clocks of two renditions may put the same cut.
const sameMoment = 100 * time.Millisecond

// likeness is what the wall clock tells of two renditions.
type likeness int

const (
	nothingTold likeness = iota
	sameCuts             // they are cut at the same places
	otherCuts            // they are cut elsewhere
)

// byClock finds by the wall clock where a list lies beside another: where it is cut at the same places, by
// how much the server's numbers differ from ref's; else by how much it is to be moved.
func (p *Playlist) byClock(ref *Playlist) (shift int64, by time.Duration, found likeness) {
	j := len(ref.Segments) - 1
	for i := len(p.Segments) - 1; i >= 0; i-- {
		s := &p.Segments[i]
		if s.Time.IsZero() {
			continue
		}
		for j >= 0 && (ref.Segments[j].Time.IsZero() || ref.Segments[j].Time.Sub(s.Time) > sameMoment) {
			j--
		}
		if j < 0 {
			break
		}
		r := &ref.Segments[j]
		if s.Time.Sub(r.Time).Abs() <= sameMoment {
			return r.Sequence - s.Sequence + p.shift, 0, sameCuts
		}
		by, found = r.Start+s.Time.Sub(r.Time)-s.Start, otherCuts
	}
	return 0, by, found
}
