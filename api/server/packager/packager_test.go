package packager

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/segue-audio/segue/player/media"
)

func TestLadder(t *testing.T) {
	for _, c := range []struct {
		kind Kind
		kbps int64
		want string
	}{
		{FLAC, 900, "[64 128 320]"}, {WAV, 1411, "[64 128 320]"}, {FLAC, 20, "[64 128 320]"},
		{MP3, 320, "[64 128 320]"}, {MP3, 256, "[64 128 256]"}, {MP3, 245, "[64 128 256]"}, {MP3, 193, "[64 128 192]"}, {MP3, 192, "[64 128 192]"},
		{MP3, 160, "[64 128 160]"}, {MP3, 131, "[64 128]"}, {MP3, 128, "[64 128]"}, {MP3, 112, "[64 112]"}, {MP3, 64, "[64]"}, {MP3, 8, "[64]"}, {MP3, 400, "[64 128 320]"},
	} {
		if got := fmt.Sprint(ladder(Source{Kind: c.kind, Bitrate: media.Kbps(c.kbps)})); got != c.want {
			t.Errorf("%s at %d kbps: %s, want %s", c.kind, c.kbps, got, c.want)
		}
	}
	for rate, want := range map[int]int{44100: 44100, 22050: 44100, 11025: 44100, 88200: 44100, 176400: 44100, 48000: 48000, 96000: 48000, 32000: 48000, 8000: 48000, 37800: 48000} {
		if got := mp3Rate(rate); got != want {
			t.Errorf("%d Hz becomes %d, want %d", rate, got, want)
		}
	}
}

// cutsOf gives the heard time, in frames, of each cut of a stream whose coded frames have the
// given size.
func cutsOf(trim media.Trim, rate int, size media.Frames) (cuts []media.Frames) {
	g := newGrid(trim, rate)
	for end := size; end-size < trim.Start+trim.Length; end += size {
		if g.cut(end) {
			cuts = append(cuts, end-trim.Start)
		}
	}
	return cuts
}

// Whatever the codings, streams of one piece are cut at the same places of the music, to within a
// coded frame of each.
func TestGrid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.SampledFrom([]int{44100, 48000, 96000}).Draw(t, "rate")
		length := media.Frames(rapid.IntRange(1, rate*60).Draw(t, "length"))
		start := media.Frames(rapid.IntRange(0, 3000).Draw(t, "start"))
		size := media.Frames(rapid.IntRange(192, 8192).Draw(t, "size"))
		cuts := cutsOf(media.Trim{Start: start, Length: length}, rate, size)
		step := media.Frames(4 * rate)
		want := int((length - media.Frames(rate)) / step)
		if length < media.Frames(rate) {
			want = 0
		}
		if len(cuts) != want {
			t.Fatalf("%d cuts, want %d", len(cuts), want)
		}
		for i, c := range cuts {
			if place := step * media.Frames(i+1); c < place || c >= place+size {
				t.Fatalf("cut %d at %d, want the first of %d frames past %d", i, c, size, place)
			}
		}
	})
}

// Coded frames longer than a segment skip places, but never make an empty segment.
func TestGridOfLongFrames(t *testing.T) {
	cuts := cutsOf(media.Trim{Length: 8000 * 60}, 8000, 65535)
	if len(cuts) == 0 || len(slices.Compact(slices.Clone(cuts))) != len(cuts) {
		t.Errorf("cuts at %v", cuts)
	}
}

func pcmWAV(data []byte, rate, channels, bits int) []byte {
	b := []byte("RIFF----WAVEfmt ")
	b = binary.LittleEndian.AppendUint32(b, 16)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint16(b, uint16(channels))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate*channels*bits/8))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels*bits/8))
	b = binary.LittleEndian.AppendUint16(b, uint16(bits))
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	b = append(b, data...)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

func inspect(t testing.TB, path string) (Source, error) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return Inspect(path, f, st.Size())
}

// Without ffmpeg a WAV becomes a FLAC all the same, and loses nothing.
func TestEncodeFLAC(t *testing.T) {
	if _, err := exec.LookPath("flac"); err != nil {
		t.Skip("flac is not installed")
	}
	for _, c := range []struct{ bits, channels, frames int }{{8, 1, 5000}, {16, 2, 4096}, {16, 1, 4097}, {24, 2, 10000}, {16, 2, 1}} {
		data := make([]byte, c.frames*c.channels*c.bits/8)
		x := uint32(1)
		for i := range data { // extremes included
			x = x*1664525 + 1013904223
			data[i] = byte(x >> 24)
		}
		dir := t.TempDir()
		in, out := filepath.Join(dir, "in.wav"), filepath.Join(dir, "out.flac")
		if err := os.WriteFile(in, pcmWAV(data, 44100, c.channels, c.bits), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := inspect(t, in)
		if err != nil {
			t.Fatal(err)
		}
		if err := encodeFLAC(t.Context(), s, out); err != nil {
			t.Fatal(err)
		}
		sign := "signed"
		if c.bits == 8 {
			sign = "unsigned"
		}
		back, err := exec.Command("flac", "-s", "-d", "-c", "--force-raw-format", "--endian=little", "--sign="+sign, out).Output()
		if err != nil || !bytes.Equal(back, data) {
			t.Errorf("%+v: %d bytes of %d come back, %v", c, len(back), len(data), err)
		}
	}
}

// Without ffmpeg an MP3 is served as it is: its own frames, but for the header that is no music.
func TestSourceFrames(t *testing.T) {
	for _, name := range []string{"lame"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed", name)
		}
	}
	dir := t.TempDir()
	data := make([]byte, 44100*4*6)
	for i := range data {
		data[i] = byte(i * i >> 7)
	}
	in, file := filepath.Join(dir, "in.wav"), filepath.Join(dir, "in.mp3")
	if err := os.WriteFile(in, pcmWAV(data, 44100, 2, 16), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("lame", "--quiet", "-V", "2", in, file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s, err := inspect(t, file)
	if err != nil || s.Frames != 44100*6 {
		t.Fatalf("%+v, %v", s, err)
	}
	out := t.TempDir()
	res, err := New("/nonexistent").Package(t.Context(), Job{Source: s, Dir: out})
	if err != nil || res.Length != 44100*6 || fmt.Sprint(res.Renditions) != "[mp3]" {
		t.Fatalf("%+v, %v", res, err)
	}
	list, err := os.ReadFile(filepath.Join(out, "mp3", indexName))
	if err != nil || !strings.Contains(string(list), "#EXT-X-SEGUE-TRIM:START=1105,LENGTH=264600,RATE=44100\n") {
		t.Errorf("%s, %v", list, err)
	}
}

// A damaged FLAC must not pass for a whole one.
func TestDamagedFLAC(t *testing.T) {
	if _, err := exec.LookPath("flac"); err != nil {
		t.Skip("flac is not installed")
	}
	dir := t.TempDir()
	data := make([]byte, 44100*4)
	for i := range data {
		data[i] = byte(i * i >> 9)
	}
	in := filepath.Join(dir, "in.wav")
	if err := os.WriteFile(in, pcmWAV(data, 44100, 2, 16), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("flac", "-s", in).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	whole, err := os.ReadFile(filepath.Join(dir, "in.flac"))
	if err != nil {
		t.Fatal(err)
	}
	hole := slices.Concat(whole[:len(whole)/2], whole[len(whole)*3/4:])
	for name, b := range map[string][]byte{"cut short": whole[:len(whole)*2/3], "with a hole": hole, "head alone": whole[:200]} {
		path := filepath.Join(dir, "bad.flac")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := inspect(t, path)
		if err == nil {
			t.Errorf("%s: taken for %d frames", name, s.Frames)
		}
	}
}

// FuzzInspect: whatever a file holds, looking at it ends, and what it says can be packaged.
func FuzzInspect(f *testing.F) {
	f.Add(pcmWAV(make([]byte, 400), 44100, 2, 16))
	f.Add([]byte("fLaC\x80\x00\x00\x22" + strings.Repeat("\x10", 34)))
	f.Add(bytes.Repeat(append([]byte{0xff, 0xfb, 0x90, 0x64}, make([]byte, 413)...), 5))
	f.Add([]byte("ID3\x04\x00\x00\x00\x00\x00\x05aaaaafLaC"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Inspect("x", bytes.NewReader(data), int64(len(data)))
		if err == nil && (s.Frames <= 0 || s.Format.SampleRate <= 0 || s.Bitrate < 0 || s.Trim.Start < 0) {
			t.Errorf("%+v", s)
		}
	})
}
