package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/segue-audio/segue/abr/abrtest"
)

// manners are what a player does around its rule: how much room it has, whether it rests, and what it
// fetches for a listener who may skip.
type manners struct {
	room, rest float64 // seconds
	heads      bool
}

// rests are tried with a listener who hears all of it.
func rests() []manners {
	return []manners{{room: 120}, {room: 120, rest: 30}, {room: 120, rest: 60}, {room: 120, rest: 90}}
}

// skipping are tried with a listener who skips.
func skipping() []manners {
	var list []manners
	for _, room := range []float64{30, 120, 300} {
		list = append(list, manners{room: room}, manners{room: room, heads: true})
	}
	return list
}

// cells are the ones in which manners are tried: one of each network.
func (m manners) cells(skips bool) []abrtest.Cell {
	var list []abrtest.Cell
	for _, c := range []abrtest.Cell{{Network: "3g", Scale: 1}, {Network: "4g", Scale: 0.1}, {Network: "fixed", Scale: 0.5}} {
		c.Segment, c.Buffer, c.Rest, c.Heads, c.Skips = 4, m.room, m.rest, m.heads, skips
		list = append(list, c)
	}
	return list
}

// mannersCells are all of them.
func mannersCells() (list []abrtest.Cell) {
	for _, m := range rests() {
		list = append(list, m.cells(false)...)
	}
	for _, m := range skipping() {
		list = append(list, m.cells(true)...)
	}
	return list
}

// tryManners runs a rule in all of them, on the links of a lab.
func tryManners(p *program, lab abrtest.Lab, rule []abrtest.Entry) (abrtest.Table, error) {
	sessions, err := runLab(p, abrtest.Lab{Traces: lab.Traces, Cells: mannersCells(), Entries: rule, Workers: lab.Workers})
	return abrtest.Tabulate(rule, sessions), err
}

// HasManners tells whether they were tried.
func (p *page) HasManners() bool { return len(p.manners.Groups) > 0 }

// mean is that of the default rule's scores in the cells of manners.
func (p *page) mean(m manners, skips bool, of func(abrtest.Score) float64) float64 {
	sum, n := 0.0, 0.0
	for _, c := range m.cells(skips) {
		if list := p.manners.Scores[c.Group()]; len(list) > 0 {
			sum += of(list[0])
			n++
		}
	}
	return sum / max(1, n)
}

// Rests says what it costs to let a radio sleep.
func (p *page) Rests() string {
	var b strings.Builder
	b.WriteString("| rest | radio up | QoE | worst tenth | stalls an hour |\n|---|---:|---:|---:|---:|\n")
	for _, m := range rests() {
		fmt.Fprintf(&b, "| %g s | %.0f %% | %s | %s | %.2f |\n", m.rest,
			p.mean(m, false, func(s abrtest.Score) float64 { return s.RadioPercent }),
			minus(p.mean(m, false, func(s abrtest.Score) float64 { return s.QoE })),
			minus(p.mean(m, false, func(s abrtest.Score) float64 { return s.Worst })),
			p.mean(m, false, func(s abrtest.Score) float64 { return s.StallsPerHour }))
	}
	return b.String()
}

// Skips says what it costs to have music there that may be skipped.
func (p *page) Skips() string {
	var b strings.Builder
	b.WriteString("| room | next track's beginning | waited | wasted | QoE | stalls an hour |\n|---|---|---:|---:|---:|---:|\n")
	for _, m := range skipping() {
		when := "in its turn"
		if m.heads {
			when = "once the room is full"
		}
		fmt.Fprintf(&b, "| %g s | %s | %.2f s | %.1f %% | %s | %.2f |\n", m.room, when,
			p.mean(m, true, func(s abrtest.Score) float64 { return s.StartSeconds }),
			p.mean(m, true, func(s abrtest.Score) float64 { return s.WastedPercent }),
			minus(p.mean(m, true, func(s abrtest.Score) float64 { return s.QoE })),
			p.mean(m, true, func(s abrtest.Score) float64 { return s.StallsPerHour }))
	}
	return b.String()
}

// MannersLinks says where they were tried.
func (p *page) MannersLinks() string {
	var list []string
	for _, c := range rests()[0].cells(false) {
		if slices.Contains(p.manners.Groups, c.Group()) {
			list = append(list, fmt.Sprintf("%s × %g", c.Network, c.Scale))
		}
	}
	return strings.Join(list, ", ")
}

// tryStopping runs a rule in the cells of a lab with a client that is done once the last segment is here.
func tryStopping(p *program, lab abrtest.Lab, rule []abrtest.Entry) (abrtest.Table, error) {
	cells := lab.Cells
	if cells == nil {
		cells = abrtest.Cells()
	}
	lab.Cells, lab.Entries, lab.Bounds = slices.Clone(cells), rule, 0
	for i := range lab.Cells {
		lab.Cells[i].Stops = true
	}
	sessions, err := runLab(p, lab)
	return abrtest.Tabulate(rule, sessions), err
}

// Stopping says what it would cost to be done with the last segment.
func (p *page) Stopping() string {
	if len(p.stopped.Groups) == 0 {
		return ""
	}
	var list []string
	for _, g := range p.stopped.Groups {
		if g != abrtest.All {
			list = append(list, fmt.Sprintf("%s %.1f", strings.TrimSuffix(g, " stops"), p.stopped.Scores[g][0].Gain))
		}
	}
	return fmt.Sprintf("The client goes on upgrading what waits after the last segment is here, until it is heard, as `player` does with the last "+
		"entry of its queue. The optimum and the other rules upgrade nothing, so it is the same to them. In a client that stops there (cells with "+
		"`:stops`) %s gets %.1f %% over all groups: %s.", defaultRule, p.stopped.Scores[abrtest.All][0].Gain, strings.Join(list, ", "))
}
