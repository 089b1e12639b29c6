package flac

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/internal/bitstream"
)

// readResidual reads what an order's prediction missed the block's samples by, into the block behind
// its warm-up samples (section 9.2.7).
func readResidual[T sample](r *bitstream.Reader, block []T, order int) error {
	method := int(r.Read(2))
	if method > 1 {
		return fmt.Errorf("residual of reserved coding %d: %w", method, codec.ErrCorrupt)
	}
	parameterBits := 4 + method
	escape := uint32(1)<<parameterBits - 1
	partitionOrder := r.Read(4)
	size := len(block) >> partitionOrder
	if size<<partitionOrder != len(block) || size < order {
		return fmt.Errorf("2^%d partitions of %d samples: %w", partitionOrder, len(block), codec.ErrCorrupt)
	}
	for start := 0; start < len(block); start += size {
		part := block[max(start, order) : start+size]
		k := r.Read(parameterBits)
		switch {
		case k == escape:
			readPlain(r, part)
		case !readRice(r, part, uint(k)):
			return fmt.Errorf("residual beyond 32 bits: %w", codec.ErrCorrupt)
		}
		if r.Overrun() {
			return fmt.Errorf("frame is cut in a residual: %w", codec.ErrCorrupt)
		}
	}
	return nil
}

// readPlain reads a partition that isn't Rice coded (section 9.2.7.1).
func readPlain[T sample](r *bitstream.Reader, part []T) {
	n := int(r.Read(5))
	if n == 0 {
		clear(part)
		return
	}
	for i := range part {
		part[i] = T(readSigned(r, n))
	}
}

const (
	// windowBits can surely be looked at in 64 bits that are loaded from a whole byte on.
	windowBits = 64 - 7
	// maxFastParameter is the largest with which no code in a window overflows 32 bits.
	maxFastParameter = 27
)

// readRice reads a partition that is Rice coded with parameter k: each residual, folded to a number
// without sign, is a unary quotient and k bits of remainder (section 9.2.7.2). It gives false for a
// residual that needs more than 32 bits.
//
// Two codes are taken of each load: what takes the time is to wait for where the next one starts.
func readRice[T sample](r *bitstream.Reader, part []T, k uint) bool {
	if k <= maxFastParameter {
		padded, pos := r.Padded(), r.Pos()
		for len(part) >= 2 && pos>>3 <= len(padded)-8 {
			v := binary.BigEndian.Uint64(padded[pos>>3:]) << (pos & 7)
			zeros1 := uint(bits.LeadingZeros64(v))
			v1 := v << (zeros1 & 63)  // the stop bit on top, then the remainder
			v2 := v1 << 1 << (k & 63) // the next code
			zeros2 := uint(bits.LeadingZeros64(v2))
			used := zeros1 + zeros2 + 2*(k+1)
			if used > windowBits {
				r.Seek(pos)
				u, ok := readRiceLong(r, k)
				if !ok {
					return false
				}
				pos = r.Pos()
				part[0] = unfold[T](u)
				part = part[1:]
				continue
			}
			pos += int(used)
			v2 <<= zeros2 & 63
			// The stop bit makes quotient and remainder overlap by one.
			u1 := uint32((zeros1-1)<<(k&31) + uint(v1>>((63-k)&63)))
			u2 := uint32((zeros2-1)<<(k&31) + uint(v2>>((63-k)&63)))
			part[0], part[1] = unfold[T](u1), unfold[T](u2)
			part = part[2:]
		}
		r.Seek(pos)
	}
	for i := range part {
		u, ok := readRiceLong(r, k)
		if !ok {
			return false
		}
		part[i] = unfold[T](u)
	}
	return true
}

// readRiceLong reads one code of any length.
func readRiceLong(r *bitstream.Reader, k uint) (folded uint32, ok bool) {
	quotient := readUnary(r)
	if quotient>>(32-k) != 0 {
		return 0, false
	}
	return quotient<<k | r.Read(int(k)), true
}

// readUnary counts the zeros in front of a one and passes both. Past the packet's end it stops.
func readUnary(r *bitstream.Reader) (zeros uint32) {
	for !r.Overrun() {
		if v := r.Peek(bitstream.MaxField); v != 0 {
			n := bits.LeadingZeros32(v)
			r.Skip(n + 1)
			return zeros + uint32(n)
		}
		r.Skip(bitstream.MaxField)
		zeros += bitstream.MaxField
	}
	return zeros
}

// unfold makes 0, 1, 2, 3, 4 … into 0, −1, 1, −2, 2 …
func unfold[T sample](u uint32) T { return T(int32(u>>1) ^ -int32(u&1)) }
