package player_test

import (
	"context"
	"slices"
	"strings"
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
	r := listenOver(&playertest.Link{Handler: origin, RTT: 30 * time.Millisecond}, path, cfg)
	r.origin = origin
	return r
}

// listenOver is listen with a link of another kind.
func listenOver(link *playertest.Link, path string, cfg player.Config) *liveRig {
	r := &liveRig{out: &playertest.Numbered{}, link: link, read: make(chan struct{})}
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

func TestLivePlaysAlong(t *testing.T) {
	for name, c := range map[string]struct {
		origin *playertest.Live
		behind [2]time.Duration // of the newest frame, at the end
	}{
		"sliding":      {&playertest.Live{Window: 6, Head: time.Minute}, [2]time.Duration{5 * time.Second, 9 * time.Second}},
		"event":        {&playertest.Live{Head: 30 * time.Second, Clock: true}, [2]time.Duration{5 * time.Second, 9 * time.Second}},
		"blocking":     {&playertest.Live{Window: 20, Head: time.Minute, Blocking: true}, [2]time.Duration{5 * time.Second, 9 * time.Second}},
		"low latency":  {&playertest.Live{Window: 20, Head: time.Minute, Blocking: true, Parts: 8}, [2]time.Duration{0, 2 * time.Second}},
		"DASH":         {&playertest.Live{Window: 10, Head: time.Minute}, [2]time.Duration{5 * time.Second, 9 * time.Second}},
		"DASH, listed": {&playertest.Live{Window: 10, Head: time.Minute, Timeline: true}, [2]time.Duration{5 * time.Second, 9 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				path := "/0.m3u8"
				if strings.HasPrefix(name, "DASH") {
					path = "/live.mpd"
				}
				r := listen(t, c.origin, path, player.Config{})
				time.Sleep(20 * time.Second)
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
				if played := time.Duration(heard[0].Frames) * time.Second / playertest.Rate; played < 19*time.Second {
					t.Errorf("played %v of 20 s", played)
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

// expected are the faults of a stream, as they are heard: where a stretch begins that doesn't go on from the
// one before, by how many frames it is off, and how many silent frames lie between.
func checkStretches(t *testing.T, heard []playertest.Stretch, want ...[2]int64) {
	t.Helper()
	if len(heard) != 1+len(want) {
		t.Errorf("%d stretches, want %d: %v", len(heard), 1+len(want), heard)
		return
	}
	for i, w := range want {
		if off := heard[i+1].First - heard[i].Next(); off != w[0] || heard[i+1].Silence != w[1] {
			t.Errorf("fault %d: off by %d frames with %d silent, want %d with %d: %v", i, off, heard[i+1].Silence, w[0], w[1], heard)
		}
	}
}

const liveSecond = playertest.Rate

// trouble is what befalls an origin, and what is to come of it.
type trouble struct {
	origin *playertest.Live
	want   [][2]int64 // frames left out, frames of silence
	moved  []player.Reason
	missed []player.Reason
	kinds  []player.Kind
	dry    bool // the music runs dry
}

func troubles() map[string]trouble {
	return map[string]trouble{
		"discontinuity": {
			origin: &playertest.Live{Window: 6, Head: 20 * time.Second, Segment: time.Second, Runs: []playertest.Run{
				{Names: "a"}, {From: 26*time.Second + 123*time.Millisecond, Keep: true, Names: "b", Times: 99_000_000, Other: true},
				{From: 31*time.Second + 7*time.Millisecond, Keep: true, Names: "c", Times: 5},
			}},
		},
		"discontinuity in parts": {
			origin: &playertest.Live{Window: 12, Head: 20 * time.Second, Segment: time.Second, Blocking: true, Parts: 5, Runs: []playertest.Run{
				{Names: "a"}, {From: 26 * time.Second, Keep: true, Names: "b", Times: 99_000_000, Other: true},
			}},
		},
		"restart, numbers go on": {
			origin: &playertest.Live{Window: 6, Head: 20 * time.Second, Segment: time.Second, Clock: true, Runs: []playertest.Run{
				{Names: "a", Until: 26 * time.Second}, {From: 28 * time.Second, Keep: true, Names: "b"},
			}},
			want: [][2]int64{{2 * liveSecond, 0}}, dry: true,
		},
		"restart, numbers from zero": {
			origin: &playertest.Live{Window: 6, Head: 20 * time.Second, Segment: time.Second, Runs: []playertest.Run{
				{Names: "a", Until: 26 * time.Second}, {From: 27 * time.Second, Names: "b"},
			}},
			want:  [][2]int64{{liveSecond, 0}},
			moved: []player.Reason{player.ReasonServer},
		},
		"restart, same names, from zero": {
			origin: &playertest.Live{Window: 6, Head: 20 * time.Second, Segment: time.Second, Runs: []playertest.Run{
				{Until: 26 * time.Second}, {From: 27 * time.Second, Other: true},
			}},
			want:  [][2]int64{{liveSecond, 0}},
			moved: []player.Reason{player.ReasonServer},
		},
		"frozen": {
			origin: &playertest.Live{Window: 30, Head: 20 * time.Second, Segment: time.Second, Frozen: []playertest.Span{{From: 25 * time.Second, Until: 36 * time.Second}}},
			kinds:  []player.Kind{player.KindStale}, dry: true,
		},
		"frozen, parts": {
			origin: &playertest.Live{Window: 30, Head: 20 * time.Second, Segment: time.Second, Blocking: true, Parts: 4, Frozen: []playertest.Span{{From: 25 * time.Second, Until: 36 * time.Second}}},
			kinds:  []player.Kind{player.KindStale}, dry: true,
		},
		"gap": {
			origin: &playertest.Live{Window: 6, Head: 20 * time.Second, Segment: time.Second, Gap: func(_, _ int, n int64) bool { return n == 26 }},
			want:   [][2]int64{{liveSecond, liveSecond}},
			missed: []player.Reason{player.ReasonGap},
		},
		"DASH, new periods": {
			origin: &playertest.Live{Window: 8, Head: 20 * time.Second, Segment: time.Second, Timeline: true, Runs: []playertest.Run{
				{Names: "a"}, {From: 26 * time.Second, Names: "b", Times: 99_000_000, Other: true},
				{From: 31*time.Second + 10*time.Millisecond, Names: "c", Times: 5},
			}},
		},
		"DASH, frozen": {
			origin: &playertest.Live{Window: 30, Head: 20 * time.Second, Segment: time.Second, Timeline: true, Frozen: []playertest.Span{{From: 25 * time.Second, Until: 36 * time.Second}}},
			kinds:  []player.Kind{player.KindStale}, dry: true,
		},
		"late segments": {
			origin: &playertest.Live{Window: 6, Head: 20 * time.Second, Segment: time.Second, Late: 450 * time.Millisecond},
		},
	}
}

func TestLiveTroubles(t *testing.T) {
	for name, c := range troubles() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				path := "/0.m3u8"
				if strings.HasPrefix(name, "DASH") {
					path = "/live.mpd"
				}
				r := listen(t, c.origin, path, player.Config{})
				time.Sleep(25 * time.Second)
				if st := r.State(); st.Phase != player.Ready {
					t.Errorf("%v, %+v, at %v", st.Phase, st.Live, st.Position)
				}
				heard := r.close(t)
				checkStretches(t, heard, c.want...)
				if name == "restart, same names, from zero" && c.origin.Asked("/init.mp4") != 2 {
					t.Error("the init section of before was used again")
				}
				var moved, missed []player.Reason
				for _, e := range events[player.LiveMoved](r) {
					moved = append(moved, e.Reason)
				}
				for _, e := range events[player.MusicMissing](r) {
					missed = append(missed, e.Reason)
				}
				var kinds []player.Kind
				for _, e := range events[player.Failed](r) {
					kinds = append(kinds, e.Err.Kind)
					if e.Err.Fatal {
						t.Error(e.Err)
					}
				}
				if !slices.Equal(moved, c.moved) || !slices.Equal(missed, c.missed) || !slices.Equal(kinds, c.kinds) {
					t.Errorf("moved %v, missed %v, failed %v", moved, missed, kinds)
				}
				if n := len(events[player.Rebuffering](r)); n != len(events[player.Rebuffered](r)) || n > 0 && !c.dry {
					t.Errorf("ran dry %d times: %v", n, heard)
				}
			})
		})
	}
}
