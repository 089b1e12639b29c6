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
	// StateChanged: Phase, Intent or Holds are new, or playback has been sent elsewhere.
	StateChanged struct {
		Phase  Phase
		Intent Intent
		Holds  Hold
		Reason Reason
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
		Reason   Reason
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

	// QueueChanged: the queue is another one, or is played in another order: ReasonAdded, ReasonMoved,
	// ReasonRemoved, ReasonReplaced, ReasonShuffled, ReasonRepeated or ReasonRestored. Version is that of
	// State.Queue.
	QueueChanged struct {
		Reason  Reason
		Version int64
	}

	// Seeked: the new position is audible.
	Seeked struct{ Position time.Duration }

	// VolumeChanged: the level of the volume control, or what is made of it.
	VolumeChanged struct {
		Volume float64
		Muted  bool
		Ducked bool // see FocusDuck
	}

	// SpeedChanged: the new speed is audible.
	SpeedChanged struct{ Speed float64 }

	// SilenceSkipped: the position has gone on from From to To without the silence that lies there.
	SilenceSkipped struct{ From, To time.Duration }

	// LiveMoved: a live stream goes on at To; what lies between From, where it broke off, and To can't be had
	// any more, or, where they are one, never was there: ReasonWindow, ReasonServer, ReasonTimes.
	LiveMoved struct {
		From, To time.Duration
		Reason   Reason
	}

	// MusicMissing: from Position on there is silence in place of Length of music: ReasonGap, ReasonMissing.
	MusicMissing struct {
		Position time.Duration
		Length   time.Duration
		Reason   Reason
	}

	// SleepChanged: the sleep timer was set, taken away, or has run out.
	SleepChanged SleepState

	// OutputLost: the output is gone. The player holds and tries to open it again; see HoldOutput.
	OutputLost struct {
		Err      *Error
		Position time.Duration
	}

	// OutputRestored: it is back, After a while, and the music goes on where it was.
	OutputRestored struct {
		SampleRate int
		After      time.Duration
	}

	// Underrun: the output found too little N times since the last Underrun, though the music is there:
	// the machine is too busy for the output's buffer. It is told once in five seconds at most.
	Underrun struct{ N int }

	// Failed: an error that the user should know of. Where it is fatal the player goes on with the
	// next entry.
	Failed struct{ Err *Error }

	// Lagged: the reader was too slow and N events before the next one are lost. State has the truth.
	Lagged struct{ N int }
)
