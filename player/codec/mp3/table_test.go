package mp3

import (
	"fmt"
	"math"
	"testing"
)

// TestCodes wants every Huffman table to fill the space of codes to the last bit (Kraft's sum is 1) and
// to have each pair once: so no word is lost, doubled or of a wrong length.
func TestCodes(t *testing.T) {
	for name, c := range map[string]struct {
		leaves []uint16
		most   int // value
	}{
		"1": {pairs1, 1}, "2": {pairs2, 2}, "3": {pairs3, 2}, "5": {pairs5, 3}, "6": {pairs6, 3},
		"7": {pairs7, 5}, "8": {pairs8, 5}, "9": {pairs9, 5}, "10": {pairs10, 7}, "11": {pairs11, 7},
		"12": {pairs12, 7}, "13": {pairs13, 15}, "15": {pairs15, 15}, "16": {pairs16, 15}, "24": {pairs24, 15},
		"A": {quadsA, 15},
	} {
		kraft, seen := 0.0, map[uint16]bool{}
		for _, leaf := range c.leaves {
			x, y := int(leaf>>4&15), int(leaf&15)
			if x > c.most || y > c.most || seen[leaf&0xff] {
				t.Errorf("table %s: %d, %d is too much or twice there", name, x, y)
			}
			seen[leaf&0xff] = true
			kraft += math.Exp2(-float64(leaf >> 8))
		}
		count := (c.most + 1) * (c.most + 1)
		if name == "A" {
			count = 16
		}
		if len(c.leaves) != count || kraft != 1 {
			t.Errorf("table %s: %d entries, want %d; Kraft's sum is %v", name, len(c.leaves), count, kraft)
		}
	}
}

// TestWords has some words as the standard prints them.
func TestWords(t *testing.T) {
	for _, c := range []struct {
		leaves []uint16
		words  map[int]string
	}{
		{pairs1, map[int]string{0x00: "1", 0x01: "001", 0x10: "01", 0x11: "000"}},
		{pairs3, map[int]string{0x00: "11", 0x01: "10", 0x10: "001", 0x22: "000000"}},
		{pairs13, map[int]string{0x00: "1", 0x01: "0101", 0x10: "011", 0x11: "0100"}},
		{pairs24, map[int]string{0x00: "1111", 0x01: "1101", 0x10: "1110", 0xff: "0011"}},
		{quadsA, map[int]string{0: "1", 1: "0101", 8: "0111", 15: "000001"}},
	} {
		for w, values := range codes(c.leaves) {
			if want, ok := c.words[values]; ok && fmt.Sprintf("%0*b", w.length, w.bits) != want {
				t.Errorf("%02x is %0*b, want %s", values, w.length, w.bits, want)
			}
		}
	}
}

// TestBands looks at what all band tables have in common: widths are even (pairs never straddle), and
// they fill the granule.
func TestBands(t *testing.T) {
	for i, rate := range rates {
		for _, l := range theTables().layouts[i] {
			for band := range l.bands {
				if width := l.starts[band+1] - l.starts[band]; width < 2 || width%2 != 0 {
					t.Errorf("%d Hz, kind %d: band %d is %d lines wide", rate, l.kind, band, width)
				}
			}
			if l.starts[l.bands] != granuleSamples || l.starts[l.longBands] != l.longLines {
				t.Errorf("%d Hz, kind %d: %d lines, %d of them long", rate, l.kind, l.starts[l.bands], l.starts[l.longBands])
			}
		}
	}
}

// TestWindows wants the squares of each window's end and of the next one's start to add up to one, which
// is what makes the overlap cancel (Princen and Bradley), for long blocks and where they meet short ones.
func TestWindows(t *testing.T) {
	follow := map[int][]int{
		longBlock: {longBlock, startBlock}, stopBlock: {longBlock, startBlock},
	}
	for before, all := range follow {
		for _, after := range all {
			for i := range 18 {
				a, b := windowShape(before, 18+i), windowShape(after, i)
				mirrored := windowShape(before, 35-i)
				if sum := a*a + b*b; math.Abs(sum-1) > 1e-12 || math.Abs(mirrored-b) > 1e-12 {
					t.Errorf("block types %d and %d: squares at %d add up to %v", before, after, i, sum)
				}
			}
		}
	}
	for i := range 6 {
		short, next := math.Sin(math.Pi/12*(float64(6+i)+0.5)), math.Sin(math.Pi/12*(float64(i)+0.5))
		if math.Abs(windowShape(startBlock, 24+i)-short) > 1e-12 || math.Abs(windowShape(stopBlock, 6+i)-next) > 1e-12 {
			t.Errorf("sample %d: start and stop blocks don't fit a short one", i)
		}
		if sum := short*short + next*next; math.Abs(sum-1) > 1e-12 {
			t.Errorf("short blocks: squares at %d add up to %v", i, sum)
		}
	}
}

// TestRatios looks at the directions of intensity stereo that the standards name.
func TestRatios(t *testing.T) {
	tables := theTables()
	near := func(a float32, b float64) bool { return math.Abs(float64(a)-b) < 1e-6 }
	for p, want := range map[int]float64{0: 0, 3: 0.5, 6: 1} {
		if r := tables.ratiosMPEG1[p]; !near(r.left, want) || !near(r.right, 1-want) {
			t.Errorf("MPEG-1 direction %d: %+v", p, r)
		}
	}
	for p, want := range map[int]ratio{0: {1, 1}, 1: {0.840896415, 1}, 2: {1, 0.840896415}, 3: {0.707106781, 1}} {
		if r := tables.ratiosLSF[0][p]; !near(r.left, float64(want.left)) || !near(r.right, float64(want.right)) {
			t.Errorf("LSF direction %d: %+v", p, r)
		}
	}
	if r := tables.ratiosLSF[1][4]; !near(r.left, 1) || !near(r.right, 0.5) {
		t.Errorf("LSF direction 4 in coarse steps: %+v", r)
	}
}

// TestChecksum has the CRC's check value: that of the digits 1 to 9, begun with ones.
func TestChecksum(t *testing.T) {
	if got := checksum(0xffff, []byte("123456789")); got != 0xaee7 {
		t.Errorf("checksum %04x", got)
	}
}
