package player_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// fadeFrames is the ramp after a seek; see ring.
const fadeFrames = playertest.Rate * 5 / 1000

func TestSeekIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, whole := album(t, s, 20*playertest.Rate)
		r := start(t, &playertest.Link{Handler: s, RTT: 20 * time.Millisecond},
			player.Config{Selection: player.Selection{Mode: player.ModeHighest}}, sink.RealTime, urls...)
		r.Play()
		time.Sleep(time.Second)
		rng := rand.New(rand.NewPCG(1, 2))
		for range 20 {
			to := media.Frames(rng.Int64N(19 * playertest.Rate))
			if err := r.Seek(context.Background(), to.Duration(playertest.Rate)); err != nil {
				t.Fatal(err)
			}
			if off := r.State().Position - to.Duration(playertest.Rate); off < 0 || off > 50*time.Millisecond {
				t.Errorf("position is %v past the one asked for", off)
			}
			before := len(r.out.Music())
			time.Sleep(300 * time.Millisecond)
			heard := r.out.Music()[before:]
			// What is heard now is a stretch of the source that lies right behind the sought frame.
			at := find(heard[2*fadeFrames:], whole, int(to), int(to)+playertest.Rate/2)
			if at < 0 {
				t.Fatalf("after a seek to frame %d something else is heard", to)
			}
		}
		r.Close()
		<-r.read
		if started, seeked := count[player.TrackStarted](r), count[player.Seeked](r); len(started) != 1 || len(seeked) != 20 {
			t.Errorf("%d tracks started, %d seeks arrived", len(started), len(seeked))
		}
	})
}

// find gives the frame from which on got is found in whole, looking from lo to hi.
func find(got []float32, whole []int16, lo, hi int) int {
	for at := lo; at < hi; at++ {
		if 2*at+len(got) > len(whole) {
			return -1
		}
		if _, err := playertest.Same(got, whole[2*at:2*at+len(got)]); err == nil {
			return at
		}
	}
	return -1
}

func TestPauseLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, whole := album(t, s, 6*playertest.Rate)
		r := start(t, &playertest.Link{Handler: s}, player.Config{}, sink.RealTime, urls...)
		r.Play()
		time.Sleep(2 * time.Second)
		r.Pause()
		time.Sleep(100 * time.Millisecond)
		at := r.State().Position
		time.Sleep(2 * time.Minute)
		if st := r.State(); st.Position != at || st.Intent != player.Paused || st.Phase != player.Ready {
			t.Errorf("after two minutes of pause: %v at %v, was at %v", st.Phase, st.Position, at)
		}
		r.Play()
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		if got := len(r.out.Music()); got != len(whole) {
			t.Errorf("%d frames were heard of %d", got/2, len(whole)/2)
		}
	})
}

func TestCrossfadeOverlaps(t *testing.T) {
	for _, pace := range []sink.Pace{sink.RealTime, sink.Unpaced} {
		synctest.Test(t, func(t *testing.T) {
			s := playertest.NewService()
			urls, whole := album(t, s, 12*playertest.Rate, 10*playertest.Rate)
			r := start(t, &playertest.Link{Handler: s, RTT: 10 * time.Millisecond}, player.Config{Crossfade: 3 * time.Second}, pace, urls...)
			r.Play()
			if err := r.finish(t); err != nil {
				t.Fatal(err)
			}
			want := len(whole)/2 - 3*playertest.Rate
			if got := len(r.out.Music()) / 2; max(got-want, want-got) > 1024 {
				t.Errorf("pace %v: %d frames were heard, want about %d", pace, got, want)
			}
			if n, _ := r.out.Gaps(); n != 0 {
				t.Errorf("pace %v: %d gaps", pace, n)
			}
		})
	}
}

func TestQueueEdits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, _ := album(t, s, 5*playertest.Rate, 5*playertest.Rate, 5*playertest.Rate, 5*playertest.Rate)
		r := start(t, &playertest.Link{Handler: s}, player.Config{}, sink.RealTime)
		ids := r.Append(player.Item{URL: urls[0]}, player.Item{URL: urls[1]}, player.Item{URL: urls[2]})
		r.Play()
		time.Sleep(time.Second)
		r.Remove(ids[1])                                        // prefetched already
		between := r.InsertNext(player.Item{URL: urls[3]})      // now next
		r.Append(player.Item{URL: "http://music.test/nothing"}) // fails at its turn
		time.Sleep(5 * time.Second)
		if st := r.State(); st.Current != between[0] || st.Index != 1 {
			t.Errorf("current is %d at index %d", st.Current, st.Index)
		}
		r.Next()
		time.Sleep(time.Second)
		if st := r.State(); st.Current != ids[2] {
			t.Errorf("current is %d", st.Current)
		}
		r.Previous()
		r.Previous()
		time.Sleep(time.Second)
		if st := r.State(); st.Current != ids[0] {
			t.Errorf("current is %d after going back twice", st.Current)
		}
		r.Remove(ids[0]) // the one that plays
		if err := r.finish(t); err == nil {
			t.Error("the missing track gave no error")
		}
		var order []player.EntryID
		for _, e := range r.events {
			if _, ok := e.What.(player.TrackStarted); ok {
				order = append(order, e.Entry)
			}
		}
		want := []player.EntryID{ids[0], between[0], ids[2], between[0], ids[0], between[0], ids[2]}
		if len(order) < 5 || order[0] != want[0] || order[len(order)-1] != ids[2] {
			t.Errorf("tracks started: %v", order)
		}
	})
}

func TestManualRenditionTakesEffectSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, whole := album(t, s, 60*playertest.Rate)
		r := start(t, &playertest.Link{Handler: s}, player.Config{Selection: player.Selection{Mode: player.ModeLowest}},
			sink.RealTime, urls...)
		r.Play()
		time.Sleep(5 * time.Second)
		r.SetRendition(player.Selection{Mode: player.ModeFixed, Index: 2})
		time.Sleep(12 * time.Second)
		if st := r.State(); st.Rendition != 2 {
			t.Errorf("rendition %d is heard", st.Rendition)
		}
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		if n, err := playertest.Same(r.out.Music(), whole); err != nil || n != 1 {
			t.Errorf("%d switches, %v", n, err)
		}
	})
}

func TestCloseInTheMiddle(t *testing.T) {
	for _, after := range []time.Duration{0, time.Millisecond, 50 * time.Millisecond, 3 * time.Second} {
		synctest.Test(t, func(t *testing.T) { // the bubble reports goroutines that are left
			s := playertest.NewService()
			urls, _ := album(t, s, 5*playertest.Rate, 5*playertest.Rate)
			r := start(t, &playertest.Link{Handler: s, RTT: 20 * time.Millisecond}, player.Config{}, sink.RealTime, urls...)
			r.Play()
			time.Sleep(after)
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			if err := r.Seek(context.Background(), 0); err != player.ErrClosed {
				t.Errorf("Seek after Close: %v", err)
			}
			<-r.read
		})
	}
}

func TestSlowReaderIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, _ := album(t, s, 5*playertest.Rate)
		r := start(t, &playertest.Link{Handler: s}, player.Config{}, sink.RealTime, urls...)
		lazy := r.Events(context.Background())
		for range 1500 {
			r.Play()
			r.Pause()
		}
		time.Sleep(time.Second)
		r.Close()
		n, lagged := 0, 0
		for e := range lazy {
			n++
			if l, ok := e.What.(player.Lagged); ok {
				lagged = l.N
			}
		}
		if lagged == 0 || n > 1025 {
			t.Errorf("%d events, %d lost", n, lagged)
		}
		<-r.read
	})
}

func TestOutputThatCantBeHad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, _ := album(t, s, playertest.Rate)
		p := player.New(player.Config{HTTP: (&playertest.Link{Handler: s}).Client()})
		p.Append(player.Item{URL: urls[0]})
		p.Play()
		err := p.Wait(context.Background())
		if st := p.State(); !errors.Is(err, player.KindNoDevice) || st.Phase != player.Broken || st.Err == nil {
			t.Errorf("%v, phase %v, %v", err, st.Phase, st.Err)
		}
		if err := p.Seek(context.Background(), 0); !errors.Is(err, player.KindArgument) {
			t.Errorf("Seek: %v", err)
		}
		p.Play()
		p.Next()
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
}
