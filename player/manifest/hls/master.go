package hls

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/media"
)

// masterState is what a multivariant playlist has said so far.
type masterState struct {
	variants []variant
	pending  *variant // waits for its URI line
	groups   []audioRendition
	iframes  bool
}

type variant struct {
	manifest.Rendition
	group string // AUDIO attribute
}

// audioRendition is an EXT-X-MEDIA tag of TYPE=AUDIO.
type audioRendition struct {
	group string
	rank  int // the higher the better a choice when nobody chose
	url   *url.URL
}

// masterTag finds what handles a tag that only multivariant playlists have.
func masterTag(name string) (func(*parser, string) error, bool) {
	switch name {
	case "EXT-X-STREAM-INF":
		return (*parser).streamInf, true
	case "EXT-X-MEDIA":
		return (*parser).mediaGroup, true
	case "EXT-X-I-FRAME-STREAM-INF":
		return func(p *parser, _ string) error { p.master.iframes = true; return nil }, true
	case "EXT-X-SESSION-DATA", "EXT-X-SESSION-KEY", "EXT-X-CONTENT-STEERING":
		return func(*parser, string) error { return nil }, true
	}
	return nil, false
}

// streamInf handles EXT-X-STREAM-INF (RFC 8216, 4.3.4.2).
func (p *parser) streamInf(value string) error {
	if p.master.pending != nil {
		return malformed("the one before has no URI")
	}
	a, err := p.attributes(value)
	if err != nil {
		return err
	}
	v := variant{group: a.value("AUDIO")}
	v.Codecs, v.Name = a.value("CODECS"), a.value("NAME")
	if v.Bitrate, err = bitrate(a, "BANDWIDTH"); err != nil {
		return err
	}
	if v.Average, err = bitrate(a, "AVERAGE-BANDWIDTH"); err != nil {
		return err
	}
	p.master.pending = &v
	return nil
}

// bitrate reads an attribute in bits per second; zero where it is absent. The RFC demands BANDWIDTH, but
// a presentation of one variant plays well without.
func bitrate(a attributes, name string) (media.Bitrate, error) {
	s, ok := a.get(name)
	if !ok {
		return 0, nil
	}
	n, err := parseInt(s)
	if err != nil {
		return 0, in(name, err)
	}
	return media.Bitrate(n), nil
}

// variantURI handles the line after EXT-X-STREAM-INF.
func (p *parser) variantURI(line string) error {
	v := p.master.pending
	if v == nil {
		return malformed("a URI without EXT-X-STREAM-INF")
	}
	if len(p.master.variants) >= manifest.MaxRenditions {
		return overLimit("more than %d variants", manifest.MaxRenditions)
	}
	u, err := p.resolve(line)
	if err != nil {
		return err
	}
	v.URL = u
	p.master.variants = append(p.master.variants, *v)
	p.master.pending = nil
	return nil
}

// mediaGroup handles EXT-X-MEDIA (RFC 8216, 4.3.4.1), of which only audio matters here.
func (p *parser) mediaGroup(value string) error {
	a, err := p.attributes(value)
	if err != nil {
		return err
	}
	if a.value("TYPE") != "AUDIO" {
		return nil
	}
	if len(p.master.groups) >= manifest.MaxRenditions {
		return overLimit("more than %d audio renditions", manifest.MaxRenditions)
	}
	r := audioRendition{group: a.value("GROUP-ID")}
	if r.group == "" {
		return malformed("no GROUP-ID")
	}
	switch {
	case a.value("DEFAULT") == "YES":
		r.rank = 2
	case a.value("AUTOSELECT") == "YES":
		r.rank = 1
	}
	if uri, ok := a.get("URI"); ok {
		if r.url, err = p.resolveExpanded(uri); err != nil {
			return err
		}
	}
	p.master.groups = append(p.master.groups, r)
	return nil
}

func (p *parser) finishMaster() (*manifest.Presentation, error) {
	m := &p.master
	switch {
	case m.pending != nil:
		return nil, malformed("cut short: the last EXT-X-STREAM-INF has no URI")
	case len(m.variants) == 0 && m.iframes:
		return nil, unsupported("nothing but I-frame lists")
	case len(m.variants) == 0:
		return nil, malformed("no EXT-X-STREAM-INF")
	}
	var out []manifest.Rendition
	for i := range m.variants {
		v := &m.variants[i]
		if u := m.audioOf(v.group); u != nil {
			v.URL = u
		} else if silent(v.Codecs) && v.group == "" {
			continue
		}
		out = append(out, v.Rendition)
	}
	if len(out) == 0 {
		return nil, unsupported("no variant has sound")
	}
	slices.SortStableFunc(out, func(a, b manifest.Rendition) int { return cmp.Compare(a.Bitrate, b.Bitrate) })
	return &manifest.Presentation{Renditions: mergeRedundant(mergeByURL(out))}, nil
}

// audioOf gives the playlist of a group's default rendition; nil where the sound is in the variant
// itself.
func (m *masterState) audioOf(group string) *url.URL {
	var best *audioRendition
	for i := range m.groups {
		if r := &m.groups[i]; group != "" && r.group == group && (best == nil || r.rank > best.rank) {
			best = r
		}
	}
	if best == nil {
		return nil
	}
	return best.url
}

// mergeByURL keeps the first of each URL. Variants that share an audio group are its upper bounds, and
// the first is the closest, as they come in ascending order.
func mergeByURL(in []manifest.Rendition) []manifest.Rendition {
	seen := make(map[string]bool, len(in))
	return slices.DeleteFunc(in, func(r manifest.Rendition) bool {
		key := r.URL.String()
		dup := seen[key]
		seen[key] = true
		return dup
	})
}

// mergeRedundant makes one rendition of those that differ by their URL alone: redundant streams, which a
// client may go over to when one fails (RFC 8216, 6.2.4). They come in ascending order. Where no
// bit rate is told nothing is known to be the same.
func mergeRedundant(in []manifest.Rendition) []manifest.Rendition {
	var out []manifest.Rendition
	for _, r := range in {
		i := slices.IndexFunc(out, func(o manifest.Rendition) bool {
			return o.Bitrate == r.Bitrate && o.Average == r.Average && o.Codecs == r.Codecs && o.Name == r.Name
		})
		if i >= 0 && r.Bitrate > 0 {
			out[i].Mirrors = append(out[i].Mirrors, r.URL)
			continue
		}
		out = append(out, r)
	}
	return out
}

// silent tells whether a CODECS list names codecs and none of them is for sound.
func silent(codecs string) bool {
	if strings.TrimSpace(codecs) == "" {
		return false
	}
	for c := range strings.SplitSeq(codecs, ",") {
		family, _, _ := strings.Cut(strings.TrimSpace(c), ".")
		switch strings.ToLower(family) {
		case "avc1", "avc3", "hvc1", "hev1", "dvh1", "dvhe", "dva1", "dvav", "vp8", "vp9", "vp08", "vp09",
			"av01", "dav1", "mp4v", "stpp", "wvtt", "tx3g", "c608", "c708":
		default:
			return false
		}
	}
	return true
}
