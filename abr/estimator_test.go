package abr_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/media"
)

// fetched is a sample of n bytes over a link of the given rate and latency.
func fetched(n int64, rate media.Bitrate, latency time.Duration) abr.Sample {
	return abr.Sample{Bytes: n, Elapsed: latency + rate.Duration(n), FirstByte: latency}
}

func between(t *testing.T, what string, got, low, high media.Bitrate) {
	t.Helper()
	if got < low || got > high {
		t.Errorf("%s: %v, want %v to %v", what, got, low, high)
	}
}

func TestEstimatorSteady(t *testing.T) {
	var e abr.Estimator
	if e.Throughput() != 0 || e.Latency() != 0 {
		t.Errorf("knows %v, %v of nothing", e.Throughput(), e.Latency())
	}
	for i := range 10 {
		e.Add(fetched(100_000, media.Kbps(1000), 80*time.Millisecond))
		between(t, "from the first sample on", e.Throughput(), media.Kbps(999), media.Kbps(1001))
		if l := e.Latency().Round(time.Millisecond); l != 80*time.Millisecond {
			t.Errorf("sample %d: latency %v", i, l)
		}
	}
}

func TestEstimatorCollapseAndRecovery(t *testing.T) {
	var e abr.Estimator
	for range 10 {
		e.Add(fetched(450_000, media.Kbps(2000), 50*time.Millisecond))
	}
	cut := e
	cut.Add(abr.Sample{Bytes: 36_000, Elapsed: 3 * time.Second, FirstByte: 50 * time.Millisecond}) // 96 kbps
	between(t, "after three seconds of a download broken off", cut.Throughput(), media.Kbps(96), media.Kbps(160))
	e.Add(fetched(160_000, media.Kbps(96), 50*time.Millisecond))
	between(t, "after one whole segment", e.Throughput(), media.Kbps(96), media.Kbps(100))

	e.Add(fetched(32_000, media.Kbps(2000), 50*time.Millisecond))
	between(t, "one good sample is luck", e.Throughput(), media.Kbps(96), media.Kbps(300))
	for range 11 {
		e.Add(fetched(32_000, media.Kbps(2000), 50*time.Millisecond))
	}
	between(t, "a dozen small ones are not", e.Throughput(), media.Kbps(1000), media.Kbps(2000))
}

func TestEstimatorTinySamples(t *testing.T) {
	var e abr.Estimator
	e.Add(abr.Sample{Bytes: 2000, Elapsed: 300 * time.Millisecond, FirstByte: 200 * time.Millisecond})
	if e.Throughput() != 0 || e.Latency().Round(time.Millisecond) != 200*time.Millisecond {
		t.Errorf("a playlist: %v, %v", e.Throughput(), e.Latency())
	}
	e.Add(abr.Sample{Bytes: 2000, Elapsed: 4 * time.Second, FirstByte: 200 * time.Millisecond})
	between(t, "two kilobytes in four seconds", e.Throughput(), 1, media.Kbps(8))

	var starved abr.Estimator
	starved.Add(abr.Sample{Elapsed: 5 * time.Second})
	between(t, "nothing at all in five", starved.Throughput(), 1, media.Kbps(1))

	var odd abr.Estimator
	for _, s := range []abr.Sample{{Bytes: 1 << 20}, {Bytes: 1 << 20, Elapsed: -1}, {Bytes: -1, Elapsed: time.Second}} {
		odd.Add(s)
	}
	if odd.Throughput() != 0 {
		t.Errorf("samples that cannot be: %v", odd.Throughput())
	}
}

// TestEstimatorBufferedBody: when the body came in one piece after a long wait, its own time says nothing.
func TestEstimatorBufferedBody(t *testing.T) {
	var e abr.Estimator
	e.Add(abr.Sample{Bytes: 32_000, Elapsed: time.Second, FirstByte: time.Second - time.Microsecond})
	between(t, "buffered body", e.Throughput(), media.Kbps(256), media.Kbps(1024))
}

// TestEstimatorStaysInside: the estimate never leaves what was seen, whatever the order.
func TestEstimatorStaysInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var e abr.Estimator
		low, high := media.Kbps(100_000_000), media.Bitrate(0)
		for range rapid.IntRange(1, 30).Draw(t, "samples") {
			rate := media.Bitrate(rapid.Int64Range(1000, 1_000_000_000).Draw(t, "rate"))
			n := rapid.Int64Range(8<<10, 4<<20).Draw(t, "bytes")
			low, high = min(low, rate), max(high, rate)
			e.Add(fetched(n, rate, 0))
		}
		got := float64(e.Throughput())
		if got < float64(low)*0.99-1 || got > float64(high)*1.01+1 {
			t.Fatalf("%v of samples between %v and %v", e.Throughput(), low, high)
		}
	})
}
