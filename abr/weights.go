package abr

// Weights say what hurts how much, in seconds of music in the best rendition. The zero value stands for
// DefaultWeights.
type Weights struct {
	Stall  float64 // a second of silence
	Start  float64 // a second of waiting for the first sound
	Switch float64 // a switch from the lowest rendition to the best or back; a smaller one by its share
}

// DefaultWeights are for music: silence is what hurts.
func DefaultWeights() Weights { return Weights{Stall: 20, Start: 4, Switch: 4} }

func (w Weights) orDefault() Weights {
	if w == (Weights{}) {
		return DefaultWeights()
	}
	return w
}

// stallShare is how much of a stall that the model sees coming is put down to the choice, by the table that the link
// is judged by: calm, moving, rough, and the same for links that have had an outage. Most of the silence on a bad link
// comes whatever is chosen, and a link that has got bad is met by choosing anew and by breaking off, of which the look
// ahead knows nothing. Counted in full, stalls make a rule that is afraid of what it can't change.
func stallShare(temper int) float64 {
	return [tempers]float64{0.2, 0.2, 0.25, 0.3, 0.3, 0.3}[temper]
}

// deepShare is how much of that remains with a deep buffer: most of what the look ahead sees coming is minutes away, and a
// hundred choices may still be made before.
const deepShare = 0.45
