// Package playertest is a music service in one process, for tests: music that is made on the spot,
// packaged as an encrypted HLS ladder, behind a link of a scripted rate and scripted faults. Under
// testing/synctest an hour of it takes a second. It serves no one outside tests.
package playertest

import (
	"math"
	"math/rand/v2"
)

// What only computes, each call on its own samples, is marked norace throughout this package: there the race
// detector finds nothing, and it makes the player's tests half as long again.

// Rate of all music here, in frames a second.
const Rate = 44100

// Music makes n stereo frames (interleaved, 16 bit) that never repeat: gliding tones under a floor of
// noise, so that a frame lost, doubled or moved anywhere shows when the samples are compared. The
// same seed gives the same music.
//
//go:norace
func Music(seed uint64, n int) []int16 {
	const block = 64 // frames over which pitch and level stand still: sines are what this costs
	noise := rand.New(rand.NewPCG(seed, 0x5e60e))
	pcm := make([]int16, 2*n)
	var left, right tone
	for at := 0; at < n; at += block {
		t := float64(at) / Rate
		left.glide(220+90*math.Sin(0.37*t+float64(seed)), block)
		right.glide(331+170*math.Sin(0.23*t), block)
		level := 9000 * (0.6 + 0.4*math.Sin(0.9*t))
		for i := at; i < min(at+block, n); i++ {
			pcm[2*i] = int16(level*left.next() + 1200*(noise.Float64()-0.5))
			pcm[2*i+1] = int16(level*right.next() + 1200*(noise.Float64()-0.5))
		}
	}
	return pcm
}

// tone is a sine that is turned on from frame to frame.
type tone struct {
	phase            float64 // after the frames that glide was told of
	sin, cos, ds, dc float64
}

// glide gives the next frames a pitch in Hz.
//
//go:norace
func (o *tone) glide(pitch float64, frames int) {
	step := 2 * math.Pi * pitch / Rate
	o.sin, o.cos = math.Sincos(o.phase)
	o.ds, o.dc = math.Sincos(step)
	o.phase = math.Mod(o.phase+step*float64(frames), 2*math.Pi)
}

//go:norace
func (o *tone) next() float64 {
	s := o.sin
	o.sin, o.cos = o.sin*o.dc+o.cos*o.ds, o.cos*o.dc-o.sin*o.ds
	return s
}

// Coarse rounds music to the upper bits of its 16: a cheaper rendition whose samples still lie where
// the original's do.
//
//go:norace
func Coarse(pcm []int16, bits int) []int16 {
	drop := 16 - bits
	out := make([]int16, len(pcm))
	for i, s := range pcm {
		out[i] = s >> drop << drop
	}
	return out
}
