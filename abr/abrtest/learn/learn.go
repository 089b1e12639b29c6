// Package learn counts the model of package abr's Tempo in recorded links: how a link's rate moves, relative to
// what it mostly is.
//
// It knows of links no more than the Estimator does, which is shown each as a download without an end. What it
// refuses is to look at anything else of a link: neither its name nor where in it something happens enters the
// tables.
package learn

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/abr/abrtest"
)

// What is counted. The states and classes are those of package abr, and its tests hold the two together.
const (
	stepSeconds = 4
	longest     = 1200 // seconds of a link that are looked at
	settled     = 8    // steps after which the Level is worth something
	perLink     = 150  // steps that a link counts as, whatever its length
)

var (
	octaves = []float64{-6, -4.5, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 2}
	limits  = []float64{0.15, 0.45}
	kinds   = []string{"", "3g", "4g", "fixed"}
)

type counts [][]float64

func newCounts() counts {
	c := make(counts, len(octaves))
	for i := range c {
		c[i] = make([]float64, len(octaves))
	}
	return c
}

// Table gives the text of the model, learned from links.
func Table(links []*abrtest.Trace) string {
	seen := map[string][]counts{}
	for _, k := range kinds {
		for range len(limits) + 1 {
			seen[k] = append(seen[k], newCounts())
		}
	}
	for _, link := range links {
		count(link, seen[""], seen[link.Network])
	}
	var b strings.Builder
	all := newCounts()
	for _, c := range seen[""] {
		all.plus(c)
	}
	base := all.smooth(nil, 2, 0, 0.7)
	var any [][][]float64
	for _, c := range seen[""] {
		any = append(any, low(c.smooth(base, 0.3, 1, 0.4), base))
	}
	for _, k := range kinds {
		fmt.Fprintf(&b, "network %s\n", k)
		of := newCounts()
		for _, c := range seen[k] {
			of.plus(c)
		}
		bottom := of.smooth(base, 0.3, 10, 0.4)
		for c := range any {
			p := any[c]
			if k != "" {
				p = low(seen[k][c].smooth(any[c], 0.3, 5, 0.4), bottom)
			}
			fmt.Fprintf(&b, "class %d\n", c)
			for _, row := range p {
				write(&b, row)
			}
		}
	}
	return b.String()
}

// lowest is the octave up to which all classes are taken together: a calm link is too seldom there.
const lowest = -2

// low puts the rows of such states into p.
func low(p, from [][]float64) [][]float64 {
	for i, octave := range octaves {
		if octave <= lowest {
			p[i] = from[i]
		}
	}
	return p
}

// write gives a row in thousandths.
func write(b *strings.Builder, row []float64) {
	for j, x := range row {
		if j > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(b, "%.0f", 1000*x)
	}
	b.WriteByte('\n')
}

// count adds a link's steps.
func count(link *abrtest.Trace, into ...[]counts) {
	steps := int(min(link.Lap()/1000, longest) / stepSeconds)
	if steps <= settled+1 {
		return
	}
	var e abr.Estimator
	e.Expect(abr.DefaultPrior(abr.Network(link.Network)))
	for i := range steps - 1 {
		e.Add(abr.Sample{Bytes: bytes(link, i), Elapsed: stepSeconds * time.Second})
		if i < settled {
			continue
		}
		l := e.Link()
		class := 0
		for class < len(limits) && l.Volatility > limits[class] {
			class++
		}
		from, to := octave(bytes(link, i), l.Level), octave(bytes(link, i+1), l.Level)
		for _, c := range into {
			c[class].add(from, to, perLink/float64(steps))
		}
	}
}

func bytes(link *abrtest.Trace, step int) int64 {
	const ms = stepSeconds * 1000
	return int64((link.Bits(float64(step+1)*ms) - link.Bits(float64(step)*ms)) / 8)
}

func octave[T ~int64](bytes int64, level T) float64 {
	return math.Log2(max(float64(bytes)*8/stepSeconds, 10) / float64(level))
}

// place gives the state at or below x and the share of the next.
func place(x float64) (int, float64) {
	if x <= octaves[0] {
		return 0, 0
	}
	for i := 1; i < len(octaves); i++ {
		if x < octaves[i] {
			return i - 1, (x - octaves[i-1]) / (octaves[i] - octaves[i-1])
		}
	}
	return len(octaves) - 1, 0
}

// add counts a step between two octaves, each of which belongs to the two states around it.
func (c counts) add(from, to, weight float64) {
	i, f := place(from)
	j, g := place(to)
	for di, p := range []float64{1 - f, f} {
		for dj, q := range []float64{1 - g, g} {
			if p*q > 0 {
				c[i+di][j+dj] += weight * p * q
			}
		}
	}
}

func (c counts) plus(d counts) {
	for i := range c {
		for j := range c[i] {
			c[i][j] += d[i][j]
		}
	}
}

// smooth makes probabilities: what was counted, a little of the neighbours' counts moved along the diagonal, and what
// counts as near steps, and as steps of a base, more.
func (c counts) smooth(base [][]float64, near, based, spread float64) [][]float64 {
	out := make([][]float64, len(c))
	for i := range c {
		row := make([]float64, len(c))
		kernel := make([]float64, len(c))
		for k := -1; k <= 1; k++ {
			if i+k < 0 || i+k >= len(c) {
				continue
			}
			share := 1.0
			if k != 0 {
				share = 0.3
			}
			for j := range row {
				if s := j + k; s >= 0 && s < len(c) {
					row[j] += share * c[i+k][s]
				}
			}
		}
		total := 0.0
		for j := range row {
			x := (octaves[j] - octaves[i]) / spread
			kernel[j] = math.Exp(-x * x / 2)
			total += kernel[j]
		}
		sum := 0.0
		for j := range row {
			row[j] += near * kernel[j] / total
			if base != nil {
				row[j] += based * base[i][j]
			}
			sum += row[j]
		}
		for j := range row {
			row[j] /= sum
		}
		out[i] = row
	}
	return out
}
