// Package codebook has the prefix codes of spectral band replication and parametric stereo, and reads
// them. A book is given as the codes themselves, in ascending order of their bits, so that lengths alone
// say what they are. Codes longer than 20 bits are not here, as neither tool has one.
package codebook

import "github.com/segue-audio/segue/player/codec/internal/bitstream"

const (
	longest = 20
	direct  = 8 // codes of up to so many bits are looked up, longer ones searched
)

// Code is a word of a book: its length in bits and the number that it stands for.
type Code [2]int8

// Book reads one of its codes at a time.
type Book struct {
	short [1 << direct]Code
	long  []Code
	first []uint32 // of long: its bits, followed by zeros, as a number of 20 bits
}

// New makes a book of codes that are in ascending order of their bits and complete: every sequence of
// bits starts with one of them.
func New(codes []Code) *Book {
	b := &Book{}
	next := uint32(0)
	for _, c := range codes {
		size := uint32(1) << (longest - c[0])
		if c[0] <= direct {
			for at := next >> (longest - direct); at < (next+size)>>(longest-direct); at++ {
				b.short[at] = c
			}
		} else {
			b.long, b.first = append(b.long, c), append(b.first, next)
		}
		next += size
	}
	return b
}

// Read reads one code. Past the end of the packet it reads zeros, as the reader does.
func (b *Book) Read(r *bitstream.Reader) int {
	bits := r.Peek(longest)
	c := b.short[bits>>(longest-direct)]
	if c[0] == 0 {
		i := len(b.long) - 1
		for i > 0 && b.first[i] > bits {
			i--
		}
		c = b.long[i]
	}
	r.Skip(int(c[0]))
	return int(c[1])
}
