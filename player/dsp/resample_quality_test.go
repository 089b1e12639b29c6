package dsp

import (
	"math"
	"math/cmplx"
	"testing"
)

// sine is n frames of a sine of the given frequency and amplitude.
func sine(n int, rate, freq, amp float64) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(amp * math.Sin(2*math.Pi*freq/rate*float64(i)))
	}
	return x
}

// fitSine gives the amplitude of x's part at freq, its phase at frame 0 relative to a sine, and the
// power of the rest relative to that of a full-scale sine.
func fitSine(x []float32, rate, freq float64) (amp, phase, rest float64) {
	// Least squares in the basis of sine and cosine.
	w := 2 * math.Pi * freq / rate
	var ss, sc, cc, xs, xc float64
	for i, v := range x {
		s, c := math.Sincos(w * float64(i))
		ss, sc, cc = ss+s*s, sc+s*c, cc+c*c
		xs, xc = xs+float64(v)*s, xc+float64(v)*c
	}
	det := ss*cc - sc*sc
	a, b := (xs*cc-xc*sc)/det, (xc*ss-xs*sc)/det
	for i, v := range x {
		s, c := math.Sincos(w * float64(i))
		e := float64(v) - a*s - b*c
		rest += e * e
	}
	z := complex(a, b)
	return cmplx.Abs(z), cmplx.Phase(z), rest / float64(len(x)) / 0.5
}

func db(power float64) float64 { return 10 * math.Log10(power+1e-30) }

// TestResampleConstant: a constant stays itself at every phase, and the first and last frames too
// lie where they should: the step up at time 0 is at half height there.
func TestResampleConstant(t *testing.T) {
	for _, pair := range ratePairs {
		r := newResampler(t, pair[0], pair[1], 1, Good)
		src := make([]float32, pair[0]/16)
		for i := range src {
			src[i] = 0.5
		}
		y := stream(t, r, src, 1, func(int) int { return 1000 })
		for i := len(y) / 4; i < len(y)*3/4; i++ {
			if math.Abs(float64(y[i])-0.5) > 2e-6 {
				t.Fatalf("%v: frame %d of a constant 0.5 is %v", pair, i, y[i])
			}
		}
	}
}

func TestResampleEqualRatesKeepEveryBit(t *testing.T) {
	src := []float32{1, -1, 1e-30, float32(math.Inf(1)), float32(math.NaN()), math.Float32frombits(1), 0.3, -2}
	got := stream(t, newResampler(t, 48000, 48000, 2, Best), src, 2, func(int) int { return 1 })
	if i := differ(got, src); i >= 0 {
		t.Errorf("sample %d of %d differs", i, len(got))
	}
}

func TestResampleResetForgets(t *testing.T) {
	r := newResampler(t, 44100, 48000, 1, Good)
	src := sine(5000, 44100, 1000, 0.5)
	whole := func(int) int { return len(src) }
	want := stream(t, r, src, 1, whole) // Flush resets
	r.Process(make([]float32, 900), sine(3000, 44100, 3000, 1))
	r.Reset()
	if i := differ(stream(t, r, src, 1, whole), want); i >= 0 {
		t.Errorf("after Reset frame %d differs", i)
	}
	if n, done := r.Flush(make([]float32, 10)); n != 0 || !done {
		t.Errorf("Flush of nothing gave %d frames, done %v", n, done)
	}
}

func TestConstructorsRefuse(t *testing.T) {
	for _, f := range [][3]int{{7999, 48000, 2}, {48000, 384001, 2}, {48000, 44100, 0}, {48000, 44100, 9}, {0, 0, 0}, {-1, 1, 1}} {
		if _, err := NewResampler(f[0], f[1], f[2], Good); err == nil {
			t.Errorf("a resampler for %v", f)
		}
	}
	for _, f := range [][2]int{{0, 2}, {2, 0}, {9, 2}, {6, 4}, {3, 8}, {-1, -1}} {
		if _, err := NewRemix(f[0], f[1]); err == nil {
			t.Errorf("a remix for %v", f)
		}
	}
	if _, err := NewStretcher(100, 2); err == nil {
		t.Error("a stretcher at 100 Hz")
	}
	if _, err := NewLimiter(48000, 9, 0); err == nil {
		t.Error("a limiter of 9 channels")
	}
}

func TestTablesAreBounded(t *testing.T) {
	for _, in := range []int{8000, 44101, 383999} {
		for _, out := range []int{11025, 47999, 384000} {
			if r := newResampler(t, in, out, 1, Best); r.bank != nil && len(r.bank.table) > maxTable {
				t.Errorf("%d → %d Hz: %d coefficients", in, out, len(r.bank.table))
			}
		}
	}
}

func BenchmarkResample(b *testing.B) {
	for name, q := range map[string]Quality{"fast": Fast, "good": Good, "best": Best} {
		for pairName, pair := range map[string][2]int{"44k1-48k": {44100, 48000}, "96k-44k1": {96000, 44100}, "44k101-48k": {44101, 48000}} {
			b.Run(name+"/"+pairName, func(b *testing.B) {
				r := newResampler(b, pair[0], pair[1], 2, q)
				src, dst := make([]float32, 2*pair[0]), make([]float32, 2*pair[1]+2000)
				b.ReportAllocs()
				for b.Loop() {
					r.Process(dst, src)
				}
				// How many times faster than the music plays.
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "x-real-time")
			})
		}
	}
}
