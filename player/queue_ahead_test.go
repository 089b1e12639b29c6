package player_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// heardIDs is what has started, in order.
func heardIDs(r *rig) (ids []player.EntryID) {
	for _, e := range r.events {
		if _, ok := e.What.(player.TrackStarted); ok {
			ids = append(ids, e.Entry)
		}
	}
	return ids
}

// TestSeveralAhead: short entries at the end of a longer one are all in the mixer before the first of them
// is heard. Upcoming lists them all the same, and what is edited then is heard.
func TestSeveralAhead(t *testing.T) {
	edits := []struct {
		name string
		do   func(r *rig, ids []player.EntryID)
		want []int // indices of what is heard; 4 is an entry that is added
	}{
		{"nothing", func(*rig, []player.EntryID) {}, []int{0, 1, 2, 3}},
		{"remove the first", func(r *rig, ids []player.EntryID) { r.Remove(ids[1]) }, []int{0, 2, 3}},
		{"remove the second", func(r *rig, ids []player.EntryID) { r.Remove(ids[2]) }, []int{0, 1, 3}},
		{"remove what is heard", func(r *rig, ids []player.EntryID) { r.Remove(ids[0]) }, []int{0, 1, 2, 3}},
		{"swap", func(r *rig, ids []player.EntryID) { r.Move(ids[2], player.Before(ids[1])) }, []int{0, 2, 1, 3}},
		{"next", func(r *rig, _ []player.EntryID) { r.Next() }, []int{0, 1, 2, 3}},
		{"append", func(r *rig, _ []player.EntryID) { r.Append(player.Item{URL: host + "/w3.wav"}) }, []int{0, 1, 2, 3, 4}},
		{"repeat", func(r *rig, _ []player.EntryID) { r.SetRepeat(player.RepeatOne) }, []int{0, 0}},
	}
	for _, shuffle := range []player.ShuffleMode{player.ShuffleOff, player.ShuffleAlbums} { // of one album: in order
		for _, edit := range edits {
			t.Run(fmt.Sprint(edit.name, shuffle), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r, ids, _ := listening(t, player.Config{}, 4*rate, rate/12, rate/12, 2*rate)
					synctest.Wait()
					var all []player.Entry
					for _, e := range r.State().Queue.All() {
						e.Item.Album = "A"
						all = append(all, e)
					}
					r.ReplaceAll(all...)
					r.SetShuffle(player.Shuffle{Mode: shuffle, Seed: 1})
					r.Play()
					for st := r.State(); st.Phase != player.Ended && st.Position < 3950*time.Millisecond; st = r.State() {
						time.Sleep(time.Millisecond)
					}
					if up := slices.Collect(r.State().Queue.Upcoming()); len(up) != 3 || up[0].ID != ids[1] || up[1].ID != ids[2] {
						t.Errorf("upcoming %v", up)
					}
					edit.do(r, ids)
					time.Sleep(3500 * time.Millisecond)
					if len(edit.want) < 3 {
						r.Stop()
					}
					r.Close()
					<-r.read
					var got []int
					for _, id := range heardIDs(r) {
						i := slices.Index(ids, id)
						if i < 0 {
							i = 4
						}
						got = append(got, i)
					}
					if !slices.Equal(got, edit.want) && !(len(edit.want) == 5 && shuffle != player.ShuffleOff) {
						t.Errorf("heard %v, want %v", got, edit.want)
					}
					causal(t, r.events)
				})
			})
		}
	}
}

// TestBrokenAtAnotherSpeed: what can't be played is told and left at any speed, and one that is repeated
// ends in the phase Broken; behind music it is told when that has been heard.
func TestBrokenAtAnotherSpeed(t *testing.T) {
	for _, music := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := playertest.NewService()
			urls, _ := album(t, s, 2*playertest.Rate)
			if !music {
				urls = nil
			}
			for i := range 19 {
				urls = append(urls, fmt.Sprintf("%s/nothing%d.wav", host, i))
			}
			r := start(t, &playertest.Link{Handler: s}, player.Config{Speed: 1.3}, sink.RealTime, urls...)
			if !music {
				r.SetRepeat(player.RepeatOne)
			}
			r.Play()
			time.Sleep(5 * time.Second)
			want := player.Broken
			if music {
				want = player.Ended
			}
			if st := r.State(); st.Phase != want {
				t.Errorf("%v at %v, want %v", st.Phase, st.Position, want)
			}
			r.Close()
			<-r.read
			if told := count[player.Failed](r); music && len(told) != 19 {
				t.Errorf("%d failures are told", len(told))
			}
			causal(t, r.events)
		})
	}
}

// TestFailuresAreCountedByRound: shuffled and repeated, one that can be played is found, wherever the
// rounds put it, and whoever asks again starts to count anew.
func TestFailuresAreCountedByRound(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			s := playertest.NewService()
			urls, _ := album(t, s, 2*playertest.Rate)
			for i := range 5 {
				urls = append(urls, fmt.Sprintf("%s/nothing%d.wav", host, i))
			}
			r := start(t, &playertest.Link{Handler: s}, player.Config{}, sink.RealTime, urls...)
			r.SetRepeat(player.RepeatAll)
			r.SetShuffle(player.Shuffle{Mode: player.ShuffleTracks, Seed: 1 + seed})
			r.Play()
			time.Sleep(30 * time.Second)
			if st := r.State(); st.Phase == player.Broken || st.Stats.FramesPlayed < 10*playertest.Rate {
				t.Errorf("seed %d: %v after %d frames", seed, st.Phase, st.Stats.FramesPlayed)
			}
			r.Close()
			<-r.read
		})
	}
}

// TestShortEntryInAFadeIsTold: an entry that is as short as the crossfade at its end, and comes without one
// before it, has started all the same; a seek into the fade arrives.
func TestShortEntryInAFadeIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, _ := album(t, s, 30*playertest.Rate, 2*playertest.Rate, 9*playertest.Rate)
		r := start(t, &playertest.Link{Handler: s}, player.Config{Crossfade: 3 * time.Second}, sink.RealTime)
		ids := r.Append(player.Item{URL: urls[0]}, player.Item{URL: urls[1]}, player.Item{URL: urls[2]})
		r.Play()
		time.Sleep(time.Second)
		if err := r.Seek(t.Context(), 29*time.Second); err != nil {
			t.Error(err)
		}
		if err := r.Seek(t.Context(), time.Hour); err != nil { // the end, from which the next one follows at once
			t.Error(err)
		}
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		if got := heardIDs(r); !slices.Equal(got, ids) {
			t.Errorf("%v started, want %v", got, ids)
		}
		causal(t, r.events)
	})
}
