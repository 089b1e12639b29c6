package mp3

import (
	"fmt"

	"github.com/segue-audio/segue/player/codec"
)

const (
	headerBytes   = 4
	checksumBytes = 2
	// maxFrameBytes bounds free format, where only the packet tells how long a frame is: 640 kbps, the
	// most that encoders write, at 8 kHz.
	maxFrameBytes = 72*640_000/8000 + 1
)

// rates lists the sample rates in the order in which the tables number them: MPEG-1, MPEG-2, MPEG-2.5.
var rates = [9]int{44_100, 48_000, 32_000, 22_050, 24_000, 16_000, 11_025, 12_000, 8000}

func knownRate(rate int) bool {
	for _, r := range rates {
		if r == rate {
			return true
		}
	}
	return false
}

// header is what the four bytes in front of a frame say (2.4.2.3).
type header struct {
	rateIndex int // of rates
	bytes     int // of the whole frame; zero in free format
	mono      bool
	ms        bool // middle and side channels where intensity doesn't apply
	intensity bool // the upper part of the spectrum is one channel with directions
	checksum  bool
}

// lsf tells the lower sampling frequencies, MPEG-2 and MPEG-2.5, from MPEG-1.
func (h header) lsf() bool { return h.rateIndex >= 3 }

func (h header) rate() int { return rates[h.rateIndex] }

func (h header) channels() int {
	if h.mono {
		return 1
	}
	return 2
}

func (h header) granules() int {
	if h.lsf() {
		return 1
	}
	return 2
}

// sideInfoBytes is the length of the side information (2.4.1.7; 13818-3, 2.4.1.7).
func (h header) sideInfoBytes() int {
	switch {
	case h.lsf() && h.mono:
		return 9
	case h.lsf() != h.mono:
		return 17
	}
	return 32
}

// kbps lists the bit rates by index, MPEG-1 first and then the lower sampling frequencies.
var kbps = [2][15]int{
	{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
	{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
}

// parseHeader reads the header that a packet starts with.
func parseHeader(b []byte) (h header, err error) {
	const reserved = 1
	if len(b) < headerBytes || b[0] != 0xff || b[1]&0xe0 != 0xe0 || b[1]>>3&3 == reserved || b[1]>>1&3 != 1 ||
		b[2]>>4 == 15 || b[2]>>2&3 == 3 {
		return h, fmt.Errorf("mp3: packet isn't a Layer III frame: %w", codec.ErrCorrupt)
	}
	h.rateIndex = [4]int{6, 0, 3, 0}[b[1]>>3&3] + int(b[2]>>2&3)
	h.checksum = b[1]&1 == 0
	switch b[3] >> 6 {
	case 1:
		h.intensity, h.ms = b[3]>>4&1 != 0, b[3]>>5&1 != 0
	case 3:
		h.mono = true
	}
	version := 0
	if h.lsf() {
		version = 1
	}
	if rate := kbps[version][b[2]>>4]; rate > 0 {
		h.bytes = h.granules()*granuleSamples/8*1000*rate/h.rate() + int(b[2]>>1&1)
	}
	return h, nil
}

// body is what follows the header.
type body struct {
	covered  [2]byte // the header's bytes that the checksum covers
	checksum uint16
	checked  bool // there is a checksum
	side     []byte
	main     []byte
	cut      bool // the packet ends before the frame does
}

// parseFrame takes a packet apart. What is behind the end that the header tells isn't the frame's.
func parseFrame(b []byte) (h header, f body, err error) {
	if h, err = parseHeader(b); err != nil {
		return h, f, err
	}
	switch {
	case h.bytes == 0 && len(b) > maxFrameBytes:
		return h, f, fmt.Errorf("mp3: free-format frame of %d bytes: %w", len(b), codec.ErrCorrupt)
	case h.bytes > len(b):
		f.cut = true
	case h.bytes > 0:
		b = b[:h.bytes]
	}
	f.covered = [2]byte(b[2:])
	b = b[headerBytes:]
	if h.checksum && len(b) >= checksumBytes {
		f.checked, f.checksum = true, uint16(b[0])<<8|uint16(b[1])
		b = b[checksumBytes:]
	}
	n := h.sideInfoBytes()
	if len(b) < n {
		return h, f, fmt.Errorf("mp3: %d bytes of side information, not %d: %w", len(b), n, codec.ErrCorrupt)
	}
	f.side, f.main = b[:n], b[n:]
	return h, f, nil
}
