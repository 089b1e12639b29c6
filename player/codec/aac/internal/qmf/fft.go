package qmf

import "math"

// The transforms of the banks are short and of two sizes, so each is written out: radix 4 passes,
// decimated in frequency, in place; the last pass leaves its result in the order of fftTables.order
// and the caller reads it so. The sign of the exponent is plus and nothing is scaled.

// vector is up to 64 complex numbers.
type vector struct{ re, im [Bands]float32 }

// fftTables are the factors of the passes and the order of the results.
type fftTables struct {
	turn64  [16][3][2]float32 // e^(2πi·k·n/64), n below 16, k of 1 to 3
	turn32  [8][3][2]float32
	turn16  [4][3][2]float32
	turn8   [4][2]float32 // e^(2πi·n/8)
	order32 [32]uint8     // where in the result the m-th bin lies
	order64 [64]uint8
}

func newFFTTables() fftTables {
	var t fftTables
	turn := func(k, n, size int) [2]float32 {
		sin, cos := math.Sincos(2 * math.Pi * float64(k*n) / float64(size))
		return [2]float32{float32(cos), float32(sin)}
	}
	for k := 1; k <= 3; k++ {
		for n := range t.turn64 {
			t.turn64[n][k-1] = turn(k, n, 64)
		}
		for n := range t.turn32 {
			t.turn32[n][k-1] = turn(k, n, 32)
		}
		for n := range t.turn16 {
			t.turn16[n][k-1] = turn(k, n, 16)
		}
	}
	for n := range t.turn8 {
		t.turn8[n] = turn(1, n, 8)
	}
	// Each radix 4 pass sorts bins by their remainder modulo 4.
	for m := range t.order64 {
		t.order64[m] = uint8(m%4*16 + m/4%4*4 + m/16)
	}
	for m := range t.order32 {
		t.order32[m] = uint8(m%4*8 + m/4%2*4 + m/8)
	}
	return t
}

// pass4 does one radix 4 step on the 4*quarter numbers from at.
func (v *vector) pass4(at int, turns [][3][2]float32) {
	q := len(turns)
	r0, r1, r2, r3 := v.re[at:at+q], v.re[at+q:at+2*q], v.re[at+2*q:at+3*q], v.re[at+3*q:at+4*q]
	i0, i1, i2, i3 := v.im[at:at+q], v.im[at+q:at+2*q], v.im[at+2*q:at+3*q], v.im[at+3*q:at+4*q]
	r1, r2, r3 = r1[:len(r0)], r2[:len(r0)], r3[:len(r0)]
	i0, i1, i2, i3 = i0[:len(r0)], i1[:len(r0)], i2[:len(r0)], i3[:len(r0)]
	turns = turns[:len(r0)]
	for n := range r0 {
		sr, si, dr, di := r0[n]+r2[n], i0[n]+i2[n], r0[n]-r2[n], i0[n]-i2[n]
		tr, ti, er, ei := r1[n]+r3[n], i1[n]+i3[n], r1[n]-r3[n], i1[n]-i3[n]
		w := &turns[n]
		r0[n], i0[n] = sr+tr, si+ti
		a, b := dr-ei, di+er
		r1[n], i1[n] = a*w[0][0]-b*w[0][1], a*w[0][1]+b*w[0][0]
		a, b = sr-tr, si-ti
		r2[n], i2[n] = a*w[1][0]-b*w[1][1], a*w[1][1]+b*w[1][0]
		a, b = dr+ei, di-er
		r3[n], i3[n] = a*w[2][0]-b*w[2][1], a*w[2][1]+b*w[2][0]
	}
}

// last4 does the radix 4 steps without factors on consecutive fours.
func (v *vector) last4(size int) {
	for n := 0; n < size; n += 4 {
		re, im := (*[4]float32)(v.re[n:]), (*[4]float32)(v.im[n:])
		sr, si, dr, di := re[0]+re[2], im[0]+im[2], re[0]-re[2], im[0]-im[2]
		tr, ti, er, ei := re[1]+re[3], im[1]+im[3], re[1]-re[3], im[1]-im[3]
		re[0], im[0] = sr+tr, si+ti
		re[1], im[1] = dr-ei, di+er
		re[2], im[2] = sr-tr, si-ti
		re[3], im[3] = dr+ei, di-er
	}
}

// fft64 transforms 64 numbers.
func (v *vector) fft64(t *fftTables) {
	v.pass4(0, t.turn64[:])
	for n := 0; n < 64; n += 16 {
		v.pass4(n, t.turn16[:])
	}
	v.last4(64)
}

// fft32 transforms 32 numbers: a radix 4 step, a radix 2 step, a radix 4 step.
func (v *vector) fft32(t *fftTables) {
	v.pass4(0, t.turn32[:])
	for n := 0; n < 32; n += 8 {
		re, im := (*[8]float32)(v.re[n:]), (*[8]float32)(v.im[n:])
		for j, w := range t.turn8 {
			dr, di := re[j]-re[j+4], im[j]-im[j+4]
			re[j], im[j] = re[j]+re[j+4], im[j]+im[j+4]
			re[j+4], im[j+4] = dr*w[0]-di*w[1], dr*w[1]+di*w[0]
		}
	}
	v.last4(32)
}
