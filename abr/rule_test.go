package abr_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/media"
)

var rules = map[string]abr.Rule{
	"ThroughputBuffer":       abr.ThroughputBuffer{},
	"ThroughputBuffer tuned": abr.ThroughputBuffer{Safety: 0.5, Prior: media.Kbps(700)},
	"Fixed":                  abr.Fixed{Index: 2},
	"Fixed beyond":           abr.Fixed{Index: 99},
	"Fixed below":            abr.Fixed{Index: -5},
	"BOLA":                   abr.BOLA{},
	"BOLA with a prior":      abr.BOLA{Prior: media.Kbps(700)},
	"Hybrid":                 abr.Hybrid{},
	"Hybrid with a prior":    abr.Hybrid{Prior: media.Kbps(700)},
	"Lowest":                 abr.Lowest{},
	"Highest":                abr.Highest{},
}

// anyState draws states of all sorts, odd ones among them.
func anyState(t *rapid.T) abr.State {
	rates := rapid.SliceOfN(rapid.Int64Range(0, 3_000_000), 0, 8).Draw(t, "rates")
	slices.Sort(rates)
	s := abr.State{
		Current:         rapid.IntRange(-1, max(-1, len(rates)-1)).Draw(t, "current"),
		Buffer:          time.Duration(rapid.Int64Range(0, int64(3*time.Minute)).Draw(t, "buffer")),
		Target:          time.Duration(rapid.Int64Range(0, int64(2*time.Minute)).Draw(t, "target")),
		SegmentDuration: time.Duration(rapid.Int64Range(0, int64(12*time.Second)).Draw(t, "segment")),
		Throughput:      media.Bitrate(rapid.Int64Range(0, 10_000_000).Draw(t, "throughput")),
		Latency:         time.Duration(rapid.Int64Range(0, int64(3*time.Second)).Draw(t, "latency")),
	}
	if rapid.Bool().Draw(t, "capped") {
		s.Max = media.Bitrate(rapid.Int64Range(1, 3_000_000).Draw(t, "max"))
	}
	for _, r := range rates {
		s.Renditions = append(s.Renditions, abr.Rendition{Bitrate: media.Bitrate(r)})
	}
	return s
}

func TestNextIsValid(t *testing.T) {
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				s := anyState(t)
				d := rule.Next(s)
				switch {
				case d.Reason == "":
					t.Fatalf("no reason: %+v", d)
				case len(s.Renditions) == 0:
					if d.Index != -1 {
						t.Fatalf("%+v of no renditions", d)
					}
				case d.Index < 0 || d.Index >= len(s.Renditions):
					t.Fatalf("%+v of %d renditions", d, len(s.Renditions))
				case s.Max > 0 && d.Index > 0 && s.Renditions[d.Index].Bitrate > s.Max:
					t.Fatalf("%+v passes the cap", d)
				}
				if again := rule.Next(s); again != d {
					t.Fatalf("%+v, then %+v", d, again)
				}
			})
		})
	}
}

// TestMonotone: more throughput or more buffer never leads to a lower rendition.
func TestMonotone(t *testing.T) {
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				a := anyState(t)
				a.Throughput = max(a.Throughput, 1) // unknown is not little
				b := a
				b.Throughput += media.Bitrate(rapid.Int64Range(0, 5_000_000).Draw(t, "more throughput"))
				b.Buffer += time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "more buffer"))
				if x, y := rule.Next(a), rule.Next(b); y.Index < x.Index {
					t.Fatalf("%+v with more gives %+v, below %+v", b, y, x)
				}
			})
		})
	}
}

// TestSettled: what was chosen for the link is not undone while the link stays as it is, even if the
// buffer is lost in a seek the next moment. This is what forbids swinging.
func TestSettled(t *testing.T) {
	climbs := 0
	for cost := 0.20; cost < 1.2; cost += 0.01 { // of the upper rendition, in shares of its segment's time
		for had := time.Duration(0); had <= 40*time.Second; had += time.Second {
			for _, safety := range []float64{0, 0.6, 5} {
				rule := abr.ThroughputBuffer{Safety: safety}
				s := abr.State{
					Renditions: []abr.Rendition{{Bitrate: 1000}, {Bitrate: media.Bitrate(1e6 * cost)}},
					Throughput: 1e6, Buffer: had, Target: 30 * time.Second,
				}
				if rule.Next(s).Index == 0 {
					continue
				}
				climbs++
				s.Current = 1
				for has := time.Duration(0); has <= 40*time.Second; has += time.Second {
					s.Buffer = has
					if d := rule.Next(s); d.Index == 0 {
						t.Fatalf("cost %.2f, safety %v: climbed with %v of buffer, %+v with %v", cost, safety, had, d, has)
					}
				}
			}
		}
	}
	if climbs < 100 {
		t.Errorf("only %d climbs were tried", climbs)
	}
}

func anyProgress(t *rapid.T, s abr.State) abr.Progress {
	p := abr.Progress{
		Index:      rapid.IntRange(0, max(0, len(s.Renditions)-1)).Draw(t, "index"),
		BytesDone:  rapid.Int64Range(0, 2_000_000).Draw(t, "done"),
		BytesTotal: rapid.Int64Range(0, 2_000_000).Draw(t, "total"),
		Elapsed:    time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "elapsed")),
	}
	if rapid.Bool().Draw(t, "recent known") {
		p.Recent = time.Second
		p.RecentBytes = rapid.Int64Range(0, p.BytesDone).Draw(t, "recent")
	}
	return p
}

// TestAbandon: only ever to something lower and allowed, and less buffer never argues for waiting.
func TestAbandon(t *testing.T) {
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				s := anyState(t)
				p := anyProgress(t, s)
				d, ok := rule.Abandon(s, p)
				if ok && (d.Index < 0 || d.Index >= p.Index || d.Reason != abr.ReasonAbandon) {
					t.Fatalf("%+v instead of %d", d, p.Index)
				}
				if ok && s.Max > 0 && d.Index > 0 && s.Renditions[d.Index].Bitrate > s.Max {
					t.Fatalf("%+v passes the cap", d)
				}
				thin := s
				thin.Buffer -= time.Duration(rapid.Int64Range(0, int64(s.Buffer)).Draw(t, "less buffer"))
				if e, still := rule.Abandon(thin, p); ok && (!still || e.Index > d.Index) {
					t.Fatalf("%v, %+v with %v of buffer; %v, %+v with %v", ok, d, s.Buffer, still, e, thin.Buffer)
				}
			})
		})
	}
}

func ladder(kbps ...int64) (out []abr.Rendition) {
	for _, k := range kbps {
		out = append(out, abr.Rendition{Bitrate: media.Kbps(k), Lossless: k > 500})
	}
	return out
}

// TestDecisions fixes single decisions and the reasons given.
func TestDecisions(t *testing.T) {
	rungs := ladder(64, 128, 320, 900)
	full, half, thin := 30*time.Second, 15*time.Second, 2*time.Second
	for _, c := range []struct {
		name string
		rule abr.Rule
		s    abr.State
		want abr.Decision
	}{
		{"nothing known", abr.ThroughputBuffer{}, abr.State{Current: -1}, abr.Decision{Index: 0, Reason: abr.ReasonStart}},
		{"a prior", abr.ThroughputBuffer{Prior: media.Kbps(5000)}, abr.State{Current: -1}, abr.Decision{Index: 2, Reason: abr.ReasonStart}},
		{"a prior that would make one wait", abr.ThroughputBuffer{Prior: media.Kbps(700)}, abr.State{Current: -1}, abr.Decision{Index: 0, Reason: abr.ReasonStart}},
		{"a prior, music before it", abr.ThroughputBuffer{Prior: media.Kbps(700)}, abr.State{Current: -1, Buffer: half}, abr.Decision{Index: 2, Reason: abr.ReasonStart}},
		{"measured beats prior", abr.ThroughputBuffer{Prior: media.Kbps(9000)}, abr.State{Current: -1, Throughput: media.Kbps(140)}, abr.Decision{Index: 0, Reason: abr.ReasonStart}},
		{"unknown holds", abr.ThroughputBuffer{}, abr.State{Current: 2, Buffer: thin}, abr.Decision{Index: 2, Reason: abr.ReasonHold}},
		{"plenty", abr.ThroughputBuffer{}, abr.State{Current: 0, Buffer: half, Throughput: media.Kbps(9000)}, abr.Decision{Index: 3, Reason: abr.ReasonThroughput}},
		{"plenty, thin buffer", abr.ThroughputBuffer{}, abr.State{Current: 0, Buffer: thin, Throughput: media.Kbps(2000)}, abr.Decision{Index: 2, Reason: abr.ReasonThroughput}},
		{"just enough, full buffer", abr.ThroughputBuffer{}, abr.State{Current: 2, Buffer: full, Throughput: media.Kbps(1150)}, abr.Decision{Index: 3, Reason: abr.ReasonBufferHigh}},
		{"just enough, half a buffer", abr.ThroughputBuffer{}, abr.State{Current: 2, Buffer: half, Throughput: media.Kbps(1150)}, abr.Decision{Index: 2, Reason: abr.ReasonHold}},
		{"not enough, full buffer", abr.ThroughputBuffer{}, abr.State{Current: 3, Buffer: full, Throughput: media.Kbps(600)}, abr.Decision{Index: 3, Reason: abr.ReasonHold}},
		{"not enough, half a buffer", abr.ThroughputBuffer{}, abr.State{Current: 3, Buffer: half, Throughput: media.Kbps(600)}, abr.Decision{Index: 2, Reason: abr.ReasonThroughput}},
		{"barely enough, thin buffer", abr.ThroughputBuffer{}, abr.State{Current: 3, Buffer: thin, Throughput: media.Kbps(1000)}, abr.Decision{Index: 2, Reason: abr.ReasonBufferLow}},
		{"collapse", abr.ThroughputBuffer{}, abr.State{Current: 3, Buffer: full, Throughput: media.Kbps(96)}, abr.Decision{Index: 0, Reason: abr.ReasonThroughput}},
		{"latency eats the segment", abr.ThroughputBuffer{}, abr.State{Current: 2, Buffer: thin, Throughput: media.Kbps(9000), Latency: 5 * time.Second}, abr.Decision{Index: 0, Reason: abr.ReasonThroughput}},
		{"cap", abr.ThroughputBuffer{}, abr.State{Current: 0, Buffer: half, Throughput: media.Kbps(9000), Max: media.Kbps(320)}, abr.Decision{Index: 2, Reason: abr.ReasonThroughput}},
		{"at the cap", abr.ThroughputBuffer{}, abr.State{Current: 2, Buffer: half, Throughput: media.Kbps(9000), Max: media.Kbps(320)}, abr.Decision{Index: 2, Reason: abr.ReasonCap}},
		{"cap put lower", abr.ThroughputBuffer{}, abr.State{Current: 3, Buffer: half, Throughput: media.Kbps(9000), Max: media.Kbps(200)}, abr.Decision{Index: 1, Reason: abr.ReasonCap}},
		{"cap below all", abr.Highest{}, abr.State{Max: 1}, abr.Decision{Index: 0, Reason: abr.ReasonCap}},
		{"by hand", abr.Fixed{Index: 1}, abr.State{Current: 3, Throughput: 1}, abr.Decision{Index: 1, Reason: abr.ReasonManual}},
		{"by hand, beyond", abr.Fixed{Index: 7}, abr.State{}, abr.Decision{Index: 3, Reason: abr.ReasonManual}},
		{"by hand, capped", abr.Fixed{Index: 3}, abr.State{Max: media.Kbps(320)}, abr.Decision{Index: 2, Reason: abr.ReasonCap}},
		{"highest", abr.Highest{}, abr.State{}, abr.Decision{Index: 3, Reason: abr.ReasonManual}},
		{"lowest", abr.Lowest{}, abr.State{Throughput: media.Kbps(9000)}, abr.Decision{Index: 0, Reason: abr.ReasonManual}},
	} {
		c.s.Renditions = rungs
		if got := c.rule.Next(c.s); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	one := abr.State{Renditions: rungs[:1], Current: -1}
	for name, rule := range rules {
		if got := rule.Next(one); got != (abr.Decision{Index: 0, Reason: abr.ReasonOnly}) {
			t.Errorf("%s of one: %+v", name, got)
		}
	}
}

func TestAbandonDecisions(t *testing.T) {
	s := abr.State{Renditions: ladder(64, 128, 320, 900), Current: 3, Buffer: 20 * time.Second}
	whole := int64(450_000) // 4 s at 900 kbps
	for _, c := range []struct {
		name   string
		buffer time.Duration
		p      abr.Progress
		want   int // −1 for going on
	}{
		{"in time", 20 * time.Second, abr.Progress{Index: 3, BytesDone: 100_000, BytesTotal: whole, Elapsed: 3 * time.Second}, -1},
		{"too early to tell", 20 * time.Second, abr.Progress{Index: 3, BytesTotal: whole, Elapsed: 900 * time.Millisecond}, -1},
		{"late, the next fits", 20 * time.Second, abr.Progress{Index: 3, BytesDone: 24_000, BytesTotal: whole, Elapsed: 2 * time.Second}, 2},
		{"late, the one below does not fit", 10 * time.Second, abr.Progress{Index: 3, BytesDone: 24_000, BytesTotal: whole, Elapsed: 2 * time.Second}, 1},
		{"late whatever is done: the least of silence", time.Second, abr.Progress{Index: 3, BytesDone: 24_000, BytesTotal: whole, Elapsed: 2 * time.Second}, 0},
		{"late, but nearly in", time.Second, abr.Progress{Index: 3, BytesDone: 420_000, BytesTotal: whole, Elapsed: 35 * time.Second}, -1},
		{"the lowest goes on", 0, abr.Progress{Index: 0, BytesTotal: 32_000, Elapsed: 20 * time.Second}, -1},
		{"length unknown", 20 * time.Second, abr.Progress{Index: 3, BytesDone: 24_000, Elapsed: 2 * time.Second}, 2},
		{"collapsed midway, seen as a whole", 20 * time.Second, abr.Progress{Index: 3, BytesDone: 150_000, BytesTotal: whole, Elapsed: 4 * time.Second}, -1},
		{"collapsed midway, seen lately", 20 * time.Second, abr.Progress{Index: 3, BytesDone: 150_000, BytesTotal: whole, Elapsed: 4 * time.Second, RecentBytes: 12_000, Recent: time.Second}, 2},
		{"a gap between bursts", 20 * time.Second, abr.Progress{Index: 3, BytesDone: 150_000, BytesTotal: whole, Elapsed: 4 * time.Second, Recent: 300 * time.Millisecond}, -1},
		{"nothing comes at all", 10 * time.Second, abr.Progress{Index: 3, BytesTotal: whole, Elapsed: 3 * time.Second}, 0},
		{"out of range", 0, abr.Progress{Index: 9, BytesTotal: whole, Elapsed: 30 * time.Second}, -1},
	} {
		s.Buffer = c.buffer
		d, ok := abr.ThroughputBuffer{}.Abandon(s, c.p)
		if got := map[bool]int{true: d.Index, false: -1}[ok]; got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	s := abr.State{Renditions: ladder(64, 128, 320, 900), Current: 2, Buffer: 9 * time.Second, Throughput: media.Kbps(500)}
	p := abr.Progress{Index: 3, BytesDone: 1000, BytesTotal: 450_000, Elapsed: 3 * time.Second}
	var e abr.Estimator
	for name, rule := range rules {
		if n := testing.AllocsPerRun(100, func() { rule.Next(s); rule.Abandon(s, p) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	if n := testing.AllocsPerRun(100, func() {
		e.Add(abr.Sample{Bytes: 100_000, Elapsed: time.Second, FirstByte: 1})
		_, _ = e.Throughput(), e.Latency()
	}); n != 0 {
		t.Errorf("Estimator: %v allocations", n)
	}
}

func BenchmarkNext(b *testing.B) {
	s := abr.State{Renditions: ladder(24, 48, 96, 160, 320, 900), Current: 2, Buffer: 9 * time.Second, Throughput: media.Kbps(500)}
	rule := abr.ThroughputBuffer{}
	b.ReportAllocs()
	for b.Loop() {
		rule.Next(s)
	}
}
