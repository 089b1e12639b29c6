package loader

import (
	"context"
	"fmt"
	"time"

	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/hls"
)

const (
	// leastReload is how soon a list is asked for again at the soonest, whatever the manifest says.
	leastReload = 250 * time.Millisecond
	// longestReload bounds the pauses when a list brings nothing new for long.
	longestReload = 30 * time.Second
	// staleTargets is how many target durations a list may stay the same. A server has one and a half
	// (RFC 8216, 6.2.2); the networks between have theirs.
	staleTargets = 3
	// leastStale is the same for short segments.
	leastStale = 6 * time.Second
)

// growth is what is known of how a live list grows.
type growth struct {
	doc     *hls.Document // as the server wrote it last, for delta updates
	asked   time.Time     // when it was asked for last
	changed time.Time     // when it brought something new last
	same    bool          // it brought nothing new the last time
	failed  int           // times in a row that it couldn't be had
	err     error         // of the last time
	plain   bool          // the server did not like to be asked for what is to come, or for less than all

	older     time.Time // since when only copies of an earlier state come; zero for not
	olderNext int64     // what the first of them ended with
}

// live says how a list grows; nil where it doesn't any more.
func live(list *manifest.Playlist) *manifest.Live {
	if list == nil || list.Ended {
		return nil
	}
	return list.Live
}

// growth gives what is known of the list of a URL.
func (l *Loader) growth(t target) *growth {
	g := l.grows[t]
	if g == nil {
		g = &growth{changed: time.Now()}
		l.grows[t] = g
	}
	return g
}

// due is when a live list is worth asking for again (RFC 8216bis, 6.3.4); ok is false for a list that
// doesn't grow, or not before its end is played.
func (l *Loader) due(i int) (at time.Time, ok bool) {
	grows := live(l.playlist(i))
	if grows == nil || grows.Reload <= 0 {
		return time.Time{}, false
	}
	g := l.growth(l.at(i))
	wait := grows.Reload
	if l.takesParts(grows) && !g.same {
		wait = min(wait, grows.PartTarget)
	} else if g.same || g.failed > 0 {
		wait /= 2
	}
	if since := time.Since(g.changed); since > l.staleAfter(i) {
		wait = max(wait, min(since/8, longestReload))
	}
	return g.asked.Add(max(wait, leastReload)), true
}

// outdated reports whether the list of rendition i is to be asked for before it is used.
func (l *Loader) outdated(i int) bool {
	at, ok := l.due(i)
	return ok && !time.Now().Before(at)
}

// staleAfter is how long the list of rendition i may stay the same.
func (l *Loader) staleAfter(i int) time.Duration {
	return max(staleTargets*l.playlist(i).Target, leastStale)
}

// lost reports whether there is no use in rendition i: its list isn't known, or can't be had any more.
func (l *Loader) lost(i int) bool {
	return l.playlist(i) == nil || l.growth(l.at(i)).failed >= 2
}

// await waits until rendition i has something to load. false: the rule is to be asked anew, as time has
// passed.
func (l *Loader) await(ctx context.Context, i int) (bool, error) {
	list := l.playlist(i)
	if list.Live == nil {
		return true, nil
	}
	l.settle(list)
	l.settlePart(i)
	l.stepBack(i)
	if l.fellOut(i) {
		l.rejoin(i, WhyWindow)
	}
	if l.ready(i) || l.finished(i) {
		return true, nil
	}
	l.noteStale(i)
	l.showWindow()
	g := l.growth(l.at(i))
	if grows := live(list); grows != nil && grows.Blocks && !g.plain && g.failed == 0 && len(list.Segments) > 0 {
		sequence, part := l.wanted(i)
		began := time.Now()
		if err := l.reload(ctx, i, list.Told(sequence), part); err != nil {
			return false, err
		}
		if time.Since(began) > leastReload || l.ready(i) || !g.same {
			return false, nil
		}
		// It was answered at once with nothing new.
	}
	return false, l.rest(ctx, i)
}

// rest waits until the list of rendition i is due, or the next of its segments is there.
func (l *Loader) rest(ctx context.Context, i int) error {
	wait := longestRest
	if at, ok := l.due(i); ok {
		wait = time.Until(at)
	}
	if at := l.available(i); !at.IsZero() {
		wait = min(wait, time.Until(at))
	}
	changed := l.env.changed()
	timer := time.NewTimer(max(wait, 10*time.Millisecond))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
	case <-l.again:
		l.growth(l.at(i)).asked = time.Time{}
	case <-changed:
		l.growth(l.at(i)).asked = time.Time{}
	}
	return nil
}

// noteStale tells, once in a row, that the stream has stopped.
func (l *Loader) noteStale(i int) {
	g := l.growth(l.at(i))
	if !l.staleSince.IsZero() || time.Since(g.changed) < l.staleAfter(i) || !l.available(i).IsZero() {
		return
	}
	l.staleSince = g.changed
	err := fmt.Errorf("%w: nothing new for %v", ErrStale, time.Since(g.changed).Round(time.Second))
	if g.err != nil {
		err = fmt.Errorf("%w: %w", err, g.err)
	}
	l.task.Note(Stale{Stage("reload playlist", err)})
}

// noteFresh tells that it goes on.
func (l *Loader) noteFresh() {
	if !l.staleSince.IsZero() {
		l.task.Note(Fresh{time.Since(l.staleSince)})
		l.staleSince = time.Time{}
	}
}

// keepUp asks for the list again that is played from, when it is time, while nothing else is to be loaded: so
// that it is known what can be played, and when the stream ends.
func (l *Loader) keepUp(ctx context.Context) error {
	if l.current < 0 || !l.outdated(l.current) {
		return nil
	}
	_ = l.reload(ctx, l.current, -1, -1) // it can wait
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}
