package pcm_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/codec/pcm"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/container/wav"
	"github.com/segue-audio/segue/player/media"
)

func format(encoding string, channels int) media.Format {
	return media.Format{Codec: media.CodecPCM, SampleRate: 48_000, Channels: channels, Config: []byte(encoding)}
}

func newDecoder(t testing.TB, f media.Format) codec.Decoder {
	t.Helper()
	d, err := pcm.New(f)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSuite(t *testing.T) {
	var packets []media.Packet
	for i := range 12 {
		var data []byte
		for k := range 600 {
			data = binary.LittleEndian.AppendUint16(data, uint16(i*700+k*91))
		}
		packets = append(packets, media.Packet{Data: data, Time: media.Frames(i * 300), Duration: 300})
	}
	codectest.Run(t, codectest.Harness{
		New:       func() (codec.Decoder, error) { return pcm.New(format("s16le", 2)) },
		Packets:   packets,
		AllocFree: true,
	})
}

func TestEncodings(t *testing.T) {
	f32 := func(v float32) []byte { return binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)) }
	f64 := func(v float64) []byte { return binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)) }
	for _, c := range []struct {
		encoding string
		data     []byte
		want     float32
	}{
		{"u8", []byte{0}, -1}, {"u8", []byte{128}, 0}, {"u8", []byte{255}, 127.0 / 128},
		{"s16le", []byte{0, 0x80}, -1}, {"s16le", []byte{1, 0}, 1.0 / 32_768}, {"s16le", []byte{0xff, 0x7f}, 32_767.0 / 32_768},
		{"s24le", []byte{0, 0, 0x80}, -1}, {"s24le", []byte{1, 0, 0}, 1.0 / (1 << 23)}, {"s24le", []byte{0xff, 0xff, 0x7f}, 1 - 1.0/(1<<23)},
		{"s24le", []byte{0xff, 0xff, 0xff}, -1.0 / (1 << 23)},
		{"s32le", []byte{0, 0, 0, 0x80}, -1}, {"s32le", []byte{0, 0, 0, 0x40}, 0.5}, {"s32le", []byte{0, 1, 0, 0}, 256.0 / (1 << 31)},
		{"f32le", f32(0.3), 0.3}, {"f32le", f32(-2.5), -2.5}, {"f32le", f32(float32(math.NaN())), 0}, {"f32le", f32(float32(math.Inf(1))), 0},
		{"f64le", f64(0.25), 0.25}, {"f64le", f64(1e300), 0}, {"f64le", f64(math.NaN()), 0},
		{"alaw", []byte{0xd5}, 8.0 / 32_768}, {"alaw", []byte{0x55}, -8.0 / 32_768}, {"alaw", []byte{0xaa}, 32_256.0 / 32_768}, {"alaw", []byte{0x2a}, -32_256.0 / 32_768},
		{"ulaw", []byte{0xff}, 0}, {"ulaw", []byte{0x7f}, 0}, {"ulaw", []byte{0x80}, 32_124.0 / 32_768}, {"ulaw", []byte{0x00}, -32_124.0 / 32_768},
	} {
		dst := []float32{99, 99}
		n, err := newDecoder(t, format(c.encoding, 1)).Decode(dst, &media.Packet{Data: c.data})
		if err != nil || n != 1 || dst[0] != c.want || dst[1] != 99 {
			t.Errorf("%s % x: %v, %d, %v, want %v", c.encoding, c.data, dst, n, err, c.want)
		}
	}
}

// TestAsOthers decodes every code of each encoding and compares with ffmpeg.
func TestAsOthers(t *testing.T) {
	data := make([]byte, 1<<16*3)
	for i := range 1 << 16 {
		data[3*i], data[3*i+1], data[3*i+2] = byte(i*31), byte(i), byte(i>>8)
	}
	for encoding, name := range map[string]string{"u8": "u8", "s16le": "s16le", "s24le": "s24le", "s32le": "s32le", "alaw": "alaw", "ulaw": "mulaw"} {
		path := filepath.Join(t.TempDir(), "raw")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		want := containertest.Tool(t, "ffmpeg", "-v", "error", "-f", name, "-ar", "48000", "-ac", "1", "-i", path, "-f", "f32le", "-")
		d := newDecoder(t, format(encoding, 1))
		dst := make([]float32, codec.MaxFrames)
		var got []byte
		for rest := data; len(rest) > 0; {
			n := min(len(rest), 24_000)
			k, err := d.Decode(dst, &media.Packet{Data: rest[:n]})
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range dst[:k] {
				got = binary.LittleEndian.AppendUint32(got, math.Float32bits(v))
			}
			rest = rest[n:]
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s decodes otherwise than ffmpeg does", encoding)
		}
	}
}

// TestFiles decodes WAVE files of others as ffmpeg does.
func TestFiles(t *testing.T) {
	for _, path := range containertest.Corpus(t, "media3/wav/sample_*.wav") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		w, err := wav.Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			continue // the container's tests say which and why
		}
		d := newDecoder(t, w.Info().Format)
		dst := make([]float32, codec.MaxFrames*d.Channels())
		var got []byte
		for {
			var p media.Packet
			err := w.Next(&p)
			if err == io.EOF {
				break
			}
			n, derr := d.Decode(dst, &p)
			if err != nil || derr != nil {
				t.Fatal(path, err, derr)
			}
			for _, v := range dst[:n*d.Channels()] {
				got = binary.LittleEndian.AppendUint32(got, math.Float32bits(v))
			}
		}
		want := containertest.Tool(t, "ffmpeg", "-v", "error", "-i", path, "-f", "f32le", "-")
		if !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, ffmpeg gives %d, or others", path, len(got), len(want))
		}
	}
}

func TestRefused(t *testing.T) {
	for _, f := range []media.Format{format("s16be", 2), format("", 2), format("s16le", 0), format("s16le", 9), {Codec: media.CodecFLAC, Channels: 2}} {
		if _, err := pcm.New(f); !errors.Is(err, codec.ErrUnsupported) {
			t.Errorf("%+v: %v", f, err)
		}
	}
	d := newDecoder(t, format("s16le", 2))
	for _, n := range []int{0, 3, 5, 4 * (codec.MaxFrames + 1)} {
		if _, err := d.Decode(make([]float32, 4*codec.MaxFrames), &media.Packet{Data: make([]byte, n)}); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("s24le", 2, []byte{1, 2, 3, 4, 5, 6})
	f.Add("f64le", 1, []byte{1, 2, 3, 4, 5, 6, 7, 0xff})
	f.Fuzz(func(t *testing.T, encoding string, channels int, data []byte) {
		if d, err := pcm.New(format(encoding, channels)); err == nil {
			codectest.Exercise(t, d, data)
		}
	})
}
