package player_test

import (
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// TestMP4OverHTTP plays M4A files whose moov stands behind the music or in front, by ranges: the source's bits,
// in few requests.
func TestMP4OverHTTP(t *testing.T) {
	pcm, want := piece([]int{500_003, 300_001})
	c := coding{rate: playertest.Rate}
	s := playertest.NewService()
	for name, args := range map[string][]string{"behind": {"-c:a", "alac"}, "front": {"-c:a", "alac", "-movflags", "+faststart"}} {
		c.encode = ffmpeg("a.m4a", args...)
		part := pcm[:2*500_003]
		if name == "front" {
			part = pcm[2*500_003:]
		}
		path := c.stored(t, part, []int{len(part) / 2})[0]
		s.Put("/"+name+filepath.Ext(path), containertest.File(t, path))
	}
	synctest.Test(t, func(t *testing.T) {
		r := start(t, &playertest.Link{Handler: s, RTT: 20 * time.Millisecond}, player.Config{}, sink.RealTime, host+"/behind.m4a", host+"/front.m4a")
		r.Play()
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(r.out.Music(), want) {
			t.Error("not the source's bits")
		}
		if n, frames := r.out.Gaps(); n != 0 {
			t.Errorf("%d gaps of %d frames", n, frames)
		}
		for _, name := range []string{"/behind.m4a", "/front.m4a"} {
			t.Logf("%s: %d requests", name, s.Served(name))
			if n := s.Served(name); n > 16 {
				t.Errorf("%s: %d requests", name, n)
			}
		}
	})
}
