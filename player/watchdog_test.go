package player_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// TestSlowLinkIsNotStuck: on a link that takes minutes for a segment, bytes keep coming, and no watchdog
// may bark.
func TestSlowLinkIsNotStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, whole := album(t, s, 6*playertest.Rate)
		link := &playertest.Link{Handler: s, RTT: time.Second, Rate: func(time.Duration) media.Bitrate { return media.Kbps(20) }}
		r := start(t, link, player.Config{Selection: player.Selection{Mode: player.ModeLowest},
			Limits: player.Limits{Buffering: 15 * time.Second, Advance: time.Second, Ending: time.Second, Answer: time.Second}},
			sink.RealTime, urls...)
		r.Play()
		time.Sleep(3 * time.Minute)
		if st := r.State(); st.Phase != player.Buffering {
			t.Errorf("%v on so slow a link", st.Phase)
		}
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		if got := len(r.out.Music()); got != len(whole) {
			t.Errorf("%d frames of %d", got/2, len(whole)/2)
		}
		if told := count[player.Failed](r); len(told) != 0 {
			t.Errorf("%v", told[0].Err)
		}
	})
}

// TestStuckBuffering: an entry for which nothing comes and nobody says why fails when its time is up, and
// the next one plays.
func TestStuckBuffering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, whole := album(t, s, 3*playertest.Rate)
		r := start(t, &playertest.Link{Handler: s}, player.Config{Selection: player.Selection{Mode: player.ModeHighest}}, sink.RealTime)
		ids := r.Append(player.Item{Title: "lost", Resolve: func(ctx context.Context) (player.Location, error) {
			<-ctx.Done()
			return player.Location{}, ctx.Err()
		}}, player.Item{URL: urls[0]})
		r.Play()
		time.Sleep(10 * time.Minute)
		r.Close()
		<-r.read
		told := count[player.Failed](r)
		if len(told) != 1 || !errors.Is(told[0].Err, player.KindStuck) || told[0].Err.Entry != ids[0] || !told[0].Err.Fatal {
			t.Fatalf("%+v", told)
		}
		began, failed := r.events[0].Time, time.Time{}
		for _, e := range r.events {
			if _, ok := e.What.(player.Failed); ok {
				failed = e.Time
			}
		}
		if d := failed.Sub(began); d < player.DefaultBufferingLimit || d > player.DefaultBufferingLimit+2*time.Second {
			t.Errorf("failed after %v", d)
		}
		if _, err := playertest.Same(r.out.Music(), whole); err != nil {
			t.Error(err)
		}
	})
}

// TestEachEntryHasTimeOfItsOwn: how long one entry was waited for in vain counts against no other, nor
// against the same from another place.
func TestEachEntryHasTimeOfItsOwn(t *testing.T) {
	tests := []struct {
		name   string
		wait   func(t *testing.T, r *rig)
		failed int
	}{
		{"given up", func(*testing.T, *rig) { time.Sleep(player.DefaultBufferingLimit) }, 1},
		{"skipped", func(t *testing.T, r *rig) { time.Sleep(player.DefaultBufferingLimit - time.Second); r.Next() }, 0},
		{"sought", func(t *testing.T, r *rig) {
			time.Sleep(player.DefaultBufferingLimit - time.Second)
			ctx, cancel := context.WithTimeout(context.Background(), player.DefaultBufferingLimit-time.Second)
			defer cancel()
			if err := r.Seek(ctx, time.Second); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			r.Next()
		}, 0},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			s := playertest.NewService()
			urls, whole := album(t, s, 3*playertest.Rate)
			// The answers come later than the watchdog looks.
			r := start(t, &playertest.Link{Handler: s, RTT: 3 * time.Second}, player.Config{Selection: player.Selection{Mode: player.ModeHighest}}, sink.RealTime)
			r.Append(player.Item{Title: "lost", Resolve: func(ctx context.Context) (player.Location, error) {
				<-ctx.Done()
				return player.Location{}, ctx.Err()
			}}, player.Item{URL: urls[0]})
			r.Play()
			tt.wait(t, r)
			time.Sleep(time.Minute)
			r.Close()
			<-r.read
			if told := count[player.Failed](r); len(told) != tt.failed {
				t.Errorf("%s: %+v", tt.name, told)
			}
			if _, err := playertest.Same(r.out.Music(), whole); err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
		})
	}
}

// TestWatchdogsLeaveThePausedAlone: nobody waits for music while it is paused or held.
func TestWatchdogsLeaveThePausedAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, _ := album(t, s, 3*playertest.Rate)
		r := start(t, &playertest.Link{Handler: s}, player.Config{}, sink.RealTime)
		r.Append(player.Item{Resolve: func(ctx context.Context) (player.Location, error) {
			<-ctx.Done()
			return player.Location{}, ctx.Err()
		}}, player.Item{URL: urls[0]})
		r.Play()
		time.Sleep(30 * time.Second)
		r.Pause()
		time.Sleep(time.Hour)
		r.Play()
		r.SetFocus(player.FocusHold)
		time.Sleep(time.Hour)
		if st := r.State(); st.Index != 0 || st.Phase != player.Buffering {
			t.Errorf("entry %d, %v", st.Index, st.Phase)
		}
		r.Close()
		<-r.read
		if told := count[player.Failed](r); len(told) != 0 {
			t.Errorf("%v", told[0].Err)
		}
	})
}

var extinf = regexp.MustCompile(`#EXTINF:[0-9.]+`)

// TestEndlessMusic: an entry that goes on far beyond the length that its playlist claims is ended.
func TestEndlessMusic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, whole := album(t, s, 60*playertest.Rate, 2*playertest.Rate)
		s.Fail(playertest.Fault{Match: playertest.On("t0/flac"), Serve: func(w http.ResponseWriter, r *http.Request, body []byte) {
			if bytes.HasPrefix(body, []byte("#EXTM3U")) {
				body = extinf.ReplaceAll(body, []byte("#EXTINF:0.1"))
			}
			w.Write(body)
		}})
		r := start(t, &playertest.Link{Handler: s}, player.Config{Selection: player.Selection{Mode: player.ModeHighest},
			Limits: player.Limits{Ending: 10 * time.Second}}, sink.RealTime, urls...)
		r.Play()
		if err := r.finish(t); !errors.Is(err, player.KindEndless) {
			t.Errorf("got %v", err)
		}
		heard := r.out.Music()
		tail := 2 * 2 * playertest.Rate
		if n := (len(heard) - tail) / 2; n < 12*playertest.Rate || n > 15*playertest.Rate {
			t.Errorf("%d frames of the endless entry were heard", n)
		}
		if _, err := playertest.Same(heard[len(heard)-tail+4*fadeFrames:], whole[len(whole)-tail+4*fadeFrames:]); err != nil {
			t.Errorf("the next track: %v", err)
		}
	})
}

// TestUnansweredCommand: something that holds the player up makes commands fail, not hang; when it lets go
// all is well again.
func TestUnansweredCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, _ := album(t, s, 20*playertest.Rate)
		r := start(t, &playertest.Link{Handler: s}, player.Config{}, sink.RealTime, urls...)
		r.Play()
		time.Sleep(time.Second)
		gate := make(chan struct{})
		r.Occupy(gate)
		begun := time.Now()
		if err := r.Seek(context.Background(), time.Second); !errors.Is(err, player.KindUnanswered) || time.Since(begun) != player.DefaultAnswerLimit {
			t.Errorf("Seek: %v after %v", err, time.Since(begun))
		}
		if err := r.Wait(context.Background()); !errors.Is(err, player.KindUnanswered) {
			t.Errorf("Wait: %v", err)
		}
		close(gate)
		if err := r.Seek(context.Background(), 10*time.Second); err != nil {
			t.Errorf("afterwards: %v", err)
		}
		gate = make(chan struct{})
		r.Occupy(gate)
		if err := r.Close(); !errors.Is(err, player.KindUnanswered) {
			t.Errorf("Close: %v", err)
		}
		close(gate)
		<-r.read
		if n := len(count[player.Failed](r)); n != 3 {
			t.Errorf("told %d times", n)
		}
		r.out.Close()
	})
}

// TestRunOfFailures: entries that can't be played are told of one by one, and when there are too many in
// a row, or a queue that repeats has no other, it is over.
func TestRunOfFailures(t *testing.T) {
	tests := []struct {
		name    string
		entries int
		limit   int
		repeat  player.Repeat
		phase   player.Phase
		failed  int // entries
	}{
		{"three", 3, 0, player.RepeatOff, player.Ended, 3},
		{"thirty", 30, 0, player.RepeatOff, player.Broken, 20},
		{"thirty with a limit of five", 30, 5, player.RepeatOff, player.Broken, 5},
		{"thirty without a limit", 30, -1, player.RepeatOff, player.Ended, 30},
		{"three in a loop", 3, 0, player.RepeatAll, player.Broken, 3},
		{"one by itself", 2, 0, player.RepeatOne, player.Broken, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := playertest.NewService()
				urls, _ := album(t, s, playertest.Rate)
				link := &playertest.Link{Handler: s, RTT: time.Millisecond}
				r := start(t, link, player.Config{Limits: player.Limits{Failures: tt.limit}}, sink.RealTime)
				for range tt.entries {
					r.Append(player.Item{URL: host + "/nothing.m3u8"})
				}
				r.SetRepeat(tt.repeat)
				r.Play()
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
				defer cancel()
				err := r.Wait(ctx)
				if st := r.State(); st.Phase != tt.phase || !errors.Is(err, player.KindNotFound) || errors.Is(err, player.KindNothingPlays) != (tt.phase == player.Broken) {
					t.Errorf("%v, %v", st.Phase, err)
				}
				if n := link.Requests(); n > 2*(tt.failed+2) { // each is asked for once more
					t.Errorf("%d requests", n)
				}
				if tt.phase == player.Broken { // Play tries anew, with what has been added
					ids := r.InsertNext(player.Item{URL: urls[0]})
					r.SkipTo(ids[0])
					r.Play()
					time.Sleep(500 * time.Millisecond)
					if st := r.State(); !st.Audible() {
						t.Errorf("afterwards: %v", st.Phase)
					}
				}
				r.Close()
				<-r.read
				n := 0
				for _, f := range count[player.Failed](r) {
					if f.Err.Kind == player.KindNotFound {
						n++
					}
				}
				if n < tt.failed || n > tt.failed+1 {
					t.Errorf("%d entries were told to have failed, want %d", n, tt.failed)
				}
			})
		})
	}
}

// TestBrokenNextWaitsItsTurn: that the next entry is broken is known long before, and told when the
// current one has been heard to its last frame; the one after it follows at once.
func TestBrokenNextWaitsItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, whole := album(t, s, 8*playertest.Rate+99, 4*playertest.Rate)
		r := start(t, &playertest.Link{Handler: s, RTT: 10 * time.Millisecond},
			player.Config{Selection: player.Selection{Mode: player.ModeHighest}}, sink.RealTime,
			urls[0], host+"/nothing.m3u8", host+"/nothing-either.m3u8", urls[1])
		r.Play()
		time.Sleep(5 * time.Second)
		if st := r.State(); st.Stats.Errors != 0 || s.Served("/nothing.m3u8") == 0 {
			t.Errorf("%d errors, asked for %d times", st.Stats.Errors, s.Served("/nothing.m3u8"))
		}
		if err := r.finish(t); !errors.Is(err, player.KindNotFound) {
			t.Errorf("got %v", err)
		}
		if _, err := playertest.Same(r.out.Music(), whole); err != nil {
			t.Error(err)
		}
		if n, frames := r.out.Gaps(); n > 1 || frames > playertest.Rate/4 {
			t.Errorf("%d gaps of %d frames", n, frames)
		}
		var started, ended, failed time.Time
		for _, e := range r.events {
			switch e.What.(type) {
			case player.TrackStarted:
				if started.IsZero() {
					started = e.Time
				}
			case player.TrackEnded:
				if ended.IsZero() {
					ended = e.Time
				}
			case player.Failed:
				if ended.IsZero() {
					t.Error("a failure was told before the track's end")
				}
				if failed.IsZero() {
					failed = e.Time
				}
			}
		}
		length := media.Frames(8*playertest.Rate + 99).Duration(playertest.Rate)
		if off := ended.Sub(started) - length; off.Abs() > 15*time.Millisecond || failed.Sub(ended) > 20*time.Millisecond {
			t.Errorf("off the end by %v, the failure %v behind it", off, failed.Sub(ended))
		}
	})
}
