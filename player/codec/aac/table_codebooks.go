package aac

import (
	"math"
	"math/bits"
	"slices"
	"sync"
)

// maxCode is the longest codeword in bits with the signs that follow it: 16 and four in book 3.
const maxCode = 20

// codeLengths lists the symbols of a prefix code by the length of their codewords.
type codeLengths [maxCode][]uint16

// codeword is a prefix and what it stands for.
type codeword struct {
	code   uint32
	length int
	value  uint32
}

// canonical gives each symbol the codeword that its place in the list implies: those of one length
// are consecutive numbers, after those of all shorter lengths.
func (c *codeLengths) canonical() (list []codeword) {
	code := uint32(0)
	for length, symbols := range c {
		code <<= 1
		for _, s := range symbols {
			list = append(list, codeword{code, length, uint32(s)})
			code++
		}
	}
	return list
}

// A prefixTable finds a codeword from the bits ahead in one step, or in two where it is longer than
// the root's bits. Entries are value<<8 | flags | length; where link is set, the value is the place of
// a further table and the length is how many more bits to take for it.
type prefixTable []uint32

const (
	entryLength = 31
	entryEscape = 1 << 6 // book 11: one of the values is an escape
	entryLink   = 1 << 7
	entryValue  = 8 // bits below the value
)

// newPrefixTable makes a table with 1<<root entries first.
func newPrefixTable(list []codeword, root int) prefixTable {
	t := make(prefixTable, 1<<root)
	more := map[uint32][]codeword{} // those longer than the root, by their first bits
	for _, c := range list {
		if c.length > root {
			head := c.code >> (c.length - root)
			more[head] = append(more[head], c)
			continue
		}
		first := c.code << (root - c.length)
		for i := range uint32(1) << (root - c.length) {
			t[first+i] = c.value<<entryValue | uint32(c.length)
		}
	}
	for head := range uint32(1) << root {
		longer := more[head]
		if longer == nil {
			continue
		}
		depth := 0
		for _, c := range longer {
			depth = max(depth, c.length-root)
		}
		t[head] = uint32(len(t))<<entryValue | entryLink | uint32(depth)
		sub := make([]uint32, 1<<depth)
		for _, c := range longer {
			tail := c.code & (1<<(c.length-root) - 1) << (root + depth - c.length)
			for i := range uint32(1) << (root + depth - c.length) {
				sub[tail+i] = c.value<<entryValue | uint32(c.length)
			}
		}
		t = append(t, sub...)
	}
	return t
}

// find looks up what the highest bits of ahead begin with.
func (t prefixTable) find(ahead uint64, root int) (entry uint32) {
	e := t[ahead>>(64-root)]
	if e&entryLink != 0 {
		e = t[e>>entryValue+uint32(ahead<<root>>(64-e&entryLength))]
	}
	return e
}

// codebook decodes one of the eleven spectral books (4.6.3).
//
// A codeword of an unsigned book is followed by a sign bit for each value that isn't zero. Both
// together are again a codeword of a prefix code, one of signed values, and so are the books laid out
// here: one look-up gives the values, raised to 4/3 as they will be needed (4.6.1.3).
type codebook struct {
	table  prefixTable
	values []float32 // dim for each entry; those with short codewords, hence often needed, first
	dim    int
	loud   float32 // the largest of values
}

// bookShape is what the tables of the standard leave to its text (Table 4.151).
type bookShape struct {
	lengths *codeLengths
	dim     int
	max     int // the largest magnitude
	signed  bool
}

const (
	rootBits   = 9
	escapeBook = 11
	escapeMark = 16 // the value that an escape sequence takes the place of
)

func newCodebook(b bookShape) *codebook {
	base := b.max + 1
	if b.signed {
		base = 2*b.max + 1
	}
	type entry struct {
		codeword
		tuple []int
	}
	var all []entry
	for _, c := range b.lengths.canonical() {
		tuple := make([]int, b.dim)
		for i, s := b.dim-1, int(c.value); i >= 0; i, s = i-1, s/base {
			tuple[i] = s % base
			if b.signed {
				tuple[i] -= b.max
			}
		}
		if b.signed {
			all = append(all, entry{c, tuple})
			continue
		}
		var set []int
		for i, v := range tuple {
			if v != 0 {
				set = append(set, i)
			}
		}
		for signs := range uint32(1) << len(set) {
			signed := slices.Clone(tuple)
			for k, i := range set {
				if signs>>(len(set)-1-k)&1 != 0 {
					signed[i] = -signed[i]
				}
			}
			all = append(all, entry{codeword{c.code<<len(set) | signs, c.length + len(set), 0}, signed})
		}
	}
	slices.SortStableFunc(all, func(a, b entry) int { return a.length - b.length })
	book := &codebook{dim: b.dim}
	list := make([]codeword, len(all))
	escapes := make([]bool, len(all))
	for n, e := range all {
		list[n] = codeword{e.code, e.length, uint32(n)}
		for _, v := range e.tuple {
			book.values = append(book.values, power(v))
			escapes[n] = escapes[n] || v == escapeMark || v == -escapeMark
		}
	}
	book.loud = slices.Max(book.values)
	book.table = newPrefixTable(list, rootBits)
	for i, e := range book.table {
		if e&entryLink == 0 && escapes[e>>entryValue] {
			book.table[i] |= entryEscape
		}
	}
	return book
}

// power is the sign of q and its magnitude to 4/3.
func power(q int) float32 {
	v := math.Abs(float64(q))
	return float32(math.Copysign(v*math.Cbrt(v), float64(q)))
}

// maxQuantised is the largest magnitude that an escape sequence writes (4.6.3.3).
const maxQuantised = 8191

// tables are what all decoders share and none changes.
type tables struct {
	scaleFactors prefixTable
	books        [escapeBook + 1]*codebook
	powers       []float32             // magnitudes to 4/3, to maxQuantised
	gains        [256]float32          // 2^((n−100)/4): the step of a scale factor (4.6.2.3.3)
	reflections  [2][2][1 << 4]float32 // of temporal noise shaping: [resolution][compressed][code]
}

// gainUnity is the scale factor whose gain is 1.
const gainUnity = 100

var sharedTables = sync.OnceValue(func() *tables {
	t := &tables{scaleFactors: newPrefixTable(scaleFactorCode.canonical(), rootBits)}
	for i, b := range [...]bookShape{
		{}, {&book1, 4, 1, true}, {&book2, 4, 1, true}, {&book3, 4, 2, false}, {&book4, 4, 2, false},
		{&book5, 2, 4, true}, {&book6, 2, 4, true}, {&book7, 2, 7, false}, {&book8, 2, 7, false},
		{&book9, 2, 12, false}, {&book10, 2, 12, false}, {&book11, 2, escapeMark, false},
	} {
		if b.lengths != nil {
			t.books[i] = newCodebook(b)
		}
	}
	t.powers = make([]float32, maxQuantised+1)
	for q := range t.powers {
		t.powers[q] = power(q)
	}
	for n := range t.gains {
		t.gains[n] = float32(math.Exp2(float64(n-gainUnity) / 4))
	}
	t.reflections = newReflections()
	return t
})

// escapeBits is how long the prefix of an escape sequence is: the ones before the zero.
func escapeBits(ahead uint64) int { return bits.LeadingZeros64(^ahead) }
