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
	"time"

	"pgregory.net/rapid"

	"github.com/segue-audio/segue/api/server/encoder/goaac"
	"github.com/segue-audio/segue/player/media"
)

func TestLadder(t *testing.T) {
	for _, c := range []struct {
		kind Kind
		kbps int64
		want string
	}{
		{FLAC, 900, "[48 96 160 320]"}, {WAV, 1411, "[48 96 160 320]"}, {FLAC, 20, "[48 96 160 320]"},
		{MP3, 320, "[48 96 160 320]"}, {MP3, 256, "[48 96 160 256]"}, {MP3, 245, "[48 96 160 256]"}, {MP3, 193, "[48 96 192]"}, {MP3, 192, "[48 96 192]"},
		{MP3, 160, "[48 96 160]"}, {MP3, 131, "[48 96 128]"}, {MP3, 128, "[48 96 128]"}, {MP3, 112, "[48 112]"}, {MP3, 64, "[48 64]"}, {MP3, 8, "[48]"}, {MP3, 400, "[48 96 160 320]"},
	} {
		if got := fmt.Sprint(ladder(Source{Kind: c.kind, Bitrate: media.Kbps(c.kbps)})); got != c.want {
			t.Errorf("%s at %d kbps: %s, want %s", c.kind, c.kbps, got, c.want)
		}
	}
	for rate, want := range map[int]int{44100: 44100, 22050: 44100, 11025: 44100, 88200: 44100, 176400: 44100, 48000: 48000, 96000: 48000, 32000: 48000, 8000: 48000, 37800: 48000} {
		if got := aacRate(rate); got != want {
			t.Errorf("%d Hz becomes %d, want %d", rate, got, want)
		}
	}
}

// The usual sources are cut at the very same frames of the music in AAC and in FLAC.
func TestPlan(t *testing.T) {
	for _, c := range []struct {
		rate  int
		block media.Frames
		step  time.Duration // zero where the codings have no common places
	}{
		{44_100, 4096, 43 * 4096 * time.Second / 44_100}, {48_000, 4096, 47 * 4096 * time.Second / 48_000}, {96_000, 4096, 94 * 4096 * time.Second / 96_000},
		{44_100, 4608, 19 * 9216 * time.Second / 44_100}, {44_100, 1152, 19 * 9216 * time.Second / 44_100}, {192_000, 16_384, 47 * 16_384 * time.Second / 192_000},
		{22_050, 4096, 22 * 4096 * time.Second / 22_050}, {32_000, 4096, 31 * 4096 * time.Second / 32_000}, {8000, 4096, 8 * 4096 * time.Second / 8000},
		{37_800, 4096, 0}, {44_100, 4095, 0}, {44_100, 0, 0}, {44_100, 65_535, 0},
	} {
		s := Source{Kind: FLAC, Format: media.Format{SampleRate: c.rate}, Frames: media.Frames(c.rate * 60), Block: c.block}
		p := newPlan(s, 1024)
		if c.step == 0 {
			if p.lossless.step != media.Frames(4*c.rate) || p.lossy.step != media.Frames(4*p.lossy.rate) {
				t.Errorf("%d Hz in blocks of %d: %+v", c.rate, c.block, p)
			}
			continue
		}
		if got := p.lossless.step.Duration(c.rate); (got-c.step).Abs() > 10 || p.lossy.step.Duration(p.lossy.rate) != got ||
			p.lossless.step%c.block != 0 || p.lossy.step%1024 != 0 {
			t.Errorf("%d Hz in blocks of %d: %+v, a step of %v, want %v", c.rate, c.block, p, got, c.step)
		}
		if want := int((60*time.Second - shortestTail) / c.step); p.cuts != want {
			t.Errorf("%d Hz in blocks of %d: %d cuts, want %d", c.rate, c.block, p.cuts, want)
		}
	}
}

// Whatever the codings, streams of one piece are cut at the same places of the music, to within a
// coded frame of each: AAC at the place or just behind it, FLAC at it or just before.
func TestGrid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.SampledFrom([]int{8000, 37_800, 44_100, 48_000, 96_000}).Draw(t, "rate")
		s := Source{Kind: FLAC, Format: media.Format{SampleRate: rate}, Block: media.Frames(rapid.IntRange(0, 8192).Draw(t, "block")),
			Frames: media.Frames(rapid.IntRange(1, rate*60).Draw(t, "length"))}
		delay := media.Frames(rapid.SampledFrom([]int{1024, 2048, 2112, 0}).Draw(t, "delay"))
		size := max(s.Block, 192)
		p := newPlan(s, delay)
		lossy, lossless := p.grid(p.lossy, delay), p.grid(p.lossless, 0)
		var down, up []media.Frames
		for end := media.Frames(1024); len(down) < p.cuts; end += 1024 {
			if lossy.cut(end) {
				down = append(down, end-delay)
			}
		}
		for end := size; len(up) < p.cuts && end < s.Frames+2*size; end += size {
			if lossless.crosses(end) {
				up = append(up, end-size)
			}
		}
		if len(up) != len(down) {
			t.Fatalf("%d cuts and %d, of %d", len(down), len(up), p.cuts)
		}
		for i := range up {
			a, b := p.lossy.step*media.Frames(i+1), p.lossless.step*media.Frames(i+1)
			if down[i] < a || down[i] >= a+1024 || up[i] > b || up[i] <= b-size {
				t.Fatalf("cut %d at %d and %d, want %d and %d", i, down[i], up[i], a, b)
			}
		}
	})
}

func TestEvenness(t *testing.T) {
	for _, c := range []struct {
		lengths []media.Frames
		want    media.Frames
	}{{nil, 0}, {[]media.Frames{7}, 7}, {[]media.Frames{7, 7, 3}, 7}, {[]media.Frames{7, 3, 7}, 0}, {[]media.Frames{7, 3, 3}, 0}, {[]media.Frames{7, 8}, 0}} {
		var e evenness
		for _, n := range c.lengths {
			e.add(n)
		}
		if got := e.common(); got != c.want {
			t.Errorf("%v: %d, want %d", c.lengths, got, c.want)
		}
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
		tr := &track{Job: Job{Source: s, Dir: dir}, Packager: New(goaac.New(goaac.Fast), Clear)}
		if err := tr.encodeFLAC(t.Context(), out); err != nil {
			t.Fatal(err)
		}
		want := data
		if c.bits == 8 { // is kept as 16
			want = nil
			for _, b := range data {
				want = append(want, 0, b-128)
			}
		}
		back, err := exec.Command("flac", "-s", "-d", "-c", "--force-raw-format", "--endian=little", "--sign=signed", out).Output()
		if err != nil || !bytes.Equal(back, want) {
			t.Errorf("%+v: %d bytes of %d come back, %v", c, len(back), len(want), err)
		}
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
