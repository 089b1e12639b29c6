package mp3

import "math"

// aliasCoefficients are c of table B.9.
var aliasCoefficients = [8]float64{-0.6, -0.535, -0.33, -0.185, -0.095, -0.041, -0.0142, -0.0037}

// butterfly is one rotation of the alias reduction.
type butterfly struct{ cs, ca float32 }

func butterflies() (b [8]butterfly) {
	for i, c := range aliasCoefficients {
		b[i] = butterfly{float32(1 / math.Sqrt(1+c*c)), float32(c / math.Sqrt(1+c*c))}
	}
	return b
}

// antialias takes back what the analysis filter bank's subbands leaked into their neighbours
// (2.4.3.4.10.1). Short blocks have no such reduction; in a mixed one the long part's first border has.
func (s *spectrum) antialias(t *tables) {
	borders := min(subbands-1, (s.nonzero+slots-1)/slots)
	if s.blockType == shortBlock {
		if s.layout.kind == shortLayout {
			return
		}
		borders = min(borders, 1)
	}
	for border := 1; border <= borders; border++ {
		below := (*[8]float32)(s.lines[border*slots-8:])
		above := (*[8]float32)(s.lines[border*slots:])
		for i, b := range t.butterflies {
			u, d := below[7-i], above[i]
			below[7-i] = u*b.cs - d*b.ca
			above[i] = d*b.cs + u*b.ca
		}
	}
	if borders > 0 {
		s.nonzero = max(s.nonzero, borders*slots+8)
	}
}
