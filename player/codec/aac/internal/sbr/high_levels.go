package sbr

import "math"

// levels are the scale factors of one channel as energies: of envelopes, and of noise floors relative
// to the envelope (4.6.18.3.5, dequantisation and stereo decoding).
type levels struct {
	envelope [maxEnvelopes][maxMaster]float32
	noise    [2][maxNoise]float32
}

const (
	fullLevel = 6  // 2^6 is what a scale factor of zero means
	noiseZero = 6  // NOISE_FLOOR_OFFSET
	panZero   = 12 // the panorama's middle, in steps of 3 dB
)

func exp2(x float64) float64 { return math.Exp2(x) }

// noiseOf gives a level of a noise floor, within its range.
func noiseOf(s *side, n, k int) float64 {
	return float64(max(0, min(s.noiseLevel[n][k], maxNoiseLevel)))
}

// dequantise gives the energies of a channel that stands alone.
func (v *levels) dequantise(s *side, b *bands) {
	step := 1.0
	if s.ampRes == 0 {
		step = 0.5
	}
	for e := range s.envelopes {
		for k := range b.env[resolution(s.highRes[e])].n {
			v.envelope[e][k] = float32(exp2(fullLevel + step*float64(s.level[e][k])))
		}
	}
	for n := range s.noises {
		for k := range b.noise.n {
			v.noise[n][k] = float32(exp2(noiseZero - noiseOf(s, n, k)))
		}
	}
}

// decouple gives the energies of a pair of which the second is the panorama of the first.
func decouple(v *[2]levels, s *[2]side, b *bands) {
	step := 1.0
	if s[0].ampRes == 0 {
		step = 0.5
	}
	for e := range s[0].envelopes {
		for k := range b.env[resolution(s[0].highRes[e])].n {
			sum := exp2(fullLevel + 1 + step*float64(s[0].level[e][k]))
			ratio := exp2(panZero - step*float64(s[1].level[e][k])) // right to left
			v[0].envelope[e][k] = float32(sum / (1 + ratio))
			v[1].envelope[e][k] = float32(sum * ratio / (1 + ratio))
		}
	}
	for n := range s[0].noises {
		for k := range b.noise.n {
			sum := exp2(noiseZero + 1 - noiseOf(&s[0], n, k))
			ratio := exp2(panZero - noiseOf(&s[1], n, k))
			v[0].noise[n][k] = float32(sum / (1 + ratio))
			v[1].noise[n][k] = float32(sum * ratio / (1 + ratio))
		}
	}
}

// fade takes 3 dB from the envelope for each frame that has had to do without a payload.
func (v *levels) fade(missing int) {
	gain := float32(exp2(-float64(missing)))
	for k := range v.envelope[0] { // such a frame has one envelope
		v.envelope[0][k] *= gain
	}
}
