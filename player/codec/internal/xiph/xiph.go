// Package xiph holds what the codecs of the Xiph.Org Foundation have in common outside their bits: the
// order of channels, and how header packets are laced into one.
package xiph

import (
	"fmt"

	"github.com/segue-audio/segue/player/codec"
)

// wavOrder has for each count of channels, and for each channel in the order of WAV (RFC 9639, 9.1.3),
// its place in the order of Vorbis (Vorbis I, 4.3.9), which Opus shares (RFC 7845, 5.1.1.2).
var wavOrder = [codec.MaxChannels][]int{
	{0},
	{0, 1},
	{0, 2, 1},                // left, centre, right
	{0, 1, 2, 3},             // front left and right, rear left and right
	{0, 2, 1, 3, 4},          // front left, centre, right, rear left and right
	{0, 2, 1, 5, 3, 4},       // the same and LFE
	{0, 2, 1, 6, 5, 3, 4},    // front left, centre, right, side left and right, rear, LFE
	{0, 2, 1, 7, 5, 6, 3, 4}, // front left, centre, right, side left and right, rear left and right, LFE
}

// WAVOrder gives, for each of up to codec.MaxChannels channels in WAV order, its index in Vorbis
// order; nil for counts without an order. It must not be written to.
func WAVOrder(channels int) []int {
	if channels < 1 || channels > len(wavOrder) {
		return nil
	}
	return wavOrder[channels-1]
}

// Unlace splits packets that are laced as Matroska does it: the count less one, the lengths of all but
// the last in bytes of 255 and a smaller one, then the packets. The error wraps
// codec.ErrUnsupported, since it is a stream's configuration that is wrong.
func Unlace(b []byte) (packets [][]byte, err error) {
	broken := fmt.Errorf("broken lacing of headers: %w", codec.ErrUnsupported)
	if len(b) == 0 {
		return nil, broken
	}
	sizes := make([]int, b[0])
	b = b[1:]
	for i := range sizes {
		for more := true; more; {
			if len(b) == 0 {
				return nil, broken
			}
			sizes[i] += int(b[0])
			more, b = b[0] == 255, b[1:]
		}
	}
	for _, n := range sizes {
		if n > len(b) {
			return nil, broken
		}
		packets, b = append(packets, b[:n]), b[n:]
	}
	return append(packets, b), nil
}
