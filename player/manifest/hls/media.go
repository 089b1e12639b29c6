package hls

import (
	"net/url"
	"strings"
	"time"

	"github.com/segue-audio/segue/player/manifest"
)

// mediaState is what a media playlist has said so far.
type mediaState struct {
	playlist manifest.Playlist
	vod      bool
	sequence int64 // of the next segment
	start    time.Duration
	next     pendingSegment
	init     *manifest.Resource
	keys     keyState
}

// pendingSegment gathers the tags that speak of the segment whose URI is yet to come.
type pendingSegment struct {
	timed         bool // EXTINF was there
	duration      time.Duration
	discontinuity bool
	gap           bool
	byteRange     *byteRange
}

// byteRange is "length[@offset]".
type byteRange struct {
	length, offset int64
	implicit       bool // no offset: goes on where the segment before ended
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
	case "EXT-X-PLAYLIST-TYPE":
		return (*parser).playlistType, true
	case "EXT-X-ENDLIST":
		return func(p *parser, _ string) error { p.media.playlist.Ended = true; return nil }, true
	case "EXT-X-DISCONTINUITY":
		return func(p *parser, _ string) error { p.media.next.discontinuity = true; return nil }, true
	case "EXT-X-GAP":
		return func(p *parser, _ string) error { p.media.next.gap = true; return nil }, true
	case trimTag:
		return (*parser).trim, true
	case "EXT-X-I-FRAMES-ONLY":
		return func(*parser, string) error { return unsupported("an I-frame playlist has no sound") }, true
	case "EXT-X-SKIP":
		return func(*parser, string) error { return unsupported("a delta update") }, true
	case "EXT-X-PART", "EXT-X-PART-INF", "EXT-X-SERVER-CONTROL", "EXT-X-PRELOAD-HINT", "EXT-X-RENDITION-REPORT",
		"EXT-X-DISCONTINUITY-SEQUENCE", "EXT-X-PROGRAM-DATE-TIME", "EXT-X-DATERANGE", "EXT-X-BITRATE":
		return func(*parser, string) error { return nil }, true
	}
	return nil, false
}

// extInf handles EXTINF:duration,[title].
func (p *parser) extInf(value string) error {
	seconds, _, _ := strings.Cut(value, ",")
	d, err := parseSeconds(strings.TrimSpace(seconds))
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

// initSection handles EXT-X-MAP (RFC 8216, 4.3.2.5).
func (p *parser) initSection(value string) error {
	a, err := p.attributes(value)
	if err != nil {
		return err
	}
	if k := &p.media.keys; k.inForce() {
		if k.supported() == nil {
			return k.refuse()
		}
		// A key before the map encrypts the init section too, which no packager we know of does and
		// no player we know of plays; what is written so in the wild is a mistake.
		return unsupported("an encrypted init section (EXT-X-KEY comes before EXT-X-MAP)")
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
		init.Offset, init.Length = r.offset, r.length
		init.Name = part(init.Name, init.Offset, init.Length)
	}
	p.media.init = &init
	return nil
}

// playlistType is strict, as a playlist cut within this very tag must not pass for a live one.
func (p *parser) playlistType(value string) error {
	switch value {
	case "VOD":
		p.media.vod = true
	case "EVENT":
	default:
		return malformed("%.40q is neither VOD nor EVENT", value)
	}
	return nil
}

func (p *parser) targetDuration(value string) error {
	d, err := parseSeconds(value)
	p.media.playlist.Target = d
	return err
}

func (p *parser) mediaSequence(value string) error {
	if len(p.media.playlist.Segments) > 0 {
		return malformed("after the first segment")
	}
	n, err := parseInt(value)
	p.media.sequence = n
	return err
}

// segmentURI handles the line that ends a segment's tags.
func (p *parser) segmentURI(line string) error {
	m := &p.media
	next := m.next
	m.next = pendingSegment{}
	switch {
	case !next.timed:
		return malformed("a URI without EXTINF")
	case len(m.playlist.Segments) >= manifest.MaxSegments:
		return overLimit("more than %d segments", manifest.MaxSegments)
	}
	u, err := p.resolve(line)
	if err != nil {
		return err
	}
	s := manifest.Segment{
		Resource:      manifest.Resource{URL: u, Name: p.names.name(u)},
		Start:         m.start,
		Duration:      next.duration,
		Init:          m.init,
		Sequence:      m.sequence,
		Discontinuity: next.discontinuity,
		Gap:           next.gap,
	}
	if next.byteRange != nil {
		if err := m.place(&s.Resource, *next.byteRange); err != nil {
			return in("EXT-X-BYTERANGE", err)
		}
	}
	if s.Key, err = m.keys.of(m.sequence); err != nil {
		return err
	}
	m.playlist.Segments = append(m.playlist.Segments, s)
	m.start += s.Duration
	m.sequence++
	return nil
}

// place sets r's byte range; an implicit offset is the end of the segment before, which must be a range
// of the same resource (RFC 8216, 4.3.2.2).
func (m *mediaState) place(r *manifest.Resource, b byteRange) error {
	r.Offset, r.Length = b.offset, b.length
	if b.implicit {
		n := len(m.playlist.Segments)
		if n == 0 {
			return malformed("no offset and no segment before")
		}
		before := &m.playlist.Segments[n-1]
		if before.Length == 0 || before.URL.String() != r.URL.String() {
			return malformed("no offset and the segment before is not a range of the same resource")
		}
		r.Offset = before.Offset + before.Length
	}
	if r.Offset > maxInt-r.Length {
		return overLimit("the range ends past %d", int64(maxInt))
	}
	r.Name = part(r.Name, r.Offset, r.Length)
	return nil
}

func (p *parser) finishMedia() (*manifest.Playlist, error) {
	m := &p.media
	list := &m.playlist
	switch {
	case m.next.timed:
		return nil, malformed("cut short: the last EXTINF has no URI")
	case m.vod && !list.Ended:
		return nil, malformed("cut short: EXT-X-PLAYLIST-TYPE is VOD and EXT-X-ENDLIST is missing")
	case len(list.Segments) == 0:
		return nil, malformed("no segments")
	}
	for i := range list.Segments {
		// Target promises that no segment is longer but for rounding to whole seconds.
		list.Target = max(list.Target, list.Segments[i].Duration.Round(time.Second))
	}
	if !p.names.keepQuery {
		keepQueries(list.Segments)
	}
	return list, nil
}

// keepQueries adds the query to all names of a playlist where some would else not be told apart: segments
// or keys that a script serves by their number.
func keepQueries(segments []manifest.Segment) {
	seen := make(map[string]string)
	clash := false
	each(segments, func(u *url.URL, name *string) {
		q, ok := seen[*name]
		seen[*name] = u.RawQuery
		clash = clash || ok && q != u.RawQuery
	})
	if !clash {
		return
	}
	each(segments, func(u *url.URL, name *string) {
		if u.RawQuery == "" {
			return
		}
		path, bytes, ranged := strings.Cut(*name, "#")
		*name = path + "?" + u.RawQuery
		if ranged {
			*name += "#" + bytes
		}
	})
}

// each visits every resource once, though segments share init sections and keys.
func each(segments []manifest.Segment, visit func(u *url.URL, name *string)) {
	var init *manifest.Resource
	var key *manifest.Key
	for i := range segments {
		s := &segments[i]
		visit(s.URL, &s.Name)
		if s.Init != nil && s.Init != init {
			visit(s.Init.URL, &s.Init.Name)
		}
		if s.Key != nil && s.Key != key {
			visit(s.Key.URL, &s.Key.Name)
		}
		init, key = s.Init, s.Key
	}
}
