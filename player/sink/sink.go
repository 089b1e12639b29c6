// Package sink is where PCM leaves the player. Each child is one way out; the suite that every
// child runs is sinktest.
package sink

import (
	"context"
	"time"

	"github.com/segue-audio/segue/player/media"
)

// Format is PCM as a sink takes it: interleaved float32, full scale ±1.
type Format struct {
	SampleRate int // frames a second
	Channels   int
}

// Source is what a sink pulls from. The player implements it.
type Source interface {
	// Pull fills dst (whole frames) with what is due now and returns how many frames of it are
	// music; the rest, at the end of dst, is silence. It is real-time safe: it never waits, locks,
	// allocates or logs. Only one goroutine calls it.
	Pull(dst []float32) (music int)

	// Wait blocks until Pull can give at least one frame of music, the stream has ended or ctx is
	// done, whose error it then returns; io.EOF says that no music will come any more. Sinks that
	// set their own pace, faster than real time, use it so that a slow network makes no silence.
	Wait(ctx context.Context) error
}

// Sink is one audio output. The player calls its methods from one goroutine at a time.
type Sink interface {
	// Start opens the output and begins to pull from src on a goroutine or thread of the sink's
	// own. want is the format of the music at hand; the returned format is what src must provide.
	// An output that can't be had gives an error that wraps ErrNoDevice. A sink that runs is not started
	// again; one that was closed is, with a source and a rate that may be others, when its device was
	// lost and comes back.
	Start(want Format, src Source) (Format, error)

	// Latency counts the frames already pulled that can't be heard yet. Callable at any time.
	Latency() media.Frames

	// Drain waits until what was pulled before the call has been heard (or written), or ctx is done.
	Drain(ctx context.Context) error

	// Close stops pulling and releases the output; after it returns src is not called again.
	// Twice is fine. The error of a sink that writes (a full disk) is reported here at the latest.
	Close() error
}

// Failer is a Sink that can fail while it runs.
type Failer interface {
	// Failed receives the error when the output is lost, once for each Start; nothing is pulled any more.
	// One that wraps ErrNoDevice may be had again after Close. It is asked for after each Start.
	Failed() <-chan error
}

// Pulled is a Sink whose host takes frames when it likes: that none are taken is no fault of it.
type Pulled interface {
	// Pulled does nothing; it marks the sink.
	Pulled()
}

// DefaultBuffer is how much a real-time sink holds of its own accord.
const DefaultBuffer = 100 * time.Millisecond
