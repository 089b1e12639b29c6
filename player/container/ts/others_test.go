package ts

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

// agree compares our packets with those of ffprobe, which counts the headers of ADTS in.
func agree(t *testing.T, name string, got []media.Packet, rate int64, head int, want []containertest.Probed) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d packets, ffprobe sees %d", name, len(got), len(want))
		return
	}
	for i, p := range got {
		at := media.Rescale(want[i].PTS-want[0].PTS, clock, rate)
		if len(p.Data)+head != want[i].Size || int64(p.Time-got[0].Time)-at > 2 || at-int64(p.Time-got[0].Time) > 2 {
			t.Errorf("%s: packet %d of %d bytes at %d, ffprobe sees %d bytes at %d", name, i, len(p.Data), p.Time-got[0].Time, want[i].Size-head, at)
			return
		}
	}
}

// TestOthers reads what ffmpeg writes, and compares with ffprobe.
func TestOthers(t *testing.T) {
	type kind struct {
		args []string
		rate int
		head int
	}
	few := map[string]kind{
		"aac":       {[]string{"-c:a", "aac", "-b:a", "128k"}, 44_100, 7},
		"aac at 48": {[]string{"-c:a", "aac"}, 48_000, 7},
		"aac at 96": {[]string{"-c:a", "aac"}, 96_000, 7},
		"one each":  {[]string{"-c:a", "aac", "-pes_payload_size", "0"}, 44_100, 7},
		"latm":      {[]string{"-c:a", "aac", "-mpegts_flags", "latm"}, 44_100, 0},
		"mp3":       {[]string{"-c:a", "libmp3lame", "-b:a", "128k"}, 44_100, 0},
		"mp3 low":   {[]string{"-c:a", "libmp3lame", "-b:a", "64k"}, 22_050, 0},
	}
	for name, c := range containertest.Sweep(map[string]kind{"aac": few["aac"], "latm": few["latm"], "mp3": few["mp3"]}, few) {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "a.ts")
			args := append([]string{"-v", "error", "-f", "lavfi", "-i", fmt.Sprintf("anoisesrc=d=1.5:r=%d:a=0.1", c.rate), "-ac", "2"}, c.args...)
			containertest.Tool(t, "ffmpeg", append(args, "-f", "mpegts", out)...)
			data := containertest.File(t, out)
			want := containertest.Probe(t, out)
			d, all := containertest.Packets(t, Open, data)
			f := d.Info().Format
			if f.SampleRate != c.rate || f.Channels != 2 {
				t.Errorf("format %+v", f)
			}
			if name == "latm" { // ffprobe counts what LATM has around a packet
				for i := range want {
					want[i].Size = len(all[min(i, len(all)-1)].Data)
				}
			}
			agree(t, name, all, int64(c.rate), c.head, want)
			if end := all[len(all)-1].Time + all[len(all)-1].Duration; d.Duration() != end {
				t.Errorf("duration %d, the packets end at %d", d.Duration(), end)
			}
			s, err := OpenSegment(data)
			if err != nil {
				t.Fatal(err)
			}
			got := containertest.Rest(t, s)
			if ticks, ok := s.Timestamp(); !ok || ticks != want[0].PTS || int64(got[0].Time) != media.Rescale(ticks, clock, int64(c.rate)) {
				t.Errorf("the segment begins at %d, %d, %v, ffprobe sees %d", got[0].Time, ticks, ok, want[0].PTS)
			}
			agree(t, name+" segment", got, int64(c.rate), c.head, want)
		})
	}
}

// TestOthersRefused names what ffmpeg writes and we don't take apart.
func TestOthersRefused(t *testing.T) {
	for codec, want := range map[string]string{"ac3": "AC-3", "eac3": "E-AC-3", "libopus": "Opus", "mp2": "another layer"} {
		out := filepath.Join(t.TempDir(), "a.ts")
		containertest.Tool(t, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=d=1:r=48000", "-c:a", codec, "-f", "mpegts", out)
		if _, err := OpenSegment(containertest.File(t, out)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", codec, err, want)
		}
	}
}

// TestHLS puts the segments of ffmpeg's HLS together, whose packets must be those of the source.
func TestHLS(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "a.aac")
	containertest.Tool(t, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=d=8:r=44100", "-c:a", "aac", source)
	containertest.Tool(t, "ffmpeg", "-v", "error", "-i", source, "-c:a", "copy", "-f", "hls", "-hls_time", "2", "-hls_list_size", "0",
		"-hls_segment_filename", filepath.Join(dir, "%d.ts"), filepath.Join(dir, "a.m3u8"))
	parts, err := filepath.Glob(filepath.Join(dir, "*.ts"))
	if err != nil || len(parts) < 4 {
		t.Fatalf("%d segments, %v", len(parts), err)
	}
	slices.Sort(parts)
	var es []byte
	next := media.Frames(-1)
	for _, path := range parts {
		s, err := OpenSegment(containertest.File(t, path))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range containertest.Rest(t, s) {
			if next >= 0 && (p.Time > next+1 || p.Time < next-1) {
				t.Fatalf("%s: packet at %d, want %d", filepath.Base(path), p.Time, next)
			}
			next = p.Time + p.Duration
			es = append(es, p.Data...)
		}
	}
	var want []byte
	for data := containertest.File(t, source); len(data) > 7; {
		size := int(data[3]&3)<<11 | int(data[4])<<3 | int(data[5])>>5
		want = append(want, data[7:size]...)
		data = data[size:]
	}
	if !bytes.Equal(es, want) {
		t.Errorf("%d bytes (MD5 %s), want %d", len(es), sum(es), len(want))
	}
}

func sum(b []byte) string { v := md5.Sum(b); return hex.EncodeToString(v[:]) }

// TestCorpus compares the transport streams of the corpora with what ffprobe sees in them.
func TestCorpus(t *testing.T) {
	for _, path := range containertest.Corpus(t, "media3/hls/*/*.ts") {
		data := containertest.File(t, path)
		d, all := containertest.Packets(t, Open, data)
		agree(t, filepath.Base(path), all, int64(d.Info().Format.SampleRate), 7, containertest.Probe(t, path))
	}
}
