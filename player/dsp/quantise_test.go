package dsp

import (
	"encoding/binary"
	"math"
	"testing"
)

func TestQuantiseGivesIntegersBack(t *testing.T) {
	var q Quantiser
	var b [3]byte
	for v := -1 << 15; v < 1<<15; v++ {
		q.Int16(b[:], []float32{float32(v) / (1 << 15)})
		if got := int(int16(binary.LittleEndian.Uint16(b[:]))); got != v {
			t.Fatalf("16 bits: %d came back as %d", v, got)
		}
	}
	for v := -1 << 23; v < 1<<23; v += 101 {
		q.Int24(b[:], []float32{float32(v) / (1 << 23)})
		if got := int(int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24) >> 8); got != v {
			t.Fatalf("24 bits: %d came back as %d", v, got)
		}
	}
}

func TestQuantiseClips(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, q := range []*Quantiser{{}, NewDither(1)} {
		b := make([]byte, 12)
		if n := q.Int16(b[:11], []float32{2, -2, inf, -inf, nan, 1}); n != 10 {
			t.Errorf("%d bytes written to 11", n)
		}
		for i, want := range []int16{32767, -32768, 32767, -32768, 0} {
			if got := int16(binary.LittleEndian.Uint16(b[2*i:])); got != want {
				t.Errorf("sample %d: %d, want %d", i, got, want)
			}
		}
	}
}

// TestDither: with dither, the mean of many roundings of a level between two steps is that level,
// and the error's variance is a quarter of a step squared whatever the level: (TPDF's 1/6 + 1/12).
func TestDither(t *testing.T) {
	const n = 200_000
	for _, level := range []float64{0, 0.2, 0.5, 10.77} {
		q := NewDither(7)
		src, dst := make([]float32, n), make([]byte, 2*n)
		for i := range src {
			src[i] = float32(level / (1 << 15))
		}
		q.Int16(dst, src)
		var mean, square float64
		for i := range n {
			e := float64(int16(binary.LittleEndian.Uint16(dst[2*i:]))) - level
			mean += e / n
			square += e * e / n
		}
		if math.Abs(mean) > 0.005 || math.Abs(square-0.25) > 0.005 {
			t.Errorf("level %v: mean error %.4f, variance %.4f", level, mean, square)
		}
	}
	a, b := make([]byte, 200), make([]byte, 200)
	NewDither(3).Int16(a, make([]float32, 100))
	NewDither(3).Int16(b, make([]float32, 100))
	if string(a) != string(b) {
		t.Error("equal seeds give different noise")
	}
}

func TestPutFloat32(t *testing.T) {
	b := make([]byte, 4*len(bits)+3)
	if n := PutFloat32(b, append(bits, 1)); n != 4*len(bits) {
		t.Fatalf("%d bytes", n)
	}
	for i, want := range bits {
		if got := binary.LittleEndian.Uint32(b[4*i:]); got != math.Float32bits(want) {
			t.Errorf("sample %d: %08x, want %v", i, got, want)
		}
	}
}

// TestDitherLeavesNoDistortion: a tone of two steps comes out with noise only, as much as TPDF makes
// (−93.3 dB of a full-scale sine at 16 bits) and flat; without dither its harmonics stand out.
func TestDitherLeavesNoDistortion(t *testing.T) {
	const n, step = 1 << 16, 1.0 / (1 << 15)
	freq := 1365.0 / n // a whole number of cycles
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(2 * step * math.Sin(2*math.Pi*freq*float64(i)))
	}
	through := func(q *Quantiser) []float32 {
		b, y := make([]byte, 2*n), make([]float32, n)
		q.Int16(b, x)
		for i := range y {
			y[i] = float32(int16(binary.LittleEndian.Uint16(b[2*i:]))) * step
		}
		return y
	}
	harmonics := func(y []float32) (worst float64) {
		for k := 2; k <= 15; k++ {
			amp, _, _ := fitSine(y, 1, freq*float64(k))
			worst = max(worst, amp/step)
		}
		return worst
	}
	with, without := through(NewDither(5)), through(&Quantiser{})
	amp, _, rest := fitSine(with, 1, freq)
	t.Logf("harmonics: %.4f steps with dither, %.4f without; noise %.2f dB", harmonics(with), harmonics(without), db(rest))
	if h := harmonics(with); h > 0.02 {
		t.Errorf("with dither a harmonic has %.4f steps", h)
	}
	if h := harmonics(without); h < 0.05 {
		t.Errorf("without dither the harmonics have %.4f steps: the test sees nothing", h)
	}
	if math.Abs(db(rest)+93.3) > 0.2 || math.Abs(amp/step-2) > 0.02 {
		t.Errorf("noise %.2f dB, the tone %.3f steps", db(rest), amp/step)
	}
	// Flat: neighbouring errors have nothing in common.
	var low, high float64
	for i := 1; i < n; i++ {
		e, before := float64(with[i]-x[i]), float64(with[i-1]-x[i-1])
		low += (e + before) * (e + before)
		high += (e - before) * (e - before)
	}
	if r := low / high; r < 0.97 || r > 1.03 {
		t.Errorf("sums of neighbouring errors have %.3f times the power of differences", r)
	}
}
