package mp4

import (
	"bytes"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

// TestCorpus reads the files of the corpora and wants the packets that ffprobe sees. Those that are refused
// are encrypted, have no sound, or have a coding that no one here plays.
func TestCorpus(t *testing.T) {
	read := 0
	for _, pattern := range []string{"media3/mp4/*.mp4", "media3/mp4/*.m4a", "media3/mp4/*.mov", "mp4ff/*.mp4"} {
		paths, err := filepath.Glob(filepath.Join(filepath.Dir(containertest.Corpus(t, "media3/mp4/*")[0]), "..", "..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for i, path := range paths {
			switch filepath.Base(path) {
			case "sample_ac3_aac.mp4": // the first track is the one that we can't play
				continue
			case "sample_malformed_free_box.mp4": // ffprobe doesn't read it
				continue
			}
			if i%containertest.Sweep(6, 1) != 0 {
				continue
			}
			data := containertest.File(t, path)
			d, err := Open(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				t.Logf("%s: %v", filepath.Base(path), err)
				continue
			}
			all, err := containertest.Drain(d)
			if d.Info().Format.Codec == media.CodecPCM {
				continue // packets are of our own making
			}
			var got []string
			for _, p := range all {
				got = append(got, strconv.Itoa(len(p.Data)))
			}
			out := containertest.Tool(t, "ffprobe", "-v", "quiet", "-ignore_editlist", "1", "-select_streams", "a:0", "-show_entries", "packet=size", "-of", "csv=p=0", path)
			want := strings.Fields(strings.ReplaceAll(string(out), ",", ""))
			if strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("%s: %d packets, ffprobe sees %d (%v, %+v)", filepath.Base(path), len(got), len(want), err, d.Info().Format)
			}
			read++
		}
	}
	if read < 5 {
		t.Errorf("only %d files were read", read)
	}
}

// TestPartlyOfOthers reads what ffmpeg writes when it isn't asked to leave moov empty.
func TestPartlyOfOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.mp4")
	containertest.Tool(t, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "anoisesrc=d=3:r=44100:a=0.1", "-c:a", "aac",
		"-movflags", "frag_keyframe", "-frag_duration", "700000", path)
	_, all := containertest.Packets(t, Open, containertest.File(t, path))
	out := containertest.Tool(t, "ffprobe", "-v", "quiet", "-ignore_editlist", "1", "-show_entries", "packet=size", "-of", "csv=p=0", path)
	want := strings.Fields(strings.ReplaceAll(string(out), ",", ""))
	if len(all) != len(want) {
		t.Fatalf("%d packets, ffprobe sees %d", len(all), len(want))
	}
	for i, p := range all {
		if strconv.Itoa(len(p.Data)) != want[i] || p.Time != media.Frames(i)*1024 {
			t.Fatalf("packet %d of %d bytes at %d, ffprobe sees %s bytes", i, len(p.Data), p.Time, want[i])
		}
	}
}
