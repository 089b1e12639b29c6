package player_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// TestSeekStorm: of many seeks in quick succession each returns, the last one counts, and few of them
// cost the network anything.
func TestSeekStorm(t *testing.T) {
	for _, apart := range []time.Duration{0, 3 * time.Millisecond, 60 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			s := playertest.NewService()
			urls, whole := album(t, s, 60*playertest.Rate)
			link := &playertest.Link{Handler: s, RTT: 40 * time.Millisecond}
			r := start(t, link, player.Config{Selection: player.Selection{Mode: player.ModeHighest}}, sink.RealTime, urls...)
			r.Play()
			time.Sleep(2 * time.Second)
			before := link.Requests()
			const seeks = 50
			results := make([]error, seeks)
			var all sync.WaitGroup
			for i := range seeks {
				to := time.Duration(i+5) * time.Second
				all.Go(func() { results[i] = r.Seek(context.Background(), to) })
				if apart > 0 {
					time.Sleep(apart)
				} else {
					synctest.Wait()
				}
			}
			all.Wait()
			if results[seeks-1] != nil {
				t.Errorf("the last: %v", results[seeks-1])
			}
			for i, err := range results[:seeks-1] {
				if err != nil && !errors.Is(err, player.ErrSuperseded) {
					t.Errorf("seek %d: %v", i, err)
				}
			}
			to := time.Duration(seeks+4) * time.Second
			if off := r.State().Position - to; off < 0 || off > 50*time.Millisecond+apart {
				t.Errorf("%v apart: at %v, wanted %v", apart, r.State().Position, to)
			}
			mark := len(r.out.Music())
			time.Sleep(300 * time.Millisecond)
			at := int(media.FramesIn(to, playertest.Rate))
			if find(r.out.Music()[mark+2*fadeFrames:], whole, at, at+playertest.Rate/2) < 0 {
				t.Errorf("%v apart: something else is heard", apart)
			}
			t.Logf("%v apart: %d requests", apart, link.Requests()-before)
			r.Close()
			<-r.read
			if n := len(count[player.TrackStarted](r)); n != 1 {
				t.Errorf("%d tracks started", n)
			}
			if n := len(count[player.TrackEnded](r)); n != 0 {
				t.Errorf("%d tracks ended", n)
			}
		})
	}
}

// TestCommandsAtOnceLoadOnce: commands that the player finds together start one pipeline, the last one's.
func TestCommandsAtOnceLoadOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, _ := album(t, s, 5*playertest.Rate, 5*playertest.Rate, 5*playertest.Rate, 5*playertest.Rate, 5*playertest.Rate)
		r := start(t, &playertest.Link{Handler: s}, player.Config{}, sink.RealTime, urls...)
		gate := make(chan struct{})
		r.Occupy(gate)
		r.Play()
		for range 4 {
			r.Next()
		}
		loading := make(chan int, 1)
		r.Loading(loading)
		close(gate)
		if n := <-loading; n != 0 {
			t.Errorf("%d pipelines run before the last command was looked at", n)
		}
		time.Sleep(time.Second)
		for i, want := range []int{0, 0, 0, 0, 1} {
			if n := s.Served("/t" + string(rune('0'+i)) + "/master.m3u8"); n != want {
				t.Errorf("track %d was asked for %d times", i, n)
			}
		}
		if st := r.State(); st.Index != 4 || !st.Audible() {
			t.Errorf("entry %d, %v", st.Index, st.Phase)
		}
		r.Close()
		<-r.read
	})
}

// TestSeekFromAnywhere: whatever the player does, a seek arrives, and what is heard then lies there.
func TestSeekFromAnywhere(t *testing.T) {
	const length = 20 * playertest.Rate
	tests := []struct {
		name   string
		cfg    player.Config
		before func(r *rig)
		play   bool // has to be called after the seek for anything to be heard
	}{
		{"playing", player.Config{}, func(*rig) { time.Sleep(2 * time.Second) }, false},
		{"not opened yet", player.Config{}, func(*rig) {}, false},
		{"buffering", player.Config{}, func(*rig) { time.Sleep(70 * time.Millisecond) }, false},
		{"paused", player.Config{}, func(r *rig) { time.Sleep(2 * time.Second); r.Pause() }, true},
		{"held", player.Config{}, func(r *rig) { time.Sleep(2 * time.Second); r.SetFocus(player.FocusHold) }, true},
		{"stopped", player.Config{}, func(r *rig) { time.Sleep(2 * time.Second); r.Stop() }, true},
		{"ended", player.Config{}, func(*rig) { time.Sleep(time.Minute) }, false},
		{"in a crossfade", player.Config{Crossfade: 6 * time.Second}, func(*rig) { time.Sleep(17 * time.Second) }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := playertest.NewService()
				urls, whole := album(t, s, length, length)
				tt.cfg.Selection.Mode = player.ModeHighest
				r := start(t, &playertest.Link{Handler: s, RTT: 50 * time.Millisecond}, tt.cfg, sink.RealTime, urls...)
				r.Play()
				tt.before(r)
				const to = 7 * time.Second
				if err := r.Seek(context.Background(), to); err != nil {
					t.Fatal(err)
				}
				st := r.State()
				if off := st.Position - to; off < 0 || off > 50*time.Millisecond || st.Phase != player.Ready {
					t.Errorf("%v at %v", st.Phase, st.Position)
				}
				time.Sleep(20 * time.Millisecond) // what was heard fades out
				mark := len(r.out.Music())
				if tt.play {
					time.Sleep(time.Second)
					if n := len(r.out.Music()); n != mark {
						t.Errorf("%d frames were heard before their time", (n-mark)/2)
					}
					r.SetFocus(player.FocusFull)
					r.Play()
				}
				time.Sleep(500 * time.Millisecond)
				from := st.Index*length + int(media.FramesIn(to, playertest.Rate))
				if find(r.out.Music()[mark+2*fadeFrames:], whole, from, from+playertest.Rate/2) < 0 {
					t.Error("something else is heard")
				}
				r.Close()
				<-r.read
			})
		})
	}
}

// TestSeekToTheEnds: before the beginning is the beginning, and behind the end is the end: the next
// entry follows, or nothing.
func TestSeekToTheEnds(t *testing.T) {
	for _, opened := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := playertest.NewService()
			urls, _ := album(t, s, 10*playertest.Rate)
			second := playertest.Music(3, 8*playertest.Rate)
			s.Put("/b.flac", playertest.FLACFile(second))
			r := start(t, &playertest.Link{Handler: s, RTT: 20 * time.Millisecond},
				player.Config{Selection: player.Selection{Mode: player.ModeHighest}}, sink.RealTime, urls[0], host+"/b.flac")
			r.Play()
			if opened {
				time.Sleep(5 * time.Second)
			}
			if err := r.Seek(context.Background(), -time.Hour); err != nil {
				t.Error(err)
			}
			if st := r.State(); st.Index != 0 || st.Position > 50*time.Millisecond {
				t.Errorf("before the beginning: entry %d at %v", st.Index, st.Position)
			}
			if err := r.Seek(context.Background(), time.Hour); err != nil {
				t.Error(err)
			}
			time.Sleep(500 * time.Millisecond)
			if st := r.State(); st.Index != 1 || !st.Audible() || st.Position > time.Second {
				t.Errorf("behind the end: entry %d, %v at %v", st.Index, st.Phase, st.Position)
			}
			if err := r.Seek(context.Background(), 8*time.Second); err != nil { // its very end
				t.Error(err)
			}
			if err := r.finish(t); err != nil {
				t.Error(err)
			}
			if st := r.State(); st.Phase != player.Ended {
				t.Errorf("%v", st.Phase)
			}
			var at []player.EntryID
			for _, e := range r.events {
				if _, ok := e.What.(player.TrackStarted); ok {
					at = append(at, e.Entry)
				}
			}
			if len(at) != 2 {
				t.Errorf("tracks started: %v", at)
			}
		})
	}
}

func TestSeekByAndPrevious(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, _ := album(t, s, 30*playertest.Rate, 30*playertest.Rate)
		r := start(t, &playertest.Link{Handler: s, RTT: 20 * time.Millisecond}, player.Config{}, sink.RealTime, urls...)
		near := func(what string, index int, want time.Duration) {
			t.Helper()
			time.Sleep(200 * time.Millisecond)
			if st := r.State(); st.Index != index || (st.Position-want).Abs() > 400*time.Millisecond {
				t.Errorf("%s: entry %d at %v, want %d at %v", what, st.Index, st.Position, index, want)
			}
		}
		r.Play()
		time.Sleep(2 * time.Second)
		by := func(d time.Duration) {
			if err := r.SeekBy(context.Background(), d); err != nil && !errors.Is(err, player.ErrSuperseded) {
				t.Error(err)
			}
		}
		by(10 * time.Second)
		near("ten on", 0, 12*time.Second)
		var both sync.WaitGroup // the second goes on from where the first leads
		both.Go(func() { by(5 * time.Second) })
		synctest.Wait()
		both.Go(func() { by(5 * time.Second) })
		both.Wait()
		near("twice five on", 0, 22200*time.Millisecond)
		by(-time.Hour)
		near("an hour back", 0, 0)
		r.Previous()
		near("previous at the start", 0, 0)
		by(4 * time.Second)
		r.Previous()
		near("previous after four seconds", 0, 0)
		r.Next()
		near("next", 1, 0)
		r.Previous()
		near("previous soon after", 0, 0)
		r.Next()
		r.Next()
		time.Sleep(time.Second)
		if st := r.State(); st.Phase != player.Ended {
			t.Errorf("next on the last: %v", st.Phase)
		}
		r.Previous()
		near("previous at the end", 0, 0)
		r.Close()
		<-r.read
	})
}

// TestSpeedKeepsPosition: through changes of speed the position is where the music is, to a few
// milliseconds at any time, and to the frame once the speed is 1 again.
func TestSpeedKeepsPosition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, whole := album(t, s, 60*playertest.Rate)
		r := start(t, &playertest.Link{Handler: s}, player.Config{Selection: player.Selection{Mode: player.ModeHighest}}, sink.RealTime, urls...)
		r.Play()
		time.Sleep(time.Second)
		for _, speed := range []float64{2, 0.5, 1.37, 0.8} {
			r.SetSpeed(speed)
			time.Sleep(time.Second) // until it is heard
			from, at := r.State().Position, time.Now()
			time.Sleep(3 * time.Second)
			want := from + time.Duration(speed*float64(time.Since(at)))
			if got := r.State().Position; (got - want).Abs() > 25*time.Millisecond {
				t.Errorf("speed %v: at %v, want %v", speed, got, want)
			}
		}
		r.SetSpeed(1)
		time.Sleep(time.Second)
		mark, pos := len(r.out.Music()), r.State().Position
		time.Sleep(200 * time.Millisecond)
		at := int(media.FramesIn(pos, playertest.Rate))
		got := find(r.out.Music()[mark:], whole, at-playertest.Rate/4, at+playertest.Rate/4)
		if got < 0 || max(got-at, at-got) > playertest.Rate/100 {
			t.Errorf("position says frame %d, heard is frame %d", at, got)
		}
		t.Logf("off by %d frames", got-at)
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		var speeds []float64
		for _, c := range count[player.SpeedChanged](r) {
			speeds = append(speeds, c.Speed)
		}
		if !slices.Equal(speeds, []float64{2, 0.5, 1.37, 0.8, 1}) {
			t.Errorf("speeds told: %v", speeds)
		}
		if e := count[player.TrackEnded](r); len(e) != 1 || (e[0].Position-60*time.Second).Abs() > time.Microsecond {
			t.Errorf("%+v", e)
		}
	})
}

// TestPositionNeverGoesBack: nor where the music slows down, at a moment that the player hears of late.
func TestPositionNeverGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, _ := album(t, s, 20*playertest.Rate)
		r := start(t, &playertest.Link{Handler: s}, player.Config{}, sink.RealTime, urls...)
		defer r.Close()
		r.Play()
		last, changes := time.Duration(0), 0
		for i := range 8_000 {
			if i%400 == 100 {
				r.SetSpeed([]float64{2, 0.5}[changes%2])
				changes++
			}
			time.Sleep(time.Millisecond)
			pos := r.State().Position
			if pos < last {
				t.Fatalf("after %d ms: %v, and %v before", i, pos, last)
			}
			last = pos
		}
		if last < 5*time.Second {
			t.Errorf("%v in the end", last)
		}
	})
}
