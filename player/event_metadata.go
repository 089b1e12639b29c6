package player

import (
	"time"

	"github.com/segue-audio/segue/player/metadata"
)

// Events on what the music says of itself.
type (
	// MetadataChanged: what an entry's file says of itself is known, or more of it. It comes when the file
	// is opened: for the next entry before its TrackStarted. Long pictures are described and lack their
	// Data; ReadMetadata has them.
	MetadataChanged struct{ Metadata metadata.Metadata }

	// ChapterChanged: another chapter is heard. Index is −1, and Chapter empty, where none is.
	ChapterChanged struct {
		Index    int
		Chapter  metadata.Chapter
		Position time.Duration
	}

	// LyricLine: another line of the synchronised lyrics is heard; see Config.LyricLines. Index is −1, and
	// Line empty, where none is.
	LyricLine struct {
		Index    int
		Line     metadata.Line
		Position time.Duration
	}

	// TimedMetadata: the stream carried this for the moment that is heard (ID3 in HLS; a
	// radio's title, as Tags and as the Field STREAMTITLE).
	TimedMetadata struct {
		Metadata metadata.Metadata
		Position time.Duration // the moment that it is for
	}

	// WaveformReady: the outline of an entry is complete; see Player.Waveform.
	WaveformReady struct{}
)
