package aac

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/media"
)

// TestNoise wants of each band the energy that was transmitted, no direct current, no memory and no
// likeness between bands.
func TestNoise(t *testing.T) {
	const amplitude = 37.5
	sum, squares := 0.0, 0.0
	var before []float32
	for place := range uint64(2000) {
		lines := make([]float32, 16)
		noise(lines, seed([]byte("a packet"))+place, amplitude)
		energy, likeness := 0.0, 0.0
		for i, v := range lines {
			energy += float64(v) * float64(v)
			sum += float64(v)
			if before != nil {
				likeness += float64(v) * float64(before[i])
			}
		}
		if math.Abs(10*math.Log10(energy/amplitude/amplitude)) > 0.001 {
			t.Fatalf("place %d: energy %v, want %v", place, energy, amplitude*amplitude)
		}
		squares += energy
		if math.Abs(likeness) > 0.95*amplitude*amplitude {
			t.Fatalf("places %d and %d have the same noise", place-1, place)
		}
		before = lines
		again := make([]float32, 16)
		noise(again, seed([]byte("a packet"))+place, 2*amplitude)
		for i, v := range again {
			if v != 2*lines[i] {
				t.Fatalf("place %d: another noise the second time", place)
			}
		}
	}
	if math.Abs(sum) > 4*math.Sqrt(squares) {
		t.Fatalf("the mean is %v of a standard deviation", sum/math.Sqrt(squares))
	}
	if seed([]byte{1, 2, 3}) == seed([]byte{1, 2, 4}) || seed(make([]byte, 9)) == seed(make([]byte, 10)) {
		t.Fatal("two packets have the same seed")
	}
}

// noisyPair writes a pair of which all bands are noise, in common where the mask says so.
func noisyPair(mask int) []byte {
	w := newStreamWriter(1, newBandTables(48000, 1024))
	w.block()
	w.write(3, int(kindPair))
	w.write(4, 0)
	w.write(1, 1)
	w.write(1+2+1, 0)
	w.write(6, 10)
	w.write(1, 0)
	w.write(2, mask)
	for channel := range 2 {
		w.write(8, 150)
		w.write(4, bookNoise)
		w.write(5, 10)
		w.write(9, 256+10*channel)
		for range 9 {
			w.difference(0)
		}
		w.write(3, 0)
	}
	return w.end()
}

// TestCommonNoise wants the channels of a pair to have one noise where middle and side are coded, at
// their own levels, and each its own elsewhere (4.6.13.3).
func TestCommonNoise(t *testing.T) {
	f := media.Format{Config: Config{SampleRate: 48000, ChannelConfig: 2}.Append(nil)}
	for _, mask := range []int{middleSideNone, middleSideAll} {
		d, err := New(f)
		if err != nil {
			t.Fatal(err)
		}
		codectest.Decode(t, d, []media.Packet{{Data: noisyPair(mask)}})
		l, r := d.elements[0].channels[0].last, d.elements[0].channels[1].last
		ratio := math.Exp2(10.0 / 4)
		same := 0
		for i, v := range l.spectrum[:40] {
			if math.Abs(float64(r.spectrum[i]/v)/ratio-1) < 1e-5 {
				same++
			}
		}
		if mask == middleSideAll && same != 40 || mask == middleSideNone && same > 0 {
			t.Errorf("mask %d: %d of 40 lines in common", mask, same)
		}
	}
}

// TestShapingInverts filters as an encoder does and undoes it.
func TestShapingInverts(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	lpc := predictor([]float32{0.7, -0.4, 0.3, 0.1, -0.2})
	x := make([]float32, 64)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	y := make([]float32, len(x))
	for n := range x {
		y[n] = x[n]
		for k, a := range lpc {
			if n > k {
				y[n] += a * x[n-1-k]
			}
		}
	}
	backwards := slices.Clone(y)
	slices.Reverse(backwards)
	filterUp(y, lpc[:])
	filterDown(backwards, lpc[:])
	slices.Reverse(backwards)
	for i, want := range x {
		if math.Abs(float64(y[i]-want)) > 1e-4 || y[i] != backwards[i] {
			t.Fatalf("line %d is %v and %v, want %v", i, y[i], backwards[i], want)
		}
	}
}

// TestShapingIsBounded filters loud lines with the steepest filter that can be written.
func TestShapingIsBounded(t *testing.T) {
	for _, level := range []float32{1, loudest / 2} {
		f := &frame{spectrum: make([]float32, 1024)}
		f.bands, f.offsets = 49, newBandTables(48000, 1024).offsets[0]
		for i := range f.spectrum {
			f.spectrum[i] = level
		}
		reflection := slices.Repeat([]float32{sharedTables().reflections[1][0][8]}, 2) // the most negative
		f.shaping = shaping{present: true, count: 1}
		f.shaping.filters[0] = filter{top: 49, order: 2, lpc: predictor(reflection)}
		if err := f.applyShaping(40); (err == nil) != (level == 1) {
			t.Errorf("lines of %g: %v", level, err)
		}
	}
}

// TestLevelsAreBounded sends what no music is: a band at a high scale factor, with the largest values
// that escapes can write.
func TestLevelsAreBounded(t *testing.T) {
	for gain, sound := range map[int]bool{160: true, 220: false, 255: false} {
		d, err := New(media.Format{Config: Config{SampleRate: 48000, ChannelConfig: 1}.Append(nil)})
		if err != nil {
			t.Fatal(err)
		}
		n, err := d.Decode(make([]float32, 1024), &media.Packet{Data: loudBand(gain)})
		if sound != (n == 1024 && err == nil) {
			t.Errorf("scale factor %d: %d frames, %v", gain, n, err)
		}
	}
}

func loudBand(gain int) []byte {
	w := newStreamWriter(1, newBandTables(48000, 1024))
	w.block()
	w.write(3+4, 0)
	w.write(8, gain)
	w.write(1+2+1, 0)
	w.write(6, 1)
	w.write(1, 0)
	w.write(4, escapeBook)
	w.write(5, 1)
	w.difference(0)
	w.write(3, 0)
	for range 2 {
		c := w.codes[escapeBook][16*17+16]
		w.write(c.length, int(c.code))
		w.write(2, 0)
		for range 2 {
			w.write(9, 0x1fe)
			w.write(12, 0xfff)
		}
	}
	return w.end()
}

// TestStandIns takes elements where writers put others than they announced: mono in stereo, and the
// LFE channel of 5.1 as a single one.
func TestStandIns(t *testing.T) {
	decode := func(config int, kinds ...kind) (d *Decoder, pcm []float32) {
		w := newStreamWriter(5, newBandTables(48000, 1024))
		w.block()
		singles, pairs := 0, 0
		for _, k := range kinds {
			if k == kindPair {
				w.pair(pairs, onlyLong)
				pairs++
				continue
			}
			w.single(k, singles, onlyLong)
			singles++
		}
		p := media.Packet{Data: w.end()}
		d, err := New(media.Format{Config: Config{SampleRate: 48000, ChannelConfig: config}.Append(nil)})
		if err != nil {
			t.Fatal(err)
		}
		return d, codectest.Decode(t, d, []media.Packet{p, p})
	}
	_, mono := decode(1, kindSingle)
	_, stereo := decode(2, kindSingle)
	for i, v := range mono {
		if stereo[2*i] != v || stereo[2*i+1] != v {
			t.Fatalf("sample %d is %v, in stereo %v and %v", i, v, stereo[2*i], stereo[2*i+1])
		}
	}
	d, pcm := decode(6, kindSingle, kindPair, kindPair, kindSingle)
	lfe := d.elements[3]
	if !lfe.found || lfe.kind != kindLFE {
		t.Fatal("the LFE channel isn't found")
	}
	for i, v := range lfe.channels[0].pcm {
		if pcm[(1024+i)*6+3] != v {
			t.Fatal("the LFE channel isn't where WAV has it")
		}
	}
	// A packet that lacks an element is silent there.
	d, pcm = decode(3, kindPair)
	if d.elements[0].found || pcm[len(pcm)-1] != 0 || pcm[len(pcm)-2] == 0 && pcm[len(pcm)-3] == 0 {
		t.Fatal("a missing centre isn't silent, or the others are")
	}
	w := newStreamWriter(1, newBandTables(48000, 1024))
	if _, err := d.Decode(make([]float32, codec.MaxFrames*3), &media.Packet{Data: w.end()}); err == nil {
		t.Fatal("a packet without channels is decoded")
	}
}

// TestConcealment loses packets of music. What takes the place of one has about the energy that was
// there, in every octave; of many, less and less, and at last nothing.
func TestConcealment(t *testing.T) {
	f, packets := committed(t, "stereo.aac")
	d, err := New(f)
	if err != nil {
		t.Fatal(err)
	}
	whole := codectest.Decode(t, d, packets)
	n := d.frames() * d.Channels()
	dst, first := make([]float32, n), make([]float32, n)
	for _, lost := range []int{5, 12, 19} {
		off := 0.0
		d.Reset()
		codectest.Decode(t, d, packets[:lost])
		d.Conceal(dst, d.frames())
		for octave := 3; octave < 8; octave++ {
			off += 10 * math.Log10(octaveEnergy(dst, octave)/octaveEnergy(whole[lost*n:(lost+1)*n], octave)) / 5
		}
		t.Logf("packet %d is concealed at %+.1f dB", lost, off)
		if off < -2.5 || off > 2.5 {
			t.Errorf("packet %d is concealed at %+.1f dB", lost, off)
		}
		copy(first, dst)
		before := octaveEnergy(dst, 5)
		for range concealEnd {
			d.Conceal(dst, d.frames())
			if e := octaveEnergy(dst, 5); e > 2*before+1e-9 { // signs of chance are worth 3 dB
				t.Errorf("packet %d: the energy rises from %v to %v", lost, before, e)
			} else {
				before = e
			}
		}
		for i, v := range dst {
			if v != 0 {
				t.Fatalf("packet %d: sample %d is %v after %d lost packets", lost, i, v, concealEnd)
			}
		}
		d.Reset()
		codectest.Decode(t, d, packets[:lost])
		d.Conceal(dst, d.frames())
		if !slices.Equal(dst, first) {
			t.Errorf("packet %d is concealed otherwise after Reset", lost)
		}
	}
	if d.Conceal(dst, 0); !slices.Equal(dst, first) {
		t.Error("concealing nothing writes something")
	}
}

// octaveEnergy is the energy of the left channel's spectral lines 2^octave to 2^(octave+1).
func octaveEnergy(stereo []float32, octave int) (energy float64) {
	n := len(stereo) / 2
	for k := 1 << octave; k < 2<<octave; k++ {
		var re, im float64
		for i := range n {
			window := math.Sin(math.Pi * (float64(i) + 0.5) / float64(n))
			sin, cos := math.Sincos(2 * math.Pi * float64(i*k%n) / float64(n))
			v := float64(stereo[2*i]) * window
			re, im = re+v*cos, im+v*sin
		}
		energy += re*re + im*im
	}
	return energy
}
