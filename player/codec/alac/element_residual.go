package alac

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/internal/bitstream"
)

const (
	historyBits = 9 // the history counts in 512ths
	// maxPrefix is the count of ones that say that a number follows plainly.
	maxPrefix = 9
	// quiet is the history below which runs of zeros have a code of their own.
	quiet = 1 << historyBits >> 2
	// zeroRunBits is how long a run's length is where it follows plainly.
	zeroRunBits = 16
	// maxHistory is what the history is set to after a number that is larger.
	maxHistory = 0xffff
)

// golomb is a Golomb code whose parameter follows the mean of the numbers that it codes, and which
// codes zeros by the run where there is little else.
type golomb struct {
	weight       uint32 // of a new number in the history, in 512ths
	history      uint32 // mean of the numbers, in 512ths
	maxParameter uint
	depth        uint // bits of a number that follows plainly
}

// read reads a channel's noise. What is coded is folded: 0, −1, 1, −2, 2 … are 0, 1, 2, 3, 4 …
func (g *golomb) read(r *bitstream.Reader, s []int32) error {
	padded, pos := r.Padded(), r.Pos()
	behindRun := uint32(0) // one behind a run of zeros: the next number isn't zero, so it is coded less one
	for i := 0; i < len(s); i++ {
		if pos>>3 > len(padded)-8 {
			return fmt.Errorf("packet is cut in the noise: %w", codec.ErrCorrupt)
		}
		parameter := min(uint(bits.Len32(g.history>>historyBits+3))-1, g.maxParameter)
		v, used := number(padded, pos, parameter, 1<<parameter-1, g.depth)
		pos += used
		folded := v + behindRun
		s[i] = int32(folded>>1) ^ -int32(folded&1)
		g.history += g.weight*folded - g.weight*g.history>>historyBits
		if v > maxHistory {
			g.history = maxHistory
		}
		behindRun = 0
		if g.history >= quiet || i+1 == len(s) {
			continue
		}
		if pos>>3 > len(padded)-8 {
			return fmt.Errorf("packet is cut in a run of zeros: %w", codec.ErrCorrupt)
		}
		parameter = uint(bits.LeadingZeros32(g.history)) - 24 + uint(g.history+16)>>6
		run, used := number(padded, pos, parameter, (1<<parameter-1)&(1<<g.maxParameter-1), zeroRunBits)
		pos += used
		if int(run) > len(s)-1-i {
			return fmt.Errorf("run of %d zeros for %d samples: %w", run, len(s)-1-i, codec.ErrCorrupt)
		}
		clear(s[i+1:][:run])
		i += int(run)
		g.history = 0
		if run < 1<<zeroRunBits-1 {
			behindRun = 1
		}
	}
	r.Seek(pos)
	if r.Overrun() {
		return fmt.Errorf("packet is cut in the noise: %w", codec.ErrCorrupt)
	}
	return nil
}

// number reads one code at a bit, from which on 8 whole bytes are there: ones that count multiples of
// divisor, a zero, and the remainder in parameter bits, which are one bit less where it is zero. It
// gives the number and the code's length.
func number(padded []byte, pos int, parameter uint, divisor uint32, plainBits uint) (v uint32, used int) {
	w := binary.BigEndian.Uint64(padded[pos>>3:]) << (pos & 7)
	ones := uint(bits.LeadingZeros64(^w))
	if ones >= maxPrefix {
		return uint32(w << maxPrefix >> ((64 - plainBits) & 63)), int(maxPrefix + plainBits)
	}
	remainder := uint32(w << (ones + 1) >> ((64 - parameter) & 63))
	v = uint32(ones) * divisor
	if remainder < 2 { // the last bit belongs to the next code
		return v, int(ones + parameter)
	}
	return v + remainder - 1, int(ones + 1 + parameter)
}
