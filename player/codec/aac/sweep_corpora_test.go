package aac

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/container/containertest"
)

// TestCorpora compares with ffmpeg on files that others made, in whatever container: its demuxers hand
// over the packets.
func TestCorpora(t *testing.T) {
	containertest.Tool(t, "ffmpeg", "-version")
	patterns := []string{"media3/aac/*.aac", "media3/ts/*.ts"}
	if containertest.Sweep(false, true) {
		patterns = append(patterns, "media3/mp4/*.mp4", "media3/mp4/*.m4a", "media3/mp4/*.mov", "media3/mp4/*.MOV",
			"media3/hls/*/*.m3u8", "media3/cmaf/*/*.m3u8", "media3/dash/*/*.mp4", "mp4ff/bbb5s_aac_sidx.mp4", "mp4ff/bbb_prog_10s.mp4")
	}
	compared, replicated, worst := 0, 0, 0.0
	for _, pattern := range patterns {
		for _, path := range containertest.Corpus(t, pattern) {
			data := remuxed(t, path)
			if data == nil {
				continue
			}
			f, packets := splitADTS(t, data)
			f = Inspect(f, packets[0].Data)
			d, err := New(f)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			if d.config.SBR == Present {
				replicated++
				continue
			}
			d.noise = sequentialNoise()
			got, want := codectest.Decode(t, d, packets), reference(t, f, packets)
			if first := d.frames() * d.Channels(); len(got) == len(want)+first {
				got = got[first:] // ffmpeg gives nothing for a first packet that begins with padding
			}
			if len(got) != len(want) {
				t.Errorf("%s: %d samples, ffmpeg gives %d", path, len(got), len(want))
				continue
			}
			rms, w := codectest.Difference(t, got, want)
			compared, worst = compared+1, max(worst, w)
			t.Logf("%-46s %d Hz, %d ch, %4d packets, max %.4f LSB, rms %.5f", filepath.Base(path), d.SampleRate(), d.Channels(), len(packets), w, rms)
			if w > 1 {
				t.Errorf("%s: %v LSB from ffmpeg", path, w)
			}
		}
	}
	t.Logf("%d files, max %.4f LSB; %d more with spectral band replication", compared, worst, replicated)
}

// remuxed gives the AAC packets of a file as ADTS, or nil where there are none, or none in clear.
func remuxed(t testing.TB, path string) []byte {
	if strings.Contains(path, "/drm/") || strings.HasSuffix(path, "sample_fragmented_uuid.mp4") { // PIFF
		return nil
	}
	var options []string
	if strings.HasSuffix(path, ".m3u8") {
		options = []string{"-allowed_extensions", "ALL"}
	}
	out := filepath.Join(t.TempDir(), "out.aac")
	args := append(options, "-loglevel", "error", "-i", path, "-map", "0:a:0", "-c", "copy", "-t", "60", "-f", "adts", out)
	if exec.Command("ffmpeg", args...).Run() != nil {
		return nil
	}
	data, err := os.ReadFile(out)
	if err != nil || len(data) == 0 {
		return nil
	}
	return data
}

// TestSecondOpinion compares with faad, whose authors read the standard for themselves. It keeps the
// first packet to itself.
func TestSecondOpinion(t *testing.T) {
	files := []encoding{
		fdkEncoding("48 kHz", 48000, 2, "-m", "5"),
		ffmpegEncoding("without noise 44.1 kHz", 44100, 2, "-b:a", "128k", "-aac_pns", "0"),
		ffmpegEncoding("without noise 32 kHz", 32000, 2, "-b:a", "64k", "-aac_pns", "0"),
	}
	for _, e := range files[:containertest.Sweep(1, len(files))] {
		t.Run(e.name, func(t *testing.T) {
			f, packets := e.encode(t)
			d, err := New(f)
			if err != nil {
				t.Fatal(err)
			}
			got := codectest.Decode(t, d, packets)[d.frames()*d.Channels():]
			in, out := containertest.Store(t, "in.aac", writeADTS(d.config, packets)), filepath.Join(t.TempDir(), "out.raw")
			containertest.Tool(t, "faad", "-q", "-f", "2", "-b", "4", "-o", out, in)
			rms, w := codectest.Difference(t, got, codectest.Floats(containertest.File(t, out)))
			t.Logf("max %.4f LSB, rms %.5f", w, rms)
			if w > 1 {
				t.Errorf("%v LSB from faad", w)
			}
		})
	}
}
