// Package codec is the seam between packets and PCM. Each child is one decoder; the suite that
// every child runs is codectest.
package codec

import (
	"errors"

	"github.com/segue-audio/segue/player/media"
)

// Errors that every child's errors wrap. ErrCorrupt is survivable: the caller conceals the packet's
// duration with silence and goes on with the next packet. ErrUnsupported is not.
var (
	ErrCorrupt     = errors.New("corrupt packet")
	ErrUnsupported = errors.New("unsupported coding")
)

// MaxFrames is the most frames that one packet may decode to (FLAC's largest block).
const MaxFrames = 65_535

// MaxChannels is the most channels that a decoder gives.
const MaxChannels = 8

// Decoder turns packets into PCM. It is used by one goroutine at a time, holds no goroutine of its
// own and needs no Close. In steady state Decode allocates nothing where the library under it allows.
//
// What an encoder put before and after the music (delay, padding) stands in the container and is
// reported there, as container.Info's Trim; a decoder gives every frame that it decodes.
type Decoder interface {
	// Decode decodes p into dst as interleaved float32, full scale ±1, Channels() samples a frame in
	// the order of WAV and FLAC (RFC 9639, 9.1.3), and returns the count of frames. dst holds at
	// least MaxFrames × Channels() samples. p's Time and Duration count frames of the output, at
	// SampleRate(). After ErrCorrupt no frames were written and the next packet may be decoded.
	Decode(dst []float32, p *media.Packet) (frames int, err error)

	// Channels is the channel count of the output; it may differ from the coded stream's and never
	// changes.
	Channels() int

	// SampleRate is the rate of the output in frames a second; it may differ from the stream's Format
	// (HE-AAC can double it) and never changes. Zero where the Format gave none.
	SampleRate() int

	// Reset forgets all earlier packets, as after a seek.
	Reset()
}

// Concealer is a Decoder that can hide a lost packet better than silence does, from what it
// remembers of the music.
type Concealer interface {
	Decoder

	// Conceal fills dst with frames frames in place of a packet that was lost or that gave
	// ErrCorrupt. It joins what was decoded before without a step, fades out within a few packets
	// when called again and again, and leaves the decoder such that the next sound packet joins too.
	// After Reset it gives silence. frames is at most MaxFrames; it allocates nothing.
	Conceal(dst []float32, frames int)
}

// Lagging is a Decoder whose music comes later than its packets, as a platform's may. Each packet
// still gives its count of frames: the first ones silence, in the count of the lag.
type Lagging interface {
	Decoder

	// Lag is how many frames of silence were put before the music since Reset. It only grows.
	Lag() media.Frames

	// Drain gives, at the end of the stream, the music that lags behind the last packet.
	Drain(dst []float32) (frames int)
}
