package player_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/internal/record"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// TestCrashLosesNoFrame stores a playing player at random moments, ends it, and restores it into a new
// one: what that plays begins with the frame at which the position stood, across the ends of tracks,
// in whatever order they are played.
func TestCrashLosesNoFrame(t *testing.T) {
	for seed := range uint64(12) {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 9))
			s := playertest.NewService()
			urls, whole := album(t, s, 3*rate+1234, 2*rate+77, 4*rate+1)
			starts := []int{0, 3*rate + 1234, 5*rate + 1311}
			cfg := player.Config{Selection: player.Selection{Mode: player.ModeHighest}}
			r := start(t, &playertest.Link{Handler: s, RTT: 10 * time.Millisecond}, cfg, sink.RealTime, urls...)
			if seed%3 == 1 {
				r.SetRepeat(player.RepeatAll)
			}
			if seed%3 == 2 {
				r.SetShuffle(player.Shuffle{Mode: player.ShuffleTracks, Seed: seed})
			}
			r.Play()
			time.Sleep(time.Second + time.Duration(rng.Int64N(int64(7*time.Second))))
			data, err := r.MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			was := r.State()
			time.Sleep(time.Duration(rng.Int64N(int64(time.Second))))
			r.end(t)

			again := start(t, &playertest.Link{Handler: s, RTT: 10 * time.Millisecond}, cfg, sink.RealTime)
			if err := again.Restore(data, nil); err != nil {
				t.Fatal(err)
			}
			if st := again.State(); st.Current != was.Current || st.Position != was.Position || st.Intent != player.Playing ||
				st.Repeat != was.Repeat || st.Shuffle != was.Shuffle || st.Queue.Len() != 3 {
				t.Errorf("restored %+v\nwas %+v", st, was)
			}
			time.Sleep(1500 * time.Millisecond)
			heard := again.out.Music()
			again.end(t)

			at := starts[was.Index] + int(media.FramesIn(was.Position, playertest.Rate))
			end := len(whole) / 2
			if was.Index+1 < len(starts) {
				end = starts[was.Index+1]
			}
			n := min(len(heard)/2, end-at)
			if _, err := playertest.Same(heard[:2*n], whole[2*at:2*(at+n)]); err != nil || n == 0 {
				t.Errorf("at %v of entry %d: %v", was.Position, was.Index, err)
			}
			if planned := slices.Collect(was.Queue.Upcoming()); len(heard)/2 > n && len(planned) > 0 {
				next := starts[was.Queue.Index(planned[0].ID)]
				if _, err := playertest.Same(heard[2*n:], whole[2*next:2*next+len(heard)-2*n]); err != nil {
					t.Errorf("what follows: %v", err)
				}
			}
		})
	}
}

// TestRestoreKeepsSettings: what MarshalBinary says that it stores.
func TestRestoreKeepsSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gain := media.Decibels(-3.5)
		full := player.Item{
			URL: host + "/w0.wav", ContentID: "c", Title: "Title", Artist: "Artist", Album: "Album", TrackNumber: 4, Duration: time.Minute,
			Start: 300 * time.Millisecond, Stop: 900 * time.Millisecond,
			Tags: media.Tags{
				Title: "a", Artist: "b", Album: "c", AlbumArtist: "d", Composer: "e", Genre: "f", Track: 1, Disc: 2, Year: 1999, Tracks: 3, Discs: 4,
				Duration: time.Second, TrackGain: &gain, AlbumGain: &gain, TrackPeak: 0.5, AlbumPeak: 1.5,
			},
		}
		secret := full
		secret.Header = http.Header{"Authorization": {"Bearer x"}}
		secret.Resolve = func(context.Context) (player.Location, error) { return player.Location{}, nil }
		r, ids, _ := listening(t, player.Config{}, rate, rate)
		last := r.Append(secret)
		r.Remove(ids[0])
		r.SetVolume(0.3)
		r.Mute()
		r.SetSpeed(1.5)
		r.SetCrossfade(3*time.Second, dsp.Linear)
		r.SetSkipSilence(true)
		time.Sleep(time.Millisecond)
		data, err := r.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		r.end(t)
		if _, err := r.MarshalBinary(); !errors.Is(err, player.ErrClosed) {
			t.Errorf("storing after Close: %v", err)
		}

		var asked []player.Item
		again := start(t, &playertest.Link{Handler: playertest.NewService()}, player.Config{}, sink.RealTime)
		err = again.Restore(data, func(it player.Item) (player.Item, bool) {
			asked = append(asked, it)
			it.Header = http.Header{"New": {"token"}}
			return it, true
		})
		if err != nil {
			t.Fatal(err)
		}
		st := again.State()
		if st.Intent != player.Paused || st.Phase != player.Idle || st.Volume != 0.3 || !st.Muted || st.Speed != 1.5 ||
			st.Crossfade != 3*time.Second || !st.SkipSilence {
			t.Errorf("%+v", st)
		}
		if st.Queue.Len() != 2 || st.Queue.At(1).ID != last[0] || st.Queue.At(1).Item.Header.Get("New") != "token" {
			t.Errorf("%+v", st.Queue)
		}
		if len(asked) != 2 || !reflect.DeepEqual(asked[1], full) {
			t.Errorf("stored items are %+v", asked)
		}
		if next := again.Append(player.Item{}); next[0] <= last[0] {
			t.Errorf("id %d is given again", next[0])
		}
		if err := again.Restore(data, nil); !errors.Is(err, player.KindArgument) {
			t.Errorf("restoring into a player in use: %v", err)
		}
		again.end(t)
	})
}

// TestRestoreWithoutTheCurrent: what the app doesn't want any more is left out; what was behind it
// begins from its start.
func TestRestoreWithoutTheCurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, music := waves(s, 4*rate, 3*rate)
		r := start(t, &playertest.Link{Handler: s}, player.Config{}, sink.RealTime, urls...)
		r.Play()
		time.Sleep(2 * time.Second)
		data, err := r.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		r.end(t)
		again := start(t, &playertest.Link{Handler: s}, player.Config{}, sink.RealTime)
		if err := again.Restore(data, func(it player.Item) (player.Item, bool) { return it, it.URL != urls[0] }); err != nil {
			t.Fatal(err)
		}
		if err := again.finish(t); err != nil {
			t.Error(err)
		}
		if _, err := playertest.Same(again.out.Music(), music[1]); err != nil {
			t.Error(err)
		}
	})
}

func TestRestoreEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, _ := listening(t, player.Config{}, rate)
		r.Play()
		time.Sleep(2 * time.Second)
		data, err := r.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		r.end(t)
		again := start(t, &playertest.Link{Handler: playertest.NewService()}, player.Config{}, sink.RealTime)
		if err := again.Restore(data, nil); err != nil {
			t.Fatal(err)
		}
		if st := again.State(); st.Phase != player.Ended || st.Queue.Len() != 1 {
			t.Errorf("%+v", st)
		}
		if err := again.finish(t); err != nil {
			t.Error(err)
		}
	})
}

func TestRestoreRefuses(t *testing.T) {
	p := player.New(player.Config{})
	defer p.Close()
	good, err := p.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"nothing": nil, "something else": []byte("SEGUE is a bird's brother"), "cut off": good[:len(good)-3],
		"damaged": append([]byte("SEGP1\x00"), good[6:]...),
	} {
		if err := p.Restore(data, nil); !errors.Is(err, player.KindStored) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := p.Restore(good, nil); err != nil {
		t.Errorf("what is right: %v", err)
	}
}

// FuzzRestore: whatever Restore is given, the player can be used afterwards.
func FuzzRestore(f *testing.F) {
	p := player.New(player.Config{})
	p.Append(player.Item{URL: "file:///nowhere/a", Title: "a"}, player.Item{Title: "b", Album: "c", TrackNumber: 3})
	p.SetShuffle(player.Shuffle{Mode: player.ShuffleAlbums, Seed: 4})
	data, err := p.MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	p.Close()
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		p := player.New(player.Config{})
		defer p.Close()
		if p.Restore(resealed(data), nil) != nil {
			return
		}
		before := p.State()
		p.Append(player.Item{URL: "file:///nowhere/else"})
		p.SetShuffle(player.Shuffle{Mode: player.ShuffleTracks, Seed: 1})
		p.Next()
		p.Previous()
		if _, err := p.MarshalBinary(); err != nil {
			t.Fatal(err)
		}
		if st := p.State(); st.Queue.Len() != before.Queue.Len()+1 {
			t.Fatalf("%d entries, were %d", st.Queue.Len(), before.Queue.Len())
		}
	})
}

// BenchmarkQueue: 20,000 entries of what a service sends, edited, stored and restored.
func BenchmarkQueue(b *testing.B) {
	items := make([]player.Item, 20_000)
	for i := range items {
		items[i] = player.Item{
			URL: fmt.Sprintf("https://music.example/tracks/%08d/master.m3u8", i), ContentID: fmt.Sprintf("track-%08d", i),
			Title: fmt.Sprintf("Track number %d", i), Artist: "An artist", Album: fmt.Sprintf("Album %d", i/12), TrackNumber: i%12 + 1,
			Duration: 200 * time.Second,
		}
	}
	p := player.New(player.Config{})
	defer p.Close()
	empty, err := p.MarshalBinary()
	if err != nil {
		b.Fatal(err)
	}
	ids := p.Append(items...)
	settle := func() { // it is refused when the commands before it are done
		if err := p.Restore(empty, nil); !errors.Is(err, player.KindArgument) {
			b.Fatal(err)
		}
	}
	b.Run("insert and remove", func(b *testing.B) {
		for b.Loop() {
			p.Remove(p.Insert(player.After(ids[10_000]), items[0])...)
			settle()
		}
	})
	b.Run("shuffle and unshuffle", func(b *testing.B) {
		for b.Loop() {
			p.SetShuffle(player.Shuffle{Mode: player.ShuffleAlbums})
			p.SetShuffle(player.Shuffle{})
			settle()
		}
	})
	var data []byte
	b.Run("store", func(b *testing.B) {
		for b.Loop() {
			if data, err = p.MarshalBinary(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(data))/float64(len(items)), "bytes/entry")
	})
	b.Run("restore", func(b *testing.B) {
		for b.Loop() {
			q := player.New(player.Config{})
			if err := q.Restore(data, nil); err != nil {
				b.Fatal(err)
			}
			q.Close()
		}
	})
}

// resealed gives the checksums that data ought to have: a fuzzer would not find them.
func resealed(data []byte) []byte {
	if len(data) < 4 {
		return data
	}
	data = slices.Clone(data[:len(data)-4])
	if inner := bytes.Index(data, []byte("SEGQ1")); inner >= 0 && len(data) >= inner+9 {
		data = record.Seal(data[:len(data)-4], inner)
	}
	return record.Seal(data, 0)
}
