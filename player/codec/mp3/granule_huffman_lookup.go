package mp3

import "iter"

// The code words, made ready to be found by the bits that they begin: with their signs, so that one look
// gives a signed pair or quadruple.

const (
	rootBits = 9  // of the first look for a pair
	quadBits = 10 // of the only look for a quadruple: six of code, four of signs
)

// A pair's entry is x, y (each in eight bits: the value plus signedZero, or where linbits follow the
// value itself), the bits that it uses up, and one of these. A link's is the place of a second table in
// the same slice and the bits to look there with.
const (
	linkEntry   = 1 << 31
	escapeEntry = 1 << 30
	signedZero  = 16
)

// pairTable finds pairs.
type pairTable struct {
	lookup  []uint32 // nil in table 0
	linbits uint
	known   bool // tables 4 and 14 aren't
}

// word is one code word, signs included.
type word struct {
	bits   uint32
	length int
	entry  uint32
}

// pairTables makes the tables that table_select chooses from (table B.7).
func pairTables() (tables [32]pairTable) {
	plain := map[int][]uint16{
		1: pairs1, 2: pairs2, 3: pairs3, 5: pairs5, 6: pairs6, 7: pairs7, 8: pairs8, 9: pairs9,
		10: pairs10, 11: pairs11, 12: pairs12, 13: pairs13, 15: pairs15,
	}
	tables[0].known = true
	for i, leaves := range plain {
		tables[i] = pairTable{lookup: lookupOf(signedPairs(leaves, false)), known: true}
	}
	quiet, loud := lookupOf(signedPairs(pairs16, true)), lookupOf(signedPairs(pairs24, true))
	for i, n := range [8]uint{1, 2, 3, 4, 6, 8, 10, 13} {
		tables[16+i] = pairTable{lookup: quiet, linbits: n, known: true}
	}
	for i, n := range [8]uint{4, 5, 6, 7, 8, 9, 11, 13} {
		tables[24+i] = pairTable{lookup: loud, linbits: n, known: true}
	}
	return tables
}

// codes gives the words of a table of the standard without signs, and what each stands for: see
// table_huffman.go.
func codes(leaves []uint16) iter.Seq2[word, int] {
	return func(yield func(word, int) bool) {
		next := uint64(0) // of a code of 32 bits
		for _, leaf := range leaves {
			length := int(leaf >> 8)
			if !yield(word{bits: uint32(next >> (32 - length)), length: length}, int(leaf&0xff)) {
				return
			}
			next += 1 << (32 - length)
		}
	}
}

// signedPairs appends the signs to the words of a table. With escapes, words with a 15 stay without.
func signedPairs(leaves []uint16, escapes bool) (words []word) {
	for code, values := range codes(leaves) {
		x, y := values>>4, values&15
		if escapes && (x == 15 || y == 15) {
			code.entry = uint32(x|y<<8) | escapeEntry
			words = append(words, code)
			continue
		}
		for _, sx := range signs(x) {
			for _, sy := range signs(y) {
				w := code
				w.entry = uint32(signedZero + sx | (signedZero+sy)<<8)
				w.sign(sx)
				w.sign(sy)
				words = append(words, w)
			}
		}
	}
	return words
}

// signs are the values of one magnitude.
func signs(n int) []int {
	if n == 0 {
		return []int{0}
	}
	return []int{n, -n}
}

// sign appends the bit that tells a value's sign, where it needs one.
func (w *word) sign(value int) {
	if value == 0 {
		return
	}
	w.bits <<= 1
	if value < 0 {
		w.bits |= 1
	}
	w.length++
}

// lookupOf lays words out: first by their first rootBits, then, for the longer ones, by as many bits
// more as the longest with the same beginning needs.
func lookupOf(words []word) []uint32 {
	table := make([]uint32, 1<<rootBits)
	longest := map[uint32]int{} // by beginning
	for _, w := range words {
		if w.length <= rootBits {
			fill(table, w, rootBits)
			continue
		}
		beginning := w.bits >> (w.length - rootBits)
		longest[beginning] = max(longest[beginning], w.length-rootBits)
	}
	for beginning := range uint32(1 << rootBits) {
		width := longest[beginning]
		if width == 0 {
			continue
		}
		second := make([]uint32, 1<<width)
		for _, w := range words {
			if w.length > rootBits && w.bits>>(w.length-rootBits) == beginning {
				w.length -= rootBits
				w.bits &= 1<<w.length - 1
				fill(second, w, width)
			}
		}
		table[beginning] = linkEntry | uint32(width)<<16 | uint32(len(table))
		table = append(table, second...)
	}
	return table
}

// fill writes a word wherever in a table of so many bits it is the beginning.
func fill(table []uint32, w word, width int) {
	free := width - w.length
	for i := range 1 << free {
		table[int(w.bits)<<free+i] = w.entry | uint32(w.length)<<16
	}
}

// quadTables makes the two tables that count1table_select chooses from. An entry is four values of two
// bits (1 and, for −1, 2), the first lowest, and above them the bits that they use up.
func quadTables() (tables [2][1 << quadBits]uint16) {
	for code, values := range codes(quadsA) {
		fillQuads(&tables[0], code, values)
	}
	for code := range 16 {
		fillQuads(&tables[1], word{bits: uint32(code), length: 4}, 15-code)
	}
	return tables
}

// fillQuads writes a quadruple with all signs that it can have.
func fillQuads(table *[1 << quadBits]uint16, code word, values int) {
	free := quadBits - code.length
	for rest := range 1 << free {
		entry, signs := uint16(0), 0
		for i := range 4 {
			if values>>(3-i)&1 != 0 {
				signs++
				negative := uint16(rest>>(free-signs)) & 1
				entry |= (1 + negative) << (2 * i)
			}
		}
		table[int(code.bits)<<free+rest] = entry | uint16(code.length+signs)<<8
	}
}
