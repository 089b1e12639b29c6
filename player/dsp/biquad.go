package dsp

import "math"

// biquad is a filter of second order, with a0 = 1.
type biquad struct{ b0, b1, b2, a1, a2 float64 }

// over divides all coefficients but a0, which is given.
func (f biquad) over(a0 float64) biquad {
	return biquad{f.b0 / a0, f.b1 / a0, f.b2 / a0, f.a1 / a0, f.a2 / a0}
}

// gain is the filter's gain at a frequency, in parts of the rate.
func (f biquad) gain(at float64) float64 {
	s, c := math.Sincos(2 * math.Pi * at)
	s2, c2 := math.Sincos(4 * math.Pi * at)
	return math.Hypot(f.b0+f.b1*c+f.b2*c2, f.b1*s+f.b2*s2) /
		math.Hypot(1+f.a1*c+f.a2*c2, f.a1*s+f.a2*s2)
}

// biquadState is what a filter remembers of one channel (direct form II, transposed).
type biquadState struct{ one, two float64 }

// settle ends the memory of what has faded below −600 dB: numbers so small that the processor counts
// them with far more effort (denormals) are no further away than some seconds of silence.
func (s *biquadState) settle() {
	if math.Abs(s.one) < 1e-30 {
		s.one = 0
	}
	if math.Abs(s.two) < 1e-30 {
		s.two = 0
	}
}
