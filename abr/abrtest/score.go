package abrtest

import (
	"slices"
)

// Score is what an algorithm did in several cells. Figures of cells count alike, however many links a cell
// has.
type Score struct {
	Cells, Sessions int
	QoE             float64 // the mean
	Worst           float64 // the mean of the worst tenth of the sessions
	Gain            float64 // percent of what the optimum has above the lowest rendition; the mean of the cells
	Kbps            float64 // the mean of what was heard
	StallsPerHour   float64
	StalledPercent  float64 // of the time after the start
	StartSeconds    float64 // of a session
	SwitchesPerMin  float64
	WastedPercent   float64 // of the bits
	RadioPercent    float64 // of the time, in which a phone's radio is up
}

// Table holds the scores of all algorithms in all groups of cells.
type Table struct {
	Names  []string           // of the algorithms, and at last "optimum" where it was looked for
	Groups []string           // in the order of the cells, and at last "all"
	Scores map[string][]Score // by group, in the order of Names
}

// All is the name of the group that has all cells, and Best that of the row of the optimum.
const (
	All  = "all"
	Best = "optimum"
)

// Tabulate adds up sessions. The entries are those of the Lab that ran them.
func Tabulate(entries []Entry, sessions []Session) Table {
	t := Table{Scores: map[string][]Score{}}
	for _, e := range entries {
		t.Names = append(t.Names, e.Name)
	}
	optimum := slices.ContainsFunc(sessions, func(s Session) bool { return s.Optimum.Heard > 0 })
	if optimum {
		t.Names = append(t.Names, Best)
	}
	groups := map[string][]Session{}
	for _, s := range sessions {
		g := s.Cell.Group()
		if groups[g] == nil {
			t.Groups = append(t.Groups, g)
		}
		groups[g] = append(groups[g], s)
		groups[All] = append(groups[All], s)
	}
	t.Groups = append(t.Groups, All)
	for g, list := range groups {
		for k := range t.Names {
			t.Scores[g] = append(t.Scores[g], score(list, func(s *Session) *Metrics {
				if k == len(entries) {
					return &s.Optimum
				}
				return &s.Of[k]
			}))
		}
	}
	return t
}

// sums are of the sessions of one cell.
type sums struct {
	n, qoe, floor, optimum         float64
	kbps, stalls, stalled, heard   float64
	waited, switches, bits, wasted float64
	radio, wall                    float64
}

// score adds up the sessions of a group.
func score(list []Session, of func(*Session) *Metrics) Score {
	cells := map[Cell]*sums{}
	var order []*sums
	var qoes []float64
	for i := range list {
		s, m := &list[i], of(&list[i])
		c := cells[s.Cell]
		if c == nil {
			c = new(sums)
			cells[s.Cell] = c
			order = append(order, c)
		}
		c.add(m)
		c.floor += s.Floor
		c.optimum += s.Optimum.QoE
		qoes = append(qoes, m.QoE)
	}
	r := Score{Cells: len(order), Sessions: len(list), Worst: worstTenth(qoes)}
	n := float64(len(order))
	for _, c := range order {
		r.QoE += c.qoe / c.n / n
		r.Kbps += c.kbps / c.n / n
		r.StallsPerHour += c.stalls / ((c.heard + c.stalled) / 3600e3) / n
		r.StalledPercent += 100 * c.stalled / (c.heard + c.stalled) / n
		r.StartSeconds += c.waited / c.n / 1000 / n
		r.SwitchesPerMin += c.switches / (c.heard / 60e3) / n
		r.WastedPercent += 100 * c.wasted / c.bits / n
		r.RadioPercent += 100 * c.radio / c.wall / n
		if above := c.optimum - c.floor; above > 0 {
			r.Gain += 100 * (c.qoe - c.floor) / above / n
		}
	}
	return r
}

func (c *sums) add(m *Metrics) {
	c.n++
	c.qoe += m.QoE
	c.kbps += m.Kbps
	c.stalls += float64(m.Stalls)
	c.stalled += m.Stalled
	c.heard += m.Heard
	c.waited += m.Waited
	c.switches += float64(m.Switches)
	c.bits += m.Bits
	c.wasted += m.Wasted()
	c.radio += m.Radio
	c.wall += m.Wall
}

// worstTenth is the mean of the lowest tenth of the values, and of one at least.
func worstTenth(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	sum, n := 0.0, (len(sorted)+9)/10
	for _, v := range sorted[:n] {
		sum += v / float64(n)
	}
	return sum
}
