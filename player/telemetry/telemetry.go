// Package telemetry turns a player's events into measures of what the listener got: how long it
// took to join, how often and how long the music ran dry, at what bit rate it was heard. A Meter
// holds no clock and asks nothing of the network; what becomes of its figures is the app's decision.
//
//	var m telemetry.Meter
//	for e := range p.Events(ctx) {
//		if track, ended := m.Add(e); ended {
//			log.Info("track", "qoe", track)
//		}
//	}
//	log.Info("session", "qoe", m.Session())
//
// What is told to a CDN with each request is the child package cmcd.
package telemetry

import (
	"log/slog"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/media"
)

// Quality is what was measured, of one track or of a session.
type Quality struct {
	// Join is the time from the listener's wish (play, skip) to the first audible frame, summed over
	// Joins. A track that follows by itself isn't one: nobody waited for it.
	Join  time.Duration
	Joins int

	Played time.Duration // in which music was heard, by the clock on the wall

	Rebuffers    int           // times that the music ran dry
	RebufferTime time.Duration // silence by that

	Seeks    int
	SeekTime time.Duration // from the wish to the first audible frame there, summed

	Switches int // of rendition, heard
	Errors   int // survived or not

	BytesFetched int64 // over the network, for segments and blocks of files
	BytesCached  int64 // the same from the cache

	bits    float64       // bit rate × time
	measure time.Duration // the time that bits is over
}

// MeanJoin is the mean join time; zero where nobody waited.
func (q *Quality) MeanJoin() time.Duration {
	if q.Joins == 0 {
		return 0
	}
	return q.Join / time.Duration(q.Joins)
}

// RebufferRatio is the part of the listening time that was silence for want of data, 0 to 1.
func (q *Quality) RebufferRatio() float64 {
	if all := q.Played + q.RebufferTime; all > 0 {
		return float64(q.RebufferTime) / float64(all)
	}
	return 0
}

// Bitrate is the mean of what was heard, weighted by time; zero where no rendition's is known.
func (q *Quality) Bitrate() media.Bitrate {
	if q.measure <= 0 {
		return 0
	}
	return media.Bitrate(q.bits / q.measure.Seconds())
}

// add sums up.
func (q *Quality) add(r *Quality) {
	q.Join += r.Join
	q.Joins += r.Joins
	q.Played += r.Played
	q.Rebuffers += r.Rebuffers
	q.RebufferTime += r.RebufferTime
	q.Seeks += r.Seeks
	q.SeekTime += r.SeekTime
	q.Switches += r.Switches
	q.Errors += r.Errors
	q.BytesFetched += r.BytesFetched
	q.BytesCached += r.BytesCached
	q.bits += r.bits
	q.measure += r.measure
}

func (q *Quality) attrs() []slog.Attr {
	return []slog.Attr{
		slog.Duration("join", q.MeanJoin()), slog.Duration("played", q.Played),
		slog.Int("rebuffers", q.Rebuffers), slog.Duration("rebuffer_time", q.RebufferTime),
		slog.Float64("rebuffer_ratio", q.RebufferRatio()), slog.Int64("bitrate", int64(q.Bitrate())),
		slog.Int("switches", q.Switches), slog.Int("seeks", q.Seeks), slog.Duration("seek_time", q.SeekTime),
		slog.Int("errors", q.Errors), slog.Int64("bytes_fetched", q.BytesFetched), slog.Int64("bytes_cached", q.BytesCached),
	}
}

// Track is one entry from its first audible frame (or its failure) to its last.
type Track struct {
	Entry     player.EntryID
	ContentID string
	Started   time.Time // zero where it never did
	End       player.Reason
	Err       *player.Error // what ended it; nil where none did
	Quality
}

// LogValue makes a Track one group of a log line.
func (t Track) LogValue() slog.Value {
	attrs := append([]slog.Attr{
		slog.Int64("entry", int64(t.Entry)), slog.String("content", t.ContentID), slog.String("end", string(t.End)),
	}, t.attrs()...)
	if t.Err != nil {
		attrs = append(attrs, slog.Int("kind", int(t.Err.Kind)))
	}
	return slog.GroupValue(attrs...)
}

// Session is everything since the Meter's first event.
type Session struct {
	Tracks          int                 // heard, at least in part
	StartupFailures int                 // entries that failed before their first frame
	Kinds           map[player.Kind]int // of fatal errors
	Underruns       int                 // times that the output found too little though the music was there
	OutputLosses    int
	Lost            int // events that the reader was too slow for: the figures lack them
	Quality
}

// LogValue makes a Session one group of a log line.
func (s Session) LogValue() slog.Value {
	return slog.GroupValue(append([]slog.Attr{
		slog.Int("tracks", s.Tracks), slog.Int("startup_failures", s.StartupFailures),
		slog.Int("underruns", s.Underruns), slog.Int("output_losses", s.OutputLosses), slog.Int("events_lost", s.Lost),
	}, s.attrs()...)...)
}
