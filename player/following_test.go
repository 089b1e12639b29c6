package player_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// TestNextTakenBackTooLate: the next entry is removed when the mixer is in it already. What plays is heard
// to its last frame, of the removed one nothing but a blink, and the one after it from its first.
func TestNextTakenBackTooLate(t *testing.T) {
	for _, before := range []time.Duration{400, 250, 150, 60, 5} {
		synctest.Test(t, func(t *testing.T) {
			s := playertest.NewService()
			urls, whole := album(t, s, 3*playertest.Rate, 3*playertest.Rate, 3*playertest.Rate)
			r := start(t, &playertest.Link{Handler: s}, player.Config{Selection: player.Selection{Mode: player.ModeHighest}}, sink.RealTime)
			ids := r.Append(player.Item{URL: urls[0]}, player.Item{URL: urls[1]}, player.Item{URL: urls[2]})
			r.Play()
			for r.State().Position < 3*time.Second-before*time.Millisecond {
				time.Sleep(time.Millisecond)
			}
			r.Remove(ids[1])
			if err := r.finish(t); err != nil {
				t.Fatal(err)
			}
			heard, track := r.out.Music(), 2*3*playertest.Rate
			if _, err := playertest.Same(heard[:track], whole[:track]); err != nil {
				t.Errorf("%d ms before: %v", before, err)
			}
			blink := len(heard) - 2*track
			if blink < 0 || blink > 2*playertest.Rate/25 {
				t.Errorf("%d ms before: %d frames of what was removed", before, blink/2)
				return
			}
			if _, err := playertest.Same(heard[len(heard)-track+4*fadeFrames:], whole[2*track+4*fadeFrames:]); err != nil {
				t.Errorf("%d ms before: %v", before, err)
			}
			for _, e := range r.events {
				if _, ok := e.What.(player.TrackStarted); ok && e.Entry == ids[1] {
					t.Errorf("%d ms before: what was removed has started", before)
				}
			}
			causal(t, r.events)
		})
	}
}

// TestCrossfadeSetWhilePlaying: a crossfade that is asked for, or taken back, while music plays counts for
// the next join.
func TestCrossfadeSetWhilePlaying(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, whole := album(t, s, 8*playertest.Rate, 8*playertest.Rate, 8*playertest.Rate)
		r := start(t, &playertest.Link{Handler: s}, player.Config{Selection: player.Selection{Mode: player.ModeHighest}}, sink.RealTime, urls...)
		r.Play()
		time.Sleep(3 * time.Second) // the next one is known to the mixer
		r.SetCrossfade(2*time.Second, dsp.Linear)
		time.Sleep(7 * time.Second)
		if st := r.State(); st.Index != 1 || st.Crossfade != 2*time.Second {
			t.Errorf("entry %d, crossfade %v", st.Index, st.Crossfade)
		}
		r.SetCrossfade(0, dsp.Linear)
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		heard := r.out.Music()
		if got, want := len(heard), len(whole)-2*2*playertest.Rate; got != want {
			t.Errorf("%d frames were heard, want %d", got/2, want/2)
		}
		last := 2 * 15 * playertest.Rate // the second join, from a second before on
		if _, err := playertest.Same(heard[len(heard)-2*9*playertest.Rate:], whole[last:]); err != nil {
			t.Errorf("the second join: %v", err)
		}
		causal(t, r.events)
	})
}

// TestSkipWithinACrossfade: whoever skips or goes back while two tracks overlap gets what they asked for.
func TestSkipWithinACrossfade(t *testing.T) {
	for _, tt := range []struct {
		name  string
		do    func(*player.Player)
		index int
	}{
		{"next", (*player.Player).Next, 2},
		{"previous", (*player.Player).Previous, 0},
		{"stop and play", func(p *player.Player) { p.Stop(); p.Play() }, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := playertest.NewService()
				n := 8 * playertest.Rate
				urls, whole := album(t, s, n, n, n)
				r := start(t, &playertest.Link{Handler: s}, player.Config{Crossfade: 4 * time.Second, Selection: player.Selection{Mode: player.ModeHighest}}, sink.RealTime, urls...)
				r.Play()
				time.Sleep(5500 * time.Millisecond)
				if st := r.State(); st.Index != 1 {
					t.Fatalf("entry %d", st.Index)
				}
				tt.do(r.Player)
				time.Sleep(100 * time.Millisecond)
				mark := len(r.out.Music())
				time.Sleep(time.Second)
				if st := r.State(); st.Index != tt.index || !st.Audible() {
					t.Errorf("entry %d, %v", st.Index, st.Phase)
				}
				heard := r.out.Music()[mark+2*fadeFrames:]
				if find(heard[:len(heard)/2], whole, tt.index*n, tt.index*n+playertest.Rate) < 0 {
					t.Error("something else is heard")
				}
				r.Close()
				<-r.read
				causal(t, r.events)
			})
		})
	}
}

// TestNetworkHolds: music that runs dry because the network is gone is held, not paused, and goes on at
// once when the host says that there is another network.
func TestNetworkHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, whole := album(t, s, 60*playertest.Rate)
		gone := false
		s.Fail(playertest.Fault{Match: func(string, int) bool { return gone }, Serve: playertest.Refused})
		r := start(t, &playertest.Link{Handler: s}, player.Config{Buffer: 6 * time.Second, Selection: player.Selection{Mode: player.ModeHighest}}, sink.RealTime, urls...)
		r.Play()
		time.Sleep(5 * time.Second)
		gone = true
		time.Sleep(2 * time.Second)
		if st := r.State(); !st.Audible() {
			t.Errorf("what is here plays on: %v, holds %q", st.Phase, st.Holds)
		}
		time.Sleep(80 * time.Second)
		st := r.State()
		if st.Intent != player.Playing || st.Phase != player.Buffering || st.Holds != player.HoldNetwork {
			t.Errorf("gone: %v, %v, holds %q", st.Intent, st.Phase, st.Holds)
		}
		gone = false
		r.NetworkChanged()
		time.Sleep(300 * time.Millisecond)
		if st := r.State(); !st.Audible() {
			t.Errorf("another network: %v, holds %q", st.Phase, st.Holds)
		}
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		if _, err := playertest.Same(r.out.Music(), whole); err != nil {
			t.Error(err)
		}
		if told := count[player.Failed](r); len(told) != 0 {
			t.Errorf("%v", told[0].Err)
		}
	})
}
