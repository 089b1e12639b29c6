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
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
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
	current int           // the rendition of the last segment; −1 at the start
	next    int64         // sequence number of the segment that follows it in current
	part    int           // of that segment: the part that comes next; zero for its beginning
	turn    Turn          // what is to be told with the next run
	pos     time.Duration // of the timeline: what is loaded ends here
	why     abr.Reason    // of the last change of rendition
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
		l.progress.allIn.Store(true)
		l.task.Note(AllIn{})
	}
	return err
}

// yields reports whether the link belongs to another entry.
func (l *Loader) yields() bool { return l.task.Spec.Yield != nil && l.task.Spec.Yield() }

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

// divert goes over to the entry's next location after err, if it has one that didn't fail a short while
// ago.
func (l *Loader) divert(err error) bool {
	now := time.Now()
	l.failedAt[l.location] = now
	for k := 1; k < len(l.failedAt); k++ {
		i := (l.location + k) % len(l.failedAt)
		if failed := l.failedAt[i]; failed.IsZero() || now.Sub(failed) >= restFor {
			l.env.Logger.Warn("location fails, trying another", "from", l.location, "to", i, "err", err)
			l.move(i)
			return true
		}
	}
	return false
}

// otherPlace reports whether another location is worth a try, so that this one needs but one.
func (l *Loader) otherPlace() bool {
	for i, failed := range l.failedAt {
		if i != l.location && (failed.IsZero() || time.Since(failed) >= restFor) {
			return true
		}
	}
	return false
}

// elsewhere reports whether rendition i, or other music in its place, can be had from another host.
func (l *Loader) elsewhere(i int) bool { return l.spare(i) || l.otherPlace() }

// move makes the loader go on at another of the entry's locations, or anew at its own.
func (l *Loader) move(i int) {
	l.location, l.before, l.presentation = i, l.presentation, nil
	clear(l.grows)
	l.place = place{current: -1, pos: l.pos, turn: l.turn}
	l.renewed, l.offline = false, false
}

// locate finds what to load. Where the URL can't be had and the cache knows the content, that of the
// last time serves to read the cache with.
func (l *Loader) locate(ctx context.Context) error {
	if l.presentation != nil {
		return nil
	}
	if p := l.known.place(l.location); p != nil && (l.location <= len(l.task.Spec.Alternatives) || p.url == l.locations[l.location].URL) {
		l.presentation = p
		return nil
	}
	if err := l.relocate(ctx); err != nil {
		return err
	}
	l.succeed(l.before)
	return nil
}

// relocate asks for the URL anew, and forgets what was known of the location.
func (l *Loader) relocate(ctx context.Context) error {
	p := newPresentation(l.known)
	p.url, p.header, p.content = l.task.Spec.URL, l.task.Spec.Header, l.task.Spec.ContentID
	if l.location > 0 {
		alt := l.locations[l.location]
		p.url, p.header = alt.URL, alt.Header
		if p.content != "" {
			p.content += "#" + itoa(l.location)
		}
	}
	offline := false
	if l.task.Spec.Resolve != nil && l.location == 0 {
		u, h, err := l.task.Spec.Resolve(ctx)
		switch {
		case err == nil:
			p.url, p.header = u, h
		case ctx.Err() != nil:
			return context.Cause(ctx)
		default:
			doc, ok := l.document(ctx, p, topName)
			if !ok {
				return err
			}
			l.env.Logger.Info("can't resolve, playing from the cache", "content", p.content, "err", err)
			p.url, offline = doc.URL, true
		}
	}
	u, err := parseLocation(p.url)
	if err != nil {
		return fmt.Errorf("%w: %w", fetch.ErrRequest, err)
	}
	p.top = u
	p.isFile.Store(isFile(u))
	if p.content == "" {
		c := *u
		c.RawQuery, c.Fragment, c.User = "", "", nil
		p.content = c.String()
	}
	l.presentation, l.offline = p, offline
	return nil
}

// parseLocation reads a URL, or a path as a file URL.
func parseLocation(s string) (*url.URL, error) {
	if u, err := url.Parse(s); err == nil && (u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "file") {
		return u, nil
	} else if err == nil && len(u.Scheme) > 1 && strings.Contains(s, "://") {
		return nil, fmt.Errorf("scheme %q is not supported", u.Scheme)
	}
	if s == "" {
		return nil, errors.New("no URL")
	}
	abs, err := filepath.Abs(s)
	if err != nil {
		return nil, err
	}
	return &url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}, nil
}

// isFile tells whether the location is a single file by its name. Others are looked into first.
func isFile(u *url.URL) bool {
	switch strings.ToLower(filepath.Ext(u.Path)) {
	case ".mp3", ".flac", ".wav", ".wave", ".ogg", ".oga", ".opus", ".m4a", ".m4b", ".mp4", ".mov", ".aac", ".aif", ".aiff":
		return true
	case ".m3u8", ".m3u", ".mpd", ".pls", ".xspf", ".asx":
		return false
	}
	return u.Scheme == "file"
}

// runSegments is the loader's main loop over a presentation of segments.
func (l *Loader) runSegments(ctx context.Context) error {
	for {
		if err := l.waitForRoom(ctx); err != nil {
			return err
		}
		l.reconsider()
		l.askDirections(ctx)
		d, err := l.decide(ctx)
		if err != nil {
			return err
		}
		if ready, err := l.await(ctx, d.Index); err != nil {
			return err
		} else if !ready {
			continue
		}
		if l.finished(d.Index) {
			return nil
		}
		r, err := l.segment(ctx, d)
		if err != nil {
			if r, err = l.miss(ctx, d.Index, err); err != nil {
				return err
			}
		}
		if r == nil {
			continue // it is tried again
		}
		l.recovered()
		l.noteFresh()
		l.progress.Reach(l.pos)
		l.runs.push(r)
	}
}

// reconsider takes back what waits for the decoder, so that it is loaded as the rule says now.
func (l *Loader) reconsider() {
	if !l.redo.Swap(false) {
		return
	}
	back := l.runs.recall()
	if len(back) == 0 {
		return
	}
	l.place = back[0].before
	for _, r := range back {
		r.spill()
	}
	l.progress.Reach(l.pos)
}

// finished reports whether nothing of rendition i is left to load.
func (l *Loader) finished(i int) bool {
	if stop := l.task.Spec.Stop; stop > 0 && l.pos >= stop {
		return true
	}
	if n := l.progress.Length(); n > 0 && l.pos >= n {
		return true
	}
	list := l.playlist(i)
	return live(list) == nil && l.index(i) >= len(list.Segments)
}

// Bounds on how long a loader that has enough waits before it looks again: the music may be played at
// twice its speed.
const (
	shortestRest = 50 * time.Millisecond
	longestRest  = time.Second
)

// waitForRoom holds the loader back while enough music is buffered. One segment may always be loaded.
func (l *Loader) waitForRoom(ctx context.Context) error {
	for {
		// Nothing waits for the decoder: it must be fed whatever the numbers say.
		n, bytes := l.runs.Waiting()
		hungry := n == 0 && l.task.Lead() <= 0
		first := l.current < 0
		over := l.buffered() - l.env.Buffer
		yields := l.yields()
		if hungry || first || !yields && (over < 0 && bytes < l.env.BufferBytes) || l.redo.Load() {
			return ctx.Err()
		}
		if !yields {
			l.filled()
		}
		if err := l.keepUp(ctx); err != nil {
			return err
		}
		timer := time.NewTimer(min(max(over/2, shortestRest), longestRest))
		select {
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-l.runs.taken:
		case <-timer.C: // the music before this entry is being played
		}
		timer.Stop()
	}
}

// filled tells, once, that as much as was asked for is here: the link has time for something else.
func (l *Loader) filled() {
	if l.progress.window.Load() != nil {
		return // what follows a live stream follows it at some later day
	}
	if !l.progress.full.Swap(true) {
		l.task.Note(Filled{})
	}
}

// buffered is how much music is here and not heard, what is before this entry included.
func (l *Loader) buffered() time.Duration { return l.progress.Ahead() + l.task.Lead() }

// segment loads the next segment as d says, or from another host or in another rendition where that
// can't be had.
func (l *Loader) segment(ctx context.Context, d abr.Decision) (*Run, error) {
	tried := make(map[int]bool)
	var firstErr error
	for {
		from := l.at(d.Index)
		r, err := l.load(ctx, d)
		var late *abandoned
		switch {
		case err == nil:
			return r, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.As(err, &late):
			d = late.decision
			continue
		case l.refused(err) && l.renew(ctx):
			continue
		}
		if firstErr == nil {
			firstErr = err
		}
		if l.mirrored(from, err) {
			continue
		}
		tried[d.Index] = true
		other, ok := l.fallback(ctx, tried, err)
		if !ok {
			return nil, firstErr
		}
		l.env.Logger.Warn("rendition fails, trying another", "from", d.Index, "to", other.Index, "err", err)
		d = other
	}
}

// mirrored goes over to another URL of a rendition after one failed; false where there is none.
func (l *Loader) mirrored(from target, err error) bool {
	if l.urls(from.rendition) == 1 || errors.Is(err, ErrKey) {
		return false
	}
	if !l.presentation.failed(from) {
		return false
	}
	l.env.Logger.Warn("host fails, trying another", "rendition", from.rendition, "mirror", from.mirror, "err", err)
	return true
}

// refused reports whether new credentials may mend err.
func (l *Loader) refused(err error) bool {
	var status *fetch.StatusError
	return errors.As(err, &status) && (status.Code == http.StatusUnauthorized || status.Code == http.StatusForbidden)
}

// renew asks the app for a fresh location, once in a row, and reads the playlists anew.
func (l *Loader) renew(ctx context.Context) bool {
	if l.task.Spec.Resolve == nil || l.renewed || l.location > 0 {
		return false
	}
	l.renewed = true
	at, was := l.place, l.presentation
	if l.relocate(ctx) != nil {
		return false
	}
	l.succeed(was)
	if l.openManifest(ctx) != nil || at.current >= len(l.sources) {
		return false
	}
	l.place = at
	if at.current >= 0 {
		_, err := l.list(ctx, at.current)
		return err == nil
	}
	return true
}

// holding is a wait for the network. Its methods may be called from any goroutine.
type holding struct {
	mu    sync.Mutex
	since time.Time // of the first failure; zero while all is well
	tries int
	noted bool
}
