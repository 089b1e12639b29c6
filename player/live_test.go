package player_test

import (
	"context"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/playertest"
)

// liveRig is a player that listens to a live stream.
type liveRig struct {
	*player.Player
	out    *playertest.Numbered
	origin *playertest.Live
	link   *playertest.Link
	events []player.Event
	read   chan struct{}
}

// listen starts a player on a live stream; under synctest.
func listen(t testing.TB, origin *playertest.Live, path string, cfg player.Config) *liveRig {
	t.Helper()
	r := &liveRig{out: &playertest.Numbered{}, origin: origin, read: make(chan struct{})}
	r.link = &playertest.Link{Handler: origin, RTT: 30 * time.Millisecond}
	cfg.Sink, cfg.HTTP = r.out, r.link.Client()
	r.Player = player.New(cfg)
	all := r.Events(context.Background())
	go func() {
		defer close(r.read)
		for e := range all {
			r.events = append(r.events, e)
		}
	}()
	r.Append(player.Item{URL: host + path})
	r.Play()
	return r
}

// close ends the player and gives what was heard. The events are complete then.
func (r *liveRig) close(t testing.TB) []playertest.Stretch {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	<-r.read
	return r.out.Stretches()
}

// events gives those of a type.
func events[E any](r *liveRig) (found []E) {
	for _, e := range r.events {
		if w, ok := e.What.(E); ok {
			found = append(found, w)
		}
	}
	return found
}

// sweep is how long a test goes on: d, or ten minutes of the stream's time where SEGUE_SWEEP asks for it.
func sweep(d time.Duration) time.Duration {
	if os.Getenv("SEGUE_SWEEP") != "" {
		return 10 * time.Minute
	}
	return d
}

func TestLivePlaysAlong(t *testing.T) {
	for name, c := range map[string]struct {
		origin *playertest.Live
		behind [2]time.Duration // of the newest frame, at the end
	}{
		"sliding":     {&playertest.Live{Window: 6, Head: time.Minute}, [2]time.Duration{5 * time.Second, 9 * time.Second}},
		"event":       {&playertest.Live{Head: 30 * time.Second, Clock: true}, [2]time.Duration{5 * time.Second, 9 * time.Second}},
		"blocking":    {&playertest.Live{Window: 20, Head: time.Minute, Blocking: true}, [2]time.Duration{5 * time.Second, 9 * time.Second}},
		"low latency": {&playertest.Live{Window: 20, Head: time.Minute, Blocking: true, Parts: 8}, [2]time.Duration{0, 2 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := listen(t, c.origin, "/0.m3u8", player.Config{})
				time.Sleep(40 * time.Second)
				st := r.State()
				age := c.origin.Age()
				if st.Phase != player.Ready || st.Duration != 0 || st.Live == nil {
					t.Errorf("%v, duration %v, live %+v, %v", st.Phase, st.Duration, st.Live, st.Err)
				}
				heard := r.close(t)
				if len(heard) != 1 || heard[0].Dry != 0 {
					t.Fatalf("heard %v", heard)
				}
				if behind := age - time.Duration(heard[0].Next())*time.Second/playertest.Rate; behind < c.behind[0] || behind > c.behind[1] {
					t.Errorf("%v behind the newest frame; %+v at %v", behind, st.Live, st.Position)
				}
				if played := time.Duration(heard[0].Frames) * time.Second / playertest.Rate; played < 39*time.Second {
					t.Errorf("played %v of 40 s", played)
				}
				for _, e := range r.events {
					switch e.What.(type) {
					case player.Rebuffering, player.Failed, player.LiveMoved, player.MusicMissing:
						t.Errorf("%#v", e.What)
					}
				}
			})
		})
	}
}
