package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/abr/abrtest"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
)

// bufferAhead is how much music the player has when it stops fetching: its --buffer, and the segment that it
// began before that was full.
const bufferAhead = 34e3

// recorded gives links that were recorded, at the speeds at which a choice among renditions is not trivial.
func recorded(t *testing.T) (links []*abrtest.Trace) {
	t.Helper()
	root := os.Getenv("SEGUE_ABR")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "abr")
	}
	for _, kind := range []struct {
		network      string
		scale        float64
		count, every int
	}{{"3g", 1, 4, 9}, {"4g", 0.05, 3, 7}, {"fixed", 0.15, 3, 5}} {
		dir := filepath.Join(root, "traces", "dev", kind.network)
		if _, err := os.Stat(dir); err != nil {
			t.Skipf("no recorded links in %s (set SEGUE_ABR)", dir)
		}
		all, err := abrtest.ReadTraces(os.DirFS(dir), kind.network)
		if err != nil {
			t.Fatal(err)
		}
		for i := range kind.count {
			slow, err := all[(2+i*kind.every)%len(all)].Scaled(kind.scale)
			if err != nil {
				t.Fatal(err)
			}
			links = append(links, slow)
		}
	}
	return links
}

// shaped serves padded music over a link, on loopback.
func shaped(t *testing.T, link *abrtest.Trace, rates []media.Bitrate, length time.Duration) (url string) {
	t.Helper()
	origin := playertest.NewService()
	path := origin.Padded(t, "a", rates, length)
	at := func(since time.Duration) abrtest.Period { return link.At(float64(since) / 1e6) }
	server := httptest.NewServer(&playertest.Link{
		Handler: origin,
		Latency: func(since time.Duration) time.Duration { return time.Duration(at(since).Latency * 1e6) },
		Rate:    func(since time.Duration) media.Bitrate { return media.Bitrate(max(1, at(since).Kbps*1000)) },
	})
	t.Cleanup(server.Close)
	return server.URL + path
}

// TestRecordedLinks plays four minutes of music in real time over ten recorded links at once, through a proxy on
// loopback, and compares what play --json reports with what the simulator foretells.
func TestRecordedLinks(t *testing.T) {
	if !containertest.Sweep(false, true) {
		t.Skip("takes five minutes; set SEGUE_SWEEP")
	}
	const tracks, length, segment = 2, 120 * time.Second, 4 * time.Second
	var rates []media.Bitrate
	for _, kbps := range abrtest.Rungs() {
		rates = append(rates, media.Kbps(int64(kbps)))
	}
	links := recorded(t)
	rows := make([]string, len(links))
	var all sync.WaitGroup
	for i, link := range links {
		all.Go(func() {
			list, err := abrtest.Music{Tracks: tracks, Track: float64(length.Milliseconds())}.Playlist()
			if err != nil {
				t.Error(err)
				return
			}
			foretold, err := abrtest.Client{Trace: link, Playlist: list, Buffer: bufferAhead, Finishes: true}.Run(&abrtest.Driver{
				Rule: new(abr.Tempo), Target: 30 * time.Second, ByTrack: true,
			})
			if err != nil {
				t.Error(err)
				return
			}
			url := shaped(t, link, rates, length)
			status, out, errs := play(t, "--json", "--sink", "null", "--cache", "off", "--network", link.Network, url, url+"?2")
			if status != 0 {
				t.Errorf("%s: status %d: %s", link.Name, status, errs)
			}
			rows[i] = compareSessions(t, link, foretold, lines(t, out), int(length/segment))
		})
	}
	all.Wait()
	t.Logf("%-34s %9s %22s %22s %16s %16s", "link", "the same", "mean rendition", "stalls", "stalled, s", "start, s")
	t.Log(strings.Join(rows, "\n"))
}

// compareSessions gives a row of the table: what was heard beside what was foretold.
func compareSessions(t *testing.T, link *abrtest.Trace, foretold abrtest.Metrics, events []map[string]any, perTrack int) string {
	t.Helper()
	heard := make([]int, 0, len(foretold.Rendition))
	current, stalls, stalled := 0, 0, 0.0
	number := func(e map[string]any, key string) float64 { v, _ := e[key].(float64); return v }
	fill := func(upTo int) {
		for len(heard) < min(upTo, cap(heard)) {
			heard = append(heard, current)
		}
	}
	start := 0.0
	for _, e := range events {
		switch e["event"] {
		case "rendition":
			// A decoder's frames may straddle the cut: what is nearest counts.
			fill((int(number(e, "entry"))-1)*perTrack + int(number(e, "position_ms")/4000+0.5))
			current = int(number(e, "to"))
		case "rebuffered":
			stalls++
			stalled += number(e, "length_ms") / 1e3
		case "summary":
			start = number(e, "first_audio_ms") / 1e3
		}
	}
	fill(cap(heard))
	same, mine, its := 0, 0, 0
	for i, r := range heard {
		if r == foretold.Rendition[i] {
			same++
		}
		mine, its = mine+r, its+foretold.Rendition[i]
	}
	n := float64(len(heard))
	if same*3 < len(heard) {
		t.Errorf("%s: heard    %v\nforetold %v", link.Name, heard, foretold.Rendition)
	}
	return fmt.Sprintf("%-34s %4d of %2d %10.2f (%9.2f) %10d (%9d) %7.2f (%6.2f) %7.2f (%6.2f)", link.Name, same, len(heard),
		float64(mine)/n, float64(its)/n, stalls, foretold.Stalls, stalled, foretold.Stalled/1e3, start, foretold.Waited/1e3)
}
