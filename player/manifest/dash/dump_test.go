package dash

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/internal/address"
)

// dump writes all that is made of an MPD. Of a long list it shows both ends.
func dump(d *Document) string {
	var b strings.Builder
	fmt.Fprintf(&b, "title=%q published=%s locations=%v\n", d.Title, stamp(d.Published), d.Locations)
	for _, p := range d.patches {
		fmt.Fprintf(&b, "patch %s until %s\n", p.url, stamp(p.until))
	}
	if s := d.Presentation.Steering; s != nil {
		fmt.Fprintf(&b, "steering %s first %q\n", s.URL, s.Pathway)
	}
	for i, r := range d.all() {
		kind := "rendition"
		if i >= len(d.Presentation.Renditions) {
			kind = "other"
		}
		fmt.Fprintf(&b, "%s id=%q peak=%d codecs=%q name=%q language=%q rate=%d channels=%d roles=%v", kind, r.RenditionID, r.Bitrate, r.Codecs, r.Name, r.Language, r.SampleRate, r.Channels, r.Roles)
		if r.Loudness != nil {
			fmt.Fprintf(&b, " loudness=%v", *r.Loudness)
		}
		fmt.Fprintf(&b, "\n")
		if len(r.Mirrors) > 0 {
			fmt.Fprintf(&b, "  mirrors %v pathways %q\n", r.Mirrors, r.Pathways)
		}
		dumpList(&b, r.Playlist)
	}
	if ranges := d.Presentation.Renditions[0].Playlist.Ranges; len(ranges) > 0 {
		for _, e := range ranges {
			fmt.Fprintf(&b, "event %q at %v for %v %s-%s %q %q %v\n", e.ID, e.From, e.Length, stamp(e.Start), stamp(e.End), e.Scheme, e.Message, e.Attributes)
		}
	}
	return b.String()
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "none"
	}
	return t.Format("2006-01-02T15:04:05.999999999Z")
}

func dumpList(b *strings.Builder, p *manifest.Playlist) {
	fmt.Fprintf(b, "  list of %d ended=%v target=%v duration=%v\n", len(p.Segments), p.Ended, p.Target, p.Duration())
	if l := p.Live; l != nil {
		fmt.Fprintf(b, "  live reload=%v sliding=%v holdback=%v", l.Reload, l.Sliding, l.HoldBack)
		if l.Clock != nil {
			fmt.Fprintf(b, " clock=%s %v %s", l.Clock.Scheme, l.Clock.URL, stamp(l.Clock.Value))
		}
		b.WriteString("\n")
	}
	var init *manifest.Resource
	var key *manifest.Key
	var origin *manifest.Origin
	for i := range p.Segments {
		s := &p.Segments[i]
		if i >= 3 && i < len(p.Segments)-2 && !s.Discontinuity {
			continue
		}
		if s.Init != init {
			init = s.Init
			fmt.Fprintf(b, "  init %s\n", resource(init))
		}
		if s.Origin != origin {
			origin = s.Origin
			fmt.Fprintf(b, "  origin %d/%d at %v until %v slack %v\n", origin.From, origin.Scale, origin.At, origin.Until, origin.Slack)
		}
		if s.Key != key {
			key = s.Key
			fmt.Fprintf(b, "  key %s %s\n", key.Method, key.Name)
			for _, y := range key.Systems {
				fmt.Fprintf(b, "    %s kid=%x data=%d bytes licence=%q\n", y.Format, y.KID, len(y.Data), y.Licence)
			}
		}
		fmt.Fprintf(b, "  %d start=%v duration=%v", s.Sequence, s.Start, s.Duration)
		if s.Discontinuity {
			b.WriteString(" discontinuity")
		}
		if !s.Time.IsZero() || !s.Available.IsZero() {
			fmt.Fprintf(b, " time=%s available=%s", stamp(s.Time), stamp(s.Available))
		}
		fmt.Fprintf(b, " %s\n", resource(&s.Resource))
		if s.Index != nil {
			fmt.Fprintf(b, "    index %s\n", resource(s.Index))
		}
		if n := len(s.Mirrors); n > 0 && i == 0 {
			fmt.Fprintf(b, "    mirrors %v\n", s.Mirrors)
		}
	}
}

func resource(r *manifest.Resource) string {
	if r == nil {
		return "none"
	}
	return fmt.Sprintf("%s (%d+%d) name %s", r.URL, r.Offset, r.Length, r.Name)
}

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

// wrong says what must be true of every document and isn't; "" where all is well.
func wrong(d *Document) string {
	p := d.Presentation
	if p == nil || len(p.Renditions) == 0 {
		return "no renditions"
	}
	ascending := func(a, b manifest.Rendition) int { return int(a.Bitrate - b.Bitrate) }
	if !slices.IsSortedFunc(p.Renditions, ascending) || !slices.IsSortedFunc(p.Others, ascending) {
		return "renditions are not in order"
	}
	for _, r := range d.all() {
		if r.Playlist == nil || r.URL != nil || len(r.Pathways) > 0 && len(r.Pathways) != 1+len(r.Mirrors) {
			return fmt.Sprintf("rendition %+v", r)
		}
		if s := wrongList(&r); s != "" {
			return s
		}
	}
	return ""
}

func wrongList(r *manifest.Rendition) string {
	names := map[string]string{}
	for i := range r.Playlist.Segments {
		s := &r.Playlist.Segments[i]
		before := s
		if i > 0 {
			before = &r.Playlist.Segments[i-1]
		}
		id := address.Part(s.URL.Scheme+s.URL.Host+s.URL.Path+"?"+s.URL.RawQuery, s.Offset, s.Length)
		switch other, named := names[s.Name]; {
		case s.URL == nil, s.Origin == nil, s.Origin.Scale <= 0, s.Offset < 0, s.Length < 0:
			return fmt.Sprintf("segment %d: %+v", i, s)
		case s.Duration < 0, s.Start < before.Start, s.Start < s.Origin.At, s.Duration > r.Playlist.Target:
			return fmt.Sprintf("segment %d from %v for %v, after one from %v", i, s.Start, s.Duration, before.Start)
		case s.Origin.Until > 0 && s.Start+s.Duration > s.Origin.Until:
			return fmt.Sprintf("segment %d ends behind its period, at %v", i, s.Origin.Until)
		case i > 0 && s.Sequence != before.Sequence+1:
			return fmt.Sprintf("segment %d has the number %d, after %d", i, s.Sequence, before.Sequence)
		case len(s.Mirrors) != len(r.Mirrors):
			return fmt.Sprintf("segment %d has %d mirrors, not %d", i, len(s.Mirrors), len(r.Mirrors))
		case named && other != id:
			return fmt.Sprintf("%q names both %s and %s", s.Name, other, id)
		default:
			names[s.Name] = id
		}
	}
	return ""
}
