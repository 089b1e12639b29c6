package abr_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/abr/abrtest"
	"github.com/segue-audio/segue/player/media"
)

// TestBOLALevels holds BOLA's choice by the buffer to the paper: between two neighbours it changes where
// V(γp + (r₂u₁ − r₁u₂) ÷ (r₂ − r₁)) of buffer is there, with V and γp that put the lowest at 10 s and the
// highest at 26 s: a target of 30 s with room for one more segment.
func TestBOLALevels(t *testing.T) {
	kbps := []float64{64, 128, 320, 900}
	u := func(i int) float64 { return math.Log(kbps[i] / kbps[0]) }
	gp := u(3) / (26.0/10 - 1)
	v := 10 / gp
	s := abr.State{Renditions: ladder(64, 128, 320, 900), Throughput: media.Kbps(1e6), Target: 30 * time.Second}
	for i := range 3 {
		level := v * (gp + (kbps[i+1]*u(i)-kbps[i]*u(i+1))/(kbps[i+1]-kbps[i]))
		if level < 1 || level > 26 {
			t.Fatalf("%d to %d at %v s", i, i+1, level)
		}
		for _, side := range []struct {
			off  float64
			want int
		}{{-0.01, i}, {0.01, i + 1}} {
			s.Buffer = time.Duration((level + side.off) * float64(time.Second))
			if d := (abr.BOLA{}).Next(s); d.Index != side.want {
				t.Errorf("%v s of buffer: %+v, want %d", level+side.off, d, side.want)
			}
		}
	}
}

func TestBOLADecisions(t *testing.T) {
	full, thin := 26*time.Second, 3*time.Second
	for _, c := range []struct {
		name string
		s    abr.State
		want abr.Decision
	}{
		{"nothing known", abr.State{Current: -1}, abr.Decision{Index: 0, Reason: abr.ReasonStart}},
		{"a start goes by throughput", abr.State{Current: -1, Throughput: media.Kbps(9000), Buffer: full}, abr.Decision{Index: 3, Reason: abr.ReasonStart}},
		{"unknown holds", abr.State{Current: 2, Buffer: thin}, abr.Decision{Index: 2, Reason: abr.ReasonHold}},
		{"a thin buffer keeps what is sustained", abr.State{Current: 2, Buffer: thin, Throughput: media.Kbps(900)}, abr.Decision{Index: 2, Reason: abr.ReasonHold}},
		{"also where it only just is", abr.State{Current: 2, Buffer: 7 * time.Second, Throughput: media.Kbps(400)}, abr.Decision{Index: 2, Reason: abr.ReasonHold}},
		{"and falls to that from what isn't", abr.State{Current: 3, Buffer: thin, Throughput: media.Kbps(900)}, abr.Decision{Index: 2, Reason: abr.ReasonBufferLow}},
		{"and not what it can't afford", abr.State{Current: 2, Buffer: 2 * time.Second, Throughput: media.Kbps(400)}, abr.Decision{Index: 0, Reason: abr.ReasonBufferLow}},
		{"a full one climbs", abr.State{Current: 1, Buffer: full, Throughput: media.Kbps(9000)}, abr.Decision{Index: 3, Reason: abr.ReasonBufferHigh}},
		{"as far as is sustained", abr.State{Current: 1, Buffer: full, Throughput: media.Kbps(500)}, abr.Decision{Index: 2, Reason: abr.ReasonThroughput}},
		{"and holds more than that", abr.State{Current: 3, Buffer: full, Throughput: media.Kbps(500)}, abr.Decision{Index: 3, Reason: abr.ReasonHold}},
		{"cap", abr.State{Current: 0, Buffer: full, Throughput: media.Kbps(9000), Max: media.Kbps(320)}, abr.Decision{Index: 2, Reason: abr.ReasonBufferHigh}},
		{"at the cap", abr.State{Current: 2, Buffer: full, Throughput: media.Kbps(9000), Max: media.Kbps(320)}, abr.Decision{Index: 2, Reason: abr.ReasonCap}},
	} {
		c.s.Renditions = ladder(64, 128, 320, 900)
		if got := (abr.BOLA{}).Next(c.s); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// TestHybrid: below the lower level throughput alone, above the upper one the higher of the two, and in
// between BOLA's choice only as far as it is the present one.
func TestHybrid(t *testing.T) {
	above, between := 0, 0
	for kbps := media.Bitrate(40); kbps < 3000; kbps += 37 {
		for buffer := time.Duration(0); buffer < 40*time.Second; buffer += 700 * time.Millisecond {
			for current := -1; current < 4; current++ {
				s := abr.State{Renditions: ladder(64, 128, 320, 900), Current: current, Buffer: buffer, Throughput: kbps * 1000}
				plain, bola := abr.ThroughputBuffer{}.Next(s), abr.BOLA{}.Next(s)
				want := plain.Index
				switch {
				case current < 0 || buffer < abr.DefaultTarget/5:
				case buffer >= 2*abr.DefaultTarget/5:
					want = max(want, bola.Index)
					above += want - plain.Index
				default:
					want = max(want, min(bola.Index, current))
					between += want - plain.Index
				}
				if d := (abr.Hybrid{}).Next(s); d.Index != want {
					t.Fatalf("%+v: %+v, want %d", s, d, want)
				}
			}
		}
	}
	if above < 100 || between < 100 {
		t.Errorf("BOLA raised %d choices above the levels and %d between", above, between)
	}
}

// buffered are the rules that go by the buffer.
var buffered = map[string]abr.Rule{"BOLA": abr.BOLA{}, "Hybrid": abr.Hybrid{}}

// TestBufferedConstantLinks: on a link that never changes, the rules climb, never fall, and stay; and they
// never make a silence that the lowest rendition would not have.
func TestBufferedConstantLinks(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 25 {
		link := []abrtest.Period{period(3600e3, math.Exp(3.4+4.9*r.Float64()), float64(r.IntN(1000)))}
		music := abrtest.Music{Track: 200e3, Segment: 2000 + 8000*r.Float64()}
		buffer := 20e3 + 100e3*r.Float64()
		low, _ := replay(t, abr.Lowest{}, music, link, buffer)
		for name, rule := range buffered {
			m, requests := replay(t, rule, music, link, buffer)
			for i := 1; i < len(requests); i++ {
				if requests[i].Index < requests[i-1].Index {
					t.Errorf("%s, %+v: fell from %d to %d at request %d", name, link, requests[i-1].Index, requests[i].Index, i)
					break
				}
			}
			if m.Stalled > low.Stalled+1e-6 {
				t.Errorf("%s, %+v: %v ms of silence, the lowest rendition has %v", name, link, m.Stalled, low.Stalled)
			}
		}
	}
}

// TestBufferedOutages: whatever the link did, once it is good again the highest rendition comes back and
// silence ends.
func TestBufferedOutages(t *testing.T) {
	for name, rule := range buffered {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(8) {
				r := rand.New(rand.NewPCG(seed, 7))
				var link []abrtest.Period
				for range 60 {
					link = append(link, period(5000, []float64{0, 20, 100, 500, 3000}[r.IntN(5)], 50))
				}
				link = append(link, period(7200e3, 4000, 50))
				m, requests := replay(t, rule, abrtest.Music{Track: 600e3}, link, 0)
				if !m.Finished || requests[len(requests)-1].Index != 3 {
					t.Errorf("seed %d: finished %v, last rendition %d", seed, m.Finished, requests[len(requests)-1].Index)
				}
			}
		})
	}
}

func TestNamed(t *testing.T) {
	names := abr.Names()
	for _, name := range []string{"tempo", "throughput", "bola", "hybrid"} {
		if !slices.Contains(names, name) {
			t.Errorf("%q is not among %q", name, names)
		}
	}
	seen := map[abr.Rule]string{}
	for _, name := range names {
		rule, ok := abr.Named(name)
		if !ok || seen[rule] != "" {
			t.Fatalf("%q is %#v, as is %q", name, rule, seen[rule])
		}
		seen[rule] = name
	}
	if rule, ok := abr.Named("BOLA "); ok {
		t.Errorf("a name that there isn't: %#v", rule)
	}
}

func ExampleNamed() {
	for _, name := range []string{"throughput", "bola", "hybrid"} {
		rule, _ := abr.Named(name)
		d := rule.Next(abr.State{
			Renditions: ladder(64, 128, 320, 900), Current: 1, Buffer: 25 * time.Second, Throughput: media.Kbps(360),
		})
		fmt.Println(name, d.Index, d.Reason)
	}
	// Output:
	// throughput 1 hold
	// bola 2 throughput
	// hybrid 2 throughput
}
