package alac

import (
	"errors"
	"fmt"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/internal/bitstream"
)

// errEmpty: the packet has no frames. Encoders that are flushed end a file with one, of no duration.
var errEmpty = errors.New("empty packet")

// element is one channel or a pair of them in a packet.
type element struct {
	pair   bool
	first  int // index of the (first) channel among the packet's
	frames int // of the elements before it, which have as many; zero for the first

	shift  int // low bits of a sample that are stored plainly, apart
	depth  int // bits of what is left; a pair's difference takes one more
	mixing mixing
}

func (e *element) channels() int {
	if e.pair {
		return 2
	}
	return 1
}

// decodeElement decodes an element behind its kind, to its channels' places in dst.
func (d *Decoder) decodeElement(dst []float32, e *element) error {
	if e.first+e.channels() > d.config.channels {
		return fmt.Errorf("more channels than %d: %w", d.config.channels, codec.ErrCorrupt)
	}
	r := &d.in
	plain, err := d.readHeader(e)
	if err != nil {
		return err
	}
	if len(dst) < e.frames*d.config.channels {
		return fmt.Errorf("room for %d samples, packet has %d: %w", len(dst), e.frames*d.config.channels, codec.ErrCorrupt)
	}
	a, b := d.a[:e.frames], d.b[:e.frames]
	if !e.pair {
		b = nil
	}
	if plain {
		readPlain(r, a, b, d.config.depth)
	} else if err := d.readPredicted(e, a, b); err != nil {
		return err
	}
	if r.Overrun() {
		return fmt.Errorf("packet is cut: %w", codec.ErrCorrupt)
	}
	return d.write(dst, e, a, b)
}

// readHeader reads how an element is coded; plain means that it isn't.
func (d *Decoder) readHeader(e *element) (plain bool, err error) {
	r := &d.in
	r.Skip(4) // the element's number
	if r.Read(12) != 0 {
		return false, fmt.Errorf("reserved bits of an element: %w", codec.ErrCorrupt)
	}
	partial := r.Flag()
	e.shift = 8 * int(r.Read(2))
	plain = r.Flag()
	frames := d.config.frames
	if partial {
		frames = int(r.Read(32))
	}
	if partial && frames == 0 && e.first == 0 {
		return false, errEmpty
	}
	if frames < 1 || frames > d.config.frames || e.frames != 0 && frames != e.frames {
		return false, fmt.Errorf("element of %d frames: %w", frames, codec.ErrCorrupt)
	}
	e.frames = frames
	if plain {
		e.shift = 0
		return true, nil
	}
	e.depth = d.config.depth - e.shift
	if e.pair {
		e.depth++
	}
	if e.depth < 1 || e.depth > 32 || e.shift > 16 {
		return false, fmt.Errorf("%d bits of %d apart: %w", e.shift, d.config.depth, codec.ErrCorrupt)
	}
	return false, nil
}

// readPlain reads samples as they are; a pair's take turns.
func readPlain(r *bitstream.Reader, a, b []int32, depth int) {
	for i := range a {
		a[i] = signed(r.Read(depth), depth)
		if b != nil {
			b[i] = signed(r.Read(depth), depth)
		}
	}
}

// readPredicted reads what was predicted: how for each channel, the low bits, then the noise of each.
func (d *Decoder) readPredicted(e *element, a, b []int32) error {
	r := &d.in
	e.mixing.bits, e.mixing.weight = uint(r.Read(8)), signed(r.Read(8), 8)
	if d.config.maxParameter == 0 {
		return fmt.Errorf("noise in a stream without a code for it: %w", codec.ErrCorrupt)
	}
	if e.mixing.bits > 31 {
		return fmt.Errorf("mixing by %d bits: %w", e.mixing.bits, codec.ErrCorrupt)
	}
	var how [2]prediction
	for c := range e.channels() {
		how[c].read(r)
	}
	low := r.Pos()
	r.Skip(e.shift * e.channels() * e.frames)
	for c, samples := range [2][]int32{a, b} {
		if samples == nil {
			continue
		}
		code := golomb{
			weight:       d.config.historyWeight * how[c].historyScale / 4,
			history:      d.config.history,
			maxParameter: d.config.maxParameter,
			depth:        uint(e.depth),
		}
		if err := code.read(r, samples); err != nil {
			return err
		}
		how[c].add(samples, e.depth)
	}
	if e.pair {
		e.mixing.separate(a, b)
	}
	if e.shift > 0 {
		behind := r.Pos()
		r.Seek(low)
		readLowBits(r, a, b, e.shift)
		r.Seek(behind)
	}
	return nil
}

// readLowBits puts the stored low bits below samples; a pair's take turns. Noise has nothing to
// predict in them.
func readLowBits(r *bitstream.Reader, a, b []int32, shift int) {
	for i := range a {
		a[i] = a[i]<<shift | int32(r.Read(shift))
		if b != nil {
			b[i] = b[i]<<shift | int32(r.Read(shift))
		}
	}
}

// signed makes a number of n bits, 1 to 32, of two's complement.
func signed(v uint32, n int) int32 { return int32(v<<(32-n)) >> (32 - n) }
