package loader

import (
	"time"

	"github.com/segue-audio/segue/player/manifest"
)

// takesParts reports whether parts are worth playing: the server holds back what isn't there yet, so that
// they come as soon as they can.
func (l *Loader) takesParts(grows *manifest.Live) bool {
	return grows != nil && grows.PartTarget > 0 && grows.Blocks
}

// partAt finds the last part of a segment, that decoding may begin with, from which on moment t is played.
func partAt(s *manifest.Segment, t time.Duration) (start time.Duration, part int) {
	start, at := s.Start, s.Start
	for k := range s.Parts {
		if s.Parts[k].Independent && at <= t {
			start, part = at, k
		}
		at += s.Parts[k].Duration
	}
	return start, part
}

// settlePart goes on to the next segment where the parts of one are all loaded.
func (l *Loader) settlePart(i int) {
	list := l.playlist(i)
	n := l.index(i)
	if l.part == 0 || n >= len(list.Segments) {
		return
	}
	s := &list.Segments[n]
	if (s.Whole() || list.Ended) && len(s.Parts) > 0 && l.part >= len(s.Parts) {
		l.next, l.part = l.next+1, 0
	}
}

// wantsParts reports whether there is no time to wait for whole segments.
func (l *Loader) wantsParts(list *manifest.Playlist) bool {
	return l.takesParts(list.Live) && (l.part > 0 || l.buffered() < list.Live.HoldBack)
}

// wanted is what comes next in rendition i and isn't listed yet: a segment, or a part of one; −1 for all
// of it.
func (l *Loader) wanted(i int) (sequence int64, part int) {
	list := l.playlist(i)
	if !l.wantsParts(list) {
		if s := &list.Segments[len(list.Segments)-1]; !s.Whole() {
			return s.Sequence, -1
		}
		return list.Next(), -1
	}
	if s := &list.Segments[len(list.Segments)-1]; !s.Whole() {
		return s.Sequence, len(s.Parts)
	}
	return list.Next(), 0
}

// piece gives what to load of a segment of rendition i's: all of it, or the part that comes next, as if that
// were a segment.
func (l *Loader) piece(i int, s *manifest.Segment) (seg *manifest.Segment, isPart bool) {
	part := l.part
	if _, aligned := l.aligned(i); i != l.current && l.current >= 0 && !aligned {
		part = 0
	}
	if s.Whole() && (part == 0 || part >= len(s.Parts)) || part >= len(s.Parts) {
		return s, false
	}
	c := *s
	p := &s.Parts[part]
	c.Resource, c.Duration, c.Mirrors, c.Parts = p.Resource, p.Duration, nil, nil
	c.Gap = s.Gap || p.Gap
	c.Discontinuity = s.Discontinuity && part == 0
	for k := range part {
		c.Start += s.Parts[k].Duration
	}
	return &c, true
}
