package flac

import (
	"fmt"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/internal/bitstream"
)

// frameHeader is what decoding needs of a frame's header.
type frameHeader struct {
	blockSize int // samples of each channel
	channels  int
	stereo    stereo
	depth     int // bits of a sample
}

// stereo is how two channels are coded (section 9.1.3).
type stereo uint8

const (
	independent stereo = iota
	leftSide           // the left channel, left − right
	sideRight          // left − right, the right channel
	midSide            // half of left + right, left − right
)

// side is the index of the channel that holds a difference, −1 for none.
func (s stereo) side() int {
	switch s {
	case leftSide, midSide:
		return 1
	case sideRight:
		return 0
	}
	return -1
}

// sync is the 15 bits that a frame starts with (section 9.1).
const sync = 0x7ffc

// readHeader reads a frame header (section 9.1) up to and with its CRC-8. depth is what STREAMINFO
// says.
func readHeader(r *bitstream.Reader, data []byte, depth int) (h frameHeader, err error) {
	if r.Read(15) != sync {
		return h, fmt.Errorf("flac: no frame in %d bytes: %w", len(data), codec.ErrCorrupt)
	}
	r.Skip(1) // whether block sizes vary: it matters to the numbering only
	blockCode, rateCode := r.Read(4), r.Read(4)
	channelCode, depthCode, reserved := r.Read(4), r.Read(3), r.Read(1)
	skipCodedNumber(r)
	h.blockSize = readBlockSize(r, blockCode)
	skipSampleRate(r, rateCode)
	end := r.Pos() / 8
	r.Skip(8)
	if r.Overrun() || crc8(data[:end+1]) != 0 {
		return h, fmt.Errorf("flac: checksum of the frame header: %w", codec.ErrCorrupt)
	}
	h.channels = int(channelCode) + 1
	if channelCode >= 8 {
		h.channels, h.stereo = 2, stereo(channelCode-7)
	}
	// Section 9.1.4; 3 is reserved.
	h.depth = [8]int{depth, 8, 12, 0, 16, 20, 24, 32}[depthCode]
	switch {
	case rateCode == 15, h.stereo > midSide, reserved != 0:
		return h, fmt.Errorf("flac: frame header of a later version: %w", codec.ErrCorrupt)
	case h.depth < minDepth || h.depth > maxDepth:
		return h, fmt.Errorf("flac: frame of unknown bit depth: %w", codec.ErrCorrupt)
	case h.blockSize < 1 || h.blockSize > codec.MaxFrames:
		return h, fmt.Errorf("flac: block of %d samples: %w", h.blockSize, codec.ErrCorrupt)
	}
	return h, nil
}

// skipCodedNumber passes the number of the frame or sample, which is coded as UTF-8 codes characters
// (section 9.1.5). It is the container's affair.
func skipCodedNumber(r *bitstream.Reader) {
	for first := r.Read(8) << 1; first&0x80 != 0 && first&0x100 != 0; first <<= 1 {
		r.Skip(8)
	}
}

// readBlockSize turns a block size's code into the size (section 9.1.1); zero is reserved.
func readBlockSize(r *bitstream.Reader, code uint32) int {
	switch {
	case code == 0:
		return 0
	case code == 1:
		return 192
	case code < 6:
		return 144 << code
	case code < 8:
		return int(r.Read(8*int(code-5))) + 1 // section 9.1.6
	default:
		return 1 << code
	}
}

// skipSampleRate passes the rates that have no code of their own (section 9.1.7).
func skipSampleRate(r *bitstream.Reader, code uint32) {
	switch code {
	case 12:
		r.Skip(8) // in kHz
	case 13, 14:
		r.Skip(16) // in Hz, in tens of Hz
	}
}
