package main

import (
	_ "embed"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/segue-audio/segue/abr/abrtest"
)

//go:embed page.md.tmpl
var pageText string

// page is the page of documentation.
type page struct {
	Links  string // how many, and which
	Oracle string // what it reaches; may be empty

	rules    []abrtest.Entry
	sessions []abrtest.Session
	table    abrtest.Table
	made     abrtest.Table
	manners  abrtest.Table // of a player around the default rule
	stopped  abrtest.Table // of the default rule in a client that does nothing more once the last segment is here
	picture  string        // the name of its file
}

// write writes the page, and beside it the picture that is in it.
func (p *page) write(file string, drawing *picture) error {
	p.picture = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)) + ".svg"
	text, err := template.New("page").Parse(pageText)
	if err != nil {
		return err
	}
	if err := writeFile(file, func(w io.Writer) error { return text.Execute(w, p) }); err != nil {
		return err
	}
	return writeFile(filepath.Join(filepath.Dir(file), p.picture), drawing.write)
}

// sources credits whoever recorded links, by what the names of files begin with.
func sources() []struct{ prefix, credit string } {
	return []struct{ prefix, credit string }{
		{"no-", "Telenor's 3G on the way to work in Oslo (Riiser et al., MMSys 2013)"},
		{"mm-", "cellular links in the United States (Winstein et al., NSDI 2013)"},
		{"be-", "4G in Ghent (van der Hooft et al., IEEE Communications Letters 2016)"},
		{"lu-", "4G in China (Lv et al., INFOCOM 2022)"},
		{"fcc-", "the FCC's Measuring Broadband America 2016"},
		{"ob-", "Oboe's sessions (Akhtar et al., SIGCOMM 2018)"},
		{"pf", "Puffer (Yan et al., NSDI 2020)"},
	}
}

// Sources names the ones that were used.
func (p *page) Sources() string {
	var list []string
	for _, s := range sources() {
		if slices.ContainsFunc(p.sessions, func(x abrtest.Session) bool { return strings.HasPrefix(x.Trace, s.prefix) }) {
			list = append(list, s.credit)
		}
	}
	if len(list) == 0 {
		return ""
	}
	return "Recorded by others: " + strings.Join(list, "; ") + "."
}

// peer tells whether a rule is another player's.
func (p *page) peer(k int) bool { return k < len(p.rules) && p.rules[k].Checked != "" }

// Verdict says how the default rule stands beside the others', as the figures have it.
func (p *page) Verdict() string {
	us := slices.Index(p.table.Names, defaultRule)
	if us < 0 {
		return ""
	}
	ahead := func(of func(abrtest.Score) float64) (groups, best int) {
		for _, g := range p.table.Groups {
			if g == abrtest.All {
				continue
			}
			groups++
			beaten := true
			for k, s := range p.table.Scores[g] {
				beaten = beaten && !(p.peer(k) && of(s) >= of(p.table.Scores[g][us]))
			}
			if beaten {
				best++
			}
		}
		return groups, best
	}
	groups, mean := ahead(func(s abrtest.Score) float64 { return s.QoE })
	_, worst := ahead(func(s abrtest.Score) float64 { return s.Worst })
	return fmt.Sprintf("The default rule, %s, gets %.1f %% of what is attainable over all groups. It is ahead of every other player's rule "+
		"in mean quality in %d of %d groups, and in the worst tenth in %d. %s", defaultRule, p.table.Scores[abrtest.All][us].Gain, mean, groups, worst, p.calm(us))
}

// calm compares stalls and bit rates over all groups.
func (p *page) calm(us int) string {
	var peers, beaten int
	var better []string
	ours := p.table.Scores[abrtest.All][us]
	for k, s := range p.table.Scores[abrtest.All] {
		if !p.peer(k) {
			continue
		}
		peers++
		switch {
		case s.StallsPerHour >= ours.StallsPerHour && s.Kbps <= ours.Kbps:
			beaten++
		case s.StallsPerHour <= ours.StallsPerHour && s.Kbps >= ours.Kbps:
			better = append(better, p.table.Names[k])
		}
	}
	text := fmt.Sprintf("Over all groups it stalls less often at a higher bit rate than %d of the %d others", beaten, peers)
	if len(better) == 0 {
		return text + ", and none does so than it."
	}
	return text + "; " + strings.Join(better, ", ") + " than it."
}

// Gains, Quality, Worst and Stalls are tables of rules and groups.
func (p *page) Gains() string {
	return grid(p.table, "", func(s abrtest.Score) float64 { return s.Gain })
}

// Quality is in points.
func (p *page) Quality() string {
	return grid(p.table, "mean", func(s abrtest.Score) float64 { return s.QoE })
}

// Worst is of the worst tenth.
func (p *page) Worst() string {
	return grid(p.table, "worst tenth", func(s abrtest.Score) float64 { return s.Worst })
}

// Made is the share of the attainable gain on links of our own making.
func (p *page) Made() string {
	return grid(p.made, "", func(s abrtest.Score) float64 { return s.Gain })
}

// grid makes a table of rules and groups, the best rule of each column in bold.
func grid(t abrtest.Table, title string, of func(abrtest.Score) float64) string {
	best := map[string]float64{}
	for _, g := range t.Groups {
		best[g] = math.Inf(-1)
		for k, s := range t.Scores[g] {
			if t.Names[k] != abrtest.Best {
				best[g] = max(best[g], of(s))
			}
		}
	}
	return rows(t, title, func(g string, k int) string {
		v := of(t.Scores[g][k])
		text := minus(v)
		if v == best[g] && t.Names[k] != abrtest.Best {
			return "**" + text + "**"
		}
		return text
	})
}

// Stalls has stalls and bit rates.
func (p *page) Stalls() string {
	return rows(p.table, "stalls / kbps", func(g string, k int) string {
		s := p.table.Scores[g][k]
		return fmt.Sprintf("%.1f / %.0f", s.StallsPerHour, s.Kbps)
	})
}

func rows(t abrtest.Table, title string, text func(group string, k int) string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | %s |\n|---|%s\n", title, strings.Join(t.Groups, " | "), strings.Repeat("---:|", len(t.Groups)))
	for k, name := range t.Names {
		fmt.Fprintf(&b, "| %s |", name)
		for _, g := range t.Groups {
			fmt.Fprintf(&b, " %s |", text(g, k))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Details are the other figures, over all groups.
func (p *page) Details() string {
	var b strings.Builder
	b.WriteString("| | stalls an hour | stalled | start | switches a minute | kbps | wasted |\n|---|---:|---:|---:|---:|---:|---:|\n")
	for k, name := range p.table.Names {
		s := p.table.Scores[abrtest.All][k]
		fmt.Fprintf(&b, "| %s | %.2f | %.2f %% | %.2f s | %.2f | %.0f | %.1f %% |\n", name, s.StallsPerHour, s.StalledPercent,
			s.StartSeconds, s.SwitchesPerMin, s.Kbps, s.WastedPercent)
	}
	return b.String()
}

// Cells says what each group is made of.
func (p *page) Cells() string {
	type group struct {
		name  string
		cells []string
	}
	var list []*group
	sessions := map[abrtest.Cell]int{}
	for _, s := range p.sessions {
		sessions[s.Cell]++
	}
	for _, c := range cellsOf(p.sessions) {
		text := fmt.Sprintf("× %g (%d)", c.Scale, sessions[c])
		if c.Tunnels {
			text = fmt.Sprintf("%s b%g %s", c.Network, c.Buffer, text)
		}
		if i := slices.IndexFunc(list, func(g *group) bool { return g.name == c.Group() }); i >= 0 {
			list[i].cells = append(list[i].cells, text)
		} else {
			list = append(list, &group{c.Group(), []string{text}})
		}
	}
	var b strings.Builder
	b.WriteString("| group | rates (links) |\n|---|---|\n")
	for _, g := range list {
		fmt.Fprintf(&b, "| %s | %s |\n", g.name, strings.Join(g.cells, ", "))
	}
	return b.String()
}

// Bounds says how close the optimum is to what no plan passes.
func (p *page) Bounds() string {
	n, most, sum := 0, 0.0, 0.0
	for _, s := range p.sessions {
		if d := s.Bound - s.Optimum.QoE; !math.IsNaN(d) {
			n++
			most = max(most, d)
			sum += d
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" That no plan of renditions does better is bounded by a second search in which every segment arrives up to 25 ms early: in %d "+
		"sessions, taken evenly, that bound lies %.2f points above the optimum on average and %.2f at most.", n, sum/float64(n), most)
}

// Rules says what each rule is.
func (p *page) Rules() string {
	var b strings.Builder
	b.WriteString("| rule | what it is |\n|---|---|\n")
	for _, e := range p.rules {
		fmt.Fprintf(&b, "| %s | %s |\n", e.Name, e.About)
	}
	return b.String()
}

// Checked says of the others' rules how they were found to be like their originals.
func (p *page) Checked() string {
	var ways []string
	names := map[string][]string{}
	for k, e := range p.rules {
		if !p.peer(k) {
			continue
		}
		if names[e.Checked] == nil {
			ways = append(ways, e.Checked)
		}
		names[e.Checked] = append(names[e.Checked], e.Name)
	}
	var b strings.Builder
	for _, way := range ways {
		fmt.Fprintf(&b, "- %s: %s.\n", strings.Join(names[way], ", "), way)
	}
	return b.String()
}

// Picture is the one that lies beside the page.
func (p *page) Picture() string {
	return fmt.Sprintf("A made link of 3G at its worst, %s beside the optimum: `abrlab run --made --link %s --svg FILE`.\n\n"+
		"![bandwidth, requests, renditions and buffer of one session](%s)", defaultRule, pictured, p.picture)
}
