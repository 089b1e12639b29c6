package aac

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"
)

// TestFFT compares with the sum that defines it.
func TestFFT(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, radices := range [][]int{{4}, {8}, {4, 3}, {4, 5}, {4, 4, 4}, {4, 5, 3}, {8, 4, 4, 4}, {8, 4, 5, 3}} {
		f := newFFT(radices...)
		n := len(f.order)
		in, z := make([]complex128, n), make([]complex64, n)
		for i := range in {
			in[i] = complex(rng.NormFloat64(), rng.NormFloat64())
			z[f.order[i]] = complex64(in[i])
		}
		f.transform(z)
		for k, got := range z {
			var want complex128
			for i, v := range in {
				want += v * cmplx.Rect(1, -2*math.Pi*float64(i*k%n)/float64(n))
			}
			if cmplx.Abs(complex128(got)-want) > 2e-6*float64(n) {
				t.Fatalf("%v: value %d is %v, want %v", radices, k, got, want)
			}
		}
	}
}

// cosines are those of the definition in 4.6.11.3.1 for windows of n, which is 2π/4n times a whole
// number.
type cosines []float64

func newCosines(n int) cosines {
	c := make(cosines, 4*n)
	for i := range c {
		c[i] = math.Cos(2 * math.Pi / float64(4*n) * float64(i))
	}
	return c
}

// at is cos(2π/n·(i + (n/2+1)/2)·(k + 1/2)).
func (c cosines) at(i, k int) float64 { return c[(2*i+len(c)/8+1)*(2*k+1)%len(c)] }

// slowIMDCT is the definition in 4.6.11.3.1, the whole window.
func slowIMDCT(lines []float32) []float64 {
	n := 2 * len(lines)
	x := make([]float64, n)
	c := newCosines(n)
	for i := range x {
		for k, v := range lines {
			x[i] += float64(v) * c.at(i, k)
		}
		x[i] *= 2 / float64(n) / fullScale
	}
	return x
}

func banks() []*filterbank { return []*filterbank{filterbank1024(), filterbank960()} }

func TestIMDCT(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for _, bank := range banks() {
		for _, m := range []*imdct{bank.long, bank.short} {
			lines, out := make([]float32, m.lines), make([]float32, m.lines)
			for i := range lines {
				lines[i] = float32(rng.NormFloat64() * fullScale)
			}
			m.transform(out, lines, make([]complex64, m.lines/2))
			want := slowIMDCT(lines)
			scale := math.Sqrt(2 / float64(m.lines))
			for i, v := range out {
				if math.Abs(float64(v)-want[m.lines/2+i]) > 1e-6*scale {
					t.Fatalf("%d lines: sample %d is %v, want %v", m.lines, i, v, want[m.lines/2+i])
				}
			}
			for i := range m.lines / 2 { // the symmetries that the middle half relies on
				if math.Abs(want[i]+want[m.lines-1-i]) > 1e-9 || math.Abs(want[m.lines+i]-want[2*m.lines-1-i]) > 1e-9 {
					t.Fatalf("%d lines: sample %d isn't mirrored", m.lines, i)
				}
			}
		}
	}
}

// TestSlopes wants windows whose overlapped squares add up to 1 (Princen and Bradley's condition), that
// rise from near 0 to near 1.
func TestSlopes(t *testing.T) {
	for _, bank := range banks() {
		for shape, pair := range bank.slopes {
			for _, w := range pair {
				for i, v := range w {
					other := w[len(w)-1-i]
					if sum := float64(v)*float64(v) + float64(other)*float64(other); math.Abs(sum-1) > 1e-6 {
						t.Fatalf("shape %d of %d: squares at %d add up to %v", shape, len(w), i, sum)
					}
					if i > 0 && v <= w[i-1] && v < 1 {
						t.Fatalf("shape %d of %d: falls at %d", shape, len(w), i)
					}
				}
				if w[0] > 0.02 {
					t.Fatalf("shape %d of %d: begins at %v", shape, len(w), w[0])
				}
			}
		}
	}
	// Two values of the standard's tables of Kaiser-Bessel derived windows (Tables 4.A.88, 4.A.89).
	kaiser := filterbank1024().slopes[shapeKBD]
	if d := math.Abs(float64(kaiser[0][0]) - 0.00029256153896361); d > 1e-9 {
		t.Errorf("the long Kaiser-Bessel derived window begins at %v", kaiser[0][0])
	}
	if d := math.Abs(float64(kaiser[1][0]) - 0.00004379558830); d > 1e-9 {
		t.Errorf("the short Kaiser-Bessel derived window begins at %v", kaiser[1][0])
	}
}

// analyse is the encoder's half of the filterbank (4.6.11 backwards): it windows two frames of signal
// as the standard draws the window sequences, and transforms.
func analyse(signal []float64, f *frame, shape uint8, bank *filterbank) {
	length := bank.long.lines
	slope := func(s uint8, long int, i int) float64 {
		w := bank.slopes[s][long]
		if i < 0 {
			return 0
		}
		if i >= len(w) {
			return 1
		}
		return float64(w[i])
	}
	mdct := func(x []float64, lines []float32) {
		c := newCosines(len(x))
		for k := range lines {
			sum := 0.0
			for i, v := range x {
				sum += v * c.at(i, k)
			}
			lines[k] = float32(2 * sum * fullScale)
		}
	}
	short := bank.short.lines
	flat := (length - short) / 2
	if f.sequence == eightShort {
		for w := range shortWindows {
			x := make([]float64, 2*short)
			for i := range short {
				left := f.shape
				if w == 0 {
					left = shape
				}
				x[i] = signal[flat+w*short+i] * slope(left, 1, i)
				x[short+i] = signal[flat+w*short+short+i] * slope(f.shape, 1, short-1-i)
			}
			mdct(x, f.spectrum[w*short:][:short])
		}
		return
	}
	x := make([]float64, 2*length)
	for i := range length {
		up, down := slope(shape, 0, i), slope(f.shape, 0, length-1-i)
		if f.sequence == longStop {
			up = slope(shape, 1, i-flat)
		}
		if f.sequence == longStart {
			down = slope(f.shape, 1, length-1-i-flat)
		}
		x[i], x[length+i] = signal[i]*up, signal[length+i]*down
	}
	mdct(x, f.spectrum)
}

// TestOverlap sends noise through all window sequences and shapes, forward and back: what comes out
// is what went in.
func TestOverlap(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for _, bank := range banks() {
		length := bank.long.lines
		sequences := []sequence{onlyLong, longStart, eightShort, eightShort, longStop, longStart, eightShort, longStop, onlyLong}
		signal := make([]float64, (len(sequences)+1)*length)
		for i := range signal {
			signal[i] = rng.NormFloat64() / 4
		}
		o := overlap{tail: make([]float32, length/2)}
		work := workspace{make([]float32, length), make([]float32, bank.short.lines), make([]complex64, length/2)}
		pcm := make([]float32, length)
		for i, s := range sequences {
			f := &frame{spectrum: make([]float32, length)}
			f.sequence, f.shape = s, uint8(rng.IntN(2))
			analyse(signal[i*length:][:2*length], f, o.shape, bank)
			o.join(pcm, f, bank, &work)
			for k, v := range pcm {
				if want := signal[i*length+k]; i > 0 && math.Abs(float64(v)-want) > 2e-6 {
					t.Fatalf("frames of %d, number %d (sequence %d): sample %d is %v, want %v", length, i, s, k, v, want)
				}
			}
		}
	}
}
