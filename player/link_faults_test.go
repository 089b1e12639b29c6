package player_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// faultLink carries the ladder's lowest rendition three times over.
const faultLink = 2200 // kbps

// TestFaults: whatever befalls the link or the service for a while, every frame is heard once and in its
// place, and the silence is no longer than the fault less the buffer.
func TestFaults(t *testing.T) {
	during := func(from, to time.Duration) func(time.Duration) bool {
		return func(at time.Duration) bool { return at >= from && at < to }
	}
	var begun time.Time
	when := func(part string, from, to time.Duration) func(string, int) bool {
		return func(p string, _ int) bool {
			return strings.Contains(p, part) && during(from, to)(time.Since(begun))
		}
	}
	once := func(part string) func(string, int) bool { return playertest.First(1, part) }
	rate := func(time.Duration) media.Bitrate { return media.Kbps(faultLink) }
	tests := []struct {
		name    string
		fault   playertest.Fault
		dark    func(time.Duration) bool
		rate    func(time.Duration) media.Bitrate
		silence time.Duration // at most; of what stands still for a time it is worked out
		from    time.Duration // when all stands still
		lasts   time.Duration
		again   time.Duration // what trying again and beginning to play again may take
	}{
		{name: "20 s of darkness", dark: during(12*time.Second, 32*time.Second), from: 12 * time.Second, lasts: 20 * time.Second, again: 2 * time.Second},
		{
			name: "20 s refused", fault: playertest.Fault{Match: when("", 12*time.Second, 32*time.Second), Serve: playertest.Refused},
			from: 12 * time.Second, lasts: 20 * time.Second, again: 4 * time.Second,
		},
		{name: "reset in a segment", fault: playertest.Fault{Match: once("/2.m4s"), Serve: playertest.Reset(0.5)}},
		{name: "every segment is reset once", fault: playertest.Fault{Match: once(".m4s"), Serve: playertest.Reset(0.7)}},
		{
			name: "503 for 10 s", fault: playertest.Fault{Match: when("", 8*time.Second, 18*time.Second), Serve: playertest.Status(503)},
			// Between two tries of an answer like this are up to two seconds: fetch.Retry.Max.
			from: 8 * time.Second, lasts: 10 * time.Second, again: 3500 * time.Millisecond,
		},
		{name: "truncated segment", fault: playertest.Fault{Match: once("/2.m4s"), Serve: playertest.Truncated(0.3)}},
		{name: "corrupt segment", fault: playertest.Fault{Match: once("/2.m4s"), Serve: playertest.Corrupt(0.5, 64)}},
		{name: "corrupt padding", fault: playertest.Fault{Match: once("/2.m4s"), Serve: playertest.Corrupt(0.999, 400)}},
		{name: "dribbling segment", fault: playertest.Fault{Match: once("/3.m4s"), Serve: playertest.Dribbling(500)}},
		{name: "dribbling first segment", fault: playertest.Fault{Match: once("/0.m4s"), Serve: playertest.Dribbling(500)}},
		{name: "stalled segment", fault: playertest.Fault{Match: once("/3.m4s"), Serve: playertest.Stalled(0.5, time.Hour)}},
		// It had begun to play: the silence is the time that a connection is given before another one is tried.
		{name: "stalled first segment", fault: playertest.Fault{Match: once("/0.m4s"), Serve: playertest.Stalled(0.5, time.Hour)}, silence: 4 * time.Second},
		{name: "playlist 404 once", fault: playertest.Fault{Match: once("flac8/index"), Serve: playertest.Status(404)}},
		{name: "first playlist 404 once", fault: playertest.Fault{Match: once("master"), Serve: playertest.Status(404)}},
		{name: "key server down for 5 s", fault: playertest.Fault{Match: when("key.bin", 0, 5*time.Second), Serve: playertest.Status(503)}},
		{name: "2 Mbps, 100 kbps, 2 Mbps", rate: func(at time.Duration) media.Bitrate {
			if during(10*time.Second, 20*time.Second)(at) {
				return media.Kbps(100)
			}
			return media.Kbps(2000)
		}, silence: 10 * time.Second},
	}
	whole := playertest.NewService()
	music := playertest.Music(11, 40*playertest.Rate+322)
	path := whole.Track(t, "t0", music)
	for i := range 2 * len(tests) {
		tt, name, rule := tests[i/2], tests[i/2].name, abr.Rule(abr.ThroughputBuffer{}) // which fills the buffer first
		if i%2 == 1 {
			name, rule = name+", by default", nil
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun = time.Now()
				s := whole.Clone()
				if tt.fault.Match != nil {
					s.Fail(tt.fault)
				}
				link := &playertest.Link{Handler: s, RTT: 50 * time.Millisecond, Setup: 50 * time.Millisecond, Rate: rate, Dark: tt.dark}
				if tt.rate != nil {
					link.Rate = tt.rate
				}
				r := start(t, link, player.Config{Buffer: 8 * time.Second, Rule: rule}, sink.RealTime, host+path)
				r.Play()
				due := tt.silence
				if tt.lasts > 0 {
					time.Sleep(tt.from)
					buffered := r.State().Buffered
					due = tt.again + max(0, tt.lasts-buffered)
					if rule != nil && buffered < 8*time.Second { // the default may play better music from a thinner buffer
						t.Errorf("%v is buffered", buffered)
					}
				}
				if err := r.finish(t); err != nil {
					t.Fatal(err)
				}
				if _, err := playertest.Same(r.out.Music(), music); err != nil {
					t.Error(err)
				}
				gaps, frames := r.out.Gaps()
				silence := media.Frames(frames).Duration(playertest.Rate)
				t.Logf("%-30s %d gaps, %.2f s of silence, %d requests", tt.name, gaps, silence.Seconds(), link.Requests())
				if silence > due {
					t.Errorf("%v of silence in %d gaps, at most %v is due", silence, gaps, due)
				}
			})
		})
	}
}

// TestWaitsForTheNetwork: an entry for which nothing can be reached waits, says so, and goes on by itself
// or when it is told that the network is back.
func TestWaitsForTheNetwork(t *testing.T) {
	const away = 100 * time.Second
	for _, told := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := playertest.NewService()
			urls, whole := album(t, s, 30*playertest.Rate, 5*playertest.Rate)
			begun := time.Now()
			s.Fail(playertest.Fault{
				Match: func(string, int) bool { d := time.Since(begun); return d > 3*time.Second && d < 3*time.Second+away },
				Serve: playertest.Refused,
			})
			link := &playertest.Link{Handler: s, Rate: func(time.Duration) media.Bitrate { return media.Kbps(1500) }}
			r := start(t, link, player.Config{Buffer: 6 * time.Second, Selection: player.Selection{Mode: player.ModeLowest}}, sink.RealTime, urls...)
			r.Play()
			time.Sleep(away)
			if st := r.State(); !st.Holds.Has(player.HoldNetwork) || st.Intent != player.Playing || st.Phase != player.Buffering {
				t.Errorf("%v, %v, holds %v", st.Phase, st.Intent, st.Holds)
			}
			time.Sleep(3*time.Second + time.Millisecond)
			if told {
				r.NetworkChanged()
				time.Sleep(2500 * time.Millisecond) // a segment, and what starts again after a silence
				if st := r.State(); st.Phase != player.Ready || st.Holds != 0 {
					t.Errorf("told that the network is back: %v, holds %v", st.Phase, st.Holds)
				}
			}
			if err := r.finish(t); err != nil {
				t.Fatal(err)
			}
			if _, err := playertest.Same(r.out.Music(), whole); err != nil {
				t.Error(err)
			}
			if n := len(count[player.Failed](r)); n != 0 {
				t.Errorf("%d errors told", n)
			}
		})
	}
}

// TestPatienceEnds: when the network stays away for good, playback pauses with its place kept, and Play
// takes it up again.
func TestPatienceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, whole := album(t, s, 20*playertest.Rate, 5*playertest.Rate)
		begun := time.Now()
		s.Fail(playertest.Fault{
			Match: func(string, int) bool { d := time.Since(begun); return d > 3*time.Second && d < 10*time.Minute },
			Serve: playertest.Refused,
		})
		link := &playertest.Link{Handler: s, Rate: func(time.Duration) media.Bitrate { return media.Kbps(1500) }}
		r := start(t, link, player.Config{Buffer: 6 * time.Second, NetworkPatience: time.Minute, Selection: player.Selection{Mode: player.ModeLowest}},
			sink.RealTime, urls...)
		r.Play()
		if err := r.Wait(context.Background()); !errors.Is(err, player.KindNetwork) {
			t.Errorf("Wait: %v", err)
		}
		st := r.State()
		if d := time.Since(begun); d < time.Minute || d > 90*time.Second {
			t.Errorf("gave up after %v", d)
		}
		if st.Intent != player.Paused || st.Position < 3*time.Second || st.Position > 12*time.Second {
			t.Errorf("%v at %v", st.Intent, st.Position)
		}
		time.Sleep(10 * time.Minute)
		if at := r.State().Position; at != st.Position {
			t.Errorf("at %v, was at %v", at, st.Position)
		}
		r.Play()
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		if _, err := playertest.Same(r.out.Music(), whole); err != nil {
			t.Error(err)
		}
	})
}

// TestNewAddress: requests that hang on the network that was left are made again on the new one, at once
// where the host tells, after a stall where it doesn't; nothing is lost, doubled or told as an error.
func TestNewAddress(t *testing.T) {
	for _, told := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := playertest.NewService()
			urls, whole := album(t, s, 40*playertest.Rate)
			link := &playertest.Link{Handler: s, RTT: 50 * time.Millisecond, Setup: 50 * time.Millisecond,
				Rate: func(time.Duration) media.Bitrate { return media.Kbps(1500) }}
			r := start(t, link, player.Config{Buffer: 6 * time.Second, Selection: player.Selection{Mode: player.ModeLowest}}, sink.RealTime, urls...)
			r.Play()
			for range 5 {
				time.Sleep(7 * time.Second)
				link.Renumber()
				if told {
					r.NetworkChanged()
				}
			}
			if err := r.finish(t); err != nil {
				t.Fatal(err)
			}
			if _, err := playertest.Same(r.out.Music(), whole); err != nil {
				t.Error(err)
			}
			_, frames := r.out.Gaps()
			silence := media.Frames(frames).Duration(playertest.Rate)
			t.Logf("told %v: %.2f s of silence", told, silence.Seconds())
			if told && silence > 2*time.Second || silence > 20*time.Second {
				t.Errorf("told %v: %v of silence", told, silence)
			}
		})
	}
}

// TestFallsBackBeforeItFails: another host of a redundant stream, another location, another format: each
// goes on where the one before failed.
func TestFallsBackBeforeItFails(t *testing.T) {
	music := playertest.Music(4, 20*playertest.Rate+12)
	file := playertest.FLACFile(music)
	redundant := func(w http.ResponseWriter, r *http.Request, body []byte) {
		out := bytes.Clone(body)
		lines := strings.Split(string(body), "\n")
		for i, line := range lines {
			if strings.HasPrefix(line, "#EXT-X-STREAM-INF") {
				out = append(out, line+"\nhttp://mirror.test/t0/"+lines[i+1]+"\n"...)
			}
		}
		w.Write(out)
	}
	primary := func(part string) func(http.Handler) http.Handler {
		return func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Host == "music.test" && strings.Contains(r.URL.Path, part) {
					panic(playertest.Broken("no route to host"))
				}
				h.ServeHTTP(w, r)
			})
		}
	}
	for _, tt := range []struct {
		name string
		item player.Item
		way  func(http.Handler) http.Handler
	}{
		{"a redundant stream's host, from the first segment", player.Item{URL: host + "/t0/master.m3u8"}, primary(".m4s")},
		{"a redundant stream's host, in the middle", player.Item{URL: host + "/t0/master.m3u8"}, primary("/3.m4s")},
		{"a redundant stream's playlists", player.Item{URL: host + "/t0/master.m3u8"}, primary("index.m3u8")},
		{"another location", player.Item{URL: host + "/t0/master.m3u8", Alternatives: []player.Location{{URL: "http://mirror.test/t0/plain.m3u8"}}}, primary("master")},
		{"another format", player.Item{URL: host + "/t0/plain.m3u8", Alternatives: []player.Location{{URL: "http://mirror.test/whole.flac"}}}, primary("/2.m4s")},
		{"another location of a file", player.Item{URL: host + "/whole.flac", Alternatives: []player.Location{{URL: "http://mirror.test/whole.flac"}}}, primary("flac")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := playertest.NewService()
				path := s.Track(t, "t0", music)
				s.Put("/whole.flac", file)
				s.Fail(playertest.Fault{Match: playertest.On("master.m3u8"), Serve: redundant})
				s.Fail(playertest.Fault{Match: playertest.On("plain.m3u8"), Serve: func(w http.ResponseWriter, r *http.Request, _ []byte) {
					r.URL.Path = strings.Replace(path, "master", "clean", 1)
					s.ServeHTTP(w, r)
				}})
				s.Put("/t0/clean.m3u8", masterOf(s, path))
				link := &playertest.Link{Handler: tt.way(s), RTT: 20 * time.Millisecond}
				r := start(t, link, player.Config{Selection: player.Selection{Mode: player.ModeHighest}}, sink.RealTime)
				r.Append(tt.item)
				r.Play()
				if err := r.finish(t); err != nil {
					t.Fatal(err)
				}
				if n, err := playertest.Same(r.out.Music(), music); err != nil || n != 0 {
					t.Errorf("%d switches, %v", n, err)
				}
				if gaps, frames := r.out.Gaps(); gaps != 0 {
					t.Errorf("%d gaps, %d frames of silence", gaps, frames)
				}
				if n := len(count[player.Failed](r)); n != 0 {
					t.Errorf("%d errors told", n)
				}
			})
		})
	}
}

// masterOf reads a file of a service.
func masterOf(s *playertest.Service, path string) []byte {
	resp, err := (&playertest.Link{Handler: s.Clone()}).Client().Get(host + path)
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	_, _ = b.ReadFrom(resp.Body)
	return b.Bytes()
}
