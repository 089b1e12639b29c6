package codebook

import (
	"testing"

	"github.com/segue-audio/segue/player/codec/internal/bitstream"
)

// TestRead reads every code of a book with lengths out of order, followed by ones and by zeros.
func TestRead(t *testing.T) {
	codes := []Code{{2, 0}, {4, 1}, {4, -1}, {3, 5}}
	for n := int8(2); n < 20; n++ { // in the upper half: codes 10, 110, 1110 …
		codes = append(codes, Code{n, n})
	}
	codes = append(codes, Code{20, 100}, Code{20, 101})
	b := New(codes)
	next := uint32(0)
	for _, c := range codes {
		for _, after := range []uint32{0, 1<<(longest-c[0]) - 1} {
			word := (next | after) << 12
			var r bitstream.Reader
			r.Load([]byte{byte(word >> 24), byte(word >> 16), byte(word >> 8), byte(word)})
			if v := b.Read(&r); v != int(c[1]) || r.Pos() != int(c[0]) {
				t.Errorf("%020b reads as %d in %d bits, want %d in %d", word>>12, v, r.Pos(), c[1], c[0])
			}
		}
		next += 1 << (longest - c[0])
	}
	if next != 1<<longest {
		t.Fatalf("the test's codes fill %d of %d", next, 1<<longest)
	}
}
