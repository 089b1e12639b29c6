// Package qmf splits a signal into the complex bands that spectral band replication and parametric
// stereo work in, and joins them again (ISO 14496-3, 4.6.18.4). Bands are modulated copies of one
// low-pass filter, decimated to one complex sample per band and slot. Analysis and synthesis together
// delay by 578 samples at the doubled rate and nearly give back what went in: the standard's own
// filter leaves an error of -58 dB. Banks of other sizes than 32 and 64 bands, and the
// real-valued low-power ones, are not here.
package qmf

import (
	"math"
	"sync"
)

const (
	// Bands is how many bands a slot has at most; analysis fills the lower half.
	Bands = 64
	// Core is how many samples of the core signal make a slot.
	Core = 32

	half  = 320 // the middle of the filter, which has 2*half+1 taps with both zero ends
	taps  = 10  // runs of Bands taps that overlap in a sample
	scale = 32768
)

// Slot is one complex sample of each band. Full scale is ±32768, what the envelopes of spectral band
// replication are written for.
type Slot struct {
	Re, Im [Bands]float32
}

// window gives the filter with the signs of the standard's table: every other run of 128 taps is
// negated, so that the modulation may repeat from run to run.
func window(n int) float64 {
	h := prototype[min(n, 2*half-n)]
	if n/128%2 == 1 {
		return -h
	}
	return h
}

// complexTable holds e^(i·angle(n)) for n below its length.
type complexTable [][2]float32

func newComplexTable(n int, gain float64, angle func(n int) float64) complexTable {
	t := make(complexTable, n)
	for i := range t {
		sin, cos := math.Sincos(angle(i))
		t[i] = [2]float32{float32(gain * cos), float32(gain * sin)}
	}
	return t
}

// tables are what all banks share.
type tables struct {
	analysis  [taps * Core]float32  // the window, oldest sample first, scaled up
	synthesis [taps * Bands]float32 // the window, scaled down
	half      [taps * Core]float32  // every other tap of it

	before32, after32 complexTable // around the transform of analysis
	half32, spread32  complexTable // around that of synthesis with 32 bands
	full64, spread64  complexTable // and with 64
	fft               fftTables
}

var shared = sync.OnceValue(func() *tables {
	t := &tables{}
	for n := range t.analysis {
		t.analysis[taps*Core-1-n] = float32(scale * window(2*n))
		t.half[n] = float32(window(2*n) / scale)
	}
	for n := range t.synthesis {
		t.synthesis[n] = float32(window(n) / scale)
	}
	t.before32 = newComplexTable(Core, 1, func(n int) float64 { return math.Pi / 64 * float64(n) })
	t.after32 = newComplexTable(Core, 2, func(k int) float64 { return -math.Pi / 128 * (float64(k) + 0.5) })
	t.half32 = newComplexTable(Core, 1./64, func(k int) float64 { return -math.Pi * 127.5 / 64 * (float64(k) + 0.5) })
	t.spread32 = newComplexTable(Core, 1, func(n int) float64 { return math.Pi / 64 * float64(n) })
	t.full64 = newComplexTable(Bands, 1./64, func(k int) float64 { return -math.Pi * 255 / 128 * (float64(k) + 0.5) })
	t.spread64 = newComplexTable(Bands, 1, func(n int) float64 { return math.Pi / 128 * float64(n) })
	t.fft = newFFTTables()
	return t
})
