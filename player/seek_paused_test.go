package player_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// localFiles writes music to files and gives their paths.
func localFiles(t testing.TB, music ...[]int16) (paths []string) {
	t.Helper()
	dir := t.TempDir()
	for i, pcm := range music {
		path := filepath.Join(dir, string(rune('a'+i))+".flac")
		if err := os.WriteFile(path, playertest.FLACFile(pcm), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// TestSeekWhileSilent: nobody hears anything, for whatever reason, and a seek arrives all the same,
// promptly; then the music goes on from there.
func TestSeekWhileSilent(t *testing.T) {
	const length = 12 * playertest.Rate
	whole := playertest.Music(21, 2*length)
	paths := localFiles(t, whole[:2*length], whole[2*length:])
	play := func(d time.Duration) func(*rig) {
		return func(r *rig) { r.Play(); time.Sleep(d) }
	}
	paused := func(after, before time.Duration) func(*rig) {
		return func(r *rig) { play(after)(r); r.Pause(); time.Sleep(before) }
	}
	tests := []struct {
		name   string
		before func(*rig)
	}{
		{"never played", func(*rig) {}},
		{"never played, after a while", func(*rig) { time.Sleep(time.Minute) }},
		{"paused at once", paused(0, 0)},
		{"paused early", paused(50*time.Millisecond, 50*time.Millisecond)},
		{"paused", paused(250*time.Millisecond, 50*time.Millisecond)},
		{"paused a moment ago", paused(255*time.Millisecond, time.Millisecond)},
		{"just paused", paused(255*time.Millisecond, 0)},
		{"paused for a minute", paused(3*time.Second, time.Minute)},
		{"stopped", func(r *rig) { play(time.Second)(r); r.Stop() }},
		{"held by focus", func(r *rig) { play(time.Second)(r); r.SetFocus(player.FocusHold); time.Sleep(time.Second) }},
		{"held before it began", func(r *rig) { r.SetFocus(player.FocusHold); r.Play(); time.Sleep(time.Second) }},
	}
	places := map[string]func() (list []string, client *playertest.Link){
		"file": func() ([]string, *playertest.Link) { return paths, &playertest.Link{} },
		"HTTP": func() ([]string, *playertest.Link) {
			s := playertest.NewService()
			s.Put("/a.flac", playertest.FLACFile(whole[:2*length]))
			s.Put("/b.flac", playertest.FLACFile(whole[2*length:]))
			return []string{host + "/a.flac", host + "/b.flac"}, &playertest.Link{Handler: s, RTT: 30 * time.Millisecond}
		},
		"HLS": func() ([]string, *playertest.Link) {
			s := playertest.NewService()
			urls, _ := album(t, s, length, length)
			return urls, &playertest.Link{Handler: s, RTT: 30 * time.Millisecond}
		},
	}
	for place, at := range places {
		for _, tt := range tests {
			t.Run(place+"/"+tt.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					urls, link := at()
					r := start(t, link, player.Config{Selection: player.Selection{Mode: player.ModeHighest}}, sink.RealTime, urls...)
					defer r.Close()
					tt.before(r)
					mark := len(r.out.Music())
					for i, to := range []time.Duration{9 * time.Second, 7100 * time.Millisecond, 0, 5 * time.Second} {
						begun := time.Now()
						ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
						err := r.Seek(ctx, to)
						cancel()
						if took := time.Since(begun); err != nil || took > 500*time.Millisecond {
							t.Fatalf("seek %d, to %v: %v after %v", i, to, err, took)
						}
						if st := r.State(); st.Position != to || st.Phase != player.Ready || st.Index != 0 {
							t.Errorf("seek %d: entry %d, %v at %v, wanted %v", i, st.Index, st.Phase, st.Position, to)
						}
						time.Sleep(20 * time.Millisecond)
					}
					time.Sleep(time.Second)
					// The sink may take one more of its periods at the very moment.
					if n := len(r.out.Music()) - mark; n > 2*(playertest.Rate/100+fadeFrames) {
						t.Errorf("%d frames were heard before their time", n/2)
					}
					mark = len(r.out.Music())
					r.SetFocus(player.FocusFull)
					r.Play()
					time.Sleep(300 * time.Millisecond)
					at := int(media.FramesIn(5*time.Second, playertest.Rate))
					if place == "HLS" {
						return // the album's music is another
					}
					if got := r.out.Music()[mark:]; len(got) < 4*fadeFrames || find(got[2*fadeFrames:], whole, at+fadeFrames, at+fadeFrames+1) < 0 {
						t.Error("something else is heard")
					}
				})
			})
		}
	}
}

// TestSeekWhileSilentBehindTheEnd: the next entry stands ready then, or the queue has ended.
func TestSeekWhileSilentBehindTheEnd(t *testing.T) {
	const length = 5 * playertest.Rate
	whole := playertest.Music(22, 2*length)
	paths := localFiles(t, whole[:2*length], whole[2*length:])
	for _, played := range []time.Duration{0, 250 * time.Millisecond, 2 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, &playertest.Link{}, player.Config{}, sink.RealTime, paths...)
			defer r.Close()
			if played > 0 {
				r.Play()
				time.Sleep(played)
				r.Pause()
				time.Sleep(50 * time.Millisecond)
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			if err := r.Seek(ctx, time.Hour); err != nil {
				t.Fatalf("played %v: %v", played, err)
			}
			time.Sleep(time.Second)
			if st := r.State(); st.Index != 1 || st.Phase != player.Ready || st.Position != 0 {
				t.Errorf("played %v: entry %d, %v at %v", played, st.Index, st.Phase, st.Position)
			}
			if err := r.Seek(ctx, time.Hour); err != nil {
				t.Fatalf("played %v, the last: %v", played, err)
			}
			time.Sleep(time.Second)
			if st := r.State(); st.Phase != player.Ended {
				t.Errorf("played %v: %v at %v of entry %d", played, st.Phase, st.Position, st.Index)
			}
			// At the end of the queue a seek goes back into its last entry.
			if err := r.Seek(ctx, time.Second); err != nil {
				t.Fatalf("played %v, ended: %v", played, err)
			}
			if st := r.State(); st.Index != 1 || st.Phase != player.Ready || st.Position != time.Second {
				t.Errorf("played %v: entry %d, %v at %v", played, st.Index, st.Phase, st.Position)
			}
		})
	}
}

// TestSeekWhereNothingPlays: it says so, and at once.
func TestSeekWhereNothingPlays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, &playertest.Link{Handler: playertest.NewService()}, player.Config{}, sink.RealTime)
		if err := r.Seek(context.Background(), time.Second); !errors.Is(err, player.KindArgument) {
			t.Errorf("an empty queue: %v", err)
		}
		r.Append(player.Item{URL: host + "/nothing.flac"}, player.Item{URL: host + "/nothing.m3u8"})
		if err := r.Seek(context.Background(), time.Second); !errors.Is(err, player.KindNotFound) {
			t.Errorf("what isn't there: %v", err)
		}
		r.SetRepeat(player.RepeatAll)
		r.Play()
		time.Sleep(time.Minute)
		if st := r.State(); st.Phase != player.Broken {
			t.Fatalf("%v", st.Phase)
		}
		for range 2 {
			begun := time.Now()
			if err := r.Seek(context.Background(), time.Second); !errors.Is(err, player.KindArgument) || time.Since(begun) > 0 {
				t.Errorf("broken: %v after %v", err, time.Since(begun))
			}
			r.Pause()
		}
		r.Close()
		if err := r.Seek(context.Background(), time.Second); err != player.ErrClosed {
			t.Errorf("closed: %v", err)
		}
	})
}
