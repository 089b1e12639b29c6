package playertest

import (
	"math"
	"slices"
)

// WindowFrames is how much music one measure of error covers: a millisecond and a half at 44.1 kHz.
const WindowFrames = 64

// Search says how Shift looks.
type Search struct {
	Window int // frames that are compared
	Most   int // frames of shift, either way
}

// Shift finds how many frames later than in want the music from frame `from` on lies in got: where the two
// pieces of stereo music differ least. A positive shift means that frames were repeated or put in before; a
// negative one that some are missing.
func (s Search) Shift(got, want []float32, from int) int {
	best, least := 0, math.Inf(1)
	try := func(by int) {
		if from+by < 0 || 2*(from+by+s.Window) > len(got) || 2*(from+s.Window) > len(want) {
			return
		}
		if e := distance(got[2*(from+by):2*(from+by+s.Window)], want[2*from:2*(from+s.Window)], least); e < least {
			best, least = by, e
		}
	}
	try(0)
	for by := 1; by <= s.Most; by++ {
		try(by)
		try(-by)
	}
	return best
}

// distance is the sum of squared differences, given up when it passes limit.
//
//go:norace
func distance(a, b []float32, limit float64) (sum float64) {
	for i := 0; i < len(a) && sum < limit; i += 16 {
		for k := i; k < min(i+16, len(a)); k++ {
			d := float64(a[k] - b[k])
			sum += d * d
		}
	}
	return sum
}

// Errors gives the root of the mean squared difference of each window of two pieces of stereo music of
// one length, as a part of full scale.
//
//go:norace
func Errors(got, want []float32) []float64 {
	n := min(len(got), len(want)) / (2 * WindowFrames)
	out := make([]float64, n)
	for i := range out {
		a, b := 2*WindowFrames*i, 2*WindowFrames*(i+1)
		out[i] = math.Sqrt(distance(got[a:b], want[a:b], math.Inf(1)) / (2 * WindowFrames))
	}
	return out
}

// Worst is the largest of the windows that touch the frames from a to b.
func Worst(errors []float64, a, b int) float64 {
	lo, hi := max(0, a/WindowFrames), min(len(errors), b/WindowFrames+1)
	if lo >= hi {
		return 0
	}
	return slices.Max(errors[lo:hi])
}

// Quantile is the value that a part q of the numbers doesn't pass; zero of none.
func Quantile(numbers []float64, q float64) float64 {
	if len(numbers) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(numbers))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// Bend is the largest second difference of either channel in the frames from a to b: what a click is.
//
//go:norace
func Bend(pcm []float32, a, b int) (most float64) {
	for i := max(2, a); i < min(b, len(pcm)/2); i++ {
		for c := range 2 {
			d := math.Abs(float64(pcm[2*i+c] - 2*pcm[2*i-2+c] + pcm[2*i-4+c]))
			most = max(most, d)
		}
	}
	return most
}

// Floats puts 16-bit samples into ±1.
//
//go:norace
func Floats(pcm []int16) []float32 {
	out := make([]float32, len(pcm))
	for i, s := range pcm {
		out[i] = float32(s) / 32768
	}
	return out
}
