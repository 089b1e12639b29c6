package ps

import (
	"math"
	"math/cmplx"
	"sync"
)

// ratios is what an index of the level difference stands for, in dB from its middle on (tables 8.24
// and 8.25, iid_quant).
var (
	ratios     = [maxIID + 1]float64{0, 2, 4, 7, 10, 14, 18, 25}
	ratiosFine = [maxIIDFine + 1]float64{0, 2, 4, 6, 8, 10, 13, 16, 19, 22, 25, 30, 35, 40, 45, 50}
)

// coherences is what an index of the coherence stands for (table 8.28).
var coherences = [maxICC + 1]float64{1, 0.937, 0.84118, 0.60092, 0.36764, 0, -0.589, -1}

// matrix mixes the signal s and its decorrelated copy d: left = 11·s + 21·d, right = 12·s + 22·d. Its
// numbers are complex where phases are transmitted.
type matrix struct{ h11, h12, h21, h22 float32 }

// mixers holds a matrix for each pair of indices, by mixing mode.
type mixers struct {
	coarse [2][2*maxIID + 1][maxICC + 1]matrix
	fine   [2][2*maxIIDFine + 1][maxICC + 1]matrix
}

var allMixers = sync.OnceValue(func() *mixers {
	m := &mixers{}
	mixings := [2]func(c, rho float64) matrix{mixA, mixB}
	level := func(table []float64, i int) float64 {
		if i < 0 {
			return math.Pow(10, -table[-i]/20)
		}
		return math.Pow(10, table[i]/20)
	}
	for mode, mix := range mixings {
		for j, rho := range coherences {
			for i := range m.coarse[mode] {
				m.coarse[mode][i][j] = mix(level(ratios[:], i-maxIID), rho)
			}
			for i := range m.fine[mode] {
				m.fine[mode][i][j] = mix(level(ratiosFine[:], i-maxIIDFine), rho)
			}
		}
	}
	return m
})

// mixA rotates by the angle of the coherence, and by the levels' share of it (8.6.4.6.2.1); c is the
// ratio of left to right, rho their coherence.
func mixA(c, rho float64) matrix {
	right := math.Sqrt2 / math.Sqrt(1+c*c)
	left := c * right
	alpha := math.Acos(rho) / 2
	beta := alpha * (right - left) / math.Sqrt2
	return matrix{
		float32(left * math.Cos(beta+alpha)), float32(right * math.Cos(beta-alpha)),
		float32(left * math.Sin(beta+alpha)), float32(right * math.Sin(beta-alpha)),
	}
}

// mixB mixes along the principal axes of both channels (8.6.4.6.2.2).
func mixB(c, rho float64) matrix {
	rho = max(rho, 0.05)
	alpha := math.Atan2(2*c*rho, c*c-1) / 2
	mu := c + 1/c
	mu = math.Sqrt(1 + (4*rho*rho-4)/(mu*mu))
	gamma := math.Atan(math.Sqrt((1 - mu) / (1 + mu)))
	return matrix{
		float32(math.Sqrt2 * math.Cos(alpha) * math.Cos(gamma)), float32(math.Sqrt2 * math.Sin(alpha) * math.Cos(gamma)),
		float32(-math.Sqrt2 * math.Sin(alpha) * math.Sin(gamma)), float32(math.Sqrt2 * math.Cos(alpha) * math.Sin(gamma)),
	}
}

// smoothPhases gives the unit vector of three successive phase indices, newest first (8.6.4.6.3.2).
func smoothPhases(p [3]int8) complex64 {
	v := complex(0, 0)
	for i, weight := range [3]float64{1, 0.5, 0.25} {
		v += cmplx.Rect(weight, 2*math.Pi/phaseSteps*float64(p[i]))
	}
	return complex64(v / complex(cmplx.Abs(v), 0))
}

// mixing is the matrices of all bands at a moment: their real and their imaginary part.
type mixing struct{ re, im [maxBands]matrix }

// target fills in what envelope e mixes with.
func (d *Decoder) target(m *mixing, f *Frame, e int, l *layout) {
	p := remap(f, &f.params[e], l.bands)
	var table [][maxICC + 1]matrix
	var middle int8
	if f.fine {
		table, middle = allMixers().fine[f.mixing][:], maxIIDFine
	} else {
		table, middle = allMixers().coarse[f.mixing][:], maxIID
	}
	for b := range l.bands {
		m.re[b], m.im[b] = table[p.iid[b]+middle][p.icc[b]], matrix{}
	}
	if !f.hasPhase {
		return
	}
	phases := phaseCounts[1]
	if l.bands == maxBands {
		phases = phaseCounts[2]
	}
	for b := range phases {
		o, i := &d.opd[b], &d.ipd[b]
		*o, *i = [3]int8{p.opd[b], o[0], o[1]}, [3]int8{p.ipd[b], i[0], i[1]}
		left := smoothPhases(*o)
		ipd := smoothPhases(*i)
		right := left * complex(real(ipd), -imag(ipd))
		h := m.re[b]
		m.re[b] = matrix{h.h11 * real(left), h.h12 * real(right), h.h21 * real(left), h.h22 * real(right)}
		m.im[b] = matrix{h.h11 * imag(left), h.h12 * imag(right), h.h21 * imag(left), h.h22 * imag(right)}
	}
}

// step is what is added to a in each of n slots to come from a to b.
func step(a, b *matrix, n int) matrix {
	w := 1 / float32(n)
	return matrix{(b.h11 - a.h11) * w, (b.h12 - a.h12) * w, (b.h21 - a.h21) * w, (b.h22 - a.h22) * w}
}

func (m *matrix) add(s *matrix) {
	m.h11 += s.h11
	m.h12 += s.h12
	m.h21 += s.h21
	m.h22 += s.h22
}
