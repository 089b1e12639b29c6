package player_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// TestGaplessCommands seeks by command in what plays: the frame that is heard is the one that was asked for.
func TestGaplessCommands(t *testing.T) {
	seeks := containertest.Sweep(8, 100)
	for _, c := range codings() {
		if c.name != "FLAC" && c.name != "FLAC in fMP4, HLS" {
			continue
		}
		pcm, want := piece([]int{600_011})
		url := c.stored(t, pcm, []int{len(pcm) / 2})[0]
		synctest.Test(t, func(t *testing.T) {
			r := start(t, &playertest.Link{}, player.Config{SampleRate: c.rate}, sink.RealTime)
			defer r.Close()
			r.Append(player.Item{URL: url})
			r.Play()
			rng := rand.New(rand.NewPCG(3, 4))
			for range seeks {
				time.Sleep(200 * time.Millisecond)
				r.Pause()
				time.Sleep(50 * time.Millisecond)
				to := time.Duration(rng.Int64N(int64(12 * time.Second)))
				if err := r.Seek(context.Background(), to); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				before := len(r.out.Music())
				r.Play()
				time.Sleep(100 * time.Millisecond)
				synctest.Wait()
				heard := r.out.Music()[before:]
				const fade = 2 * 441 // the start is faded in
				at := 2 * int(media.FramesIn(to, c.rate))
				if len(heard) < 4*fade || !slices.Equal(heard[fade:2*fade], want[at+fade:at+2*fade]) {
					t.Fatalf("%s: Seek(%v): %d frames heard, others than at frame %d", c.name, to, len(heard)/2, at/2)
				}
			}
		})
	}
}
