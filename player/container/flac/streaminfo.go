// Package flac takes native FLAC files (RFC 9639) apart into frames. It finds frames by their
// checksums, so that a damaged stretch costs no more than the frames it lies in, and it reads
// streams that lack their head. It refuses FLAC in Ogg.
package flac

import (
	"encoding/binary"
	"fmt"

	"github.com/segue-audio/segue/player/container"
)

// StreamInfoBytes is the length of STREAMINFO's body.
const StreamInfoBytes = 34

// StreamInfo is the STREAMINFO metadata block (RFC 9639 section 8.2). Zeros in the frame sizes and
// in Samples stand for what the encoder didn't know.
type StreamInfo struct {
	MinBlock, MaxBlock int // PCM frames in a FLAC frame
	MinFrame, MaxFrame int // bytes of a FLAC frame
	SampleRate         int
	Channels           int
	BitDepth           int
	Samples            int64 // PCM frames of the stream
	MD5                [16]byte
}

// ParseStreamInfo reads the 34 bytes of a STREAMINFO body. The error wraps container.ErrFormat.
func ParseStreamInfo(b []byte) (StreamInfo, error) {
	if len(b) < StreamInfoBytes {
		return StreamInfo{}, fmt.Errorf("flac: STREAMINFO of %d bytes: %w", len(b), container.ErrFormat)
	}
	packed := binary.BigEndian.Uint64(b[10:])
	si := StreamInfo{
		MinBlock:   int(binary.BigEndian.Uint16(b)),
		MaxBlock:   int(binary.BigEndian.Uint16(b[2:])),
		MinFrame:   int(b[4])<<16 | int(b[5])<<8 | int(b[6]),
		MaxFrame:   int(b[7])<<16 | int(b[8])<<8 | int(b[9]),
		SampleRate: int(packed >> 44),
		Channels:   int(packed>>41&7) + 1,
		BitDepth:   int(packed>>36&31) + 1,
		Samples:    int64(packed & (1<<36 - 1)),
		MD5:        [16]byte(b[18:34]),
	}
	if si.SampleRate == 0 {
		return si, fmt.Errorf("flac: STREAMINFO without a sample rate: %w", container.ErrFormat)
	}
	return si, nil
}

// appendTo appends the 34 bytes that ParseStreamInfo reads.
func (si StreamInfo) appendTo(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(si.MinBlock))
	b = binary.BigEndian.AppendUint16(b, uint16(si.MaxBlock))
	b = append(b, byte(si.MinFrame>>16), byte(si.MinFrame>>8), byte(si.MinFrame))
	b = append(b, byte(si.MaxFrame>>16), byte(si.MaxFrame>>8), byte(si.MaxFrame))
	b = binary.BigEndian.AppendUint64(b, uint64(si.SampleRate)<<44|uint64(si.Channels-1)<<41|
		uint64(si.BitDepth-1)<<36|uint64(si.Samples)&(1<<36-1))
	return append(b, si.MD5[:]...)
}
