package player_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// TestRadioOverSockets listens to a server that answers as SHOUTcast did, over TCP and with the player's own
// transport, and that hangs up on the way.
func TestRadioOverSockets(t *testing.T) {
	audio, want := recording(t, "a.mp3", 20, "-c:a", "libmp3lame", "-b:a", "128k", "-write_xing", "0", "-id3v2_version", "0")
	const burst = 64 << 10
	b := &broadcast{
		audio: audio, rate: mp3Rate, burst: burst, interval: 4096, title: func(int) string { return "A - B" },
		cut: func(nth int) int { return []int{0, burst + 3_001, 0}[min(nth, 2)] }, // the first one finds out what it is
	}
	in, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := in.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { b.serve(c) })
		}
	})
	out := &playertest.Capture{Pace: sink.Unpaced}
	p := player.New(player.Config{Sink: out})
	p.Append(player.Item{URL: "http://" + in.Addr().String() + "/", Stop: 6 * time.Second})
	p.Play()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := p.Wait(ctx); err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	_ = in.Close()
	serving.Wait()
	parts := stretches(out.Music(), want)
	if len(parts) != 1 || parts[0].heard > 4*1152 || parts[0].heard+parts[0].frames != 6*playertest.Rate || len(b.joins()) != 3 {
		t.Errorf("%v of %d frames; joined at %v", parts, len(out.Music())/2, b.joins())
	}
}
