package dash

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/segue-audio/segue/player/manifest"
)

// group is what stands for one choice of the listener in each period: sets of one language, role and kind.
type group struct {
	key     string
	sets    [][]*set // by period
	order   int      // as it comes in the MPD
	written *set     // the first
}

// present makes the renditions: what belongs together in each period, joined over all.
func (p *parser) present(doc *Document) error {
	for _, at := range p.periods {
		if what, ok := strange(at.node); ok {
			p.why = unsupported("a period needs %.80q to be understood", what)
			continue
		}
		if err := p.readSets(at); err != nil {
			return err
		}
	}
	groups := p.groups()
	if len(groups) == 0 {
		return p.nothing()
	}
	ranges, err := p.events()
	if err != nil {
		return err
	}
	out := &manifest.Presentation{Steering: p.steering()}
	lists := &listing{p: p, of: map[*representation][]manifest.Segment{}}
	for i, g := range groups {
		renditions, err := p.renditions(g, groups, lists)
		if err != nil {
			return err
		}
		for k := range renditions {
			renditions[k].Playlist.Ranges = ranges
		}
		if len(out.Renditions) == 0 {
			out.Renditions = renditions
		} else {
			out.Others = append(out.Others, renditions...)
		}
		if i >= manifest.MaxRenditions || len(out.Renditions)+len(out.Others) > manifest.MaxRenditions {
			return overLimit("more than %d renditions", manifest.MaxRenditions)
		}
	}
	if len(out.Renditions) == 0 {
		return p.nothing()
	}
	slices.SortStableFunc(out.Others, func(a, b manifest.Rendition) int { return cmp.Compare(a.Bitrate, b.Bitrate) })
	doc.Presentation = out
	return nil
}

// nothing says why there is no rendition.
func (p *parser) nothing() error {
	if p.why != nil {
		return p.why
	}
	return unsupported("no audio in the MPD")
}

// groups sorts the sets into what the listener may choose from, the first choice first. It is the longest period
// that decides, and no advertisement in front of it.
func (p *parser) groups() []*group {
	byKey := map[string]*group{}
	var all []*group
	longest := 0
	for i, at := range p.periods {
		if len(at.sets) > 0 && (len(p.periods[longest].sets) == 0 || at.length() > p.periods[longest].length()) {
			longest = i
		}
	}
	for k := range p.periods {
		i := (longest + k) % len(p.periods)
		for _, s := range p.periods[i].sets {
			g := byKey[s.key()]
			if g == nil {
				g = &group{key: s.key(), sets: make([][]*set, len(p.periods)), order: len(all), written: s}
				byKey[g.key] = g
				all = append(all, g)
			}
			g.sets[i] = append(g.sets[i], s)
		}
	}
	slices.SortStableFunc(all, func(a, b *group) int {
		return cmp.Or(
			cmp.Compare(min(len(b.sets[longest]), 1), min(len(a.sets[longest]), 1)),
			cmp.Compare(b.written.priority, a.written.priority),
			cmp.Compare(a.written.rank(), b.written.rank()),
			cmp.Compare(a.order, b.order),
		)
	})
	return all
}

// key tells sets apart that are no codings of one sound.
func (s *set) key() string {
	roles := slices.Sorted(slices.Values(s.roles))
	key := strings.ToLower(s.language) + "|" + strings.Join(roles, " ")
	if s.aids {
		key += "|aid"
	}
	if s.muxed {
		key += "|muxed"
	}
	for _, r := range s.reps {
		if r.channels > 2 {
			return key + "|surround"
		}
	}
	return key
}

// rank says how far a set is from what is played unasked: the main sound in stereo, alone.
func (s *set) rank() int {
	rank := 0
	switch {
	case slices.Contains(s.roles, "main"):
	case len(s.roles) == 0:
		rank = 1
	default:
		rank = 2
	}
	if s.aids {
		rank += 4
	}
	if strings.HasSuffix(s.key(), "|surround") {
		rank += 8
	}
	if s.muxed {
		rank += 16
	}
	return rank
}

// listing lists the segments of each representation once.
type listing struct {
	p  *parser
	of map[*representation][]manifest.Segment
}

// list gives a representation's segments; none, and ok false, where it can't be used.
func (l *listing) list(r *representation) (segments []manifest.Segment, ok bool, err error) {
	if segments, ok := l.of[r]; ok {
		return segments, segments != nil, nil
	}
	segments, err = l.p.list(r)
	if err != nil && !dropped(err) {
		return nil, false, err
	}
	if err == nil && segments == nil {
		if segments = []manifest.Segment{}; !l.p.dynamic {
			err = malformed("representation %.40q has no segments", r.id)
		}
	}
	if err != nil {
		l.p.why, segments = err, nil
	}
	l.of[r] = segments
	return segments, err == nil, nil
}

// usable gives the representations of sets whose segments can be listed.
func (l *listing) usable(sets []*set) ([]*representation, error) {
	var all []*representation
	for _, s := range sets {
		for _, r := range s.reps {
			_, ok, err := l.list(r)
			if err != nil {
				return nil, err
			}
			if ok {
				all = append(all, r)
			}
		}
	}
	return all, nil
}

// renditions joins a group's representations over the periods. There are as many as the richest period
// has: each is followed by what is most like it in the other periods.
func (p *parser) renditions(g *group, groups []*group, lists *listing) ([]manifest.Rendition, error) {
	reps := make([][]*representation, len(p.periods))
	best := -1
	for i := range p.periods {
		var err error
		if reps[i], err = lists.usable(g.sets[i]); err != nil {
			return nil, err
		}
		if n := len(reps[i]); n > 0 && (best < 0 || n > len(reps[best])) {
			best = i
		}
	}
	if best < 0 {
		return nil, nil
	}
	for i := range p.periods { // an advertisement in another language is better than silence
		for k := 0; len(reps[i]) == 0 && k < len(groups); k++ {
			var err error
			if reps[i], err = lists.usable(groups[k].sets[i]); err != nil {
				return nil, err
			}
		}
	}
	var all []manifest.Rendition
	for _, lead := range reps[best] {
		r, err := p.rendition(lead, best, reps, lists)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b manifest.Rendition) int { return cmp.Compare(a.Bitrate, b.Bitrate) })
	return all, nil
}

// rendition joins what follows a representation of one period.
func (p *parser) rendition(lead *representation, where int, reps [][]*representation, lists *listing) (manifest.Rendition, error) {
	r := manifest.Rendition{
		Bitrate: lead.bitrate, Codecs: lead.codecs, Name: lead.set.label, Language: lead.set.language,
		Roles: lead.set.roles, SampleRate: lead.rate, Channels: lead.channels, Loudness: lead.loudness, RenditionID: lead.id,
	}
	list := &manifest.Playlist{Ended: p.live == nil, Live: p.live}
	mirrors := math.MaxInt
	for i := range p.periods {
		of := lead
		if i != where {
			of = alike(lead, reps[i])
		}
		if of == nil {
			continue // a hole in the timeline
		}
		segments := lists.of[of]
		if len(segments) == 0 {
			continue
		}
		mirrors = min(mirrors, len(segments[0].Mirrors))
		r.Bitrate = max(r.Bitrate, of.bitrate)
		if err := p.join(list, segments); err != nil {
			return r, err
		}
	}
	for i := range list.Segments {
		s := &list.Segments[i]
		s.Sequence = list.Segments[0].Sequence + int64(i)
		list.Target = max(list.Target, s.Duration)
		s.Mirrors = s.Mirrors[:mirrors]
	}
	if l := list.Live; l != nil && l.HoldBack == 0 {
		own := *l
		own.HoldBack = 3 * list.Target
		list.Live = &own
	}
	if mirrors != math.MaxInt {
		for _, b := range ordered(lead.bases)[:mirrors+1] {
			r.Pathways = append(r.Pathways, b.service)
			r.Mirrors = append(r.Mirrors, b.url)
		}
		r.Mirrors = r.Mirrors[1:]
	}
	if !slices.ContainsFunc(r.Pathways, func(s string) bool { return s != "" }) {
		r.Pathways = nil
	}
	r.Playlist = list
	return r, nil
}

// join puts a period's segments behind those of the periods before.
func (p *parser) join(list *manifest.Playlist, segments []manifest.Segment) error {
	if len(p.periods) == 1 {
		list.Segments = segments
		return nil
	}
	if err := p.take(segmentBytes * len(segments)); err != nil {
		return err
	}
	n := len(list.Segments)
	list.Segments = append(list.Segments, segments...)
	list.Segments[n].Discontinuity = n > 0
	return nil
}

// alike finds what follows a representation in another period: the same id and coding, else the same coding
// at about the rate, else any; nil of none.
func alike(lead *representation, reps []*representation) *representation {
	var found *representation
	least := math.Inf(1)
	for _, r := range reps {
		far := math.Abs(math.Log(float64(max(r.bitrate, 1)) / float64(max(lead.bitrate, 1))))
		if family(r.codecs) != family(lead.codecs) {
			far += 1000
		} else if r.id == lead.id && r.id != "" {
			far = -1
		}
		if far < least {
			found, least = r, far
		}
	}
	return found
}

// family is the coding that a codecs attribute names first.
func family(codecs string) string {
	first, _, _ := strings.Cut(codecs, ",")
	name, _, _ := strings.Cut(strings.TrimSpace(first), ".")
	return strings.ToLower(name)
}

// steering reads ContentSteering (ETSI TS 103 998; ISO 23009-1, amendment 1 of the fifth edition).
func (p *parser) steering() *manifest.Steering {
	n := p.mpd.child("ContentSteering")
	if n == nil {
		return nil
	}
	u, err := p.reference(n)
	if err != nil {
		return nil // the order as written will do
	}
	first, _, _ := strings.Cut(n.value("defaultServiceLocation"), " ")
	return &manifest.Steering{URL: u, Prefix: "_DASH", Pathway: first}
}
