package abrtest_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/abr/abrtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file of testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Fatalf("%s, line %d:\n%s\nnot\n%s\n(-update writes it anew)", file, i+1, g[i], w[i])
		}
	}
	t.Fatalf("%s: %d lines, not %d", file, len(g), len(w))
}

// TestSessions holds whole sessions to what they were: client, metric and made links.
func TestSessions(t *testing.T) {
	made, err := abrtest.Made()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, text := range []string{"3g:1:30:4", "4g:0.05:120:4:tunnels", "fixed:0.2:30:10:lossy", "3g:0.5:30:4:skips"} {
		cell, err := abrtest.ParseCell(text)
		if err != nil {
			t.Fatal(err)
		}
		for i, trace := range made {
			if trace.Network != cell.Network || i%4 != 1 {
				continue
			}
			c, err := cell.Client(trace)
			if err != nil {
				t.Fatal(err)
			}
			dump(&b, cell, trace, "scripted", play(t, c, &script{
				indexes: []int{0, 1, 4, 4, 3, 2}, delay: 150, abandonAt: 1500,
				upgrades: map[int]abrtest.Queued{20: {Segment: 19, Index: 0}, 30: {Segment: 28, Index: 4}, 31: {Segment: 30, Index: 4}},
			}))
			dump(&b, cell, trace, "follower", play(t, c, &abrtest.Driver{Rule: follower{}}))
		}
	}
	golden(t, "sessions.txt", b.String())
}

// follower takes what 0.7 of the throughput carries, breaks off what comes late, and upgrades what is due in
// 10 s. It is not meant to be good.
type follower struct{}

func (follower) Next(s abr.State) (d abr.Decision) {
	for i, r := range s.Renditions {
		if r.Bitrate*10 <= s.Throughput*7 {
			d.Index = i
		}
	}
	return d
}

func (follower) Abandon(s abr.State, p abr.Progress) (d abr.Decision, ok bool) {
	late := p.RecentBytes*int64(s.Buffer) < (p.BytesTotal-p.BytesDone)*int64(p.Recent)
	return d, late && p.Index > 0 && p.Elapsed > 1e9 && p.Recent > 0
}

func (follower) Upgrade(s abr.State, queue []abr.Queued) (u abr.Upgrade, ok bool) {
	for i, q := range queue {
		if q.Starts > 10e9 && q.Index+1 < len(s.Renditions) && q.Bytes[q.Index+1]*8 < int64(s.Throughput) {
			u.Place, u.Index = i, q.Index+1
			return u, true
		}
	}
	return u, false
}

func dump(b *strings.Builder, cell abrtest.Cell, trace *abrtest.Trace, name string, m abrtest.Metrics) {
	letters := make([]byte, len(m.Rendition))
	for i, index := range m.Rendition {
		letters[i] = "-abcdefgh"[index+1]
	}
	fmt.Fprintf(b, "%s %s %s\n\tQoE %.6f, utility %.6f, %.3f kbps, finished %v\n", cell, trace.Name, name, m.QoE, m.Utility, m.Kbps, m.Finished)
	fmt.Fprintf(b, "\twall %.3f, heard %.3f, stalled %.3f (%d), waited %.3f (%d), switches %d of %.6f\n",
		m.Wall, m.Heard, m.Stalled, m.Stalls, m.Waited, m.Starts, m.Switches, m.SwitchSize)
	fmt.Fprintf(b, "\tbits %.0f, abandoned %d %.0f, replaced %d %.0f, skipped %.0f\n\t%s\n",
		m.Bits, m.Abandons, m.WastedAbandoned, m.Replacements, m.WastedReplaced, m.WastedSkipped, letters)
}
