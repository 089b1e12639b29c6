package player_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

// forgetful tells codings whose decoders never quite forget what they were fed before: there a seek gives
// the samples of uninterrupted decoding but for an error far below the music.
func (c coding) forgetful() bool { return c.rate == 48_000 && c.name[:4] == "Opus" }

// TestGaplessSeeks begins at a hundred random places of a track, one after the other without a gap, and
// wants the samples that uninterrupted play has there.
func TestGaplessSeeks(t *testing.T) {
	seeks := containertest.Sweep(12, 100)
	pcm, _ := piece([]int{containertest.Sweep(200_000, 1_000_003)})
	for _, c := range codings() {
		if !containertest.Sweep(c.few, true) || c.encode == nil {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			url := c.stored(t, pcm, []int{len(pcm) / 2})[0]
			cfg := player.Config{SampleRate: c.rate}
			whole := played(t, cfg, player.Item{URL: url})
			length := media.Frames(len(whole) / 2).Duration(c.rate)
			rng := rand.New(rand.NewPCG(1, 2))
			var list []player.Item
			var want []float32
			for range seeks {
				it := player.Item{URL: url, Start: time.Duration(rng.Int64N(int64(length - time.Second)))}
				it.Stop = it.Start + 20*time.Millisecond + time.Duration(rng.Int64N(int64(50*time.Millisecond)))
				list = append(list, it)
				want = append(want, whole[2*media.FramesIn(it.Start, c.rate):2*media.FramesIn(it.Stop, c.rate)]...)
			}
			got := played(t, cfg, list...)
			if len(got) != len(want) {
				t.Fatalf("%d frames, want %d", len(got)/2, len(want)/2)
			}
			noise, music := 0.0, 0.0
			for i := range got {
				noise += math.Pow(float64(got[i]-want[i]), 2)
				music += math.Pow(float64(want[i]), 2)
			}
			below := 10 * math.Log10(music/max(noise, 1e-30))
			switch {
			case c.forgetful() && below < 37:
				t.Errorf("%.0f dB below the music", below)
			case !c.forgetful() && noise != 0:
				i := 0
				for ; got[i] == want[i]; i++ {
				}
				t.Errorf("another sample at frame %d: %v, want %v (%.0f dB below the music)", i/2, got[i], want[i], below)
			default:
				t.Logf("%-40s %d seeks, difference %.0f dB below the music", c.name, seeks, below)
			}
		})
	}
}
