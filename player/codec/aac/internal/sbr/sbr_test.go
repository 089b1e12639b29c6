package sbr

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/aac/internal/qmf"
	"github.com/segue-audio/segue/player/codec/internal/bitstream"
)

// TestBands makes the tables of every header at every rate: borders rise from the crossover to the top,
// tables share both ends, patches fill what they can, and what is regenerated comes from below k0.
func TestBands(t *testing.T) {
	made := 0
	for _, rate := range []int{7350, 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000} {
		for n := range 16 * 16 * 3 * 8 * 4 {
			h := header{bandPlan: bandPlan{
				startFreq: uint8(n % 16), stopFreq: uint8(n / 16 % 16), xoverBand: uint8(n / 256 % 3),
				freqScale: uint8(n / 768 % 4), alterScale: n/3072%2 == 1, noiseBands: uint8(n / 6144 % 4),
			}, limiterBands: uint8(n % 4)}
			b, err := makeBands(&h, rate)
			if err != nil {
				if !errors.Is(err, codec.ErrCorrupt) {
					t.Fatal(err)
				}
				continue
			}
			made++
			end := b.kx + b.m
			for name, tab := range map[string]*table{"low": &b.env[0], "high": &b.env[1], "noise": &b.noise, "limiter": &b.limiter} {
				if tab.at(0) != b.kx || tab.at(tab.n) != end {
					t.Fatalf("%d Hz %+v: table %s from %d to %d, want %d to %d", rate, h, name, tab.at(0), tab.at(tab.n), b.kx, end)
				}
				for k := range tab.n {
					if tab.at(k) > tab.at(k+1) || name != "noise" && tab.at(k) == tab.at(k+1) {
						t.Fatalf("%d Hz %+v: table %s falls at %d", rate, h, name, k)
					}
				}
			}
			at := b.kx
			for _, p := range b.patch[:b.patchCount] {
				if p.to != at || p.count <= 0 || p.from < 0 || p.from+p.count > b.k0 {
					t.Fatalf("%d Hz %+v: patch %+v at %d, k0 %d", rate, h, p, at, b.k0)
				}
				at += p.count
			}
			if at > end || end-at >= 3 {
				t.Fatalf("%d Hz %+v: patches end at %d of %d", rate, h, at, end)
			}
		}
	}
	if made < 20_000 {
		t.Fatalf("only %d headers make sense", made)
	}
}

// TestNoiseTable: the mean is nothing, the energy 1, and numbers don't repeat.
func TestNoiseTable(t *testing.T) {
	var re, im, energy float64
	seen := map[[2]float32]bool{}
	for _, v := range noiseTable {
		re, im = re+float64(v[0]), im+float64(v[1])
		energy += float64(v[0]*v[0] + v[1]*v[1])
		if seen[v] || max(v[0], -v[0], v[1], -v[1]) > 1 {
			t.Errorf("%v comes twice, or is too large", v)
		}
		seen[v] = true
	}
	if math.Abs(energy/512-1) > 0.01 || math.Hypot(re, im)/512 > 0.02 {
		t.Fatalf("energy %v, mean %v %v", energy/512, re/512, im/512)
	}
}

// TestPredict wants the filter that a band was made with back.
func TestPredict(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var low [40]qmf.Slot
	const a1, a2 = complex64(0.9 + 0.8i), complex64(-0.3 - 0.5i)
	x := [2]complex64{1, 1i}
	for n := range low {
		v := a1*x[0] + a2*x[1] + complex(float32(rng.NormFloat64())/1000, 0)
		low[n].Re[7], low[n].Im[7] = real(v), imag(v)
		x = [2]complex64{v, x[0]}
	}
	f := predict(low[:], 7)
	for _, d := range []float32{f.re0 + real(a1), f.im0 + imag(a1), f.re1 + real(a2), f.im1 + imag(a2)} {
		if math.Abs(float64(d)) > 0.01 {
			t.Fatalf("%+v doesn't undo %v and %v", f, a1, a2)
		}
	}
	if f := predict(make([]qmf.Slot, 40), 0); f != (predictor{}) {
		t.Fatalf("silence is predicted by %+v", f)
	}
}

// payload is a frame with a header for one channel: one envelope and all differences zero.
func payload(t testing.TB, rate int) (data []byte, bits int) {
	t.Helper()
	b, err := makeBands(&header{bandPlan: bandPlan{startFreq: 5, stopFreq: 9, freqScale: 2, alterScale: true, noiseBands: 2}, limiterBands: 2}, rate)
	if err != nil {
		t.Fatal(err)
	}
	put := func(n, v int) {
		for n--; n >= 0; n-- {
			if bits%8 == 0 {
				data = append(data, 0)
			}
			data[bits/8] |= byte(v>>n&1) << (7 - bits%8)
			bits++
		}
	}
	put(1, 1) // header
	put(1, 0) // steps of 1.5 dB
	put(4, 5) // start
	put(4, 9) // stop
	put(7, 0) // crossover, reserved, no extras
	put(1, 0) // bs_data_extra
	put(5, 1) // FIXFIX, one envelope, high resolution
	put(2, 0) // differences in frequency
	put(2*b.noise.n, 0)
	put(7, 30) // envelope
	for range b.env[1].n - 1 {
		put(2, 0) // f_huffman_env_1_5dB of 0
	}
	put(5, 10)
	put(b.noise.n-1, 0)
	put(1, 1) // sinusoids
	put(b.env[1].n, 1)
	put(1, 0) // no extension
	return data, bits
}

// cores gives n frames of noise with little above a quarter of the band.
func cores(n, channels int) [][][]float32 {
	rng := rand.New(rand.NewPCG(3, 4))
	list := make([][][]float32, n)
	var state [2][4]float64
	for i := range list {
		for ch := range channels {
			x := make([]float32, 1024)
			for k := range x {
				v := rng.NormFloat64() / 8
				for j := range state[ch] {
					state[ch][j] += (v - state[ch][j]) / 4
					v = state[ch][j]
				}
				x[k] = float32(v)
			}
			list[i] = append(list[i], x)
		}
	}
	return list
}

func planes(channels int) [][]float32 {
	dst := make([][]float32, channels)
	for i := range dst {
		dst[i] = make([]float32, 2048)
	}
	return dst
}

// highEnergy is the energy of what changes from sample to sample.
func highEnergy(x []float32) (sum float64) {
	for n := 2; n < len(x); n++ {
		d := float64(x[n] - 2*x[n-1] + x[n-2])
		sum += d * d
	}
	return sum
}

// TestMissingPayloads: without payloads there is only the core's part; with them the upper part comes,
// stays for a while after they end, and fades.
func TestMissingPayloads(t *testing.T) {
	d, err := New(Config{CoreRate: 24000, FrameLength: 1024, Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	data, bits := payload(t, 24000)
	frames := cores(60, 1)
	dst := planes(1)
	var r bitstream.Reader
	var energy []float64
	for i, core := range frames {
		if i >= 10 && i < 20 {
			r.Load(data)
			if err := d.ReadPayload(&r, bits, false); err != nil || r.Pos() != bits {
				t.Fatalf("frame %d: at bit %d of %d: %v", i, r.Pos(), bits, err)
			}
		}
		if i >= 20 { // corrupt from here on: 31 envelopes
			r.Load(slices.Repeat([]byte{0xff}, 20))
			if err := d.ReadPayload(&r, 160, false); !errors.Is(err, codec.ErrCorrupt) || r.Pos() != 160 {
				t.Fatalf("frame %d: at bit %d: %v", i, r.Pos(), err)
			}
		}
		d.Process(dst, core)
		energy = append(energy, highEnergy(dst[0]))
	}
	without, with := energy[9], energy[18]
	if with < 5*without {
		t.Errorf("high bands bring %v to %v", without, with)
	}
	if v := energy[20]; v < with/3 || v > with {
		t.Errorf("%v, after the payloads ended %v", with, v)
	}
	if v := energy[58]; v > 1.5*without {
		t.Errorf("long after the payloads ended %v, without any %v", v, without)
	}
}

// TestCRC reads a payload with its checksum, and with a bit of it changed.
func TestCRC(t *testing.T) {
	data, bits := payload(t, 24000)
	// The checksum goes in front; it is found by trying all of them.
	found := 0
	var sound []byte
	for sum := range 1 << 10 {
		all := []byte{byte(sum >> 2), byte(sum << 6)}
		for i := range bits {
			at := 10 + i
			if at/8 == len(all) {
				all = append(all, 0)
			}
			all[at/8] |= data[i/8] >> (7 - i%8) & 1 << (7 - at%8)
		}
		d, _ := New(Config{CoreRate: 24000, FrameLength: 1024, Channels: 1})
		var r bitstream.Reader
		r.Load(all)
		if d.ReadPayload(&r, bits+10, true) == nil {
			found++
			sound = all
		}
	}
	if found != 1 {
		t.Fatalf("%d of 1024 checksums are right", found)
	}
	for bit := range bits + 10 {
		all := slices.Clone(sound)
		all[bit/8] ^= 1 << (7 - bit%8)
		d, _ := New(Config{CoreRate: 24000, FrameLength: 1024, Channels: 1})
		var r bitstream.Reader
		r.Load(all)
		if err := d.ReadPayload(&r, bits+10, true); !errors.Is(err, codec.ErrCorrupt) {
			t.Fatalf("a change of bit %d isn't noticed: %v", bit, err)
		}
	}
}

// TestResetAndAllocations: the same again after Reset, and nothing allocated on the way.
func TestResetAndAllocations(t *testing.T) {
	for _, c := range []Config{
		{CoreRate: 24000, FrameLength: 1024, Channels: 1},
		{CoreRate: 24000, FrameLength: 1024, Channels: 1, PS: true},
		{CoreRate: 24000, FrameLength: 1024, Channels: 1, Downsampled: true},
	} {
		d, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		data, bits := payload(t, 24000)
		frames, dst := cores(12, 1), planes(2)
		var r bitstream.Reader
		run := func() (out []float32) {
			for _, core := range frames {
				r.Load(data)
				if err := d.ReadPayload(&r, bits, false); err != nil {
					t.Fatal(err)
				}
				d.Process(dst, core)
				out = append(out, dst[0]...)
			}
			return out
		}
		first := run()
		d.Reset()
		if !slices.Equal(run(), first) {
			t.Errorf("%+v: another sound after Reset", c)
		}
		if n := testing.AllocsPerRun(5, func() {
			r.Load(data)
			_ = d.ReadPayload(&r, bits, false)
			d.Process(dst, frames[0])
		}); n != 0 {
			t.Errorf("%+v: %v allocations", c, n)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []Config{
		{CoreRate: 24000, FrameLength: 512, Channels: 1},
		{CoreRate: 24000, FrameLength: 1024, Channels: 3},
		{CoreRate: 24000, FrameLength: 1024, Channels: 2, PS: true},
		{FrameLength: 1024, Channels: 1},
	} {
		if _, err := New(c); !errors.Is(err, codec.ErrUnsupported) {
			t.Errorf("%+v gives %v", c, err)
		}
	}
}

// FuzzPayload reads what may be anything, once after sound payloads and once without, and wants finite
// samples of bounded size.
func FuzzPayload(f *testing.F) {
	data, bits := payload(f, 24000)
	f.Add(data, uint16(bits), uint8(0))
	f.Add(data, uint16(bits), uint8(1))
	f.Add(data[:8], uint16(60), uint8(6))
	f.Fuzz(func(t *testing.T, junk []byte, size uint16, how uint8) {
		c := Config{CoreRate: 24000, FrameLength: 1024, Channels: 1 + int(how&1), PS: how&3 == 2, Downsampled: how&4 != 0}
		if how&8 != 0 {
			c.FrameLength = 960
		}
		d, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		frames, dst := cores(1, 2), planes(2)
		core := [][]float32{frames[0][0][:c.FrameLength], frames[0][1][:c.FrameLength]}[:c.Channels]
		var r bitstream.Reader
		for i := range 4 {
			r.Load(junk)
			if i == 0 && how&16 != 0 {
				r.Load(data)
			}
			_ = d.ReadPayload(&r, min(int(size), r.Left()), how&32 != 0)
			d.Process(dst, core)
			for _, plane := range dst {
				for n, v := range plane {
					if !(v > -1e9 && v < 1e9) {
						t.Fatalf("sample %d is %v", n, v)
					}
				}
			}
		}
		r.Load(junk)
		_, _ = Scan(&r, min(int(size), r.Left()), false, c)
	})
}

func BenchmarkProcess(b *testing.B) {
	d, err := New(Config{CoreRate: 24000, FrameLength: 1024, Channels: 1})
	if err != nil {
		b.Fatal(err)
	}
	data, bits := payload(b, 24000)
	frames, dst := cores(1, 1), planes(1)
	var r bitstream.Reader
	b.SetBytes(4 * 2048)
	for b.Loop() {
		r.Load(data)
		_ = d.ReadPayload(&r, bits, false)
		d.Process(dst, frames[0])
	}
}
