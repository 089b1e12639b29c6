package abr

import (
	"math"
	"testing"
	"time"
	"unsafe"

	"github.com/segue-audio/segue/player/media"
)

func longLadder() State {
	s := State{Current: 3, Buffer: 20 * time.Second, Target: 30 * time.Second, SegmentDuration: 4 * time.Second, Network: Network3G}
	s.Link = Link{Level: media.Kbps(900), Rate: media.Kbps(700), Volatility: 0.7, Outages: 1}
	for rate := int64(24); len(s.Renditions) < 10; rate += rate/2 + 1 {
		s.Renditions = append(s.Renditions, Rendition{Bitrate: media.Kbps(rate)})
	}
	return s
}

// TestTempoMemory counts what a session keeps: the tables, the plan, the Estimator. Up to six renditions it and what a decision
// needs besides are less than 64 KB; the longest ladder takes twice that.
func TestTempoMemory(t *testing.T) {
	scratch := unsafe.Sizeof(outcomes{}) + 3*unsafe.Sizeof(remains{}) + unsafe.Sizeof(scene{}) + unsafe.Sizeof(prospect{})
	for n, most := range map[int]uintptr{6: 64 << 10, maxRenditions: 128 << 10} {
		s := longLadder()
		for len(s.Renditions) < n {
			s.Renditions = append(s.Renditions, Rendition{Bitrate: 2 * s.Renditions[len(s.Renditions)-1].Bitrate})
		}
		s.Renditions = s.Renditions[:n]
		kept := unsafe.Sizeof(Tempo{}) + unsafe.Sizeof(values{}) + uintptr(cap(NewTempo(s, Weights{}).v.less)) +
			unsafe.Sizeof(Estimator{}) + uintptr(n)*unsafe.Sizeof(Rendition{})
		if kept+scratch >= most {
			t.Errorf("%d renditions: %d bytes are kept and %d are scratch", n, kept, scratch)
		}
	}
}

// TestTempoAllocatesNothing: once it is made, and the Estimator likewise.
func TestTempoAllocatesNothing(t *testing.T) {
	s := longLadder()
	rule := NewTempo(s, Weights{})
	for i := range 7 {
		s.Queue = append(s.Queue, Queued{Index: i % 3, Starts: time.Duration(4*i+4) * time.Second, Duration: 4 * time.Second})
	}
	p := Progress{Index: 5, BytesDone: 20_000, BytesTotal: 400_000, Elapsed: 3 * time.Second, RecentBytes: 2000, Recent: time.Second}
	var e Estimator
	e.Expect(DefaultPrior(Network3G))
	if n := testing.AllocsPerRun(20, func() {
		rule.Next(s)
		rule.Abandon(s, p)
		rule.Upgrade(s, s.Queue)
		e.Flow(p)
		e.Add(Sample{Bytes: 400_000, Elapsed: 6 * time.Second, FirstByte: 80 * time.Millisecond})
		_ = e.Link()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestModelRows: each kind of network is found, and each row of each of its tables is a distribution.
func TestModelRows(t *testing.T) {
	unknown := matrices(NetworkUnknown)
	for _, n := range []Network{Network3G, Network4G, NetworkFixed, "pigeon"} {
		list := matrices(n)
		if (list == unknown) != (n == "pigeon") {
			t.Errorf("%q: the tables are those of an unknown network: %v", n, list == unknown)
		}
		for c, m := range list {
			for i, row := range m {
				sum := float32(0)
				for _, p := range row {
					sum += p
					if !(p >= 0) {
						t.Fatalf("%q, table %d, row %d: %v", n, c, i, row)
					}
				}
				if math.Abs(float64(sum)-1) > 1e-4 {
					t.Errorf("%q, table %d, row %d sums up to %v", n, c, i, sum)
				}
			}
			if c >= classes && m[7][0] < list[c-classes][7][0]+outageHazard/2 {
				t.Errorf("%q: no outages in table %d", n, c)
			}
		}
	}
}

// TestDownloadOutcomes: the ways in which a download may end are all of them, and on a link that stands still they are one.
func TestDownloadOutcomes(t *testing.T) {
	var still matrix
	for i := range still {
		still[i][i] = 1
	}
	var ends outcomes
	start := vector{7: 1} // at its level
	for _, bits := range []float32{1, 1e3, 1e6, 4e6, 4.1e6, 9e6, 5e7} {
		ends.download(&still, &start, bits, float32(math.Log2(1e6)))
		mean := float32(0)
		for _, e := range ends.list[:ends.n] {
			mean += e.p * e.seconds
			if e.state != 7 {
				t.Errorf("%v bits: state %d", bits, e.state)
			}
		}
		if want := bits / 1e6; math.Abs(float64(mean-want)) > 0.02*float64(want) {
			t.Errorf("%v bits at 1 Mbps take %v s", bits, mean)
		}
	}
	for c, m := range matrices(Network3G) {
		ends.download(&m, (*vector)(&m[4]), 3e6, float32(math.Log2(5e5)))
		sum := float32(0)
		for _, e := range ends.list[:ends.n] {
			sum += e.p
		}
		if math.Abs(float64(sum)-1) > 5e-3 {
			t.Errorf("table %d: the outcomes sum up to %v", c, sum)
		}
	}
}

func BenchmarkTempoNext(b *testing.B) {
	s := longLadder()
	rule := NewTempo(s, Weights{})
	b.ReportAllocs()
	for b.Loop() {
		rule.Next(s)
	}
}

func BenchmarkTempoAbandon(b *testing.B) {
	s := longLadder()
	rule := NewTempo(s, Weights{})
	p := Progress{Index: 9, BytesDone: 1000, BytesTotal: 900_000, Elapsed: 5 * time.Second}
	b.ReportAllocs()
	for b.Loop() {
		rule.Abandon(s, p)
	}
}

func BenchmarkNewTempo(b *testing.B) {
	s := longLadder()
	b.ReportAllocs()
	for b.Loop() {
		NewTempo(s, Weights{})
	}
}

// BenchmarkTempoCostliest asks with six renditions and two minutes of buffer on a slow link that is slower still just now: of all
// combinations of level, rate, buffer and volatility that were tried nothing takes longer.
func BenchmarkTempoCostliest(b *testing.B) {
	s := deepBase()
	s.Renditions = []Rendition{{Bitrate: 24e3}, {Bitrate: 48e3}, {Bitrate: 96e3}, {Bitrate: 160e3}, {Bitrate: 320e3}, {Bitrate: 900e3}}
	s.Link = Link{Level: media.Kbps(100), Rate: media.Kbps(30), Volatility: 0.8, Outages: 1}
	rule := NewTempo(s, Weights{})
	p := Progress{Index: 5, BytesDone: 1000, BytesTotal: 450_000, Elapsed: 5 * time.Second}
	for name, ask := range map[string]func(){
		"next":    func() { rule.Next(s) },
		"abandon": func() { rule.Abandon(s, p) },
		"upgrade": func() { rule.Upgrade(s, s.Queue) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				ask()
			}
		})
	}
}

// BenchmarkTempoUpgrade asks of two minutes of base on a link that has all but stopped, where every way of going on is long.
func BenchmarkTempoUpgrade(b *testing.B) {
	s := deepBase()
	rule := NewTempo(s, Weights{})
	b.ReportAllocs()
	for b.Loop() {
		rule.Upgrade(s, s.Queue)
	}
}

func deepBase() State {
	s := longLadder()
	s.Target, s.Buffer, s.Current = 2*time.Minute, 2*time.Minute, 0
	s.Link = Link{Level: media.Kbps(50), Rate: media.Kbps(1), Volatility: 0.8}
	for i := range 29 {
		s.Queue = append(s.Queue, Queued{Starts: time.Duration(4*i+4) * time.Second, Duration: 4 * time.Second})
	}
	return s
}
