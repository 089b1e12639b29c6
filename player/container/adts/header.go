// Package adts takes AAC apart that comes in frames of its own: ADTS (ISO 14496-3, 1.A.2), whole files and
// the packed-audio segments of HLS (RFC 8216, 3.4), and LOAS (1.7.2: AudioSyncStream), which carries
// LATM. It gives each raw_data_block as a packet. It refuses LATM of several programs or layers and of
// frames that aren't of variable length, streams that change their configuration, and ADTS without a
// word on its channels; it checks no CRC, since only a decoder knows which bits that covers.
package adts

import (
	"encoding/binary"
)

const (
	headerBytes = 7
	maxBytes    = 1<<13 - 1 + loasBytes // the longest frame of either kind
	blockFrames = 1024                  // PCM frames of a raw_data_block in ADTS
)

// header is that of an ADTS frame, fixed and variable part.
type header struct {
	object        int // audio object type: 1 Main, 2 LC, 3 SSR, 4 LTP
	rateIndex     int
	configuration int  // of channels; 0 where a list in the stream tells
	crc           bool // checksums are there
	size          int  // of the whole frame in bytes
	blocks        int  // raw_data_blocks in it
}

// parseHeader reads the header that b starts with.
func parseHeader(b []byte) (h header, ok bool) {
	if len(b) < headerBytes || b[0] != 0xff || b[1]&0xf6 != 0xf0 { // the sync word, and layer 0
		return h, false
	}
	v := binary.BigEndian.Uint32(b[2:])
	h = header{
		object:        int(v>>30) + 1,
		rateIndex:     int(v >> 26 & 15),
		configuration: int(v >> 22 & 7),
		crc:           b[1]&1 == 0,
		size:          int(v >> 5 & 0x1fff),
		blocks:        int(b[6]&3) + 1,
	}
	return h, h.rateIndex < len(coreRates) && h.size > h.bytes()
}

// bytes is the length of the header with what stands between it and the first raw_data_block.
func (h header) bytes() int {
	switch {
	case !h.crc:
		return headerBytes
	case h.blocks > 1: // where the other blocks begin
		return headerBytes + 2*(h.blocks-1) + 2
	}
	return headerBytes + 2
}

// matches tells whether two headers can belong to one stream.
func (h header) matches(g header) bool {
	return h.object == g.object && h.rateIndex == g.rateIndex && h.configuration == g.configuration
}

// split appends the raw_data_blocks of a whole frame to blocks. With checksums, each block has its own and
// the header tells where the blocks begin. Without, only a decoder finds where one block ends: then
// all of them are one packet.
func (h header) split(blocks [][]byte, frame []byte) [][]byte {
	body := frame[h.bytes():]
	if !h.crc || h.blocks == 1 {
		return append(blocks, body)
	}
	const crcBytes = 2
	from, first := 0, len(blocks)
	for i := range h.blocks {
		to := len(body)
		if i < h.blocks-1 { // positions count from the first block
			to = int(binary.BigEndian.Uint16(frame[headerBytes+2*i:]))
		}
		if to < from+crcBytes || to > len(body) { // damaged: nothing tells where any of them is
			return append(blocks[:first], make([][]byte, h.blocks)...)
		}
		blocks = append(blocks, body[from:to-crcBytes])
		from = to
	}
	return blocks
}
