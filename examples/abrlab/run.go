package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/segue-audio/segue/abr/abrtest"
)

// runCommand runs one session.
type runCommand struct {
	linkFlags `embed:""`

	Rule     string `default:"${rule}" help:"Its name; see abrlab rules. Without it ${rule}."`
	Link     string `required:"" placeholder:"NAME" help:"A .csv file, or a link's name."`
	Cell     string `default:"${cell}" placeholder:"CELL" help:"scale:buffer:segment, and :tunnels, :skips, :lossy. Without it ${cell}."`
	Cache    string `placeholder:"FOLDER" help:"Where optima are kept from one time to the next; without it the user's cache folder."`
	Requests bool   `help:"Print each request."`
	SVG      string `name:"svg" placeholder:"FILE" help:"Draw bandwidth, renditions, buffer and stalls, beside the optimum."`
	Record   string `placeholder:"FILE" help:"Write what the rule is asked and answers, as a player does."`
}

// act is a session and what happened in it.
type act struct {
	name    string
	metrics abrtest.Metrics
	trail   abrtest.Trail
}

// Run runs it, and the optimum on the same link.
func (c *runCommand) Run(p *program) error {
	rules, err := choose([]string{c.Rule})
	if err != nil {
		return err
	}
	link, err := c.oneLink(c.Link)
	if err != nil {
		return err
	}
	cell, err := abrtest.ParseCell(cmp.Or(link.Network, "unknown") + ":" + c.Cell)
	if err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	cache, err := folderCache(c.Cache)
	if err != nil {
		return err
	}
	drawing, algorithms, err := stage(rules[0], link, cell, cache)
	if err != nil {
		return err
	}
	if err := c.perform(drawing.client, drawing.acts, algorithms); err != nil {
		return err
	}
	if c.Requests {
		printRequests(p.stdout, drawing.client.Playlist, drawing.acts[0])
	}
	printActs(p.stdout, drawing.acts)
	if c.SVG == "" {
		return nil
	}
	return writeFile(c.SVG, drawing.write)
}

// stage makes all that is needed to run a rule in a cell, and the optimum where there is one.
func stage(rule abrtest.Entry, link *abrtest.Trace, cell abrtest.Cell, cache abrtest.Cache) (*picture, []abrtest.Algorithm, error) {
	client, err := cell.Client(link)
	if err != nil {
		return nil, nil, err
	}
	drawing := &picture{title: fmt.Sprintf("%s on %s", rule.Name, link.Name), cell: cell, client: client, acts: []*act{{name: rule.Name}}}
	algorithms := []abrtest.Algorithm{rule.New()}
	if !cell.Skips {
		plan, err := client.CachedOptimum(cache)
		if err != nil {
			return nil, nil, err
		}
		drawing.acts, algorithms = append(drawing.acts, &act{name: abrtest.Best}), append(algorithms, plan)
	}
	return drawing, algorithms, nil
}

// draw runs a rule and the optimum, and gives the picture of both.
func draw(rule abrtest.Entry, link *abrtest.Trace, cell abrtest.Cell, cache abrtest.Cache) (*picture, error) {
	drawing, algorithms, err := stage(rule, link, cell, cache)
	if err != nil {
		return nil, err
	}
	return drawing, perform(drawing.client, drawing.acts, algorithms)
}

// perform runs the sessions, and records the first.
func (c *runCommand) perform(client abrtest.Client, acts []*act, algorithms []abrtest.Algorithm) error {
	driver, ok := algorithms[0].(*abrtest.Driver)
	switch {
	case c.Record == "":
		return perform(client, acts, algorithms)
	case !ok:
		return fmt.Errorf("%w: %s: %w", errUsage, acts[0].name, errNoRule)
	}
	return writeFile(c.Record, func(w io.Writer) error {
		var recorder *abrtest.Recorder
		driver.Record = func(now func() time.Duration) *abrtest.Recorder {
			recorder = abrtest.NewRecorder(w, acts[0].name, now)
			return recorder
		}
		if err := perform(client, acts, algorithms); err != nil {
			return err
		}
		return recorder.Err()
	})
}

// perform runs one session for each act.
func perform(client abrtest.Client, acts []*act, algorithms []abrtest.Algorithm) (err error) {
	for i, a := range acts {
		client.Trail = &a.trail
		if a.metrics, err = client.Run(algorithms[i]); err != nil {
			return err
		}
	}
	return nil
}

// writeFile puts a file in its place when all of it is written.
func writeFile(name string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".abrlab")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err = write(f); err == nil {
		err = f.Chmod(0o644)
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

func printActs(w io.Writer, acts []*act) {
	fmt.Fprintf(w, "%-22s %8s %8s %7s %9s %8s %8s %9s %8s\n", "", "QoE", "kbps", "stalls", "stalled", "start", "switches", "broken", "wasted")
	for _, a := range acts {
		m := &a.metrics
		fmt.Fprintf(w, "%-22s %8.2f %8.1f %7d %8.1fs %7.2fs %8d %9d %7.2f%%\n", a.name, m.QoE, m.Kbps, m.Stalls, m.Stalled/1000,
			m.Waited/1000, m.Switches, m.Abandons, 100*m.Wasted()/m.Bits)
	}
}

func printRequests(w io.Writer, p *abrtest.Playlist, a *act) {
	fmt.Fprintf(w, "%9s %7s %6s %8s %8s %8s  %s\n", "at", "segment", "kbps", "buffer", "took", "rate", "")
	list := slices.Clone(a.trail.Requests)
	slices.SortStableFunc(list, func(a, b abrtest.Request) int { return cmp.Compare(a.Began, b.Began) })
	for _, r := range list {
		var words []string
		if r.Reason != "" {
			words = append(words, r.Reason)
		}
		switch r.Outcome {
		case abrtest.Abandoned:
			words = append(words, fmt.Sprintf("broken off with %.0f%%", 100*r.Got/r.Bits))
		case abrtest.Cancelled:
			words = append(words, "cancelled")
		}
		fmt.Fprintf(w, "%8.2fs %7d %6g %7.2fs %7.2fs %8.0f  %s\n", r.Began/1000, r.Segment, p.Ladder[r.Index], r.Buffer/1000, r.Elapsed/1000,
			r.Got/max(1, r.Elapsed-r.FirstByte), strings.Join(words, ", "))
	}
}
