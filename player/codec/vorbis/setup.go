package vorbis

import (
	"encoding/binary"
	"fmt"
	"math"
	mathbits "math/bits"

	"github.com/segue-audio/segue/player/codec"
)

// Limits on what the headers may claim. What encoders write stays far below.
const (
	maxEntries = 1 << 16 // of a codebook
	maxValues  = 1 << 20 // of a codebook: entries × dimensions
	maxSetup   = 1 << 20 // bytes of the setup header
)

// identification is what the first header says (Vorbis I, 4.2.2).
type identification struct {
	channels, rate int
	block          [2]int // frames of a short and a long block
}

func parseIdentification(b []byte) (id identification, err error) {
	if len(b) < 30 || string(b[:7]) != "\x01vorbis" || b[29]&1 == 0 || binary.LittleEndian.Uint32(b[7:]) != 0 {
		return id, fmt.Errorf("vorbis: no identification header of version 0: %w", codec.ErrUnsupported)
	}
	short, long := int(b[28]&15), int(b[28]>>4)
	id = identification{int(b[11]), int(binary.LittleEndian.Uint32(b[12:])), [2]int{1 << short, 1 << long}}
	if id.channels < 1 || id.channels > codec.MaxChannels || id.rate < 1 || id.rate > 1<<24 ||
		short < 6 || long > 13 || short > long {
		return id, fmt.Errorf("vorbis: %d channels at %d Hz in blocks of %d and %d: %w",
			id.channels, id.rate, id.block[0], id.block[1], codec.ErrUnsupported)
	}
	return id, nil
}

// setup walks over the setup header (Vorbis I, 4.2.4) and judges it. The library under the decoder
// trusts what it finds there: with a header of the wrong kind it would reserve gigabytes, run for ever
// in Decode, or decode what isn't meant. It keeps what the later parts refer to.
type setup struct {
	bits
	channels                   int
	books                      []book
	floors, residues, mappings int
	gaps                       []int // where widen must put a class
	err                        error
}

// book is what must be known of a codebook to judge its use.
type book struct {
	dimensions, entries int
	values              bool // it decodes to vectors and not to numbers alone
}

// checkSetup gives the setup header as the library needs it. It refuses, with an error that wraps
// codec.ErrUnsupported, what is broken and what the library can't decode.
func checkSetup(b []byte, id identification) ([]byte, error) {
	if len(b) < 7 || len(b) > maxSetup || string(b[:7]) != "\x05vorbis" {
		return nil, fmt.Errorf("vorbis: no setup header: %w", codec.ErrUnsupported)
	}
	s := &setup{bits: bits{b: b[7:]}, channels: id.channels}
	for range s.int(8) + 1 {
		s.codebook()
	}
	for range s.int(6) + 1 {
		s.want(s.int(16) == 0, "time domain transform")
	}
	s.floors = s.int(6) + 1
	for range s.floors {
		s.floor()
	}
	s.residues = s.int(6) + 1
	for range s.residues {
		s.residue()
	}
	s.mappings = s.int(6) + 1
	for range s.mappings {
		s.mapping()
	}
	for range s.int(6) + 1 {
		s.skip(1)
		s.want(s.read(32) == 0, "mode's window or transform")
		s.want(s.int(8) < s.mappings, "mode's mapping")
	}
	s.want(s.flag() && !s.over, "end")
	return widen(b, s.gaps), s.err
}

// classBits are the bits of a floor's class that has one dimension and no book: all zeros.
const classBits = 3 + 2 + 8

// widen puts the bits of an unused class into a header at each of gaps. Floors without partitions, which
// encoders write for LFE, have no classes; the library reads one all the same.
func widen(b []byte, gaps []int) []byte {
	if len(gaps) == 0 {
		return b
	}
	in := bits{b: b}
	out := make([]byte, len(b)+(len(gaps)*classBits+7)/8)
	at := 0
	for in.pos < 8*len(b) {
		if len(gaps) > 0 && in.pos == gaps[0] {
			at, gaps = at+classBits, gaps[1:]
		}
		out[at>>3] |= byte(in.read(1)) << (at & 7)
		at++
	}
	return out
}

// want notes the first thing that is wrong.
func (s *setup) want(ok bool, what string) {
	if !ok && s.err == nil {
		s.err = fmt.Errorf("vorbis: setup header: %s: %w", what, codec.ErrUnsupported)
	}
}

// codebook reads one of Vorbis I, 3.2.1.
func (s *setup) codebook() {
	if s.err != nil {
		return
	}
	s.want(s.read(24) == 0x564342, "codebook's sync pattern")
	b := book{dimensions: s.int(16), entries: s.int(24)}
	s.want(b.dimensions > 0 && b.entries > 0 && b.entries <= maxEntries && b.dimensions*b.entries <= maxValues,
		"codebook's size")
	if s.err != nil {
		return
	}
	s.codewords(b.entries)
	lookup := s.int(4)
	s.want(lookup <= 2, "codebook's lookup type")
	if b.values = lookup > 0; b.values {
		s.skip(64) // minimum and delta
		size := s.int(4) + 1
		s.skip(1)
		n := b.entries * b.dimensions
		if lookup == 1 {
			n = lattice(b.entries, b.dimensions)
			// The library rounds where it should not: 27 entries of 3 dimensions become 2 values, not 3.
			s.want(n == int(math.Pow(float64(b.entries), 1/float64(b.dimensions))), "codebook of a size that isn't decoded")
		}
		s.skip(n * size)
	}
	s.want(!s.over, "codebook cut")
	s.books = append(s.books, b)
}

// codewords reads the lengths of a codebook's words, which must make a complete code (3.2.1): Kraft's
// sum is one.
func (s *setup) codewords(entries int) {
	var sum, used uint64 // in units of 2⁻³²
	word := func(length, count int) {
		if length > 32 {
			s.want(false, "codeword's length")
			return
		}
		sum += uint64(count) << (32 - length)
		used += uint64(count)
	}
	if ordered := s.flag(); ordered {
		length := s.int(5) + 1
		for at := 0; at < entries && !s.over && length <= 32; length++ {
			n := s.int(mathbits.Len(uint(entries - at)))
			s.want(n <= entries-at, "codewords' count")
			if s.err != nil {
				return
			}
			word(length, n)
			at += n
		}
	} else {
		sparse := s.flag()
		for range entries {
			if !sparse || s.flag() {
				word(s.int(5)+1, 1)
			}
			if s.over {
				break
			}
		}
	}
	s.want(entries > 1 && sum == 1<<32 && used <= uint64(entries), "codewords that make no complete code")
}

// lattice is the greatest number whose power of dimensions isn't above entries (9.2.3).
func lattice(entries, dimensions int) int {
	for n := 1; ; n++ {
		power := 1
		for range dimensions {
			if power *= n + 1; power > entries {
				return n
			}
		}
	}
}

// floor reads a floor of type 1 (7.2.2). Type 0 is refused: the library computes it wrongly, and no
// encoder since the first release wrote it.
func (s *setup) floor() {
	kind := s.int(16)
	s.want(kind != 0, "floor of type 0")
	s.want(kind <= 1, "floor's type")
	if s.err != nil {
		return
	}
	partitions := make([]int, s.int(5))
	classes := -1
	for i := range partitions {
		partitions[i] = s.int(4)
		classes = max(classes, partitions[i])
	}
	if classes < 0 {
		s.gaps = append(s.gaps, 8*7+s.pos)
	}
	var dimensions [16]int
	for i := range classes + 1 {
		dimensions[i] = s.int(3) + 1
		sub := s.int(2)
		if sub > 0 {
			s.want(s.int(8) < len(s.books), "floor's master book")
		}
		for range 1 << sub {
			s.want(s.int(8)-1 < len(s.books), "floor's book")
		}
	}
	s.skip(2)
	size := s.int(4)
	seen := map[uint32]bool{0: true, 1 << size: true}
	for _, class := range partitions {
		for range dimensions[class] {
			x := s.read(size)
			s.want(!seen[x], "floor's points")
			seen[x] = true
		}
	}
	s.want(len(seen) <= 65, "floor's count of points")
}

// residue reads one of 8.6.1.
func (s *setup) residue() {
	s.want(s.int(16) <= 2, "residue's type")
	begin, end := s.int(24), s.int(24)
	s.skip(24) // partition size
	classes, classbook := s.int(6)+1, s.int(8)
	s.want(begin <= end && classbook < len(s.books), "residue")
	if s.err != nil {
		return
	}
	// A word of the class book stands for so many classes at once.
	s.want(s.books[classbook].dimensions <= 64 && lattice(s.books[classbook].entries, s.books[classbook].dimensions) >= classes,
		"residue's class book")
	var cascade [64]uint32
	for i := range classes {
		cascade[i] = s.read(3)
		if s.flag() {
			cascade[i] |= s.read(5) << 3
		}
	}
	for i := range classes {
		for range mathbits.OnesCount32(cascade[i]) {
			n := s.int(8)
			s.want(n < len(s.books) && s.books[n].values, "residue's book")
		}
	}
}

// mapping reads one of 4.2.4 (mappings).
func (s *setup) mapping() {
	s.want(s.int(16) == 0, "mapping's type")
	submaps := 1
	if s.flag() {
		submaps = s.int(4) + 1
	}
	if s.flag() {
		size := mathbits.Len(uint(s.channels - 1))
		for range s.int(8) + 1 {
			m, a := s.int(size), s.int(size)
			s.want(m != a && m < s.channels && a < s.channels, "coupling")
		}
	}
	s.want(s.int(2) == 0, "mapping's reserved bits")
	if submaps > 1 {
		for range s.channels {
			s.want(s.int(4) < submaps, "channel's submap")
		}
	}
	for range submaps {
		s.skip(8)
		s.want(s.int(8) < s.floors && s.int(8) < s.residues, "submap")
	}
}
