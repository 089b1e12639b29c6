package abr

import (
	"math"
	"time"
)

// The value of a state is what may be expected from there on, in seconds of music in the best rendition, less
// the same for one agreed state. It is worked out by value iteration (Bellman 1957) over the buffer, the link's
// state and the rendition before, for each class of links, and for links of several levels about the ladder.
//
// Each rendition has its own figure. Between figures for a few the values of the others can't be read: a value falls off
// by the price of a switch to both sides of what would be chosen, so that to hold a rendition between two of them
// would look dear, and to flutter about it cheap.
const (
	fills   = 11 // of the buffer, from empty to full, closer together where it is nearly empty
	reaches = 8  // levels of the link
	tempers = 2 * classes

	// Sweeps of value iteration: that many segments are looked ahead. A deep buffer takes long to fill and to drain.
	sweepsLeast = 40
	sweepsRoom  = 4 // times the segments that there is room for
	sweepsMost  = 240
)

// values are the tables: up to six renditions in 60 KB, and 6 KB for each that is more.
type values struct {
	n     int
	peak  [tempers][reaches][fills][states]uint16       // the best of all renditions before
	less  []uint8                                       // by how much each is less, in the same order, n each
	scale [tempers][reaches]struct{ low, unit float32 } // of the peaks
	unit  float32                                       // of less
	ends  ends

	fill    [fills]float32 // seconds
	segment float32
	level   float32 // log2 of bits a second, of the first table
	apart   float32 // of the levels of two tables, in octaves
}

// plan is what values are worked out for.
type plan struct {
	mobile  bool                   // a cellular network
	drifts  bool                   // the level moves while the buffer lasts
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
	return p.planned(temper)
}

// planned is the price of a second of silence where there is no base.
func (p *plan) planned(temper int) float32 {
	price := float32(p.weights.Stall * stallShare(temper))
	if p.room >= layDeep {
		price *= deepShare
	}
	return price
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

// part is the share of a table's entry in the value of an action.
type part struct {
	at uint8 // fill and state
	p  float32
}

const littlePart = 3e-4 // is left out

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
	actions [fills * states][maxRenditions]action
	now     sheet
	far     [reaches]sheet
	near    [endNodes][reaches]sheet
	mass    [fills * states]float32
	parts   []part
	ends    outcomes
}

// sheet is a table that is being worked out: the values by the rendition before.
// There is room for all that a part's at can say.
type sheet [maxRenditions]column

type column [math.MaxUint8 + 1]float32

// between gives what is so far on from a place to the next.
func (c *column) between(at int, part float32) float32 { return c[at] + part*(c[at+1]-c[at]) }

// solve fills v.
func (v *values) solve(p *plan) {
	v.n, v.segment, v.fill = p.n, p.segment, spreadFills(p.room)
	v.less = make([]uint8, tempers*reaches*fills*states*p.n)
	v.unit = max(float32(p.weights.Switch), 1e-3) / math.MaxUint8
	low := math.Log2(float64(p.bits[0] / p.segment))
	high := math.Log2(float64(p.bits[p.n-1] / p.segment))
	v.level = float32(low) - 1
	v.apart = (float32(high-low) + 3) / (reaches - 1)
	b := &builder{plan: p, v: v}
	sweeps := min(max(sweepsLeast+sweepsRoom*int(p.room/p.segment), v.segments(endFar)), sweepsMost)
	for t := range tempers {
		b.stall = p.price(t)
		for r := range reaches {
			b.prepare(&p.moves[t], v.level+float32(r)*v.apart)
			b.now = sheet{}
			for k := range sweeps {
				b.sweep()
				for i, at := range endsAt() {
					if t < classes && k+1 == min(v.segments(at), sweeps) {
						b.near[i][r] = b.now
					}
				}
			}
			b.far[r] = b.now
		}
		b.store(t)
	}
}

// store packs the tables of a temper.
func (b *builder) store(temper int) {
	near := b.near[:]
	if temper >= classes {
		near = nil // there is one end for links with outages and without
	}
	if b.drifts {
		b.drift(&b.far)
		for i := range near {
			b.drift(&near[i])
		}
	}
	for r := range reaches {
		b.v.store(temper, r, &b.far[r])
		for i := range near {
			b.v.ends.store(temper, r, i, b.n, &near[i][r], &b.far[r])
		}
	}
}

// Level moves too: on 3G by 0.7 to 1 octave within a minute (standard deviation), and a deep buffer lives to see it. So a value
// there is in part that of the next lower and the next higher level, at the same rate; more of the lower, for falling is
// what must be borne.
const (
	falls = 0.15
	rises = 0.1
)

// drift blends the values of each level with those of its neighbours.
func (b *builder) drift(of *[reaches]sheet) {
	still := *of
	for s, octave := range octaves() {
		low, l := place(octave + b.v.apart) // the same rate above a lower level, and
		high, h := place(octave - b.v.apart)
		for at := s; at < fills*states; at += states {
			for q := range b.n {
				for r := range of {
					here := still[r][q][at]
					if r > 0 {
						of[r][q][at] += falls * (still[r-1][q].between(at-s+low, l) - here)
					}
					if r < reaches-1 {
						of[r][q][at] += rises * (still[r+1][q].between(at-s+high, h) - here)
					}
				}
			}
		}
	}
}

// segments is how many are as long as some seconds.
func (v *values) segments(seconds float32) int { return max(1, int(seconds/v.segment+0.5)) }

// prepare works out the actions for a link of a level that moves by m.
func (b *builder) prepare(m *matrix, level float32) {
	b.parts = b.parts[:0]
	for s := range states {
		for q := range b.n {
			b.ends.download(m, (*vector)(&m[s]), b.bits[q], level)
			for f := range fills {
				b.actions[f*states+s][q] = b.act(b.v.fill[f], q)
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
		at := i*states + int(e.state)
		b.mass[at] += e.p * (1 - f)
		if f > 0 {
			b.mass[at+states] += e.p * f
		}
	}
	first, kept := len(b.parts), float32(0)
	for i, p := range b.mass {
		if p > littlePart {
			b.parts = append(b.parts, part{uint8(i), p})
			kept += p
		}
	}
	for i := range b.parts[first:] {
		b.parts[first+i].p /= kept
	}
	b.mass = [fills * states]float32{}
	a.parts = b.parts[first:len(b.parts):len(b.parts)]
	return a
}

// sweep looks one segment further ahead.
func (b *builder) sweep() {
	var worth [maxRenditions]float32
	var next sheet
	for at := range b.actions {
		for q := range b.n {
			a := &b.actions[at][q]
			after := &b.now[q]
			x := a.certain
			for _, p := range a.parts {
				x += p.p * after[p.at]
			}
			worth[q] = x
		}
		for before := range b.n {
			best := float32(math.Inf(-1))
			for q := range b.n {
				best = max(best, worth[q]-float32(b.weights.Switch)*abs(b.utility[q]-b.utility[before]))
			}
			next[before][at] = best
		}
	}
	agreed := next[b.n-1][(fills-1)*states+states/2] // keeps the figures small
	for q := range b.n {
		for at := range b.actions {
			b.now[q][at] = next[q][at] - agreed
		}
	}
}

func abs(x float32) float32 { return max(x, -x) }

// store packs a table.
func (v *values) store(temper, reach int, from *sheet) {
	var peaks [fills * states]float32
	low, high := float32(math.Inf(1)), float32(math.Inf(-1))
	for at := range peaks {
		peaks[at] = from[0][at]
		for q := range v.n {
			peaks[at] = max(peaks[at], from[q][at])
		}
		low, high = min(low, peaks[at]), max(high, peaks[at])
	}
	unit := max(high-low, 1e-3) / math.MaxUint16
	v.scale[temper][reach].low, v.scale[temper][reach].unit = low, unit
	for at, peak := range peaks {
		f, s := at/states, at%states
		v.peak[temper][reach][f][s] = uint16(min((peak-low)/unit+0.5, math.MaxUint16))
		less := v.lessAt(temper, reach, f)[s*v.n:]
		for q := range v.n {
			less[q] = uint8(min((peak-from[q][at])/v.unit+0.5, math.MaxUint8))
		}
	}
}

// lessAt gives what is kept of a fill: for each state and rendition.
func (v *values) lessAt(temper, reach, fill int) []uint8 {
	at := ((temper*reaches+reach)*fills + fill) * states * v.n
	return v.less[at : at+states*v.n]
}

// prospect is the value of each buffer and state behind a segment in one rendition: what is read of the tables
// for one decision. A fill's row is worked out when it is first asked for.
type prospect struct {
	v      *values
	temper int
	q      int
	reach  int     // the lower of two tables
	toward float32 // the next
	end    endLook
	known  uint32 // fills
	row    [fills][states]float32
}

// look begins a prospect for a link of a level, with so many seconds to be fetched after the segment.
func (p *prospect) look(v *values, temper int, level float32, q int, left float32) {
	x := min(max((level-v.level)/v.apart, 0), reaches-1)
	p.v, p.temper, p.q, p.known = v, temper, q, 0
	p.reach = min(int(x), reaches-2)
	p.toward = x - float32(p.reach)
	p.end = lookAtEnd(left)
}

// at gives the value of a buffer and a state.
func (p *prospect) at(buffer float32, state int32) float32 {
	i, f := p.v.fillAt(buffer)
	x := p.fill(i)[state]
	if f > 0 {
		x += f * (p.fill(i + 1)[state] - x)
	}
	return x
}

// fill gives the row of a fill.
func (p *prospect) fill(i int) *[states]float32 {
	row := &p.row[i]
	if p.known&(1<<i) != 0 {
		return row
	}
	p.known |= 1 << i
	*row = [states]float32{}
	v := p.v
	for k, weight := range [2]float32{1 - p.toward, p.toward} {
		if weight == 0 {
			continue
		}
		scale, peak, less := &v.scale[p.temper][p.reach+k], &v.peak[p.temper][p.reach+k][i], v.lessAt(p.temper, p.reach+k, i)
		for s := range row {
			row[s] += weight * (scale.low + scale.unit*float32(peak[s]) - v.unit*float32(less[s*v.n+p.q]))
		}
	}
	p.atEnd(i, row)
	return row
}

func seconds(d time.Duration) float32 { return float32(d.Seconds()) }
