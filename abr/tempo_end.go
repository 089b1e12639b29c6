package abr

import "math"

// Where the music ends, a buffer is worth nothing: what is left in it then could have been spent on a better rendition.
// How much that changes of a value is kept for two moments before the end, more coarsely than the values themselves.
// It is the same for links with outages and without.
const (
	endNodes  = 2
	endFar    = 640 // seconds of music that are to be fetched, from which on the end is too far to matter
	endStates = 3
	endFills  = 6
	endKnots  = 4 // renditions, from the lowest to the best
)

// endsAt are the moments, in seconds of music that are to be fetched.
func endsAt() [endNodes]float32 { return [endNodes]float32{40, 160} }

// endFill and endState are those for which something is kept; between them it is interpolated.
func endFill() [endFills]int   { return [endFills]int{0, 2, 4, 6, 8, fills - 1} }
func endState() [endStates]int { return [endStates]int{0, 6, states - 1} }

// ends is what the nearness of the end changes.
type ends struct {
	table [classes][reaches][endNodes][endFills][endStates][endKnots]uint16
	scale [classes][reaches][endNodes]struct{ low, unit float32 }
}

// endKnot gives the renditions, of n, for which something is kept.
func endKnot(n int) (list [endKnots]int) {
	for k := range list {
		list[k] = (k*(n-1) + endKnots - 2) / (endKnots - 1)
	}
	return list
}

// store packs the difference of the values near to the end and those far from it.
func (e *ends) store(class, reach, node, n int, near, far *sheet) {
	var all [endFills][endStates][endKnots]float32
	low, high := float32(math.Inf(1)), float32(math.Inf(-1))
	for i, f := range endFill() {
		for j, s := range endState() {
			for k, q := range endKnot(n) {
				x := near[q][f*states+s] - far[q][f*states+s]
				all[i][j][k] = x
				low, high = min(low, x), max(high, x)
			}
		}
	}
	unit := max(high-low, 1e-3) / math.MaxUint16
	e.scale[class][reach][node].low, e.scale[class][reach][node].unit = low, unit
	for i := range all {
		for j := range all[i] {
			for k, x := range all[i][j] {
				e.table[class][reach][node][i][j][k] = uint16(min((x-low)/unit+0.5, math.MaxUint16))
			}
		}
	}
}

// endLook is how much of the values, and of each node, there is in a value so far from the end.
type endLook struct {
	whole float32
	node  [endNodes]float32
}

// lookAtEnd says it for so many seconds that are to be fetched. Behind the last segment nothing is worth anything, and from there
// to the first node values grow evenly.
func lookAtEnd(left float32) endLook {
	at := endsAt()
	switch {
	case left < at[0]:
		f := left / at[0]
		return endLook{f, [endNodes]float32{f, 0}}
	case left < at[1]:
		f := (left - at[0]) / (at[1] - at[0])
		return endLook{1, [endNodes]float32{1 - f, f}}
	case left < endFar:
		return endLook{1, [endNodes]float32{0, (endFar - left) / (endFar - at[1])}}
	}
	return endLook{whole: 1}
}

// atEnd adds to a row of values what the nearness of the end changes.
func (p *prospect) atEnd(fill int, row *[states]float32) {
	if p.end == (endLook{whole: 1}) {
		return
	}
	var change [endStates]float32
	i, f := between(endFill(), fill)
	k, g := between(endKnot(p.v.n), p.q)
	e, class := &p.v.ends, p.temper%classes
	for node, share := range p.end.node {
		for r, weight := range [2]float32{1 - p.toward, p.toward} {
			weight *= share
			if weight == 0 {
				continue
			}
			scale, table := &e.scale[class][p.reach+r][node], &e.table[class][p.reach+r][node]
			for s := range change {
				low := float32(table[i][s][k])*(1-g) + float32(table[i][s][k+1])*g
				high := float32(table[i+1][s][k])*(1-g) + float32(table[i+1][s][k+1])*g
				change[s] += weight * (scale.low + scale.unit*(low+f*(high-low)))
			}
		}
	}
	for s := range row {
		j, h := between(endState(), s)
		row[s] = p.end.whole*row[s] + change[j] + h*(change[j+1]-change[j])
	}
}

// between gives the place in a list at or below x, and how far it is to the next. x is within the list.
func between[L [endFills]int | [endStates]int | [endKnots]int](list L, x int) (int, float32) {
	i := 0
	for i < len(list)-2 && list[i+1] <= x {
		i++
	}
	return i, float32(x-list[i]) / float32(max(1, list[i+1]-list[i]))
}
