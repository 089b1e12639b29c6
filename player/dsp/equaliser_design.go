package dsp

import "math"

// equaliserPoints are the frequencies at which the curve is held to the sliders: the bands' middles,
// and half way (geometrically) between them.
const equaliserPoints = 2*EqualiserBands - 1

// equaliserDesign finds the filters whose product is a curve. Each filter reaches into its neighbours'
// bands, so their gains follow from all sliders together: the method of Välimäki and Liski (Accurate
// cascade graphic equalizer, 2017), with Vicanek's filters (2016), which keep their shape near half
// the rate.
type equaliserDesign struct {
	angle [EqualiserBands]float64  // of a band's middle, radians a frame
	at    [equaliserPoints]float64 // parts of the rate
	bands int                      // how many the rate has room for
	// solve gives the filters' gains for wanted ones at the points: least squares.
	solve [EqualiserBands][equaliserPoints]float64
}

const (
	// equaliserReach is the part of its gain, in dB, that a filter has left an octave away.
	equaliserReach = 0.3
	// equaliserRounds is how often the gains are corrected by what the filters really do together.
	equaliserRounds = 4
	// equaliserLeast is the gain in dB under which a filter is flat.
	equaliserLeast = 0.001
	// equaliserMost is the gain in dB that a filter may need to make up for its neighbours.
	equaliserMost = 30
)

func newEqualiserDesign(rate float64) *equaliserDesign {
	d := &equaliserDesign{}
	freqs := EqualiserFrequencies()
	for i, f := range freqs {
		if f > 0.45*rate {
			break
		}
		d.bands = i + 1
		d.angle[i] = 2 * math.Pi * f / rate
		d.at[2*i] = f / rate
		if i > 0 {
			d.at[2*i-1] = math.Sqrt(f*freqs[i-1]) / rate
		}
	}
	d.leastSquares()
	return d
}

// points counts those that the rate has room for.
func (d *equaliserDesign) points() int { return max(0, 2*d.bands-1) }

// leastSquares fills solve: (AᵀWA)⁻¹AᵀW, where A tells what each filter does at each point, in dB for
// 1 dB of its own gain, and W counts an error at a band's middle three times.
func (d *equaliserDesign) leastSquares() {
	const prototype = 6.0
	var a [equaliserPoints][EqualiserBands]float64
	for b := range d.bands {
		f := d.filter(b, prototype)
		for p := range d.points() {
			a[p][b] = 20 * math.Log10(f.gain(d.at[p])) / prototype
		}
	}
	n := d.bands
	// Gauss and Jordan on [AᵀWA | AᵀW]. The matrix is strongly diagonal: no pivots are to be looked for.
	var m [EqualiserBands][EqualiserBands + equaliserPoints]float64
	for i := range n {
		for p := range d.points() {
			weight := 1.0
			if p%2 == 0 {
				weight = 3
			}
			for j := range n {
				m[i][j] += weight * a[p][i] * a[p][j]
			}
			m[i][EqualiserBands+p] = weight * a[p][i]
		}
	}
	for i := range n {
		pivot := m[i][i]
		for k := range m[i] {
			m[i][k] /= pivot
		}
		for j := range n {
			if factor := m[j][i]; j != i && factor != 0 {
				for k := range m[j] {
					m[j][k] -= factor * m[i][k]
				}
			}
		}
	}
	for i := range n {
		copy(d.solve[i][:], m[i][EqualiserBands:])
	}
}

// filters makes the filters for a curve. It takes some 20 µs and allocates nothing.
func (d *equaliserDesign) filters(s *EqualiserSettings) equaliserFilters {
	f := equaliserFilters{gain: s.PreGain.Amplitude(), flat: true}
	var want, miss [equaliserPoints]float64
	for i := range d.bands {
		want[2*i] = float64(s.Gains[i])
		if i > 0 {
			want[2*i-1] = float64(s.Gains[i-1]+s.Gains[i]) / 2
		}
		f.flat = f.flat && math.Abs(want[2*i]) < equaliserLeast
	}
	var gains [EqualiserBands]float64
	miss = want
	for round := range equaliserRounds {
		for b := range d.bands {
			for p := range d.points() {
				gains[b] += d.solve[b][p] * miss[p]
			}
			gains[b] = min(max(gains[b], -equaliserMost), equaliserMost)
			if f.flat {
				gains[b] = 0
			}
			f.bands[b] = d.filter(b, gains[b])
		}
		if round == equaliserRounds-1 || f.flat {
			break
		}
		for p := range d.points() {
			product := 1.0
			for b := range d.bands {
				product *= f.bands[b].gain(d.at[p])
			}
			miss[p] = want[p] - 20*math.Log10(product)
		}
	}
	for b := d.bands; b < EqualiserBands; b++ {
		f.bands[b] = biquad{b0: 1}
	}
	f.flat = f.flat && f.gain == 1
	return f
}

// filter is one band's filter for a gain in dB: an analogue peak whose poles are carried over exactly
// and whose zeros are placed so that the gains at 0, at the middle and at half the rate are the analogue
// filter's, which keeps its shape near half the rate (Vicanek, Matched second order digital filters,
// 2016; his names are kept). A cut is a boost turned upside down.
func (d *equaliserDesign) filter(band int, decibels float64) biquad {
	flat := math.Abs(decibels) < equaliserLeast
	boost := max(math.Abs(decibels), equaliserLeast) // a flat one has poles too, so that a ramp from it is smooth
	g, gb := math.Pow(10, boost/20), math.Pow(10, equaliserReach*boost/20)
	const octave = (2 - 0.5) * (2 - 0.5)
	q := math.Sqrt(octave*(gb*gb-1)/(g*g-gb*gb)) / 2
	w := d.angle[band]
	a1 := -2 * math.Exp(-q*w)
	if q <= 1 {
		a1 *= math.Cos(math.Sqrt(1-q*q) * w)
	} else {
		a1 *= math.Cosh(math.Sqrt(q*q-1) * w)
	}
	a2 := math.Exp(-2 * q * w)
	f1 := math.Sin(w/2) * math.Sin(w/2)
	f0 := 1 - f1
	A0, A1, A2 := (1+a1+a2)*(1+a1+a2), (1-a1+a2)*(1-a1+a2), -4*a2
	r1 := (A0*f0 + A1*f1 + A2*4*f0*f1) * g * g
	r2 := (-A0 + A1 + 4*(f0-f1)*A2) * g * g
	b2 := (r1 - r2*f1 - A0) / (4 * f1 * f1)
	b1 := max(0, r2+A0+4*(f1-f0)*b2)
	sum := (math.Sqrt(A0) + math.Sqrt(b1)) / 2
	f := biquad{b0: (sum + math.Sqrt(max(0, sum*sum+b2))) / 2, b1: (math.Sqrt(A0) - math.Sqrt(b1)) / 2, a1: a1, a2: a2}
	f.b2 = -b2 / (4 * f.b0)
	switch {
	case flat:
		f.b0, f.b1, f.b2 = 1, f.a1, f.a2
	case decibels < 0:
		f = biquad{b0: 1, b1: f.a1, b2: f.a2, a1: f.b1, a2: f.b2}.over(f.b0)
	}
	return f
}
