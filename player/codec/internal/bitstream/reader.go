// Package bitstream reads fields of bits, the most significant first, as MPEG audio writes them.
package bitstream

import "encoding/binary"

// MaxField is the most bits that Peek, Read or Skip take at once.
const MaxField = 32

// pad is what Peek may touch behind the last byte.
const pad = 8

// Reader reads from its own copy of a packet. Reading past the end gives zeros and sets Overrun;
// it never panics, so that a parser may look once, at the end, whether all it read was there.
// The zero value is an empty packet.
type Reader struct {
	buf  []byte // the packet and pad zeros
	pos  int    // in bits
	end  int    // in bits
	over bool
}

// Load makes the reader start over with a copy of data. It allocates only when data is longer than
// any before.
func (r *Reader) Load(data []byte) {
	if cap(r.buf) < len(data)+pad {
		r.buf = make([]byte, len(data)+pad, 2*len(data)+pad)
	}
	r.buf = r.buf[:len(data)+pad]
	clear(r.buf[copy(r.buf, data):])
	r.pos, r.end, r.over = 0, 8*len(data), false
}

// Peek gives the next n bits, 1 to MaxField, and stays where it is. Bits past the end are zeros.
func (r *Reader) Peek(n int) uint32 {
	if len(r.buf) == 0 {
		return 0
	}
	return uint32(binary.BigEndian.Uint64(r.buf[r.pos>>3:]) << (r.pos & 7) >> (64 - n))
}

// Skip moves on by n bits, which must not be negative.
func (r *Reader) Skip(n int) {
	r.pos += n
	if r.pos > r.end {
		r.pos, r.over = r.end, true
	}
}

// Read gives the next n bits, 0 to MaxField, and moves on.
func (r *Reader) Read(n int) uint32 {
	if n == 0 {
		return 0
	}
	v := r.Peek(n)
	r.Skip(n)
	return v
}

// Flag reads one bit.
func (r *Reader) Flag() bool { return r.Read(1) != 0 }

// Align moves on to the next whole byte.
func (r *Reader) Align() { r.Skip(-r.pos & 7) }

// Pos is how many bits were passed.
func (r *Reader) Pos() int { return r.pos }

// Left is how many bits there still are.
func (r *Reader) Left() int { return r.end - r.pos }

// Seek goes to a bit, counted from the start of the packet. A place outside the packet sets Overrun.
func (r *Reader) Seek(pos int) {
	if pos < 0 || pos > r.end {
		r.over = true
		return
	}
	r.pos = pos
}

// Overrun tells whether more was asked for than the packet holds.
func (r *Reader) Overrun() bool { return r.over }

// Padded is the packet with at least 8 bytes behind it, for a loop that is too hot to call the Reader
// for each field: it reads 64 bits at a byte (Pos()>>3 and on), keeps its own position and gives it
// back with Seek. It is valid until Load and must not be changed.
func (r *Reader) Padded() []byte { return r.buf }
