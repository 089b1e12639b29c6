package abr

// Fixed always chooses one rendition: a listener's own choice. An index out of range is clamped, and Max
// is still obeyed, since it may stand for what the listener's contract or data plan allows.
type Fixed struct{ Index int }

// Next implements Rule.
func (f Fixed) Next(s State) Decision { return pin(&s, f.Index) }

// Abandon never does: whoever chose by hand meant it.
func (f Fixed) Abandon(State, Progress) (Decision, bool) { return Decision{}, false }

// Lowest always chooses the lowest rendition.
type Lowest struct{}

// Next implements Rule.
func (Lowest) Next(s State) Decision { return pin(&s, 0) }

// Abandon never does: there is nothing lower.
func (Lowest) Abandon(State, Progress) (Decision, bool) { return Decision{}, false }

// Highest always chooses the highest rendition that Max allows.
type Highest struct{}

// Next implements Rule.
func (Highest) Next(s State) Decision { return pin(&s, len(s.Renditions)-1) }

// Abandon never does: whoever chose by hand meant it.
func (Highest) Abandon(State, Progress) (Decision, bool) { return Decision{}, false }

func pin(s *State, i int) Decision {
	top := s.ceiling()
	switch {
	case len(s.Renditions) <= 1:
		return Decision{top, ReasonOnly}
	case i > top && top < len(s.Renditions)-1:
		return Decision{top, ReasonCap}
	}
	return Decision{min(max(i, 0), top), ReasonManual}
}
