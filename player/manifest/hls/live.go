package hls

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/internal/address"
)

// emptyReload is how soon a list is asked for again that has no segments and names no target duration.
const emptyReload = 4 * time.Second

// liveTag finds what handles a tag that only lists which grow have.
func liveTag(name string) (func(*parser, string) error, bool) {
	switch name {
	case "EXT-X-SERVER-CONTROL":
		return (*parser).serverControl, true
	case "EXT-X-PART-INF":
		return (*parser).partInf, true
	case "EXT-X-PART":
		return (*parser).part, true
	case "EXT-X-PRELOAD-HINT":
		return (*parser).preloadHint, true
	case "EXT-X-RENDITION-REPORT":
		return (*parser).renditionReport, true
	case "EXT-X-SKIP":
		return (*parser).skip, true
	}
	return nil, false
}

// serverControl handles EXT-X-SERVER-CONTROL (8216bis, 4.4.3.8).
func (p *parser) serverControl(value string) error {
	a, err := p.attributes(value)
	if err != nil {
		return err
	}
	l := &p.media.live
	l.Blocks = a.yes("CAN-BLOCK-RELOAD")
	l.SkipsRanges = a.yes("CAN-SKIP-DATERANGES")
	var errs [3]error
	l.Skips, errs[0] = a.seconds("CAN-SKIP-UNTIL")
	l.HoldBack, errs[1] = a.seconds("HOLD-BACK")
	l.PartHoldBack, errs[2] = a.seconds("PART-HOLD-BACK")
	return informative(cmp.Or(errs[:]...))
}

// partInf handles EXT-X-PART-INF (8216bis, 4.4.3.7).
func (p *parser) partInf(value string) error {
	a, err := p.attributes(value)
	if err != nil {
		return err
	}
	p.media.live.PartTarget, err = a.seconds("PART-TARGET")
	return informative(err)
}

// part handles EXT-X-PART (8216bis, 4.4.4.9). Where one makes no sense, its segment is to be had as a whole
// alone.
func (p *parser) part(value string) error {
	a, err := p.attributes(value)
	if err != nil {
		return err
	}
	m := &p.media
	if m.parts++; m.parts > maxParts {
		return overLimit("more than %d parts", maxParts)
	}
	if m.next.spoilt {
		return nil
	}
	if m.lastPart, err = p.readPart(a); err != nil {
		m.next.parts, m.next.spoilt = nil, true
		return informative(err)
	}
	m.next.parts = append(m.next.parts, *m.lastPart)
	return nil
}

func (p *parser) readPart(a attributes) (*manifest.Part, error) {
	s := manifest.Part{Independent: a.yes("INDEPENDENT"), Gap: a.yes("GAP")}
	if a.value("URI") == "" {
		return nil, malformed("no URI")
	}
	var err error
	if s.URL, err = p.resolveExpanded(a.value("URI")); err != nil {
		return nil, err
	}
	s.Name = p.names.name(s.URL)
	if s.Duration, err = parseSeconds(a.value("DURATION"), manifest.MaxSegment); err != nil {
		return nil, in("DURATION", err)
	}
	if text, ok := a.get("BYTERANGE"); ok {
		r, err := parseRange(text)
		if err != nil {
			return nil, in("BYTERANGE", err)
		}
		var before *manifest.Resource
		if p.media.lastPart != nil {
			before = &p.media.lastPart.Resource
		}
		if err := placeAfter(before, &s.Resource, r); err != nil {
			return nil, in("BYTERANGE", err)
		}
	}
	return &s, nil
}

// lastParts makes a segment of the parts that have none yet.
func (p *parser) lastParts() error {
	next := &p.media.next
	if next.spoilt {
		p.media.live.Next = nil // it would follow what can't be had yet
	}
	if len(next.parts) == 0 {
		return nil
	}
	for i := range next.parts {
		next.duration += next.parts[i].Duration
	}
	if next.duration > manifest.MaxSegment {
		return overLimit("parts of %s together", next.duration)
	}
	next.byteRange = nil // of a segment that isn't there
	return p.segment(manifest.Resource{})
}

// preloadHint handles EXT-X-PRELOAD-HINT (8216bis, 4.4.5.3), of which the hints at init sections are passed
// over: the list will name them when they are needed.
func (p *parser) preloadHint(value string) error {
	a, err := p.attributes(value)
	if err != nil || a.value("TYPE") != "PART" || a.value("URI") == "" {
		return err
	}
	next, err := p.hinted(a)
	if err == nil {
		p.media.live.Next = next
	}
	return informative(err)
}

func (p *parser) hinted(a attributes) (next *manifest.Part, err error) {
	next = &manifest.Part{}
	if next.URL, err = p.resolveExpanded(a.value("URI")); err != nil {
		return nil, err
	}
	next.Name = p.names.name(next.URL)
	start, ranged := a.get("BYTERANGE-START")
	if ranged {
		if next.Offset, err = parseInt(start); err != nil {
			return nil, in("BYTERANGE-START", err)
		}
	}
	if length, ok := a.get("BYTERANGE-LENGTH"); ok {
		if next.Length, err = parseInt(length); err != nil {
			return nil, in("BYTERANGE-LENGTH", err)
		}
		ranged = true
	}
	if next.Offset > maxInt-next.Length {
		return nil, overLimit("the range ends past %d", int64(maxInt))
	}
	if ranged && next.Offset+next.Length > 0 {
		next.Name = address.Part(next.Name, next.Offset, next.Length)
	}
	return next, nil
}

// renditionReport handles EXT-X-RENDITION-REPORT (8216bis, 4.4.5.4).
func (p *parser) renditionReport(value string) error {
	a, err := p.attributes(value)
	if err != nil {
		return err
	}
	l := &p.media.live
	if len(l.Reports) >= maxReports {
		return overLimit("more than %d reports", maxReports)
	}
	r := manifest.Report{Part: -1}
	if a.value("URI") == "" {
		return nil
	}
	if r.URL, err = p.resolveExpanded(a.value("URI")); err != nil {
		return informative(err)
	}
	if r.Sequence, err = parseInt(a.value("LAST-MSN")); err != nil {
		return nil // RFC 8216bis demands it, and without it nothing is reported
	}
	if n, err := parseInt(a.value("LAST-PART")); err == nil {
		r.Part = int(min(n, maxParts))
	}
	l.Reports = append(l.Reports, r)
	return nil
}

// skip handles EXT-X-SKIP (8216bis, 4.4.5.2): what it leaves out comes from the list read before.
func (p *parser) skip(value string) error {
	a, err := p.attributes(value)
	if err != nil {
		return err
	}
	m := &p.media
	n, err := parseInt(a.value("SKIPPED-SEGMENTS"))
	if err != nil {
		return in("SKIPPED-SEGMENTS", err)
	}
	switch {
	case len(m.playlist.Segments) > 0 || m.next.timed || len(m.next.parts) > 0:
		return malformed("after the first segment")
	case m.old == nil || m.old.Playlist.Ended: // nothing was kept of a list that isn't to change
		return fmt.Errorf("%w: there is no playlist from before", manifest.ErrUpdate)
	case n > manifest.MaxSegments:
		return overLimit("more than %d segments", manifest.MaxSegments)
	}
	if err := p.copySegments(int(n)); err != nil {
		return err
	}
	if removed, ok := a.get("RECENTLY-REMOVED-DATERANGES"); ok {
		m.ranges.inherit(m.old.Playlist.Ranges, strings.Split(removed, "\t"))
	}
	return nil
}

// copySegments takes over the next n segments of the list read before, and what is in force at their end.
func (p *parser) copySegments(n int) error {
	m := &p.media
	had := m.old.Playlist.Segments
	i := 0
	if len(had) > 0 {
		i = int(min(max(m.sequence-had[0].Sequence, -1), int64(len(had))))
	}
	if i < 0 || n > len(had)-i || n > 0 && had[i+n-1].URL == nil {
		return fmt.Errorf("%w: segments %d to %d are left out, and those from before don't hold them",
			manifest.ErrUpdate, m.sequence, m.sequence+int64(n)-1)
	}
	if n == 0 {
		return nil
	}
	m.playlist.Segments = make([]manifest.Segment, n, min(n+p.lines.left("#EXTINF")+1, manifest.MaxSegments))
	copy(m.playlist.Segments, had[i:])
	for k := range m.playlist.Segments {
		s := &m.playlist.Segments[k]
		s.Start, s.Parts = m.start, nil // what is skipped is too old for parts
		m.start += s.Duration
	}
	last := &m.playlist.Segments[n-1]
	m.sequence += int64(n)
	m.copied = n
	m.init, m.initKey = last.Init, last.InitKey
	m.keys.resume(m.old.keyRuns, m.playlist.Segments[0].Sequence, last.Sequence)
	return nil
}

// resume takes over the keys in force from segment first to last, and those in force at the end.
func (k *keyState) resume(runs []keyRun, first, last int64) {
	from := sort.Search(len(runs), func(i int) bool { return runs[i].sequence > first })
	to := sort.Search(len(runs), func(i int) bool { return runs[i].sequence > last })
	if from = max(from-1, 0); from >= to {
		return
	}
	k.runs = slices.Clone(runs[from:to])
	k.set(k.runs[len(k.runs)-1].tags)
	for _, t := range k.tags {
		k.place = max(k.place, t.place)
	}
	k.used = true
}

// finishLive says how a list grows that isn't ended (8216bis, 6.3.4 and 4.4.3.8).
func (m *mediaState) finishLive() *manifest.Live {
	l := m.live
	l.Sliding = !m.event
	l.Reload = m.playlist.Target
	if l.Reload == 0 {
		l.Reload = emptyReload
	}
	if l.HoldBack == 0 {
		l.HoldBack = 3 * l.Reload
	}
	if l.PartTarget > 0 && l.PartHoldBack == 0 {
		l.PartHoldBack = 3 * l.PartTarget
	}
	return &l
}
