package dsp

import (
	"math"
	"testing"
	"time"
)

// bits is what no multiplication by 1 may change and what a careless one would.
var bits = []float32{0, float32(math.Copysign(0, -1)), 1, -1, 0.1, math.Float32frombits(1), float32(math.Inf(1)), -3e38}

func TestRampAtOneKeepsEveryBit(t *testing.T) {
	r := NewRamp(48000, 0)
	buf := append([]float32(nil), bits...)
	r.Process(buf, 2)
	if i := differ(buf, bits); i >= 0 {
		t.Errorf("sample %d differs at gain 1", i)
	}
	// And again after having been elsewhere.
	r.Set(0.3)
	r.Process(make([]float32, 4800), 2)
	r.Set(1)
	r.Process(make([]float32, 4800), 2)
	r.Process(buf, 2)
	if i := differ(buf, bits); i >= 0 || !r.Settled() {
		t.Errorf("sample %d differs after the return to gain 1", i)
	}
}

// TestRampIsStraight: from 1 to 0.5 in 10 ms, frame by frame, the same however the buffer is cut,
// and both channels alike.
func TestRampIsStraight(t *testing.T) {
	for _, cut := range []int{1, 7, 480, 1000} {
		r := NewRamp(48000, 10*time.Millisecond)
		r.Set(0.5)
		buf := make([]float32, 2*1000)
		for i := range buf {
			buf[i] = 1
		}
		for at := 0; at < 1000; at += cut {
			r.Process(buf[2*at:2*min(at+cut, 1000)], 2)
		}
		for f := range 1000 {
			want := math.Max(0.5, 1-0.5*float64(f+1)/480)
			if got := buf[2*f]; math.Abs(float64(got)-want) > 1e-6 || buf[2*f+1] != got {
				t.Fatalf("cut %d: frame %d has gains %v and %v, want %v", cut, f, got, buf[2*f+1], want)
			}
		}
		if buf[2*480] != 0.5 {
			t.Errorf("cut %d: the target is %v in the end", cut, buf[2*480])
		}
	}
}

// TestRampTurnsBack: a new target on the way starts from where the gain is.
func TestRampTurnsBack(t *testing.T) {
	r := NewRamp(1000, 10*time.Millisecond)
	one := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = 1
		}
		r.Process(x, 1)
		return x
	}
	r.Set(0)
	if x := one(5); x[4] != 0.5 {
		t.Fatalf("half way down the gain is %v", x[4])
	}
	r.Set(1)
	last := 0.5
	for i, v := range one(12) {
		if float64(v) < last || float64(v)-last > 0.051 {
			t.Errorf("frame %d jumps from %v to %v", i, last, v)
		}
		last = float64(v)
	}
	if last != 1 {
		t.Errorf("the gain ends at %v", last)
	}
	r.Jump(0.25)
	if x := one(1); x[0] != 0.25 {
		t.Errorf("after Jump the gain is %v", x[0])
	}
	r.Set(math.NaN())
	if r.Target() != 0 {
		t.Errorf("what is no number became %v", r.Target())
	}
}

// TestRampArrives: the last frame of a ramp has the target itself, not what adding up steps gave.
func TestRampArrives(t *testing.T) {
	r := NewRamp(1000, 333*time.Millisecond)
	for i := range 50 {
		target := float64(i*37%50) / 49
		r.Set(target)
		x := make([]float32, 333)
		x[332] = 1
		r.Process(x, 1)
		if x[332] != float32(target) || !r.Settled() {
			t.Errorf("the ramp to %v ends at %v", target, x[332])
		}
	}
}

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
