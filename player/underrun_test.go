package player_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// gulper is a sink that takes more at a time than any ring holds, so that each time some is missing though
// the music is there.
type gulper struct{ stop context.CancelFunc }

const gulp = 1500 * time.Millisecond

// Start implements sink.Sink.
func (g *gulper) Start(want sink.Format, src sink.Source) (sink.Format, error) {
	ctx, stop := context.WithCancel(context.Background())
	g.stop = stop
	go func() {
		ticker := time.NewTicker(gulp)
		defer ticker.Stop()
		buf := make([]float32, int(media.FramesIn(gulp, want.SampleRate))*want.Channels)
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				src.Pull(buf)
			}
		}
	}()
	return want, nil
}

// Latency implements sink.Sink.
func (*gulper) Latency() media.Frames { return 0 }

// Drain implements sink.Sink.
func (*gulper) Drain(context.Context) error { return nil }

// Close implements sink.Sink.
func (g *gulper) Close() error { g.stop(); return nil }

// TestUnderrunsAreToldNowAndThen: an output that underruns all the time is told of every five seconds at
// most, with the count of all since.
func TestUnderrunsAreToldNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, _ := album(t, s, 60*playertest.Rate)
		link := &playertest.Link{Handler: s}
		p := player.New(player.Config{Sink: &gulper{}, HTTP: link.Client()})
		var told []player.Event
		events, read := p.Events(context.Background()), make(chan struct{})
		go func() {
			defer close(read)
			for e := range events {
				if _, ok := e.What.(player.Underrun); ok {
					told = append(told, e)
				}
			}
		}()
		p.Append(player.Item{URL: urls[0]})
		p.Play()
		time.Sleep(40 * time.Second)
		st := p.State()
		p.Close()
		<-read
		sum := 0
		for i, e := range told {
			sum += e.What.(player.Underrun).N
			if i > 0 && e.Time.Sub(told[i-1].Time) < 5*time.Second {
				t.Errorf("told again after %v", e.Time.Sub(told[i-1].Time))
			}
		}
		// Those of the last five seconds are not told yet.
		if len(told) < 6 || sum > st.Stats.Underruns || sum < st.Stats.Underruns-4 || st.Stats.Underruns < 20 || st.Stats.Rebuffers != 0 {
			t.Errorf("%d events of %d underruns in all, stats %+v", len(told), sum, st.Stats)
		}
	})
}
