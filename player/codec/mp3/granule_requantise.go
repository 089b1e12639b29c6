package mp3

import "math"

// pretab is added to the scale factors where preflag is set (table B.6).
var pretab = [longBands]uint8{11: 1, 1, 1, 1, 2, 2, 3, 3, 3, 2}

// The exponent of 2^(1/4) that a band's lines are multiplied with lies between these.
const (
	unitGain     = 210 // the global gain at which a line of 1 is 1
	leastGain    = -unitGain - 8*7 - 4*(31+3)
	greatestGain = 255 - unitGain
)

// gains are the powers of 2^(1/4) from leastGain on.
func gains() (g [greatestGain - leastGain + 1]float32) {
	for i := range g {
		g[i] = float32(math.Exp2(float64(i+leastGain) / 4))
	}
	return g
}

// requantise multiplies the lines of each band by what the band's scale factor and the gains say
// (2.4.3.4.7.1).
func (s *spectrum) requantise(t *tables, info *granuleInfo) {
	shift := uint(1)
	if info.coarse {
		shift = 2
	}
	l := s.layout
	for band := 0; band < l.bands && l.starts[band] < s.nonzero; band++ {
		gain := info.globalGain - unitGain - leastGain
		scale := s.scale[band]
		if band >= l.longBands {
			gain -= 8 * info.subblockGain[(band-l.longBands)%3]
		} else if s.preflag {
			scale += pretab[band]
		}
		factor := t.gains[gain-int(scale)<<shift]
		lines := s.lines[l.starts[band]:min(l.starts[band+1], s.nonzero)]
		for i := range lines {
			lines[i] *= factor
		}
	}
}
