package dsp

import "math"

// Curve is the shape of a crossfade.
type Curve int

// The curves of a crossfade. At the middle, two pieces that have nothing in common keep their
// loudness with EqualPower and dip by 3 dB with Linear and Smooth; two that are alike rise by 3 dB
// with EqualPower and keep their level with the others.
const (
	EqualPower Curve = iota // quarter waves of sine and cosine; the default
	Linear                  // straight lines; the gains sum to 1
	Smooth                  // half waves of cosine: slow at both ends; the gains sum to 1
)

// Crossfade mixes the end of one piece of music with the start of the next. The zero value is an
// equal-power crossfade.
type Crossfade struct{ Curve Curve }

// Gains gives the factors for the outgoing and incoming piece at part x of the way, 0 to 1.
// At 0 they are exactly 1 and 0, at 1 exactly 0 and 1.
func (c Crossfade) Gains(x float64) (outgoing, incoming float64) {
	if !(x > 0) {
		return 1, 0
	}
	if x >= 1 {
		return 0, 1
	}
	switch c.Curve {
	case Linear:
		return 1 - x, x
	case Smooth:
		in := (1 - math.Cos(math.Pi*x)) / 2
		return 1 - in, in
	default:
		in, out := math.Sincos(math.Pi / 2 * x)
		return out, in
	}
}

// Mix writes the frames from pos on of a crossfade that is total frames long; frames before it are
// all outgoing and frames after it all incoming, bit for bit. It mixes as many whole frames as the
// shortest of the three slices holds; dst may be either of the others.
//
//house:ignore parameters three slices, and where they lie in the fade: a struct would hold the same for one call
func (c Crossfade) Mix(dst, outgoing, incoming []float32, channels int, pos, total int64) {
	n := min(len(dst), len(outgoing), len(incoming)) / channels
	for f := range n {
		at := f * channels
		d, a, b := dst[at:at+channels], outgoing[at:at+channels], incoming[at:at+channels]
		p := pos + int64(f)
		switch {
		case p >= total:
			copy(d, b)
			continue
		case p < 0:
			copy(d, a)
			continue
		}
		// The middle of the frame: the fade is the same read backwards.
		out, in := c.Gains((float64(p) + 0.5) / float64(total))
		g, h := float32(out), float32(in)
		for i := range d {
			d[i] = a[i]*g + b[i]*h
		}
	}
}
