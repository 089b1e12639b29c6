package abr_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/abr/abrtest"
	"github.com/segue-audio/segue/player/media"
)

// collapse is 2 Mbps, then a bad time from 60 s to 180 s, then 2 Mbps again.
func collapse(bad media.Bitrate, latency time.Duration) abrtest.Link {
	return abrtest.Link{Latency: latency, Steps: []abrtest.Step{
		{At: 0, Rate: media.Kbps(2000)}, {At: 60 * time.Second, Rate: bad}, {At: 180 * time.Second, Rate: media.Kbps(2000)},
	}}
}

// TestCollapse is the promise of the package: down in time, no silence, up again, and no fuss.
func TestCollapse(t *testing.T) {
	for _, latency := range []time.Duration{0, 50 * time.Millisecond, 300 * time.Millisecond} {
		for _, kbps := range []int64{80, 96, 150, 400} {
			t.Run(fmt.Sprintf("%d kbps, %v", kbps, latency), func(t *testing.T) {
				r := abrtest.Client{
					Rule: abr.ThroughputBuffer{}, Ladder: abrtest.Ladder(), Length: 5 * time.Minute,
					Link: collapse(media.Kbps(kbps), latency),
				}.Run()
				if !r.Finished || r.Stalls != 0 {
					t.Errorf("%d stalls, %v of silence", r.Stalls, r.Stalled)
				}
				if r.Startup > time.Second {
					t.Errorf("start-up %v", r.Startup)
				}
				// Up in two or three steps, down in one or two, up in three.
				if r.Switches > 8 || r.Abandons > 2 {
					t.Errorf("%d switches, %d downloads broken off", r.Switches, r.Abandons)
				}
				before, during, after := at(r, 50*time.Second), at(r, 120*time.Second), at(r, 240*time.Second)
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

// at gives the rendition decided last before a moment.
func at(r abrtest.Report, t time.Duration) int {
	index := -1
	for _, c := range r.Choices {
		if c.Asked < t {
			index = c.Index
		}
	}
	return index
}

// TestTunnels: a buffer of 30 s bridges 20 s without a byte, whatever was playing.
func TestTunnels(t *testing.T) {
	link := abrtest.Link{Latency: 50 * time.Millisecond}
	for i := range 6 {
		link.Steps = append(link.Steps,
			abrtest.Step{At: time.Duration(i) * 80 * time.Second, Rate: media.Kbps(3000)},
			abrtest.Step{At: time.Duration(i)*80*time.Second + time.Minute, Rate: 0})
	}
	link.Steps = append(link.Steps, abrtest.Step{At: 480 * time.Second, Rate: media.Kbps(3000)})
	r := abrtest.Client{Rule: abr.ThroughputBuffer{}, Ladder: abrtest.Ladder(), Length: 8 * time.Minute, Link: link}.Run()
	if !r.Finished || r.Stalls != 0 {
		t.Errorf("%d stalls, %v of silence", r.Stalls, r.Stalled)
	}
}

// TestConstantLinks: on a link that never changes, the rule climbs, never falls, and stays; and it
// never makes a silence that the lowest rendition would not have.
func TestConstantLinks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := media.Bitrate(rapid.Int64Range(30_000, 4_000_000).Draw(t, "rate"))
		c := abrtest.Client{
			Rule:    abr.ThroughputBuffer{},
			Ladder:  abrtest.Ladder(),
			Link:    abrtest.Constant(rate, time.Duration(rapid.Int64Range(0, int64(time.Second)).Draw(t, "latency"))),
			Length:  5 * time.Minute,
			Segment: time.Duration(rapid.Int64Range(int64(2*time.Second), int64(10*time.Second)).Draw(t, "segment")),
			Target:  time.Duration(rapid.Int64Range(int64(20*time.Second), int64(2*time.Minute)).Draw(t, "target")),
		}
		r := c.Run()
		for i := 1; i < len(r.Choices); i++ {
			if r.Choices[i].Index < r.Choices[i-1].Index {
				t.Fatalf("fell from %d to %d at segment %d", r.Choices[i-1].Index, r.Choices[i].Index, i)
			}
		}
		c.Rule = abr.Lowest{}
		if low := c.Run(); r.Stalled > low.Stalled {
			t.Fatalf("%v of silence, the lowest rendition has %v", r.Stalled, low.Stalled)
		}
	})
}

// TestNoisyLinks: a rate that jumps by a factor of up to two each second, about where a rendition just
// fits or just doesn't, brings no silence and little switching.
func TestNoisyLinks(t *testing.T) {
	for _, mean := range []float64{250, 450, 700, 1150, 1500} {
		for seed := range uint64(8) {
			r := rand.New(rand.NewPCG(seed, uint64(mean)))
			link := abrtest.Link{Latency: 50 * time.Millisecond}
			for s := range 700 {
				link.Steps = append(link.Steps, abrtest.Step{
					At: time.Duration(s) * time.Second, Rate: media.Bitrate(mean * 1000 * (0.6 + 0.8*r.Float64())),
				})
			}
			rep := abrtest.Client{Rule: abr.ThroughputBuffer{}, Ladder: abrtest.Ladder(), Length: 10 * time.Minute, Link: link}.Run()
			if !rep.Finished || rep.Stalls != 0 {
				t.Errorf("mean %v, seed %d: %d stalls, %v", mean, seed, rep.Stalls, rep.Stalled)
			}
			if rep.Switches > 12 { // of 150 segments
				t.Errorf("mean %v, seed %d: %d switches", mean, seed, rep.Switches)
			}
			if float64(rep.Average) < mean*1000*0.25 && mean < 1150 {
				t.Errorf("mean %v, seed %d: only %v heard", mean, seed, rep.Average)
			}
		}
	}
}

func ExampleThroughputBuffer() {
	var meter abr.Estimator
	meter.Add(abr.Sample{Bytes: 32_000, Elapsed: 250 * time.Millisecond, FirstByte: 50 * time.Millisecond})
	state := abr.State{
		Renditions: abrtest.Ladder(),
		Buffer:     8 * time.Second,
		Throughput: meter.Throughput(),
		Latency:    meter.Latency(),
	}
	d := abr.ThroughputBuffer{}.Next(state)
	fmt.Println(state.Throughput, state.Renditions[d.Index].Bitrate, d.Reason)
	// Output: 1280 kbps 320 kbps throughput
}
