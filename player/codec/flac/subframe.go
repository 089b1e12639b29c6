package flac

import (
	"fmt"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/internal/bitstream"
)

// sample is a coded sample: int32, or int64 for those of 33 bits.
type sample interface{ int32 | int64 }

// maxOrder is the most samples that a prediction looks back on.
const maxOrder = 32

// history is how many zeros lie in front of a block, so that predictions of every order may look
// maxOrder samples back from its first one.
const history = maxOrder

// Subframe types (section 9.2.1)
const (
	typeConstant = 0
	typeVerbatim = 1
	typeFixed    = 8 // plus the order
	maxFixed     = 4
	typeLinear   = 32 // plus the order less one
)

// readSubframe reads one channel (section 9.2) of samples of depth bits into s behind its history.
func readSubframe[T sample](r *bitstream.Reader, s []T, depth int) error {
	if r.Read(1) != 0 {
		return fmt.Errorf("subframe without its zero bit: %w", codec.ErrCorrupt)
	}
	kind := int(r.Read(6))
	var wasted uint
	if r.Flag() { // section 9.2.2: low bits that are zero in every sample
		wasted = uint(readUnary(r)) + 1
		if wasted >= uint(depth) {
			return fmt.Errorf("subframe wastes %d of %d bits: %w", wasted, depth, codec.ErrCorrupt)
		}
		depth -= int(wasted)
	}
	var err error
	block := s[history:]
	switch {
	case kind == typeConstant:
		v := T(readSigned(r, depth))
		for i := range block {
			block[i] = v
		}
	case kind == typeVerbatim:
		for i := range block {
			block[i] = T(readSigned(r, depth))
		}
	case kind >= typeFixed && kind <= typeFixed+maxFixed:
		err = readFixed(r, s, prediction{order: kind - typeFixed, depth: depth})
	case kind >= typeLinear:
		err = readLinear(r, s, prediction{order: kind - typeLinear + 1, depth: depth})
	default:
		err = fmt.Errorf("subframe of reserved type %d: %w", kind, codec.ErrCorrupt)
	}
	if err != nil {
		return err
	}
	if wasted > 0 {
		for i := range block {
			block[i] <<= wasted
		}
	}
	return nil
}

// prediction is what the samples of a block are predicted from.
type prediction struct {
	order int // samples that it looks back on
	depth int // bits of a sample
	// weights are those of the last sample, of the one before it, and so on; zero from order on.
	weights [maxOrder]int64
	shift   uint // bits to drop of the weighted sum
}

// readFixed reads a subframe with one of the five fixed predictors (section 9.2.5).
func readFixed[T sample](r *bitstream.Reader, s []T, p prediction) error {
	p.weights = fixedWeights[p.order]
	if err := readWarmUp(r, s, &p); err != nil {
		return err
	}
	return readAndAdd(r, s, &p)
}

// readLinear reads a subframe with a linear predictor of its own (section 9.2.6).
func readLinear[T sample](r *bitstream.Reader, s []T, p prediction) error {
	if err := readWarmUp(r, s, &p); err != nil {
		return err
	}
	precision := int(r.Read(4)) + 1
	shift := readSigned(r, 5)
	if precision == 16 || shift < 0 {
		return fmt.Errorf("predictor of %d bits shifted by %d: %w", precision, shift, codec.ErrCorrupt)
	}
	p.shift = uint(shift)
	for i := range p.order {
		p.weights[i] = readSigned(r, precision)
	}
	return readAndAdd(r, s, &p)
}

// readWarmUp reads the samples that the first prediction looks back on.
func readWarmUp[T sample](r *bitstream.Reader, s []T, p *prediction) error {
	block := s[history:]
	if p.order > len(block) {
		return fmt.Errorf("predictor of order %d for %d samples: %w", p.order, len(block), codec.ErrCorrupt)
	}
	for i := range p.order {
		block[i] = T(readSigned(r, p.depth))
	}
	return nil
}

// readAndAdd reads what the predictor missed the samples by and adds what it predicts.
func readAndAdd[T sample](r *bitstream.Reader, s []T, p *prediction) error {
	if err := readResidual(r, s[history:], p.order); err != nil {
		return err
	}
	predict(s, p)
	return nil
}

// readSigned reads a two's complement number of n bits, 1 to 33.
func readSigned(r *bitstream.Reader, n int) int64 {
	if n > bitstream.MaxField {
		sign := int64(r.Read(1))
		return -sign<<bitstream.MaxField | int64(r.Read(bitstream.MaxField))
	}
	return int64(int32(r.Read(n)<<(32-n)) >> (32 - n))
}
