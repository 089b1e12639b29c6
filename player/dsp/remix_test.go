package dsp

import (
	"math"
	"testing"
)

func TestRemix(t *testing.T) {
	h := math.Sqrt2 / 2
	for _, c := range []struct {
		in, out  int
		src      []float32
		want     []float64
		unscaled float64 // what want is divided by
	}{
		{1, 2, []float32{0.3}, []float64{0.3, 0.3}, 1},
		{2, 1, []float32{0.5, 0.25}, []float64{0.375}, 1},
		{1, 6, []float32{0.3}, []float64{0.3, 0.3, 0, 0, 0, 0}, 1},
		{2, 4, []float32{0.3, 0.4}, []float64{0.3, 0.4, 0, 0}, 1},
		{3, 2, []float32{1, 2, 4}, []float64{1 + 4*h, 2 + 4*h}, 1 + h},
		{4, 2, []float32{1, 2, 4, 8}, []float64{1 + 4*h, 2 + 8*h}, 1 + h},
		{5, 2, []float32{1, 2, 4, 8, 16}, []float64{1 + 4*h + 8*h, 2 + 4*h + 16*h}, 1 + 2*h},
		{6, 2, []float32{1, 2, 4, 99, 8, 16}, []float64{1 + 4*h + 8*h, 2 + 4*h + 16*h}, 1 + 2*h},
		{7, 2, []float32{1, 2, 4, 99, 2, 8, 16}, []float64{1 + 4*h + 1 + 8*h, 2 + 4*h + 1 + 16*h}, 1.5 + 2*h},
		{8, 2, []float32{1, 2, 4, 99, 8, 16, 32, 64}, []float64{1 + 4*h + 40*h, 2 + 4*h + 80*h}, 1 + 3*h},
		{6, 1, []float32{1, 2, 4, 99, 8, 16}, []float64{1.5 + 4*h + 12*h}, 1 + 2*h},
	} {
		r, err := NewRemix(c.in, c.out)
		if err != nil {
			t.Fatal(err)
		}
		dst := make([]float32, c.out+1)
		if n := r.Process(dst, append(c.src, 7)[:c.in]); n != 1 {
			t.Errorf("%d to %d: %d frames", c.in, c.out, n)
		}
		for i, w := range c.want {
			if math.Abs(float64(dst[i])-w/c.unscaled) > 1e-5 {
				t.Errorf("%d to %d: %v, want %v / %v", c.in, c.out, dst, c.want, c.unscaled)
			}
		}
	}
}

func TestRemixKeepsBits(t *testing.T) {
	for out := 1; out <= 2; out++ {
		r, err := NewRemix(out, out)
		if err != nil {
			t.Fatal(err)
		}
		dst := make([]float32, len(bits))
		r.Process(dst, bits)
		if i := differ(dst, bits); i >= 0 {
			t.Errorf("%d channels: sample %d differs", out, i)
		}
	}
	r, err := NewRemix(1, 2)
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, 2*len(bits))
	r.Process(dst, bits)
	for i, b := range bits {
		if differ(dst[2*i:2*i+2], []float32{b, b}) >= 0 {
			t.Errorf("mono %v became %v", b, dst[2*i:2*i+2])
		}
	}
}

// TestRemixToMono: the row for one loudspeaker of BS.775's annex 4, in its own figures.
func TestRemixToMono(t *testing.T) {
	for in, row := range map[int][]float64{
		2: {0.7071, 0.7071},
		3: {0.7071, 0.7071, 1},
		5: {0.7071, 0.7071, 1, 0.5, 0.5},
		6: {0.7071, 0.7071, 1, 0, 0.5, 0.5},
	} {
		r, err := NewRemix(in, 1)
		if err != nil {
			t.Fatal(err)
		}
		var sum, total float64
		for _, w := range row {
			sum += w
		}
		for ch, w := range row {
			src, dst := make([]float32, in), make([]float32, 1)
			src[ch] = 1
			r.Process(dst, src)
			total += float64(dst[0])
			if math.Abs(float64(dst[0])-w/sum) > 1e-4 {
				t.Errorf("%d channels: channel %d at %.4f, want %.4f", in, ch, dst[0], w/sum)
			}
		}
		if math.Abs(total-1) > 1e-6 {
			t.Errorf("%d channels: full scale in all of them makes %.4f", in, total)
		}
	}
}
