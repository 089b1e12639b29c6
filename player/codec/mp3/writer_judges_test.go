package mp3

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/segue-audio/segue/player/media"
)

// floats takes what a decoder wrote, 32-bit floats.
func floats(b []byte) []float32 {
	pcm := make([]float32, len(b)/4)
	for i := range pcm {
		pcm[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return pcm
}

// mpg123 decodes a file with mpg123's plain C decoder, to floats.
func mpg123(t testing.TB, path string) []float32 {
	t.Helper()
	if _, err := exec.LookPath("mpg123"); err != nil {
		t.Skip("mpg123 isn't installed")
	}
	out, err := exec.Command("mpg123", "-q", "-e", "f32", "--no-gapless", "--no-resync", "--cpu", "generic", "-s", path).Output()
	if err != nil {
		t.Fatalf("mpg123 %s: %v", path, err)
	}
	return floats(out)
}

// TestOtherModes lets mpg123 say what frames mean that no encoder makes.
func TestOtherModes(t *testing.T) {
	frames := 25
	if os.Getenv("SEGUE_SWEEP") != "" {
		frames = 400
	}
	path := filepath.Join(t.TempDir(), "a.mp3")
	worst := 0.0
	for rateIndex, rate := range rates {
		for mode, name := range []string{"stereo", "joint", "mono", "free"} {
			h := header{rateIndex: rateIndex, mono: mode == 2, checksum: rateIndex%2 == mode%2}
			g := newWriter(uint64(10*rateIndex+mode), h)
			g.joint = mode == 1
			if mode == 3 {
				g.free = 1700
			}
			var all []media.Packet
			var file []byte
			for range frames {
				f := g.frame()
				all = append(all, media.Packet{Data: f})
				file = append(file, f...)
			}
			if err := os.WriteFile(path, file, 0o600); err != nil {
				t.Fatal(err)
			}
			want := mpg123(t, path)
			d, err := New(media.Format{Codec: media.CodecMP3, SampleRate: rate, Channels: h.channels()})
			if err != nil {
				t.Fatal(err)
			}
			pcm := make([]float32, 0, len(want))
			dst := make([]float32, 1152*2)
			for i := range all {
				n, err := d.Decode(dst, &all[i])
				if err != nil {
					t.Fatalf("%d Hz, %s: frame %d: %v", rate, name, i, err)
				}
				pcm = append(pcm, dst[:n*d.Channels()]...)
			}
			what := fmt.Sprintf("%d Hz, %s", rate, name)
			if len(pcm) != len(want) {
				t.Errorf("%s: %d samples, mpg123 has %d", what, len(pcm), len(want))
				continue
			}
			most, at := 0.0, 0
			for i, v := range pcm {
				if e := math.Abs(float64(v - want[i])); e > most {
					most, at = e, i
				}
			}
			worst = max(worst, most)
			if most > 1.0/32_768 {
				t.Errorf("%s: %.2f LSB apart in frame %d", what, most*32_768, at/d.Channels()/h.granules()/granuleSamples)
			}
		}
	}
	t.Logf("%d streams, at most %.4f LSB apart", 4*len(rates), worst*32_768)
}
