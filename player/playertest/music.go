// Package playertest is a music service in one process, for tests: music that is made on the spot,
// packaged as an encrypted HLS ladder, behind a link of a scripted rate and scripted faults. Under
// testing/synctest an hour of it takes a second. It serves no one outside tests.
package playertest

import (
	"math"
	"math/rand/v2"
)

// Rate of all music here, in frames a second.
const Rate = 44100

// Music makes n stereo frames (interleaved, 16 bit) that never repeat: gliding tones under a floor of
// noise, so that a frame lost, doubled or moved anywhere shows when the samples are compared. The
// same seed gives the same music.
func Music(seed uint64, n int) []int16 {
	noise := rand.New(rand.NewPCG(seed, 0x5e60e))
	pcm := make([]int16, 2*n)
	a, b := 0.0, 0.0
	for i := range n {
		t := float64(i) / Rate
		a += 2 * math.Pi * (220 + 90*math.Sin(0.37*t+float64(seed))) / Rate
		b += 2 * math.Pi * (331 + 170*math.Sin(0.23*t)) / Rate
		level := 0.6 + 0.4*math.Sin(0.9*t)
		pcm[2*i] = int16(9000*level*math.Sin(a) + 1200*(noise.Float64()-0.5))
		pcm[2*i+1] = int16(9000*level*math.Sin(b) + 1200*(noise.Float64()-0.5))
	}
	return pcm
}

// Coarse rounds music to the upper bits of its 16: a cheaper rendition whose samples still lie where
// the original's do.
func Coarse(pcm []int16, bits int) []int16 {
	drop := 16 - bits
	out := make([]int16, len(pcm))
	for i, s := range pcm {
		out[i] = s >> drop << drop
	}
	return out
}
