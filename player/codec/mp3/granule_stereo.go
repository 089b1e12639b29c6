package mp3

import "math"

// stereo turns middle and side, or one channel with directions, into left and right (2.4.3.4.9;
// 13818-3, 2.4.3.2).
func (g *granule) stereo(t *tables, h header, info *granuleInfo) {
	switch {
	case h.intensity:
		g.intensity(t, h, info)
	case h.ms:
		n := max(g.spectra[0].nonzero, g.spectra[1].nonzero)
		g.middleSide(0, n)
		g.spectra[0].nonzero, g.spectra[1].nonzero = n, n
	}
}

// middleSide makes left and right of the lines from start to end.
func (g *granule) middleSide(start, end int) {
	left := g.spectra[0].lines[start:end]
	right := g.spectra[1].lines[start:end]
	right = right[:len(left)]
	for i, m := range left {
		m *= 1 / math.Sqrt2
		s := right[i] * (1 / math.Sqrt2)
		left[i], right[i] = m+s, m-s
	}
}

// ratio is what left and right are of the one channel that intensity stereo has.
type ratio struct{ left, right float32 }

// ratiosMPEG1 are left and right whose quotient is the tangent of the direction's twelfths of π
// (2.4.3.4.9.3).
func ratiosMPEG1() (r [maxDirections]ratio) {
	for p := range 7 {
		sin, cos := math.Sincos(float64(p) * math.Pi / 12)
		r[p] = ratio{float32(sin / (sin + cos)), float32(cos / (sin + cos))}
	}
	return r
}

// ratiosLSF weaken left with odd directions and right with even ones, in steps of 1.5 dB or of 3
// (13818-3, 2.4.3.2).
func ratiosLSF(step float64) (r [maxDirections]ratio) {
	for p := range r {
		weaker := float32(math.Pow(step, float64((p+1)/2)))
		if p&1 != 0 {
			r[p] = ratio{weaker, 1}
		} else {
			r[p] = ratio{1, weaker}
		}
	}
	return r
}

// maxDirections is how many a scale factor of five bits can tell, the longest that there is.
const maxDirections = 32

// intensity works from the highest band down to the last in which the right channel has anything (of
// short blocks, in the band of the same window): up there the left channel's lines are both channels',
// and the right one's scale factors are directions.
func (g *granule) intensity(t *tables, h header, info *granuleInfo) {
	left, right := &g.spectra[0], &g.spectra[1]
	ratios, centre := &t.ratiosMPEG1, uint8(3)
	if h.lsf() {
		ratios, centre = &t.ratiosLSF[info.compress&1], 0
	}
	end := max(left.nonzero, right.nonzero)
	var heard [3]bool // the right channel has lines of its own from this band on, by window
	l := right.layout
	for band := l.bands - 1; band >= 0; band-- {
		window := 0
		if band >= l.longBands {
			window = (band - l.longBands) % 3
		} else if l.longBands < l.bands {
			heard[0] = heard[0] || heard[1] || heard[2] // short blocks above lines of a long one
		}
		lo, hi := l.starts[band], l.starts[band+1]
		heard[window] = heard[window] || right.anyIn(lo, hi)
		direction := right.direction(band, centre)
		switch {
		case !heard[window] && direction != noPosition:
			g.place(lo, hi, ratios[direction])
		case h.ms:
			g.middleSide(lo, hi)
		}
	}
	left.nonzero, right.nonzero = end, end
}

// direction is where a band's sound comes from. The highest bands have no scale factor of their own and
// take that of the band below (of the same window), if it is a direction: not where the right channel has
// lines there.
func (s *spectrum) direction(band int, centre uint8) uint8 {
	below, l := band-3, s.layout
	switch {
	case l.kind == longLayout && band == longBands-1:
		below = band - 1
	case l.kind == longLayout || band < l.bands-3:
		return s.position[band]
	}
	if s.anyIn(l.starts[below], l.starts[below+1]) {
		return centre
	}
	return s.position[below]
}

// place makes left and right of the left channel's lines from start to end.
func (g *granule) place(start, end int, r ratio) {
	left := g.spectra[0].lines[start:end]
	right := g.spectra[1].lines[start:end]
	right = right[:len(left)]
	for i, v := range left {
		left[i], right[i] = v*r.left, v*r.right
	}
}

// anyIn tells whether a line between start and end isn't zero.
func (s *spectrum) anyIn(start, end int) bool {
	for _, v := range s.lines[start:max(start, min(end, s.nonzero))] {
		if v != 0 {
			return true
		}
	}
	return false
}
