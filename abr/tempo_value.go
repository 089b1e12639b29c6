package abr

import (
	"math"
	"time"
)

// The value of a state is what may be expected from there on, in seconds of music in the best rendition, less
// the same for one agreed state. It is worked out by value iteration (Bellman 1957) over the buffer, the link's
// state and the rendition before, for each class of links, and for links of several levels about the ladder.
const (
	fills   = 13 // of the buffer, from empty to full, closer together where it is nearly empty
	knots   = 4  // utilities that the rendition before may have; between them a value is interpolated
	reaches = 8  // levels of the link
	tempers = 2 * classes

	// sweeps of value iteration: that many segments are looked ahead.
	sweepsFirst = 40
	sweepsMore  = 16 // beginning with the values of a similar link
)

// values are the tables, 2 bytes a value: 55 KB.
type values struct {
	table [tempers][reaches][fills][states][knots]uint16
	scale [tempers][reaches]struct{ low, unit float32 } // of the figures in a table

	fill  [fills]float32 // seconds
	level float32        // log2 of bits a second, of the first table
	apart float32        // of the levels of two tables, in octaves
}

// plan is what values are worked out for.
type plan struct {
	mobile  bool                   // a cellular network
	bits    [maxRenditions]float32 // of a segment
	utility [maxRenditions]float32
	n       int
	segment float32 // seconds
	latency float32
	room    float32 // seconds of buffer at which the next segment is fetched when it is full
	weights Weights
	moves   [tempers]matrix
}

// price is what a second of silence costs in the look ahead of a temper. Where a base is laid, there is none.
func (p *plan) price(temper int) float32 {
	if p.room < layDeep && (p.mobile || temper >= classes) {
		return lateShare * float32(p.weights.Stall)
	}
	return p.weights.planned(temper)
}

// spread places the fills: a second apart at the bottom and further and further above.
func spreadFills(room float32) (fill [fills]float32) {
	const n = fills - 1
	bend := (room/n - 1) / (room/n - room/(n*n))
	bend = min(max(bend, 0), 0.97)
	for i := range fill {
		x := float32(i) / n
		fill[i] = room * ((1-bend)*x + bend*x*x)
	}
	return fill
}

// fillAt gives the fill at or below a buffer, and how far it is to the next.
func (v *values) fillAt(buffer float32) (int, float32) {
	if buffer <= 0 {
		return 0, 0
	}
	for i := 1; i < fills; i++ {
		if buffer < v.fill[i] {
			return i - 1, (buffer - v.fill[i-1]) / (v.fill[i] - v.fill[i-1])
		}
	}
	return fills - 1, 0
}

// knot gives the knot at or below a utility, and how far it is to the next.
func knot(utility float32) (int, float32) {
	x := min(max(utility, 0), 1) * (knots - 1)
	i := min(int(x), knots-2)
	return i, x - float32(i)
}

// share of a table's entry in the value of an action.
type part struct {
	fill, state int32
	p           float32
}

// action is what fetching a rendition leads to, from one state.
type action struct {
	certain float32 // utility less the price of stalls
	parts   []part
}

// builder works out one table after another. It is large and lives as long as a constructor.
type builder struct {
	*plan
	v       *values
	stall   float32 // the price of a second
	actions [fills][states][maxRenditions]action
	now     [fills][states][knots]float32
	next    [fills][states][knots]float32
	mass    [fills][states]float32
	parts   []part
	ends    outcomes
}

// solve fills v.
func (v *values) solve(p *plan) {
	v.fill = spreadFills(p.room)
	low := math.Log2(float64(p.bits[0] / p.segment))
	high := math.Log2(float64(p.bits[p.n-1] / p.segment))
	v.level = float32(low) - 1
	v.apart = (float32(high-low) + 3) / (reaches - 1)
	b := &builder{plan: p, v: v}
	for t := range tempers {
		sweeps := sweepsFirst + int(p.room/p.segment)/2
		b.stall = p.price(t)
		for r := reaches - 1; r >= 0; r-- {
			b.prepare(&p.moves[t], v.level+float32(r)*v.apart)
			for range sweeps {
				b.sweep()
			}
			v.store(t, r, &b.now)
			sweeps = sweepsMore
		}
	}
}

// prepare works out the actions for a link of a level that moves by m.
func (b *builder) prepare(m *matrix, level float32) {
	b.parts = b.parts[:0]
	for s := range states {
		for q := range b.n {
			b.ends.download(m, (*vector)(&m[s]), b.bits[q], level)
			for f := range fills {
				b.actions[f][s][q] = b.act(b.v.fill[f], q)
			}
		}
	}
}

// act sums up b.ends, begun with a buffer.
func (b *builder) act(buffer float32, q int) action {
	a := action{certain: b.utility[q] * b.segment}
	for _, e := range b.ends.list[:b.ends.n] {
		left := buffer - e.seconds - b.latency
		if left < 0 {
			a.certain += e.p * b.stall * left
			left = 0
		}
		i, f := b.v.fillAt(min(left+b.segment, b.room))
		b.mass[i][e.state] += e.p * (1 - f)
		if f > 0 {
			b.mass[i+1][e.state] += e.p * f
		}
	}
	first := len(b.parts)
	for i := range b.mass {
		for s, p := range b.mass[i] {
			if p > 0 {
				b.parts = append(b.parts, part{int32(i), int32(s), p})
			}
		}
	}
	b.mass = [fills][states]float32{}
	a.parts = b.parts[first:len(b.parts):len(b.parts)]
	return a
}

// sweep looks one segment further ahead.
func (b *builder) sweep() {
	var worth [maxRenditions]float32
	for f := range fills {
		for s := range states {
			for q := range b.n {
				a := &b.actions[f][s][q]
				k, g := knot(b.utility[q])
				x := a.certain
				for _, p := range a.parts {
					v := &b.now[p.fill][p.state]
					x += p.p * (v[k] + g*(v[k+1]-v[k]))
				}
				worth[q] = x
			}
			for k := range knots {
				before := float32(k) / (knots - 1)
				best := float32(math.Inf(-1))
				for q := range b.n {
					best = max(best, worth[q]-float32(b.weights.Switch)*abs(b.utility[q]-before))
				}
				b.next[f][s][k] = best
			}
		}
	}
	agreed := b.next[fills-1][states/2][knots-1] // keeps the figures small
	for f := range b.next {
		for s := range b.next[f] {
			for k := range b.next[f][s] {
				b.now[f][s][k] = b.next[f][s][k] - agreed
			}
		}
	}
}

func abs(x float32) float32 { return max(x, -x) }

// store packs a table.
func (v *values) store(temper, reach int, from *[fills][states][knots]float32) {
	low, high := from[0][0][0], from[0][0][0]
	for f := range from {
		for s := range from[f] {
			for _, x := range from[f][s] {
				low, high = min(low, x), max(high, x)
			}
		}
	}
	unit := max(high-low, 1e-3) / math.MaxUint16
	v.scale[temper][reach].low, v.scale[temper][reach].unit = low, unit
	for f := range from {
		for s := range from[f] {
			for k, x := range from[f][s] {
				v.table[temper][reach][f][s][k] = uint16(min((x-low)/unit+0.5, math.MaxUint16))
			}
		}
	}
}

// look is where to read values: the class of the link, its level, the rendition before.
type look struct {
	temper int
	reach  [2]int     // tables
	weight [2]float32 // of each
	knot   int
	toward float32 // the next knot
}

// at says where to read for a link of a level.
func (v *values) at(temper int, level, utility float32) look {
	x := min(max((level-v.level)/v.apart, 0), reaches-1)
	r := min(int(x), reaches-2)
	f := x - float32(r)
	l := look{temper: temper, reach: [2]int{r, r + 1}, weight: [2]float32{1 - f, f}}
	l.knot, l.toward = knot(utility)
	return l
}

// read gives the value of a buffer and a state.
func (v *values) read(l *look, buffer float32, state int32) float32 {
	i, f := v.fillAt(buffer)
	sum := float32(0)
	for k, r := range l.reach {
		if l.weight[k] == 0 {
			continue
		}
		t := &v.table[l.temper][r]
		x := between(&t[i][state], l)
		if f > 0 {
			x += f * (between(&t[i+1][state], l) - x)
		}
		s := &v.scale[l.temper][r]
		sum += l.weight[k] * (s.low + x*s.unit)
	}
	return sum
}

func between(row *[knots]uint16, l *look) float32 {
	x := float32(row[l.knot])
	return x + l.toward*(float32(row[l.knot+1])-x)
}

func seconds(d time.Duration) float32 { return float32(d.Seconds()) }
