package ogg

import (
	"fmt"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

// Coding knows the packets of a coding that has its headers from Ogg, for a container that carries them
// otherwise (Matroska).
type Coding struct{ m mapping }

// NewCoding reads the header packets of Opus or Vorbis. The error wraps container.ErrFormat or
// container.ErrUnsupported.
func NewCoding(headers [][]byte) (Coding, error) {
	if len(headers) == 0 {
		return Coding{}, fmt.Errorf("ogg: no headers: %w", container.ErrFormat)
	}
	m, what := identify(headers[0])
	if m == nil {
		return Coding{}, fmt.Errorf("ogg: headers of %s: %w", what, container.ErrUnsupported)
	}
	for _, h := range headers {
		if len(h) == 0 {
			return Coding{}, fmt.Errorf("ogg: empty header: %w", container.ErrFormat)
		}
		if _, err := m.header(h); err != nil {
			return Coding{}, err
		}
	}
	if v, ok := m.(*vorbisMapping); ok && v.setup == nil {
		return Coding{}, fmt.Errorf("ogg: Vorbis without its setup header: %w", container.ErrFormat)
	}
	return Coding{m}, nil
}

// Info is what the headers tell.
func (c Coding) Info() container.Info { return c.m.info() }

// Grid is what all durations are multiples of, in frames.
func (c Coding) Grid() media.Frames {
	if v, ok := c.m.(*vorbisMapping); ok {
		return media.Frames(v.block[0] / 4 * 2)
	}
	return opusRate / 400
}

// Duration gives the frames that a packet decodes to, and the shape that it leaves for the next one. before
// is the shape that the packet before left, zero for none.
func (c Coding) Duration(packet []byte, before int) (frames media.Frames, shape int) {
	if len(packet) == 0 || !c.m.audio(packet) {
		return 0, before
	}
	return c.m.duration(packet, before)
}
