package pcm_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/codec/pcm"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/aiff"
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
	turned := func(b []byte) []byte { slices.Reverse(b); return b }
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
		{"s8", []byte{0x80}, -1}, {"s8", []byte{0}, 0}, {"s8", []byte{0xff}, -1.0 / 128}, {"s8", []byte{127}, 127.0 / 128},
		{"s16be", []byte{0x80, 0}, -1}, {"s16be", []byte{0, 1}, 1.0 / 32_768}, {"s16be", []byte{0xff, 0xff}, -1.0 / 32_768},
		{"s24be", []byte{0x80, 0, 0}, -1}, {"s24be", []byte{0, 0, 1}, 1.0 / (1 << 23)}, {"s24be", []byte{0xff, 0xff, 0xff}, -1.0 / (1 << 23)},
		{"s32be", []byte{0x80, 0, 0, 0}, -1}, {"s32be", []byte{0, 0, 1, 0}, 256.0 / (1 << 31)},
		{"f32be", turned(f32(0.3)), 0.3}, {"f32be", turned(f32(float32(math.NaN()))), 0},
		{"f64be", turned(f64(-0.25)), -0.25}, {"f64be", turned(f64(math.Inf(-1))), 0},
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
	for encoding, name := range map[string]string{"u8": "u8", "s8": "s8", "alaw": "alaw", "ulaw": "mulaw",
		"s16le": "s16le", "s24le": "s24le", "s32le": "s32le", "s16be": "s16be", "s24be": "s24be", "s32be": "s32be"} {
		path := containertest.Store(t, "raw", data)
		want := containertest.Tool(t, "ffmpeg", "-v", "error", "-f", name, "-ar", "48000", "-ac", "1", "-i", path, "-f", "f32le", "-")
		var all []media.Packet
		for part := range slices.Chunk(data, 24_000) {
			all = append(all, media.Packet{Data: part})
		}
		if got := codectest.Decode(t, newDecoder(t, format(encoding, 1)), all); !slices.Equal(got, codectest.Floats(want)) {
			t.Errorf("%s decodes otherwise than ffmpeg does", encoding)
		}
	}
}

// decodeFile gives a file's samples.
func decodeFile(t *testing.T, d container.Demuxer) []float32 {
	t.Helper()
	return codectest.Decode(t, newDecoder(t, d.Info().Format), containertest.Rest(t, d))
}

func openFile(path string) (container.Demuxer, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(data, []byte("FORM")) {
		return aiff.Open(bytes.NewReader(data), int64(len(data)))
	}
	return wav.Open(bytes.NewReader(data), int64(len(data)))
}

// TestFiles decodes WAVE files of others as ffmpeg does.
func TestFiles(t *testing.T) {
	for _, path := range containertest.Corpus(t, "media3/wav/*.wav") {
		d, err := openFile(path)
		if err != nil {
			continue // the container's tests say which and why
		}
		want := codectest.Floats(containertest.Tool(t, "ffmpeg", "-v", "error", "-i", path, "-f", "f32le", "-"))
		if got := decodeFile(t, d); !slices.Equal(got, want) {
			t.Errorf("%s: %d samples, ffmpeg gives %d, or others", path, len(got), len(want))
		}
	}
}

// TestGenerated has ffmpeg and sox write files of every encoding that they know, and decodes them as
// ffmpeg does; by default a few of them.
func TestGenerated(t *testing.T) {
	var jobs [][]string // a program and its options
	for _, c := range []string{"pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le", "pcm_alaw", "pcm_mulaw"} {
		jobs = append(jobs, []string{"ffmpeg", "-c:a", c, "-f", "wav"}, []string{"ffmpeg", "-c:a", c, "-f", "wav", "-rf64", "always"})
	}
	for _, c := range []string{"pcm_s8", "pcm_s16be", "pcm_s24be", "pcm_s32be", "pcm_f32be", "pcm_f64be", "pcm_alaw", "pcm_mulaw", "pcm_s16le"} {
		jobs = append(jobs, []string{"ffmpeg", "-c:a", c, "-f", "aiff"})
	}
	for _, depth := range []string{"8", "16", "24", "32"} {
		jobs = append(jobs, []string{"sox", "-t", "wav", "-b", depth}, []string{"sox", "-t", "wav", "-b", depth, "-c", "6"},
			[]string{"sox", "-t", "aiff", "-b", depth}, []string{"sox", "-t", "aifc", "-b", depth}, []string{"sox", "-t", "wav", "-B", "-b", depth})
	}
	jobs = append(jobs, []string{"sox", "-t", "wav", "-e", "a-law"}, []string{"sox", "-t", "wav", "-e", "u-law"},
		[]string{"sox", "-t", "wav", "-e", "floating-point", "-b", "32"}, []string{"sox", "-t", "wav", "-e", "floating-point", "-b", "64"})
	sources := []string{"aevalsrc=0.9*sin(2*PI*(200+500*t)*t)+0.1*(random(0)-0.5)|0.5*sin(2*PI*331*t):d=0.3:s=48000",
		"aevalsrc=0.999*sin(2*PI*97*t):d=0.3:s=11025"}
	step := containertest.Sweep(9, 1)
	count := 0
	for i, source := range sources {
		plain := filepath.Join(t.TempDir(), "plain.wav")
		containertest.Tool(t, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-c:a", "pcm_s24le", plain)
		for k := i; k < len(jobs); k += step {
			checkGenerated(t, plain, jobs[k])
			count++
		}
	}
	t.Logf("%d files are bit-exact", count)
}

// checkGenerated has a program turn a file into what the job says, and compares.
func checkGenerated(t *testing.T, plain string, job []string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "made")
	reference := path
	if job[0] == "ffmpeg" {
		containertest.Tool(t, "ffmpeg", append(append([]string{"-v", "error", "-i", plain}, job[1:]...), path)...)
	} else {
		containertest.Tool(t, "sox", append(append([]string{"-D", plain}, job[1:]...), path)...)
		if i := slices.Index(job, "-B"); i > 0 { // ffmpeg takes RIFX's samples for little-endian ones
			reference = path + ".wav"
			containertest.Tool(t, "sox", append(append([]string{"-D", plain}, slices.Delete(slices.Clone(job[1:]), i-1, i)...), reference)...)
		}
	}
	d, err := openFile(path)
	if err != nil {
		t.Errorf("%v: %v", job, err)
		return
	}
	want := codectest.Floats(containertest.Tool(t, "ffmpeg", "-v", "error", "-i", reference, "-f", "f32le", "-"))
	if got := decodeFile(t, d); len(got) == 0 || !slices.Equal(got, want) {
		t.Errorf("%v: %d samples, ffmpeg gives %d, or others", job, len(got), len(want))
	}
}

func TestRefused(t *testing.T) {
	for _, f := range []media.Format{format("s16", 2), format("S16LE", 2), format("", 2), format("s16le", 0), format("s16le", 9), {Codec: media.CodecFLAC, Channels: 2}} {
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
	f.Add("f32be", 1, []byte{0x7f, 0xc0, 0, 0, 0xff, 0x80, 0, 0})
	f.Add("ulaw", 3, []byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, encoding string, channels int, data []byte) {
		if d, err := pcm.New(format(encoding, channels)); err == nil {
			codectest.Exercise(t, d, data)
		}
	})
}
