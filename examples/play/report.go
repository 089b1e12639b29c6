package main

import (
	"slices"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/telemetry"
)

// reporter tells the outside what happens. Its methods are called from one goroutine at a time.
type reporter interface {
	// event is called for everything that the player says, in order.
	event(player.Event)
	// ended tells how a track was heard that can't be heard any more since then.
	ended(time.Time, telemetry.Track)
	// seeking says that a seek was asked for.
	seeking(to time.Duration)
	// notice says something that is no error: the device is missing, the server is.
	notice(text string)
	// finish is called last.
	finish(summary)
}

// tally keeps what the summary needs beyond the player's own counts.
type tally struct {
	tracks int             // played to their end
	errors []*player.Error // in order
	meter  telemetry.Meter
}

// event takes note of one event. ended tells that it was the last of a track, and how that was heard.
func (t *tally) event(e player.Event) (track telemetry.Track, ended bool) {
	switch w := e.What.(type) {
	case player.TrackEnded:
		if w.Reason == "end" {
			t.tracks++
		}
	case player.Failed:
		t.add(w.Err)
	}
	return t.meter.Add(e)
}

// add takes note of an error and tells whether it is a new one.
func (t *tally) add(err *player.Error) bool {
	if slices.ContainsFunc(t.errors, func(e *player.Error) bool { return sameError(e, err) }) {
		return false
	}
	t.errors = append(t.errors, err)
	return true
}

// sameError tells whether two errors report one failure: the player hands it out once as an event
// and once from Wait.
func sameError(a, b *player.Error) bool {
	return a == b || a.Kind == b.Kind && a.Entry == b.Entry && a.Op == b.Op && a.Title == b.Title && a.Fatal == b.Fatal
}

// exit is the status that the errors call for. A survived error of the network's band (2xxx) cost
// nothing that could be heard; any other did.
func (t *tally) exit() int {
	for _, e := range t.errors {
		if e.Fatal || !(e.Kind >= 2000 && e.Kind < 3000) {
			return exitFailed
		}
	}
	return exitOK
}

// summary is the whole run in figures.
type summary struct {
	stats  player.Stats
	played time.Duration // of sound, by the output's clock
	tally  *tally
	usage  usage
	exit   int
}
