package mp3

import "math"

// The synthesis filter bank needs V[i] = Σ S[k] cos(π/64 (16+i)(2k+1)) of 64 values i (2.4.3.2.2). With
// i counted from −16 the cosines repeat with other signs, so that a DCT-II of 32 has them all. It is split
// after Lee: sums of the values at both ends make the even coefficients, differences, divided by
// 2 cos(π/2N (2k+1)), make the odd ones.

// dctDivisors are the divisors of a DCT-II of 32 and of 16, inverted.
type dctDivisors struct {
	of32 [16]float32
	of16 [8]float32
}

func newDCTDivisors() (d dctDivisors) {
	for k := range d.of32 {
		d.of32[k] = float32(1 / (2 * math.Cos(math.Pi/64*float64(2*k+1))))
	}
	for k := range d.of16 {
		d.of16[k] = float32(1 / (2 * math.Cos(math.Pi/32*float64(2*k+1))))
	}
	return d
}

// The divisors of a DCT-II of 8, of 4 and of 2, inverted.
const (
	dct8of0 = 0.509795579104159168926 // 1 / 2 cos π/16
	dct8of1 = 0.601344886935045280544
	dct8of2 = 0.899976223136415704643
	dct8of3 = 2.562915447741506178796
	dct4of0 = 0.541196100146196984400 // 1 / 2 cos π/8
	dct4of1 = 1.306562964876376527857
	dct2of0 = 0.707106781186547524401 // 1 / 2 cos π/4
)

// dct32 writes Σ in[k] cos(π/64 (2k+1)m) to out[m].
func (d *dctDivisors) dct32(in, out *[32]float32) {
	var g, h [16]float32
	for k := range 16 {
		a, b := in[k], in[31-k]
		g[k] = a + b
		h[k] = (a - b) * d.of32[k]
	}
	d.dct16(&g)
	d.dct16(&h)
	for m := range 15 {
		out[2*m] = g[m]
		out[2*m+1] = h[m] + h[m+1]
	}
	out[30], out[31] = g[15], h[15]
}

// dct16 replaces x by Σ x[k] cos(π/32 (2k+1)m).
func (d *dctDivisors) dct16(x *[16]float32) {
	var g, h [8]float32
	for k := range 8 {
		a, b := x[k], x[15-k]
		g[k] = a + b
		h[k] = (a - b) * d.of16[k]
	}
	dct8(&g)
	dct8(&h)
	for m := range 7 {
		x[2*m] = g[m]
		x[2*m+1] = h[m] + h[m+1]
	}
	x[14], x[15] = g[7], h[7]
}

// dct8 replaces x by Σ x[k] cos(π/16 (2k+1)m).
func dct8(x *[8]float32) {
	a0, a1, a2, a3 := x[0]+x[7], x[1]+x[6], x[2]+x[5], x[3]+x[4]
	b0, b1, b2, b3 := (x[0]-x[7])*dct8of0, (x[1]-x[6])*dct8of1, (x[2]-x[5])*dct8of2, (x[3]-x[4])*dct8of3

	c0, c1 := a0+a3, a1+a2
	d0, d1 := (a0-a3)*dct4of0, (a1-a2)*dct4of1
	x[0] = c0 + c1
	x[4] = (c0 - c1) * dct2of0
	e := (d0 - d1) * dct2of0
	x[2] = d0 + d1 + e
	x[6] = e

	c0, c1 = b0+b3, b1+b2
	d0, d1 = (b0-b3)*dct4of0, (b1-b2)*dct4of1
	o0, o2 := c0+c1, (c0-c1)*dct2of0
	o3 := (d0 - d1) * dct2of0
	o1 := d0 + d1 + o3
	x[1] = o0 + o1
	x[3] = o1 + o2
	x[5] = o2 + o3
	x[7] = o3
}
