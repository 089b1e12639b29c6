package flac

import (
	"fmt"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

// maxHeaderBytes: four, seven of coded number, two of block size, two of rate, one of checksum.
const maxHeaderBytes = 16

// maxBlock is the largest block that STREAMINFO can announce; a frame header could say one more,
// which RFC 9639 section 9.1.6 forbids.
const maxBlock = 65_535

// FrameHeader is the head of a FLAC frame (RFC 9639 section 9.1).
type FrameHeader struct {
	Variable   bool         // Number counts PCM frames; else it counts FLAC frames
	Number     int64        // the coded number
	Sample     media.Frames // number of the first PCM frame
	BlockSize  int          // PCM frames in this frame
	SampleRate int
	Channels   int
	BitDepth   int
	Bytes      int // length of the header with its checksum
}

// ParseFrameHeader reads the frame header that b starts with and checks its CRC-8. si gives what a
// header may leave to STREAMINFO: sample rate, bit depth, and the block size that frames are
// counted in (where si leaves it open, the frame's own, which is wrong for a short last frame). The
// error wraps container.ErrFormat.
func ParseFrameHeader(b []byte, si StreamInfo) (FrameHeader, error) {
	h, ok := parseFrameHeader(b, &si)
	if !ok {
		return h, fmt.Errorf("flac: no frame header in % x: %w", b[:min(4, len(b))], container.ErrFormat)
	}
	nominal := h.BlockSize
	if si.MinBlock == si.MaxBlock && si.MaxBlock > 0 {
		nominal = si.MaxBlock
	}
	h.Sample = numbering{nominal: nominal}.sample(h)
	return h, nil
}

// numbering turns coded numbers into sample numbers.
type numbering struct {
	nominal  int  // frames of a FLAC frame but the last, at a fixed block size
	variable bool // numbers count samples though the header says otherwise: encoders before 2007
}

func (n numbering) sample(h FrameHeader) media.Frames {
	if h.Variable || n.variable {
		return media.Frames(h.Number)
	}
	return media.Frames(h.Number) * media.Frames(n.nominal)
}

// parseFrameHeader leaves Sample out. It makes no error, for searching.
func parseFrameHeader(b []byte, si *StreamInfo) (h FrameHeader, ok bool) {
	if len(b) < 6 || b[0] != 0xff || b[1]&0xfe != 0xf8 || b[3]&1 != 0 {
		return h, false
	}
	h.Variable = b[1]&1 != 0
	blockCode, rateCode, channelCode, depthCode := b[2]>>4, b[2]&15, b[3]>>4, b[3]>>1&7
	if blockCode == 0 || rateCode == 15 || channelCode > 10 || depthCode == 3 {
		return h, false
	}
	h.Channels = int(channelCode) + 1
	if channelCode >= 8 {
		h.Channels = 2
	}
	h.BitDepth = [8]int{si.BitDepth, 8, 12, 0, 16, 20, 24, 32}[depthCode]
	number, n := codedNumber(b[4:])
	if n == 0 || !h.Variable && n == 7 {
		return h, false
	}
	h.Number = number
	at := 4 + n
	field := func(n int) (v int) {
		for range n {
			if at < len(b) {
				v = v<<8 | int(b[at])
			}
			at++
		}
		return v
	}
	switch {
	case blockCode == 1:
		h.BlockSize = 192
	case blockCode < 6:
		h.BlockSize = 144 << blockCode
	case blockCode < 8:
		h.BlockSize = field(int(blockCode)-5) + 1
	default:
		h.BlockSize = 1 << blockCode
	}
	switch rateCode {
	case 12:
		h.SampleRate = field(1) * 1000
	case 13:
		h.SampleRate = field(2)
	case 14:
		h.SampleRate = field(2) * 10
	default:
		h.SampleRate = [12]int{si.SampleRate, 88_200, 176_400, 192_000, 8000, 16_000, 22_050, 24_000, 32_000,
			44_100, 48_000, 96_000}[rateCode]
	}
	if at >= len(b) || crc8(b[:at+1]) != 0 {
		return h, false
	}
	h.Bytes = at + 1
	return h, h.BlockSize <= maxBlock && h.SampleRate > 0 && h.BitDepth >= 4
}

// codedNumber reads a number coded as UTF-8 codes characters, stretched to 36 bits (RFC 9639
// section 9.1.5), and gives its length; zero where it is none.
func codedNumber(b []byte) (v int64, n int) {
	first := b[0]
	switch {
	case first < 0x80:
		return int64(first), 1
	case first < 0xc0 || first == 0xff:
		return 0, 0
	}
	n = 2
	for mask := byte(0x20); first&mask != 0; mask >>= 1 {
		n++
	}
	if len(b) < n {
		return 0, 0
	}
	v = int64(first & (0x7f >> n))
	for _, c := range b[1:n] {
		if c&0xc0 != 0x80 {
			return 0, 0
		}
		v = v<<6 | int64(c&0x3f)
	}
	return v, n
}

// crc8Table serves the polynomial x⁸+x²+x+1. It is never written again.
var crc8Table = func() (t [256]byte) {
	for i := range t {
		crc := byte(i)
		for range 8 {
			crc = crc<<1 ^ crc>>7*0x07
		}
		t[i] = crc
	}
	return t
}()

// crc8 over a header with its checksum is zero.
func crc8(b []byte) (crc byte) {
	for _, c := range b {
		crc = crc8Table[crc^c]
	}
	return crc
}

// crc16Table serves the polynomial x¹⁶+x¹⁵+x²+1 four bytes at a time. It is never written again.
var crc16Table = func() (t [4][256]uint16) {
	for i := range t[0] {
		crc := uint16(i) << 8
		for range 8 {
			crc = crc<<1 ^ crc>>15*0x8005
		}
		t[0][i] = crc
	}
	for i := range t[0] {
		for k := 1; k < len(t); k++ {
			t[k][i] = t[k-1][i]<<8 ^ t[0][t[k-1][i]>>8]
		}
	}
	return t
}()

// crc16 goes on from crc over b; over a whole frame with its checksum it is zero.
func crc16(crc uint16, b []byte) uint16 {
	for len(b) >= 4 {
		crc = crc16Table[3][byte(crc>>8)^b[0]] ^ crc16Table[2][byte(crc)^b[1]] ^ crc16Table[1][b[2]] ^ crc16Table[0][b[3]]
		b = b[4:]
	}
	for _, c := range b {
		crc = crc<<8 ^ crc16Table[0][byte(crc>>8)^c]
	}
	return crc
}
