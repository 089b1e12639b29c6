package player

// Focus is what the system leaves to the player of the listener's ears. Host apps get it from the
// platform and pass it on: AUDIOFOCUS on Android, an interruption on iOS.
type Focus int

// The kinds of focus.
const (
	FocusFull Focus = iota // nobody else is heard
	FocusDuck              // something short is heard at the same time: play on, but lower
	FocusHold              // something is heard alone for a while: be silent and go on afterwards
	FocusLost              // another app plays now: pause until the user comes back
)

// String names the focus.
func (f Focus) String() string {
	switch f {
	case FocusFull:
		return "full"
	case FocusDuck:
		return "duck"
	case FocusHold:
		return "hold"
	}
	return "lost"
}

// SetFocus tells the player what it has of the listener's ears. FocusDuck lowers the music by
// Config.Duck. FocusHold holds it back with the intent kept, so that FocusFull (or FocusDuck) lets it
// go on unless the user has paused meanwhile. FocusLost is a pause, with ReasonFocusLost.
//
// A host that asks the system for the focus when the user presses Play calls SetFocus(FocusFull) when
// it was granted: Play alone doesn't end a FocusHold, since the call that caused it may go on.
func (p *Player) SetFocus(f Focus) { p.mail.post(func() { p.setFocus(f) }) }

// BecomingNoisy pauses at once, with ReasonNoisy: the headphones are gone, and what follows would be
// heard by everybody.
func (p *Player) BecomingNoisy() { p.mail.post(func() { p.pause(ReasonNoisy) }) }

func (p *Player) setFocus(f Focus) {
	if f == FocusLost {
		p.pause(ReasonFocusLost) // before the hold ends, so that nothing is heard in between
	}
	if ducked := f == FocusDuck; ducked != p.listener.ducked {
		p.listener.ducked = ducked
		over := unduckRamp
		if ducked {
			over = duckRamp
		}
		p.levelChanged(over)
	}
	if f == FocusHold {
		p.hold(HoldFocus, ReasonFocus)
	} else {
		p.unhold(HoldFocus, ReasonFocus)
	}
}
