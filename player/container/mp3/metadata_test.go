package mp3_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/container/mp3"
	"github.com/segue-audio/segue/player/metadata"
)

// TestLamesOwnGain compares the gain in LAME's header with what LAME itself says of it.
func TestLamesOwnGain(t *testing.T) {
	containertest.Tool(t, "lame", "--version")
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.wav"), filepath.Join(dir, "out.mp3")
	containertest.Tool(t, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "anoisesrc=d=3:a=0.1:seed=1:r=44100", in)
	for _, c := range []struct {
		args   []string
		gained bool
	}{{[]string{"--replaygain-accurate"}, true}, {[]string{"--noreplaygain"}, false},
		{[]string{"--replaygain-accurate", "--tt", "Title", "--add-id3v2"}, true}} {
		args := append(append([]string{"-c", `lame "$@" 2>&1`, "lame", "--nohist"}, c.args...), in, out)
		said := regexp.MustCompile(`ReplayGain: (\S+)dB`).FindStringSubmatch(string(containertest.Tool(t, "sh", args...)))
		data := containertest.File(t, out)
		d, err := mp3.Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		var tagged container.Tagged = d
		m, err := tagged.ReadMetadata(bytes.NewReader(data), metadata.Options{})
		if err != nil {
			t.Fatal(err)
		}
		g := m.Tags
		if (g.TrackGain != nil) != c.gained || len(c.args) > 2 && g.Title != "Title" {
			t.Fatalf("%q: gain %v, title %q", c.args, g.TrackGain, g.Title)
		}
		if !c.gained {
			continue
		}
		if got := fmt.Sprintf("%.1f", *g.TrackGain); len(said) != 2 || got != strings.TrimPrefix(said[1], "+") {
			t.Errorf("%q: gain %s, LAME said %q", c.args, got, said)
		}
		if g.TrackPeak < 0.1 || g.TrackPeak > 0.3 { // the noise's 0.1, and what the encoder's filters add
			t.Errorf("%q: peak %v", c.args, g.TrackPeak)
		}
	}
}
