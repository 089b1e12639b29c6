package dsp

import (
	"fmt"
	"math"
)

// Remix changes the channel count. Channels are in the order of WAV and FLAC (RFC 9639, 9.1.3).
type Remix struct {
	in, out int
	matrix  []float32 // out rows of in factors; nil where frames pass through
}

// NewRemix makes a Remix from in channels to out. Equal counts pass every bit through; one channel
// becomes the front left and right, bit for bit; more than two become two by the matrix of ITU-R
// BS.775 (centre and surrounds at −3 dB, the LFE channel left out), scaled so that full scale in
// every channel doesn't clip; two become one as their mean. Other pairs give ErrFormat.
func NewRemix(in, out int) (*Remix, error) {
	r := &Remix{in: in, out: out}
	switch {
	case in < 1 || in > MaxChannels || out < 1 || out > MaxChannels:
	case in == out:
		return r, nil
	case in <= 2 && out >= 2:
		r.matrix = make([]float32, in*out)
		r.matrix[0] = 1
		r.matrix[in+in-1] = 1 // the right speaker takes the last channel that there is
		return r, nil
	case out <= 2:
		r.matrix = downmix(in)
		if out == 1 {
			r.matrix = fold(r.matrix, in)
		}
		return r, nil
	}
	return nil, fmt.Errorf("%w: remix %d channels to %d", ErrFormat, in, out)
}

// In is the channel count that Process takes.
func (r *Remix) In() int { return r.in }

// Out is the channel count that Process gives.
func (r *Remix) Out() int { return r.out }

// Process converts as many whole frames as both slices hold and returns how many. dst and src must
// not overlap.
func (r *Remix) Process(dst, src []float32) int {
	n := min(len(dst)/r.out, len(src)/r.in)
	switch {
	case r.matrix == nil:
		copy(dst, src[:n*r.in])
	case r.in == 1 && r.out == 2:
		for f, v := range src[:n] {
			dst[2*f], dst[2*f+1] = v, v
		}
	default:
		for f := range n {
			x, y := src[f*r.in:][:r.in], dst[f*r.out:][:r.out]
			for o := range y {
				var sum float32
				for i, m := range r.matrix[o*r.in:][:r.in] {
					sum += m * x[i]
				}
				y[o] = sum
			}
		}
	}
	return n
}

// downmix is the 2 × in matrix to stereo (ITU-R BS.775-3, annex 4), scaled so that each row sums
// to 1.
func downmix(in int) []float32 {
	const (
		h = math.Sqrt2 / 2 // centre and surround
		q = 0.5            // a rear centre reaches both sides through both surrounds, at −3 dB each
	)
	left := map[int][]float64{
		2: {1, 0},
		3: {1, 0, h},                // L R C
		4: {1, 0, h, 0},             // L R BL BR
		5: {1, 0, h, h, 0},          // L R C BL BR
		6: {1, 0, h, 0, h, 0},       // L R C LFE BL BR
		7: {1, 0, h, 0, q, h, 0},    // L R C LFE BC SL SR
		8: {1, 0, h, 0, h, 0, h, 0}, // L R C LFE BL BR SL SR
	}[in]
	pairs := map[int][]int{ // the channel that mirrors each
		2: {1, 0}, 3: {1, 0, 2}, 4: {1, 0, 3, 2}, 5: {1, 0, 2, 4, 3},
		6: {1, 0, 2, 3, 5, 4}, 7: {1, 0, 2, 3, 4, 6, 5}, 8: {1, 0, 2, 3, 5, 4, 7, 6},
	}[in]
	var sum float64
	for _, v := range left {
		sum += v
	}
	m := make([]float32, 2*in)
	for i, v := range left {
		m[i] = float32(v / sum)
		m[in+pairs[i]] = float32(v / sum)
	}
	return m
}

// fold makes a 2 × in matrix mono: the mean of both rows. That is BS.775's own row for mono, in which
// the centre has √2 of a side's weight, and here too everything sums to 1.
func fold(m []float32, in int) []float32 {
	out := make([]float32, in)
	for i := range out {
		out[i] = (m[i] + m[in+i]) / 2
	}
	return out
}
