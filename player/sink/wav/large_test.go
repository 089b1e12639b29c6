package wav

import (
	"encoding/binary"
	"errors"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player/sink"
	"github.com/segue-audio/segue/player/sink/sinktest"
)

// disk is a file that keeps its first bytes and is full at a size.
type disk struct {
	start  [256]byte
	full   int64 // zero: never
	end    int64
	closed int
}

func (d *disk) WriteAt(p []byte, off int64) (int, error) {
	if d.full > 0 && off+int64(len(p)) > d.full {
		return 0, syscall.ENOSPC
	}
	if off < int64(len(d.start)) {
		copy(d.start[off:], p)
	}
	d.end = max(d.end, off+int64(len(p)))
	return len(p), nil
}

func (d *disk) Close() error { d.closed++; return nil }

// TestLarge: the header turns into RF64 when, and only when, the sizes don't fit 32 bits, and the
// samples stay where they were.
func TestLarge(t *testing.T) {
	format := sink.Format{SampleRate: 48_000, Channels: 2}
	le := binary.LittleEndian
	for name, frames := range map[string]int64{"small": 1<<29 - 20, "large": 1<<29 + 5} {
		s := New("", Options{})
		d := &disk{}
		if err := s.begin(d, format); err != nil {
			t.Fatal(err)
		}
		s.enc.written = frames - 10
		if err := s.write(make([]float32, 20), 10); err != nil {
			t.Fatal(err)
		}
		if err := s.finish(); err != nil {
			t.Fatal(err)
		}
		h := d.start[:]
		data := strings.Index(string(h), "data")
		size := uint64(le.Uint32(h[data+4:]))
		riff := uint64(le.Uint32(h[4:]))
		switch id := string(h[:4]); {
		case name == "small" && id != "RIFF", name == "large" && id != "RF64":
			t.Errorf("%s file begins with %s", name, id)
		case name == "large":
			if string(h[12:16]) != "ds64" || riff != 1<<32-1 || size != 1<<32-1 {
				t.Errorf("RF64 header %q", h[:data+8])
			}
			riff, size = le.Uint64(h[20:]), le.Uint64(h[28:])
			if n := le.Uint64(h[36:]); n != uint64(frames) {
				t.Errorf("ds64 tells of %d frames, not %d", n, frames)
			}
		}
		if size != uint64(frames)*8 || riff != uint64(d.end)-8 {
			t.Errorf("%s: the header says %d bytes of samples and %d in all; there are %d and %d", name, size, riff+8, frames*8, d.end)
		}
		if int64(data+8) != s.start {
			t.Errorf("%s: the header grew from %d to %d bytes", name, s.start, data+8)
		}
	}
}

// TestFullDisk: the error comes through Failed at once and from Close, twice, and pulling ends.
func TestFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(filepath.Join(t.TempDir(), "out.wav"), Options{})
		src := sinktest.NewSource(2, 1<<20)
		if _, err := s.Start(sink.Format{SampleRate: 48_000, Channels: 2}, src); err != nil {
			t.Fatal(err)
		}
		d := &disk{full: 1 << 20}
		s.mu.Lock()
		whole := s.file
		s.file = d
		s.mu.Unlock()
		defer whole.Close()
		time.Sleep(5 * time.Second)
		select {
		case err := <-s.Failed():
			if !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("Failed gave %v", err)
			}
		default:
			t.Error("Failed says nothing of a full disk")
		}
		if n := src.Pulled(); n > 1<<17+480 {
			t.Errorf("%d frames were pulled for %d that fit", n, 1<<17)
		}
		for range 2 {
			if err := s.Close(); !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("Close gave %v", err)
			}
		}
		if d.closed != 1 {
			t.Errorf("the file was closed %d times", d.closed)
		}
	})
}

// TestOthersRead: ffprobe reads what is written, for every encoding and up to eight channels.
func TestOthersRead(t *testing.T) {
	probe, err := exec.LookPath("ffprobe")
	if err != nil {
		t.Skip("ffprobe is not installed")
	}
	codecs := []string{"pcm_f32le", "pcm_s16le", "pcm_s24le"}
	layouts := map[int]string{1: "unknown", 2: "unknown", 6: "5.1(side)|5.1", 8: "7.1"}
	for e, codec := range codecs {
		for channels, layout := range layouts {
			path := filepath.Join(t.TempDir(), "out.wav")
			synctest.Test(t, func(t *testing.T) { record(t, path, Encoding(e), channels) })
			out, err := exec.Command(probe, "-v", "error", "-of", "csv=p=0", "-show_entries",
				"stream=codec_name,sample_rate,channels,channel_layout,duration_ts", path).CombinedOutput()
			got := strings.Split(strings.TrimSpace(string(out)), ",")
			if err != nil || len(got) != 5 || got[0] != codec || got[1] != "44100" ||
				got[2] != strconv.Itoa(channels) || !strings.Contains(layout, got[3]) || got[4] != "12345" {
				t.Errorf("%s, %d channels: ffprobe says %q %v", codec, channels, out, err)
			}
		}
	}
}

// record writes 12,345 frames.
func record(t *testing.T, path string, e Encoding, channels int) {
	s := New(path, Options{Encoding: e, Pace: sink.Unpaced})
	src := sinktest.NewSource(channels, 12_345)
	if _, err := s.Start(sink.Format{SampleRate: 44_100, Channels: channels}, src); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
