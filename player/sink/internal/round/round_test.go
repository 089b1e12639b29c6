package round

import (
	"encoding/binary"
	"math"
	"testing"
)

func steps(n int, at func(i int) float64) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(at(i) / (1 << 15))
	}
	return x
}

func read16(b []byte) []int16 {
	x := make([]int16, len(b)/2)
	for i := range x {
		x[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return x
}

// TestWholeNumbersPass: music of 16 bits comes out bit for bit, and silence is silence.
func TestWholeNumbersPass(t *testing.T) {
	r := New(1)
	src := steps(40_000, func(i int) float64 { return float64(i*7919%65_536 - 32_768) })
	for i := 30_000; i < len(src); i++ {
		src[i] = 0
	}
	dst := make([]byte, 2*len(src))
	for at := 0; at < len(src); at += 500 {
		r.Int16(dst[2*at:], src[at:at+500])
	}
	for i, v := range read16(dst) {
		if want := int16(src[i] * (1 << 15)); v != want {
			t.Fatalf("sample %d is %d, want %d", i, v, want)
		}
	}
	wide := make([]byte, 3*len(src))
	New(1).Int24(wide, src)
	for i := range src {
		b := wide[3*i:]
		if v := int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24) >> 16; b[0] != 0 || v != int32(src[i]*(1<<15)) {
			t.Fatalf("24 bits: sample %d is % x", i, b[:3])
		}
	}
}

// TestFractionsAreDithered: a tone of a third of a step would round to nothing; dithered it is there,
// on average, and the error does not follow it.
func TestFractionsAreDithered(t *testing.T) {
	r := New(1)
	const n = 1 << 17
	src := steps(n, func(i int) float64 { return math.Sin(2*math.Pi*float64(i)/64) / 3 })
	dst := make([]byte, 2*n)
	for at := 0; at < n; at += 512 {
		r.Int16(dst[2*at:], src[at:at+512])
	}
	var tone float64
	for i, v := range read16(dst) {
		tone += float64(v) * math.Sin(2*math.Pi*float64(i)/64) * 2 / n
	}
	if math.Abs(tone-1.0/3) > 0.02 {
		t.Errorf("the tone came out with %v steps, want a third", tone)
	}
}

// TestChanceIsNoSilence: a few whole numbers within reckoned music don't stop the dither; a long
// silence does.
func TestChanceIsNoSilence(t *testing.T) {
	r := New(1)
	dst := make([]byte, 2*hold)
	r.Int16(dst, []float32{0.3 / (1 << 15)})
	loud := 0
	for range 10 {
		for _, v := range read16(dst[:r.Int16(dst, make([]float32, 100))]) {
			if v != 0 {
				loud++
			}
		}
	}
	if loud == 0 {
		t.Error("no dither in the first 1,000 samples of silence")
	}
	r.Int16(dst, make([]float32, hold))
	for i, v := range read16(dst[:r.Int16(dst, make([]float32, hold))]) {
		if v != 0 {
			t.Fatalf("silence after long silence has %d at sample %d", v, i)
		}
	}
}

func TestAllocatesNothing(t *testing.T) {
	r := New(1)
	src, dst := make([]float32, 512), make([]byte, 3*512)
	src[3] = 0.1
	if n := testing.AllocsPerRun(100, func() { r.Int16(dst, src); r.Int24(dst, src) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
