package dsp

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/segue-audio/segue/player/media"
)

func newLimiter(t testing.TB, channels int, ceiling media.Decibels) *Limiter {
	t.Helper()
	l, err := NewLimiter(48000, channels, ceiling)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestLimiterBelowCeiling: every bit goes through, as many frames as were taken, whatever the cut.
func TestLimiterBelowCeiling(t *testing.T) {
	src := melody(20_001, 48000)
	src[500], src[501] = 1, -1 // the ceiling itself is not above it
	for _, chunk := range []int{1, 100, 239, 240, 241, 20_001} {
		l := newLimiter(t, 1, 0)
		if i := differ(stream(t, l, src, 1, func(int) int { return chunk }), src); i >= 0 {
			t.Errorf("cut into %d: frame %d differs", chunk, i)
		}
	}
	l := newLimiter(t, 1, 0)
	_, n := l.Process(make([]float32, len(src)), src)
	if held := media.Frames(len(src) - n); held != l.Latency() {
		t.Errorf("%d frames held back, %d reported", held, l.Latency())
	}
}

// TestLimiterHolds: no sample passes the ceiling for loud noise, single peaks and square waves; the
// output is the same for any cut, and both channels get the same gain.
func TestLimiterHolds(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	src := make([]float32, 2*130_000)
	for f := range 130_000 {
		v := float32(0.25)
		switch {
		case f > 5_000 && f < 10_000:
			v = rnd.Float32()*8 - 4
		case f == 12_000 || f == 12_100 || f == 12_241:
			v = 3 + float32(f-12_000)/100
		case f > 15_000 && f < 20_000 && f/50%2 == 0:
			v = -1.7
		}
		src[2*f], src[2*f+1] = v, v/2
	}
	want := stream(t, newLimiter(t, 2, -1), src, 2, func(int) int { return 130_000 })
	got := stream(t, newLimiter(t, 2, -1), src, 2, func(int) int { return 1 + rnd.IntN(500) })
	if i := differ(got, want); i >= 0 {
		t.Fatalf("cut at random, sample %d differs", i)
	}
	ceiling := float32(media.Decibels(-1).Amplitude())
	touched := 0
	for f := range 130_000 {
		l, r := want[2*f], want[2*f+1]
		if l > ceiling || l < -ceiling {
			t.Fatalf("frame %d: %v passes the ceiling %v", f, l, ceiling)
		}
		if math.Abs(float64(l-2*r)) > 1e-6 {
			t.Fatalf("frame %d: %v and %v are no longer 2 to 1", f, l, r)
		}
		if l == ceiling || l == -ceiling || l > ceiling*0.999 {
			touched++
		}
	}
	if touched == 0 {
		t.Error("the limiter keeps far below its ceiling")
	}
	if want[2*4_000] != 0.25 || want[2*129_999] != 0.25 {
		t.Errorf("far from any peak the level is %v before and %v after", want[2*4_000], want[2*129_999])
	}
}

// TestLimiterIsSmooth: the gain before a peak comes down over the look-ahead, without a step.
func TestLimiterIsSmooth(t *testing.T) {
	src := make([]float32, 12_000)
	for i := range src {
		src[i] = 0.5
	}
	src[5_000] = 2
	y := stream(t, newLimiter(t, 1, 0), src, 1, func(int) int { return 12_000 })
	for i := 1; i < len(y); i++ {
		if i == 5_000 || i == 5_001 {
			continue
		}
		if step := math.Abs(float64(y[i] - y[i-1])); step > 0.5*0.5/200 {
			t.Fatalf("between frames %d and %d the level jumps by %v", i-1, i, step)
		}
	}
	// 120 ms after the peak, 63 % of the way back.
	if back := (float64(y[5_000+5_760]) - 0.25) / 0.25; back < 0.60 || back > 0.66 {
		t.Errorf("after one release time the level is %.2f of the way back", back)
	}
	if y[4_999] > 0.26 || y[4_000] != 0.5 {
		t.Errorf("the level is %v before the peak and %v long before", y[4_999], y[4_000])
	}
}
