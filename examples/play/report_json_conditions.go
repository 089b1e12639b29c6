package main

import (
	"math"
	"strconv"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/telemetry"
)

// The lines on the conditions under which the music is heard, and on how it was heard.

type jsonQueue struct {
	jsonHead
	Length  int    `json:"length"`
	Version int64  `json:"version"`
	Reason  string `json:"reason"`
	Shuffle string `json:"shuffle"`
	Seed    string `json:"seed"`
	Repeat  string `json:"repeat"`
}

type jsonVolume struct {
	jsonHead
	Volume float64 `json:"volume"`
	Muted  bool    `json:"muted"`
	Ducked bool    `json:"ducked"`
}

type jsonSpeed struct {
	jsonHead
	Speed float64 `json:"speed"`
}

type jsonSleep struct {
	jsonHead
	Until       string `json:"until"`
	RemainingMS int64  `json:"remaining_ms"`
}

type jsonSilence struct {
	jsonHead
	Entry  player.EntryID `json:"entry"`
	FromMS int64          `json:"from_ms"`
	ToMS   int64          `json:"to_ms"`
}

type jsonLiveMoved struct {
	jsonHead
	Entry  player.EntryID `json:"entry"`
	FromMS int64          `json:"from_ms"`
	ToMS   int64          `json:"to_ms"`
	Reason string         `json:"reason"`
}

type jsonMissing struct {
	jsonHead
	Entry      player.EntryID `json:"entry"`
	PositionMS int64          `json:"position_ms"`
	LengthMS   int64          `json:"length_ms"`
	Reason     string         `json:"reason"`
}

type jsonOutputLost struct {
	jsonHead
	PositionMS int64  `json:"position_ms"`
	Code       int    `json:"code"`
	Kind       string `json:"kind"`
	Message    string `json:"message"`
}

type jsonOutputRestored struct {
	jsonHead
	SampleRate int   `json:"sample_rate"`
	AfterMS    int64 `json:"after_ms"`
}

type jsonUnderrun struct {
	jsonHead
	N int `json:"n"`
}

type jsonTelemetry struct {
	jsonHead
	Entry   player.EntryID `json:"entry"`
	Reason  string         `json:"reason"`
	Quality jsonQuality    `json:"quality"`
}

// jsonQuality is a telemetry.Quality.
type jsonQuality struct {
	JoinMS        int64   `json:"join_ms"`
	Joins         int     `json:"joins"`
	PlayedMS      int64   `json:"played_ms"`
	Rebuffers     int     `json:"rebuffers"`
	RebufferMS    int64   `json:"rebuffer_ms"`
	RebufferRatio float64 `json:"rebuffer_ratio"`
	Bitrate       int64   `json:"bitrate"`
	Switches      int     `json:"switches"`
	Seeks         int     `json:"seeks"`
	SeekMS        int64   `json:"seek_ms"`
	Errors        int     `json:"errors"`
	BytesFetched  int64   `json:"bytes_fetched"`
	BytesCached   int64   `json:"bytes_cached"`
}

// jsonSession is a telemetry.Session.
type jsonSession struct {
	jsonQuality
	Tracks          int `json:"tracks"`
	StartupFailures int `json:"startup_failures"`
	Underruns       int `json:"underruns"`
	OutputLosses    int `json:"output_losses"`
	EventsLost      int `json:"events_lost"`
}

// condition writes the lines that are not about what is heard but about how.
func (r *jsonReport) condition(e player.Event) {
	switch w := e.What.(type) {
	case player.QueueChanged:
		r.write(r.queueLine(e.Time, w))
	case player.VolumeChanged:
		r.write(jsonVolume{r.head("volume", e.Time), w.Volume, w.Muted, w.Ducked})
	case player.SpeedChanged:
		r.write(jsonSpeed{r.head("speed", e.Time), w.Speed})
	case player.SleepChanged:
		r.write(jsonSleep{r.head("sleep", e.Time), sleepUntil(w.Sleep), ms(w.Remaining)})
	case player.SilenceSkipped:
		r.write(jsonSilence{r.head("silence", e.Time), e.Entry, ms(w.From), ms(w.To)})
	case player.LiveMoved:
		r.write(jsonLiveMoved{r.head("live_moved", e.Time), e.Entry, ms(w.From), ms(w.To), string(w.Reason)})
	case player.MusicMissing:
		r.write(jsonMissing{r.head("missing", e.Time), e.Entry, ms(w.Position), ms(w.Length), string(w.Reason)})
	case player.OutputLost:
		f := failure(w.Err)
		r.write(jsonOutputLost{r.head("output_lost", e.Time), ms(w.Position), f.Code, f.Kind, f.Message})
	case player.OutputRestored:
		r.write(jsonOutputRestored{r.head("output_restored", e.Time), w.SampleRate, ms(w.After)})
	case player.Underrun:
		r.write(jsonUnderrun{r.head("underrun", e.Time), w.N})
	default:
		r.said(e)
	}
}

// queueLine tells of a change of the queue. What the event leaves to the player's state is that of the
// moment.
func (r *jsonReport) queueLine(at time.Time, w player.QueueChanged) jsonQueue {
	line := jsonQueue{jsonHead: r.head("queue", at), Version: w.Version, Reason: string(w.Reason)}
	var s player.State
	if r.state != nil {
		s = r.state()
	}
	line.Length, line.Shuffle, line.Repeat = s.Queue.Len(), shuffleNames[s.Shuffle.Mode], repeatNames[s.Repeat]
	line.Seed = strconv.FormatUint(s.Shuffle.Seed, 10)
	return line
}

// The words for the modes, by their numbers.
var (
	shuffleNames = [...]string{player.ShuffleOff: "off", player.ShuffleTracks: "tracks", player.ShuffleAlbums: "albums"}
	repeatNames  = [...]string{player.RepeatOff: "off", player.RepeatOne: "one", player.RepeatAll: "all"}
)

func sleepUntil(s player.Sleep) string {
	switch {
	case s.End == player.SleepTrack:
		return "track"
	case s.End == player.SleepAlbum:
		return "album"
	case s.After > 0 || !s.At.IsZero():
		return "time"
	}
	return "off"
}

func (r *jsonReport) ended(at time.Time, t telemetry.Track) {
	r.write(jsonTelemetry{r.head("telemetry", at), t.Entry, string(t.End), qualityLine(&t.Quality)})
}

func qualityLine(q *telemetry.Quality) jsonQuality {
	line := jsonQuality{
		JoinMS: ms(q.MeanJoin()), Joins: q.Joins, PlayedMS: ms(q.Played), Rebuffers: q.Rebuffers, RebufferMS: ms(q.RebufferTime),
		RebufferRatio: math.Round(1e6*q.RebufferRatio()) / 1e6, Bitrate: int64(q.Bitrate()), Switches: q.Switches,
		Seeks: q.Seeks, Errors: q.Errors, BytesFetched: q.BytesFetched, BytesCached: q.BytesCached,
	}
	if q.Seeks > 0 {
		line.SeekMS = ms(q.SeekTime / time.Duration(q.Seeks))
	}
	return line
}

func sessionLine(s telemetry.Session) jsonSession {
	return jsonSession{qualityLine(&s.Quality), s.Tracks, s.StartupFailures, s.Underruns, s.OutputLosses, s.Lost}
}
