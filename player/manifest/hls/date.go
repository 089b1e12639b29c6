package hls

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/segue-audio/segue/player/manifest"
)

// parseDate reads a date and time of ISO 8601 as people write it; false where it can't be read. Without a
// zone it is taken for UTC.
func parseDate(s string) (time.Time, bool) {
	for _, layout := range []string{
		time.RFC3339Nano, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07", "2006-01-02T15:04:05",
	} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() > 0 {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// programDateTime handles EXT-X-PROGRAM-DATE-TIME (RFC 8216, 4.3.2.6).
func (p *parser) programDateTime(value string) error {
	if t, ok := parseDate(value); ok {
		p.media.next.time = t
	}
	return nil
}

// setTimes carries the dates on to the segments that have none: forwards from the last one before, and
// backwards from the first (RFC 8216, 6.3.3).
func (m *mediaState) setTimes() {
	segments := m.playlist.Segments
	first := slices.IndexFunc(segments, func(s manifest.Segment) bool { return !s.Time.IsZero() })
	if first < 0 {
		return
	}
	for i := first - 1; i >= 0; i-- {
		segments[i].Time = segments[i+1].Time.Add(-segments[i].Duration)
	}
	for i := first + 1; i < len(segments); i++ {
		if segments[i].Time.IsZero() {
			segments[i].Time = segments[i-1].Time.Add(segments[i-1].Duration)
		}
	}
}

// rangeState is the date ranges so far.
type rangeState struct {
	list  []dateRange
	index map[string]int // by ID
}

type dateRange struct {
	manifest.DateRange
	duration  time.Duration
	timed     bool // DURATION was there
	endOnNext bool
	owned     bool // Attributes is not shared with the list before
}

// inherit takes over the ranges of the list read before, but for some.
func (r *rangeState) inherit(from []manifest.DateRange, removed []string) {
	gone := make(map[string]bool, len(removed))
	for _, id := range removed {
		gone[id] = true
	}
	for _, d := range from {
		if _, dup := r.index[d.ID]; !dup && !gone[d.ID] && len(r.list) < maxRanges {
			r.add(dateRange{DateRange: d, endOnNext: d.Attributes["END-ON-NEXT"] == "YES"})
		}
	}
}

func (r *rangeState) add(d dateRange) *dateRange {
	if r.index == nil {
		r.index = make(map[string]int)
	}
	r.index[d.ID] = len(r.list)
	r.list = append(r.list, d)
	return &r.list[len(r.list)-1]
}

// dateRange handles EXT-X-DATERANGE (RFC 8216, 4.3.2.7). Tags of one ID speak of one range, and what the
// later ones add is added.
func (p *parser) dateRange(value string) error {
	a, err := p.attributes(value)
	if err != nil {
		return err
	}
	id, ok := a.get("ID")
	if !ok {
		return nil
	}
	r := &p.media.ranges
	var d *dateRange
	if i, known := r.index[id]; known {
		d = &r.list[i]
	} else if len(r.list) >= maxRanges {
		return overLimit("more than %d date ranges", maxRanges)
	} else {
		d = r.add(dateRange{DateRange: manifest.DateRange{ID: id, From: -1}})
	}
	d.take(a)
	return nil
}

// take adds what a tag says.
func (d *dateRange) take(a attributes) {
	if !d.owned {
		d.Attributes, d.owned = maps.Clone(d.Attributes), true
	}
	for _, t := range a {
		switch t.name {
		case "ID":
		case "CLASS":
			d.Class = t.value
		case "START-DATE":
			if at, ok := parseDate(t.value); ok && d.Start.IsZero() { // a tag for the range's end may repeat it wrongly
				d.Start = at
			}
		case "END-DATE":
			if at, ok := parseDate(t.value); ok {
				d.End = at
			}
		case "DURATION":
			if length, err := parseSeconds(t.value, maxSpan); err == nil {
				d.duration, d.timed = length, true
			}
		default:
			d.endOnNext = d.endOnNext || t.name == "END-ON-NEXT" && t.value == "YES"
			if d.Attributes == nil {
				d.Attributes = make(map[string]string)
			}
			d.Attributes[t.name] = t.value
		}
	}
}

// finishRanges gives the ranges their ends and their places, in the order of the list. Those whose beginning
// isn't known can't be placed by anybody, and are left out.
func (m *mediaState) finishRanges() {
	next := map[string][]time.Time{} // starts by class, for END-ON-NEXT
	for i := range m.ranges.list {
		if d := &m.ranges.list[i]; !d.Start.IsZero() {
			next[d.Class] = append(next[d.Class], d.Start)
		}
	}
	for class := range next {
		slices.SortFunc(next[class], time.Time.Compare)
	}
	for i := range m.ranges.list {
		d := &m.ranges.list[i]
		if d.Start.IsZero() {
			continue
		}
		switch starts := next[d.Class]; {
		case d.endOnNext:
			d.End = time.Time{}
			k, _ := slices.BinarySearchFunc(starts, d.Start.Add(1), time.Time.Compare)
			if k < len(starts) {
				d.End = starts[k]
			}
		case d.timed && d.End.IsZero():
			d.End = d.Start.Add(d.duration)
		}
		d.From = m.playlist.When(d.Start)
		m.playlist.Ranges = append(m.playlist.Ranges, d.DateRange)
	}
}

// begin is EXT-X-START (RFC 8216, 4.3.5.2).
type begin struct {
	offset  time.Duration // negative: before the end
	precise bool
}

// start handles EXT-X-START.
func (p *parser) start(value string) error {
	a, err := p.attributes(value)
	if err != nil {
		return err
	}
	text, negative := strings.CutPrefix(a.value("TIME-OFFSET"), "-")
	d, err := parseSeconds(text, maxSpan)
	if err != nil {
		return nil // begins as if nothing had been wished
	}
	if negative {
		d = -d
	}
	p.media.begin = &begin{d, a.yes("PRECISE")}
	return nil
}

// apply sets where to begin. Unless the wish is precise, all of the segment that holds the place is to be
// heard.
func (b *begin) apply(list *manifest.Playlist) {
	if b == nil {
		return
	}
	at, total := b.offset, list.Duration()
	if place := at; !b.precise && total > 0 {
		if at < 0 {
			place += total
		}
		if i := list.At(max(place, 0)); i < len(list.Segments) {
			place = list.Segments[i].Start
			if at = place; b.offset < 0 {
				at = place - total
			}
		}
	}
	list.Begin = &at
}
