package player

import "strings"

// Hold is why playback is held back although the user wants it: a set of the reasons below. A hold
// comes and goes by itself and leaves the intent as it is, so that a phone call doesn't look like a
// pause.
type Hold uint8

// The holds.
const (
	HoldFocus   Hold = 1 << iota // another app has the sound for a while: see SetFocus
	HoldOutput                   // the output is gone, and is opened again as soon as it can be
	HoldNetwork                  // the music ran dry, and the network is waited for
)

// Has reports whether all of what is in h.
func (h Hold) Has(what Hold) bool { return h&what == what }

// String names what is in the set, joined by "+"; it is empty for none.
func (h Hold) String() string {
	var names []string
	for _, n := range []struct {
		hold Hold
		name string
	}{{HoldFocus, "focus"}, {HoldOutput, "output"}, {HoldNetwork, "network"}} {
		if h.Has(n.hold) {
			names = append(names, n.name)
		}
	}
	return strings.Join(names, "+")
}

// hold adds to what holds playback back, and tells.
func (p *Player) hold(h Hold, why Reason) {
	if p.holds.Has(h) {
		return
	}
	p.holds |= h
	p.steer()
	p.changed(why)
}

// unhold takes a hold away, and tells.
func (p *Player) unhold(h Hold, why Reason) {
	if p.holds&h == 0 {
		return
	}
	p.holds &^= h
	p.steer()
	p.changed(why)
}

// steer tells the mixer whether music is to flow: the user wants it, and nobody else has the sound.
// An output that is gone and a network that is waited for hold it back without being told.
func (p *Player) steer() {
	p.mixer.SetPaused(p.intent != Playing || p.holds.Has(HoldFocus))
}
