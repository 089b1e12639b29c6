// Package loader decides what of an entry to fetch next, and from where, and brings it into memory: manifests and
// lists, live streams and their steering, the choice of renditions, segments and their keys, files, radio, and the
// early parts of what is still coming in.
//
//	location → manifest → rendition → segment (memory, cache or network) → decrypt → verify → Run
//
// A Loader hands Runs to a Queue, as fast as there is room for: it knows from Progress and Task.Lead how much music lies
// ahead of the listener, and waits while that is enough. It decodes nothing, and plays nothing: see the package pipeline.
package loader

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/metadata"
)

// Loader brings an entry's music into memory, one run after the other, each in the rendition that
// the rule asks for. It runs on one goroutine, but for what says otherwise.
type Loader struct {
	task     Task
	env      *Env
	progress *Progress
	runs     *Queue

	life  context.Context // ends with the player
	tasks sync.WaitGroup  // goroutines beside that of Run
	again chan struct{}   // see Retry
	redo  atomic.Bool     // it is to choose anew for what the decoder hasn't begun

	known         *content
	location      int           // which of the entry's locations is in use; zero is the Spec's own
	*presentation               // of that location
	before        *presentation // that of the location before, where it was left in the midst
	locations     []Location    // the Spec's own, its alternatives, and what lists among them name
	listings      map[int]int   // locations that are lists: where what they name begins
	failedAt      []time.Time
	renewed       bool // a refusal was answered with new credentials already
	offline       bool // the server could not be reached the last time

	place
	hold  holding
	radio *broadcast // of a live stream over HTTP; nil before

	allowable atomic.Pointer[ladder] // see Loader.ladder
	sated     bool                   // enough was here, and some of it is to be heard before more is fetched
	rigid     int                    // segments in a row that could not be replaced
	replacing time.Duration          // until the segment that is being replaced is heard; zero while none is

	// Of live streams.
	settled    bool          // where to begin is known
	opener     bool          // nobody knew the presentation before, so that no moment of its timeline was known
	lead       time.Duration // of the raw timeline before the music, as far as it is known
	staleSince time.Time     // Stale was noted; when the list grew last
	missing    missing       // what couldn't be had
	grows      map[target]*growth
}

// place is where a loader stands.
type place struct {
	current       int           // the rendition of the last segment; −1 at the start
	next          int64         // sequence number of the segment that follows it in current
	part          int           // of that segment: the part that comes next; zero for its beginning
	discontinuity Discontinuity // what is to be told with the next run
	pos           time.Duration // of the timeline: what is loaded ends here
	why           abr.Reason    // of the last change of rendition
}

// New makes a loader that has yet to Run. life ends with the player: what entries share lasts as long.
func New(life context.Context, env *Env, task Task) *Loader {
	l := &Loader{
		task: task, env: env, progress: &Progress{}, runs: newQueue(), life: life, again: make(chan struct{}, 1),
		known:    env.shelf().content(task.Key, &task.Spec),
		failedAt: make([]time.Time, 1+len(task.Spec.Alternatives)), locations: append([]Location{{task.Spec.URL, task.Spec.Header}}, task.Spec.Alternatives...),
		grows:    map[target]*growth{},
		listings: map[int]int{},
	}
	l.progress.begin(task.At)
	l.place = place{current: -1, pos: l.progress.From()}
	return l
}

// Runs are what was loaded and isn't decoded yet.
func (l *Loader) Runs() *Queue { return l.runs }

// Progress tells how far the entry has come, and takes in how far it is played.
func (l *Loader) Progress() *Progress { return l.progress }

// Reconsider makes the loader choose again for all that isn't being decoded yet, after the listener
// or the app changed what may be chosen. Any goroutine may call it.
func (l *Loader) Reconsider() {
	l.redo.Store(true)
	signal(l.runs.taken)
}

// Retry makes a loader that waits for the network, or gave up waiting, try again at once. Any
// goroutine may call it.
func (l *Loader) Retry() { signal(l.again) }

// Close waits for the goroutines that Run began, and releases what is left in Runs. It is to be called when Run has
// returned, its context is done and nobody takes from Runs any more.
func (l *Loader) Close() {
	l.tasks.Wait()
	for _, r := range l.runs.clear() {
		r.spill()
		r.Done()
	}
}

// Run loads until everything is in, which it notes, or ctx is done, or nothing more can be had: at none of the
// entry's locations, for as long as the network's absence is put up with. Then no run follows.
func (l *Loader) Run(ctx context.Context) error {
	defer l.runs.close()
	err := l.run(ctx)
	if err == nil {
		l.noteAllIn()
	}
	return err
}

// noteAllIn tells, once, that nothing is left to load.
func (l *Loader) noteAllIn() {
	if !l.progress.allIn.Swap(true) {
		l.task.Note(AllIn{})
	}
}

// yields reports whether the link belongs to another entry.
func (l *Loader) yields() bool { return l.task.Spec.Yield != nil && l.task.Spec.Yield() }

// last reports whether nothing follows the entry.
func (l *Loader) last() bool { return l.task.Spec.Last != nil && l.task.Spec.Last() }

// tagged takes note of what the music says of itself.
func (l *Loader) tagged(m metadata.Metadata) {
	if !m.Empty() {
		l.task.Note(Tagged{m})
	}
}

// run loads until everything is in (nil), or ctx is done, or nothing more can be had: at none of the
// entry's locations, for as long as the network's absence is put up with.
func (l *Loader) run(ctx context.Context) error {
	defer l.known.shelf.release(l.known)
	defer l.hangUp()
	var first error
	for {
		at := l.pos
		err := l.play(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if first == nil || l.pos > at {
			first = err
		}
		if l.divert(err) {
			continue
		}
		if werr := l.outwait(ctx, err); werr != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return first
		}
		first = nil
		clear(l.failedAt)
		if l.presentation != nil {
			l.wake()
		}
	}
}

// play loads from where the loader stands, at the location in use.
func (l *Loader) play(ctx context.Context) error {
	if err := l.locate(ctx); err != nil {
		return Stage("resolve", err)
	}
	var err error
	if !l.isFile.Load() && !l.isRadio.Load() {
		if l.listed == nil {
			err = l.openManifest(ctx)
		} else {
			err = l.listed
		}
		if errors.Is(err, errNotManifest) {
			l.isFile.Store(true)
		}
	}
	var more *expanded
	if errors.As(err, &more) {
		if err := l.unfold(more); err != nil {
			return Stage("load list", err)
		}
		return l.play(ctx)
	}
	switch {
	case l.isRadio.Load():
	case l.isFile.Load():
		l.hangUp()
		err = Stage("open file", l.runFile(ctx))
	case err != nil:
		err = Stage("load manifest", err)
	default:
		l.hangUp()
		return l.runSegments(ctx)
	}
	if l.isRadio.Load() || errors.Is(err, fetch.ErrEndless) {
		l.isRadio.Store(true)
		return Stage("listen", l.runRadio(ctx))
	}
	return err
}
