package abr

import "math"

// outcome is one way in which a download may end: after so many seconds, with the link in that state.
type outcome struct {
	seconds float32
	state   int32
	p       float32
}

const (
	shares      = 10   // that what remains of a download is divided into
	maxSteps    = 24   // that a download is followed for: 96 s
	littleMass  = 4e-3 // of downloads that are still under way, and are followed no further
	tinyMass    = 1e-6
	maxOutcomes = states * (maxSteps + 2)
)

// outcomes are the ways in which a download may end. The array is the scratch, and there is room for all.
type outcomes struct {
	list [maxOutcomes]outcome
	n    int
}

func (o *outcomes) add(seconds float32, state int, p float32) {
	o.list[o.n] = outcome{seconds, int32(state), p}
	o.n++
}

// remains is a distribution over states and shares of a download that remain.
type remains [states]rest

// rest is what of a distribution is in one state.
type rest [shares + 1]float32

// span gives the first and the last share that counts, of those that are not nothing.
func (r *rest) span() (first, last int) {
	first, last = 1, shares
	for first <= last && r[first] < tinyMass {
		first++
	}
	for last > first && r[last] < tinyMass {
		last--
	}
	return first, last
}

func (r *remains) put(state int, share, p float32) {
	x := share * shares
	i := int(x)
	if i >= shares {
		r[state][shares] += p
		return
	}
	f := x - float32(i)
	r[state][i] += p * (1 - f)
	r[state][i+1] += p * f
}

// download works out how a download of so many bits may end, on a link of the given level (log2 of bits a second)
// that is in the states of the coming four seconds with the probabilities of start, and moves by m. Four seconds
// are of one rate.
func (o *outcomes) download(m *matrix, start *vector, bits, level float32) {
	o.n = 0
	const interval = float32(4)
	var carries vector // the share of the bits that an interval brings
	for i, octave := range octaves() {
		carries[i] = float32(math.Exp2(float64(level+octave))) * interval / max(bits, 1)
	}
	var now remains
	left := float32(0)
	for i, p := range start {
		switch {
		case p < tinyMass:
		case carries[i] >= 1:
			o.add(interval/carries[i], i, p)
		default:
			now.put(i, 1-carries[i], p)
			left += p
		}
	}
	seconds := interval
	for range maxSteps {
		if left < littleMass {
			break
		}
		left = o.follow(m, &now, &carries, seconds)
		seconds += interval
	}
	for i := range now {
		p := float32(0)
		for _, q := range now[i] {
			p += q
		}
		if p > 0 {
			o.add(seconds, i, p)
		}
	}
}

// plus adds a mass of what follows a state. All that takes long comes down to this, hence no loop.
func (v *vector) plus(mass float32, row *vector) {
	v[0] += mass * row[0]
	v[1] += mass * row[1]
	v[2] += mass * row[2]
	v[3] += mass * row[3]
	v[4] += mass * row[4]
	v[5] += mass * row[5]
	v[6] += mass * row[6]
	v[7] += mass * row[7]
	v[8] += mass * row[8]
	v[9] += mass * row[9]
	v[10] += mass * row[10]
}

// follow moves what remains on by an interval that begins at the given time, and gives the mass that is left.
func (o *outcomes) follow(m *matrix, now *remains, carries *vector, seconds float32) (left float32) {
	const interval = float32(4)
	var moved [shares + 1]vector // by share: in the states of this interval
	var next remains             // at its end
	var p, late vector           // of what ends in this interval: mass, and mass times seconds
	for i := range now {
		p[i] = now[i][0]
		first, last := now[i].span()
		if first > last {
			continue
		}
		for k := first; k <= last; k++ {
			moved[k].plus(now[i][k], (*vector)(&m[i]))
		}
	}
	for j := range states {
		for k := 1; k <= shares; k++ {
			q, share := moved[k][j], float32(k)/shares
			switch {
			case q < tinyMass:
			case carries[j] >= share:
				p[j] += q
				late[j] += q * interval * share / carries[j]
			default:
				next.put(j, share-carries[j], q)
				left += q
			}
		}
	}
	for j := range p {
		if p[j] > 0 {
			o.add(seconds+late[j]/p[j], j, p[j])
		}
	}
	*now = next
	return left
}

// later is the chance that it takes longer than so many seconds.
func (o *outcomes) later(seconds float32) (p float32) {
	for _, e := range o.list[:o.n] {
		if e.seconds > seconds {
			p += e.p
		}
	}
	return p
}

// exceeded gives the seconds that a download takes with more than a chance p, at least.
func (o *outcomes) exceeded(p float32) float32 {
	least, most := float32(0), float32(0)
	for _, e := range o.list[:o.n] {
		most = max(most, e.seconds)
	}
	for most-least > 0.01 {
		if middle := (least + most) / 2; o.later(middle) > p {
			least = middle
		} else {
			most = middle
		}
	}
	at := least // of the few that end at about the same time, the last
	for _, e := range o.list[:o.n] {
		if e.seconds <= most {
			at = max(at, e.seconds)
		}
	}
	return at
}
