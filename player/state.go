package player

import (
	"time"

	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/metadata"
)

// Intent is what the user wants.
type Intent int

// The intents.
const (
	Paused Intent = iota
	Playing
)

// String names the intent.
func (i Intent) String() string {
	if i == Playing {
		return "playing"
	}
	return "paused"
}

// Phase is what the engine can do.
type Phase int

// The phases.
const (
	Idle      Phase = iota // nothing to play
	Buffering              // waiting for the first or for more music
	Ready                  // music is at hand
	Ended                  // the queue was played to its end
	Broken                 // it can't go on: no output, or nothing that can be played; Err tells why, Play tries anew
)

// String names the phase.
func (p Phase) String() string {
	switch p {
	case Idle:
		return "idle"
	case Buffering:
		return "buffering"
	case Ready:
		return "ready"
	case Ended:
		return "ended"
	}
	return "broken"
}

// EntryID names an entry of the queue for as long as the Player lives. It is never reused.
type EntryID int64

// Entry is one place in the queue.
type Entry struct {
	ID   EntryID
	Item Item
}

// Rendition describes one coding of the current entry that the player could choose.
type Rendition struct {
	Bitrate  media.Bitrate // peak, as the manifest says; measured for a file
	Codecs   string
	Name     string
	Lossless bool
}

// State is a snapshot. It is immutable: slices in it are not to be written to.
type State struct {
	Intent Intent // what the user wants
	Phase  Phase  // what the engine can do
	Holds  Hold   // why it is held back; empty for not at all
	Err    error  // why Phase is Broken

	Queue   QueueView
	Shuffle Shuffle
	Repeat  Repeat
	Current EntryID // the entry that is heard, or that will be next; zero for none
	Index   int     // of Current in Queue; −1 for none

	Position time.Duration // what is audible now
	Duration time.Duration // of the current entry; zero where unknown, as it is of a live stream
	Buffered time.Duration // music fetched beyond Position, within the current entry and the next

	Live *Live // what of the current entry can be played, if it is a live stream; nil for others

	Metadata *metadata.Metadata // what the current entry's file says of itself; nil where nothing is known
	Chapter  int                // index of the chapter in Metadata that is heard; −1 where none is

	Renditions []Rendition // of the current entry, ascending by bitrate
	Rendition  int         // index of the audible one; −1 where none is
	Loading    int         // index of the one that is being fetched; −1 where none is
	Selection  Selection

	Bandwidth  media.Bitrate // the estimate; zero where there is none yet
	SampleRate int           // of the output; zero while it is closed
	Latency    time.Duration // of the output, as far as it tells; Position allows for it

	Volume      float64 // of the control
	Muted       bool
	Ducked      bool // see FocusDuck
	Speed       float64
	SkipSilence bool
	Crossfade   time.Duration
	Loudness    dsp.Loudness
	Sleep       SleepState
	Stats       Stats
}

// Audible reports whether music is heard: it is wanted, it is there, and nothing holds it back.
func (s *State) Audible() bool { return s.Intent == Playing && s.Phase == Ready && s.Holds == 0 }

// Stats counts what has happened since New.
type Stats struct {
	FirstAudio   time.Duration // from the first Play to the first audible frame; zero until then
	Rebuffers    int
	RebufferTime time.Duration
	Switches     int   // rendition changes within an entry that were heard
	BytesFetched int64 // over the network, wasted ones included
	BytesWasted  int64 // fetched and thrown away: abandoned requests, bodies begun again
	CacheHits    int   // segments, playlists and keys that came from the cache
	CacheMisses  int
	Underruns    int   // times that the output found too little
	FramesPlayed int64 // music that the output took
	Concealed    int   // packets replaced by silence
	Errors       int   // Failed events
	OutputLosses int   // OutputLost events
}
