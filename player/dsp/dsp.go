// Package dsp turns PCM into PCM: resampling, gain, crossfade, channel mixing, limiting, speed and
// quantising. Samples are interleaved float32, full scale ±1; counts are frames (one sample of each
// channel) unless they say otherwise.
//
// The real-time contract: after its constructor returned, nothing here allocates, locks, logs or
// waits, and the work of a call is bounded by the frames that it is given. Each value is used by
// one goroutine at a time; where a method may be called from another, its comment says so.
//
// What only computes with the samples it is handed is marked norace where it is run most: the race detector, which
// watches all else here, would make the tests ten times as slow by it.
//
// The package refuses to know where samples come from or go to, and holds no clock.
package dsp

import (
	"errors"

	"github.com/segue-audio/segue/player/media"
)

// Limits on what a constructor takes.
const (
	MinRate     = 8_000   // frames a second
	MaxRate     = 384_000 // frames a second
	MaxChannels = 8
)

// ErrFormat says that a constructor was asked for a rate, channel count or conversion that it does
// not do.
var ErrFormat = errors.New("format not supported by dsp")

// Stream is a stage that holds frames back or changes their count: Resampler, Stretcher, Limiter.
type Stream interface {
	// Process takes frames from src and writes frames to dst, as many of each as it can, and
	// returns how many. Both zero means that dst or src is empty. What it writes does not depend on
	// how the stream was cut into calls. dst and src must not overlap.
	Process(dst, src []float32) (consumed, produced int)

	// Flush writes what is still owed for the frames taken so far, as if silence followed. It is
	// called until done, and then the stage is as after Reset.
	Flush(dst []float32) (produced int, done bool)

	// Reset forgets all frames taken so far, as after a seek.
	Reset()

	// Latency counts the input frames that the stage holds back in the steady state.
	Latency() media.Frames
}
