package abr

import (
	"math"
	"strconv"
	"strings"
)

// The model of a link, which says what may come after what.
//
// A link's rate over four seconds, in octaves above or below its Level, is in one of a few states, and a table says
// how probable each is to follow. Since the table is relative, one serves every link and every ladder; what tells
// links apart is how much they move, hence a table for each class of volatility, and what kind they are. All were
// counted in recorded links: package learn of abrtest counts them anew, and says from which.
const (
	states  = 11
	classes = 3 // calm, moving, rough
)

// octaves are the states, about a link's Level.
func octaves() [states]float32 {
	return [states]float32{-6, -4.5, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 2}
}

// matrix gives for each state the probabilities of those that may follow.
type matrix [states][states]float32

// vector is a distribution over states.
type vector [states]float32

// class gives the class of a Link.Volatility, in octaves.
func class(volatility float64) int {
	switch {
	case volatility <= 0.15:
		return 0
	case volatility <= 0.45:
		return 1
	}
	return 2
}

// place gives the state at or below an octave, and how far it is to the next, 0 to 1.
func place(octave float32) (int, float32) {
	at := octaves()
	if octave <= at[0] {
		return 0, 0
	}
	for i := 1; i < states; i++ {
		if octave < at[i] {
			return i - 1, (octave - at[i-1]) / (at[i] - at[i-1])
		}
	}
	return states - 1, 0
}

// matrices reads the tables of a kind of network: one for each class, and after them the same for a link of
// which outages are known.
func matrices(n Network) (list [2 * classes]matrix) {
	text := modelText
	if i := strings.Index(text, "network "+string(n)+"\n"); n != NetworkUnknown && i >= 0 {
		text = text[i:]
	}
	_, text, _ = strings.Cut(text, "\n")
	for c := range classes {
		_, text, _ = strings.Cut(text, "\n") // its title
		for i := range states {
			var line string
			line, text, _ = strings.Cut(text, "\n")
			list[c][i] = row(line)
		}
		list[classes+c] = list[c].withOutages(outageHazard)
		if n.cellular() {
			list[c] = list[c].withOutages(cellularHazard)
		}
	}
	return list
}

// row reads the probabilities of what may follow a state, in thousandths.
func row(line string) (v vector) {
	sum := float32(0)
	for j, word := range strings.Fields(line) {
		if x, err := strconv.ParseUint(word, 10, 16); err == nil && j < states {
			v[j] = float32(x)
			sum += v[j]
		}
	}
	for j := range v {
		v[j] /= sum
	}
	return v
}

// What is believed of a link once it has had an outage: that the next comes after five minutes of data, and lasts
// half a minute, on average.
//
// A cellular link is never above suspicion: before its first outage one is expected in half an hour.
const (
	outageHazard   = 0.014 // a step
	cellularHazard = 0.002
	outageStay     = 0.86 // a step
)

// withOutages gives m with outages that come out of the blue, from which the link comes back as it was.
func (m *matrix) withOutages(hazard float32) (o matrix) {
	o = *m
	for i, octave := range octaves() {
		switch {
		case octave > -outageDepth:
			for j := range o[i] {
				o[i][j] *= 1 - hazard
			}
			o[i][0] += hazard
		default:
			usual := m[states-4] // of a link that is at its Level
			for j := range o[i] {
				o[i][j] = (1 - outageStay) * usual[j]
			}
			o[i][i] += outageStay
		}
	}
	o.order()
	return o
}

// order sees to it that nothing better is to be expected of a lower state than of a higher one: where a few cases that were
// counted, or what is believed of outages, say so, the lower one is taken to be as bad.
func (m *matrix) order() {
	for i := states - 2; i >= 0; i-- {
		above, here, before := float32(0), float32(0), float32(0) // the chances of all states up to j
		for j := range states {
			above += m[i+1][j]
			here += m[i][j]
			upTo := max(above, here)
			m[i][j] = upTo - before
			before = upTo
		}
	}
}

// unheard is where a link may be of which nothing has been measured: within a factor of two or three of its prior.
func unheard() (v vector) {
	sum := float32(0)
	for i, x := range octaves() {
		v[i] = float32(math.Exp(-float64(x*x) / 4))
		sum += v[i]
	}
	for i := range v {
		v[i] /= sum
	}
	return v
}
