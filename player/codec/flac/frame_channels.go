package flac

import (
	"fmt"

	"github.com/segue-audio/segue/player/codec"
)

// separate turns a frame's channel and difference into left and right (section 4.2), in place.
func (d *Decoder) separate(h frameHeader) {
	if h.stereo == independent {
		return
	}
	a, b := d.samples[0][history:], d.samples[1][history:]
	switch {
	case h.depth == maxDepth:
		separate(h.stereo, a, b, d.wide[history:])
	case h.stereo == sideRight:
		separate(h.stereo, a, b, a)
	default:
		separate(h.stereo, a, b, b)
	}
}

// separate writes left to a and right to b. One of them is side, where that isn't too wide for it;
// the other holds the channel that was coded plainly. Sums are made of 64 bits, since those of 32-bit
// channels don't fit into less.
func separate[T sample](how stereo, a, b []int32, side []T) {
	n := len(side)
	a, b = a[:n], b[:n]
	switch how {
	case leftSide:
		for i, s := range side {
			b[i] = int32(int64(a[i]) - int64(s))
		}
	case sideRight:
		for i, s := range side {
			a[i] = int32(int64(b[i]) + int64(s))
		}
	case midSide:
		for i, s := range side {
			// Halving dropped the lowest bit of left + right. That of left − right is the same.
			sum := int64(a[i])<<1 | int64(s)&1
			a[i], b[i] = int32((sum+int64(s))>>1), int32((sum-int64(s))>>1)
		}
	}
}

// interleave writes the samples to dst at full scale ±1. A sample beyond its depth, which no encoder
// makes, would come out louder than anything else does: it is codec.ErrCorrupt.
func (d *Decoder) interleave(dst []float32, h frameHeader) error {
	// A power of two: the product is exact.
	scale := 1 / float32(int64(1)<<(h.depth-1))
	n := h.blockSize
	var magnitude int32 // all bits that any sample has beside copies of its sign
	if h.channels == 2 {
		a, b := d.samples[0][history:][:n], d.samples[1][history:][:n]
		out := dst[:2*n]
		for i, l := range a {
			if len(out) < 2 {
				break // never: it spares the loop its checks
			}
			r := b[i]
			magnitude |= l ^ l>>31 | r ^ r>>31
			out[0], out[1] = float32(l)*scale, float32(r)*scale
			out = out[2:]
		}
	} else {
		for c := range h.channels {
			at := c
			for _, v := range d.samples[c][history:][:n] {
				magnitude |= v ^ v>>31
				dst[at] = float32(v) * scale
				at += h.channels
			}
		}
	}
	if magnitude>>(h.depth-1) != 0 {
		return fmt.Errorf("flac: samples of more than %d bits: %w", h.depth, codec.ErrCorrupt)
	}
	return nil
}
