package sbr

import "github.com/segue-audio/segue/player/codec/aac/internal/qmf"

const (
	history = 8 // slots of the low band before the frame's own (tHFGen)
	adjust  = 2 // of them, slots that regenerated samples lie before their source (tHFAdj)
)

// filteringTarget is newBw (table 4.159), by bs_invf_mode of the previous frame and of this one.
var filteringTarget = [4][4]float32{
	{0, 0.6, 0.9, 0.98},
	{0.6, 0.75, 0.9, 0.98},
	{0, 0.75, 0.9, 0.98},
	{0, 0.75, 0.9, 0.98},
}

// chirp updates the factors of inverse filtering, one for each noise floor band (4.6.18.6.2): strong
// where a tonal low band would give a high band too tonal.
func (c *channel) chirp(s *side, b *bands) {
	for i := range b.noise.n {
		mode := s.filtering[i]
		target := filteringTarget[c.filtering[i]][mode]
		if target < c.bandwidth[i] {
			target = 0.75*target + 0.25*c.bandwidth[i]
		} else {
			target = 0.90625*target + 0.09375*c.bandwidth[i]
		}
		switch {
		case target < 0.015625:
			target = 0
		case target >= 0.99609375:
			target = 0.99609375
		}
		c.bandwidth[i], c.filtering[i] = target, mode
	}
}

// predictor is a filter of second order over the slots of a band.
type predictor struct{ re0, im0, re1, im1 float32 }

// predict finds the filter that leaves the least of a band: linear prediction by the covariance method
// over the slots low[from-2:] (4.6.18.6.2). Tonal bands make the equations nearly singular, hence
// double precision.
func predict(low []qmf.Slot, band int) predictor {
	band &= qmf.Bands - 1
	// phi[i][j] sums x[n-i]·conj(x[n-j]); most terms of those with equal distance i-j are shared.
	var r1, i1, r2, i2, power float64
	x2r, x2i := float64(low[0].Re[band]), float64(low[0].Im[band])
	x1r, x1i := float64(low[1].Re[band]), float64(low[1].Im[band])
	first := x2r*x2r + x2i*x2i
	head1r, head1i := x1r*x2r+x1i*x2i, x1i*x2r-x1r*x2i
	head := x1r*x1r + x1i*x1i
	var tail1r, tail1i, tail float64
	for n := 2; n < len(low); n++ {
		xr, xi := float64(low[n].Re[band]), float64(low[n].Im[band])
		tail1r, tail1i = xr*x1r+xi*x1i, xi*x1r-xr*x1i
		tail = xr*xr + xi*xi
		r1, i1 = r1+tail1r, i1+tail1i
		r2, i2 = r2+xr*x2r+xi*x2i, i2+xi*x2r-xr*x2i
		power += tail
		x2r, x2i, x1r, x1i = x1r, x1i, xr, xi
	}
	phi11 := head + power - tail
	phi22 := first + head + power - tail - (x2r*x2r + x2i*x2i)
	phi12r, phi12i := head1r+r1-tail1r, head1i+i1-tail1i
	var a1r, a1i float64
	if d := phi22*phi11 - (phi12r*phi12r+phi12i*phi12i)/(1+1e-6); d != 0 {
		a1r = (r1*phi12r - i1*phi12i - r2*phi11) / d
		a1i = (r1*phi12i + i1*phi12r - i2*phi11) / d
	}
	var a0r, a0i float64
	if phi11 != 0 {
		a0r = -(r1 + a1r*phi12r + a1i*phi12i) / phi11
		a0i = -(i1 + a1i*phi12r - a1r*phi12i) / phi11
	}
	if a0r*a0r+a0i*a0i >= 16 || a1r*a1r+a1i*a1i >= 16 {
		return predictor{}
	}
	return predictor{float32(a0r), float32(a0i), float32(a1r), float32(a1i)}
}

// generate copies the patches into the high bands of the slots from…to, each band through the inverse
// filter of its source as far as its noise floor band asks for it (4.6.18.6.3).
func (c *channel) generate(b *bands, from, to int) {
	patches := b.patch[:b.patchCount]
	end := patches[len(patches)-1]
	top := b.kx + b.m
	for l := from; l < to; l++ {
		clear(c.x[l].Re[end.to+end.count : top])
		clear(c.x[l].Im[end.to+end.count : top])
	}
	var found [qmf.Bands]bool
	var filters [qmf.Bands]predictor
	low := c.low[:c.slots+history]
	for _, p := range patches {
		for k, g := p.to, 0; k < p.to+p.count; k++ {
			for g+1 < b.noise.n && k >= b.noise.at(g+1) {
				g++
			}
			source := p.from + k - p.to
			w := c.bandwidth[g]
			if w == 0 {
				for l := from; l < to; l++ {
					c.x[l].Re[k], c.x[l].Im[k] = low[l+adjust].Re[source], low[l+adjust].Im[source]
				}
				continue
			}
			if !found[source] {
				filters[source], found[source] = predict(low, source), true
			}
			f := filters[source]
			c.inverse(predictor{w * f.re0, w * f.im0, w * w * f.re1, w * w * f.im1}, source, k, from, to)
		}
	}
}

// inverse filters the slots from…to of a source band into band k.
func (c *channel) inverse(f predictor, source, k, from, to int) {
	source, k = source&(qmf.Bands-1), k&(qmf.Bands-1)
	low := c.low[from : to+adjust]
	x := c.x[from:to]
	x2r, x2i := low[0].Re[source], low[0].Im[source]
	x1r, x1i := low[1].Re[source], low[1].Im[source]
	for l := range x {
		xr, xi := low[l+adjust].Re[source], low[l+adjust].Im[source]
		x[l].Re[k] = xr + f.re0*x1r - f.im0*x1i + f.re1*x2r - f.im1*x2i
		x[l].Im[k] = xi + f.re0*x1i + f.im0*x1r + f.re1*x2i + f.im1*x2r
		x2r, x2i, x1r, x1i = x1r, x1i, xr, xi
	}
}
