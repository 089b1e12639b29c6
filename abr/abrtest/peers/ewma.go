package peers

import "math"

// ewma is an average of exponentially fading memory: of what it holds, halfLife of further weight leaves
// half. All the players here start it at zero and correct for that when they read it.
type ewma struct {
	halfLife         float64
	estimate, weight float64
}

func (e *ewma) add(weight, value float64) {
	keep := math.Pow(0.5, weight/e.halfLife)
	e.estimate = value*(1-keep) + keep*e.estimate
	e.weight += weight
}

// value is the average; it is not a number before the first sample of some weight.
func (e *ewma) value() float64 {
	return e.estimate / (1 - math.Pow(0.5, e.weight/e.halfLife))
}

// highest gives the highest rendition of a ladder of kbps that needs no more than that; or the lowest.
func highest(ladder []float64, kbps float64) int {
	index := 0
	for i, need := range ladder {
		if need <= kbps {
			index = i
		}
	}
	return index
}

// jsRound is JavaScript's Math.round: halves go up.
func jsRound(x float64) float64 { return math.Floor(x + 0.5) }
