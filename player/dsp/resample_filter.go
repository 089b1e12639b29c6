package dsp

import "math"

// filterSpec is what a Quality asks of the prototype filter.
type filterSpec struct {
	pass        float64 // end of the pass band, as a part of half the lower rate
	attenuation float64 // depth of the stop band, dB
}

func (q Quality) spec() filterSpec {
	switch q {
	case Fast:
		return filterSpec{pass: 0.80, attenuation: 82}
	case Best:
		return filterSpec{pass: 0.95, attenuation: 142}
	default:
		return filterSpec{pass: 0.907, attenuation: 113}
	}
}

// maxTable is the most coefficients that a filter bank stores. Ratios whose phases need more (44,101
// to 48,000 Hz has 48,000 phases) get a coarse table, and each row is interpolated from four.
const maxTable = 1 << 19

// coarsePhases is the rows of a coarse table for a filter that cuts at half the input rate. Cubic
// interpolation between 256 rows errs by (π/256)⁴·3/128, which is −185 dB.
const coarsePhases = 256

// filterBank holds one row of taps per phase: row p is the filter that gives the input at p/up past
// the window's middle. The taps are for the window in order of time.
type filterBank struct {
	taps  int // a multiple of eight, which the convolution counts on
	up    int64
	table []float32 // phase-major
	rows  int       // phases of a coarse table; zero where every phase has its row
	mixed []float32 // the row that was interpolated last
}

func newFilterBank(up, down int, q Quality) *filterBank {
	spec := q.spec()
	// Frequencies below are parts of half the input rate.
	ratio := math.Min(1, float64(up)/float64(down))
	width := (1 - spec.pass) * ratio
	cutoff := (1 + spec.pass) / 2 * ratio
	beta := kaiserBeta(spec.attenuation)
	// Kaiser's estimate of the length (Kaiser 1974), to a multiple of eight.
	length := (spec.attenuation - 7.95) / (2.285 * math.Pi * width)
	taps := (int(math.Ceil(length)) + 1 + 7) &^ 7

	b := &filterBank{taps: taps, up: int64(up)}
	if up*taps <= maxTable {
		b.table = make([]float32, up*taps)
		for p := range up {
			designRow(b.table[p*taps:][:taps], float64(p)/float64(up), cutoff, beta)
		}
		return b
	}
	// A filter stretched by a downward conversion is smoother in the same measure, so it needs
	// fewer rows.
	b.rows = max(8, int(math.Ceil(coarsePhases*ratio)))
	b.table = make([]float32, (b.rows+3)*taps)
	for i := range b.rows + 3 {
		designRow(b.table[i*taps:][:taps], float64(i-1)/float64(b.rows), cutoff, beta)
	}
	b.mixed = make([]float32, taps)
	return b
}

// row gives the taps of a phase, valid until the next call.
func (b *filterBank) row(phase int64) []float32 {
	if b.rows == 0 {
		i := int(phase) * b.taps
		return b.table[i : i+b.taps : i+b.taps]
	}
	scaled := phase * int64(b.rows)
	i := int(scaled / b.up)
	t := float64(scaled%b.up) / float64(b.up)
	// Lagrange's cubic through the rows at −1, 0, 1 and 2; the table begins one row early.
	w0 := float32(-t * (t - 1) * (t - 2) / 6)
	w1 := float32((t + 1) * (t - 1) * (t - 2) / 2)
	w2 := float32(-(t + 1) * t * (t - 2) / 2)
	w3 := float32((t + 1) * t * (t - 1) / 6)
	n := b.taps
	out := b.mixed[:n]
	r0, r1 := b.table[i*n:][:n], b.table[(i+1)*n:][:n]
	r2, r3 := b.table[(i+2)*n:][:n], b.table[(i+3)*n:][:n]
	for k := range out {
		out[k] = w0*r0[k] + w1*r1[k] + w2*r2[k] + w3*r3[k]
	}
	return out
}

// designRow fills h with the Kaiser-windowed sinc that looks frac of an input frame past the
// window's middle. Its sum is made exactly 1, so that a constant stays the same at every phase.
func designRow(h []float32, frac, cutoff, beta float64) {
	half := float64(len(h) / 2)
	norm := 1 / bessel0(beta)
	var sum float64
	value := func(t int) float64 {
		d := frac + half - 1 - float64(t)
		x := d / half
		if x <= -1 || x >= 1 {
			return 0
		}
		return cutoff * sinc(cutoff*d) * bessel0(beta*math.Sqrt(1-x*x)) * norm
	}
	coefs := make([]float64, len(h))
	for t := range h {
		coefs[t] = value(t)
		sum += coefs[t]
	}
	for t := range h {
		h[t] = float32(coefs[t] / sum)
	}
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// kaiserBeta is Kaiser's formula for attenuations above 50 dB.
func kaiserBeta(attenuation float64) float64 { return 0.1102 * (attenuation - 8.7) }

// bessel0 is the modified Bessel function of the first kind and order zero, by its power series.
func bessel0(x float64) float64 {
	sum, term := 1.0, 1.0
	q := x * x / 4
	for k := 1.0; term > sum*1e-17; k++ {
		term *= q / (k * k)
		sum += term
	}
	return sum
}
