package main

import (
	"math"
	"time"

	"github.com/segue-audio/segue/player"
)

const (
	// historySpan is how far the plots look back.
	historySpan = 2 * time.Minute
	// historyStep is how often a sample is taken.
	historyStep = 500 * time.Millisecond
)

// sample is what the plots show of one moment.
type sample struct {
	at        time.Time
	buffered  float64 // seconds
	bandwidth float64 // bits a second; NaN while there is no estimate
	rendition float64 // 1 for the lowest; NaN where none is audible
	waiting   bool
}

// history is the last two minutes.
type history struct{ samples []sample }

// add takes a sample when one is due.
func (h *history) add(now time.Time, s player.State) {
	if n := len(h.samples); n > 0 && now.Sub(h.samples[n-1].at) < historyStep {
		return
	}
	v := sample{at: now, buffered: s.Buffered.Seconds(), bandwidth: math.NaN(), rendition: math.NaN(),
		waiting: s.Phase == player.Buffering && s.Intent == player.Playing}
	if s.Bandwidth > 0 {
		v.bandwidth = float64(s.Bandwidth)
	}
	if s.Rendition >= 0 {
		v.rendition = float64(s.Rendition + 1)
	}
	h.samples = append(h.samples, v)
	old := 0
	for now.Sub(h.samples[old].at) > historySpan {
		old++
	}
	h.samples = append(h.samples[:0], h.samples[old:]...)
}

// columns averages one quantity into n columns that end now. A column without samples takes its
// left neighbour's value, and those before the first sample are NaN.
func (h *history) columns(now time.Time, n int, of func(sample) float64) []float64 {
	sums, counts := make([]float64, n), make([]int, n)
	for _, s := range h.samples {
		i := n - 1 - int(float64(n)*float64(now.Sub(s.at))/float64(historySpan))
		if v := of(s); i >= 0 && i < n && !math.IsNaN(v) {
			sums[i] += v
			counts[i]++
		}
	}
	last := math.NaN()
	for i := range sums {
		if counts[i] > 0 {
			last = sums[i] / float64(counts[i])
		}
		sums[i] = last
	}
	return sums
}

// top is the largest value of one quantity, at least floor.
func (h *history) top(floor float64, of func(sample) float64) float64 {
	for _, s := range h.samples {
		if v := of(s); v > floor {
			floor = v
		}
	}
	return floor
}
