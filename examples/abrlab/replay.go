package main

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/abr/abrtest"
)

// replayCommand asks a rule the questions of a recorded session.
type replayCommand struct {
	File  string `arg:"" help:"What play --record-abr wrote."`
	Rule  string `default:"${rule}" help:"Its name, one of package abr's; see abrlab rules. Without it ${rule}."`
	All   bool   `help:"Print questions about requests in flight as well that neither rule breaks off."`
	Again bool   `help:"Then make a link and a playlist of the recording, and play that: what would have followed."`
	SVG   string `name:"svg" placeholder:"FILE" help:"Draw that."`
}

// errNoRule: the name is that of something that can't be asked single questions.
var errNoRule = errors.New("it is not a rule of package abr, and can be run, but not be asked")

// Run prints answers beside answers.
func (c *replayCommand) Run(p *program) error {
	list, err := choose([]string{c.Rule})
	if err != nil {
		return err
	}
	driver, ok := list[0].New().(*abrtest.Driver)
	if !ok {
		return fmt.Errorf("%w: %s: %w", errUsage, c.Rule, errNoRule)
	}
	if err := c.answers(p.stdout, list[0].Name, driver.Rule); err != nil || !c.Again && c.SVG == "" {
		return err
	}
	return c.again(p, list[0])
}

// recording opens the file; stop closes it.
func (c *replayCommand) recording() (records iter.Seq2[abrtest.Record, error], stop func() error, err error) {
	f, err := os.Open(c.File)
	if err != nil {
		return nil, nil, err
	}
	return abrtest.ReadRecording(f), f.Close, nil
}

func (c *replayCommand) answers(w io.Writer, name string, rule abr.Rule) error {
	records, stop, err := c.recording()
	if err != nil {
		return err
	}
	defer stop()
	fmt.Fprintf(w, "%9s %8s %10s %8s  %-28s %s\n", "at", "buffer", "throughput", "latency", "recorded", name)
	questions, differ, off := 0, 0, 0
	for a, err := range abrtest.Replay(records, rule) {
		if err != nil {
			return err
		}
		questions++
		if a.Differs {
			differ++
		}
		if a.Estimated.Throughput != a.State.Throughput {
			off++
		}
		if was, is := recordedAnswer(&a), otherAnswer(&a); was == nil && is == nil && !c.All {
			continue
		}
		mark := ""
		if a.Differs {
			mark = " *"
		}
		fmt.Fprintf(w, "%8.2fs %7.2fs %10v %6dms  %-28s %s%s\n", a.At.Seconds(), a.State.Buffer.Seconds(), a.State.Throughput,
			a.State.Latency.Milliseconds(), said(&a, recordedAnswer(&a)), said(&a, otherAnswer(&a)), mark)
	}
	fmt.Fprintf(w, "%d questions, %d answered in another way\n", questions, differ)
	if off > 0 {
		fmt.Fprintf(w, "at %d of them the recorded samples give another throughput: some are missing, or the estimator is another one\n", off)
	}
	return nil
}

// recordedAnswer is what was decided; nil where nothing was.
func recordedAnswer(a *abrtest.Answer) *abr.Decision {
	if a.Upgrade != nil {
		return &a.Upgrade.Decision
	}
	return a.Decision
}

// otherAnswer is the other rule's decision; nil where it lets things be as they are.
func otherAnswer(a *abrtest.Answer) *abr.Decision {
	if a.Progress != nil && !a.Abandons || a.Queue != nil && !a.Upgrades {
		return nil
	}
	return &a.Other
}

// said puts a decision in words.
func said(a *abrtest.Answer, d *abr.Decision) string {
	switch {
	case d == nil && a.Progress == nil:
		return "replaces nothing"
	case d == nil:
		return fmt.Sprintf("goes on with %d", a.Progress.Index)
	case d.Index < 0 || d.Index >= len(a.State.Renditions):
		return "nothing"
	}
	words := []string{fmt.Sprint(d.Index), a.State.Renditions[d.Index].Bitrate.String(), string(d.Reason)}
	switch {
	case a.Progress != nil:
		words = append(words, fmt.Sprintf("for %d", a.Progress.Index))
	case a.Queue != nil && d == &a.Other:
		words = append(words, fmt.Sprintf("in place %d", a.Place))
	case a.Queue != nil:
		words = append(words, fmt.Sprintf("in place %d", a.Upgrade.Place))
	}
	return strings.Join(words, " ")
}

// again plays what a recording tells of the link and of the music.
func (c *replayCommand) again(p *program, rule abrtest.Entry) error {
	name := strings.TrimSuffix(filepath.Base(c.File), filepath.Ext(c.File))
	var client abrtest.Client
	for _, from := range []func(iter.Seq2[abrtest.Record, error]) error{
		func(r iter.Seq2[abrtest.Record, error]) (err error) {
			client.Trace, err = abrtest.RecordedTrace(name, r)
			return err
		},
		func(r iter.Seq2[abrtest.Record, error]) (err error) {
			client.Playlist, err = abrtest.RecordedPlaylist(r)
			return err
		},
		func(r iter.Seq2[abrtest.Record, error]) (err error) {
			client.Buffer, err = target(r)
			return err
		},
	} {
		records, stop, err := c.recording()
		if err != nil {
			return err
		}
		if err := errors.Join(from(records), stop()); err != nil {
			return err
		}
	}
	plan, err := client.CachedOptimum(nil)
	if err != nil {
		return err
	}
	acts := []*act{{name: rule.Name}, {name: abrtest.Best}}
	if err := perform(client, acts, []abrtest.Algorithm{rule.New(), plan}); err != nil {
		return err
	}
	printActs(p.stdout, acts)
	if c.SVG == "" {
		return nil
	}
	cell := abrtest.Cell{Network: client.Trace.Network, Scale: 1, Buffer: client.Buffer / 1000, Segment: client.Playlist.Segment / 1000}
	drawing := picture{title: fmt.Sprintf("%s on the link of %s", rule.Name, name), cell: cell, client: client, acts: acts}
	return writeFile(c.SVG, drawing.write)
}

// target is the largest target of a buffer that a recording has, in milliseconds.
func target(records iter.Seq2[abrtest.Record, error]) (ms float64, err error) {
	most := abr.DefaultTarget
	first := true
	for r, err := range records {
		if err != nil {
			return 0, err
		}
		if r.State != nil && r.State.Target > 0 && (first || r.State.Target > most) {
			most, first = r.State.Target, false
		}
	}
	return float64(most.Milliseconds()), nil
}
