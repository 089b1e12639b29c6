package adts

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/container/internal/id3"
	"github.com/segue-audio/segue/player/media"
)

// probe compares a file's packets with ffprobe's: how many, how long in bytes with their headers, when.
func probe(t *testing.T, path string) {
	t.Helper()
	d := openBytes(t, containertest.File(t, path))
	got := containertest.Rest(t, d)
	kind := "aac"
	if d.s.loas {
		kind = "loas"
	}
	out := containertest.Tool(t, "ffprobe", "-v", "error", "-f", kind, "-show_entries", "packet=pts_time,size", "-of", "csv=p=0", path)
	lines := strings.Fields(string(out))
	if len(lines) != len(got) {
		t.Errorf("%s: %d packets, ffprobe sees %d", path, len(got), len(lines))
		return
	}
	first := 0.0
	for i, line := range lines {
		pts, rest, _ := strings.Cut(line, ",")
		size, err := strconv.Atoi(strings.TrimRight(rest, ","))
		if err != nil {
			t.Fatal(err)
		}
		// In LOAS, where a packet isn't on a byte's border, at least its length is within the element's.
		if n := len(got[i].Data); !d.s.loas && n != size-headerBytes && n != size-headerBytes-2 || n == 0 || n >= size {
			t.Fatalf("%s: packet %d has %d bytes, ffprobe says %q", path, i, n, line)
		}
		at, err := strconv.ParseFloat(pts, 64)
		if err != nil {
			continue // it tells no time of LATM
		}
		if i == 0 {
			first = at
		}
		if want := first + float64(got[i].Time)/float64(d.Info().Format.SampleRate); math.Abs(at-want) > 1e-4 {
			t.Fatalf("%s: packet %d at %f s, ffprobe says %q", path, i, want, line)
		}
	}
}

func TestCorpus(t *testing.T) {
	for _, name := range []string{"sine.aac", "bbb_1ch_8kHz_aac_lc.aac"} {
		probe(t, containertest.Corpus(t, "media3/aac/"+name)[0])
	}
	probe(t, filepath.Join("testdata", "tone.aac"))
	probe(t, filepath.Join("testdata", "tone.loas"))
}

func wav(t *testing.T, rate, channels int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "in.wav")
	containertest.Tool(t, "ffmpeg", "-v", "error", "-f", "lavfi", "-i",
		fmt.Sprintf("aevalsrc=0.3*sin(2*PI*(300+200*t)*t):s=%d:d=1", rate), "-ac", fmt.Sprint(channels), path)
	return path
}

// TestFFmpeg has ffmpeg write ADTS and LATM, whose packets must be the same. (ffmpeg puts an odd number of
// channels into a list of elements, which LATM then carries.)
func TestFFmpeg(t *testing.T) {
	rates := containertest.Sweep([]int{44_100}, coreRates[:12])
	counts := containertest.Sweep([]int{1, 6}, []int{1, 2, 3, 4, 5, 6, 8})
	files := 0
	for _, rate := range rates {
		for _, channels := range counts {
			in, dir := wav(t, rate, channels), t.TempDir()
			adts, latm := filepath.Join(dir, "a.aac"), filepath.Join(dir, "a.latm")
			containertest.Tool(t, "ffmpeg", "-v", "error", "-i", in, "-c:a", "aac", "-f", "adts", adts)
			containertest.Tool(t, "ffmpeg", "-v", "error", "-f", "aac", "-i", adts, "-c:a", "copy", "-f", "latm", latm)
			probe(t, adts)
			probe(t, latm)
			compare(t, adts, latm, rate, channels)
			files += 2
		}
	}
	t.Logf("%d files", files)
}

// TestFDK has the Fraunhofer encoder write both.
func TestFDK(t *testing.T) {
	profiles := containertest.Sweep([]string{"2", "29"}, []string{"2", "5", "29"})
	rates := containertest.Sweep([]int{44_100}, []int{16_000, 22_050, 24_000, 32_000, 44_100, 48_000})
	files := 0
	for _, rate := range rates {
		in := wav(t, rate, 2)
		for _, profile := range profiles {
			dir := t.TempDir()
			adts, crc, loas := filepath.Join(dir, "a.aac"), filepath.Join(dir, "c.aac"), filepath.Join(dir, "a.loas")
			containertest.Tool(t, "fdkaac", "-S", "-p", profile, "-b", "32000", "-f", "2", "-o", adts, in)
			containertest.Tool(t, "fdkaac", "-S", "-p", profile, "-b", "32000", "-C", "-f", "2", "-o", crc, in)
			containertest.Tool(t, "fdkaac", "-S", "-p", profile, "-b", "32000", "-f", "10", "-o", loas, in)
			core, channels := rate, 2
			if profile != "2" {
				core /= 2
			}
			if profile == "29" {
				channels = 1
			}
			for _, path := range []string{adts, crc, loas} {
				probe(t, path)
				if f := openBytes(t, containertest.File(t, path)).Info().Format; f.SampleRate != core || f.Channels != channels {
					t.Errorf("%s of profile %s at %d Hz: %+v", filepath.Base(path), profile, rate, f)
				}
				files++
			}
		}
	}
	t.Logf("%d files", files)
}

// compare wants two files to hold the same packets of the same format.
func compare(t *testing.T, adts, latm string, rate, channels int) {
	t.Helper()
	a, b := openBytes(t, containertest.File(t, adts)), openBytes(t, containertest.File(t, latm))
	if f := a.Info().Format; f.SampleRate != rate || f.Channels != channels {
		t.Errorf("%d channels at %d Hz: %+v", channels, rate, f)
	}
	if f := b.Info().Format; !bytes.Equal(f.Config[:2], a.Info().Format.Config[:2]) || f.Channels != channels {
		t.Errorf("%d channels at %d Hz: % x in ADTS, % x in LATM", channels, rate, a.Info().Format.Config, f.Config)
	}
	pa, pb := containertest.Rest(t, a), containertest.Rest(t, b)
	if len(pa) != len(pb) {
		t.Fatalf("%d packets in ADTS, %d in LATM", len(pa), len(pb))
	}
	for i := range pa {
		// ffmpeg moves a list of channels out of the first packet into the configuration.
		if !bytes.Equal(pa[i].Data, pb[i].Data) && (i > 0 || !bytes.HasSuffix(pa[i].Data, pb[i].Data)) || pa[i].Time != pb[i].Time {
			t.Fatalf("%d channels at %d Hz: packet %d: %d bytes in ADTS, %d in LATM", channels, rate, i, len(pa[i].Data), len(pb[i].Data))
		}
	}
}

// TestPackedAudio has ffmpeg write HLS in packed audio, as other packagers do.
func TestPackedAudio(t *testing.T) {
	dir := t.TempDir()
	in := wav(t, 44_100, 2)
	containertest.Tool(t, "ffmpeg", "-v", "error", "-i", in, "-c:a", "aac", "-f", "adts", filepath.Join(dir, "a.aac"))
	whole := packets(t, containertest.File(t, filepath.Join(dir, "a.aac")))
	frame := frames(lc, 1, dataOf(whole[:20]))
	path := filepath.Join(dir, "seg.aac")
	if err := os.WriteFile(path, append(id3.AppendTimestamp(nil, 900_000), frame...), 0o600); err != nil {
		t.Fatal(err)
	}
	list := "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.46,\nseg.aac\n#EXT-X-ENDLIST\n"
	if err := os.WriteFile(filepath.Join(dir, "list.m3u8"), []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	out := containertest.Tool(t, "ffprobe", "-v", "error", "-show_entries", "packet=pts_time", "-of", "csv=p=0", filepath.Join(dir, "list.m3u8"))
	s, err := OpenSegment(containertest.File(t, path))
	if err != nil {
		t.Fatal(err)
	}
	ticks, _ := s.Timestamp()
	got := containertest.Rest(t, s)
	times := strings.Fields(strings.ReplaceAll(string(out), ",", " "))
	if len(times) != len(got) {
		t.Fatalf("%d packets, ffprobe sees %d", len(got), len(times))
	}
	for i, v := range times {
		at, err := strconv.ParseFloat(v, 64)
		if want := float64(ticks)/90_000 + media.Frames(got[i].Time).Duration(44_100).Seconds(); err != nil || math.Abs(at-want) > 1e-4 {
			t.Fatalf("packet %d at %f, ffprobe says %s", i, want, v)
		}
	}
}
