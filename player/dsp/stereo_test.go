package dsp

import (
	"math"
	"testing"
)

// TestStereo: the factors that come of width and balance.
func TestStereo(t *testing.T) {
	for name, c := range map[string]struct {
		width, balance float64
		l, r           float32 // from 0.5 and 0.1
	}{
		"as it is":        {1, 0, 0.5, 0.1},
		"mono":            {0, 0, 0.3, 0.3},
		"wide":            {2, 0, 0.7, -0.1},
		"narrow":          {0.5, 0, 0.4, 0.2},
		"wider than wide": {9, 0, 0.7, -0.1},
		"no number":       {math.NaN(), math.NaN(), 0.3, 0.3},
		"left":            {1, -1, 0.5, 0},
		"half right":      {1, 0.5, 0.25, 0.1},
		"mono, right":     {0, 7, 0, 0.3},
	} {
		s := NewStereo()
		s.SetWidth(c.width)
		s.SetBalance(c.balance)
		if err := s.Prepare(48000, 2); err != nil {
			t.Fatal(err)
		}
		x := []float32{0.5, 0.1}
		s.Process(x)
		if math.Abs(float64(x[0]-c.l)) > 1e-6 || math.Abs(float64(x[1]-c.r)) > 1e-6 {
			t.Errorf("%s: %v, want %v %v", name, x, c.l, c.r)
		}
	}
	if NewStereo().Prepare(48000, 1) == nil || NewStereo().Prepare(1, 2) == nil {
		t.Error("one channel, or 1 Hz, is taken")
	}
}

// TestStereoIsSmooth: parameters that jump make no step, and bits pass again once they are back.
func TestStereoIsSmooth(t *testing.T) {
	s := NewStereo()
	if err := s.Prepare(48000, 2); err != nil {
		t.Fatal(err)
	}
	const n = 24000
	tone := sine(n, 48000, 500, 0.4)
	x := make([]float32, 0, 2*n)
	for _, v := range tone {
		x = append(x, v, v/4)
	}
	before := append([]float32(nil), x...)
	for i := 0; i < len(x); i += 480 {
		switch i {
		case 4800:
			s.SetWidth(0)
		case 5760:
			s.SetBalance(1)
		case 24000:
			s.SetWidth(1)
			s.SetBalance(0)
		}
		s.Process(x[i : i+480])
	}
	left := make([]float32, n)
	for i := range left {
		left[i] = x[2*i]
	}
	if step := clicks(left, 500, 48000); step > 2e-3 { // at once, it would be 0.02
		t.Errorf("a step of %v", step)
	}
	if i := differ(x[30000:], before[30000:]); i >= 0 {
		t.Errorf("back as it was, sample %d differs", 30000+i)
	}
	if left[9000] != 0 {
		t.Errorf("all to the right, the left has %v", left[9000])
	}
}
