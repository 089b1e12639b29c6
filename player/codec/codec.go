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
type Decoder interface {
	// Decode decodes p into dst as interleaved float32, full scale ±1, Channels() samples a frame,
	// and returns the count of frames. dst holds at least MaxFrames × Channels() samples. After
	// ErrCorrupt no frames were written and the next packet may be decoded.
	Decode(dst []float32, p *media.Packet) (frames int, err error)

	// Channels is the channel count of the output; it may differ from the coded stream's and never
	// changes.
	Channels() int

	// Reset forgets all earlier packets, as after a seek.
	Reset()
}
