package mp3

import (
	"encoding/binary"
)

// huffman reads the values of a granule into s.lines (2.4.1.7), each already raised to 4/3 (2.4.3.4.7):
// pairs in three regions with a table each, then quadruples of values of at most 1 up to the end of the
// granule's bits, then zeros. It is false where the pairs need more bits than there are.
func (s *spectrum) huffman(v values, info *granuleInfo) bool {
	line := 0
	for i, end := range info.regions {
		table := &v.t.pairs[info.tables[i]]
		if line < end && !table.known {
			return false
		}
		line = v.pairs(&s.lines, line, end, table)
	}
	if line < info.regions[2] || v.pos > v.end {
		return false
	}
	quads := &v.t.quads[0]
	if info.quadsB {
		quads = &v.t.quads[1]
	}
	line = v.quadruples(&s.lines, line, quads)
	clear(s.lines[line:])
	for line > 0 && s.lines[line-1] == 0 {
		line--
	}
	s.nonzero = line
	return true
}

// values walks over the bits of one granule's values.
type values struct {
	t        *tables
	main     []byte // with room behind the last byte for a load
	pos, end int    // in bits
}

// windowBits is how many bits of the main data one load gives, wherever in a byte it starts.
const windowBits = 64 - 7

// load gives the next bits, the first on top.
func (v *values) load() uint64 {
	return binary.BigEndian.Uint64(v.main[v.pos>>3:]) << (v.pos & 7)
}

// longestPair is a word of pairs13 and two signs.
const longestPair = 19 + 2

// pairs reads lines from up to end; it stops before end where the bits do. One load serves many pairs:
// most have less than eight bits.
func (v *values) pairs(lines *[granuleSamples]float32, line, end int, t *pairTable) int {
	if t.lookup == nil { // table 0: nothing but zeros, which need no bits
		clear(lines[min(line, end):end])
		return max(line, end)
	}
	for line < end && v.pos < v.end {
		bits, used := v.load(), uint(0)
		for line < end && used <= windowBits-longestPair {
			e := t.lookup[bits>>(64-rootBits)]
			if e&linkEntry != 0 {
				bits <<= rootBits
				used += rootBits
				e = t.lookup[uint64(e&0xffff)+bits>>(64-(e>>16&31))]
			}
			n := uint(e >> 16 & 31)
			bits <<= n
			used += n
			if e&escapeEntry != 0 {
				v.pos += int(used)
				if v.pos >= v.end {
					return line
				}
				lines[line], lines[line+1] = v.escape(e, t.linbits)
				line += 2
				used = 0
				break
			}
			lines[line] = v.t.signed[e&31]
			lines[line+1] = v.t.signed[e>>8&31]
			line += 2
		}
		v.pos += int(used)
	}
	return line
}

// escape reads what follows the word of a pair with a value of 15: each value's linbits, where it is
// the 15, and its sign, where it is anything.
func (v *values) escape(e uint32, linbits uint) (x, y float32) {
	bits, used := v.load(), uint(0)
	next := func(n uint32) float32 {
		if n == 15 {
			n += uint32(bits >> (64 - linbits))
			bits <<= linbits
			used += linbits
		}
		if n == 0 {
			return 0
		}
		f := v.t.fourThirds[n]
		if bits>>63 != 0 {
			f = -f
		}
		bits <<= 1
		used++
		return f
	}
	x = next(e & 31)
	y = next(e >> 8 & 31)
	v.pos += int(used)
	return x, y
}

// quadruples reads from line on. The last one may run past the end where an encoder counted wrong: it
// is no music then.
func (v *values) quadruples(lines *[granuleSamples]float32, line int, t *[1 << quadBits]uint16) int {
	units := [4]float32{0, 1, -1, 0}
	for line <= granuleSamples-4 && v.pos < v.end {
		e := t[v.load()>>(64-quadBits)]
		if v.pos += int(e >> 8); v.pos > v.end {
			break
		}
		q := lines[line : line+4 : line+4]
		q[0], q[1], q[2], q[3] = units[e&3], units[e>>2&3], units[e>>4&3], units[e>>6&3]
		line += 4
	}
	return line
}
