package dsp

import "math"

// loudestSilence is the absolute gate: what is softer doesn't count.
const loudestSilence LUFS = -70

const (
	histogramStep = 0.05 // LU
	histogramBins = 1800 // from −70 LUFS to +20; what is louder counts in the last
)

// loudnessHistogram remembers any number of blocks by their loudness. Each bin has the exact sum of
// its blocks' mean squares, so that only the bin in which a gate lies is in or out as a whole.
type loudnessHistogram struct {
	sum   [histogramBins]float64
	count [histogramBins]int64
}

func (h *loudnessHistogram) reset() { *h = loudnessHistogram{} }

// add takes the weighted mean square of a block.
func (h *loudnessHistogram) add(meanSquare float64) {
	l := loudness(meanSquare)
	if !(l > loudestSilence) {
		return
	}
	i := min(int(float64(l-loudestSilence)/histogramStep), histogramBins-1)
	h.sum[i] += meanSquare
	h.count[i]++
}

// gate is the first bin whose blocks are, on average, above a loudness.
func (h *loudnessHistogram) gate(at LUFS) int {
	i := min(max(0, int(math.Floor(float64(at-loudestSilence)/histogramStep))), histogramBins-1)
	if h.count[i] > 0 && !(h.mean(i) > at) {
		i++
	}
	return i
}

func (h *loudnessHistogram) mean(i int) LUFS { return loudness(h.sum[i] / float64(h.count[i])) }

// above sums up the blocks that are louder than a gate.
func (h *loudnessHistogram) above(at LUFS) (sum float64, count int64) {
	for i := h.gate(at); i < histogramBins; i++ {
		sum += h.sum[i]
		count += h.count[i]
	}
	return sum, count
}

// percentiles gives the loudness below which the parts low and high of the blocks above a gate lie
// (EBU Tech 3342, 3.1: the nearest rank).
func (h *loudnessHistogram) percentiles(at LUFS, low, high float64) (l, u LUFS) {
	first := h.gate(at)
	_, count := h.above(at)
	rank := func(part float64) LUFS {
		want := int64(math.Round(part*float64(count-1))) + 1
		for i := first; i < histogramBins; i++ {
			if want -= h.count[i]; want <= 0 && h.count[i] > 0 {
				return h.mean(i)
			}
		}
		return 0
	}
	return rank(low), rank(high)
}
