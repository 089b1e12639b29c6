package mka

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

// agree compares our packets with ffprobe's, whose times are rounded to a millisecond.
func agree(t *testing.T, name string, d *Demuxer, got []media.Packet, want []containertest.Probed) {
	t.Helper()
	if d.track.pcm > 0 { // ours are shorter
		size, all := 0, 0
		for _, p := range got {
			size += len(p.Data)
		}
		for _, w := range want {
			all += w.Size
		}
		if size != all {
			t.Errorf("%s: %d bytes of samples, ffprobe sees %d", name, size, all)
		}
		return
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d packets, ffprobe sees %d", name, len(got), len(want))
		return
	}
	rate := d.Info().Format.SampleRate
	for i, p := range got {
		at := (p.Time - got[1].Time).Duration(rate).Milliseconds()
		if off := at - (want[i].PTS - want[1].PTS); i > 0 && (off > 1 || off < -1) || len(p.Data) != want[i].Size {
			t.Errorf("%s: packet %d of %d bytes at %d ms, ffprobe sees %d bytes at %d", name, i, len(p.Data), at, want[i].Size, want[i].PTS-want[0].PTS)
			return
		}
	}
}

// TestOthers reads what ffmpeg writes, in every coding, and seeks in it.
func TestOthers(t *testing.T) {
	type kind struct {
		args  []string
		rate  int
		start media.Frames
	}
	all := map[string]kind{
		"opus":   {[]string{"-c:a", "libopus"}, 48_000, 312},
		"vorbis": {[]string{"-c:a", "libvorbis"}, 44_100, 0},
		"flac":   {[]string{"-c:a", "flac"}, 44_100, 0},
		"aac":    {[]string{"-c:a", "aac"}, 44_100, 0},
		"mp3":    {[]string{"-c:a", "libmp3lame"}, 44_100, 0},
		"alac":   {[]string{"-c:a", "alac"}, 44_100, 0},
		"s24":    {[]string{"-c:a", "pcm_s24le"}, 44_100, 0},
		"float":  {[]string{"-c:a", "pcm_f32le"}, 48_000, 0},
		"short":  {[]string{"-c:a", "libopus", "-frame_duration", "5", "-cluster_time_limit", "300"}, 48_000, 120},
		"live":   {[]string{"-c:a", "libopus", "-live", "1"}, 48_000, 312},
	}
	few := map[string]kind{"vorbis": all["vorbis"], "flac": all["flac"], "mp3": all["mp3"]}
	for name, c := range containertest.Sweep(few, all) {
		out := filepath.Join(t.TempDir(), "a.mka")
		args := append([]string{"-v", "error", "-f", "lavfi", "-i", fmt.Sprintf("anoisesrc=d=1.7:r=%d:a=0.1", c.rate), "-ac", "2"}, c.args...)
		containertest.Tool(t, "ffmpeg", append(args, "-f", "matroska", out)...)
		data := containertest.File(t, out)
		d, got := containertest.Packets(t, Open, data)
		if f := d.Info().Format; f.SampleRate != c.rate || f.Channels != 2 || d.Info().Trim.Start != c.start {
			t.Errorf("%s: %+v", name, d.Info())
		}
		agree(t, name, d, got, containertest.Probe(t, out))
		last := got[len(got)-1]
		if end := last.Time + last.Duration - c.start; end < media.FramesIn(1.7e9, c.rate) && name != "alac" && name != "aac" && name != "mp3" {
			t.Errorf("%s: ends at %d", name, end)
		}
		for _, i := range []int{len(got) - 1, len(got) / 2, 3, 0} {
			if err := d.Seek(got[i].Time + d.Info().Preroll); err != nil {
				t.Fatal(err)
			}
			rest := containertest.Rest(t, d)
			if i == 0 && name == "vorbis" {
				continue // its first packet and its second are of one time
			}
			if len(rest) > 0 && (len(rest) != len(got)-i || rest[0].Time != got[i].Time) {
				t.Errorf("%s: %d packets from %d on, want %d from %d on", name, len(rest), rest[0].Time, len(got)-i, got[i].Time)
			}
		}
	}
}

// TestCorpus compares the files of the corpora with what ffprobe sees in them.
func TestCorpus(t *testing.T) {
	for _, path := range containertest.Corpus(t, "media3/mka/*.mka") {
		name := filepath.Base(path)
		data := containertest.File(t, path)
		if strings.Contains(name, "dts") {
			containertest.Exercise(t, containertest.Opener(Open), data)
			continue
		}
		d, got := containertest.Packets(t, Open, data)
		agree(t, name, d, got, containertest.Probe(t, path))
		t.Logf("%s: %d packets, %+v, %d frames", name, len(got), d.Info().Trim, d.Duration())
		if containertest.Sweep(false, true) {
			containertest.Run(t, containertest.Opener(Open), data)
		}
	}
}
