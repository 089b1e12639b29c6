package player_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/playertest"
)

// TestLiveBegins: where the manifest wishes, where the item says, and where it makes sense after a restart of
// the app.
func TestLiveBegins(t *testing.T) {
	const s = time.Second
	for name, c := range map[string]struct {
		lines  string
		window int
		start  time.Duration
		want   time.Duration // of the stream, whose age is a minute
	}{
		"near the end":                {"", 20, 0, 57 * s},
		"wished from the end":         {"#EXT-X-START:TIME-OFFSET=-12\n", 20, 0, 48 * s},
		"wished too near":             {"#EXT-X-START:TIME-OFFSET=-1\n", 20, 0, 57 * s},
		"wished from the beginning":   {"#EXT-X-START:TIME-OFFSET=4.0\n", 20, 0, 44 * s},
		"of an event, as asked":       {"", 0, 7500 * time.Millisecond, 7500 * time.Millisecond},
		"of a window nobody knows":    {"", 20, 7500 * time.Millisecond, 57 * s},
		"of an event, beyond its end": {"", 0, time.Hour, 57 * s},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				origin := &playertest.Live{Window: c.window, Segment: s, Head: time.Minute, Lines: c.lines}
				r := &liveRig{out: &playertest.Numbered{}, origin: origin, read: make(chan struct{})}
				close(r.read)
				link := &playertest.Link{Handler: origin, RTT: 30 * time.Millisecond}
				r.Player = player.New(player.Config{Sink: r.out, HTTP: link.Client()})
				r.Append(player.Item{URL: host + "/0.m3u8", Start: c.start})
				r.Play()
				time.Sleep(3 * s)
				heard := r.close(t)
				if len(heard) != 1 || !about(time.Duration(heard[0].First)*s/playertest.Rate, c.want, time.Millisecond) {
					t.Errorf("heard %v, want it to begin at %v", heard, c.want)
				}
			})
		})
	}
}

// TestListsThatAreAway: the server has no list for a while, and says so with 404 or 503; once it has lost the
// second of two renditions for good.
func TestListsThatAreAway(t *testing.T) {
	for name, c := range map[string]struct {
		path   string
		status int
		from   time.Duration
		until  time.Duration
		stale  bool
	}{
		"404":              {"/0.m3u8", 404, 23 * time.Second, 35 * time.Second, true},
		"503":              {"/0.m3u8", 503, 23 * time.Second, 35 * time.Second, true},
		"of one rendition": {"/1.m3u8", 404, 25 * time.Second, time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				origin := &playertest.Live{Window: 40, Segment: time.Second, Head: 20 * time.Second, Renditions: 2}
				origin.Fail = func(w http.ResponseWriter, r *http.Request, since time.Duration) bool {
					if r.URL.Path != c.path || since < c.from || since > c.until {
						return false
					}
					w.WriteHeader(c.status)
					return true
				}
				path := "/live.m3u8"
				if strings.HasPrefix(c.path, "/0") {
					path = "/0.m3u8"
				}
				r := listen(t, origin, path, player.Config{Selection: player.Selection{Mode: player.ModeHighest}})
				time.Sleep(25 * time.Second)
				st := r.State()
				heard := r.close(t)
				if len(heard) != 1 || st.Phase != player.Ready {
					t.Errorf("%v, heard %v", st.Phase, heard)
				}
				if c.stale != (len(events[player.Failed](r)) == 1) || c.stale != (st.Stats.Rebuffers > 0) {
					t.Errorf("failed: %+v; %+v", events[player.Failed](r), st.Stats)
				}
				for _, e := range events[player.Failed](r) {
					if e.Err.Kind != player.KindStale || e.Err.Fatal {
						t.Error(e.Err)
					}
				}
			})
		})
	}
}

// TestGapOnDemand: a list that is closed may lack segments too.
func TestGapOnDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		origin := &playertest.Live{
			Segment: time.Second, Head: time.Minute, End: 10 * time.Second,
			Gap: func(_, _ int, n int64) bool { return n == 4 || n == 5 },
		}
		r := listen(t, origin, "/0.m3u8", player.Config{})
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := r.Wait(ctx); err != nil {
			t.Error(err)
		}
		checkStretches(t, r.close(t), [2]int64{2 * liveSecond, 2 * liveSecond})
		if missing := events[player.MusicMissing](r); len(missing) != 2 || missing[0].Length != time.Second || missing[0].Position != 4*time.Second {
			t.Errorf("%+v", missing)
		}
	})
}
