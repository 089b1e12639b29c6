package player_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/playertest"
)

func about(a, b, within time.Duration) bool { return (a - b).Abs() <= within }

func TestLiveSeeks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		origin := &playertest.Live{Window: 60, Segment: time.Second, Head: 2 * time.Minute, Clock: true}
		r := listen(t, origin, "/0.m3u8", player.Config{})
		ctx := context.Background()
		if err := r.SeekLive(ctx); !errors.Is(err, player.KindArgument) && err != nil {
			t.Errorf("before anything is known: %v", err)
		}
		time.Sleep(5 * time.Second)
		st := r.State()
		edge := st.Live.Edge
		if !about(st.Live.End-st.Live.Start, time.Minute, 2*time.Second) || !about(st.Live.Behind, 3*time.Second, 1500*time.Millisecond) || !st.Live.Sliding {
			t.Errorf("%+v at %v", st.Live, st.Position)
		}
		if ago := time.Since(st.Live.Time); !about(ago, 4*time.Second, 2*time.Second) {
			t.Errorf("what is heard was live %v ago", ago)
		}
		seek := func(to time.Duration) time.Duration {
			t.Helper()
			if err := r.Seek(ctx, to); err != nil {
				t.Fatal(err)
			}
			return r.State().Position
		}
		if got := seek(edge - 30*time.Second); !about(got, edge-30*time.Second, 20*time.Millisecond) {
			t.Errorf("half a minute back is %v, from %v", got, edge)
		}
		time.Sleep(3 * time.Second)
		if st := r.State(); !about(st.Live.Behind, 33*time.Second, 2*time.Second) {
			t.Errorf("behind %v", st.Live.Behind)
		}
		if got := seek(0); !about(got, r.State().Live.Start, 2*time.Second) {
			t.Errorf("the beginning is %v, the window begins at %v", got, r.State().Live.Start)
		}
		time.Sleep(2 * time.Second)
		if got := seek(time.Hour); !about(got, r.State().Live.Edge, time.Second) {
			t.Errorf("in an hour is %v, the edge is %v", got, r.State().Live.Edge)
		}
		seek(edge - 10*time.Second)
		if err := r.SeekLive(ctx); err != nil {
			t.Fatal(err)
		}
		if st := r.State(); !about(st.Position, st.Live.Edge, time.Second) {
			t.Errorf("the edge is %v, heard is %v", st.Live.Edge, st.Position)
		}
		r.Previous()
		time.Sleep(5 * time.Second)
		if st := r.State(); !about(st.Position, st.Live.Edge, 1500*time.Millisecond) {
			t.Errorf("again at the beginning: %v of %+v", st.Position, st.Live)
		}
		r.close(t)
		for _, e := range events[player.Failed](r) {
			t.Error(e.Err)
		}
	})
}

// TestLivePause pauses for longer than the window.
func TestLivePause(t *testing.T) {
	for name, c := range map[string]struct {
		window int
		behind time.Duration // where it goes on
	}{
		"short window": {8, 34 * time.Second},
		"long window":  {40, 70 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				origin := &playertest.Live{Window: c.window, Segment: time.Second, Head: 2 * time.Minute}
				r := listen(t, origin, "/0.m3u8", player.Config{})
				time.Sleep(5 * time.Second)
				r.Pause()
				time.Sleep(3 * time.Minute)
				paused := r.State()
				if !about(paused.Live.Behind, 3*time.Minute+3*time.Second, 2*time.Second) {
					t.Errorf("paused: %+v at %v", paused.Live, paused.Position)
				}
				lists := origin.Asked("/0.m3u8")
				if lists < 150 || lists > 250 {
					t.Errorf("%d lists were asked for in three minutes", lists)
				}
				r.Play()
				time.Sleep(45 * time.Second)
				st := r.State()
				heard := r.close(t)
				if len(heard) != 3 || !about(st.Live.Behind, c.behind, 3*time.Second) || st.Stats.Rebuffers > 1 {
					t.Fatalf("%+v at %v; heard %v", st.Live, st.Position, heard)
				}
				moved := events[player.LiveMoved](r)
				if len(moved) != 1 || moved[0].Reason != player.ReasonWindow {
					t.Fatalf("%+v", moved)
				}
				left := time.Duration(heard[2].First-heard[1].Next()) * time.Second / playertest.Rate
				if !about(moved[0].To-moved[0].From, left, time.Millisecond) {
					t.Errorf("told of %v to %v; %v are left out", moved[0].From, moved[0].To, left)
				}
			})
		})
	}
}

// TestLiveEnds: the list is closed at last, and the next entry follows without a gap.
func TestLiveEnds(t *testing.T) {
	for name, origin := range map[string]*playertest.Live{
		"whole segments": {Window: 10, Segment: time.Second, Head: 20 * time.Second, End: 31*time.Second + 333*time.Millisecond},
		"parts":          {Window: 10, Segment: time.Second, Head: 20 * time.Second, End: 31*time.Second + 333*time.Millisecond, Blocking: true, Parts: 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := listen(t, origin, "/live.m3u8", player.Config{})
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				if err := r.Wait(ctx); err != nil {
					t.Errorf("%v: %+v", err, r.State())
				}
				st := r.State()
				heard := r.close(t)
				if end := int64(origin.End.Seconds() * playertest.Rate); len(heard) != 1 || heard[0].Next() < end-1 || heard[0].Next() > end {
					t.Errorf("heard %v, the last frame is %d", heard, end)
				}
				if st.Live != nil || st.Phase != player.Ended {
					t.Errorf("after the end: live %+v, %v", st.Live, st.Phase)
				}
			})
		})
	}
}

// TestLiveSwitches goes from rendition to rendition, which are numbered alike and have the same cuts; one lacks
// segments that the other has.
func TestLiveSwitches(t *testing.T) {
	for name, origin := range map[string]*playertest.Live{
		"numbers":     {Window: 10, Segment: time.Second, Head: 20 * time.Second, Renditions: 3},
		"clock":       {Window: 10, Segment: time.Second, Head: 20 * time.Second, Renditions: 3, Clock: true},
		"low latency": {Window: 12, Segment: time.Second, Head: 20 * time.Second, Renditions: 3, Blocking: true, Parts: 4},
		"DASH":        {Window: 10, Segment: time.Second, Head: 20 * time.Second, Renditions: 3, Timeline: true},
		"gaps in one": {Window: 10, Segment: time.Second, Head: 20 * time.Second, Renditions: 3, Gap: func(r, _ int, n int64) bool { return r == 2 && n%5 == 0 }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				path := "/live.m3u8"
				if name == "DASH" {
					path = "/live.mpd"
				}
				r := listen(t, origin, path, player.Config{Selection: player.Selection{Mode: player.ModeHighest}})
				modes := []player.Mode{player.ModeLowest, player.ModeHighest}
				for i := range 7 {
					time.Sleep(2300 * time.Millisecond)
					r.SetRendition(player.Selection{Mode: modes[i%2]})
				}
				st := r.State()
				heard := r.close(t)
				if len(heard) != 1 || st.Stats.Rebuffers > 0 {
					t.Errorf("heard %v, ran dry %d times", heard, st.Stats.Rebuffers)
				}
				if n := len(events[player.RenditionChanged](r)); n < 6 {
					t.Errorf("%d changes of rendition", n)
				}
			})
		})
	}
}

// TestLiveAfterSilence: the network is away for longer than the window.
func TestLiveAfterSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		origin := &playertest.Live{Window: 8, Segment: time.Second, Head: 30 * time.Second}
		r := listenOver(&playertest.Link{
			Handler: origin, RTT: 30 * time.Millisecond,
			Dark: func(since time.Duration) bool { return since > 6*time.Second && since < 40*time.Second },
		}, "/0.m3u8", player.Config{})
		time.Sleep(60 * time.Second)
		st := r.State()
		heard := r.close(t)
		if len(heard) != 2 || !about(st.Live.Behind, 5*time.Second, 3*time.Second) || st.Phase != player.Ready {
			t.Errorf("%v, %+v at %v; heard %v", st.Phase, st.Live, st.Position, heard)
		}
		if moved := events[player.LiveMoved](r); len(moved) != 1 {
			t.Errorf("%+v", moved)
		}
		for _, e := range events[player.Failed](r) {
			if e.Err.Fatal {
				t.Error(e.Err)
			}
		}
	})
}
