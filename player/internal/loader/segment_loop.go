package loader

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/fetch"
)

// runSegments is the loader's main loop over a presentation of segments.
func (l *Loader) runSegments(ctx context.Context) error {
	for {
		if err := l.waitForRoom(ctx); err != nil {
			return err
		}
		l.reconsider()
		l.askDirections(ctx)
		if l.offline && l.current >= 0 && l.finished(l.current) {
			return nil // whatever the rule would go on with: its list may not be at hand
		}
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
			return l.raiseRest(ctx)
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
		l.progress.SetLoaded(l.pos)
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
	l.progress.SetLoaded(l.pos)
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

// waitForRoom holds the loader back while enough music is buffered. One segment may always be loaded. What is there is
// made better first, where the rule knows how to, and then there may be more of it than the rule asks for; see depth.
func (l *Loader) waitForRoom(ctx context.Context) error {
	for {
		// Nothing waits for the decoder: it must be fed whatever the numbers say.
		n, bytes := l.runs.Waiting()
		hungry := n == 0 && l.task.Lead() <= 0
		first := l.current < 0
		hold, target, rest := l.depth()
		buffered := l.buffered()
		over := buffered - target
		yields := l.yields()
		l.sated = l.sated && buffered >= hold-rest && !l.redo.Load()
		room := !yields && !l.sated && bytes < l.env.BufferBytes
		if hungry || first || room && over < 0 || l.redo.Load() {
			return ctx.Err()
		}
		if !yields {
			l.filled()
		}
		if err := l.keepUp(ctx); err != nil {
			return err
		}
		if !yields && !l.sated {
			if done, err := l.upgrade(ctx); err != nil {
				return err
			} else if done {
				continue
			}
		}
		if room && buffered < hold {
			return ctx.Err()
		}
		l.sated = l.sated || !yields && rest > 0
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
