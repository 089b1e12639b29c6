package mp3

import (
	"math"
	"math/rand/v2"
	"testing"
)

// random fills x with noise of full scale.
func random(x []float32, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	for i := range x {
		x[i] = 2*rng.Float32() - 1
	}
}

// near fails the test where got isn't want but for rounding.
func near(t *testing.T, what string, got []float32, want []float64, tolerance float64) {
	t.Helper()
	for i := range want {
		if math.Abs(float64(got[i])-want[i]) > tolerance {
			t.Fatalf("%s: value %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

func TestDCT32(t *testing.T) {
	var in, out [32]float32
	random(in[:], 1)
	want := make([]float64, 32)
	for m := range want {
		for k, v := range in {
			want[m] += float64(v) * math.Cos(math.Pi/64*float64((2*k+1)*m))
		}
	}
	theTables().dct.dct32(&in, &out)
	near(t, "DCT", out[:], want, 4e-6)
}

// imdct is the transform as the standard writes it (2.4.3.4.10.2), of n lines to 2n samples.
func imdct(x []float32) []float64 {
	n := len(x)
	out := make([]float64, 2*n)
	for i := range out {
		for k, v := range x {
			out[i] += float64(v) * math.Cos(math.Pi/float64(4*n)*float64((2*i+1+n)*(2*k+1)))
		}
	}
	return out
}

// block is one subband's 36 windowed samples as the standard writes them (2.4.3.4.10.3).
func block(blockType int, x []float32) []float64 {
	out := make([]float64, 36)
	if blockType != shortBlock {
		for i, v := range imdct(x) {
			out[i] = v * windowShape(blockType, i)
		}
		return out
	}
	for w := range 3 {
		lines := make([]float32, 6)
		for k := range lines {
			lines[k] = x[3*k+w]
		}
		for i, v := range imdct(lines) {
			out[6+6*w+i] += v * math.Sin(math.Pi/12*(float64(i)+0.5))
		}
	}
	return out
}

// TestHybrid compares block after block, of every type, with the standard's formulas.
func TestHybrid(t *testing.T) {
	tables := theTables()
	var c synthesis
	var before [subbands][18]float64
	for n, blockType := range []int{longBlock, startBlock, shortBlock, shortBlock, stopBlock, longBlock, shortBlock} {
		for _, plain := range []int{0, 36} {
			s := spectrum{blockType: blockType, plain: plain, nonzero: granuleSamples - 40*n, layout: &tables.layouts[0][longLayout]}
			random(s.lines[:s.nonzero], uint64(n))
			c.hybrid(tables, &s)
			for sb := range subbands {
				shape := blockType
				if sb*18 < plain {
					shape = longBlock
				}
				now := block(shape, s.lines[sb*18:][:18])
				for i := range 18 {
					want := before[sb][i] + now[i]
					if sb%2 == 1 && i%2 == 1 {
						want = -want
					}
					if got := c.samples[i*subbands+sb]; math.Abs(float64(got)-want) > 2e-5 {
						t.Fatalf("block %d, subband %d, sample %d: %v, want %v", n, sb, i, got, want)
					}
				}
				copy(before[sb][:], now[18:])
			}
		}
	}
}

// bank is the synthesis filter bank as the standard draws it (figure A.2).
type bank struct{ v [1024]float64 }

func (b *bank) slot(s []float32) []float64 {
	copy(b.v[64:], b.v[:960])
	for i := range 64 {
		b.v[i] = 0
		for k, x := range s {
			b.v[i] += math.Cos(math.Pi/64*float64((16+i)*(2*k+1))) * float64(x)
		}
	}
	out := make([]float64, 32)
	for i := range 8 {
		for j := range 32 {
			out[j] += b.v[128*i+j]*d(64*i+j) + b.v[128*i+96+j]*d(64*i+32+j)
		}
	}
	return out
}

// d is D[i] of table B.3, unfolded: the even function h behind it changes its sign every 64 values.
func d(i int) float64 {
	fold := func(i int) float64 {
		v := float64(windowHalf[i]) / 65_536
		if i/64%2 == 1 {
			return -v
		}
		return v
	}
	v := fold(min(i, 512-i))
	if i/64%2 == 1 {
		return -v
	}
	return v
}

func TestSynthesis(t *testing.T) {
	var c synthesis
	var b bank
	tables := theTables()
	for n := range 3 {
		s := spectrum{nonzero: granuleSamples, layout: &tables.layouts[0][longLayout]}
		random(s.lines[:], uint64(n))
		pcm := make([]float32, 2*granuleSamples)
		c.granule(tables, &s, pcm, 2)
		for slot := range slots {
			want := b.slot(c.samples[slot*subbands:][:subbands])
			for j, w := range want {
				if got := pcm[2*(slot*subbands+j)]; math.Abs(float64(got)-w) > 3e-5 {
					t.Fatalf("granule %d, slot %d: sample %d is %v, want %v", n, slot, j, got, w)
				}
			}
		}
	}
}

// TestReconstruction analyses noise with the window's other face, C[i] = D[i]/32 (figure 3-C.1), and wants
// the synthesis to give it back 481 samples later: the bank is nearly perfect with the right numbers, and
// a slip in the table would show.
func TestReconstruction(t *testing.T) {
	const delay = 512 - 31
	in := make([]float32, 32*60)
	random(in, 9)
	x := make([]float64, 512)
	var b bank
	var signal, noise float64
	for n := 0; n < len(in); n += 32 {
		copy(x[32:], x[:480])
		for i := range 32 {
			x[31-i] = float64(in[n+i])
		}
		s := make([]float32, 32)
		for k := range s {
			sum := 0.0
			for i, v := range x {
				sum += math.Cos(math.Pi/64*float64((2*k+1)*(i%64-16))) * v * d(i) / 32
			}
			s[k] = float32(sum)
		}
		for j, v := range b.slot(s) {
			if at := n + j - delay; at >= 0 {
				e := v - float64(in[at])
				signal += float64(in[at]) * float64(in[at])
				noise += e * e
			}
		}
	}
	if snr := 10 * math.Log10(signal/noise); snr < 84 {
		t.Errorf("what comes back is %.1f dB above the error", snr)
	} else {
		t.Logf("%.1f dB", snr)
	}
}
