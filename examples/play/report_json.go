package main

import (
	"encoding/json"
	"io"
	"time"

	"github.com/segue-audio/segue/player"
)

// jsonHelp documents the lines below in --help. Names are stable: new ones may come, none changes
// its meaning.
const jsonHelp = `With --json each line on standard output is one object with "event" and "t_ms", the milliseconds from
the start of the program to when it could be heard. "entry" numbers the tracks of the run from 1.

  state          phase (idle, buffering, ready, ended, broken), intent (playing, paused), reason,
                 holds (what holds the music back: "" or focus, output, network, joined by +)
  track_started  entry, title, artist, album, url, position_ms, duration_ms (0 unknown), gapless
  track_ended    entry, position_ms, reason (end, skip, removed, stop, error)
  rendition      entry, from (-1 at first), to, bitrate (bits/s), codecs, position_ms, reason
  rebuffer       entry, position_ms
  rebuffered     entry, position_ms, length_ms
  loaded         entry, rendition, segment, bytes, cached, elapsed_ms
  seek           to_ms: asked for
  seeked         entry, position_ms, took_ms: heard
  error          entry, code, kind, op, title, fatal, message
  lagged         n: so many events were lost
  notice         message
  queue          length, version, reason (added, moved, removed, replaced, shuffled, repeated, restored),
                 shuffle (off, tracks, albums), seed (as text; what the order is drawn from),
                 repeat (off, one, all): the queue is another, or is played in another order
  volume         volume (0 to 1), muted, ducked
  speed          speed: heard from now on
  sleep          until (off, time, track, album), remaining_ms (0 unknown): the timer was set or ran out
  silence        entry, from_ms, to_ms: silence within the track was left out
  live_moved     entry, from_ms, to_ms, reason (window, restarted, times): a live stream goes on elsewhere
  missing        entry, position_ms, length_ms, reason (gap, failed): silence stands for music
  output_lost    position_ms, code, kind, message: the music waits and the output is tried again
  output_restored  sample_rate, after_ms
  underrun       n: so many times the output found too little though the music was there
  metadata       entry, title, artist, album, album_artist, genre, track, disc, year, track_gain_db and
                 album_gain_db (null unknown), pictures, chapters, lyric_lines (with times; how many):
                 what the file says of itself
  chapter        entry, index (from 0; -1 none), title, start_ms, end_ms (0: the next one's start),
                 position_ms
  lyric          entry, index (from 0; -1 none), text, position_ms: the line that is sung
  timed_metadata entry, title, artist, position_ms: what a stream says of this moment
  telemetry      entry, reason (as of track_ended), quality: how a track was heard, from first to last:
                 join_ms (from the wish to the sound, mean), joins (0: it followed by itself), played_ms,
                 rebuffers, rebuffer_ms, rebuffer_ratio (of the listening time), bitrate (mean of what
                 was heard, bits/s, 0 unknown), switches, seeks, seek_ms (from the wish to the sound, mean),
                 errors, bytes_fetched, bytes_cached
  summary        last: first_audio_ms (from play to sound; null if there was none), tracks_played,
                 played_ms, frames_played, rebuffers, rebuffer_ms, switches, bytes_fetched,
                 bytes_wasted, cache_hits, cache_misses, underruns, concealed, errors (as above),
                 peak_rss_bytes, user_cpu_ms, sys_cpu_ms, exit, telemetry: quality of all, as above, and
                 tracks (heard, at least in part), startup_failures (never heard), underruns,
                 output_losses, events_lost`

// jsonReport writes the lines to out, and errors and notices for people to errors as well.
type jsonReport struct {
	out     io.Writer
	errors  io.Writer
	started time.Time
	state   func() player.State // for what events leave to it; nil where nobody can be asked
	sought  time.Time           // when the last seek was asked for
}

type jsonHead struct {
	Event  string `json:"event"`
	TimeMS int64  `json:"t_ms"`
}

type jsonState struct {
	jsonHead
	Phase  string `json:"phase"`
	Intent string `json:"intent"`
	Reason string `json:"reason"`
	Holds  string `json:"holds"`
}

type jsonTrackStarted struct {
	jsonHead
	Entry      player.EntryID `json:"entry"`
	Title      string         `json:"title"`
	Artist     string         `json:"artist"`
	Album      string         `json:"album"`
	URL        string         `json:"url"`
	PositionMS int64          `json:"position_ms"`
	DurationMS int64          `json:"duration_ms"`
	Gapless    bool           `json:"gapless"`
}

type jsonTrackEnded struct {
	jsonHead
	Entry      player.EntryID `json:"entry"`
	PositionMS int64          `json:"position_ms"`
	Reason     string         `json:"reason"`
}

type jsonRendition struct {
	jsonHead
	Entry      player.EntryID `json:"entry"`
	From       int            `json:"from"`
	To         int            `json:"to"`
	Bitrate    int64          `json:"bitrate"`
	Codecs     string         `json:"codecs"`
	PositionMS int64          `json:"position_ms"`
	Reason     string         `json:"reason"`
}

type jsonRebuffer struct {
	jsonHead
	Entry      player.EntryID `json:"entry"`
	PositionMS int64          `json:"position_ms"`
}

type jsonRebuffered struct {
	jsonHead
	Entry      player.EntryID `json:"entry"`
	PositionMS int64          `json:"position_ms"`
	LengthMS   int64          `json:"length_ms"`
}

type jsonLoaded struct {
	jsonHead
	Entry     player.EntryID `json:"entry"`
	Rendition int            `json:"rendition"`
	Segment   int            `json:"segment"`
	Bytes     int64          `json:"bytes"`
	Cached    bool           `json:"cached"`
	ElapsedMS int64          `json:"elapsed_ms"`
}

type jsonSeek struct {
	jsonHead
	ToMS int64 `json:"to_ms"`
}

type jsonSeeked struct {
	jsonHead
	Entry      player.EntryID `json:"entry"`
	PositionMS int64          `json:"position_ms"`
	TookMS     int64          `json:"took_ms"`
}

type jsonFailure struct {
	Entry   player.EntryID `json:"entry"`
	Code    int            `json:"code"`
	Kind    string         `json:"kind"`
	Op      string         `json:"op"`
	Title   string         `json:"title"`
	Fatal   bool           `json:"fatal"`
	Message string         `json:"message"`
}

type jsonError struct {
	jsonHead
	jsonFailure
}

type jsonLagged struct {
	jsonHead
	N int `json:"n"`
}

type jsonNotice struct {
	jsonHead
	Message string `json:"message"`
}

type jsonSummary struct {
	jsonHead
	FirstAudioMS *int64        `json:"first_audio_ms"`
	TracksPlayed int           `json:"tracks_played"`
	PlayedMS     int64         `json:"played_ms"`
	FramesPlayed int64         `json:"frames_played"`
	Rebuffers    int           `json:"rebuffers"`
	RebufferMS   int64         `json:"rebuffer_ms"`
	Switches     int           `json:"switches"`
	BytesFetched int64         `json:"bytes_fetched"`
	BytesWasted  int64         `json:"bytes_wasted"`
	CacheHits    int           `json:"cache_hits"`
	CacheMisses  int           `json:"cache_misses"`
	Underruns    int           `json:"underruns"`
	Concealed    int           `json:"concealed"`
	Errors       []jsonFailure `json:"errors"`
	PeakRSSBytes int64         `json:"peak_rss_bytes"`
	UserCPUMS    int64         `json:"user_cpu_ms"`
	SysCPUMS     int64         `json:"sys_cpu_ms"`
	Exit         int           `json:"exit"`
	Telemetry    jsonSession   `json:"telemetry"`
}

func ms(d time.Duration) int64 { return d.Round(time.Millisecond).Milliseconds() }

func (r *jsonReport) head(event string, at time.Time) jsonHead {
	return jsonHead{event, ms(at.Sub(r.started))}
}

func (r *jsonReport) write(line any) {
	enc := json.NewEncoder(r.out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(line) // a reader that has gone away ends nothing but the reports
}

func (r *jsonReport) event(e player.Event) {
	switch w := e.What.(type) {
	case player.StateChanged:
		r.write(jsonState{r.head("state", e.Time), w.Phase.String(), w.Intent.String(), string(w.Reason), w.Holds.String()})
	case player.TrackStarted:
		r.write(jsonTrackStarted{r.head("track_started", e.Time), e.Entry, w.Item.Title, w.Item.Artist, w.Item.Album,
			shownURL(w.Item.URL), ms(w.Position), ms(w.Duration), w.Gapless})
	case player.TrackEnded:
		r.write(jsonTrackEnded{r.head("track_ended", e.Time), e.Entry, ms(w.Position), string(w.Reason)})
	case player.RenditionChanged:
		r.write(jsonRendition{r.head("rendition", e.Time), e.Entry, w.From, w.To, int64(w.Bitrate), w.Codecs,
			ms(w.Position), w.Reason})
	case player.Rebuffering:
		r.write(jsonRebuffer{r.head("rebuffer", e.Time), e.Entry, ms(w.Position)})
	case player.Rebuffered:
		r.write(jsonRebuffered{r.head("rebuffered", e.Time), e.Entry, ms(w.Position), ms(w.Length)})
	case player.Loaded:
		r.write(jsonLoaded{r.head("loaded", e.Time), e.Entry, w.Rendition, w.Segment, w.Bytes, w.Cached, ms(w.Elapsed)})
	case player.Seeked:
		r.write(jsonSeeked{r.head("seeked", e.Time), e.Entry, ms(w.Position), ms(e.Time.Sub(r.sought))})
	case player.Failed:
		printError(r.errors, w.Err)
		r.write(jsonError{r.head("error", e.Time), failure(w.Err)})
	case player.Lagged:
		r.write(jsonLagged{r.head("lagged", e.Time), w.N})
	default:
		r.condition(e)
	}
}

func (r *jsonReport) seeking(to time.Duration) {
	r.sought = time.Now()
	r.write(jsonSeek{r.head("seek", r.sought), ms(to)})
}

func (r *jsonReport) notice(text string) {
	printNotice(r.errors, text)
	r.write(jsonNotice{r.head("notice", time.Now()), text})
}

func (r *jsonReport) finish(s summary) { r.write(summaryLine(s, r.head("summary", time.Now()))) }

func summaryLine(s summary, head jsonHead) jsonSummary {
	line := jsonSummary{
		jsonHead: head, TracksPlayed: s.tally.tracks, PlayedMS: ms(s.played), FramesPlayed: s.stats.FramesPlayed,
		Rebuffers: s.stats.Rebuffers, RebufferMS: ms(s.stats.RebufferTime), Switches: s.stats.Switches,
		BytesFetched: s.stats.BytesFetched, BytesWasted: s.stats.BytesWasted,
		CacheHits: s.stats.CacheHits, CacheMisses: s.stats.CacheMisses,
		Underruns: s.stats.Underruns, Concealed: s.stats.Concealed, Errors: []jsonFailure{},
		PeakRSSBytes: s.usage.peakRSS, UserCPUMS: ms(s.usage.user), SysCPUMS: ms(s.usage.system), Exit: s.exit,
		Telemetry: sessionLine(s.tally.meter.Session()),
	}
	if s.stats.FirstAudio > 0 {
		first := ms(s.stats.FirstAudio)
		line.FirstAudioMS = &first
	}
	for _, e := range s.tally.errors {
		line.Errors = append(line.Errors, failure(e))
	}
	return line
}

func failure(e *player.Error) jsonFailure {
	return jsonFailure{e.Entry, int(e.Kind), e.Kind.Error(), e.Op, e.Title, e.Fatal, e.Error()}
}
