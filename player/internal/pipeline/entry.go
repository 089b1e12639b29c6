package pipeline

import (
	"context"
	"sync"
	"time"

	"github.com/segue-audio/segue/player/internal/loader"
)

// Entry is one queue entry on its way to the mixer, from one start position. A seek makes a new
// one. Its loader and decoder run until the end, an error, or Stop.
type Entry struct {
	Key  int64 // the player's name for it
	Spec Spec
	At   time.Duration // where it is to begin, loader.AtBegin or loader.AtEdge

	*loader.Progress
	levelling

	env    *Env
	loader *loader.Loader
	lead   func() time.Duration // music that is heard before this entry begins
	cancel context.CancelFunc
	done   sync.WaitGroup

	in      chan struct{} // closed when nothing is left to load
	blocks  *blockQueue   // decoder → mixer; closed at the end
	err     error         // why blocks was closed early; valid after it is
	voice   *voice        // how the mixer hears it; the mixer's own
	refused error         // why the mixer doesn't play it; the mixer's own
}

// Start begins to load and decode spec from the moment at on its timeline. lead tells how much
// music will be heard before its beginning.
func Start(ctx context.Context, env *Env, key int64, spec Spec, at time.Duration, lead func() time.Duration) *Entry {
	e := &Entry{
		levelling: levelling{unknown: make(chan struct{})},
		Key:       key, Spec: spec, At: at, env: env, lead: lead,
		in: make(chan struct{}), blocks: newBlockQueue(),
	}
	e.loader = loader.New(ctx, env.Env, loader.Task{Key: key, Spec: spec.Spec, At: at, Lead: lead, Note: e.hear})
	e.Progress = e.loader.Progress()
	ctx, e.cancel = context.WithCancel(ctx)
	loadErr := make(chan error, 1)
	e.done.Go(func() { loadErr <- e.loader.Run(ctx) })
	e.done.Go(func() {
		drained, err := newDecoderStage(e).run(ctx)
		if drained && err == nil {
			err = <-loadErr // the loader's failure is heard of when its music is over
		}
		e.err = err
		e.cancel()
		e.blocks.close()
	})
	e.done.Go(func() { e.measureAhead(ctx) })
	return e
}

// hear passes on what the loader notes. What the music says of its gains counts before its first frame is mixed, if
// it is read by then.
func (e *Entry) hear(what any) {
	switch what := what.(type) {
	case loader.Tagged:
		e.know(what.Metadata.Tags)
	case loader.AllIn:
		close(e.in)
	}
	e.env.Note(Note{e, what})
}

// Reconsider makes the loader choose again for all that isn't being decoded yet, after the listener
// or the app changed what may be chosen. Any goroutine may call it.
func (e *Entry) Reconsider() { e.loader.Reconsider() }

// Retry makes an entry that waits for the network, or gave up waiting, try again at once. Any
// goroutine may call it.
func (e *Entry) Retry() { e.loader.Retry() }

// Stop ends the entry's goroutines. It does not wait for them: Wait does. Twice is fine.
func (e *Entry) Stop() { e.cancel() }

// Wait returns once the entry's goroutines have ended, and releases what they left.
func (e *Entry) Wait() {
	e.done.Wait()
	e.loader.Close()
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

// end is where the entry's music ends, by what is known of its length; zero where unknown.
func (e *Entry) end() time.Duration {
	end := e.Length()
	if stop := e.Spec.Stop; stop > 0 && (end <= 0 || stop < end) {
		end = stop
	}
	return end
}

// resumeAhead is how much music is to be here before it goes on after it ran dry: near the end of a live
// stream there isn't more to be had.
func (e *Entry) resumeAhead() time.Duration {
	if hold := e.HoldBack() / 2; hold > 0 {
		return min(resumeAhead, hold)
	}
	return resumeAhead
}
