package aac

import (
	"math"
	"sync"
)

// fullScale is what a sample of the standard's reference decoder is at full scale; ours is 1.
const fullScale = 1 << 15

// imdct is the inverse modified discrete cosine transform of one window (4.6.11.3.1):
//
//	x[n] = 2/N·Σ X[k]·cos(2π/N·(n + (N/2+1)/2)·(k + 1/2)),  0 ≤ n < N, 0 ≤ k < M = N/2
//
// Its first half is odd and its second half even about their middles, so that the M values of n from
// N/4 on say all. Those are, backwards and negated, the discrete cosine transform of type IV, which is a
// complex Fourier transform of M/2 values between two rotations by (4n+½)·π/2M.
type imdct struct {
	lines  int // M
	fft    *fft
	rotate []complex64
}

func newIMDCT(lines int, radices ...int) *imdct {
	t := &imdct{lines: lines, fft: newFFT(radices...), rotate: make([]complex64, lines/2)}
	scale := float32(math.Sqrt(1 / float64(lines) / fullScale)) // in each of both rotations
	for n := range t.rotate {
		w := rotation(-(float64(n) + 0.125) / float64(2*lines))
		t.rotate[n] = complex(scale*real(w), scale*imag(w))
	}
	return t
}

// transform turns lines into the middle half of their window. z is scratch of half as many values.
func (t *imdct) transform(out, lines []float32, z []complex64) {
	half := t.lines / 2
	z, w, order := z[:half], t.rotate[:half], t.fft.order[:half]
	lines = lines[:2*half]
	for n := range half {
		z[order[n]] = complex(lines[2*n], lines[2*half-1-2*n]) * w[n]
	}
	t.fft.transform(z)
	out = out[:2*half]
	for k := range half {
		v := z[k] * w[k]
		out[2*half-1-2*k] = -real(v)
		out[2*k] = imag(v)
	}
}

// filterbank has what a frame length needs to get back into time; all decoders share it.
type filterbank struct {
	long, short *imdct
	slopes      [2][2][]float32 // the rising half of a window: [shape][long, short]
}

func newFilterbank(long, short *imdct) *filterbank {
	b := &filterbank{long: long, short: short}
	for i, n := range []int{long.lines, short.lines} {
		b.slopes[shapeSine][i] = sineSlope(n)
		b.slopes[shapeKBD][i] = kaiserSlope(n, []float64{4, 6}[i])
	}
	return b
}

var (
	filterbank1024 = sync.OnceValue(func() *filterbank {
		return newFilterbank(newIMDCT(1024, 8, 4, 4, 4), newIMDCT(128, 4, 4, 4))
	})
	filterbank960 = sync.OnceValue(func() *filterbank {
		return newFilterbank(newIMDCT(960, 8, 4, 5, 3), newIMDCT(120, 4, 5, 3))
	})
)
