package hls

import (
	"net/url"
	"slices"
	"strings"

	"github.com/segue-audio/segue/player/manifest"
)

// audioRendition is an EXT-X-MEDIA tag of TYPE=AUDIO.
type audioRendition struct {
	group string
	rank  int      // the higher the better a choice when nobody chose
	url   *url.URL // nil where the sound is in the variants themselves
	id    string   // STABLE-RENDITION-ID
	sound
	channels, sampleRate int
}

// sound is what tells the renditions of a group apart, in every group alike (RFC 8216, 4.3.4.1.1).
type sound struct {
	name, language string
	roles          string // CHARACTERISTICS
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
	r := audioRendition{
		group: a.value("GROUP-ID"),
		id:    a.value("STABLE-RENDITION-ID"),
		sound: sound{a.value("NAME"), a.value("LANGUAGE"), a.value("CHARACTERISTICS")},
	}
	if r.group == "" {
		return malformed("no GROUP-ID")
	}
	switch {
	case a.yes("DEFAULT"):
		r.rank = 4
	case a.yes("AUTOSELECT"):
		r.rank = 2
	}
	if !strings.Contains(r.roles, "describes-video") {
		r.rank++
	}
	r.channels = channels(a.value("CHANNELS"))
	if n, err := parseInt(a.value("SAMPLE-RATE")); err == nil {
		r.sampleRate = int(min(n, maxTrimRate))
	}
	if uri, ok := a.get("URI"); ok {
		if r.url, err = p.resolveExpanded(uri); err != nil {
			return err
		}
	}
	p.master.groups = append(p.master.groups, r)
	return nil
}

// channels reads CHANNELS, "count/spatial codings/usages", of which the count (with a spatial coding it is of
// objects); zero for what can't be read.
func channels(s string) int {
	count, _, _ := strings.Cut(s, "/")
	n, err := parseInt(count)
	if err != nil || n > 255 {
		return 0
	}
	return int(n)
}

// surround tells whether a variant has more channels than two, so that it is another mix than one in stereo.
func (v *variant) surround() bool { return v.Channels > 2 }

// members are the renditions of a group, in the manifest's order.
func (m *masterState) members(group string) (out []*audioRendition) {
	for i := range m.groups {
		if r := &m.groups[i]; group != "" && r.group == group {
			out = append(out, r)
		}
	}
	return out
}

// choose says what plays where nobody chose: the default of the first group that a variant names.
func (m *masterState) choose() sound {
	for i := range m.variants {
		if members := m.members(m.variants[i].group); len(members) > 0 {
			return best(members).sound
		}
	}
	return sound{}
}

func best(members []*audioRendition) *audioRendition {
	return slices.MaxFunc(members, func(a, b *audioRendition) int { return a.rank - b.rank }) // the first of equals
}

// of finds the sound in a group: by all that tells it apart, else by language, else the group's default. So a
// change of bit rate is no change of language, whatever a packager marked as the default.
func (s sound) of(members []*audioRendition) *audioRendition {
	for _, same := range []func(*audioRendition) bool{
		func(r *audioRendition) bool { return r.sound == s },
		func(r *audioRendition) bool {
			return s.language != "" && r.language == s.language && r.roles == s.roles
		},
	} {
		if i := slices.IndexFunc(members, same); i >= 0 {
			return members[i]
		}
	}
	return best(members)
}

// with is the variant with one rendition of its group for sound.
func (v *variant) with(r *audioRendition) variant {
	return v.named(r, v.Name)
}

// named is with, under a name where that isn't "".
func (v *variant) named(r *audioRendition, name string) variant {
	w := *v
	w.member = r.name
	if w.Name = name; name == "" {
		w.Name = r.name
	}
	w.Language, w.Channels, w.SampleRate = r.language, r.channels, r.sampleRate
	if r.roles != "" {
		w.Roles = strings.Split(r.roles, ",")
	}
	if r.url != nil {
		w.URL, w.VariantID, w.RenditionID = r.url, "", r.id
	}
	return w
}
