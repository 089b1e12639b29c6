package dsp

import (
	"math"
	"testing"
)

// bits is what no multiplication by 1 may change and what a careless one would.
var bits = []float32{0, float32(math.Copysign(0, -1)), 1, -1, 0.1, math.Float32frombits(1), float32(math.Inf(1)), -3e38}

func TestVolumeCurve(t *testing.T) {
	for p, want := range map[float64]float64{-1: 0, 0: 0, 0.5: 0.125, 1: 1, 7: 1, math.Inf(1): 1} {
		if got := VolumeCurve(p); got != want {
			t.Errorf("position %v gives %v, want %v", p, got, want)
		}
	}
	if VolumeCurve(math.NaN()) != 0 {
		t.Error("no number is not silence")
	}
}

func TestCrossfade(t *testing.T) {
	const total = 1000
	loud := make([]float32, total)
	for i := range loud {
		loud[i] = 1
	}
	quiet := make([]float32, total)
	for _, curve := range []Curve{EqualPower, Linear, Smooth} {
		c := Crossfade{curve}
		down, up := make([]float32, total), make([]float32, total)
		c.Mix(down, loud, quiet, 1, 0, total)
		c.Mix(up, quiet, loud, 1, 0, total)
		for i := range total {
			a, b := float64(down[i]), float64(up[i])
			sum := a + b
			if curve == EqualPower {
				sum = a*a + b*b
			}
			if math.Abs(sum-1) > 1e-6 || math.Abs(a-float64(up[total-1-i])) > 1e-6 {
				t.Fatalf("curve %d: gains %v and %v at %d", curve, a, b, i)
			}
			if i > 0 && (a > float64(down[i-1]) || b < float64(up[i-1])) {
				t.Fatalf("curve %d turns back at %d", curve, i)
			}
		}
		// Cut into pieces, in place, with frames before and after the fade.
		cut := append([]float32(nil), loud...)
		for at := 0; at < total; at += 77 {
			end := min(at+77, total)
			c.Mix(cut[at:end], cut[at:end], quiet[at:end], 1, int64(at), total)
		}
		if i := differ(cut, down); i >= 0 {
			t.Errorf("curve %d: cut into pieces, frame %d differs", curve, i)
		}
		out := make([]float32, 6)
		c.Mix(out, []float32{5, 6, 5, 6, 5, 6}, []float32{7, 8, 7, 8, 7, 8}, 2, -1, 1)
		if out[0] != 5 || out[1] != 6 || out[4] != 7 || out[5] != 8 {
			t.Errorf("curve %d: outside the fade: %v", curve, out)
		}
	}
}
