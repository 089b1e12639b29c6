package telemetry

import (
	"maps"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/media"
)

// maxOpen bounds the entries that have something to tell and have not ended: what is loaded ahead and
// then removed from the queue would else be kept for ever.
const maxOpen = 64

// Meter takes a player's events, all of them and in their order. The zero value is ready. It is used
// by one goroutine at a time.
type Meter struct {
	total Session
	open  map[player.EntryID]*Track
	heard player.EntryID // zero while nothing is
	broke player.EntryID // ended by an error that wasn't told yet; zero for none

	last    time.Time // of the event before
	audible bool
	bitrate media.Bitrate // of what is heard; zero where unknown

	waiting time.Time // since when the listener waits for a track; zero while he doesn't
	seeking time.Time // the same for a seek
}

// Add takes one event. ended tells that it was the last of a track, whose measures it then returns.
func (m *Meter) Add(e player.Event) (track Track, ended bool) {
	m.pass(e.Time)
	switch what := e.What.(type) {
	case player.StateChanged:
		m.state(e.Time, what)
	case player.TrackStarted:
		m.started(e, what)
	case player.Seeked:
		if q := m.of(e.Entry); !m.seeking.IsZero() {
			q.Seeks++
			q.SeekTime += e.Time.Sub(m.seeking)
			m.seeking = time.Time{}
		}
	case player.RenditionChanged:
		m.bitrate = what.Bitrate
		if what.From >= 0 {
			m.of(e.Entry).Switches++
		}
	case player.Rebuffering:
		m.of(e.Entry).Rebuffers++
	case player.Rebuffered:
		m.of(e.Entry).RebufferTime += what.Length
	case player.Loaded:
		if q := m.of(e.Entry); what.Cached {
			q.BytesCached += what.Bytes
		} else {
			q.BytesFetched += what.Bytes
		}
	case player.Failed:
		return m.failed(e, what.Err)
	case player.TrackEnded:
		return m.end(e.Entry, what.Reason)
	case player.Underrun:
		m.total.Underruns += what.N
	case player.OutputLost:
		m.total.OutputLosses++
	case player.Lagged:
		m.total.Lost += what.N
	}
	return Track{}, false
}

// Session is the sum of what was measured up to the last event, tracks that go on included.
func (m *Meter) Session() Session {
	s := m.total
	s.Kinds = maps.Clone(m.total.Kinds)
	for _, t := range m.open {
		s.add(&t.Quality)
		if !t.Started.IsZero() {
			s.Tracks++
		}
	}
	return s
}

// pass books the time since the event before.
func (m *Meter) pass(now time.Time) {
	took := now.Sub(m.last)
	if t := m.open[m.heard]; t != nil && m.audible && took > 0 && !m.last.IsZero() {
		t.Played += took
		if m.bitrate > 0 {
			t.bits += float64(m.bitrate) * took.Seconds()
			t.measure += took
		}
	}
	if took > 0 || m.last.IsZero() {
		m.last = now
	}
}

// state notes what the listener wants and gets.
func (m *Meter) state(now time.Time, s player.StateChanged) {
	m.broke = 0
	wanted := s.Intent == player.Playing && s.Holds == 0
	m.audible = wanted && s.Phase == player.Ready
	switch {
	case s.Reason == player.ReasonSeek && s.Phase == player.Buffering:
		m.waiting = time.Time{}
		if wanted {
			m.seeking = now
		}
	case wanted && s.Phase == player.Buffering && s.Reason != player.ReasonRebuffer:
		if m.waiting.IsZero() {
			m.waiting = now
		}
		m.seeking = time.Time{}
	case !wanted || s.Phase != player.Ready:
		m.waiting, m.seeking = time.Time{}, time.Time{}
	}
}

func (m *Meter) started(e player.Event, what player.TrackStarted) {
	t := m.track(e.Entry)
	m.broke = 0
	t.Started, t.ContentID = e.Time, what.Item.ContentID
	m.heard = e.Entry
	if !m.waiting.IsZero() && !what.Gapless {
		t.Joins++
		t.Join += e.Time.Sub(m.waiting)
	}
	m.waiting = time.Time{}
}

// failed takes an error. The player tells the one that ends a track before its end; that it comes behind
// it is understood too: it is the session's then, and no new try of the entry.
func (m *Meter) failed(e player.Event, err *player.Error) (Track, bool) {
	if e.Entry != 0 && e.Entry == m.broke && m.open[e.Entry] == nil {
		e.Entry = 0
	}
	m.of(e.Entry).Errors++
	if err == nil || !err.Fatal {
		return Track{}, false
	}
	if m.total.Kinds == nil {
		m.total.Kinds = map[player.Kind]int{}
	}
	m.total.Kinds[err.Kind]++
	if e.Entry == 0 {
		m.broke = 0
	}
	t := m.open[e.Entry]
	if t == nil {
		return Track{}, false
	}
	t.Err = err
	if t.Started.IsZero() { // no TrackEnded will come of what never started
		m.total.StartupFailures++
		return m.end(e.Entry, player.ReasonError)
	}
	return Track{}, false
}

func (m *Meter) end(id player.EntryID, reason player.Reason) (Track, bool) {
	t := m.open[id]
	if t == nil {
		return Track{}, false
	}
	t.End = reason
	if reason == player.ReasonError && t.Err == nil {
		m.broke = id
	}
	delete(m.open, id)
	if m.heard == id {
		m.heard = 0
	}
	m.total.add(&t.Quality)
	if !t.Started.IsZero() {
		m.total.Tracks++
	}
	return *t, true
}

// of is where an entry's figures go; the session's where no entry is concerned.
func (m *Meter) of(id player.EntryID) *Quality {
	if id == 0 {
		return &m.total.Quality
	}
	return &m.track(id).Quality
}

func (m *Meter) track(id player.EntryID) *Track {
	if t := m.open[id]; t != nil {
		return t
	}
	if m.open == nil {
		m.open = map[player.EntryID]*Track{}
	}
	if len(m.open) >= maxOpen {
		m.drop()
	}
	t := &Track{Entry: id}
	m.open[id] = t
	return t
}

// drop gives what was measured of the oldest entry that was never heard to the session.
func (m *Meter) drop() {
	oldest := player.EntryID(0)
	for id, t := range m.open {
		if t.Started.IsZero() && (oldest == 0 || id < oldest) {
			oldest = id
		}
	}
	if t := m.open[oldest]; t != nil {
		m.total.add(&t.Quality)
		delete(m.open, oldest)
	}
}
