package opus

import (
	"fmt"

	"github.com/segue-audio/segue/player/codec"
)

const (
	rate      = 48_000
	maxFrames = 5760 // of a packet: 120 ms (RFC 6716, 3.2.5)
	// maxBytes of a stream's packet: 48 frames of 1275 bytes are 61 kB; a little padding fits too.
	maxBytes = 1 << 16
	unit     = 120 // of frames, 2.5 ms: every duration is a multiple
)

var errShort = fmt.Errorf("opus: packet cut: %w", codec.ErrCorrupt)

// frames gives the count of frames that a packet decodes to, from its first byte (RFC 6716, 3.1) and,
// where that says so, the count in its second (3.2.5).
func frames(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, fmt.Errorf("opus: empty packet: %w", codec.ErrCorrupt)
	}
	var n int
	switch config := b[0] >> 3; {
	case config < 12: // SILK: 10, 20, 40, 60 ms
		n = [4]int{480, 960, 1920, 2880}[config&3]
	case config < 16: // hybrid: 10, 20 ms
		n = 480 << (config & 1)
	default: // CELT: 2.5, 5, 10, 20 ms
		n = unit << (config & 3)
	}
	switch b[0] & 3 {
	case 1, 2:
		n *= 2
	case 3:
		if len(b) < 2 {
			return 0, errShort
		}
		n *= int(b[1] & 63)
	}
	if n == 0 || n > maxFrames {
		return 0, fmt.Errorf("opus: packet of %d frames: %w", n, codec.ErrCorrupt)
	}
	return n, nil
}

// frameLength reads a length of one or two bytes (RFC 6716, 3.2.1).
func frameLength(b []byte) (length int, rest []byte, err error) {
	switch {
	case len(b) > 0 && b[0] < 252:
		return int(b[0]), b[1:], nil
	case len(b) > 1 && b[0] >= 252:
		return 4*int(b[1]) + int(b[0]), b[2:], nil
	}
	return 0, nil, errShort
}

// undelimit takes the packet of one stream from the front of a multistream packet, where all streams'
// packets but the last one carry a length more (RFC 6716, appendix B). It appends the packet without
// that to dst, as a packet that stands alone.
func undelimit(dst, b []byte) (packet, rest []byte, err error) {
	if len(b) == 0 {
		return dst, nil, errShort
	}
	head := b[:1]
	b = b[1:]
	count, vbr, padding := 1, false, 0
	switch head[0] & 3 {
	case 1:
		count = 2
	case 2:
		count, vbr = 2, true
	case 3:
		if len(b) == 0 {
			return dst, nil, errShort
		}
		count, vbr = int(b[0]&63), b[0]&0x80 != 0
		size := 1
		if b[0]&0x40 != 0 {
			for more := true; more; size++ {
				if size >= len(b) {
					return dst, nil, errShort
				}
				// 255 stands for 254 bytes and another count behind (3.2.5).
				more = b[size] == 255
				padding += min(int(b[size]), 254)
			}
		}
		dst = append(dst, head[0])
		head, b = b[:size], b[size:]
	}
	dst = append(dst, head...)
	total := padding
	for i := range count {
		if i < count-1 && !vbr {
			continue
		}
		n, after, err := frameLength(b)
		if err != nil {
			return dst, nil, err
		}
		if i == count-1 && !vbr {
			n *= count
		}
		if i < count-1 { // the last one's length is what appendix B adds
			dst = append(dst, b[:len(b)-len(after)]...)
		}
		total += n
		b = after
	}
	if total > len(b) {
		return dst, nil, errShort
	}
	return append(dst, b[:total]...), b[total:], nil
}
