package player_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/cache"
	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

const host = "http://music.test"

// album cuts one piece into tracks at places that are no multiple of anything.
func album(t testing.TB, s *playertest.Service, frames ...int) (urls []string, whole []int16) {
	t.Helper()
	total := 0
	for _, n := range frames {
		total += n
	}
	whole = playertest.Music(7, total)
	at := 0
	for i, n := range frames {
		urls = append(urls, host+s.Track(t, fmt.Sprintf("t%d", i), whole[2*at:2*(at+n)]))
		at += n
	}
	return urls, whole
}

type rig struct {
	*player.Player
	out    *playertest.Capture
	events []player.Event
	read   chan struct{}
}

// start makes a player over a link to a service and queues urls.
func start(t testing.TB, link *playertest.Link, cfg player.Config, pace sink.Pace, urls ...string) *rig {
	t.Helper()
	r := &rig{out: &playertest.Capture{Pace: pace}, read: make(chan struct{})}
	cfg.Sink, cfg.HTTP = r.out, link.Client()
	r.Player = player.New(cfg)
	events := r.Events(context.Background())
	go func() {
		defer close(r.read)
		for e := range events {
			r.events = append(r.events, e)
		}
	}()
	for _, u := range urls {
		r.Append(player.Item{URL: u})
	}
	return r
}

// finish waits for the end of the queue, closes the player and returns Wait's error.
func (r *rig) finish(t testing.TB) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	err := r.Wait(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("did not end: %+v", r.State())
	}
	if cerr := r.Close(); cerr != nil {
		t.Errorf("Close: %v", cerr)
	}
	<-r.read
	return err
}

func count[E any](r *rig) (found []E) {
	for _, e := range r.events {
		if w, ok := e.What.(E); ok {
			found = append(found, w)
		}
	}
	return found
}

func TestAlbumIsGapless(t *testing.T) {
	for _, pace := range []sink.Pace{sink.RealTime, sink.Unpaced} {
		synctest.Test(t, func(t *testing.T) {
			s := playertest.NewService()
			urls, whole := album(t, s, 9*playertest.Rate+1234, 177_778, 3*playertest.Rate+2, 500)
			r := start(t, &playertest.Link{Handler: s, RTT: 30 * time.Millisecond},
				player.Config{Selection: player.Selection{Mode: player.ModeHighest}}, pace, urls...)
			r.Play()
			if err := r.finish(t); err != nil {
				t.Fatal(err)
			}
			if switches, err := playertest.Same(r.out.Music(), whole); err != nil || switches != 0 {
				t.Errorf("pace %v: %d switches, %v", pace, switches, err)
			}
			if n, frames := r.out.Gaps(); n != 0 && pace == sink.RealTime {
				t.Errorf("%d gaps of %d frames in all", n, frames)
			}
			started := count[player.TrackStarted](r)
			if len(started) != len(urls) {
				t.Fatalf("%d tracks started", len(started))
			}
			for i, s := range started {
				if s.Gapless != (i > 0) || s.Position != 0 {
					t.Errorf("track %d: gapless %v from %v", i, s.Gapless, s.Position)
				}
			}
			if st := r.State(); st.Phase != player.Ended || st.Stats.FramesPlayed != int64(len(whole)/2) || st.Stats.Underruns != 0 {
				t.Errorf("%v, stats %+v", st.Phase, st.Stats)
			}
		})
	}
}

func TestSwitchesFollowTheLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, whole := album(t, s, 200*playertest.Rate+76)
		link := &playertest.Link{Handler: s, RTT: 40 * time.Millisecond, Rate: func(at time.Duration) media.Bitrate {
			if at > 15*time.Second && at < 110*time.Second {
				return media.Kbps(950) // the lowest rendition is 706 kbps
			}
			return media.Kbps(8000)
		}}
		r := start(t, link, player.Config{}, sink.RealTime, urls...)
		r.Play()
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		switches, err := playertest.Same(r.out.Music(), whole)
		if err != nil {
			t.Error(err)
		}
		if n, frames := r.out.Gaps(); n != 0 {
			t.Errorf("%d gaps of %d frames in all", n, frames)
		}
		changes := count[player.RenditionChanged](r)
		down, up := false, false
		for _, c := range changes {
			down = down || c.From >= 0 && c.To < c.From
			up = up || down && c.To > c.From
		}
		if !down || !up || switches == 0 {
			t.Errorf("down %v, then up %v; changes: %+v", down, up, changes)
		}
		if st := r.State().Stats; st.Rebuffers != 0 || st.Switches < 2 {
			t.Errorf("%+v", st)
		}
	})
}

func TestOutageLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, whole := album(t, s, 60*playertest.Rate)
		begun := time.Now()
		s.Fail(playertest.Fault{
			Match: func(string, int) bool { d := time.Since(begun); return d > 3*time.Second && d < 12*time.Second },
			Serve: playertest.Refused,
		})
		link := &playertest.Link{Handler: s, Rate: func(time.Duration) media.Bitrate { return media.Kbps(1200) }}
		r := start(t, link, player.Config{Buffer: 8 * time.Second, Selection: player.Selection{Mode: player.ModeLowest}},
			sink.RealTime, urls...)
		r.Play()
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		if _, err := playertest.Same(r.out.Music(), whole); err != nil {
			t.Error(err)
		}
		gaps, frames := r.out.Gaps()
		st := r.State().Stats
		if gaps > 1 || gaps != st.Rebuffers || frames > 9*playertest.Rate {
			t.Errorf("%d gaps of %d frames, stats %+v", gaps, frames, st)
		}
		if heard := media.Frames(frames).Duration(playertest.Rate); (heard - st.RebufferTime).Abs() > 50*time.Millisecond {
			t.Errorf("silence of %v is reported as %v", heard, st.RebufferTime)
		}
	})
}

func TestSecondPlayComesFromTheCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, whole := album(t, s, 10*playertest.Rate, 8*playertest.Rate+4)
		store := openCache(t, filepath.Join(t.TempDir(), "cache.db"))
		defer store.Close()
		link := &playertest.Link{Handler: s, RTT: 50 * time.Millisecond, Rate: func(time.Duration) media.Bitrate { return media.Kbps(3000) }}
		play := func(c *cache.Store, pace sink.Pace) (*rig, error) {
			r := start(t, link, player.Config{Cache: c, NetworkPatience: -1}, pace, urls...)
			r.Play()
			return r, r.finish(t)
		}
		// The first time the rule climbs, so that the cache holds pieces of several renditions.
		if r, err := play(store, sink.RealTime); err != nil || r.State().Stats.Switches == 0 {
			t.Fatalf("%v, %+v", err, r.State().Stats)
		}
		s.Fail(playertest.Fault{Match: playertest.On("/"), Serve: playertest.Refused})
		r, err := play(store, sink.Unpaced)
		if err != nil {
			t.Fatalf("with the server gone: %v", err)
		}
		if _, err := playertest.Same(r.out.Music(), whole); err != nil {
			t.Error(err)
		}
		if st := r.State().Stats; st.BytesFetched != 0 || st.CacheHits == 0 {
			t.Errorf("%+v", st)
		}
		empty := openCache(t, filepath.Join(t.TempDir(), "cache.db"))
		defer empty.Close()
		if _, err := play(empty, sink.Unpaced); !errors.Is(err, player.KindNetwork) {
			t.Errorf("with an empty cache: %v", err)
		}
	})
}

// TestCachedMusicClimbs: music that was cached on a bad link is not played from there for ever once
// the link is good, though nothing needs to be fetched.
func TestCachedMusicClimbs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, whole := album(t, s, 60*playertest.Rate)
		store := openCache(t, "")
		defer store.Close()
		link := &playertest.Link{Handler: s, RTT: 20 * time.Millisecond, Rate: func(time.Duration) media.Bitrate { return media.Kbps(6000) }}
		play := func(mode player.Mode) *rig {
			r := start(t, link, player.Config{Cache: store, Selection: player.Selection{Mode: mode}}, sink.RealTime, urls...)
			r.Play()
			if err := r.finish(t); err != nil {
				t.Fatal(err)
			}
			return r
		}
		play(player.ModeLowest)
		r := play(player.ModeAuto)
		if st := r.State().Stats; st.BytesFetched == 0 || st.Switches == 0 || st.CacheHits < 4 {
			t.Errorf("%+v", st)
		}
		if _, err := playertest.Same(r.out.Music(), whole); err != nil {
			t.Error(err)
		}
	})
}

func openCache(t testing.TB, path string) *cache.Store {
	t.Helper()
	c, err := cache.Open(context.Background(), cache.Options{Path: path, Secret: []byte("0123456789abcdef0123456789abcdef")})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestBadInput breaks the first of two tracks in every way: each has its own error, and the second
// track plays in full.
func TestBadInput(t *testing.T) {
	tests := []struct {
		name  string
		fault playertest.Fault
		kind  player.Kind
	}{
		{"401", playertest.Fault{Match: playertest.On("t0/master"), Serve: playertest.Status(401)}, player.KindUnauthorized},
		{"403 for the segments", playertest.Fault{Match: playertest.On("t0/flac"), Serve: playertest.Status(403)}, player.KindForbidden},
		{"404", playertest.Fault{Match: playertest.On("t0/master"), Serve: playertest.Status(404)}, player.KindNotFound},
		{"404 for the segments", playertest.Fault{Match: playertest.On("/2.m4s"), Serve: playertest.Status(404)}, player.KindNotFound},
		{"500 for ever", playertest.Fault{Match: playertest.On("t0/"), Serve: playertest.Status(500)}, player.KindServer},
		{"server gone", playertest.Fault{Match: playertest.On("t0/"), Serve: playertest.Refused}, player.KindNetwork},
		{"no playlist", playertest.Fault{Match: playertest.On("t0/master"), Serve: playertest.Instead([]byte("hello"))}, player.KindManifest},
		{"truncated playlists", playertest.Fault{Match: playertest.On("t0/flac"), Serve: truncated}, player.KindManifest},
		{"one truncated playlist", playertest.Fault{Match: playertest.On("t0/flac16/index"), Serve: truncated}, 0},
		{"one missing segment", playertest.Fault{Match: playertest.On("t0/flac16/1.m4s"), Serve: playertest.Status(404)}, 0},
		{"one corrupt transfer", playertest.Fault{Match: playertest.First(1, "t0/flac16/1.m4s"), Serve: scrambled}, 0},
		{"an empty last segment", playertest.Fault{Match: playertest.On("t0/flac16/index"), Serve: withEmptyEnd}, 0},
		{"corrupt segments", playertest.Fault{Match: playertest.On("/1.m4s"), Serve: scrambled}, player.KindWrongKey},
		{"wrong key", playertest.Fault{Match: playertest.On("t0/key"), Serve: playertest.Instead([]byte("fedcba9876543210"))}, player.KindWrongKey},
		{"short key", playertest.Fault{Match: playertest.On("t0/key"), Serve: playertest.Instead([]byte("short"))}, player.KindKey},
		{"no key", playertest.Fault{Match: playertest.On("t0/key"), Serve: playertest.Status(404)}, player.KindKey},
	}
	whole := playertest.NewService()
	first, music := playertest.Music(1, 10*playertest.Rate), playertest.Music(2, 2*playertest.Rate)
	emptySegment(whole)
	bad, good := whole.Track(t, "t0", first), whole.Track(t, "t1", music)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := whole.Clone()
				s.Fail(tt.fault)
				r := start(t, &playertest.Link{Handler: s}, player.Config{NetworkPatience: -1, Selection: player.Selection{Mode: player.ModeHighest}},
					sink.Unpaced, host+bad, host+good)
				r.Play()
				err := r.finish(t)
				if tt.kind == 0 && err != nil || tt.kind != 0 && !errors.Is(err, tt.kind) {
					t.Errorf("got %v, want kind %d", err, tt.kind)
				}
				if n := len(count[player.Failed](r)); n != 1 && tt.kind != 0 {
					t.Errorf("%d errors reported", n)
				}
				out := r.out.Music()
				if len(out) < len(music) {
					t.Fatalf("%d frames came out", len(out)/2)
				}
				if _, err := playertest.Same(out[len(out)-len(music):], music); err != nil {
					t.Errorf("the next track: %v", err)
				}
				if tt.kind == 0 {
					if _, err := playertest.Same(out[:max(0, len(out)-len(music))], first); err != nil {
						t.Errorf("the track itself: %v", err)
					}
				}
			})
		})
	}
}

// TestServerGoneForGood: what was fetched is heard to its last frame, and the wait for more is
// reported as what it was, silence, though it ended in an error.
func TestServerGoneForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, whole := album(t, s, 60*playertest.Rate)
		begun := time.Now()
		s.Fail(playertest.Fault{
			Match: func(string, int) bool { return time.Since(begun) > 5*time.Second },
			Serve: playertest.Refused,
		})
		r := start(t, &playertest.Link{Handler: s},
			player.Config{NetworkPatience: -1, Buffer: 6 * time.Second, Selection: player.Selection{Mode: player.ModeHighest}}, sink.RealTime, urls...)
		r.Play()
		if err := r.finish(t); !errors.Is(err, player.KindNetwork) {
			t.Errorf("got %v", err)
		}
		heard := r.out.Music()
		if n := len(heard) / 2; n < 8*playertest.Rate || n >= len(whole)/2 {
			t.Fatalf("%d frames were heard", n)
		}
		if _, err := playertest.Same(heard, whole[:len(heard)]); err != nil {
			t.Error(err)
		}
		over := count[player.Rebuffered](r)
		if st := r.State().Stats; st.Rebuffers != 1 || len(over) != 1 || st.RebufferTime < time.Second || over[0].Length != st.RebufferTime {
			t.Errorf("stats %+v, events %+v", st, over)
		}
	})
}

func TestFilesOverHTTPAreExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		whole := playertest.Music(5, 9*playertest.Rate+777)
		cut := 2 * (4*playertest.Rate + 123)
		s.Put("/a.flac", playertest.FLACFile(whole[:cut]))
		s.Put("/b.wav", waveFile(whole[cut:]))
		r := start(t, &playertest.Link{Handler: s, RTT: 20 * time.Millisecond}, player.Config{}, sink.RealTime, host+"/a.flac", host+"/b.wav")
		r.Play()
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		if n, err := playertest.Same(r.out.Music(), whole); err != nil || n != 0 {
			t.Errorf("%d switches, %v", n, err)
		}
		if n, frames := r.out.Gaps(); n != 0 {
			t.Errorf("%d gaps of %d frames in all", n, frames)
		}
	})
}

// waveFile is a WAV file of stereo 16-bit music.
func waveFile(pcm []int16) []byte {
	b := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(36+2*len(pcm)))
	b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00\x02\x00"...)
	b = binary.LittleEndian.AppendUint32(b, playertest.Rate)
	b = binary.LittleEndian.AppendUint32(b, 4*playertest.Rate)
	b = append(b, "\x04\x00\x10\x00data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(2*len(pcm)))
	for _, s := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}
