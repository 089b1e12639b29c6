package mp3

import (
	"fmt"
	"testing"

	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

// mpg123 decodes a file with mpg123's plain C decoder, to floats.
func mpg123(t testing.TB, path string) []float32 {
	t.Helper()
	return codectest.Floats(containertest.Tool(t, "mpg123", "-q", "-e", "f32", "--no-gapless", "--no-resync", "--cpu", "generic", "-s", path))
}

// TestOtherModes lets mpg123 say what frames mean that no encoder makes.
func TestOtherModes(t *testing.T) {
	frames := containertest.Sweep(25, 400)
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
			want := mpg123(t, containertest.Store(t, "a.mp3", file))
			d, err := New(media.Format{Codec: media.CodecMP3, SampleRate: rate, Channels: h.channels()})
			if err != nil {
				t.Fatal(err)
			}
			pcm := codectest.Decode(t, d, all)
			what := fmt.Sprintf("%d Hz, %s", rate, name)
			if len(pcm) != len(want) {
				t.Errorf("%s: %d samples, mpg123 has %d", what, len(pcm), len(want))
				continue
			}
			_, most := codectest.Difference(t, pcm, want)
			worst = max(worst, most)
			if most > 1 {
				t.Errorf("%s: %.2f LSB apart", what, most)
			}
		}
	}
	t.Logf("%d streams, at most %.4f LSB apart", 4*len(rates), worst)
}
