package dsp

import (
	"math/rand/v2"
	"testing"
)

var ratePairs = [][2]int{
	{44100, 48000}, {48000, 44100}, {44100, 44100}, {96000, 44100}, {192000, 48000}, {8000, 48000},
	{44100, 192000}, {44101, 48000}, {48000, 44101}, {384000, 8000}, {8000, 384000}, {22050, 8000}, {383999, 8001},
}

func newResampler(t testing.TB, in, out, channels int, q Quality) *Resampler {
	t.Helper()
	r, err := NewResampler(in, out, channels, q)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestResampleAnyCutGivesTheSameBits(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, pair := range ratePairs {
		frames := min(7001, 701*pair[0]/pair[1]+701)
		for _, channels := range []int{1, 2, 3} {
			src := make([]float32, frames*channels)
			for i := range src {
				src[i] = rnd.Float32()*2 - 1
			}
			r := newResampler(t, pair[0], pair[1], channels, Fast)
			want := stream(t, r, src, channels, func(int) int { return len(src) })
			total := (frames*pair[1] + pair[0] - 1) / pair[0]
			if len(want) != total*channels {
				t.Errorf("%v: %d frames, want ceil(n·out/in) = %d", pair, len(want)/channels, total)
			}
			got := stream(t, r, src, channels, func(int) int { return 1 + rnd.IntN(700) })
			if i := differ(got, want); i >= 0 {
				t.Errorf("%v, %d channels: cut at random, sample %d differs", pair, channels, i)
			}
		}
	}
}
