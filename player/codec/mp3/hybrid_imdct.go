package mp3

import "math"

// The inverse modified discrete cosine transform of n lines (18, or 6 in short blocks) gives 2n samples
//
//	x[i] = Σ X[k] cos(π/4n (2i+1+n)(2k+1))
//
// of which, apart from signs, n are different: y[j], the sum at 2i+1+n = 2j+1 (a DCT-IV). x is
//
//	y[n/2] … y[n-1], −y[n-1] … −y[0], −y[0] … −y[n/2-1].
//
// As 2 cos φ cos (2k+1)φ = cos 2kφ + cos (2k+2)φ, the DCT-IV of X is a DCT-III of X[k]+X[k-1], divided by
// 2 cos φ, φ = π(2j+1)/4n. The same holds once more for the odd half of the DCT-III, and the division
// outside is part of the window.

// cos9 are the cosines of multiples of π/18 that a DCT-III of nine needs.
const (
	cos9of1 = 0.984807753012208059366743024589523
	cos9of2 = 0.939692620785908384054109277324731
	cos9of3 = 0.866025403784438646763723170752936
	cos9of4 = 0.766044443118978035202392650555417
	cos9of5 = 0.642787609686539326322643409907263
	cos9of7 = 0.342020143325668733044099614682260
	cos9of8 = 0.173648177666930348851716626769315
)

// dct9 replaces a by Σ a[k] cos(π/18 (2j+1)k).
func dct9(a *[9]float32) {
	// Even k are the same at j and 8-j, odd ones of the other sign. Of the cosines of each, one is the
	// sum of the other two (cos 20° = cos 40° + cos 80°), so that two products make the third.
	half := a[0] + a[6]*0.5
	t, u, v := a[2]+a[4], a[2]+a[8], a[4]-a[8]
	p := t*cos9of4 + u*cos9of8
	q := t*cos9of8 + v*cos9of4
	e0, e2, e3 := half+p, half-q, half-p+q
	e1 := a[0] - a[6] + (a[2]-a[4]-a[8])*0.5
	e4 := a[0] - a[2] + a[4] - a[6] + a[8]

	third := a[3] * cos9of3
	r, s, w := a[1]+a[5], a[1]+a[7], a[7]-a[5]
	f := r*cos9of5 + s*cos9of7
	g := s*cos9of5 + w*cos9of7
	o0, o2, o3 := f+third, g-third, f-g-third
	o1 := (a[1] - a[5] - a[7]) * cos9of3

	a[0], a[8] = e0+o0, e0-o0
	a[1], a[7] = e1+o1, e1-o1
	a[2], a[6] = e2+o2, e2-o2
	a[3], a[5] = e3+o3, e3-o3
	a[4] = e4
}

// longWindow is a window of 36 with all that is multiplied at the same time: the division by 2 cos φ, the
// sign of x's four quarters and, in odd subbands, the inversion of every other sample (2.4.3.4.10.5). It
// is in the order of use: of step j the weights of samples 8-j and 9+j, now and in the next granule.
type longWindow [9][4]float32

// windowShape is sample i of a block type's window (2.4.3.4.10.3).
func windowShape(blockType, i int) float64 {
	long := math.Sin(math.Pi / 36 * (float64(i) + 0.5))
	switch {
	case blockType == startBlock && i >= 18:
		switch {
		case i < 24:
			return 1
		case i < 30:
			return math.Sin(math.Pi / 12 * (float64(i-18) + 0.5))
		}
		return 0
	case blockType == stopBlock && i < 18:
		switch {
		case i < 6:
			return 0
		case i < 12:
			return math.Sin(math.Pi / 12 * (float64(i-6) + 0.5))
		}
		return 1
	}
	return long
}

// longWindows makes the windows by block type and by the subband's being odd.
func longWindows() (w [4][2]longWindow) {
	for blockType := range w {
		for odd := range 2 {
			for j := range 9 {
				for quarter, i := range [4]int{8 - j, 9 + j, 26 - j, 27 + j} {
					y := j
					if quarter < 2 {
						y = 17 - j
					}
					weight := windowShape(blockType, i) / (2 * math.Cos(math.Pi/72*float64(2*y+1)))
					if quarter > 0 {
						weight = -weight
					}
					if odd == 1 && i%2 == 1 {
						weight = -weight
					}
					w[blockType][odd][j][quarter] = float32(weight)
				}
			}
		}
	}
	return w
}

// oddHalves are the divisors 2 cos φ of the odd half of a DCT-III of 2n, inverted.
func oddHalves(n int) (h [9]float32) {
	for j := range n {
		h[j] = float32(1 / (2 * math.Cos(math.Pi/float64(4*n)*float64(2*j+1))))
	}
	return h
}

// imdct36 adds a long block of one subband to the overlap of the block before (2.4.3.4.10.4), puts the sum into
// column sb of the samples and leaves the second half for the next block.
func (c *synthesis) imdct36(t *tables, x *[slots]float32, w *longWindow, sb int) {
	overlap, out := &c.overlap[sb], (*[slots*subbands - subbands + 1]float32)(c.samples[sb:])
	even := [9]float32{x[0], x[1] + x[2], x[3] + x[4], x[5] + x[6], x[7] + x[8], x[9] + x[10], x[11] + x[12], x[13] + x[14], x[15] + x[16]}
	odd := [9]float32{x[0] + x[1]}
	for k := 1; k < 9; k++ {
		odd[k] = even[k] + x[2*k+1] + x[2*k-2]
	}
	dct9(&even)
	dct9(&odd)
	for j := range 9 {
		v, u := even[j], odd[j]*t.oddHalves9[j]
		a, b := v-u, v+u
		w := &w[j]
		out[(8-j)*subbands] = overlap[8-j] + a*w[0]
		out[(9+j)*subbands] = overlap[9+j] + a*w[1]
		overlap[8-j] = b * w[2]
		overlap[9+j] = b * w[3]
	}
}

// shortWindow is a window of 12, made like longWindow of three steps; the inversion is left out.
type shortWindow [3][4]float32

func newShortWindow() (w shortWindow) {
	for j := range w {
		for quarter, i := range [4]int{2 - j, 3 + j, 8 - j, 9 + j} {
			y := j
			if quarter < 2 {
				y = 5 - j
			}
			weight := math.Sin(math.Pi/12*(float64(i)+0.5)) / (2 * math.Cos(math.Pi/24*float64(2*y+1)))
			if quarter > 0 {
				weight = -weight
			}
			w[j][quarter] = float32(weight)
		}
	}
	return w
}

// dct3 replaces a by Σ a[k] cos(π/6 (2j+1)k).
func dct3(a0, a1, a2 float32) (float32, float32, float32) {
	v, u := a0+a2*0.5, a1*cos9of3
	return v + u, a0 - a2, v - u
}

// imdct12 does for three short blocks, whose lines alternate in x, what imdct36 does for a long one. The
// first begins at sample 6 of 36, and each overlaps half of the one before.
func (c *synthesis) imdct12(t *tables, x *[slots]float32, sb int) {
	overlap, out := &c.overlap[sb], c.samples[sb:]
	var sum [2 * slots]float32
	for window := range 3 {
		x := x[window:]
		z1, z3 := x[0]+x[3], x[6]+x[9]
		e := [3]float32{}
		o := [3]float32{}
		e[0], e[1], e[2] = dct3(x[0], x[3]+x[6], x[9]+x[12])
		o[0], o[1], o[2] = dct3(z1, z1+z3, z3+x[12]+x[15])
		to := (*[12]float32)(sum[6+6*window:])
		for j := range 3 {
			v, u := e[j], o[j]*t.oddHalves3[j]
			a, b := v-u, v+u
			w := &t.shortWindow[j]
			to[2-j] += a * w[0]
			to[3+j] += a * w[1]
			to[8-j] += b * w[2]
			to[9+j] += b * w[3]
		}
	}
	for i := range overlap {
		now, next := sum[i], sum[slots+i]
		if sb&i&1 != 0 {
			now, next = -now, -next
		}
		out[i*subbands] = overlap[i] + now
		overlap[i] = next
	}
}
