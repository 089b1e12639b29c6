package alac

import (
	"fmt"

	"github.com/segue-audio/segue/player/codec"
)

// mixing says how a pair is coded: as left and right where the weight is zero, else as right plus
// weight/2^bits of the difference, and the difference left − right.
type mixing struct {
	bits   uint
	weight int32
}

// separate makes left and right of a pair, in place.
func (m mixing) separate(a, b []int32) {
	if m.weight == 0 {
		return
	}
	b = b[:len(a)]
	for i, difference := range b {
		left := a[i] + difference - m.weight*difference>>m.bits
		a[i], b[i] = left, left-difference
	}
}

// write puts an element's samples to their places in dst, at full scale ±1. A sample beyond its
// depth, which only damage makes, is codec.ErrCorrupt.
func (d *Decoder) write(dst []float32, e *element, a, b []int32) error {
	depth, channels := d.config.depth, d.config.channels
	scale := 1 / float32(int64(1)<<(depth-1)) // a power of two: the product is exact
	var magnitude int32                       // all bits that any sample has beside copies of its sign
	for c, samples := range [2][]int32{a, b} {
		if samples == nil {
			continue
		}
		at := int(slots[channels][e.first+c])
		for _, v := range samples {
			magnitude |= v ^ v>>31
			dst[at] = float32(v) * scale
			at += channels
		}
	}
	if magnitude>>(depth-1) != 0 {
		return fmt.Errorf("samples of more than %d bits: %w", depth, codec.ErrCorrupt)
	}
	return nil
}
