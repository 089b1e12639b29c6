package ogg

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/flac"
	"github.com/segue-audio/segue/player/media"
)

// flacHeadSize is the first packet of the FLAC mapping (RFC 9639, 10.1): "\x7fFLAC", version, the
// count of header packets behind it, "fLaC", and STREAMINFO with its block header.
const flacHeadSize = 5 + 2 + 2 + 4 + 4 + flac.StreamInfoBytes

// flacMapping is RFC 9639, 10.1.
type flacMapping struct {
	stream flac.StreamInfo
	raw    []byte // STREAMINFO's body
}

func (m *flacMapping) header(packet []byte) (bool, error) {
	if m.raw != nil {
		return packet[0]&0x80 != 0, nil // the last metadata block
	}
	if len(packet) < flacHeadSize || string(packet[9:13]) != "fLaC" || packet[13]&0x7f != 0 ||
		binary.BigEndian.Uint32(packet[13:])&0xff_ffff != flac.StreamInfoBytes {
		return false, fmt.Errorf("ogg: broken FLAC identification header: %w", container.ErrFormat)
	}
	if packet[5] != 1 {
		return false, fmt.Errorf("ogg: FLAC mapping of version %d: %w", packet[5], container.ErrUnsupported)
	}
	si, err := flac.ParseStreamInfo(packet[17:])
	if err != nil {
		return false, fmt.Errorf("ogg: %w", err)
	}
	m.stream, m.raw = si, bytes.Clone(packet[17:flacHeadSize])
	return false, nil
}

func (m *flacMapping) info() container.Info {
	return container.Info{Format: media.Format{Codec: media.CodecFLAC, SampleRate: m.stream.SampleRate,
		Channels: m.stream.Channels, BitDepth: m.stream.BitDepth, Config: m.raw}}
}

// sameAs leaves out what STREAMINFO says of the stream's sizes, length and digest.
func (m *flacMapping) sameAs(other mapping) bool {
	o, ok := other.(*flacMapping)
	return ok && m.info().Format.SameDecoder(o.info().Format)
}

// audio tells frames by their sync code; a metadata block can't begin with it.
func (m *flacMapping) audio(packet []byte) bool { return packet[0] == 0xff }

func (m *flacMapping) duration(packet []byte, _ int) (frames media.Frames, shape int) {
	h, err := flac.ParseFrameHeader(packet, m.stream)
	if err != nil {
		return 0, 0 // what it was, only the granule positions tell
	}
	return media.Frames(h.BlockSize), 0
}

func (m *flacMapping) overlaps() bool { return false }
