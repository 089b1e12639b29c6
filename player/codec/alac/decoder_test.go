package alac

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

// stream is packets made by lot, with what they hold.
type stream struct {
	format  media.Format
	packets []media.Packet
	samples [][][]int32 // of each packet and channel, in the packet's order
}

// noise makes n samples of each channel: tones with noise, full scale, near silence, or silence.
func noise(rng *rand.Rand, channels, depth, n int) [][]int32 {
	full := float64(int64(1)<<(depth-1) - 1)
	out := make([][]int32, channels)
	how, step := rng.IntN(5), rng.Float64()/5
	for c := range out {
		for i := range n {
			var v float64
			switch how {
			case 0:
				v = full * (2*rng.Float64() - 1)
			case 1:
				v = float64(rng.IntN(50) / 49)
			case 2:
			default:
				v = full * (0.7*math.Sin(step*float64(i)) + 0.1*(rng.Float64()-0.5))
			}
			out[c] = append(out[c], int32(v))
		}
	}
	return out
}

func randomStream(seed uint64, packets int) stream {
	return (&encoder{rng: rand.New(rand.NewPCG(seed, 1))}).stream(packets)
}

// stream makes packets of random depth, length and count of channels; the last one is short.
func (e *encoder) stream(packets int) stream {
	rng := e.rng
	e.config = config{
		frames: 64 + rng.IntN(500), depth: []int{16, 20, 24, 32}[rng.IntN(4)], channels: 1 + rng.IntN(8), rate: 44_100,
		historyWeight: 40, history: 10, maxParameter: 14,
	}
	if rng.IntN(3) == 0 {
		e.config.historyWeight, e.config.history, e.config.maxParameter = uint32(10+rng.IntN(80)), uint32(1+rng.IntN(250)), uint(8+rng.IntN(10))
	}
	s := stream{format: media.Format{Codec: media.CodecALAC, SampleRate: 44_100, Channels: e.config.channels,
		BitDepth: e.config.depth, Config: e.cookie()}}
	at := 0
	for i := range packets {
		n := e.config.frames
		if i == packets-1 {
			n = 1 + rng.IntN(n)
		}
		samples := noise(rng, e.config.channels, e.config.depth, n)
		s.samples = append(s.samples, samples)
		s.packets = append(s.packets, media.Packet{Data: e.encode(samples), Time: media.Frames(at), Duration: media.Frames(n)})
		at += n
	}
	return s
}

func newDecoder(t testing.TB, f media.Format) *Decoder {
	t.Helper()
	d, err := New(f)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// nearest is an integer sample as float32 at full scale ±1.
func nearest(v int32, depth int) float32 {
	return float32(float64(v) / float64(int64(1)<<(depth-1)))
}

// TestPackets decodes packets of every kind that the format has.
func TestPackets(t *testing.T) {
	for seed := range containertest.Sweep[uint64](25, 2000) {
		s := randomStream(seed, 12)
		d := newDecoder(t, s.format)
		dst := make([]float32, codec.MaxFrames*d.Channels())
		for i := range s.packets {
			n, err := d.Decode(dst, &s.packets[i])
			if err != nil || n != len(s.samples[i][0]) {
				t.Fatalf("seed %d, packet %d (%+v): %d frames, %v", seed, i, d.config, n, err)
			}
			for c, want := range s.samples[i] {
				for k, v := range want {
					if got := dst[k*d.config.channels+int(slots[d.config.channels][c])]; got != nearest(v, d.config.depth) {
						t.Fatalf("seed %d, packet %d (%+v), channel %d: frame %d is %v, want %v", seed, i, d.config, c, k, got, nearest(v, d.config.depth))
					}
				}
			}
		}
	}
}

// TestPacketsAsOthers has ffmpeg decode the packets of TestPackets, so that it isn't only us who think
// that they mean what they mean.
func TestPacketsAsOthers(t *testing.T) {
	for seed := range containertest.Sweep[uint64](8, 300) {
		e := &encoder{rng: rand.New(rand.NewPCG(seed, 3)), tame: true}
		s := e.stream(12)
		path := containertest.Store(t, "a.caf", caf(s))
		got := containertest.Tool(t, "ffmpeg", "-v", "error", "-i", path, "-f", "s32le", "-")
		channels, depth := s.format.Channels, s.format.BitDepth
		for i, packet := range s.samples {
			for k := range packet[0] {
				frame := make([]int32, channels)
				for c := range packet {
					frame[slotOfFFmpeg(channels, c)] = packet[c][k] << (32 - depth)
				}
				for _, want := range frame {
					if len(got) < 4 {
						t.Fatalf("seed %d, packet %d: ffmpeg decodes less", seed, i)
					}
					if v := int32(binary.LittleEndian.Uint32(got)); v != want {
						t.Fatalf("seed %d, packet %d (%+v), frame %d: ffmpeg decodes %#x, want %#x", seed, i, s.format, k, v, want)
					}
					got = got[4:]
				}
			}
		}
	}
}

// slotOfFFmpeg is where ffmpeg puts a channel: it has the rear centre of 6.1 behind the surrounds.
func slotOfFFmpeg(channels, c int) int {
	if channels == 7 {
		return [7]int{2, 0, 1, 4, 5, 6, 3}[c]
	}
	return int(slots[channels][c])
}

// caf is a Core Audio file of a stream.
func caf(s stream) []byte {
	be := binary.BigEndian
	chunk := func(b []byte, kind string, body []byte) []byte {
		return append(be.AppendUint64(append(b, kind...), uint64(len(body))), body...)
	}
	frames := uint32(s.packets[0].Duration)
	desc := be.AppendUint64(nil, math.Float64bits(float64(s.format.SampleRate)))
	desc = be.AppendUint32(append(desc, "alac"...), map[int]uint32{16: 1, 20: 2, 24: 3, 32: 4}[s.format.BitDepth])
	for _, v := range []uint32{0, frames, uint32(s.format.Channels), 0} {
		desc = be.AppendUint32(desc, v)
	}
	last := s.packets[len(s.packets)-1]
	pakt := be.AppendUint64(nil, uint64(len(s.packets)))
	pakt = be.AppendUint64(pakt, uint64(last.Time+last.Duration))
	pakt = be.AppendUint32(append(pakt, 0, 0, 0, 0), frames-uint32(last.Duration))
	data := []byte{0, 0, 0, 0}
	for _, p := range s.packets {
		n := len(p.Data)
		for shift := 21; shift > 0; shift -= 7 {
			if n>>shift != 0 {
				pakt = append(pakt, byte(n>>shift)|0x80)
			}
		}
		pakt = append(pakt, byte(n&0x7f))
		data = append(data, p.Data...)
	}
	b := chunk([]byte("caff\x00\x01\x00\x00"), "desc", desc)
	b = chunk(b, "kuki", s.format.Config)
	b = chunk(b, "pakt", pakt)
	return chunk(b, "data", data)
}

func TestSuite(t *testing.T) {
	for _, seed := range []uint64{2, 3, 5} {
		s := randomStream(seed, 14)
		codectest.Run(t, codectest.Harness{
			New:       func() (codec.Decoder, error) { return New(s.format) },
			Packets:   s.packets,
			AllocFree: true,
		})
	}
}

func TestRefused(t *testing.T) {
	good := randomStream(1, 1).format
	for name, change := range map[string]func(f *media.Format){
		"another codec":   func(f *media.Format) { f.Codec = media.CodecFLAC },
		"no config":       func(f *media.Format) { f.Config = nil },
		"a cut config":    func(f *media.Format) { f.Config = f.Config[:23] },
		"no frames":       func(f *media.Format) { clear(f.Config[:4]) },
		"65,536 frames":   func(f *media.Format) { copy(f.Config, "\x00\x01\x00\x00") },
		"version 1":       func(f *media.Format) { f.Config[4] = 1 },
		"18 bits":         func(f *media.Format) { f.Config[5] = 18 },
		"parameter 32":    func(f *media.Format) { f.Config[8] = 32 },
		"no channels":     func(f *media.Format) { f.Config[9] = 0 },
		"nine channels":   func(f *media.Format) { f.Config[9] = 9 },
		"an endless rate": func(f *media.Format) { f.Config[20] = 0xff },
	} {
		f := good
		f.Config = bytes.Clone(good.Config)
		change(&f)
		if _, err := New(f); !errors.Is(err, codec.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if d := newDecoder(t, good); d.SampleRate() != 44_100 || d.Channels() != good.Channels {
		t.Errorf("%d channels at %d", d.Channels(), d.SampleRate())
	}
}

// TestDamaged has packets that say what can't be.
func TestDamaged(t *testing.T) {
	e := &encoder{rng: rand.New(rand.NewPCG(1, 1)), config: config{frames: 100, depth: 16, channels: 2, rate: 44_100, historyWeight: 40, history: 10, maxParameter: 14}}
	d := newDecoder(t, media.Format{Codec: media.CodecALAC, Config: e.cookie()})
	dst := make([]float32, 2*codec.MaxFrames)
	head := func(w *bitWriter, kind uint64) { w.write(kind, 3); w.write(0, 16) }
	plain := func(w *bitWriter, kind uint64, channels int) {
		head(w, kind)
		w.write(1, 4)
		for range 100 * channels {
			w.write(0x1234, 16)
		}
	}
	for name, c := range map[string]struct {
		make func(w *bitWriter)
		ok   bool
	}{
		"a pair":         {func(w *bitWriter) { plain(w, channelPair, 2); w.write(end, 3) }, true},
		"two singles":    {func(w *bitWriter) { plain(w, singleChannel, 1); plain(w, lowFrequency, 1); w.write(end, 3) }, true},
		"no end":         {func(w *bitWriter) { plain(w, channelPair, 2) }, true}, // some writers leave it out
		"one channel":    {func(w *bitWriter) { plain(w, singleChannel, 1); w.write(end, 3) }, false},
		"three channels": {func(w *bitWriter) { plain(w, channelPair, 2); plain(w, singleChannel, 1); w.write(end, 3) }, false},
		"coupling":       {func(w *bitWriter) { head(w, 2); w.write(end, 3) }, false},
		"a program":      {func(w *bitWriter) { head(w, 5); w.write(end, 3) }, false},
		"reserved bits":  {func(w *bitWriter) { w.write(channelPair, 3); w.write(1, 16); w.write(1, 4) }, false},
		"more frames": {func(w *bitWriter) {
			head(w, channelPair)
			w.write(9, 4)
			w.write(101, 32)
			w.b = append(w.b, make([]byte, 500)...)
		}, false},
		"unequal singles": {func(w *bitWriter) {
			plain(w, singleChannel, 1)
			head(w, singleChannel)
			w.write(9, 4)
			w.write(50, 32)
			w.b = append(w.b, make([]byte, 500)...)
		}, false},
		"24 bits apart":  {func(w *bitWriter) { head(w, channelPair); w.write(6, 4); w.b = append(w.b, make([]byte, 500)...) }, false},
		"all bits apart": {func(w *bitWriter) { head(w, singleChannel); w.write(4, 4); w.b = append(w.b, make([]byte, 500)...) }, false},
		"mixing by 32": {func(w *bitWriter) {
			head(w, channelPair)
			w.write(0, 4)
			w.write(32, 8)
			w.b = append(w.b, make([]byte, 500)...)
		}, false},
		"cut plain samples": {func(w *bitWriter) { head(w, channelPair); w.write(1, 4); w.b = append(w.b, make([]byte, 300)...) }, false},
		"a fill too long":   {func(w *bitWriter) { w.write(fill, 3); w.write(15, 4); w.write(200, 8) }, false},
		"only an end":       {func(w *bitWriter) { w.write(end, 3) }, false},
	} {
		var w bitWriter
		c.make(&w)
		n, err := d.Decode(dst, &media.Packet{Data: w.b})
		if c.ok && (err != nil || n != 100) || !c.ok && !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("%s: %d frames, %v", name, n, err)
		}
	}
	var w bitWriter // as an encoder leaves it that is flushed
	head(&w, channelPair)
	w.write(9, 4)
	w.write(0, 32)
	w.write(end, 3)
	if n, err := d.Decode(dst, &media.Packet{Data: w.b}); n != 0 || err != nil {
		t.Errorf("a packet of no frames: %d frames, %v", n, err)
	}
}

// TestLayout has each channel say which one it is, as Apple's layouts order them.
func TestLayout(t *testing.T) {
	for _, c := range []struct{ packet, output []string }{
		{[]string{"C"}, []string{"C"}},
		{[]string{"L", "R"}, []string{"L", "R"}},
		{[]string{"C", "L", "R"}, []string{"L", "R", "C"}},
		{[]string{"C", "L", "R", "Cs"}, []string{"L", "R", "C", "Cs"}},
		{[]string{"C", "L", "R", "Ls", "Rs"}, []string{"L", "R", "C", "Ls", "Rs"}},
		{[]string{"C", "L", "R", "Ls", "Rs", "LFE"}, []string{"L", "R", "C", "LFE", "Ls", "Rs"}},
		{[]string{"C", "L", "R", "Ls", "Rs", "Cs", "LFE"}, []string{"L", "R", "C", "LFE", "Cs", "Ls", "Rs"}},
		{[]string{"C", "Lc", "Rc", "L", "R", "Ls", "Rs", "LFE"}, []string{"L", "R", "C", "LFE", "Ls", "Rs", "Lc", "Rc"}},
	} {
		n := len(c.packet)
		e := &encoder{rng: rand.New(rand.NewPCG(1, 1)), config: config{frames: 20, depth: 16, channels: n, rate: 44_100, historyWeight: 40, history: 10, maxParameter: 14}}
		samples := make([][]int32, n)
		for i := range samples {
			for range 20 {
				samples[i] = append(samples[i], int32(i+1))
			}
		}
		d := newDecoder(t, media.Format{Codec: media.CodecALAC, Config: e.cookie()})
		dst := make([]float32, codec.MaxFrames*n)
		if k, err := d.Decode(dst, &media.Packet{Data: e.encode(samples)}); err != nil || k != 20 {
			t.Fatal(k, err)
		}
		for i, name := range c.output {
			if want := float32(slices.Index(c.packet, name)+1) / (1 << 15); dst[i] != want || dst[19*n+i] != want {
				t.Errorf("%v: %s isn't number %d", c.packet, name, i)
			}
		}
	}
}

// TestTooLoud has a pair whose mixing gives samples that don't fit into their depth.
func TestTooLoud(t *testing.T) {
	e := &encoder{rng: rand.New(rand.NewPCG(1, 1)), config: config{frames: 20, depth: 16, channels: 2, rate: 44_100, historyWeight: 40, history: 10, maxParameter: 14}}
	d := newDecoder(t, media.Format{Codec: media.CodecALAC, Config: e.cookie()})
	for _, loud := range []int32{100, 40_000} {
		w := &bitWriter{}
		w.write(channelPair, 3)
		w.write(0, 4+12+4)
		w.write(0, 16) // mixed as left and right
		for range 2 {
			w.write(4<<5, 16) // a filter of order 0
		}
		for range 2 {
			s := make([]int32, 20)
			s[7] = loud
			code := golomb{weight: 40, history: 10, maxParameter: 14, depth: 17}
			code.write(w, s)
		}
		w.write(end, 3)
		n, err := d.Decode(make([]float32, 2*codec.MaxFrames), &media.Packet{Data: w.b})
		if ok := loud < 1<<15; ok && (n != 20 || err != nil) || !ok && (n != 0 || !errors.Is(err, codec.ErrCorrupt)) {
			t.Errorf("samples of %d: %d frames, %v", loud, n, err)
		}
	}
}

// TestNoCode has noise under a configuration that says that there is none.
func TestNoCode(t *testing.T) {
	s := randomStream(0, 12)
	for seed := uint64(1); s.format.Channels > 2; seed++ { // of one element, plain or not
		s = randomStream(seed, 12)
	}
	s.format.Config[8] = 0
	d := newDecoder(t, s.format)
	plain, noise := 0, 0
	for i := range s.packets {
		if _, err := d.Decode(make([]float32, codec.MaxFrames*d.Channels()), &s.packets[i]); err == nil {
			plain++
		} else if errors.Is(err, codec.ErrCorrupt) {
			noise++
		} else {
			t.Fatal(err)
		}
	}
	if plain == 0 || noise == 0 {
		t.Fatalf("%d packets decode, %d don't", plain, noise)
	}
}

// TestMutated decodes damaged packets.
func TestMutated(t *testing.T) {
	trials := containertest.Sweep(200, 20_000)
	for i := range trials {
		s := randomStream(uint64(i/10), 1)
		data := s.packets[0].Data
		rng := rand.New(rand.NewPCG(uint64(i), 2))
		for range 1 + rng.IntN(6) {
			data[rng.IntN(len(data))] = byte(rng.Uint32())
		}
		codectest.Exercise(t, newDecoder(t, s.format), data)
	}
	t.Logf("%d mutated packets", trials)
}

func FuzzDecode(f *testing.F) {
	for seed := range uint64(12) {
		s := randomStream(seed, 1)
		f.Add(s.format.Config, s.packets[0].Data)
	}
	f.Fuzz(func(t *testing.T, config, data []byte) {
		if d, err := New(media.Format{Codec: media.CodecALAC, Config: config}); err == nil {
			codectest.Exercise(t, d, data)
		}
	})
}
