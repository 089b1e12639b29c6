package dsp

import (
	"math"
	"testing"
)

// melody is a few seconds of mono that changes: a chord of decaying notes with a beat.
func melody(n, rate int) []float32 {
	x := make([]float32, n)
	for i := range x {
		t := float64(i) / float64(rate)
		beat := math.Mod(t, 0.5)
		note := 220 * math.Pow(2, math.Floor(math.Mod(t*2, 8))/12)
		v := 0.3 * math.Exp(-3*beat) * (math.Sin(2*math.Pi*note*t) + 0.5*math.Sin(2*math.Pi*1.5*note*t))
		x[i] = float32(v)
	}
	return x
}

func TestStretchCountsAndCuts(t *testing.T) {
	const rate = 44100
	src := melody(3*rate+17, rate)
	for _, speed := range []float64{0.5, 0.8, 0.97, 1, 1.03, 1.25, 1.5, 2} {
		want := stream(t, newStretch(t, rate, 1, speed), src, 1, func(int) int { return len(src) })
		if n := int(math.Ceil(float64(len(src))/speed - 1e-9)); len(want) != n {
			t.Errorf("speed %v: %d frames, want %d", speed, len(want), n)
		}
		for _, chunk := range []int{1, 63, 480, 4096} {
			got := stream(t, newStretch(t, rate, 1, speed), src, 1, func(int) int { return chunk })
			if i := differ(got, want); i >= 0 {
				t.Errorf("speed %v: cut into %d, frame %d differs (%d and %d frames)", speed, chunk, i, len(got), len(want))
			}
		}
		if speed == 1 {
			if i := differ(want, src); i >= 0 {
				t.Errorf("speed 1 changes sample %d", i)
			}
		}
	}
}

func newStretch(t testing.TB, rate, channels int, speed float64) *Stretcher {
	t.Helper()
	s, err := NewStretcher(rate, channels)
	if err != nil {
		t.Fatal(err)
	}
	s.SetSpeed(speed)
	return s
}

// stream runs src through s in chunks of the sizes that chunk gives, then flushes.
func stream(t testing.TB, s Stream, src []float32, channels int, chunk func(i int) int) []float32 {
	t.Helper()
	var out []float32
	buf := make([]float32, 1021*channels)
	for i := 0; len(src) > 0; i++ {
		n := min(chunk(i)*channels, len(src))
		in := src[:n]
		src = src[n:]
		for {
			c, p := s.Process(buf, in)
			in = in[c*channels:]
			out = append(out, buf[:p*channels]...)
			if c == 0 && p == 0 {
				break
			}
		}
		if len(in) > 0 {
			t.Fatalf("%d samples not taken though dst was empty", len(in))
		}
	}
	for range 1 << 20 {
		p, done := s.Flush(buf)
		out = append(out, buf[:p*channels]...)
		if done {
			return out
		}
	}
	t.Fatal("Flush never ends")
	return nil
}

// differ is the index of the first sample that differs in any bit, −1 where all are the same.
func differ(a, b []float32) int {
	for i := range min(len(a), len(b)) {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			return i
		}
	}
	if len(a) != len(b) {
		return min(len(a), len(b))
	}
	return -1
}
