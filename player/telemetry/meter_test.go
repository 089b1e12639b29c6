package telemetry

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// script feeds events given by their second.
func script(m *Meter, events ...player.Event) (ended []Track) {
	for _, e := range events {
		if t, ok := m.Add(e); ok {
			ended = append(ended, t)
		}
	}
	return ended
}

func at(second float64, entry player.EntryID, what any) player.Event {
	return player.Event{Time: time.Unix(0, int64(second*1e9)), Entry: entry, What: what}
}

func state(p player.Phase, i player.Intent, h player.Hold, r player.Reason) player.StateChanged {
	return player.StateChanged{Phase: p, Intent: i, Holds: h, Reason: r}
}

func TestOneEvening(t *testing.T) {
	var m Meter
	broken := &player.Error{Kind: player.KindNotFound, Fatal: true}
	ended := script(&m,
		at(100, 1, state(player.Buffering, player.Playing, 0, player.ReasonPlay)),
		at(101, 1, player.Loaded{Bytes: 1000}),
		at(101.5, 1, player.TrackStarted{Item: player.Item{ContentID: "a"}}),
		at(101.5, 1, player.RenditionChanged{From: -1, To: 0, Bitrate: 100_000}),
		at(101.5, 1, state(player.Ready, player.Playing, 0, player.ReasonStart)),
		at(111.5, 1, player.RenditionChanged{From: 0, To: 1, Bitrate: 400_000}), // 10 s at 100 kbps
		at(121.5, 1, player.Rebuffering{}),                                      // 10 s at 400
		at(121.5, 1, state(player.Buffering, player.Playing, 0, player.ReasonRebuffer)),
		at(123.5, 1, player.Rebuffered{Length: 2 * time.Second}),
		at(123.5, 1, state(player.Ready, player.Playing, 0, player.ReasonBuffered)),
		at(133.5, 1, state(player.Ready, player.Paused, 0, player.ReasonPause)), // 10 s at 400
		at(200, 1, state(player.Ready, player.Playing, 0, player.ReasonPlay)),   // the pause counts for nothing
		at(200, 1, state(player.Ready, player.Playing, player.HoldFocus, player.ReasonFocus)),
		at(260, 1, state(player.Ready, player.Playing, 0, player.ReasonFocus)), // nor does a call
		at(260, 1, state(player.Buffering, player.Playing, 0, player.ReasonSeek)),
		at(260.5, 1, player.Seeked{Position: time.Minute}),
		at(260.5, 1, state(player.Ready, player.Playing, 0, player.ReasonStart)),
		at(260.5, 2, player.Loaded{Bytes: 500, Cached: true}),
		at(270.5, 2, player.TrackStarted{Item: player.Item{ContentID: "b"}, Gapless: true}), // 10 s at 400
		at(270.5, 1, player.TrackEnded{Reason: player.ReasonEnd}),
		at(272, 3, player.Failed{Err: broken}),
		at(280.5, 2, player.TrackEnded{Reason: player.ReasonEnd}),
		at(280.5, 0, player.Underrun{N: 2}),
		at(280.5, 0, player.Lagged{N: 7}),
	)
	if len(ended) != 3 {
		t.Fatalf("%d tracks ended: %+v", len(ended), ended)
	}
	a, failed, b := ended[0], ended[1], ended[2]
	if a.ContentID != "a" || a.MeanJoin() != 1500*time.Millisecond || a.Played != 40*time.Second ||
		a.Rebuffers != 1 || a.RebufferTime != 2*time.Second || a.Seeks != 1 || a.SeekTime != 500*time.Millisecond ||
		a.Switches != 1 || a.Bitrate() != 325_000 || a.BytesFetched != 1000 || a.End != player.ReasonEnd {
		t.Errorf("first track: %+v at %v", a, a.Bitrate())
	}
	if r := a.RebufferRatio(); r < 0.0476 || r > 0.0477 {
		t.Errorf("rebuffer ratio %v, want 2 s of 42", r)
	}
	if failed.Entry != 3 || failed.Err != broken || !failed.Started.IsZero() {
		t.Errorf("the broken one: %+v", failed)
	}
	if b.Joins != 0 || b.Played != 10*time.Second || b.BytesCached != 500 || b.BytesFetched != 0 {
		t.Errorf("second track: %+v", b)
	}
	s := m.Session()
	if s.Tracks != 2 || s.StartupFailures != 1 || s.Kinds[player.KindNotFound] != 1 || s.Errors != 1 ||
		s.Underruns != 2 || s.Lost != 7 || s.Played != 50*time.Second || s.Joins != 1 {
		t.Errorf("session: %+v", s)
	}
}

// TestErrorAndEndInEitherOrder: a track that breaks off is one track with one error, whichever of the two
// is told first, and an entry that fails when it is tried again has failed to start.
func TestErrorAndEndInEitherOrder(t *testing.T) {
	broken := at(20, 1, player.Failed{Err: &player.Error{Kind: player.KindServer, Fatal: true}})
	ended := at(20, 1, player.TrackEnded{Reason: player.ReasonError})
	next := at(20, 2, player.TrackStarted{Gapless: true})
	begun := []player.Event{
		at(9, 1, state(player.Buffering, player.Playing, 0, player.ReasonPlay)),
		at(10, 1, player.TrackStarted{}),
		at(10, 1, state(player.Ready, player.Playing, 0, player.ReasonStart)),
	}
	for name, order := range map[string][]player.Event{"error first": {broken, ended, next}, "end first": {ended, broken, next}} {
		var m Meter
		script(&m, begun...)
		tracks := script(&m, order...)
		s := m.Session()
		if len(tracks) != 1 || tracks[0].Entry != 1 || tracks[0].End != player.ReasonError || s.StartupFailures != 0 ||
			s.Errors != 1 || s.Kinds[player.KindServer] != 1 || s.Tracks != 2 || len(m.open) != 1 {
			t.Errorf("%s: %+v, %d tracks ended, %d are open", name, s, len(tracks), len(m.open))
		}
		script(&m, broken) // tried once more
		if s := m.Session(); s.StartupFailures != 1 || s.Errors != 2 {
			t.Errorf("%s, tried again: %+v", name, s)
		}
	}
}

// TestWaitsThatAreNobodys: what the listener did not wait for is no join time.
func TestWaitsThatAreNobodys(t *testing.T) {
	var m Meter
	script(&m,
		at(0, 1, state(player.Buffering, player.Paused, 0, player.ReasonSkip)), // loads while paused
		at(60, 1, state(player.Buffering, player.Playing, 0, player.ReasonPlay)),
		at(61, 1, player.TrackStarted{}),
		at(61, 1, state(player.Ready, player.Playing, 0, player.ReasonStart)),
	)
	if s := m.Session(); s.Join != time.Second || s.Joins != 1 || s.Tracks != 1 {
		t.Errorf("%+v", s)
	}
	script(&m, at(70, 1, state(player.Buffering, player.Playing, 0, player.ReasonSeek)),
		at(70.2, 1, state(player.Buffering, player.Paused, 0, player.ReasonPause)),
		at(99, 1, player.Seeked{}))
	if s := m.Session(); s.Seeks != 0 || s.SeekTime != 0 {
		t.Errorf("a seek that was paused counts: %+v", s)
	}
}

func TestEntriesThatAreNeverHeardAreNotKept(t *testing.T) {
	var m Meter
	const entries = 10_000
	for id := range player.EntryID(entries) {
		m.Add(at(0, id+1, player.Loaded{Bytes: 1}))
	}
	if s := m.Session(); len(m.open) > maxOpen || s.BytesFetched != entries {
		t.Errorf("%d kept, %d bytes", len(m.open), s.BytesFetched)
	}
}

// TestAgreesWithThePlayer: on a link that goes dark the Meter, which has only the events, comes to what
// the player counted by itself.
func TestAgreesWithThePlayer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		music := playertest.Music(3, 60*playertest.Rate)
		good := "http://music.test" + s.Track(t, "good", music)
		link := &playertest.Link{Handler: s, RTT: 100 * time.Millisecond,
			Dark: func(d time.Duration) bool { return d > 3*time.Second && d < 15*time.Second }}
		p := player.New(player.Config{Sink: &playertest.Capture{Pace: sink.RealTime}, HTTP: link.Client(), Buffer: 5 * time.Second})
		p.Append(player.Item{URL: good, ContentID: "good"}, player.Item{URL: "http://music.test/none/master.m3u8"})
		var m Meter
		var tracks []Track
		read := make(chan struct{})
		events := p.Events(t.Context())
		go func() {
			defer close(read)
			for e := range events {
				if track, ok := m.Add(e); ok {
					tracks = append(tracks, track)
				}
			}
		}()
		p.Play()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		_ = p.Wait(ctx) // the second entry's error
		st := p.State()
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		<-read

		got := m.Session()
		// The player counts up to when it looked, the event has the moment itself.
		if d := st.Stats.FirstAudio - got.Join; d < 0 || d > 20*time.Millisecond || got.Rebuffers != st.Stats.Rebuffers || got.RebufferTime != st.Stats.RebufferTime {
			t.Errorf("join %v, %d rebuffers of %v; the player says %v, %d of %v", got.Join, got.Rebuffers, got.RebufferTime,
				st.Stats.FirstAudio, st.Stats.Rebuffers, st.Stats.RebufferTime)
		}
		if got.Rebuffers == 0 {
			t.Error("the dark was too short to notice")
		}
		if d := got.Played - 60*time.Second; d.Abs() > 20*time.Millisecond {
			t.Errorf("heard for %v of 60 s", got.Played)
		}
		if got.StartupFailures != 1 || got.Kinds[player.KindNotFound] != 1 || got.Tracks != 1 || len(tracks) != 2 {
			t.Errorf("%+v, %d tracks", got, len(tracks))
		}
		if got.BytesFetched <= 0 || got.BytesFetched > st.Stats.BytesFetched {
			t.Errorf("%d bytes, of which the player knows %d", got.BytesFetched, st.Stats.BytesFetched)
		}
		if b := got.Bitrate(); b < 700_000 || b > 1_500_000 {
			t.Errorf("heard at %v", b)
		}
	})
}

func TestLogLine(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	var m Meter
	ended := script(&m, at(1, 4, player.Failed{Err: &player.Error{Kind: player.KindServer, Fatal: true}}))
	log.Info("track", "qoe", ended[0])
	log.Info("session", "qoe", m.Session())
	for _, want := range []string{"qoe.entry=4", "qoe.kind=2007", "qoe.end=error", "qoe.startup_failures=1"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in %s", want, out.String())
		}
	}
}
