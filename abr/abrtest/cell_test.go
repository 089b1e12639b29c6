package abrtest_test

import (
	"context"
	"errors"
	"math"
	"reflect"
	"testing"

	"github.com/segue-audio/segue/abr/abrtest"
)

func TestParseCell(t *testing.T) {
	for text, group := range map[string]string{
		"3g:1:30:4": "3g b30", "4g:0.05:120:10:tunnels": "tunnels", "fixed:0.5:12.5:2:lossy": "fixed b12.5 lossy",
		"unknown:1:30:4:skips:heads:rest20": "unknown b30 skips heads rest20",
		"3g:1:30:4:stops":                   "3g b30 stops",
	} {
		c, err := abrtest.ParseCell(text)
		if err != nil || c.String() != text || c.Group() != group {
			t.Errorf("%s: %v, group %q, %v", text, c, c.Group(), err)
		}
	}
	for _, text := range []string{
		"", "3g", "3g:1:30", ":1:30:4", "3g:x:30:4", "3g:0:30:4", "3g:1:-3:4", "3g:1:30:NaN", "3g:1:30:1e9", "3g:1:30:4:fog",
		"3g:1:30:4:rest", "3g:1:30:4:rest-1", "3g:1:30:4:rest30", "3g:1:30:4:",
	} {
		if c, err := abrtest.ParseCell(text); !errors.Is(err, abrtest.ErrCell) {
			t.Errorf("%q: %v, %v", text, c, err)
		}
	}
	groups := map[string]int{}
	for _, c := range abrtest.Cells() {
		groups[c.Group()]++
		if again, err := abrtest.ParseCell(c.String()); err != nil || again != c {
			t.Errorf("%v: %v, %v", c, again, err)
		}
	}
	if len(groups) != 7 {
		t.Errorf("%v", groups)
	}
}

// TestLab: what a lab adds up is what its sessions were, whatever the workers and the cache.
func TestLab(t *testing.T) {
	made, err := abrtest.Made()
	if err != nil {
		t.Fatal(err)
	}
	cell, err := abrtest.ParseCell("fixed:0.012:60:30")
	if err != nil {
		t.Fatal(err)
	}
	lab := abrtest.Lab{
		Traces: made[18:21], Cells: []abrtest.Cell{cell}, Optimum: true,
		Entries: []abrtest.Entry{
			{Name: "lowest", New: func() abrtest.Algorithm { return abrtest.Plan{} }},
			{Name: "follower", New: func() abrtest.Algorithm { return &abrtest.Driver{Rule: follower{}} }},
		},
	}
	alone, err := lab.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(alone); n != 2 { // the slowest carries too little
		t.Fatalf("%d sessions", n)
	}
	lab.Workers, lab.Cache = 3, abrtest.FolderCache(t.TempDir())
	done := 0
	lab.Progress = func(n, total int) {
		if done++; n != done || total != len(alone) {
			t.Errorf("%d of %d done, not %d of %d", n, total, done, len(alone))
		}
	}
	for range 2 { // without and with what was kept
		done = 0
		together, err := lab.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i := range together {
			together[i].Bound, alone[i].Bound = 0, 0 // NaN is not equal to itself
		}
		if !reflect.DeepEqual(together, alone) {
			t.Error("three workers found something else than one")
		}
	}

	table := abrtest.Tabulate(lab.Entries, alone)
	if !reflect.DeepEqual(table.Names, []string{"lowest", "follower", abrtest.Best}) || !reflect.DeepEqual(table.Groups, []string{"fixed b60", abrtest.All}) {
		t.Errorf("%v %v", table.Names, table.Groups)
	}
	scores := table.Scores[abrtest.All]
	sum, floor, best, worst := 0.0, 0.0, 0.0, math.Inf(1)
	for _, s := range alone {
		sum += s.Of[1].QoE
		floor += s.Floor
		best += s.Optimum.QoE
		worst = min(worst, s.Of[1].QoE)
	}
	same(t, "mean", scores[1].QoE, sum/float64(len(alone)))
	same(t, "worst tenth, which is one", scores[1].Worst, worst)
	same(t, "gain", scores[1].Gain, 100*(sum-floor)/(best-floor))
	same(t, "gain of the lowest", scores[0].Gain, 0)
	same(t, "gain of the optimum", scores[2].Gain, 100)
	if !(scores[1].Gain < 100) || scores[1].Kbps <= 24 || math.Abs(scores[0].Kbps-24) > 1e-6 {
		t.Errorf("%+v", scores)
	}

	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := lab.Run(stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	lab.Cells[0].Scale = math.NaN()
	if list, err := lab.Run(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

// TestFolderCache: what isn't a plan, or not of this session, counts as nothing.
func TestFolderCache(t *testing.T) {
	c := abrtest.FolderCache(t.TempDir() + "/made/when/needed")
	if _, ok, err := c.Load("plan"); ok || err != nil {
		t.Errorf("%v %v", ok, err)
	}
	for _, p := range []abrtest.Plan{{0, 5, 3}, {abrtest.MaxRenditions - 1}} {
		if err := c.Store("plan", p); err != nil {
			t.Fatal(err)
		}
		if got, ok, err := c.Load("plan"); !ok || err != nil || !reflect.DeepEqual(got, p) {
			t.Errorf("%v %v %v", got, ok, err)
		}
	}
	if err := c.Store("plan", abrtest.Plan{200}); err != nil {
		t.Fatal(err)
	}
	if got, ok, err := c.Load("plan"); ok || err != nil {
		t.Errorf("%v %v", got, err)
	}
	client := abrtest.Client{Trace: link(t, period(1000, 300, 0)), Playlist: playlist(t, abrtest.Music{Tracks: 1, Track: 20e3})}
	plan, err := client.CachedOptimum(c)
	if err != nil {
		t.Fatal(err)
	}
	again, err := client.CachedOptimum(c)
	if err != nil || !reflect.DeepEqual(plan, again) {
		t.Errorf("%v %v", again, err)
	}
	client.Trace = link(t, period(1000, 100, 0)) // another link, another plan
	if other, err := client.CachedOptimum(c); err != nil || reflect.DeepEqual(plan, other) {
		t.Errorf("%v %v", other, err)
	}
	client.Playlist = client.Playlist.WithSkips([]abrtest.Skip{{At: 5}})
	if _, err := client.CachedOptimum(c); !errors.Is(err, abrtest.ErrPlaylist) {
		t.Errorf("%v", err)
	}
}
