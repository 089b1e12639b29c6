package player_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// waves puts pieces of music of some lengths (in frames) on a service as WAV files.
func waves(s *playertest.Service, frames ...int) (urls []string, music [][]int16) {
	for i, n := range frames {
		pcm := playertest.Music(uint64(100+i), n)
		path := fmt.Sprintf("/w%d.wav", i)
		s.Put(path, waveFile(pcm))
		urls, music = append(urls, host+path), append(music, pcm)
	}
	return urls, music
}

// listening is a rig with a queue of WAV files, by default in real time and played.
func listening(t *testing.T, cfg player.Config, frames ...int) (r *rig, ids []player.EntryID, music [][]int16) {
	t.Helper()
	s := playertest.NewService()
	urls, music := waves(s, frames...)
	r = start(t, &playertest.Link{Handler: s, RTT: 5 * time.Millisecond}, cfg, sink.RealTime)
	for i, u := range urls {
		ids = append(ids, r.Append(player.Item{URL: u, Title: fmt.Sprint("w", i)})...)
	}
	return r, ids, music
}

func (r *rig) end(t *testing.T) {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	<-r.read
}

// order lists the entries that were started.
func (r *rig) order() (ids []player.EntryID) {
	for _, e := range r.events {
		if _, ok := e.What.(player.TrackStarted); ok {
			ids = append(ids, e.Entry)
		}
	}
	return ids
}

// rate is a second of frames.
const rate = playertest.Rate

// TestLoopsAreGapless: an entry that is repeated, and a queue that is, follow themselves to the sample.
func TestLoopsAreGapless(t *testing.T) {
	for _, repeat := range []player.Repeat{player.RepeatOne, player.RepeatAll} {
		synctest.Test(t, func(t *testing.T) {
			// The crossfade is for neighbours, not for one entry and itself.
			crossfade := time.Duration(0)
			if repeat == player.RepeatOne {
				crossfade = 2 * time.Second
			}
			r, ids, music := listening(t, player.Config{Crossfade: crossfade}, 5*rate+321, 4*rate+77)
			r.SetRepeat(repeat)
			r.Play()
			time.Sleep(38 * time.Second)
			if st := r.State(); st.Repeat != repeat || st.Phase != player.Ready {
				t.Errorf("%+v", st)
			}
			r.SetRepeat(player.RepeatOff)
			if err := r.finish(t); err != nil {
				t.Fatal(err)
			}
			var want []int16
			for _, id := range r.order() {
				want = append(want, music[slices.Index(ids, id)]...)
			}
			if len(r.order()) < 8 {
				t.Errorf("only %d tracks were started", len(r.order()))
			}
			heard := r.out.Music()
			if crossfade > 0 { // at last, out of the loop
				want, heard = want[:2*30*rate], heard[:2*30*rate]
			}
			if _, err := playertest.Same(heard, want); err != nil {
				t.Error(err)
			}
			if n, frames := r.out.Gaps(); n != 0 {
				t.Errorf("%d gaps of %d frames in all", n, frames)
			}
			for i, s := range count[player.TrackStarted](r) {
				if s.Gapless != (i > 0) || s.Position != 0 {
					t.Errorf("track %d: gapless %v from %v", i, s.Gapless, s.Position)
				}
			}
			if ended := count[player.TrackEnded](r); len(ended) != len(r.order()) {
				t.Errorf("%d tracks ended of %d", len(ended), len(r.order()))
			}
		})
	}
}

func TestShufflePlaysAllOnce(t *testing.T) {
	for _, mode := range []player.ShuffleMode{player.ShuffleTracks, player.ShuffleAlbums} {
		synctest.Test(t, func(t *testing.T) {
			var orders [][]player.EntryID
			for range 2 {
				r, ids, _ := listening(t, player.Config{}, rate, rate, rate, rate, rate, rate)
				r.SetShuffle(player.Shuffle{Mode: mode, Seed: 5})
				time.Sleep(time.Millisecond)
				planned := []player.EntryID{r.State().Current}
				for e := range r.State().Queue.Upcoming() {
					planned = append(planned, e.ID)
				}
				r.Play()
				if err := r.finish(t); err != nil {
					t.Fatal(err)
				}
				got := r.order()
				if !slices.Equal(got, planned) {
					t.Errorf("played %v, planned %v", got, planned)
				}
				orders = append(orders, slices.Clone(got))
				if slices.Sort(got); !slices.Equal(got, ids) {
					t.Errorf("played %v of %v", got, ids)
				}
				if n, _ := r.out.Gaps(); n != 0 {
					t.Errorf("%d gaps", n)
				}
			}
			if !slices.Equal(orders[0], orders[1]) {
				t.Errorf("the same seed gives %v and %v", orders[0], orders[1])
			}
		})
	}
}

// TestEditsOfWhatComesNext: whatever an edit puts behind the current entry follows it without a gap,
// though another one was ready to.
func TestEditsOfWhatComesNext(t *testing.T) {
	edits := []struct {
		name string
		do   func(r *rig, ids []player.EntryID)
		next int // index of what follows the first entry
	}{
		{"nothing", func(*rig, []player.EntryID) {}, 1},
		{"remove", func(r *rig, ids []player.EntryID) { r.Remove(ids[1]) }, 2},
		{"remove many", func(r *rig, ids []player.EntryID) { r.Remove(ids[2], ids[1]) }, 3},
		{"move", func(r *rig, ids []player.EntryID) { r.Move(ids[3], player.After(ids[0])) }, 3},
		{"move to an index", func(r *rig, ids []player.EntryID) { r.Move(ids[2], player.AtIndex(1)) }, 2},
		{"move away", func(r *rig, ids []player.EntryID) { r.Move(ids[1], player.Place{}) }, 2},
		{"replace all", func(r *rig, ids []player.EntryID) {
			v := r.State().Queue
			r.ReplaceAll(v.At(2), v.At(0), v.At(3))
		}, 3},
		{"repeat", func(r *rig, ids []player.EntryID) { r.SetRepeat(player.RepeatOne) }, 0},
		{"replace", func(r *rig, ids []player.EntryID) {
			r.Replace(ids[1], player.Item{URL: host + "/w3.wav"})
		}, 3},
	}
	for _, edit := range edits {
		t.Run(edit.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, ids, music := listening(t, player.Config{}, 4*rate+5, 2*rate, 2*rate, 2*rate)
				r.Play()
				time.Sleep(3 * time.Second) // all is here, and what follows is ready
				edit.do(r, ids)
				time.Sleep(2 * time.Second)
				heard := r.out.Music()
				want := slices.Concat(music[0], music[edit.next])
				if _, err := playertest.Same(heard, want[:len(heard)]); err != nil || len(heard) < 2*(4*rate+rate/2) {
					t.Errorf("%d frames, %v", len(heard)/2, err)
				}
				r.end(t)
				if n, _ := r.out.Gaps(); n != 0 {
					t.Errorf("%d gaps", n)
				}
			})
		})
	}
}

// TestEditsAtTheLastMoment: in the last 300 ms of an entry the mixer is at the next one already, and
// what is edited then is heard all the same.
func TestEditsAtTheLastMoment(t *testing.T) {
	edits := []struct {
		name string
		do   func(r *rig, ids []player.EntryID)
		want []int // indices of what is heard
	}{
		{"remove what comes", func(r *rig, ids []player.EntryID) { r.Remove(ids[1]) }, []int{0, 2, 3}},
		{"remove what is heard", func(r *rig, ids []player.EntryID) { r.Remove(ids[0]) }, []int{0, 1, 2, 3}},
		{"remove both", func(r *rig, ids []player.EntryID) { r.Remove(ids[0], ids[1]) }, []int{0, 2, 3}},
		{"play next", func(r *rig, ids []player.EntryID) {
			r.InsertNext(player.Item{URL: host + "/w3.wav", Title: "w9"})
		}, []int{0, 9, 1, 2, 3}},
		{"next", func(r *rig, ids []player.EntryID) { r.Next() }, []int{0, 1, 2, 3}},
		{"again", func(r *rig, ids []player.EntryID) { r.Previous() }, []int{0, 0, 1, 2, 3}},
		{"seek", func(r *rig, ids []player.EntryID) { go r.Seek(context.Background(), time.Second) }, []int{0, 1, 2, 3}},
		{"replace what comes", func(r *rig, ids []player.EntryID) {
			r.Replace(ids[1], player.Item{URL: host + "/w2.wav", Title: "w8"})
		}, []int{0, 8, 2, 3}},
		{"replace all", func(r *rig, ids []player.EntryID) {
			v := r.State().Queue
			r.ReplaceAll(v.At(3), v.At(0), v.At(2))
		}, []int{0, 2}},
	}
	for _, edit := range edits {
		t.Run(edit.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, ids, _ := listening(t, player.Config{}, 4*rate, 2*rate, 2*rate, 2*rate)
				r.Play()
				for r.State().Position < 3850*time.Millisecond {
					time.Sleep(time.Millisecond)
				}
				edit.do(r, ids)
				if err := r.finish(t); err != nil {
					t.Error(err)
				}
				var got []int
				for _, s := range count[player.TrackStarted](r) {
					got = append(got, int(s.Item.Title[1]-'0'))
				}
				if !slices.Equal(got, edit.want) {
					t.Errorf("heard %v, want %v", got, edit.want)
				}
				if ended := count[player.TrackEnded](r); len(ended) != len(got) {
					t.Errorf("%d ends of %d", len(ended), len(got))
				}
			})
		})
	}
}

func TestReplaceOfTexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, ids, music := listening(t, player.Config{}, 4*rate)
		r.Play()
		time.Sleep(time.Second)
		it := r.State().Queue.At(0).Item
		it.Title = "A better title"
		r.Replace(ids[0], it)
		time.Sleep(time.Second)
		if got := r.State().Queue.At(0).Item.Title; got != it.Title {
			t.Errorf("title is %q", got)
		}
		if err := r.finish(t); err != nil {
			t.Error(err)
		}
		if _, err := playertest.Same(r.out.Music(), music[0]); err != nil {
			t.Error(err)
		}
	})
}

func TestHistoryAndEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, ids, _ := listening(t, player.Config{}, rate, rate, rate)
		synctest.Wait()
		before := r.State().Queue
		r.Play()
		time.Sleep(500 * time.Millisecond)
		r.SkipTo(ids[2])
		time.Sleep(500 * time.Millisecond)
		r.Remove(ids[2], ids[1])
		time.Sleep(time.Second)
		history := r.History()
		if len(history) != 2 || history[0].ID != ids[0] || history[1].ID != ids[2] || history[1].Item.Title != "w2" {
			t.Errorf("history: %+v", history)
		}
		r.Insert(player.Before(ids[0]), player.Item{Title: "x"})
		r.Move(ids[0], player.AtIndex(0))
		r.SetShuffle(player.Shuffle{Mode: player.ShuffleTracks})
		r.SetRepeat(player.RepeatAll)
		r.Clear()
		time.Sleep(time.Millisecond)
		after := r.State()
		if before.Len() != 3 || after.Queue.Len() != 0 || after.Current != 0 || after.Index != -1 {
			t.Errorf("%+v", after)
		}
		if after.Shuffle.Mode != player.ShuffleTracks || after.Shuffle.Seed == 0 || after.Repeat != player.RepeatAll {
			t.Errorf("%+v, %v", after.Shuffle, after.Repeat)
		}
		r.end(t)
		var reasons []player.Reason
		version := int64(0)
		for _, c := range count[player.QueueChanged](r) {
			reasons = append(reasons, c.Reason)
			if c.Version <= version {
				t.Errorf("version %d after %d", c.Version, version)
			}
			version = c.Version
		}
		want := []player.Reason{player.ReasonAdded, player.ReasonAdded, player.ReasonAdded, player.ReasonRemoved,
			player.ReasonAdded, player.ReasonMoved, player.ReasonShuffled, player.ReasonRepeated, player.ReasonRemoved}
		if !slices.Equal(reasons, want) || version != after.Queue.Version() {
			t.Errorf("%v, the last version %d of %d", reasons, version, after.Queue.Version())
		}
	})
}

// TestMissingFileFailsAtOnce: a file that isn't there is no network that may come back.
func TestMissingFileFailsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, _ := listening(t, player.Config{}, rate)
		missing := r.InsertNext(player.Item{URL: "file:///nowhere/there.wav"})
		r.SkipTo(missing[0])
		r.Play()
		time.Sleep(time.Second)
		if st := r.State(); st.Phase != player.Ended || st.Holds != 0 {
			t.Errorf("after a second: current %d, %v, holds %v", st.Current, st.Phase, st.Holds)
		}
		r.end(t)
		if failed := count[player.Failed](r); len(failed) != 1 || !errors.Is(failed[0].Err, player.KindNotFound) {
			t.Errorf("%+v", failed)
		}
	})
}

// TestNetworkHoldEndsWithItsEntry: a skip away from an entry that waits for the network leaves the hold
// behind.
func TestNetworkHoldEndsWithItsEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, _ := waves(s, 3*rate)
		s.Fail(playertest.Fault{Match: playertest.On("/away"), Serve: playertest.Refused})
		r := start(t, &playertest.Link{Handler: s}, player.Config{}, sink.RealTime, host+"/away.wav", urls[0])
		r.Play()
		time.Sleep(20 * time.Second)
		if st := r.State(); !st.Holds.Has(player.HoldNetwork) {
			t.Fatalf("%v, holds %v", st.Phase, st.Holds)
		}
		r.Next()
		time.Sleep(time.Second)
		if st := r.State(); st.Holds != 0 || st.Phase != player.Ready {
			t.Errorf("%v, holds %v", st.Phase, st.Holds)
		}
		r.end(t)
	})
}

// TestRepeatOfNothing: an entry without a frame that is repeated while playback is paused is not begun
// again and again, and when playback goes on the player gives up.
func TestRepeatOfNothing(t *testing.T) {
	for _, repeat := range []player.Repeat{player.RepeatOne, player.RepeatAll} {
		synctest.Test(t, func(t *testing.T) {
			s := playertest.NewService()
			urls, _ := waves(s, 2*rate)
			s.Put("/bad.wav", []byte("RIFFxxxxWAVEnothing more"))
			r := start(t, &playertest.Link{Handler: s}, player.Config{}, sink.RealTime, urls[0], host+"/bad.wav")
			r.Play()
			time.Sleep(1900 * time.Millisecond) // the mixer is at the second one
			r.Pause()
			r.Remove(r.State().Current)
			r.SetRepeat(repeat)
			time.Sleep(time.Minute)
			r.Play()
			time.Sleep(time.Second)
			if st := r.State(); st.Phase != player.Broken || !errors.Is(st.Err, player.KindNothingPlays) {
				t.Errorf("%v, %v", st.Phase, st.Err)
			}
			r.end(t)
		})
	}
}
