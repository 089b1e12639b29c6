package abr_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/abr/abrtest"
)

// rungs are what our own backend serves: MP3 at three rates and FLAC, in kbps.
func rungs() []float64 { return []float64{64, 128, 320, 900} }

func period(ms, kbps, latency float64) abrtest.Period {
	return abrtest.Period{Duration: ms, Kbps: kbps, Latency: latency}
}

// replay plays music over a link and tells what became of it. Times are milliseconds.
func replay(t rapid.TB, rule abr.Rule, music abrtest.Music, link []abrtest.Period, buffer float64) (abrtest.Metrics, []abrtest.Request) {
	t.Helper()
	trace, err := abrtest.NewTrace(t.Name(), link)
	if err != nil {
		t.Fatal(err)
	}
	if music.Ladder == nil {
		music.Ladder = rungs()
	}
	music.Tracks = 1
	list, err := music.Playlist()
	if err != nil {
		t.Fatal(err)
	}
	var trail abrtest.Trail
	m, err := abrtest.Client{Trace: trace, Playlist: list, Buffer: buffer, Trail: &trail}.Run(&abrtest.Driver{Rule: rule})
	if err != nil {
		t.Fatal(err)
	}
	return m, trail.Requests
}

// TestCollapse is the promise of the package: 2 Mbps, two minutes of a bad time, and 2 Mbps again are met
// with going down in time, no silence, going up again, and no fuss.
func TestCollapse(t *testing.T) {
	for _, latency := range []float64{0, 50, 300} {
		for _, kbps := range []float64{80, 96, 150, 400} {
			t.Run(fmt.Sprintf("%v kbps, %v ms", kbps, latency), func(t *testing.T) {
				m, requests := replay(t, abr.ThroughputBuffer{}, abrtest.Music{Track: 300e3},
					[]abrtest.Period{period(60e3, 2000, latency), period(120e3, kbps, latency), period(7200e3, 2000, latency)}, 0)
				if !m.Finished || m.Stalls != 0 {
					t.Errorf("%d stalls, %v ms of silence", m.Stalls, m.Stalled)
				}
				if m.Waited > 1000 {
					t.Errorf("start-up %v ms", m.Waited)
				}
				// Up in two or three steps, down in one or two, up in three.
				if m.Switches > 8 || m.Abandons > 2 {
					t.Errorf("%d switches, %d downloads broken off", m.Switches, m.Abandons)
				}
				before, during, after := at(requests, 50e3), at(requests, 120e3), at(requests, 240e3)
				sustained := 0
				if kbps == 400 {
					sustained = 1
				}
				if before != 3 || during < sustained || during > 1 || after != 3 {
					t.Errorf("rendition %d before, %d during, %d after", before, during, after)
				}
			})
		}
	}
}

// at gives the rendition asked for last before a moment.
func at(requests []abrtest.Request, ms float64) int {
	index := -1
	for _, r := range requests {
		if r.Began < ms && r.Outcome == abrtest.Complete {
			index = r.Index
		}
	}
	return index
}

// TestTunnels: a buffer of 30 s bridges 20 s without a byte, whatever was playing.
func TestTunnels(t *testing.T) {
	m, _ := replay(t, abr.ThroughputBuffer{}, abrtest.Music{Track: 480e3},
		[]abrtest.Period{period(60e3, 3000, 50), period(20e3, 0, 50)}, 0)
	if !m.Finished || m.Stalls != 0 {
		t.Errorf("%d stalls, %v ms of silence", m.Stalls, m.Stalled)
	}
}

// TestConstantLinks: on a link that never changes, the rule climbs, never falls, and stays; and it
// never makes a silence that the lowest rendition would not have.
func TestConstantLinks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		link := []abrtest.Period{{
			Duration: 3600e3,
			Kbps:     float64(rapid.IntRange(30, 4000).Draw(t, "kbps")),
			Latency:  float64(rapid.IntRange(0, 1000).Draw(t, "latency")),
		}}
		music := abrtest.Music{Track: 300e3, Segment: float64(rapid.IntRange(2000, 10_000).Draw(t, "segment"))}
		buffer := float64(rapid.IntRange(20_000, 120_000).Draw(t, "buffer"))
		m, requests := replay(t, abr.ThroughputBuffer{}, music, link, buffer)
		for i := 1; i < len(requests); i++ {
			if requests[i].Index < requests[i-1].Index {
				t.Fatalf("fell from %d to %d at request %d", requests[i-1].Index, requests[i].Index, i)
			}
		}
		if low, _ := replay(t, abr.Lowest{}, music, link, buffer); m.Stalled > low.Stalled+1e-6 {
			t.Fatalf("%v ms of silence, the lowest rendition has %v", m.Stalled, low.Stalled)
		}
	})
}

// TestNoisyLinks: a rate that jumps by a factor of up to two each second, about where a rendition just
// fits or just doesn't, brings no silence and little switching.
func TestNoisyLinks(t *testing.T) {
	for _, mean := range []float64{250, 450, 700, 1150, 1500} {
		for seed := range uint64(8) {
			r := rand.New(rand.NewPCG(seed, uint64(mean)))
			var link []abrtest.Period
			for range 700 {
				link = append(link, abrtest.Period{Duration: 1000, Kbps: mean * (0.6 + 0.8*r.Float64()), Latency: 50})
			}
			m, _ := replay(t, abr.ThroughputBuffer{}, abrtest.Music{Track: 600e3}, link, 0)
			if !m.Finished || m.Stalls != 0 {
				t.Errorf("mean %v, seed %d: %d stalls, %v ms", mean, seed, m.Stalls, m.Stalled)
			}
			if m.Switches > 12 { // of 150 segments
				t.Errorf("mean %v, seed %d: %d switches", mean, seed, m.Switches)
			}
			if m.Kbps < mean*0.25 && mean < 1150 {
				t.Errorf("mean %v, seed %d: only %v kbps heard", mean, seed, m.Kbps)
			}
		}
	}
}

func ExampleThroughputBuffer() {
	var meter abr.Estimator
	meter.Add(abr.Sample{Bytes: 32_000, Elapsed: 250 * time.Millisecond, FirstByte: 50 * time.Millisecond})
	state := abr.State{
		Renditions: ladder(64, 128, 320, 900),
		Buffer:     8 * time.Second,
		Throughput: meter.Throughput(),
		Latency:    meter.Latency(),
	}
	d := abr.ThroughputBuffer{}.Next(state)
	fmt.Println(state.Throughput, state.Renditions[d.Index].Bitrate, d.Reason)
	// Output: 1280 kbps 320 kbps throughput
}
