package pipeline

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/manifest"
)

// Entry is one queue entry on its way to the mixer, from one start position. A seek makes a new
// one. Its loader and decoder run until the end, an error, or Stop.
type Entry struct {
	Key  int64 // the player's name for it
	Spec Spec
	At   time.Duration // where it is to begin, AtBegin or AtEdge

	*loading
	living
	levelling

	env    *Env
	lead   func() time.Duration // music that is heard before this entry begins
	cancel context.CancelFunc
	done   sync.WaitGroup

	runs    *runQueue   // loader → decoder
	blocks  *blockQueue // decoder → mixer; closed at the end
	err     error       // why blocks was closed early; valid after it is
	voice   *voice      // how the mixer hears it; the mixer's own
	refused error       // why the mixer doesn't play it; the mixer's own
	redo    atomic.Bool // the loader is to choose anew for what the decoder hasn't begun

	from   atomic.Int64 // ns: where it begins; the loader's until its first run
	loaded atomic.Int64 // ns: the timeline is here up to this moment
	mixed  atomic.Int64 // ns: the mixer has taken it up to this moment
	length atomic.Int64 // ns; zero where unknown
	allIn  atomic.Bool
}

// run is a stretch of stream: one segment, or a whole file.
type run struct {
	open      func() (container.Demuxer, error)
	close     func()
	bytes     int64
	rendition int
	index     int // of the segment
	reason    abr.Reason
	before    place // where the loader stood before it

	of      *segmentID // the segment it is of; nil for a file
	packets int        // only so many of its packets: its beginning; zero for all

	start     time.Duration    // of the segment on the raw timeline, as the playlist says
	media     string           // names the init section of segments with an origin
	origin    *manifest.Origin // what its packets' times count from; nil where the playlist doesn't say
	continues bool             // it follows the run before, by the playlist
	trim      trimming
	turn      turn   // what changes before it
	forget    func() // drop it from the cache: it could not be decoded
	spilt     func() // it was taken back, perhaps fetched in vain; nil for a file
}

// Moments to Start from that the stream has to tell.
const (
	AtBegin time.Duration = -1            // where the manifest wishes: of a live stream near its end
	AtEdge  time.Duration = math.MaxInt64 // near the end of a live stream, whatever it wishes
)

// beginAt says where the entry begins; before its first run only.
func (e *Entry) beginAt(at time.Duration) {
	if at == AtBegin || at == AtEdge {
		at = 0 // until it is known
	}
	e.from.Store(int64(at))
	e.loaded.Store(int64(at))
	e.mixed.Store(int64(at))
}

// Start begins to load and decode spec from the moment at on its timeline. lead tells how much
// music will be heard before its beginning.
func Start(ctx context.Context, env *Env, key int64, spec Spec, at time.Duration, lead func() time.Duration) *Entry {
	loading := newLoading(ctx)
	ctx, cancel := context.WithCancel(ctx)
	e := &Entry{
		loading: loading, levelling: levelling{unknown: make(chan struct{})},
		Key: key, Spec: spec, At: at, env: env, lead: lead, cancel: cancel,
		runs:   newRunQueue(),
		blocks: newBlockQueue(),
	}
	e.beginAt(at)
	loadErr := make(chan error, 1)
	in := make(chan struct{})
	e.done.Go(func() {
		err := newLoader(e).run(ctx)
		if err == nil {
			e.allIn.Store(true)
			close(in)
			env.Note(Note{e, AllIn{}})
		}
		loadErr <- err
		e.runs.close()
	})
	e.done.Go(func() {
		drained, err := newDecoderStage(e).run(ctx)
		if drained && err == nil {
			err = <-loadErr // the loader's failure is heard of when its music is over
		}
		e.err = err
		e.cancel()
		e.blocks.close()
	})
	e.done.Go(func() { e.measureAhead(ctx, in) })
	return e
}

func (r *run) done() {
	if r.close != nil {
		r.close()
	}
}

// Reconsider makes the loader choose again for all that isn't being decoded yet, after the listener
// or the app changed what may be chosen.
func (e *Entry) Reconsider() {
	e.redo.Store(true)
	signal(e.runs.taken)
}

// Stop ends the entry's goroutines. It does not wait for them: Wait does. Twice is fine.
func (e *Entry) Stop() { e.cancel() }

// Wait returns once the entry's goroutines have ended, and releases what they left.
func (e *Entry) Wait() {
	e.done.Wait()
	for _, r := range e.runs.clear() {
		r.spill()
		r.done()
	}
	for b := e.blocks.reuse(); b != nil; b = e.blocks.reuse() { // the decoder's side, and it has ended
		e.env.freeBlock(b)
	}
}

// refuse ends an entry that the mixer can't play. Mixer only.
func (e *Entry) refuse(err error) {
	e.refused = err
	e.cancel()
}

// fault is why the entry's music ended early, nil where it didn't; the mixer's, once it is over.
func (e *Entry) fault() error {
	if e.refused != nil {
		return e.refused
	}
	return e.err
}

// broken is fault as far as it is known before the entry is over.
func (e *Entry) broken() error {
	if e.blocks.closed.Load() {
		return e.fault()
	}
	return e.refused
}

// Ahead is how much of the entry's music is here and not mixed yet.
func (e *Entry) Ahead() time.Duration {
	return max(0, time.Duration(e.loaded.Load()-e.mixed.Load()-e.hops.Load()))
}

// AllIn reports whether nothing is left to load.
func (e *Entry) AllIn() bool { return e.allIn.Load() }

// end is where the entry's music ends, by what is known of its length; zero where unknown.
func (e *Entry) end() time.Duration {
	end := e.Length()
	if stop := e.Spec.Stop; stop > 0 && (end <= 0 || stop < end) {
		end = stop
	}
	return end
}

// Length is the whole length of the entry's timeline; zero where unknown.
func (e *Entry) Length() time.Duration { return time.Duration(e.length.Load()) }
