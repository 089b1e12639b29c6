// Package pipeline joins the stages and owns their goroutines: a loader and a decoder for each
// entry, and one mixer for all of them. The player's control actor tells it what to play; it never
// decides that itself.
//
//	loader: manifest → rendition → segment (cache or network) → decrypt → verify
//	decoder: demux → decode → trim → remix to stereo
//	mixer: join → resample → loudness → crossfade → speed → limiter → ring
//
// Every queue between them is bounded, so a stage that is ahead waits for the one behind it.
package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/cache"
	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/waveform"
)

// Errors beside those of the stages.
var (
	// ErrKey: the key could not be had.
	ErrKey = errors.New("key not available")
	// ErrUndecipherable: what the key opened is no media, so it is the wrong key or a corrupt segment.
	ErrUndecipherable = errors.New("decrypted data is not media")
	// ErrOutput: the sink failed.
	ErrOutput = errors.New("output failed")
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

func stage(op string, err error) error {
	var known *StageError
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &StageError{Op: op, Err: err}
}

// Env is what all entries of one player share.
type Env struct {
	Fetch *fetch.Client // keeps trying
	Probe *fetch.Client // tries once: for when something else is at hand
	Cache *cache.Store  // nil for none
	Link  *Link

	// Choice gives the rule and the cap of the moment.
	Choice func() (abr.Rule, media.Bitrate)

	// Decoders are the app's own, which go before what is built in.
	Decoders map[media.Codec]NewDecoder

	Buffer      time.Duration // aim of the music fetched ahead
	BufferBytes int64         // bound on compressed bytes in memory, an entry

	// Patience is how long an entry waits for a network that is away; zero means DefaultPatience,
	// negative that it fails at once.
	Patience time.Duration
	// Decorate, where set, is called for each request before it is sent, from the pipeline's goroutines;
	// it may add header fields and query parameters, and must not wait.
	Decorate func(*http.Request, RequestInfo)

	// Note hears what goes on. It is called from the pipeline's goroutines and never blocks.
	Note     func(Note)
	Counters *Counters
	Logger   *slog.Logger

	blocks    sync.Pool
	shelfOnce sync.Once
	kept      *shelf
	levels    levelBook
	network   struct {
		mu    sync.Mutex
		other chan struct{} // closed and replaced when the network has changed
	}
}

// NewDecoder makes a decoder for a stream.
type NewDecoder = func(media.Format) (codec.Decoder, error)

// Counters are the running totals of all entries.
type Counters struct {
	Fetched, Wasted, Hits, Misses, Concealed atomic.Int64
	Arrived                                  atomic.Int64 // bytes over the network, as they come
}

// Link is the estimate of the network, fed by all loaders.
type Link struct {
	mu  sync.Mutex
	est abr.Estimator
}

// Add takes a download into account.
func (l *Link) Add(s abr.Sample) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.est.Add(s)
}

// Doubt makes what was measured count for little beside what will be.
func (l *Link) Doubt() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.est.Doubt()
}

// Estimate gives the throughput and latency to expect; zero where nothing is known.
func (l *Link) Estimate() (media.Bitrate, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.est.Throughput(), l.est.Latency()
}

// Note is something that an entry has to say.
type Note struct {
	Entry *Entry
	What  any // Opened, SegmentIn, Filled, AllIn, Waiting, Recovered, GaveUp, Levelled or Concealed
}

type (
	// Opened: the manifest is known.
	Opened struct {
		Renditions []Rendition
		Duration   time.Duration // zero where unknown
	}
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
	// entry waits for Entry.Retry, or for Env.NetworkChanged.
	GaveUp struct{ Err error }
	// AllIn: nothing is left to load.
	AllIn struct{}
	// Concealed: a packet could not be decoded and silence stands for it. Sent once an entry.
	Concealed struct{ Err error }
)

// Rendition describes one coding of an entry.
type Rendition struct {
	Bitrate  media.Bitrate
	Codecs   string
	Name     string
	Lossless bool
}

// Spec is what an entry plays.
type Spec struct {
	URL       string
	Header    http.Header
	Resolve   func(context.Context) (string, http.Header, error) // nil: URL and Header stay
	ContentID string
	// Alternatives are other places, or other formats, of the same music: what can't be had or played
	// from one is had from the next.
	Alternatives []Location

	// Yield, where set, tells whether the link belongs to another entry: as long as it does no more than
	// the beginning is loaded. Any goroutine may call it.
	Yield func() bool

	Gain     float64       // factor on the samples, by Tags and Loudness
	Tags     media.Tags    // what the app knows of the loudness
	Loudness dsp.Loudness  // how the entry is levelled where more is found out; see Levelled
	Stop     time.Duration // where to end; zero for the end

	// Outline, where set, is made of the music as it is decoded, or taken from the cache.
	Outline *waveform.Builder
}

// Location is a place that music can be had from.
type Location struct {
	URL    string
	Header http.Header
}

// Block is a run of decoded stereo frames.
type Block struct {
	PCM       []float32 // interleaved, two channels
	Rate      int
	At        media.Frames // of the first frame on the entry's own timeline, at Rate
	Rendition int
	Reason    abr.Reason // why Rendition
	Mark      Mark       // what there is to tell of its first frame
}

// Channels of everything past the decoder.
const Channels = 2

// blockFrames is the size of a full block: 93 ms at 44.1 kHz.
const blockFrames = 4096

// decodedBlocks bounds what a decoder holds ready: 3 s at 44.1 kHz, 1 MiB.
const decodedBlocks = 32

func (v *Env) newBlock() *Block {
	if b, ok := v.blocks.Get().(*Block); ok {
		b.PCM = b.PCM[:0]
		return b
	}
	return &Block{PCM: make([]float32, 0, blockFrames*Channels)}
}

func (v *Env) freeBlock(b *Block) { v.blocks.Put(b) }
