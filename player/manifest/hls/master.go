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
	steering *manifest.Steering
	data     []manifest.SessionData
	keys     []manifest.Key
}

// variant is a rendition in the making.
type variant struct {
	manifest.Rendition
	group   string // AUDIO attribute
	member  string // NAME of the group's rendition
	pathway string // PATHWAY-ID
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
	case "EXT-X-SESSION-DATA":
		return (*parser).sessionData, true
	case "EXT-X-SESSION-KEY":
		return (*parser).sessionKey, true
	case "EXT-X-CONTENT-STEERING":
		return (*parser).contentSteering, true
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
	v := variant{group: a.value("AUDIO"), pathway: a.value("PATHWAY-ID")}
	if v.pathway == "" {
		v.pathway = defaultPathway
	}
	v.Codecs, v.Name, v.VariantID = a.value("CODECS"), a.value("NAME"), a.value("STABLE-VARIANT-ID")
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
	chosen, first := m.choose(), m.variants[0].pathway
	slices.SortStableFunc(m.variants, func(a, b variant) int { return cmp.Compare(a.Bitrate, b.Bitrate) })
	var main, others []variant
	seen := map[*url.URL]bool{} // of others: variants by renditions are many
	for i := range m.variants {
		v := &m.variants[i]
		members := m.members(v.group)
		if len(members) == 0 {
			if !silent(v.Codecs) {
				main = append(main, *v)
			}
			continue
		}
		pick := chosen.of(members)
		main = append(main, v.with(pick))
		for _, r := range members {
			// The variants come in ascending order. Their names are of the ladder that is played unasked.
			if w := v.named(r, ""); r != pick && !seen[w.URL] {
				seen[w.URL] = true
				others = append(others, w)
			}
		}
	}
	if len(main) == 0 {
		return nil, unsupported("no variant has sound")
	}
	main, others = twoSpeakers(main, others)
	if m.steering != nil && m.steering.Pathway == "" {
		m.steering.Pathway = first
	}
	byURL := map[string]bool{}
	return &manifest.Presentation{
		Renditions: m.ladder(main, byURL),
		Others:     m.ladder(others, byURL),
		Steering:   m.steering,
		Data:       m.data,
		Keys:       m.keys,
	}, nil
}

// twoSpeakers moves what is mixed for more than two to the others, where there is both: a change of bit rate
// is no change of mix.
func twoSpeakers(main, others []variant) (stereo, rest []variant) {
	for _, v := range main {
		if v.surround() {
			v.Name = v.member
			others = append(others, v)
		} else {
			stereo = append(stereo, v)
		}
	}
	if len(stereo) == 0 {
		return main, others[:len(others)-len(main)]
	}
	slices.SortStableFunc(others, func(a, b variant) int { return cmp.Compare(a.Bitrate, b.Bitrate) })
	return stereo, others
}

// ladder makes renditions of variants, which come in ascending order. Variants that share an audio group are
// its upper bounds, and the first is the closest: of each URL one is kept.
func (m *masterState) ladder(in []variant, seen map[string]bool) []manifest.Rendition {
	in = slices.DeleteFunc(in, func(v variant) bool {
		key := v.URL.String()
		dup := seen[key]
		seen[key] = true
		return dup
	})
	in = mergeRedundant(in, m.steering != nil)
	var out []manifest.Rendition
	for i := range in {
		if m.steering != nil {
			beginWith(&in[i].Rendition, m.steering.Pathway)
		}
		out = append(out, in[i].Rendition)
	}
	return out
}

// mergeRedundant makes one rendition of those that differ by their URL alone: redundant streams, which a
// client may go over to when one fails (RFC 8216, 6.2.4), or the same on another pathway where hosts are
// steered. They come in ascending order. Where no bit rate is told nothing is known to be the same.
func mergeRedundant(in []variant, steered bool) []variant {
	var out []variant
	for _, v := range in {
		if steered {
			v.Pathways = []string{v.pathway}
		}
		i := slices.IndexFunc(out, func(o variant) bool {
			return redundant(&o, &v) && !(steered && slices.Contains(o.Pathways, v.pathway))
		})
		if i < 0 {
			out = append(out, v)
			continue
		}
		out[i].Mirrors = append(out[i].Mirrors, v.URL)
		out[i].Pathways = append(out[i].Pathways, v.Pathways...)
	}
	return out
}

// redundant tells whether two variants are said to be the same. Stable names decide where both have one.
func redundant(a, b *variant) bool {
	switch {
	case a.VariantID != "" && b.VariantID != "":
		return a.VariantID == b.VariantID
	case a.RenditionID != "" && b.RenditionID != "" && a.RenditionID != b.RenditionID:
		return false
	}
	return a.Bitrate > 0 && a.Bitrate == b.Bitrate && a.Average == b.Average && a.Codecs == b.Codecs &&
		a.Name == b.Name && a.Language == b.Language && a.Channels == b.Channels && a.SampleRate == b.SampleRate &&
		slices.Equal(a.Roles, b.Roles)
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
