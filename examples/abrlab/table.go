package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/segue-audio/segue/abr/abrtest"
)

// tableCommand runs rules over links.
type tableCommand struct {
	linkFlags `embed:""`

	Rules   []string `placeholder:"NAME,…" help:"Only these, by name or pattern ('dash*'); see abrlab rules."`
	Cells   []string `placeholder:"CELL,…" help:"Instead of the yardstick's: network:scale:buffer:segment, and :tunnels, :skips, :lossy, :heads, :stops, :restN."`
	Workers int      `default:"1" help:"Sessions at the same time; 0 for as many as there are processors."`
	Cache   string   `placeholder:"FOLDER" help:"Where optima are kept from one time to the next; without it the user's cache folder."`
	Optimum bool     `default:"true" negatable:"" help:"Look for the optimum."`
	Bounds  int      `placeholder:"N" help:"For every n-th session, find how much no plan passes, as --write does for every 25th."`
	Detail  bool     `help:"Each cell on its own as well."`
	Brief   bool     `help:"Of the page: leave out what a player does around its rule, and what can be reached without seeing into the future."`
	Write   string   `placeholder:"FILE" help:"Write the page of documentation there, and its picture beside it (docs/ABR.md)."`
}

// Run makes the table.
func (c *tableCommand) Run(p *program) error {
	rules, err := choose(c.Rules)
	if err != nil {
		return err
	}
	links, about, err := c.load()
	if err != nil {
		return err
	}
	lab := abrtest.Lab{Traces: links, Entries: rules, Optimum: c.Optimum, Bounds: c.Bounds, Workers: c.Workers}
	if lab.Workers <= 0 {
		lab.Workers = runtime.GOMAXPROCS(0)
	}
	for _, text := range c.Cells {
		cell, err := abrtest.ParseCell(text)
		if err != nil {
			return fmt.Errorf("%w: %w", errUsage, err)
		}
		lab.Cells = append(lab.Cells, cell)
	}
	if lab.Cache, err = folderCache(c.Cache); err != nil {
		return err
	}
	if c.Write != "" {
		return c.page(p, lab, about)
	}
	sessions, err := runLab(p, lab)
	if err != nil {
		return err
	}
	if c.Detail {
		for _, cell := range cellsOf(sessions) {
			only := slices.DeleteFunc(slices.Clone(sessions), func(s abrtest.Session) bool { return s.Cell != cell })
			t := abrtest.Tabulate(rules, only)
			if err := printGroup(p.stdout, cell.String(), t, abrtest.All); err != nil {
				return err
			}
		}
	}
	return printTable(p.stdout, about, abrtest.Tabulate(rules, sessions))
}

// runLab runs it with a meter.
func runLab(p *program, lab abrtest.Lab) ([]abrtest.Session, error) {
	meter := newMeter(p.stderr)
	lab.Progress = meter.show
	sessions, err := lab.Run(p.ctx)
	meter.end()
	if err == nil && len(sessions) == 0 {
		err = fmt.Errorf("%w: no link is of a cell's network and fast enough for it", errUsage)
	}
	return sessions, err
}

// boundsOnPage is for how many sessions the page has one with a bound.
const boundsOnPage = 25

// page writes the page of documentation.
func (c *tableCommand) page(p *program, lab abrtest.Lab, about string) error {
	if c.Traces == "" && !c.Made && usual() == "" {
		return fmt.Errorf("%w: no recorded links: name their folder with --traces or SEGUE_ABR, or say --made", errUsage)
	}
	if _, err := os.Stat(filepath.Dir(c.Write)); err != nil { // better now than after minutes
		return err
	}
	lab.Bounds = cmp.Or(lab.Bounds, boundsOnPage)
	sessions, err := runLab(p, lab)
	if err != nil {
		return err
	}
	text := page{Links: about, rules: lab.Entries, sessions: sessions, table: abrtest.Tabulate(lab.Entries, sessions)}
	rule, err := choose([]string{defaultRule})
	if err != nil {
		return err
	}
	if !c.Brief {
		if text.manners, err = tryManners(p, lab, rule); err != nil {
			return err
		}
		if text.Oracle, err = oracleText(rule[0], lab.Cache); err != nil {
			return err
		}
		if text.stopped, err = tryStopping(p, lab, rule); err != nil {
			return err
		}
	}
	lab.Bounds = 0
	made := linkFlags{Made: true, Stride: c.Stride}
	if lab.Traces, _, err = made.load(); err != nil {
		return err
	}
	if sessions, err = runLab(p, lab); err != nil {
		return err
	}
	text.made = abrtest.Tabulate(lab.Entries, sessions)
	link, err := (&linkFlags{Made: true, Stride: 1}).oneLink(pictured)
	if err != nil {
		return err
	}
	drawing, err := draw(rule[0], link, abrtest.Cell{Network: "3g", Scale: 1, Buffer: 30, Segment: 4}, lab.Cache)
	if err != nil {
		return err
	}
	return text.write(c.Write, drawing)
}

// pictured is the link in the page's picture.
const pictured = "made-3g-0"

// folderCache keeps optima in a folder; an empty name is that of the user's cache.
func folderCache(dir string) (abrtest.Cache, error) {
	if dir == "" {
		var err error
		if dir, err = userCache(); err != nil {
			return nil, fmt.Errorf("%w; name a folder with --cache", err)
		}
	}
	return abrtest.FolderCache(dir), nil
}

func userCache() (string, error) {
	dir, err := os.UserCacheDir()
	return dir + "/segue/abrlab", err
}

func cellsOf(sessions []abrtest.Session) []abrtest.Cell {
	var list []abrtest.Cell
	for _, s := range sessions {
		if !slices.Contains(list, s.Cell) {
			list = append(list, s.Cell)
		}
	}
	return list
}

// printTable prints each group on its own, and then the share of the attainable gain in all.
func printTable(w io.Writer, about string, t abrtest.Table) error {
	for _, g := range t.Groups {
		if err := printGroup(w, g, t, g); err != nil {
			return err
		}
	}
	if !slices.Contains(t.Names, abrtest.Best) {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nshare of the attainable gain, percent (%s)\n%-22s", about, "")
	for _, g := range t.Groups {
		fmt.Fprintf(&b, " %10s", g)
	}
	for k, name := range t.Names {
		fmt.Fprintf(&b, "\n%-22s", name)
		for _, g := range t.Groups {
			fmt.Fprintf(&b, " %10.1f", t.Scores[g][k].Gain)
		}
	}
	b.WriteByte('\n')
	_, err := io.WriteString(w, b.String())
	return err
}

func printGroup(w io.Writer, title string, t abrtest.Table, group string) error {
	var b strings.Builder
	list := t.Scores[group]
	fmt.Fprintf(&b, "\n%s  (%d sessions)\n%-22s %8s %8s %6s %7s %8s %8s %7s %7s %7s\n", title, list[0].Sessions,
		"", "QoE", "worst", "gain", "kbps", "stall/h", "stalled", "start", "sw/min", "wasted")
	for k, name := range t.Names {
		s := list[k]
		fmt.Fprintf(&b, "%-22s %8.2f %8.2f %6.1f %7.1f %8.2f %7.3f%% %6.2fs %7.2f %6.2f%%\n",
			name, s.QoE, s.Worst, s.Gain, s.Kbps, s.StallsPerHour, s.StalledPercent, s.StartSeconds, s.SwitchesPerMin, s.WastedPercent)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
