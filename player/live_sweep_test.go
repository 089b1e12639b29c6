package player_test

import (
	"os"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/playertest"
)

// TestLiveLong listens for ten minutes of the stream's time, restarts of the packager and a frozen phase in
// between, where SEGUE_SWEEP asks for it: to the sample, without drift, and in memory that doesn't grow.
func TestLiveLong(t *testing.T) {
	if os.Getenv("SEGUE_SWEEP") == "" {
		t.Skip("ten minutes of live streams: SEGUE_SWEEP=1 runs it")
	}
	troubled := func() *playertest.Live {
		return &playertest.Live{
			Window: 10, Head: time.Minute, Segment: 2 * time.Second,
			Runs: []playertest.Run{
				{Names: "a", Sequence: 7, Times: 1 << 40, Until: 4 * time.Minute},
				{Names: "b", From: 4*time.Minute + 3*time.Second, Times: 77},           // from zero
				{Names: "c", From: 6*time.Minute + 123*time.Millisecond, Keep: true},   // a discontinuity
				{Names: "d", From: 8 * time.Minute, Keep: true, Other: true, Times: 5}, // another decoder
			},
			Frozen: []playertest.Span{{From: 9 * time.Minute, Until: 9*time.Minute + 10*time.Second}},
		}
	}
	lowLatency := troubled()
	lowLatency.Blocking, lowLatency.Parts, lowLatency.Clock = true, 5, true
	timeline := troubled()
	timeline.Timeline = true
	numbersAlone := troubled()
	numbersAlone.Frozen = nil // its MPD would promise what isn't there
	for name, c := range map[string]struct {
		origin *playertest.Live
		path   string
		behind time.Duration // at the end, at most
	}{
		"HLS":            {troubled(), "/0.m3u8", 20 * time.Second},
		"low latency":    {lowLatency, "/live.m3u8", 14 * time.Second},
		"DASH":           {numbersAlone, "/live.mpd", 12 * time.Second},
		"DASH, timeline": {timeline, "/live.mpd", 20 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := listen(t, c.origin, c.path, player.Config{})
				use := func() int64 {
					runtime.GC()
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					return int64(m.HeapAlloc)
				}
				time.Sleep(2 * time.Minute)
				before, goroutines := use(), runtime.NumGoroutine()
				time.Sleep(8 * time.Minute)
				grown, now := use()-before, runtime.NumGoroutine()
				st, age := r.State(), c.origin.Age()
				heard := r.close(t)
				t.Logf("%v; %+v; %d KB more than after two minutes", heard, st.Live, grown>>10)
				if grown > 4<<20 || now > goroutines+3 {
					t.Errorf("%d bytes and %d goroutines more than after two minutes", grown, now-goroutines)
				}
				var silent, frames int64
				for i, s := range heard {
					silent, frames = silent+s.Silence, frames+s.Frames
					if i > 0 && s.First < heard[i-1].Next() {
						t.Errorf("heard twice: %v", s)
					}
				}
				last := heard[len(heard)-1]
				if lost := last.Next() - heard[0].First - frames; lost != 3*liveSecond || len(heard) != 2 {
					t.Errorf("%d frames were lost, the origin lacks %d; %d silent", lost, 3*liveSecond, silent)
				}
				if behind := age - time.Duration(last.Next())*time.Second/playertest.Rate; behind > c.behind {
					t.Errorf("%v behind the newest frame", behind)
				}
			})
		})
	}
}
