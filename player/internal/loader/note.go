package loader

import (
	"errors"
	"time"

	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/metadata"
)

// Errors beside those of manifests, containers and fetching.
var (
	// ErrKey: the key could not be had.
	ErrKey = errors.New("key not available")
	// ErrUndecipherable: what the key opened is no media, so it is the wrong key or a corrupt segment.
	ErrUndecipherable = errors.New("decrypted data is not media")
	// ErrStale: a live stream's list of segments no longer grows, though its server can be reached.
	ErrStale = errors.New("the live stream has stopped")
)

// StageError says what was being done when Err came.
type StageError struct {
	Op  string
	Err error
}

// Error gives the operation and the cause.
func (e *StageError) Error() string { return e.Op + ": " + e.Err.Error() }

// Unwrap gives the cause.
func (e *StageError) Unwrap() error { return e.Err }

// Stage says of err what was being done, unless it says so already. Of nil it gives nil.
func Stage(op string, err error) error {
	var known *StageError
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &StageError{Op: op, Err: err}
}

// What Task.Note hears.
type (
	// Opened: the manifest is known. Sent again when more of it is, such as the length of a live stream
	// that has ended.
	Opened struct {
		Renditions []Rendition
		Duration   time.Duration // zero where unknown
	}
	// Tagged: this is what the entry's file, init section or station says of the whole. Sent again when more
	// of it was read.
	Tagged struct{ Metadata metadata.Metadata }
	// SegmentIn: a segment is in memory.
	SegmentIn struct {
		Rendition, Index int
		Bytes            int64
		Cached           bool
		Elapsed          time.Duration
	}
	// Filled: as much as Env.Buffer asks for is here, so that the link has time for something else. Sent
	// once an entry.
	Filled struct{}
	// Waiting: nothing can be reached, for the reason Err. The entry tries again until it has Recovered,
	// or GaveUp.
	Waiting struct{ Err error }
	// Recovered: the network is back, after so long.
	Recovered struct{ After time.Duration }
	// GaveUp: the network stayed away longer than Env.Patience. What is here is played; for more the
	// entry waits for Loader.Retry, or for Env.NetworkChanged.
	GaveUp struct{ Err error }
	// Stale: the stream is listened to its end and has brought nothing new for longer than it ought to. The
	// entry goes on asking until it is Fresh.
	Stale struct{ Err error }
	// Fresh: it goes on, after so long.
	Fresh struct{ After time.Duration }
	// AllIn: nothing is left to load.
	AllIn struct{}
)

// Rendition describes one coding of an entry.
type Rendition struct {
	Bitrate  media.Bitrate
	Codecs   string
	Name     string
	Lossless bool
}
