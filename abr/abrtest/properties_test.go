package abrtest_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/abr/abrtest"
)

// anyTrace is a link of a few periods, some of them outages.
func anyTrace(t *rapid.T) *abrtest.Trace {
	latency := float64(rapid.IntRange(0, 500).Draw(t, "latency")) // one, so that to ask earlier is never worse
	periods := []abrtest.Period{period(float64(rapid.IntRange(500, 20_000).Draw(t, "ms")), float64(rapid.IntRange(60, 3000).Draw(t, "kbps")), latency)}
	for range rapid.IntRange(0, 8).Draw(t, "periods") {
		p := period(float64(rapid.IntRange(100, 30_000).Draw(t, "ms")), 0, latency)
		if rapid.IntRange(0, 4).Draw(t, "kind") > 0 {
			p.Kbps = float64(rapid.IntRange(10, 3000).Draw(t, "kbps"))
		}
		periods = append(periods, p)
	}
	return link(t, periods...)
}

func anyPlaylist(t *rapid.T, track float64) *abrtest.Playlist {
	m := abrtest.Music{
		Ladder:  rapid.SampledFrom([][]float64{{24, 96, 320}, abrtest.Rungs(), {64, 128}}).Draw(t, "ladder"),
		Tracks:  rapid.IntRange(1, 3).Draw(t, "tracks"),
		Track:   track,
		Segment: float64(rapid.IntRange(2000, 10_000).Draw(t, "segment")),
	}
	if rapid.Bool().Draw(t, "vbr") {
		m.Vary, m.Seed = 0.5, "any"
	}
	return playlist(t, m)
}

// whim chooses, waits, breaks off and upgrades as it likes.
type whim struct{ t *rapid.T }

func (w whim) Start(*abrtest.View) {}

func (w whim) Choose(v *abrtest.View) abrtest.Pick {
	return abrtest.Pick{
		Index: rapid.IntRange(-1, 7).Draw(w.t, "index"),
		Delay: float64(rapid.SampledFrom([]int{0, 0, 0, 700}).Draw(w.t, "delay")),
	}
}
func (w whim) Done(*abrtest.View, *abrtest.Download) {}
func (w whim) PollEvery() float64                    { return 500 }
func (w whim) Abandon(*abrtest.View, *abrtest.Download) (int, bool) {
	return 0, rapid.IntRange(0, 9).Draw(w.t, "abandon") == 0
}
func (w whim) Upgrade(v *abrtest.View, _ float64) (place, index int, ok bool) {
	place = rapid.IntRange(0, 3).Draw(w.t, "place")
	return place, rapid.IntRange(0, 7).Draw(w.t, "to"), place > 0
}

// watch checks the client's own books after each request.
type watch struct {
	whim
	bits float64
}

func (w *watch) Done(v *abrtest.View, d *abrtest.Download) {
	w.bits += d.Got
	sum := -v.Head
	for i, q := range v.Queue {
		sum += v.Playlist.Segments[q.Segment].Duration
		if i > 0 && q.Segment != v.Queue[i-1].Segment+1 {
			w.t.Fatalf("segment %d behind %d", q.Segment, v.Queue[i-1].Segment)
		}
	}
	if math.Abs(sum-v.Buffer) > 1e-6 {
		w.t.Fatalf("a buffer of %v ms, %v are queued", v.Buffer, sum)
	}
	if d.Got > d.Bits+1e-6 || d.Got < 0 || (d.Outcome == abrtest.Complete) != (math.Abs(d.Got-d.Bits) < 1e-6) {
		w.t.Fatalf("%+v", d)
	}
	if longest := v.Playlist.Segment; v.Buffer > max(v.MaxBuffer, longest)+1e-6 {
		w.t.Fatalf("a buffer of %v ms where %v have room", v.Buffer, v.MaxBuffer)
	}
}

// TestNothingIsLost: time is heard, waited or stalled; bits were heard or wasted.
func TestNothingIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPlaylist(t, 60e3)
		if rapid.Bool().Draw(t, "skips") {
			p = p.WithSkips(p.Impatience(rapid.StringN(0, 4, 4).Draw(t, "listener")))
		}
		c := abrtest.Client{Trace: anyTrace(t), Playlist: p, Buffer: float64(rapid.IntRange(5, 60).Draw(t, "buffer")) * 1000}
		c.Heads = rapid.Bool().Draw(t, "heads")
		c.Rest = float64(rapid.SampledFrom([]int{0, 0, 10e3, 100e3}).Draw(t, "rest"))
		w := &watch{whim: whim{t}}
		var trail abrtest.Trail
		c.Trail = &trail
		m := play(t, c, w)
		same(t, "wall", m.Wall, m.Heard+m.Waited+m.Stalled)
		same(t, "bits told and counted", m.Bits, w.bits)
		if !m.Finished && m.Wall > 100*p.Duration {
			return // on a link like that, with such whims
		}
		// rounded: some 1e8 bits
		if heard := m.Kbps * m.Heard; math.Abs(m.Bits-heard-m.Wasted()) > 1e-3 {
			t.Fatalf("%v bits came, %v were heard and %v wasted", m.Bits, heard, m.Wasted())
		}
		if !m.Finished {
			t.Fatalf("not finished: %+v", m)
		}
		if len(p.Skips) == 0 {
			same(t, "heard", m.Heard, p.Duration)
		}
		heard := 0.0
		for _, h := range trail.Heard {
			heard += h.To - h.From
		}
		same(t, "heard in the trail", heard, m.Heard)
	})
}

// TestFasterIsNoWorse: with the same renditions a faster link never brings a segment later, nor more silence in
// all.
func TestFasterIsNoWorse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := abrtest.Client{Trace: anyTrace(t), Playlist: anyPlaylist(t, 60e3), Limit: 1e12}
		var plan abrtest.Plan
		for range c.Playlist.Segments {
			plan = append(plan, rapid.IntRange(0, len(c.Playlist.Ladder)-1).Draw(t, "index"))
		}
		slow := play(t, c, plan)
		fast, err := c.Trace.Scaled(1 + rapid.Float64Range(0, 3).Draw(t, "faster"))
		if err != nil {
			t.Fatal(err)
		}
		c.Trace = fast
		if m := play(t, c, plan); m.Waited+m.Stalled > slow.Waited+slow.Stalled+1e-6 {
			t.Fatalf("%v ms of silence, %v on the slower link", m.Waited+m.Stalled, slow.Waited+slow.Stalled)
		}
	})
}

// TestOptimumIsAtLeastAsGood as any rule that upgrades nothing.
func TestOptimumIsAtLeastAsGood(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := abrtest.Client{Trace: anyTrace(t), Playlist: anyPlaylist(t, 6e3), Buffer: float64(rapid.IntRange(4, 30).Draw(t, "buffer")) * 1000}
		plan, promised, err := c.Optimum(abrtest.Precision{})
		if err != nil {
			t.Fatal(err)
		}
		rough := play(t, c, plan).QoE
		same(t, "what was promised", rough, promised)
		plan, _, err = c.Optimum(abrtest.Precision{Keep: -1, Slack: -1})
		if err != nil {
			t.Fatal(err)
		}
		best := play(t, c, plan).QoE
		_, bound, err := c.Optimum(abrtest.Precision{Optimistic: true})
		if err != nil {
			t.Fatal(err)
		}
		if rough > best+1e-6 || best > bound+1e-6 {
			t.Fatalf("%v roughly, %v exactly, %v is the most there is", rough, best, bound)
		}
		for _, a := range []abrtest.Algorithm{
			&abrtest.Driver{Rule: abr.ThroughputBuffer{}}, &abrtest.Driver{Rule: abr.Highest{}}, abrtest.Plan{},
		} {
			if m := play(t, c, a); m.QoE > best+1e-6 {
				t.Fatalf("%T: %v, the optimum has %v", a, m.QoE, best)
			}
		}
	})
}

// TestOptimumByCounting tries every plan there is.
func TestOptimumByCounting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		music := abrtest.Music{Ladder: []float64{50, 150, 600}, Tracks: rapid.IntRange(1, 2).Draw(t, "tracks"), Track: 5e3, Segment: 2e3}
		c := abrtest.Client{Trace: anyTrace(t), Playlist: playlist(t, music), Buffer: float64(rapid.IntRange(2, 9).Draw(t, "buffer")) * 1000}
		n, best := len(c.Playlist.Segments), math.Inf(-1)
		plan := make(abrtest.Plan, n)
		for code := range int(math.Pow(3, float64(n))) {
			for i := range plan {
				plan[i] = code % 3
				code /= 3
			}
			best = max(best, play(t, c, plan).QoE)
		}
		found, promised, err := c.Optimum(abrtest.Precision{Keep: -1, Slack: -1})
		if err != nil {
			t.Fatal(err)
		}
		same(t, "what was promised", promised, best)
		same(t, "what was found", play(t, c, found).QoE, best)
	})
}
