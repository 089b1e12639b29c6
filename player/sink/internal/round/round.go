// Package round makes integer samples of a sink's floats: dithered where they have been reckoned with,
// and as they were where they are whole numbers already. It knows nothing of files and devices.
package round

import "github.com/segue-audio/segue/player/dsp"

// hold is how many samples that are whole numbers must come before the dither ends. Shorter runs turn
// up by chance, and a dither that comes and goes is heard where a steady one isn't; silence is longer.
const hold = 4096

// Rounder turns float32 into integers. Make it with New. One goroutine uses it at a time; it allocates
// nothing.
type Rounder struct {
	plain  dsp.Quantiser
	dither *dsp.Quantiser
	exact  int // whole numbers since the last sample that was none
}

// New makes a Rounder. Equal seeds give equal noise.
func New(seed uint64) *Rounder { return &Rounder{dither: dsp.NewDither(seed), exact: hold} }

// Int16 writes the samples of src to dst as int16, two bytes each, little-endian, and returns the count
// of bytes. Music of 16 bits or less that nobody has touched comes out bit for bit.
func (r *Rounder) Int16(dst []byte, src []float32) int {
	if r.clean(src, 1<<15) {
		return r.plain.Int16(dst, src)
	}
	return r.dither.Int16(dst, src)
}

// Int24 is Int16 for 24 bits, three bytes each.
func (r *Rounder) Int24(dst []byte, src []float32) int {
	if r.clean(src, 1<<23) {
		return r.plain.Int24(dst, src)
	}
	return r.dither.Int24(dst, src)
}

// clean reports whether samples need no dither: they, and those before them, are whole steps.
func (r *Rounder) clean(src []float32, full float32) bool {
	before := r.exact
	for _, v := range src {
		x := v * full
		if x >= -full && x < full && x == float32(int32(x)) {
			r.exact++
		} else {
			r.exact = 0
		}
	}
	r.exact = min(r.exact, hold)
	return before == hold && r.exact == hold
}
