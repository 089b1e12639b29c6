package dsp

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
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
	copy(src[5000:], sine(4801, 48000, 100, 1)) // the ceiling itself is not above it
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
	// 80 ms after the peak, 63 % of the way back.
	if back := (float64(y[5_000+3_840]) - 0.25) / 0.25; back < 0.58 || back > 0.66 {
		t.Errorf("after one release time the level is %.2f of the way back", back)
	}
	if y[4_999] > 0.26 || y[4_000] != 0.5 {
		t.Errorf("the level is %v before the peak and %v long before", y[4_999], y[4_000])
	}
}

// overshoot is how far the curve through the samples rises above a ceiling, in dB: 16 times
// oversampled, by a filter far longer than the limiter's own, flat to 0.47 of the rate.
//
//go:norace
func overshoot(x []float32, channels int, ceiling media.Decibels) float64 {
	const half = 96
	var taps [16][2 * half]float64
	beta := kaiserBeta(80)
	for p := range taps {
		for k := range taps[p] {
			d := float64(k-half+1) - float64(p)/16
			taps[p][k] = sinc(d) * bessel0(beta*math.Sqrt(max(0, 1-d*d/half/half))) / bessel0(beta)
		}
	}
	top := 0.0
	for at := range len(x)/channels - 2*half {
		for ch := range channels {
			w := x[at*channels+ch:]
			// Far below, the curve can't reach it.
			if near := max(magnitude(w[(half-1)*channels]), magnitude(w[half*channels])); float64(near) < 0.25*ceiling.Amplitude() {
				continue
			}
			for p := range taps {
				var v float64
				for k, h := range taps[p] {
					v += h * float64(w[k*channels])
				}
				top = max(top, math.Abs(v))
			}
		}
	}
	return 20*math.Log10(top) - float64(ceiling)
}

// hostile are signals that limiters fail on, 6 to 12 dB too loud.
func hostile(n int) map[string][]float32 {
	rnd := rand.New(rand.NewPCG(8, 8))
	make1 := func(f func(i int) float64) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(f(i))
		}
		return x
	}
	sign := func(v float64) float64 { return math.Copysign(1, v) }
	low := 0.0
	return map[string][]float32{
		"a quarter of the rate at 45°": make1(func(i int) float64 { return 1.7 * math.Sin(math.Pi/2*float64(i)+math.Pi/4) }),
		"the same in bursts": make1(func(i int) float64 {
			return 2 * math.Sin(math.Pi/2*float64(i)+math.Pi/4) * float64(i/150%2)
		}),
		"0.41 of the rate": make1(func(i int) float64 { return 2 * math.Sin(2*math.Pi*0.41*float64(i)) }),
		"a sweep":          make1(func(i int) float64 { return 2 * math.Sin(math.Pi*0.44*float64(i)*float64(i)/float64(n)) }),
		"a loud bass":      make1(func(i int) float64 { return 3 * math.Sin(2*math.Pi*40/48000*float64(i)) }),
		"a square wave":    make1(func(i int) float64 { return 2 * sign(math.Sin(2*math.Pi*217.3/48000*float64(i))) }),
		"impulses":         make1(func(i int) float64 { return 4 * float64(1-min(1, i%311)) }),
		"white noise":      make1(func(int) float64 { return rnd.NormFloat64() }),
		"random signs":     make1(func(int) float64 { return 2 * sign(rnd.NormFloat64()) }),
		"music, much louder": make1(func(i int) float64 {
			low += 0.2 * (rnd.NormFloat64() - low)
			return 3*low*math.Exp(-8*math.Mod(float64(i)/48000, 0.25)) + 1.2*math.Sin(float64(i)*0.03)
		}),
	}
}

// limiterOvershoots is how far each hostile signal's true peak is from the ceiling, when it is limited.
func limiterOvershoots(t *testing.T, look func(name string, before []float32, after float64)) {
	const ceiling = media.Decibels(-1)
	signals := hostile(16_000)
	for _, name := range slices.Sorted(maps.Keys(signals)) {
		x := signals[name]
		y := stream(t, newLimiter(t, 1, ceiling), x, 1, func(int) int { return 1000 })
		for i, v := range y {
			if magnitude(v) > float32(ceiling.Amplitude()) {
				t.Fatalf("%s: sample %d is %v", name, i, v)
			}
		}
		look(name, x, overshoot(y, 1, ceiling))
	}
}

// TestLimiterTruePeaks: what a converter makes of the samples stays at the ceiling, as the Limiter's
// comment says; the samples themselves pass it never.
func TestLimiterTruePeaks(t *testing.T) {
	allowed := map[string]float64{"white noise": 0.2, "random signs": 0.4}
	limiterOvershoots(t, func(name string, _ []float32, after float64) {
		limit := 0.05
		if l, ok := allowed[name]; ok {
			limit = l
		}
		if after > limit || after < -0.8 {
			t.Errorf("%s: true peak %+.3f dB from the ceiling, want −0.8 to %+.2f", name, after, limit)
		}
	})
}

// limiterDistortion is what is left beside a tone that is limited by 6 dB without end, in percent.
func limiterDistortion(t *testing.T, freq float64) float64 {
	x := sine(3*48000, 48000, freq, 2*media.Decibels(-1).Amplitude())
	y := stream(t, newLimiter(t, 1, -1), x, 1, func(int) int { return 1000 })
	amp, _, rest := fitSine(y[2*48000:], 48000, freq)
	return 100 * math.Sqrt(rest*0.5) / (amp / math.Sqrt2)
}

// TestLimiterIsKind: sustained limiting by 6 dB leaves a tone a tone.
func TestLimiterIsKind(t *testing.T) {
	for _, freq := range []float64{40, 100, 1000, 5000} {
		if percent := limiterDistortion(t, freq); percent > 0.1 {
			t.Errorf("%.0f Hz: %.2f %% distortion", freq, percent)
		}
	}
}

// TestLimiterBearsNonsense: what is no number becomes silence, and the music after it is whole.
func TestLimiterBearsNonsense(t *testing.T) {
	l := newLimiter(t, 2, -1)
	bad := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), -3e38}
	src := make([]float32, 2*4*48000)
	for i := range src {
		src[i] = 0.1
		if i < 2000 {
			src[i] = bad[i/3%len(bad)]
		}
	}
	y := stream(t, l, src, 2, func(int) int { return 700 })
	for i, v := range y {
		if !(magnitude(v) <= float32(media.Decibels(-1).Amplitude())) {
			t.Fatalf("sample %d is %v", i, v)
		}
	}
	if last := y[len(y)-1]; last != 0.1 {
		t.Errorf("seconds later the level is %v", last)
	}
}

func TestLimiterAllocatesNothing(t *testing.T) {
	l := newLimiter(t, 2, -1)
	loud, soft, dst := programme(1, 48000), make([]float32, 2*4800), make([]float32, 2*48000)
	for i := range loud {
		loud[i] *= 3
	}
	if n := testing.AllocsPerRun(5, func() {
		l.Process(dst, loud)
		l.Process(dst, soft)
		l.Flush(dst)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkLimiter(b *testing.B) {
	for name, gain := range map[string]float32{"soft": 0.3, "at the ceiling": 0.95, "6 dB too loud": 2} {
		b.Run(name, func(b *testing.B) {
			x := programme(10, 48000)
			peak, _ := survey(x, 2)
			for i := range x {
				x[i] *= gain * 0.891 / peak
			}
			l, dst := newLimiter(b, 2, -1), make([]float32, len(x))
			b.ReportAllocs()
			for b.Loop() {
				l.Process(dst, x)
			}
			b.ReportMetric(100*b.Elapsed().Seconds()/float64(b.N)/10, "%-of-a-core")
		})
	}
}
