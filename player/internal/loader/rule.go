package loader

import (
	"slices"
	"sync"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/media"
)

// Choice is what the choice of renditions goes by.
type Choice struct {
	Rule    abr.Rule
	Max     media.Bitrate // zero for no cap
	Network abr.Network
	Metered bool
	Limits  *abr.Limits // nil for none; never written to
}

// ladder is the part of a presentation's renditions that may be chosen: a rule is shown nothing else, and its
// indexes count there.
type ladder struct {
	renditions []abr.Rendition
	whole      []int // the index of each among all

	of      *presentation
	limits  *abr.Limits
	metered bool
}

// ladder gives that of the moment. Any goroutine may call it.
func (l *Loader) ladder(c Choice) *ladder {
	if k := l.allowable.Load(); k != nil && k.of == l.presentation && k.limits == c.Limits && k.metered == c.Metered && len(k.whole) > 0 {
		return k
	}
	limits := c.Limits
	if limits == nil {
		limits = &abr.Limits{}
	}
	k := &ladder{of: l.presentation, limits: c.Limits, metered: c.Metered}
	k.whole = limits.Allowed(&abr.State{Renditions: l.renditions, Metered: c.Metered})
	for _, i := range k.whole {
		k.renditions = append(k.renditions, l.renditions[i])
	}
	l.allowable.Store(k)
	return k
}

// narrow gives the place on the ladder of a rendition: of one that isn't there that of the next lower one.
func (k *ladder) narrow(i int) int {
	place, found := slices.BinarySearch(k.whole, i)
	if !found && (place > 0 || i < 0) {
		place--
	}
	return min(place, len(k.whole)-1)
}

// widen gives the rendition at a place of the ladder.
func (k *ladder) widen(place int) int {
	if place < 0 || place >= len(k.whole) {
		return place
	}
	return k.whole[place]
}

// shown puts the figures of all renditions in the order of the ladder's.
func (k *ladder) shown(all []int64) (some []int64) {
	if len(k.whole) == len(all) {
		return all
	}
	for _, i := range k.whole {
		if i < len(all) {
			some = append(some, all[i])
		}
	}
	return some
}

// rule gives the rule to ask in a state. One that has to be fitted to a ladder is fitted beside the loading, and
// answers by its fallback meanwhile: the first segment doesn't wait for it, the others do.
func (l *Loader) rule(s *abr.State) abr.Rule {
	c := l.env.Choice()
	rule := c.Rule
	if f, ok := rule.(abr.Fixed); ok { // it counts among all
		rule = abr.Fixed{Index: l.ladder(c).narrow(f.Index)}
	}
	if fitter, ok := rule.(abr.Fitter); ok {
		f := l.env.fits.of(fitter, s)
		f.once.Do(func() {
			begun := *s
			l.tasks.Go(func() { f.fit(begun) })
		})
		if s.Current >= 0 || s.Buffer > 0 {
			<-f.done
		}
		rule = f.rule()
	}
	if l.env.Observer != nil {
		rule = l.env.Observer.Wrap(rule)
	}
	return rule
}

// maxFits bounds how many ladders rules are kept for; each takes tens of kilobytes.
const maxFits = 4

// fits are rules that were made for ladders, the newest last. The zero value is empty.
type fits struct {
	mu   sync.Mutex
	list []*fitting
}

// fitting is a rule that is being made for the ladder of a state.
type fitting struct {
	fitter abr.Fitter
	state  abr.State
	once   sync.Once
	done   chan struct{}
	fitted abr.Rule // once done
}

// of gives the fitting for a state.
func (k *fits) of(fitter abr.Fitter, s *abr.State) *fitting {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, f := range k.list {
		if f.fitter == fitter && f.state.Target == s.Target && f.state.Network == s.Network && slices.Equal(f.state.Renditions, s.Renditions) {
			return f
		}
	}
	f := &fitting{fitter: fitter, state: abr.State{Target: s.Target, Network: s.Network, Renditions: s.Renditions}, done: make(chan struct{})}
	k.list = append(k.list, f)
	if len(k.list) > maxFits {
		k.list = slices.Delete(k.list, 0, 1)
	}
	return f
}

func (f *fitting) fit(s abr.State) {
	defer close(f.done)
	f.fitted = f.fitter.Fit(s)
}

// rule gives what there is by now.
func (f *fitting) rule() abr.Rule {
	select {
	case <-f.done:
		return f.fitted
	default:
		return f.fitter
	}
}
