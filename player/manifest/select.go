package manifest

import (
	"slices"
	"strings"
)

// Selection is what a listener would rather hear. The zero value asks for what plays unasked.
type Selection struct {
	Languages []string // RFC 5646, the dearest first: "pt-BR" is served by "pt-BR", "pt", then "pt-PT"
	Roles     []string // as a manifest writes them, the dearest first: "commentary", "public.accessibility.describes-video"
	Codecs    []string // RFC 6381 prefixes that may be played: "mp4a", "fLaC"; empty for all
}

// Select gives the renditions, ascending by Bitrate, that come nearest to what is wanted: first by language, then by
// role, each as far as there is any. Codecs leaves out the others, unless nothing would be left.
func (p *Presentation) Select(s Selection) []Rendition {
	families := [][]Rendition{p.Renditions}
	for _, r := range p.Others {
		i := slices.IndexFunc(families[1:], func(f []Rendition) bool { return sameFamily(&f[0], &r) }) + 1
		if i == 0 {
			families = append(families, []Rendition{r})
		} else {
			families[i] = append(families[i], r)
		}
	}
	best, least := 0, int(^uint(0)>>1)
	for i, f := range families {
		far := languageDistance(s.Languages, f[0].Language) * 1000
		if len(s.Roles) > 0 {
			far += roleDistance(s.Roles, f[0].Roles)
		} else if i > 0 && far > 0 {
			far++ // of two, the manifest's own choice
		}
		if far < least {
			best, least = i, far
		}
	}
	out := families[best]
	if len(s.Codecs) > 0 {
		if some := slices.DeleteFunc(slices.Clone(out), func(r Rendition) bool { return !codecAmong(s.Codecs, r.Codecs) }); len(some) > 0 {
			out = some
		}
	}
	return out
}

// sameFamily tells whether renditions that aren't played unasked belong together.
func sameFamily(a, b *Rendition) bool {
	return a.Language == b.Language && a.Name == b.Name && slices.Equal(a.Roles, b.Roles) && (a.Channels > 2) == (b.Channels > 2)
}

// languageDistance says how far a language is from those that are wanted; nothing is far where none is.
func languageDistance(wanted []string, is string) int {
	is = strings.ToLower(is)
	for i, w := range wanted {
		w = strings.ToLower(w)
		mine, _, _ := strings.Cut(w, "-")
		its, _, _ := strings.Cut(is, "-")
		switch {
		case w == is:
			return 3 * i
		case mine == its && its == is:
			return 3*i + 1
		case mine == its:
			return 3*i + 2
		}
	}
	return 3 * len(wanted)
}

func roleDistance(wanted, are []string) int {
	for i, w := range wanted {
		if slices.Contains(are, w) {
			return i
		}
	}
	return len(wanted)
}

func codecAmong(wanted []string, codecs string) bool {
	return slices.ContainsFunc(wanted, func(w string) bool {
		return len(codecs) >= len(w) && strings.EqualFold(codecs[:len(w)], w)
	})
}
