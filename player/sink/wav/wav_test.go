package wav_test

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player/sink"
	"github.com/segue-audio/segue/player/sink/sinktest"
	"github.com/segue-audio/segue/player/sink/wav"
)

type fileSink struct {
	*wav.Sink
	path string
}

func TestSuite(t *testing.T) {
	for name, o := range map[string]wav.Options{
		"float32": {},
		"int16":   {Encoding: wav.Int16},
		"int24":   {Encoding: wav.Int24},
		"unpaced": {Pace: sink.Unpaced},
	} {
		h := sinktest.Harness{
			New: func(t *testing.T) sink.Sink {
				path := filepath.Join(t.TempDir(), "out.wav")
				return &fileSink{wav.New(path, o), path}
			},
			Received: func(t *testing.T, s sink.Sink) []float32 { return read(t, s.(*fileSink).path).samples },
		}
		if o.Pace == sink.Unpaced {
			h.Allocates = "an unpaced sink pulls without end while it may, so a second has no meaning"
		} else {
			h.Allocates = "a header of 80 bytes every two seconds"
		}
		t.Run(name, func(t *testing.T) { sinktest.Run(t, h) })
	}
}

// wave is a WAV file taken apart.
type wave struct {
	rate, channels, bits int
	tag                  uint16
	samples              []float32
}

// read takes a WAV file apart by its chunks, independently of the code under test.
func read(t *testing.T, path string) wave {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	if len(b) < 12 || string(b[8:12]) != "WAVE" {
		t.Fatalf("no WAV file: %q", b[:min(12, len(b))])
	}
	if size := int(le.Uint32(b[4:])); string(b[:4]) == "RIFF" && size != len(b)-8 {
		t.Fatalf("the file says %d bytes and has %d", size, len(b)-8)
	}
	var w wave
	for at := 12; at+8 <= len(b); {
		id, size := string(b[at:at+4]), int(le.Uint32(b[at+4:]))
		body := b[at+8 : at+8+size]
		switch id {
		case "fmt ":
			w.tag = le.Uint16(body)
			w.channels, w.rate, w.bits = int(le.Uint16(body[2:])), int(le.Uint32(body[4:])), int(le.Uint16(body[14:]))
			if w.tag == 0xfffe {
				w.tag = le.Uint16(body[24:])
			}
		case "data":
			w.samples = samples(body, w.bits)
		}
		at += 8 + size + size%2
	}
	return w
}

func samples(b []byte, bits int) []float32 {
	n := bits / 8
	x := make([]float32, len(b)/n)
	for i := range x {
		s := b[i*n:]
		switch bits {
		case 16:
			x[i] = float32(int16(binary.LittleEndian.Uint16(s))) / (1 << 15)
		case 24:
			x[i] = float32(int32(uint32(s[0])<<8|uint32(s[1])<<16|uint32(s[2])<<24)>>8) / (1 << 23)
		default:
			x[i] = math.Float32frombits(binary.LittleEndian.Uint32(s))
		}
	}
	return x
}

// TestSilence: a gap is in the file frame for frame; what precedes the first frame of music and
// follows the last is not.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate = 8_000
		path := filepath.Join(t.TempDir(), "out.wav")
		s := wav.New(path, wav.Options{Encoding: wav.Int24})
		src := sinktest.NewSource(1, 5_001)
		src.Allow(0)
		if _, err := s.Start(sink.Format{SampleRate: rate, Channels: 1}, src); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1005 * time.Millisecond) // between two pulls
		src.Allow(2_000)
		time.Sleep(time.Second)
		src.Allow(5_001)
		time.Sleep(2 * time.Second)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		w := read(t, path)
		// The music resumes with the first pull a second later: 8,000 frames after it began.
		if len(w.samples) != 8_000+3_001 {
			t.Fatalf("%d frames in the file", len(w.samples))
		}
		for i, v := range w.samples {
			want := float32(0)
			switch {
			case i < 2_000:
				want = sinktest.Sample(int64(i), 0)
			case i >= 8_000:
				want = sinktest.Sample(int64(i-6_000), 0)
			}
			if v != want {
				t.Fatalf("frame %d is %v, want %v", i, v, want)
			}
		}
	})
}

// TestKilled: without Close, the file is readable up to two seconds before the end.
func TestKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "out.wav")
		s := wav.New(path, wav.Options{})
		src := sinktest.NewSource(2, 1<<30)
		if _, err := s.Start(sink.Format{SampleRate: 48_000, Channels: 2}, src); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		bytes := int(binary.LittleEndian.Uint32(b[4:])) + 8
		if have := len(b); bytes > have || have-bytes > 2*48_000*8 {
			t.Fatalf("the header tells of %d bytes of %d", bytes, have)
		}
	})
}

func TestNoSuchFolder(t *testing.T) {
	s := wav.New(filepath.Join(t.TempDir(), "none", "out.wav"), wav.Options{})
	_, err := s.Start(sink.Format{SampleRate: 48_000, Channels: 2}, sinktest.NewSource(2, 1))
	if !isBoth(err, sink.ErrNoDevice, os.ErrNotExist) {
		t.Errorf("Start gave %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func isBoth(err, a, b error) bool { return errors.Is(err, a) && errors.Is(err, b) }
