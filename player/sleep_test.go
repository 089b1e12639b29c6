package player_test

import (
	"context"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// TestSleepAfterATime: the music fades out and pauses on time, and goes on from there as loud as before.
func TestSleepAfterATime(t *testing.T) {
	for _, at := range []string{"after", "at"} {
		t.Run(at, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := playertest.NewService()
				urls, whole := album(t, s, 60*playertest.Rate)
				r := start(t, &playertest.Link{Handler: s}, player.Config{Selection: player.Selection{Mode: player.ModeHighest}}, sink.RealTime, urls...)
				r.Play()
				time.Sleep(5 * time.Second)
				sleep := player.Sleep{After: 30 * time.Second, Fade: 4 * time.Second}
				if at == "at" {
					sleep = player.Sleep{At: time.Now().Add(30 * time.Second), Fade: 4 * time.Second}
				}
				r.SetSleep(sleep)
				time.Sleep(20 * time.Second)
				if st := r.State(); st.Sleep.Sleep != sleep || (st.Sleep.Remaining-10*time.Second).Abs() > time.Millisecond {
					t.Errorf("%+v", st.Sleep)
				}
				time.Sleep(9900 * time.Millisecond)
				if st := r.State(); !st.Audible() {
					t.Errorf("too early: %v at %v", st.Intent, st.Position)
				}
				time.Sleep(time.Second)
				st := r.State()
				if st.Intent != player.Paused || st.Phase != player.Ready || st.Sleep != (player.SleepState{}) {
					t.Errorf("asleep: %v, %v, %+v", st.Intent, st.Phase, st.Sleep)
				}
				heard := r.out.Music()
				// Four seconds of fade: louder at its beginning than later, silent at the end.
				last := 2.0
				for back := 5; back > 0; back-- {
					from := len(heard)/2 - back*playertest.Rate
					got := level(heard[2*from:2*(from+playertest.Rate/2)], whole, from)
					if back == 5 && math.Abs(got-1) > 1e-3 || got >= last || back == 1 && got > 0.03 {
						t.Errorf("%d s before the end: factor %.3f, before %.3f", back, got, last)
					}
					last = got
				}
				r.Play()
				time.Sleep(time.Second)
				more := r.out.Music()[len(heard):]
				if got := level(more[1000:], whole, len(heard)/2+500); math.Abs(got-1) > 1e-3 {
					t.Errorf("afterwards: factor %.3f", got)
				}
				r.Close()
				<-r.read
				if got := reasons(r); !slices.Contains(got, player.ReasonSleep) || slices.Contains(got, player.ReasonPause) {
					t.Errorf("%q", got)
				}
				if n := len(count[player.SleepChanged](r)); n != 2 {
					t.Errorf("%d changes told", n)
				}
			})
		})
	}
}

// TestSleepAtTheEnd: the track (or the album's last one) is heard to its last frame and nothing after it;
// Play goes on with the next one's first frame.
func TestSleepAtTheEnd(t *testing.T) {
	for end, tracks := range map[player.SleepEnd]int{player.SleepTrack: 2, player.SleepAlbum: 3} {
		synctest.Test(t, func(t *testing.T) {
			s := playertest.NewService()
			lengths := []int{3*playertest.Rate + 77, 4*playertest.Rate + 1, 5*playertest.Rate + 13, 3 * playertest.Rate}
			urls, whole := album(t, s, lengths...)
			r := start(t, &playertest.Link{Handler: s}, player.Config{Selection: player.Selection{Mode: player.ModeHighest}, Crossfade: time.Second}, sink.RealTime)
			for i, u := range urls {
				name := "one"
				if i == 3 {
					name = "two"
				}
				r.Append(player.Item{URL: u, Album: name, TrackNumber: i + 1})
			}
			r.Play()
			time.Sleep(4 * time.Second) // in the second track
			r.SetSleep(player.Sleep{End: end, Fade: -1})
			time.Sleep(20 * time.Second)
			until := 0
			for _, n := range lengths[:tracks] {
				until += n
			}
			if n, err := playertest.Same(r.out.Music(), whole[:2*until]); err != nil || n != 0 {
				t.Errorf("end %v: %v", end, err)
			}
			st := r.State()
			if st.Intent != player.Paused || st.Index != tracks || st.Phase != player.Ready || st.Position != 0 || st.Sleep != (player.SleepState{}) {
				t.Errorf("end %v: %v, %v, entry %d at %v, %+v", end, st.Intent, st.Phase, st.Index, st.Position, st.Sleep)
			}
			r.Play()
			if err := r.finish(t); err != nil {
				t.Fatal(err)
			}
			heard := r.out.Music()
			if want := len(whole); end == player.SleepAlbum && len(heard) != want {
				t.Errorf("%d frames were heard of %d", len(heard)/2, want/2)
			}
		})
	}
}

// TestSleepTakenBack: a timer that is taken away in its fade leaves nothing behind, not even a gap.
func TestSleepTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, whole := album(t, s, 8*playertest.Rate, 5*playertest.Rate)
		r := start(t, &playertest.Link{Handler: s}, player.Config{Selection: player.Selection{Mode: player.ModeHighest}}, sink.RealTime, urls...)
		r.Play()
		time.Sleep(time.Second)
		r.SetSleep(player.Sleep{End: player.SleepTrack, Fade: 5 * time.Second})
		time.Sleep(5 * time.Second)
		if st := r.State(); st.Sleep.Remaining < 1900*time.Millisecond || st.Sleep.Remaining > 2100*time.Millisecond {
			t.Errorf("remaining %v", st.Sleep.Remaining)
		}
		// Back to where there is no fade yet.
		if err := r.Seek(context.Background(), 500*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		mark := len(r.out.Music())
		time.Sleep(time.Second)
		heard := r.out.Music()[mark:]
		at := find(heard[2*playertest.Rate/2:], whole, playertest.Rate/2, 3*playertest.Rate)
		if at < 0 {
			t.Error("after the seek the music is not as loud as before")
		}
		time.Sleep(5500 * time.Millisecond)
		r.SetSleep(player.Sleep{})
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		if n, frames := r.out.Gaps(); n > 1 {
			t.Errorf("%d gaps of %d frames", n, frames)
		}
		all := r.out.Music()
		if _, err := playertest.Same(all[len(all)-2*4*playertest.Rate:], whole[len(whole)-2*4*playertest.Rate:]); err != nil {
			t.Errorf("the next track: %v", err)
		}
		if st := r.State(); st.Phase != player.Ended || st.Intent != player.Playing {
			t.Errorf("%v, %v", st.Phase, st.Intent)
		}
	})
}
