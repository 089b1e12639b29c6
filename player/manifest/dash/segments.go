package dash

import (
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/internal/address"
	"github.com/segue-audio/segue/player/media"
)

// maxListBytes bounds what the lists of segments take in memory, about: eighty thousand segments, with short
// URLs and one place each. A template of a hundred bytes may ask for any number. A longer text may take more.
const (
	maxListBytes    = 32 << 20
	bytesPerElement = 60
)

// What a segment takes, and what each of its URLs takes beside; and an element.
const (
	segmentBytes  = 208
	locationBytes = 144 + 16
	nodeBytes     = 300
)

// segmentElements are the SegmentTemplate, SegmentList and SegmentBase of a level; nil for none.
type segmentElements [3]*node

func segmentsOf(n *node) (e segmentElements) {
	for _, c := range n.children {
		for i, kind := range segmentKinds {
			if c.name == kind && e[i] == nil {
				e[i] = c
			}
		}
	}
	return e
}

var segmentKinds = [...]string{"SegmentTemplate", "SegmentList", "SegmentBase"}

// take counts bytes of memory.
func (p *parser) take(n int) error {
	if p.listed += n; p.listed > p.budget {
		return overLimit("more segments than fit into %d MB", p.budget>>20)
	}
	return nil
}

// grow makes room for segments that will be added.
func (l *layout) grow(n int64) {
	room := int64(max(0, l.p.budget-l.p.listed) / (segmentBytes + locationBytes))
	l.out = slices.Grow(l.out, int(min(n, room)))
}

// layout is how the segments of one representation lie in its period (ISO 23009-1, 5.3.9).
type layout struct {
	p    *parser
	r    *representation
	at   *period
	kind string  // SegmentTemplate, SegmentList, SegmentBase, or "" for a plain file
	from []*node // the elements of that kind, the most specific first

	scale, offset int64 // timescale, presentationTimeOffset
	first, last   int64 // startNumber, endNumber; last −1 for none
	length        int64 // duration, in ticks; zero for none
	delta         int64 // eptDelta
	early         span  // availabilityTimeOffset
	begin, end    time.Duration
	origin        *manifest.Origin
	places        *places
	init          *manifest.Resource
	media         template
	urls          []*node
	reference     *reference
	out           []manifest.Segment
	nextStart     time.Duration // where the last segment ended
}

// slot is a place in a period that a segment takes.
type slot struct {
	number, sub int64
	index       int64 // from the period's first on
	time        int64 // in the URL
	from, to    int64 // on the media's clock
	exact       bool  // and the media has them so
}

// list gives the segments of a representation in its period.
func (p *parser) list(r *representation) ([]manifest.Segment, error) {
	l := &layout{p: p, r: r, at: r.set.period}
	levels := []segmentElements{segmentsOf(r.node), r.set.segments, l.at.segments}
	which := 0
	for _, level := range levels {
		for i, n := range level {
			if l.kind == "" && n != nil {
				l.kind, which = segmentKinds[i], i
			}
		}
	}
	for _, level := range levels {
		if n := level[which]; n != nil && l.kind != "" {
			keep, err := p.linked(n)
			if err != nil {
				return nil, err
			}
			if keep {
				l.from = append(l.from, n)
			}
		}
	}
	if err := l.read(); err != nil {
		return nil, err
	}
	var err error
	switch l.kind {
	case "SegmentTemplate", "SegmentList":
		err = l.many()
	default:
		err = l.one()
	}
	return l.out, err
}

// attr gives an attribute of the most specific element that has it: the others are its defaults (5.3.9.1).
func (l *layout) attr(name string) (*node, bool) {
	for _, n := range l.from {
		if _, ok := n.attr(name); ok {
			return n, true
		}
	}
	return nil, false
}

func (l *layout) uint(name string, otherwise int64) (int64, error) {
	if n, ok := l.attr(name); ok {
		return n.uint(name, otherwise)
	}
	return otherwise, nil
}

func (l *layout) child(name string) *node {
	for _, n := range l.from {
		if c := n.child(name); c != nil {
			return c
		}
	}
	return nil
}

// read reads what is the same for all segments.
func (l *layout) read() (err error) {
	for _, f := range []struct {
		to        *int64
		name      string
		otherwise int64
	}{
		{&l.scale, "timescale", 1}, {&l.offset, "presentationTimeOffset", 0}, {&l.first, "startNumber", 1},
		{&l.last, "endNumber", -1}, {&l.length, "duration", 0},
	} {
		if *f.to, err = l.uint(f.name, f.otherwise); err != nil {
			return err
		}
	}
	if l.scale == 0 || l.scale > 1<<32 {
		return malformed("timescale of %d", l.scale)
	}
	if n, ok := l.attr("eptDelta"); ok {
		d, err := n.seconds("eptDelta") // a whole number, in ticks, and of either sign
		if err != nil {
			return err
		}
		l.delta = int64(d.Seconds())
	}
	if n, ok := l.attr("availabilityTimeOffset"); ok {
		if l.early, err = n.seconds("availabilityTimeOffset"); err != nil {
			return err
		}
	}
	l.places = l.p.places(l.r.bases)
	if o := l.places.bases[0].offset; o.known {
		l.early.Duration, l.early.known = l.early.Duration+o.Duration, true
	}
	l.origin = &manifest.Origin{From: l.offset, Scale: l.scale, At: l.at.start, Slack: max(l.at.slack, l.at.until.slack)}
	l.begin, l.end = l.at.start, maxTime
	if l.at.until.known {
		l.end = l.at.until.Duration
		if l.at == l.p.periods[len(l.p.periods)-1] {
			l.end += l.p.rounded
		}
		l.origin.Until = l.end
	}
	if err := l.readReference(); err != nil {
		return err
	}
	return l.readInit()
}

// readInit finds the init section.
func (l *layout) readInit() error {
	if strings.HasSuffix(common(l.r.set.node, l.r.node, "mimeType"), "/mp2t") {
		return nil // it would hold tables that each segment has as well
	}
	res := manifest.Resource{}
	var err error
	if n, ok := l.attr("initialization"); ok && l.kind == "SegmentTemplate" {
		t, err := parseTemplate(n.value("initialization"), l.r)
		if err != nil {
			return err
		}
		if len(t) != 1 || t[0].what != "" {
			return malformed("an init section for each segment: %.80q", n.value("initialization"))
		}
		if res, _, err = l.places.resource(t[0].literal, ""); err != nil {
			return err
		}
	} else if n := l.child("Initialization"); n != nil {
		if res, _, err = l.places.resource(n.value("sourceURL"), n.value("range")); err != nil {
			return err
		}
	} else {
		return nil
	}
	l.init = &res
	return nil
}

// entriesOf gives the children of n that it lists segments with, and gathers them once: a long list that hundreds
// of representations inherit would take as much anew for each.
func (p *parser) entriesOf(n *node, name string) []*node {
	list, known := p.entries[n]
	if !known {
		if p.entries == nil {
			p.entries = make(map[*node][]*node)
		}
		list = n.all(name)
		p.entries[n] = list
	}
	return list
}

// many lists segments that have places of their own.
func (l *layout) many() error {
	for _, n := range l.from {
		if l.urls = l.p.entriesOf(n, "SegmentURL"); len(l.urls) > 0 {
			break
		}
	}
	if l.kind == "SegmentTemplate" {
		n, ok := l.attr("media")
		if !ok {
			return malformed("a SegmentTemplate without media")
		}
		text := n.value("media")
		var err error
		if l.media, err = parseTemplate(text, l.r); err != nil {
			return err
		}
		l.places.query = inQuery(text)
	} else if len(l.urls) == 0 {
		return malformed("a SegmentList without SegmentURL")
	}
	if l.p.dynamic {
		l.narrow()
	}
	if t := l.child("SegmentTimeline"); t != nil {
		return l.timeline(t)
	}
	if l.length == 0 {
		return l.whole()
	}
	return l.regular()
}

// whole lists the one segment that a period has where no durations are given.
func (l *layout) whole() error {
	if len(l.urls) > 1 || l.media.uses("Time") {
		return malformed("segments without durations")
	}
	if !l.at.until.known {
		return malformed("a segment whose end isn't known")
	}
	l.length = int64(math.Ceil((l.at.until.Duration - l.at.start).Seconds() * float64(l.scale)))
	return l.run(run{from: l.offset, length: max(1, l.length), count: 1, number: l.first})
}

// regular lists segments of one nominal duration (5.3.9.5.3).
func (l *layout) regular() error {
	count := int64(math.MaxInt64)
	switch {
	case l.kind == "SegmentList":
		count = int64(len(l.urls))
	case l.at.until.known:
		ticks := media.Rescale(int64(l.at.until.Duration-l.at.start), int64(time.Second), l.scale)
		count = (ticks + l.length - 1) / l.length
		// Rounding up the period's end must not make a segment that isn't there.
		rest := ticks - (count-1)*l.length
		if count > 1 && l.ticks(rest) <= max(l.at.until.slack, coarsest) {
			count--
		}
	case !l.p.dynamic:
		return malformed("segments without an end")
	}
	if l.last >= 0 {
		count = min(count, l.last-l.first+1)
	}
	return l.run(run{from: l.offset + l.delta, length: l.length, count: count, number: l.first})
}

// timeline lists segments as a SegmentTimeline has them (5.3.9.6).
func (l *layout) timeline(t *node) error {
	entries := l.p.entriesOf(t, "S")
	l.grow(int64(len(entries)))
	at, number := l.offset, l.first
	for i, s := range entries {
		r := run{exact: true, parts: 1}
		var err error
		for _, f := range []struct {
			to        *int64
			name      string
			otherwise int64
		}{{&r.from, "t", at}, {&r.length, "d", -1}, {&r.number, "n", number}, {&r.parts, "k", 1}} {
			if *f.to, err = s.uint(f.name, f.otherwise); err != nil {
				return err
			}
		}
		switch {
		case r.length <= 0:
			return malformed("SegmentTimeline: an S without a duration")
		case i > 0 && r.from < at-r.length:
			return malformed("SegmentTimeline: time runs backwards, from %d to %d", at, r.from)
		case r.parts < 1 || r.parts > 1000:
			return malformed("SegmentTimeline: %d parts", r.parts)
		}
		if r.count, err = l.repeats(s, r, entries[i+1:]); err != nil {
			return err
		}
		if r.count > (1<<61-r.from)/r.length {
			return overLimit("SegmentTimeline: %d segments of %d", r.count, r.length)
		}
		if l.last >= 0 {
			r.count = min(r.count, max(0, l.last-r.number+1))
		}
		if err := l.run(r); err != nil {
			return err
		}
		at, number = r.from+r.length*r.count, r.number+r.count
	}
	return nil
}

// repeats is how many segments an S stands for. A negative r lets it be repeated to the next S, or to the
// period's end, or, where that isn't known, as far as time has come.
func (l *layout) repeats(s *node, r run, behind []*node) (int64, error) {
	text, ok := s.attr("r")
	if !ok {
		return 1, nil
	}
	if text == "" || text[0] != '-' {
		n, err := parseUint(text)
		return n + 1, err
	}
	end := int64(0)
	switch {
	case len(behind) > 0:
		t, err := behind[0].uint("t", -1)
		if err != nil {
			return 0, err
		}
		if t < 0 {
			return 0, malformed("SegmentTimeline: an open S before one without a time")
		}
		end = t
	case l.end < maxTime:
		end = l.offset + media.Rescale(int64(l.end-l.at.start), int64(time.Second), l.scale)
	default:
		return 0, malformed("SegmentTimeline: an open S in a period without an end")
	}
	return max(0, (end-r.from+r.length-1)/r.length), nil
}

// one lists a period's only file, which has an index or is to be searched for one.
func (l *layout) one() error {
	res, mirrors, err := l.places.resource("", "")
	if err != nil {
		return err
	}
	if path := res.URL.Path; *res.URL == *l.p.base || path == "" || strings.HasSuffix(path, "/") {
		return malformed("representation %.40q has no segments", l.r.id)
	}
	index := res
	if n, ok := l.attr("indexRange"); ok {
		if index.Offset, index.Length, err = byteRange(n.value("indexRange")); err != nil {
			return in(n, "indexRange", err)
		}
		index.Name = address.Part(index.Name, index.Offset, index.Length)
	}
	if n := l.child("RepresentationIndex"); n != nil {
		if index, _, err = l.places.resource(n.value("sourceURL"), n.value("range")); err != nil {
			return err
		}
	}
	if l.init == nil && index.Length > 0 { // the init section stands before the index, or within its range
		init := res
		init.Length = index.Offset
		if init.Length == 0 {
			init.Length = index.Length
		}
		init.Name = address.Part(init.Name, 0, init.Length)
		l.init = &init
	}
	s := l.segment(slot{from: l.offset, number: l.first})
	s.Resource, s.Mirrors, s.Index = res, mirrors, &index
	s.Start, s.Duration = l.begin, 0
	if l.at.until.known {
		s.Duration = max(0, l.at.until.Duration-l.begin)
	}
	l.out = append(l.out, s)
	return nil
}

// dropped tells whether an error costs no more than the representation it is about.
func dropped(err error) bool {
	return errors.Is(err, manifest.ErrFormat) || errors.Is(err, manifest.ErrUnsupported)
}
