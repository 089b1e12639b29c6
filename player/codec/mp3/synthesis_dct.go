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

// dct32 writes Σ in[k] cos(π/64 (2k+1)m) to out[m], in two steps of Lee's at once.
func (d *dctDivisors) dct32(in, out *[32]float32) {
	// The letters are the halves: e of even coefficients, o of odd ones, then of those again.
	var ee, eo, oe, oo [8]float32
	for k := range 8 {
		p, q, r, s := in[k], in[31-k], in[15-k], in[16+k]
		a, b := p+q, r+s
		ee[k] = a + b
		eo[k] = (a - b) * d.of16[k]
		a, b = (p-q)*d.of32[k], (r-s)*d.of32[15-k]
		oe[k] = a + b
		oo[k] = (a - b) * d.of16[k]
	}
	dct8(&ee)
	dct8(&eo)
	dct8(&oe)
	dct8(&oo)
	for m := range 7 {
		odd := oo[m] + oo[m+1]
		out[4*m] = ee[m]
		out[4*m+1] = oe[m] + odd
		out[4*m+2] = eo[m] + eo[m+1]
		out[4*m+3] = oe[m+1] + odd
	}
	out[28], out[29], out[30], out[31] = ee[7], oe[7]+oo[7], eo[7], oo[7]
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
