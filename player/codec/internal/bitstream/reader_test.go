package bitstream

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestReader compares with arithmetic on the packet as one big number.
func TestReader(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var r Reader
	for round := range 300 {
		data := make([]byte, rng.IntN(40))
		for i := range data {
			data[i] = byte(rng.Uint32())
		}
		whole := new(big.Int).SetBytes(data)
		r.Load(data)
		for pos := 0; ; {
			n := rng.IntN(MaxField + 1)
			if pos+n > 8*len(data) {
				break
			}
			want := new(big.Int).Rsh(whole, uint(8*len(data)-pos-n))
			want.And(want, new(big.Int).SetUint64(1<<n-1))
			if n > 0 && uint64(r.Peek(n)) != want.Uint64() {
				t.Fatalf("round %d: Peek(%d) at %d gives %x, want %x", round, n, pos, r.Peek(n), want)
			}
			if got := r.Read(n); uint64(got) != want.Uint64() {
				t.Fatalf("round %d: Read(%d) at %d gives %x, want %x", round, n, pos, got, want)
			}
			pos += n
			if r.Pos() != pos || r.Left() != 8*len(data)-pos || r.Overrun() {
				t.Fatalf("round %d: at %d, %d left, overrun %v; want %d", round, r.Pos(), r.Left(), r.Overrun(), pos)
			}
		}
	}
}

func TestReaderPastTheEnd(t *testing.T) {
	var r Reader
	if r.Read(32) != 0 || !r.Overrun() {
		t.Fatal("the zero value isn't empty")
	}
	r.Load([]byte{0xff, 0xff})
	if r.Overrun() {
		t.Fatal("Load keeps Overrun")
	}
	if got := r.Read(20); got != 0xffff0 || !r.Overrun() || r.Left() != 0 {
		t.Fatalf("20 bits of 16 are %x, overrun %v, %d left", got, r.Overrun(), r.Left())
	}
	for range 100 {
		if r.Read(32) != 0 {
			t.Fatal("something lies past the end")
		}
	}
	r.Load([]byte{1, 2, 3})
	r.Skip(3)
	r.Align()
	if r.Pos() != 8 {
		t.Fatalf("Align goes to %d", r.Pos())
	}
	r.Align()
	if r.Seek(25); r.Pos() != 8 || !r.Overrun() {
		t.Fatalf("Seek past the end goes to %d", r.Pos())
	}
}

func TestReaderAllocates(t *testing.T) {
	var r Reader
	data := make([]byte, 700)
	r.Load(data)
	if n := testing.AllocsPerRun(100, func() { r.Load(data); r.Read(9) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func BenchmarkRead(b *testing.B) {
	data := make([]byte, 4096)
	var r Reader
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		r.Load(data)
		for r.Left() > 0 {
			r.Read(7)
		}
	}
}

func TestPadded(t *testing.T) {
	var r Reader
	r.Load([]byte{1, 2, 3})
	if b := r.Padded(); len(b) < 3+8 || b[0] != 1 || b[2] != 3 || b[3] != 0 {
		t.Fatalf("padded packet %v", b)
	}
	r.Load([]byte{9})
	if b := r.Padded(); len(b) < 1+8 || b[0] != 9 || b[1] != 0 {
		t.Fatalf("padded packet %v", b)
	}
}
