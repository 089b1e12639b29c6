package opus

import (
	"encoding/binary"
	"fmt"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/internal/xiph"
)

const headBytes = 19 // of an identification header without a channel mapping table

// silent stands in the channel mapping for a channel that no stream fills.
const silent = 255

// head is the identification header (RFC 7845, 5.1).
type head struct {
	channels         int
	gain             int // in 1/256 dB
	streams, coupled int
	// mapping has for each channel of the output, in the order of WAV, its index among the channels
	// that the streams decode to, the coupled streams first; or silent.
	mapping []int
}

func parseHead(b []byte) (h head, err error) {
	if len(b) < headBytes || string(b[:8]) != "OpusHead" || b[8]>>4 != 0 {
		return h, fmt.Errorf("opus: no identification header of version 1: %w", codec.ErrUnsupported)
	}
	h.channels = int(b[9])
	h.gain = int(int16(binary.LittleEndian.Uint16(b[16:])))
	if h.channels < 1 || h.channels > codec.MaxChannels {
		return h, fmt.Errorf("opus: %d channels: %w", h.channels, codec.ErrUnsupported)
	}
	order := xiph.WAVOrder(h.channels)
	switch family := b[18]; {
	case family == 0 && h.channels <= 2:
		h.streams, h.coupled, h.mapping = 1, h.channels-1, order
		return h, nil
	case family != 1:
		return h, fmt.Errorf("opus: channel mapping family %d for %d channels: %w", family, h.channels, codec.ErrUnsupported)
	}
	if len(b) < headBytes+2+h.channels {
		return h, fmt.Errorf("opus: channel mapping cut: %w", codec.ErrUnsupported)
	}
	h.streams, h.coupled = int(b[headBytes]), int(b[headBytes+1])
	if h.streams < 1 || h.coupled > h.streams || h.streams+h.coupled > codec.MaxChannels {
		return h, fmt.Errorf("opus: %d streams, %d of them coupled: %w", h.streams, h.coupled, codec.ErrUnsupported)
	}
	for _, c := range order {
		from := int(b[headBytes+2+c])
		if from >= h.streams+h.coupled && from != silent {
			return h, fmt.Errorf("opus: channel mapped to %d: %w", from, codec.ErrUnsupported)
		}
		h.mapping = append(h.mapping, from)
	}
	return h, nil
}
