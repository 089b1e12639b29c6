package ogg

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

const (
	opusRate     = 48_000
	opusHeadSize = 19 // without a channel mapping table
	// opusPreroll is 320 ms, in which a decoder's state comes so near to what it would have been that no one
	// can tell: the error lies 35 dB below speech, 95 dB below music. The 80 ms that RFC 7845, 4.6 asks for at
	// least give 10 to 20 dB; the other packets lie next to them and cost a millisecond to decode.
	opusPreroll = 15_360
	// maxOpusPacket is the longest duration that RFC 6716 allows, 120 ms.
	maxOpusPacket = 5760
)

// opusMapping is RFC 7845.
type opusMapping struct {
	head []byte // the identification header
}

func (m *opusMapping) header(packet []byte) (bool, error) {
	if m.head != nil {
		return true, nil // OpusTags; its place is all that matters
	}
	switch {
	case len(packet) < opusHeadSize:
		return false, fmt.Errorf("ogg: OpusHead of %d bytes: %w", len(packet), container.ErrFormat)
	case packet[8]>>4 != 0:
		return false, fmt.Errorf("ogg: Opus mapping of version %d: %w", packet[8], container.ErrUnsupported)
	case packet[9] == 0:
		return false, fmt.Errorf("ogg: OpusHead without channels: %w", container.ErrFormat)
	}
	size := opusHeadSize
	if packet[18] != 0 {
		size += 2 + int(packet[9])
	}
	if len(packet) < size {
		return false, fmt.Errorf("ogg: OpusHead of %d bytes lacks its channel mapping: %w", len(packet), container.ErrFormat)
	}
	m.head = bytes.Clone(packet[:size])
	return false, nil
}

func (m *opusMapping) info() container.Info {
	return container.Info{
		Format:  media.Format{Codec: media.CodecOpus, SampleRate: opusRate, Channels: int(m.head[9]), Config: m.head},
		Trim:    media.Trim{Start: media.Frames(binary.LittleEndian.Uint16(m.head[10:]))}, // pre-skip
		Preroll: opusPreroll,
	}
}

// sameAs compares all but the pre-skip and the rate of what was encoded, which no decoder looks at.
func (m *opusMapping) sameAs(other mapping) bool {
	o, ok := other.(*opusMapping)
	return ok && m.head[9] == o.head[9] && bytes.Equal(m.head[16:], o.head[16:])
}

func (m *opusMapping) audio(packet []byte) bool {
	return !bytes.HasPrefix(packet, []byte("OpusHead")) && !bytes.HasPrefix(packet, []byte("OpusTags"))
}

// duration reads the table-of-contents byte (RFC 6716, 3.1) and the frame count (3.2).
func (m *opusMapping) duration(packet []byte, _ int) (frames media.Frames, shape int) {
	toc := packet[0]
	config := toc >> 3
	var frame media.Frames
	switch {
	case config < 12: // SILK: 10, 20, 40, 60 ms
		frame = [4]media.Frames{480, 960, 1920, 2880}[config&3]
	case config < 16: // hybrid: 10, 20 ms
		frame = 480 << (config & 1)
	default: // CELT: 2.5, 5, 10, 20 ms
		frame = 120 << (config & 3)
	}
	count := media.Frames(1)
	switch toc & 3 {
	case 1, 2:
		count = 2
	case 3:
		count = 0 // a packet that lacks its count is damaged
		if len(packet) > 1 {
			count = media.Frames(packet[1] & 0x3f)
		}
	}
	if frame*count > maxOpusPacket {
		return 0, 0
	}
	return frame * count, 0
}

func (m *opusMapping) overlaps() bool { return false }
