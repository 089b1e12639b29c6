// Package framing is the seam between a container that carries a stream piece by piece and the packages
// that know what the stream's frames look like. It does nothing itself.
package framing

import (
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

// Rest tells what is behind the bytes that a frame is looked for in.
type Rest int

// More bytes may follow, or None do.
const (
	More Rest = iota
	None
)

// Framer finds the frames of a stream. The bytes stay with the caller. It is used by one goroutine at a time.
type Framer interface {
	// Lost says that bytes are missing in front of those that Find is given next.
	Lost()

	// Find looks for the first frame in b: it begins behind skip bytes of rubbish and is size bytes long. A
	// size of zero asks for more bytes behind those that are to be skipped, or, where None follow, says that
	// there is no whole frame.
	Find(b []byte, r Rest) (skip, size int)

	// Begin reads what the first frame says of the stream; ok is false where it says nothing, and is to be
	// passed over. The error wraps container.ErrUnsupported.
	Begin(frame []byte) (info container.Info, ok bool, err error)

	// Grid is what the lengths of all frames are multiples of, in PCM frames. It and Frames may
	// be called after Begin.
	Grid() media.Frames
	// Frames is the length of one; see Grid.
	Frames(frame []byte) media.Frames

	// Packets appends what a frame holds to dst: packets of equal durations. One without bytes stands for a
	// damaged one. The error wraps container.ErrUnsupported: the stream has become another.
	Packets(dst [][]byte, frame []byte) ([][]byte, error)
}
