package dsp

import (
	"math"
	"math/rand/v2"
)

// Quantiser turns float32 into integer PCM, little-endian. The zero value rounds to the nearest
// without dither: samples that came from integers of the same or a lesser depth are given back bit
// for bit. What lies beyond full scale is clipped; what is not a number becomes 0.
type Quantiser struct {
	dither *rand.PCG
}

// NewDither makes a Quantiser that adds triangular noise of ±1 step (TPDF) before it rounds, so
// that the rounding error is noise and not distortion. Equal seeds give equal noise.
func NewDither(seed uint64) *Quantiser {
	return &Quantiser{dither: rand.NewPCG(seed, 0x5e91e)}
}

// Int16 writes the samples of src to dst as int16, two bytes each, and returns the count of bytes.
// It stops where dst is full.
func (q *Quantiser) Int16(dst []byte, src []float32) int {
	n := min(len(dst)/2, len(src))
	for i, s := range src[:n] {
		v := q.round(float64(s)*(1<<15), 1<<15)
		dst[2*i], dst[2*i+1] = byte(v), byte(v>>8)
	}
	return 2 * n
}

// Int24 writes the samples of src to dst as packed int24, three bytes each, and returns the count
// of bytes. It stops where dst is full.
func (q *Quantiser) Int24(dst []byte, src []float32) int {
	n := min(len(dst)/3, len(src))
	for i, s := range src[:n] {
		v := q.round(float64(s)*(1<<23), 1<<23)
		dst[3*i], dst[3*i+1], dst[3*i+2] = byte(v), byte(v>>8), byte(v>>16)
	}
	return 3 * n
}

// round gives x as an integer of −full to full−1.
func (q *Quantiser) round(x, full float64) int32 {
	if q.dither != nil {
		// The difference of two uniform numbers of 0 to 1 is triangular over ±1.
		r := q.dither.Uint64()
		x += (float64(r>>32) - float64(r&math.MaxUint32)) / (1 << 32)
	}
	switch {
	case x >= full-1:
		return int32(full - 1)
	case x <= -full:
		return int32(-full)
	case x != x:
		return 0
	}
	return int32(math.RoundToEven(x))
}

// PutFloat32 writes the samples of src to dst as float32, little-endian, four bytes each, and
// returns the count of bytes. It stops where dst is full.
func PutFloat32(dst []byte, src []float32) int {
	n := min(len(dst)/4, len(src))
	for i, s := range src[:n] {
		v := math.Float32bits(s)
		d := dst[4*i : 4*i+4]
		d[0], d[1], d[2], d[3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
	}
	return 4 * n
}
