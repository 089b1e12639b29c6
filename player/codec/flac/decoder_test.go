package flac

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

// fixture is a file of two channels that ffmpeg makes of noise and tones.
func fixture(t testing.TB, args ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.flac")
	source := "aevalsrc=0.4*sin(2*PI*(200+500*t)*t)+0.3*(random(0)-0.5)|0.5*sin(2*PI*331*t):d=1.3:s=44100"
	args = append([]string{"-v", "error", "-f", "lavfi", "-i", source}, args...)
	containertest.Tool(t, "ffmpeg", append(args, path)...)
	return containertest.File(t, path)
}

func TestSuite(t *testing.T) {
	for name, args := range map[string][]string{
		"16": {"-sample_fmt", "s16"},
		"24": {"-sample_fmt", "s32", "-bits_per_raw_sample", "24"},
	} {
		t.Run(name, func(t *testing.T) {
			d, all := demux(t, fixture(t, args...))
			codectest.Run(t, codectest.Harness{
				New:       func() (codec.Decoder, error) { return New(d.Info().Format) },
				Packets:   all,
				Checked:   true,
				AllocFree: true,
			})
		})
	}
}

// TestSuiteWide runs the suite where differences of channels have 33 bits.
func TestSuiteWide(t *testing.T) {
	s := randomStream(3, 14)
	for seed := uint64(4); s.format.Channels != 2 || s.format.BitDepth != maxDepth; seed++ {
		s = randomStream(seed, 14)
	}
	var all []media.Packet
	for _, data := range s.frames {
		all = append(all, media.Packet{Data: data})
	}
	codectest.Run(t, codectest.Harness{
		New:       func() (codec.Decoder, error) { return New(s.format) },
		Packets:   all,
		Checked:   true,
		AllocFree: true,
	})
}

func TestRefused(t *testing.T) {
	for _, f := range []media.Format{
		{Codec: media.CodecMP3, Channels: 2},
		{Codec: media.CodecFLAC, Channels: 0},
		{Codec: media.CodecFLAC, Channels: 9},
		{Codec: media.CodecFLAC, Channels: 2, BitDepth: 33},
		{Codec: media.CodecFLAC, Channels: 2, Config: make([]byte, 12)},
	} {
		if _, err := New(f); !errors.Is(err, codec.ErrUnsupported) {
			t.Errorf("%+v: %v", f, err)
		}
	}
}

// verbatim is a frame of 192 samples of mono that are stored plainly, made by hand.
func verbatim() []byte {
	b := []byte{0xff, 0xf8, 0x19, 0x08, 0x00}
	b = append(b, crc8(b))
	b = append(b, 0x02) // a verbatim subframe
	for i := range 192 {
		b = binary.BigEndian.AppendUint16(b, uint16(int16(i*200-20_000)))
	}
	return binary.BigEndian.AppendUint16(b, crc16(b))
}

func TestVerbatim(t *testing.T) {
	d, err := New(media.Format{Codec: media.CodecFLAC, SampleRate: 44_100, Channels: 1, BitDepth: 16})
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, codec.MaxFrames)
	n, err := d.Decode(dst, &media.Packet{Data: append(verbatim(), "rubbish behind"...)})
	if err != nil || n != 192 {
		t.Fatal(n, err)
	}
	for i, v := range dst[:n] {
		if want := float32(i*200-20_000) / 32_768; v != want {
			t.Fatalf("sample %d is %v, want %v", i, v, want)
		}
	}
}

// TestOtherChannels has a mono frame in a stereo stream: refused when it is sound, and only then.
func TestOtherChannels(t *testing.T) {
	d, err := New(media.Format{Codec: media.CodecFLAC, SampleRate: 44_100, Channels: 2, BitDepth: 16})
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, 2*codec.MaxFrames)
	data := verbatim()
	if _, err := d.Decode(dst, &media.Packet{Data: data}); !errors.Is(err, codec.ErrUnsupported) {
		t.Errorf("mono in a stereo stream: %v", err)
	}
	data[40] ^= 1
	if _, err := d.Decode(dst, &media.Packet{Data: data}); !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("damaged mono in a stereo stream: %v", err)
	}
}

// exercise decodes what may be anything, and again with both checksums made right, so that they
// don't keep everything out.
func exercise(t *testing.T, f media.Format, data []byte) {
	t.Helper()
	d, err := New(f)
	if err != nil {
		t.Fatal(err)
	}
	codectest.Exercise(t, d, data)
	if fixed := believable(data); fixed != nil {
		codectest.Exercise(t, d, fixed)
	}
}

// believable gives a copy of data with sync and both checksums right; the frame's stands at its end.
func believable(data []byte) []byte {
	if len(data) < 24 {
		return nil
	}
	b := bytes.Clone(data)
	b[0], b[1], b[2] = 0xff, b[1]&1|0xf8, b[2]&0xf7 // a rate without a field
	w := &bitWriter{b: b[:4:4]}
	number := 1
	for first := b[4]; first&0xc0 == 0xc0 && number < 7; first <<= 1 {
		number++
	}
	w.b = append(w.b, b[4:4+number]...)
	switch b[2] >> 4 {
	case 6:
		w.b = append(w.b, b[4+number])
	case 7:
		w.b = append(w.b, 0, b[4+number]) // short blocks are quicker
	}
	w.b = append(w.b, crc8(w.b))
	w.b = append(w.b, b[len(w.b):]...)
	return binary.BigEndian.AppendUint16(w.b, crc16(w.b))
}

// TestMutated decodes damaged frames, their checksums right and wrong.
func TestMutated(t *testing.T) {
	trials := containertest.Sweep(150, 20_000)
	for i := range trials {
		s := randomStream(uint64(i/20), 1)
		data := s.frames[0]
		rng := rand.New(rand.NewPCG(uint64(i), 2))
		for range 1 + rng.IntN(6) {
			data[rng.IntN(len(data))] = byte(rng.Uint32())
		}
		exercise(t, s.format, data)
	}
	t.Logf("%d mutated frames, each with its own checksums and with right ones", trials)
}

func FuzzDecode(f *testing.F) {
	f.Add(verbatim(), byte(1), byte(16))
	for seed := range uint64(8) {
		s := randomStream(seed, 1)
		f.Add(s.frames[0], byte(s.format.Channels), byte(s.format.BitDepth))
	}
	f.Fuzz(func(t *testing.T, data []byte, channels, depth byte) {
		exercise(t, media.Format{Codec: media.CodecFLAC, SampleRate: 44_100,
			Channels: int(channels%8) + 1, BitDepth: int(depth%29) + 4}, data)
	})
}

func BenchmarkDecode(b *testing.B) {
	for name, args := range map[string][]string{
		"44.1kHz16": {"-sample_fmt", "s16", "-compression_level", "8"},
		"96kHz24":   {"-sample_fmt", "s32", "-bits_per_raw_sample", "24", "-ar", "96000"},
	} {
		b.Run(name, func(b *testing.B) {
			d, all := demux(b, fixture(b, args...))
			dec, err := New(d.Info().Format)
			if err != nil {
				b.Fatal(err)
			}
			codectest.Benchmark(b, dec, all)
		})
	}
}
