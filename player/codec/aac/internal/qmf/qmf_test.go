package qmf

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"
)

func noise(n int) []float32 {
	rng := rand.New(rand.NewPCG(1, 2))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64() / 8)
	}
	return x
}

// TestPrototype checks the table by what it is for: a smooth low-pass filter whose shifted copies,
// squared, sum to the same everywhere.
func TestPrototype(t *testing.T) {
	h := func(n int) float64 { return math.Abs(prototype[min(n, 2*half-n)]) }
	if prototype[0] != 0 || h(half) != prototype[half] {
		t.Fatal("the ends or the middle are wrong")
	}
	for k := range 64 {
		var power float64
		for j := range taps {
			power += h(64*j+k) * h(64*j+k)
		}
		if math.Abs(power-1) > 1e-3 {
			t.Errorf("tap %d: its copies have power %v, want 1", k, power)
		}
	}
	for n := 2; n < half; n++ {
		jump := math.Abs(prototype[n-1]) + math.Abs(prototype[n+1]) - 2*math.Abs(prototype[n])
		if math.Abs(jump) > 0.002 && math.Abs(prototype[n]) > 0.01 {
			t.Errorf("tap %d stands out by %v", n, jump)
		}
	}
}

// TestAnalysis compares with the sum as the standard writes it.
func TestAnalysis(t *testing.T) {
	const slots = 16
	src := noise(slots * Core)
	var a Analysis
	got := make([]Slot, slots)
	a.Process(got[:5], src[:5*Core])
	a.Process(got[5:], src[5*Core:])
	for l := range got {
		for k := range Core {
			var want complex128
			for n := range 64 {
				var u float64
				for j := range 5 {
					if at := Core*(l+1) - 1 - n - 64*j; at >= 0 {
						u += float64(src[at]) * window(2*(n+64*j)) * scale
					}
				}
				want += complex(2*u, 0) * cmplx.Rect(1, math.Pi/64*(float64(k)+0.5)*(2*float64(n)-0.5))
			}
			have := complex(float64(got[l].Re[k]), float64(got[l].Im[k]))
			if cmplx.Abs(have-want) > 0.02 {
				t.Fatalf("slot %d band %d: %v, want %v", l, k, have, want)
			}
		}
	}
}

// TestSynthesis compares both banks with the sums as the standard writes them.
func TestSynthesis(t *testing.T) {
	const slots = 24
	for _, bands := range []int{Core, Bands} {
		src := make([]Slot, slots)
		x := noise(slots * 2 * Bands)
		for l := range src {
			for k := range bands {
				src[l].Re[k], src[l].Im[k] = scale*x[2*(l*Bands+k)], scale*x[2*(l*Bands+k)+1]
			}
		}
		s := Synthesis{Half: bands == Core}
		got := make([]float32, slots*bands)
		s.Process(got[:3*bands], src[:3])
		s.Process(got[3*bands:], src[3:])

		v := make([]float64, 20*bands)
		for l := range src {
			copy(v[2*bands:], v)
			for n := range 2 * bands {
				v[n] = 0
				for k := range bands {
					p := cmplx.Rect(1./64, math.Pi/float64(2*bands)*(float64(k)+0.5)*(float64(2*n-4*bands)+float64(bands)/64))
					v[n] += real(complex(float64(src[l].Re[k]), float64(src[l].Im[k])) * p)
				}
			}
			for k := range bands {
				var want float64
				for n := range 5 {
					step := Bands / bands
					want += v[4*bands*n+k]*window(step*(2*bands*n+k)) + v[4*bands*n+3*bands+k]*window(step*(2*bands*n+bands+k))
				}
				if d := math.Abs(float64(got[l*bands+k]) - want/scale); d > 1e-6 {
					t.Fatalf("%d bands, slot %d sample %d: %v, want %v", bands, l, k, got[l*bands+k], want/scale)
				}
			}
		}
	}
}

// TestReconstruction puts tones through analysis and synthesis. The standard's filter reconstructs
// nearly, not perfectly: computed in double precision too, its error is -59 dB for white noise.
func TestReconstruction(t *testing.T) {
	const slots = 64
	tones := func(n float64) (x float64) {
		for i, f := range []float64{0.0113, 0.0527, 0.1931, 0.3317, 0.43} {
			x += 0.15 * math.Sin(2*math.Pi*f*n+float64(i))
		}
		return x
	}
	src := make([]float32, slots*Core)
	for n := range src {
		src[n] = float32(tones(float64(n)))
	}
	for _, c := range []struct {
		bands int
		delay float64 // in samples of the output
		want  float64 // dB
	}{{Core, 289, 58}, {Bands, 578, 58}} {
		var a Analysis
		s := Synthesis{Half: c.bands == Core}
		x := make([]Slot, slots)
		a.Process(x, src)
		dst := make([]float32, slots*c.bands)
		s.Process(dst, x)
		var signal, noise float64
		for n := 20 * c.bands; n < len(dst); n++ {
			want := tones((float64(n) - c.delay) * float64(Core) / float64(c.bands))
			signal += want * want
			noise += (float64(dst[n]) - want) * (float64(dst[n]) - want)
		}
		if db := 10 * math.Log10(signal/noise); db < c.want {
			t.Errorf("%d bands: reconstruction has %.1f dB, want %v", c.bands, db, c.want)
		}
	}
}

func TestReset(t *testing.T) {
	src := noise(40 * Core)
	x, y := make([]Slot, 40), make([]Slot, 40)
	a, s := Analysis{}, Synthesis{}
	dst := make([]float32, 40*Bands)
	a.Process(x, src)
	s.Process(dst, x)
	first := append([]float32(nil), dst...)
	a.Reset()
	s.Reset()
	a.Process(y, src)
	s.Process(dst, y)
	for i := range dst {
		if dst[i] != first[i] {
			t.Fatalf("sample %d differs after Reset", i)
		}
	}
	if n := testing.AllocsPerRun(5, func() { a.Process(x, src); s.Process(dst, x) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func BenchmarkAnalysis(b *testing.B) {
	src := noise(1024)
	x := make([]Slot, 32)
	var a Analysis
	b.SetBytes(4 * 1024)
	for b.Loop() {
		a.Process(x, src)
	}
}

func BenchmarkSynthesis(b *testing.B) {
	var a Analysis
	x := make([]Slot, 32)
	a.Process(x, noise(1024))
	dst := make([]float32, 2048)
	var s Synthesis
	b.SetBytes(4 * 2048)
	for b.Loop() {
		s.Process(dst, x)
	}
}
