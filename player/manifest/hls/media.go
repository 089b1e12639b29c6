package hls

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/internal/address"
)

// mediaState is what a media playlist has said so far.
type mediaState struct {
	playlist manifest.Playlist
	live     manifest.Live // of playlist, should it turn out not to be ended
	vod      bool
	event    bool
	sequence int64 // of the next segment
	start    time.Duration
	next     pendingSegment
	init     *manifest.Resource
	initKey  *manifest.Key
	keys     keyState
	begin    *begin
	ranges   rangeState
	parts    int            // of all segments
	lastPart *manifest.Part // of all segments; nil for none

	old    *Document // that an update goes on from; nil for none
	copied int       // segments that came from it
}

// pendingSegment gathers the tags that speak of the segment whose URI is yet to come.
type pendingSegment struct {
	timed         bool // EXTINF was there
	duration      time.Duration
	discontinuity bool
	gap           bool
	byteRange     *byteRange
	parts         []manifest.Part
	spoilt        bool // one of its parts makes no sense, so that it has none
	time          time.Time
}

// byteRange is "length[@offset]".
type byteRange struct {
	length, offset int64
	implicit       bool // no offset: goes on where the one before ended
}

// mediaTag finds what handles a tag that only media playlists have.
func mediaTag(name string) (func(*parser, string) error, bool) {
	switch name {
	case "EXTINF":
		return (*parser).extInf, true
	case "EXT-X-BYTERANGE":
		return (*parser).segmentRange, true
	case "EXT-X-MAP":
		return (*parser).initSection, true
	case "EXT-X-KEY":
		return (*parser).key, true
	case "EXT-X-TARGETDURATION":
		return (*parser).targetDuration, true
	case "EXT-X-MEDIA-SEQUENCE":
		return (*parser).mediaSequence, true
	case "EXT-X-DISCONTINUITY-SEQUENCE":
		return (*parser).discontinuitySequence, true
	case "EXT-X-PLAYLIST-TYPE":
		return (*parser).playlistType, true
	case "EXT-X-ENDLIST":
		return func(p *parser, _ string) error { p.media.playlist.Ended = true; return nil }, true
	case "EXT-X-DISCONTINUITY":
		return func(p *parser, _ string) error { p.media.next.discontinuity = true; return nil }, true
	case "EXT-X-GAP":
		return func(p *parser, _ string) error { p.media.next.gap = true; return nil }, true
	case "EXT-X-PROGRAM-DATE-TIME":
		return (*parser).programDateTime, true
	case "EXT-X-DATERANGE":
		return (*parser).dateRange, true
	case trimTag:
		return (*parser).trim, true
	case "EXT-X-I-FRAMES-ONLY":
		return func(*parser, string) error { return unsupported("an I-frame playlist has no sound") }, true
	case "EXT-X-BITRATE":
		return func(*parser, string) error { return nil }, true
	}
	return liveTag(name)
}

// extInf handles EXTINF:duration,[title].
func (p *parser) extInf(value string) error {
	seconds, _, _ := strings.Cut(value, ",")
	d, err := parseSeconds(strings.TrimSpace(seconds), manifest.MaxSegment)
	if err != nil {
		return err
	}
	if p.media.next.timed {
		return malformed("the one before has no URI")
	}
	p.media.next.timed, p.media.next.duration = true, d
	return nil
}

func (p *parser) segmentRange(value string) error {
	r, err := parseRange(value)
	if err != nil {
		return err
	}
	p.media.next.byteRange = &r
	return nil
}

func parseRange(s string) (byteRange, error) {
	length, offset, explicit := strings.Cut(s, "@")
	r := byteRange{implicit: !explicit}
	var err error
	if r.length, err = parseInt(length); err != nil {
		return r, err
	}
	if r.length == 0 {
		return r, malformed("an empty byte range")
	}
	if explicit {
		r.offset, err = parseInt(offset)
	}
	return r, err
}

// initSection handles EXT-X-MAP (RFC 8216, 4.3.2.5). The key in force speaks of it too.
func (p *parser) initSection(value string) error {
	a, err := p.attributes(value)
	if err != nil {
		return err
	}
	uri, ok := a.get("URI")
	if !ok {
		return malformed("no URI")
	}
	u, err := p.resolveExpanded(uri)
	if err != nil {
		return err
	}
	init := manifest.Resource{URL: u, Name: p.names.name(u)}
	if s, ok := a.get("BYTERANGE"); ok {
		r, err := parseRange(s)
		if err != nil {
			return in("BYTERANGE", err)
		}
		if err := setRange(&init, r); err != nil {
			return in("BYTERANGE", err)
		}
	}
	p.media.initKey, err = p.media.keys.ofInit()
	p.media.init = &init
	return err
}

// playlistType is strict, as a playlist cut within this very tag must not pass for a live one.
func (p *parser) playlistType(value string) error {
	switch value {
	case "VOD":
		p.media.vod = true
	case "EVENT":
		p.media.event = true
	default:
		return malformed("%.40q is neither VOD nor EVENT", value)
	}
	return nil
}

func (p *parser) targetDuration(value string) error {
	d, err := parseSeconds(value, manifest.MaxSegment)
	p.media.playlist.Target = d
	return err
}

func (p *parser) mediaSequence(value string) error {
	if len(p.media.playlist.Segments) > 0 || len(p.media.next.parts) > 0 {
		return malformed("after the first segment")
	}
	n, err := parseInt(value)
	p.media.sequence = n
	return err
}

func (p *parser) discontinuitySequence(value string) error {
	n, err := parseInt(value)
	if err == nil {
		p.media.playlist.Breaks = n
	}
	return informative(err)
}

// segmentURI handles the line that ends a segment's tags.
func (p *parser) segmentURI(line string) error {
	if !p.media.next.timed {
		return malformed("a URI without EXTINF")
	}
	u, err := p.resolve(line)
	if err != nil {
		return err
	}
	return p.segment(manifest.Resource{URL: u, Name: p.names.name(u)})
}

// segment ends a segment: r is the zero value for one that has nothing but parts yet.
func (p *parser) segment(r manifest.Resource) error {
	m := &p.media
	next := m.next
	m.next = pendingSegment{}
	if len(m.playlist.Segments) >= manifest.MaxSegments {
		return overLimit("more than %d segments", manifest.MaxSegments)
	}
	s := manifest.Segment{
		Resource:      r,
		Start:         m.start,
		Duration:      next.duration,
		Init:          m.init,
		InitKey:       m.initKey,
		Sequence:      m.sequence,
		Discontinuity: next.discontinuity,
		Gap:           next.gap,
		Time:          next.time,
		Parts:         next.parts,
	}
	if next.byteRange != nil {
		if err := m.place(&s.Resource, *next.byteRange); err != nil {
			return in("EXT-X-BYTERANGE", err)
		}
	}
	s.Key = m.keys.of(m.sequence)
	if m.playlist.Segments == nil {
		// Lists are long, and to let them grow by steps takes three times the memory.
		m.playlist.Segments = make([]manifest.Segment, 0, min(p.lines.left("#EXTINF")+1, manifest.MaxSegments))
	}
	m.playlist.Segments = append(m.playlist.Segments, s)
	m.start += s.Duration
	m.sequence++
	return nil
}

// place sets r's byte range; an implicit offset is the end of the segment before, which must be a range
// of the same resource (RFC 8216, 4.3.2.2).
func (m *mediaState) place(r *manifest.Resource, b byteRange) error {
	var before *manifest.Resource
	if n := len(m.playlist.Segments); n > 0 {
		before = &m.playlist.Segments[n-1].Resource
	}
	return placeAfter(before, r, b)
}

// placeAfter sets r's byte range; before is what came before it, nil for nothing.
func placeAfter(before, r *manifest.Resource, b byteRange) error {
	if b.implicit {
		if before == nil {
			return malformed("no offset and no segment before")
		}
		if before.Length == 0 || !sameURL(before.URL, r.URL) {
			return malformed("no offset and the segment before is not a range of the same resource")
		}
		b.offset = before.Offset + before.Length
	}
	return setRange(r, b)
}

func setRange(r *manifest.Resource, b byteRange) error {
	if b.offset > maxInt-b.length {
		return overLimit("the range ends past %d", int64(maxInt))
	}
	r.Offset, r.Length = b.offset, b.length
	r.Name = address.Part(r.Name, r.Offset, r.Length)
	return nil
}

func (p *parser) finishMedia(doc *Document) error {
	m := &p.media
	list := &m.playlist
	if m.next.timed {
		return malformed("cut short: the last EXTINF has no URI")
	}
	if err := p.lastParts(); err != nil {
		return err
	}
	switch {
	case m.vod && !list.Ended:
		return malformed("cut short: EXT-X-PLAYLIST-TYPE is VOD and EXT-X-ENDLIST is missing")
	case len(list.Segments) == 0 && list.Ended:
		return malformed("no segments")
	}
	for i := range list.Segments {
		// Target promises that no segment is longer but for rounding to whole seconds.
		list.Target = max(list.Target, list.Segments[i].Duration.Round(time.Second))
	}
	doc.queried = p.names.keepQuery
	if !doc.queried {
		clash, err := m.keepQueries()
		if err != nil {
			return err
		}
		doc.queried = clash
	}
	m.setTimes()
	m.finishRanges()
	m.begin.apply(list)
	// Nothing of the document may lie within the parser, which knows the list from before: each update of a
	// live stream would keep all those before it.
	doc.Playlist = new(manifest.Playlist)
	*doc.Playlist = *list
	if !list.Ended {
		doc.Playlist.Live = m.finishLive()
		doc.keyRuns = m.keys.runs
	}
	return nil
}

// keepQueries adds the query to all names of a playlist where some would else not be told apart: segments
// or keys that a script serves by their number. It tells whether it did.
func (m *mediaState) keepQueries() (bool, error) {
	queries := false
	m.each(func(u *url.URL, _ *string) { queries = queries || u.RawQuery != "" })
	if !queries {
		return false, nil
	}
	seen := make(map[string]string)
	clash := false
	m.each(func(u *url.URL, name *string) {
		q, ok := seen[*name]
		seen[*name] = u.RawQuery
		clash = clash || ok && q != u.RawQuery
	})
	if !clash {
		return false, nil
	}
	if m.copied > 0 {
		// The segments that were copied are named without, and are not ours to rename.
		return false, fmt.Errorf("%w: its resources differ by their query alone", manifest.ErrUpdate)
	}
	m.each(func(u *url.URL, name *string) {
		if u.RawQuery == "" {
			return
		}
		path, bytes, ranged := strings.Cut(*name, "#")
		*name = path + "?" + u.RawQuery
		if ranged {
			*name += "#" + bytes
		}
	})
	return true, nil
}

// each visits every resource that has a URL once, though segments share init sections and keys.
func (m *mediaState) each(visit func(u *url.URL, name *string)) {
	see := func(r *manifest.Resource) {
		if r != nil && r.URL != nil {
			visit(r.URL, &r.Name)
		}
	}
	var init *manifest.Resource
	seenKeys := [2]*manifest.Key{}
	for i := range m.playlist.Segments {
		s := &m.playlist.Segments[i]
		see(&s.Resource)
		for k := range s.Parts {
			see(&s.Parts[k].Resource)
		}
		if s.Init != init {
			init = s.Init
			see(init)
		}
		for k, key := range [2]*manifest.Key{s.InitKey, s.Key} {
			if key != nil && key != seenKeys[0] && key != seenKeys[1] && key.URL != nil {
				visit(key.URL, &key.Name)
			}
			if key != nil {
				seenKeys[k] = key
			}
		}
	}
	if m.live.Next != nil {
		see(&m.live.Next.Resource)
	}
}

// left counts the lines that are yet to be read and begin with a tag.
func (r *lineReader) left(tag string) int { return bytes.Count(r.rest, []byte(tag)) }
