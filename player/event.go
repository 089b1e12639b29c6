package player

import (
	"time"

	"github.com/segue-audio/segue/player/media"
)

// Event is one thing that happened, stamped with the time at which it could be heard (not decoded
// or fetched). What is one of the types below.
type Event struct {
	Time  time.Time
	Entry EntryID // zero where no entry is concerned
	What  any
}

type (
	// StateChanged: Phase, Intent or both are new.
	StateChanged struct {
		Phase  Phase
		Intent Intent
		Reason string // "play", "pause", "start", "rebuffer", "buffered", "end", "seek", "error", …
	}

	// TrackStarted: the entry's first frame is audible, or its first after a skip. A seek gives a
	// Seeked instead.
	TrackStarted struct {
		Item     Item
		Position time.Duration
		Duration time.Duration // zero where unknown
		// Gapless tells that the frame before it was the last of the entry before.
		Gapless bool
	}

	// TrackEnded: the entry can't be heard any more.
	TrackEnded struct {
		Position time.Duration
		Reason   string // "end", "skip", "removed", "stop", "error"
	}

	// RenditionChanged: the music comes from another rendition from now on. From is −1 at the start.
	RenditionChanged struct {
		From, To int
		Bitrate  media.Bitrate
		Codecs   string
		Position time.Duration
		Reason   string // the rule's reason
	}

	// Rebuffering: playback ran dry at Position and waits.
	Rebuffering struct{ Position time.Duration }

	// Rebuffered: the silence that began at Position is over after Length: playback goes on, or a seek,
	// a skip or an error has put an end to the waiting.
	Rebuffered struct {
		Position time.Duration
		Length   time.Duration
	}

	// Loaded: one segment (or a file's block) has come in.
	Loaded struct {
		Rendition int
		Segment   int
		Bytes     int64
		Cached    bool
		Elapsed   time.Duration
	}

	// Seeked: the new position is audible.
	Seeked struct{ Position time.Duration }

	// Failed: an error that the user should know of. Where it is fatal the player goes on with the
	// next entry.
	Failed struct{ Err *Error }

	// Lagged: the reader was too slow and N events before the next one are lost. State has the truth.
	Lagged struct{ N int }
)
