package demo

import "math"

// filter is a two-pole state-variable filter in the trapezoidal form, which stays in tune and stable
// while its cutoff moves.
type filter struct {
	k, a1, a2, a3 float64
	s1, s2        float64
}

// tune sets the cutoff in hertz and the quality; the state stays.
func (f *filter) tune(cutoff, quality float64) {
	g := math.Tan(math.Pi * min(cutoff, 0.45*SampleRate) / SampleRate)
	f.k = 1 / quality
	f.a1 = 1 / (1 + g*(g+f.k))
	f.a2 = g * f.a1
	f.a3 = g * f.a2
}

func newFilter(cutoff, quality float64) filter {
	var f filter
	f.tune(cutoff, quality)
	return f
}

func (f *filter) step(x float64) (low, band float64) {
	v3 := x - f.s2
	v1 := f.a1*f.s1 + f.a2*v3
	v2 := f.s2 + f.a2*f.s1 + f.a3*v3
	f.s1 = 2*v1 - f.s1
	f.s2 = 2*v2 - f.s2
	return v2, v1
}

func (f *filter) low(x float64) float64 {
	low, _ := f.step(x)
	return low
}

func (f *filter) high(x float64) float64 {
	low, band := f.step(x)
	return x - f.k*band - low
}

// band has a gain of 1 at the centre.
func (f *filter) band(x float64) float64 {
	_, band := f.step(x)
	return band * f.k
}

// onePole is a gentle low-pass.
type onePole struct{ gain, state float64 }

func newOnePole(cutoff float64) onePole {
	return onePole{gain: 1 - math.Exp(-2*math.Pi*cutoff/SampleRate)}
}

func (p *onePole) low(x float64) float64 {
	p.state += p.gain * (x - p.state)
	return p.state
}

func (p *onePole) high(x float64) float64 { return x - p.low(x) }

// warm is a soft saturation close to tanh, of slope 1 at zero and bounded by ±1; a quotient of
// polynomials, so that it is quick and the same everywhere.
func warm(x float64) float64 {
	switch {
	case x > 3:
		return 1
	case x < -3:
		return -1
	}
	return x * (27 + x*x) / (27 + 9*x*x)
}

// smooth runs from 0 to 1 with a flat start and end as x does.
func smooth(x float64) float64 {
	x = max(0, min(1, x))
	return x * x * (3 - 2*x)
}
