package alac

import (
	"encoding/binary"
	"fmt"

	"github.com/segue-audio/segue/player/codec"
)

// configBytes is the length of ALACSpecificConfig. A channel layout may follow it.
const configBytes = 24

// config is ALACSpecificConfig, the "magic cookie": what packets leave out. Its claims on bit rate and
// packet size don't matter here.
type config struct {
	frames   int // of a packet, but for those that give their own count
	depth    int // bits of a sample: 16, 20, 24 or 32
	channels int
	rate     int // frames a second

	// The adaptive Golomb code (see element_residual.go)
	historyWeight uint32 // "pb", in 512ths before a packet scales it: how fast the history forgets
	history       uint32 // "mb": with what it starts, in 512ths
	maxParameter  uint   // "kb"; zero where all packets are plain
}

func parseConfig(b []byte) (c config, err error) {
	if len(b) < configBytes {
		return c, fmt.Errorf("alac: configuration of %d bytes: %w", len(b), codec.ErrUnsupported)
	}
	frames, rate := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[20:])
	version := b[4]
	c = config{depth: int(b[5]), historyWeight: uint32(b[6]), history: uint32(b[7]),
		maxParameter: uint(b[8]), channels: int(b[9])}
	switch {
	case version != 0:
		return c, fmt.Errorf("alac: version %d: %w", version, codec.ErrUnsupported)
	case frames < 1 || frames > codec.MaxFrames:
		return c, fmt.Errorf("alac: packets of %d frames: %w", frames, codec.ErrUnsupported)
	case c.depth != 16 && c.depth != 20 && c.depth != 24 && c.depth != 32:
		return c, fmt.Errorf("alac: %d bits: %w", c.depth, codec.ErrUnsupported)
	case c.channels < 1 || c.channels > codec.MaxChannels:
		return c, fmt.Errorf("alac: %d channels: %w", c.channels, codec.ErrUnsupported)
	case c.maxParameter > 31:
		return c, fmt.Errorf("alac: Golomb parameter up to %d: %w", c.maxParameter, codec.ErrUnsupported)
	case rate > 1<<30:
		return c, fmt.Errorf("alac: %d frames a second: %w", rate, codec.ErrUnsupported)
	}
	c.frames, c.rate = int(frames), int(rate)
	return c, nil
}
