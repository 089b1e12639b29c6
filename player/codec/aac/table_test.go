package aac

import (
	"math"
	"slices"
	"testing"
)

// shapes are the books with what the standard's text says of them.
var shapes = []bookShape{
	{&book1, 4, 1, true}, {&book2, 4, 1, true}, {&book3, 4, 2, false}, {&book4, 4, 2, false}, {&book5, 2, 4, true}, {&book6, 2, 4, true},
	{&book7, 2, 7, false}, {&book8, 2, 7, false}, {&book9, 2, 12, false}, {&book10, 2, 12, false}, {&book11, 2, 16, false},
}

// TestCodesAreComplete wants of every code that each symbol is there once and that no sequence of
// bits is left without one: a Kraft sum of exactly 1.
func TestCodesAreComplete(t *testing.T) {
	check := func(name string, c *codeLengths, symbols int) {
		var seen []int
		kraft := 0.0
		for _, w := range c.canonical() {
			seen = append(seen, int(w.value))
			kraft += math.Exp2(-float64(w.length))
			if w.code>>w.length != 0 {
				t.Errorf("%s: codeword %b has more than %d bits", name, w.code, w.length)
			}
		}
		slices.Sort(seen)
		for i, s := range seen {
			if i != s {
				t.Fatalf("%s: symbol %d is missing or there twice", name, i)
			}
		}
		if len(seen) != symbols || kraft != 1 {
			t.Errorf("%s: %d symbols, want %d; Kraft sum %v", name, len(seen), symbols, kraft)
		}
	}
	check("scale factors", &scaleFactorCode, 121)
	for i, s := range shapes {
		base := s.max + 1
		if s.signed {
			base += s.max
		}
		check("book", s.lengths, int(math.Pow(float64(base), float64(s.dim))))
		b := sharedTables().books[i+1]
		kraft := 0.0
		for _, v := range b.lengths() {
			kraft += math.Exp2(-float64(v))
		}
		if kraft != 1 {
			t.Errorf("book %d with its signs: Kraft sum %v", i+1, kraft)
		}
	}
}

// lengths gives the length of each value's codeword, signs included, by looking up all of 20 bits.
func (b *codebook) lengths() map[uint32]int {
	list := map[uint32]int{}
	for code := range uint64(1) << maxCode {
		e := b.table.find(code<<(64-maxCode), rootBits)
		list[e>>entryValue] = int(e & entryLength)
	}
	return list
}

// TestCodebooks decodes some codewords of the standard's tables, chosen where books differ: first and
// last symbols, the shortest and the longest codewords.
func TestCodebooks(t *testing.T) {
	for _, c := range []struct {
		book   int
		code   uint64
		length int // with signs
		want   []int
	}{
		{1, 0x7f8, 11, []int{-1, -1, -1, -1}}, {1, 0x7f4, 11, []int{1, 1, 1, 1}}, {1, 0, 1, []int{0, 0, 0, 0}},
		{2, 0x1f3, 9, []int{-1, -1, -1, -1}}, {2, 6, 5, []int{-1, 0, 0, 0}},
		{3, 0, 1, []int{0, 0, 0, 0}}, {3, 0x9<<1 | 1, 5, []int{0, 0, 0, -1}}, {3, 0x7ffa<<4 | 0b0101, 19, []int{2, -2, 2, -2}},
		{4, 7 << 0, 4, []int{0, 0, 0, 0}}, {4, 0x000<<4 | 0b1000, 8, []int{-1, 1, 1, 1}},
		{5, 0x1fff, 13, []int{-4, -4}}, {5, 0, 1, []int{0, 0}}, {6, 0x7fe, 11, []int{-4, -4}}, {6, 0, 4, []int{0, 0}},
		{7, 0, 1, []int{0, 0}}, {7, 0x5<<1 | 1, 4, []int{0, -1}}, {8, 0xe, 5, []int{0, 0}}, {8, 0x3ff<<2 | 2, 12, []int{-7, 7}},
		{9, 0, 1, []int{0, 0}}, {9, 0x7fff<<2 | 1, 17, []int{12, -12}}, {10, 0x22, 6, []int{0, 0}}, {10, 0xfff<<2 | 3, 14, []int{-12, -12}},
		{11, 0, 4, []int{0, 0}}, {11, 4<<2 | 1, 7, []int{16, -16}},
	} {
		b := sharedTables().books[c.book]
		e := b.table.find(c.code<<(64-c.length)|1<<(63-c.length), rootBits)
		got := b.values[int(e>>entryValue)*b.dim:][:b.dim]
		for i, q := range c.want {
			if int(e&entryLength) != c.length || got[i] != power(q) {
				t.Errorf("book %d, code %b of %d bits: %v of %d bits, want %v to 4/3", c.book, c.code, c.length, got, e&entryLength, c.want)
				break
			}
		}
		if escape := e&entryEscape != 0; escape != (slices.Max(c.want) == escapeMark) {
			t.Errorf("book %d, code %b: escape %v", c.book, c.code, escape)
		}
	}
}

func TestBands(t *testing.T) {
	counts := [][2]int{{41, 12}, {41, 12}, {47, 12}, {49, 14}, {49, 14}, {51, 14}, {47, 15}, {47, 15}, {43, 15}, {43, 15}, {43, 15}, {40, 15}, {40, 15}}
	for i, rate := range rates {
		for _, frame := range []int{1024, 960} {
			b := newBandTables(rate, frame)
			for k, length := range []int{frame, frame / shortWindows} {
				list := b.offsets[k]
				if list[len(list)-1] != length || list[0] != 0 {
					t.Errorf("%d Hz: bands of %d go from %d to %d", rate, length, list[0], list[len(list)-1])
				}
				for n := 1; n < len(list); n++ {
					if w := list[n] - list[n-1]; w < 4 || w%4 != 0 {
						t.Errorf("%d Hz: a band of %d lines", rate, w)
					}
				}
				if n := len(list) - 1; frame == 1024 && n != counts[i][k] {
					t.Errorf("%d Hz: %d bands, want %d", rate, n, counts[i][k])
				}
				if rate == 32000 && k == 0 && b.shaped[k] != counts[i][k] {
					t.Errorf("noise shaping up to band %d: at 32 kHz it is for all", b.shaped[k])
				}
				if b.shaped[k] > len(list)-1 && frame == 1024 {
					t.Errorf("%d Hz: noise shaping up to band %d of %d", rate, b.shaped[k], len(list)-1)
				}
			}
		}
	}
	for rate, like := range map[int]int{100_000: 96000, 92_017: 96000, 92_016: 88200, 50_000: 48000, 44_000: 44100, 9_000: 8000, 1: 8000} {
		if got := rates[bandRate(rate)]; got != like {
			t.Errorf("%d Hz uses the bands of %d Hz, want %d", rate, got, like)
		}
	}
}
