package aac

import (
	"encoding/binary"
	"math"
)

// seed is where a packet's noise begins. Whatever went before, the same packet gives the same noise,
// so that decoding after a seek is what it would have been.
func seed(packet []byte) uint64 {
	const odd = 0x9e3779b97f4a7c15
	h := uint64(len(packet)) * odd
	for ; len(packet) >= 8; packet = packet[8:] {
		h = (h ^ binary.LittleEndian.Uint64(packet)) * odd
		h ^= h >> 32
	}
	for _, b := range packet {
		h = (h ^ uint64(b)) * odd
	}
	return h ^ h>>29
}

// chance is where a packet's noise comes from.
type chance struct {
	seed uint64
	fill noiseFunc
}

// noiseFunc fills lines with noise whose sum of squares is the amplitude's square. Equal seeds give
// equal noise but for its level.
type noiseFunc func(lines []float32, seed uint64, amplitude float32)

// addNoise puts noise into the bands that ask for it (4.6.13): of each window's band the sum of
// squares is as transmitted. source is the number of the channel whose noise a band has; it is the
// left one's where the bands of a pair have theirs in common.
func (f *frame) addNoise(c chance, source func(band int) int) {
	window := 0
	for g := range f.groups {
		for b := range f.bands {
			i := g*f.bands + b
			if f.books[i] != bookNoise {
				continue
			}
			for w := range f.grouped[g] {
				at := (window + w) * (len(f.spectrum) / shortWindows)
				place := uint64(source(i))<<16 | uint64(window+w)<<8 | uint64(b)
				c.fill(f.spectrum[at+f.offsets[b]:at+f.offsets[b+1]], c.seed+place, f.gains[i])
			}
		}
		window += f.grouped[g]
	}
}

// noise is the noiseFunc of uniformly distributed values.
func noise(lines []float32, seed uint64, amplitude float32) {
	state := uint32((seed ^ seed>>31) * 0xd6e8feb86659fd93 >> 32)
	energy := float32(0)
	for i := range lines {
		state = state*1664525 + 1013904223
		v := float32(int32(state)) * (1.0 / (1 << 31))
		lines[i] = v
		energy += v * v
	}
	if energy == 0 {
		return
	}
	scale := amplitude / float32(math.Sqrt(float64(energy)))
	for i := range lines {
		lines[i] *= scale
	}
}
