package mp3

import (
	"fmt"

	"github.com/segue-audio/segue/player/codec"
)

// mostTrust bounds how many wrong checksums in a row are taken for damage before they are taken for
// the encoder's habit.
const mostTrust = 8

// trust grows with each checksum that fits its frame and falls with each that doesn't. Some writers
// fill in checksums of their own, or change frames and leave the checksum; their streams are sound. So
// a wrong one is damage only where others were right.
type trust int

// check compares the checksum, where there is one, with the bytes that it covers.
func (t *trust) check(f body) error {
	if !f.checked {
		return nil
	}
	sum := checksum(checksum(0xffff, f.covered[:]), f.side)
	if sum == f.checksum {
		*t = min(*t+1, mostTrust)
		return nil
	}
	if *t == 0 {
		return nil
	}
	*t--
	return fmt.Errorf("mp3: checksum %04x, the frame has %04x: %w", f.checksum, sum, codec.ErrCorrupt)
}

// checksum goes on with the CRC of 2.4.3.1: polynomial x¹⁶+x¹⁵+x²+1, the top bit first.
func checksum(sum uint16, b []byte) uint16 {
	for _, c := range b {
		sum ^= uint16(c) << 8
		for range 8 {
			carry := sum >> 15
			sum = sum<<1 ^ carry*0x8005
		}
	}
	return sum
}
