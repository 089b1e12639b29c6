package ps

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/aac/internal/qmf"
	"github.com/segue-audio/segue/player/codec/internal/bitstream"
)

func noise(n int) []qmf.Slot {
	rng := rand.New(rand.NewPCG(5, 6))
	x := make([]qmf.Slot, n)
	for l := range x {
		for k := range x[l].Re {
			x[l].Re[k], x[l].Im[k] = float32(rng.NormFloat64()), float32(rng.NormFloat64())
		}
	}
	return x
}

func layouts() map[string]*layout {
	return map[string]*layout{"20 bands": layout20(), "34 bands": layout34()}
}

// TestSplit: lines add up to the bands that they were split from, up to the filters' own error: together
// the prototypes are a pulse.
func TestSplit(t *testing.T) {
	x := noise(2*maxSlots + reach)
	for name, l := range layouts() {
		var h history
		h.load(x[:maxSlots], x[maxSlots:maxSlots+reach])
		h.load(x[maxSlots:2*maxSlots], x[2*maxSlots:])
		var signal, wrong float64
		for n := range maxSlots {
			var s spectrum
			var y qmf.Slot
			l.splitSlot(&s, &h, n)
			l.joinSlot(&y, &s)
			for b := range l.split {
				re, im := float64(x[maxSlots+n].Re[b]), float64(x[maxSlots+n].Im[b])
				signal += re*re + im*im
				wrong += (float64(y.Re[b])-re)*(float64(y.Re[b])-re) + (float64(y.Im[b])-im)*(float64(y.Im[b])-im)
			}
		}
		if db := 10 * math.Log10(signal/wrong); db < 60 {
			t.Errorf("%s: lines add up to %.1f dB", name, db)
		}
	}
}

// TestLayout: every line belongs to a parameter band and every QMF band to one, in order.
func TestLayout(t *testing.T) {
	for name, l := range layouts() {
		seen := make([]bool, l.bands)
		for _, f := range l.filters {
			if f.band >= l.split || f.line >= l.sub {
				t.Errorf("%s: line %d of band %d", name, f.line, f.band)
			}
			seen[l.line[f.line]] = true
		}
		for b := range l.bands {
			if l.border[b+1] < l.border[b] {
				t.Errorf("%s: band %d falls from %d to %d", name, b, l.border[b], l.border[b+1])
			}
			if l.border[b] > 0 {
				seen[b] = true
			}
			if !seen[b] {
				t.Errorf("%s: nothing is in band %d", name, b)
			}
		}
		if l.border[l.bands] != qmf.Bands {
			t.Errorf("%s: ends at QMF band %d", name, l.border[l.bands])
		}
	}
}

// TestAllPass: filters change no line's energy in the long run, so decay doesn't count.
func TestAllPass(t *testing.T) {
	for name, l := range layouts() {
		d := &decorrelator{}
		in, out := make([]float64, maxLines), make([]float64, maxLines)
		var s, o spectrum
		for k := range l.allPass {
			s.re[k] = 1
		}
		for n := range 400 {
			d.now++
			d.input[d.now%ringSlots] = s
			d.allPass(&o, l)
			for k := range l.allPass {
				in[k] += float64(s.re[k]*s.re[k] + s.im[k]*s.im[k])
				out[k] += float64(o.re[k]*o.re[k] + o.im[k]*o.im[k])
			}
			if n == 0 {
				s = spectrum{} // a pulse
			}
		}
		for k := range l.allPass {
			if math.Abs(out[k]/in[k]-1) > 1e-3 {
				t.Errorf("%s: line %d comes out with %v of its energy", name, k, out[k]/in[k])
			}
		}
	}
}

// TestMixers: a matrix gives both channels together the energy that s and d have together where they
// are equally strong and unlike, the level difference asked for, and the coherence.
func TestMixers(t *testing.T) {
	check := func(mode, i, j int, db float64, m matrix) {
		left := float64(m.h11*m.h11 + m.h21*m.h21)
		right := float64(m.h12*m.h12 + m.h22*m.h22)
		if math.Abs(left+right-2) > 1e-4 {
			t.Errorf("mode %d, %d %d: energy %v", mode, i, j, left+right)
		}
		if got := 10 * math.Log10(left/right); math.Abs(got-db) > 0.01 {
			t.Errorf("mode %d, %d %d: %v dB, want %v", mode, i, j, got, db)
		}
		rho := coherences[j]
		if mode == 1 {
			rho = max(rho, 0.05)
		}
		if got := float64(m.h11*m.h12+m.h21*m.h22) / math.Sqrt(left*right); math.Abs(got-rho) > 0.001 {
			t.Errorf("mode %d, %d %d: coherence %v, want %v", mode, i, j, got, rho)
		}
	}
	level := func(table []float64, i int) float64 {
		if i < 0 {
			return -table[-i]
		}
		return table[i]
	}
	m := allMixers()
	for mode := range 2 {
		for j := range coherences {
			for i := range m.coarse[mode] {
				check(mode, i, j, level(ratios[:], i-maxIID), m.coarse[mode][i][j])
			}
			for i := range m.fine[mode] {
				check(mode, i, j, level(ratiosFine[:], i-maxIIDFine), m.fine[mode][i][j])
			}
		}
	}
}

// TestRemap goes up and down again: what is the same in neighbours stays.
func TestRemap(t *testing.T) {
	var v [maxBands]int8
	for b := range bandCounts[0] {
		v[b] = int8(b - 4)
	}
	up := v
	remapIndices(up[:], 10, 34)
	again := up
	remapIndices(again[:], 34, 20)
	direct := v
	remapIndices(direct[:], 10, 20)
	for b := range 20 {
		// Bands between two of 34 take means, rounded.
		if d := again[b] - direct[b]; d > 1 || d < -1 {
			t.Errorf("band %d: %d by way of 34 bands, %d directly", b, again[b], direct[b])
		}
	}
	if up[33] != 5 || up[0] != -4 {
		t.Errorf("10 to 34 bands: %v", up)
	}
	var m mixing
	for b := range m.re {
		m.re[b] = matrix{1, 2, 3, 4}
	}
	for _, bands := range []int{34, 20, 34} {
		remapMixing(&m, bands)
		for b := range bands {
			if h := m.re[b]; math.Abs(float64(h.h11-1))+math.Abs(float64(h.h22-4)) > 1e-5 {
				t.Fatalf("to %d bands: %+v in band %d", bands, h, b)
			}
		}
	}
}

// read reads a frame of fields: pairs of a count of bits and a value.
func read(f *Frame, fields ...int) error {
	var data []byte
	bits := 0
	for i := 0; i < len(fields); i += 2 {
		for n := fields[i] - 1; n >= 0; n-- {
			if bits%8 == 0 {
				data = append(data, 0)
			}
			data[bits/8] |= byte(fields[i+1]>>n&1) << (7 - bits%8)
			bits++
		}
	}
	var r bitstream.Reader
	r.Load(data)
	return f.Read(&r, bits, 32)
}

func TestRead(t *testing.T) {
	header := []int{1, 1, 1, 1, 3, 0, 1, 1, 3, 0, 1, 0} // IID and ICC in 10 bands, no extension
	with := func(more ...int) []int { return append(append([]int{}, header...), more...) }
	var f Frame
	// One envelope over the frame, all zero: ten codes of one bit each, after the direction.
	if err := read(&f, with(1, 0, 2, 1, 1, 0, 10, 0, 1, 0, 10, 0)...); err != nil {
		t.Fatal(err)
	}
	if f.envelopes != 1 || f.end[0] != 32 || !f.started {
		t.Fatalf("%+v", f)
	}
	// One that ends in slot 15: the rest of the frame holds it.
	if err := read(&f, with(1, 1, 2, 0, 5, 15, 1, 0, 10, 0, 1, 0, 10, 0)...); err != nil || f.envelopes != 2 || f.end[1] != 32 {
		t.Fatalf("%v %+v", err, f)
	}
	for name, fields := range map[string][]int{
		"reserved mode":      {1, 1, 1, 1, 3, 6, 20, 0},
		"cut off":            header,
		"falling borders":    with(1, 1, 2, 1, 5, 9, 5, 8, 30, 0, 30, 0),
		"coherence below 0":  with(1, 0, 2, 1, 1, 0, 10, 0, 1, 0, 3, 6, 9, 0), // huff_icc_df of -1 is 110
		"an empty extension": {1, 1, 1, 0, 1, 0, 1, 1, 1, 0, 2, 1, 4, 1, 2, 0, 1, 1},
	} {
		var f Frame
		if err := read(&f, fields...); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSilentParameters: without parameters both channels are the one, with neutral ones too.
func TestSilentParameters(t *testing.T) {
	d := New()
	x := noise(maxSlots + reach)
	right := make([]qmf.Slot, maxSlots)
	left := append([]qmf.Slot{}, x[:maxSlots]...)
	d.Process(left, right, x[maxSlots:], &Frame{})
	for l := range left {
		if left[l] != x[l] || right[l] != x[l] {
			t.Fatalf("slot %d changed", l)
		}
	}
	f := Frame{started: true, envelopes: 1, hasIID: true, hasICC: true, iidBands: 20, iccBands: 20}
	f.end[0] = maxSlots
	d.Process(left, right, x[maxSlots:], &f)
	for l := range left {
		for k := 3; k < qmf.Bands; k++ {
			if math.Abs(float64(left[l].Re[k]-x[l].Re[k])) > 1e-5 || left[l].Re[k] != right[l].Re[k] {
				t.Fatalf("slot %d band %d: %v and %v of %v", l, k, left[l].Re[k], right[l].Re[k], x[l].Re[k])
			}
		}
	}
}

// TestAllocations: none, phases and a change of layout included.
func TestAllocations(t *testing.T) {
	d := New()
	x, right := noise(maxSlots+reach), make([]qmf.Slot, maxSlots)
	f := Frame{started: true, envelopes: 1, hasIID: true, hasPhase: true, iidBands: 20, phaseBands: 11}
	f.end[0] = maxSlots
	if n := testing.AllocsPerRun(10, func() {
		f.iidBands, f.phaseBands = 54-f.iidBands, 28-f.phaseBands
		d.Process(x[:maxSlots], right, x[maxSlots:], &f)
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func BenchmarkProcess(b *testing.B) {
	x := noise(maxSlots + reach)
	right := make([]qmf.Slot, maxSlots)
	f := Frame{started: true, envelopes: 2, hasIID: true, hasICC: true, iidBands: 20, iccBands: 20}
	f.end[0], f.end[1] = maxSlots/2, maxSlots
	for i := range f.params[0].iid {
		f.params[0].iid[i], f.params[1].icc[i] = int8(i%5), int8(i%7)
	}
	d := New()
	left := make([]qmf.Slot, maxSlots)
	b.SetBytes(4 * 2048)
	for b.Loop() {
		copy(left, x)
		d.Process(left, right, x[maxSlots:], &f)
	}
}
