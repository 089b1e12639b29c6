package loader

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/segue-audio/segue/player/fetch"
)

// DefaultPatience is how long an entry waits for a network that is away.
const DefaultPatience = 5 * time.Minute

// Pauses between two tries of an entry that waits: they double from the first to the longest, which is
// short at first, when somebody is likely to sit there and listen, and longer when the network has been
// away for a while and trying costs battery.
const (
	firstPause   = 500 * time.Millisecond
	longestFirst = time.Second
	freshFor     = time.Minute
	longestPause = 8 * time.Second
)

// awayAfter is how long nothing must have come before an entry is said to wait for the network:
// shorter breaks are the link's own business.
const awayAfter = 3 * time.Second

// outwait waits after err until it is worth while to try again: nil. It gives err back where that
// wouldn't help, or isn't wanted. Where the network's absence lasts longer than Env.Patience the entry
// gives up and sleeps until Loader.Retry or a change of network. It may be called from the loader's
// and the decoder's goroutine, one at a time.
func (l *Loader) outwait(ctx context.Context, err error) error {
	patience := l.env.patience()
	gone := away(err)
	if patience < 0 || !gone && (!passing(err) || l.buffered() <= 0) {
		return err
	}
	changed := l.env.changed()
	since, tries := l.hold.begin()
	if gone {
		l.noteWaiting(err)
	}
	if time.Since(since) >= patience {
		if !gone {
			return err
		}
		l.env.Logger.Warn("the network stays away", "waited", time.Since(since), "err", err)
		l.task.Note(GaveUp{Stage("wait for the network", err)})
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-l.again:
		case <-changed:
		}
		l.hold.restart()
		return nil
	}
	longest := longestPause
	if time.Since(since) < freshFor {
		longest = longestFirst
	}
	pause := min(firstPause<<min(tries, 10), longest)
	timer := time.NewTimer(pause/2 + time.Duration(rand.Int64N(int64(pause/2))))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
	case <-l.again:
	case <-changed:
		l.hold.restart()
	}
	return nil
}

// noteWaiting tells, once, that the entry waits for the network. Any goroutine may call it.
func (l *Loader) noteWaiting(err error) {
	l.hold.mu.Lock()
	defer l.hold.mu.Unlock()
	if l.hold.noted {
		return
	}
	l.hold.noted = true
	if l.hold.since.IsZero() {
		l.hold.since = time.Now()
	}
	l.task.Note(Waiting{err})
}

// retrying hears of an attempt that failed and will be repeated.
func (l *Loader) retrying(a fetch.Attempt) {
	var status *fetch.StatusError
	if a.Idle >= awayAfter && !errors.As(a.Err, &status) {
		l.noteWaiting(a.Err)
	}
}

// recovered says that something came: the wait, if there was one, is over.
func (l *Loader) recovered() {
	l.hold.mu.Lock()
	defer l.hold.mu.Unlock()
	if l.hold.noted {
		l.task.Note(Recovered{time.Since(l.hold.since)})
	}
	l.hold.since, l.hold.tries, l.hold.noted = time.Time{}, 0, false
}

// begin tells since when the entry waits and how often it has tried before.
func (h *holding) begin() (since time.Time, tries int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.since.IsZero() {
		h.since = time.Now()
	}
	h.tries++
	return h.since, h.tries - 1
}

// restart gives a wait its whole patience again.
func (h *holding) restart() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.since, h.tries = time.Now(), 0
}

// waits reports whether the entry waits for the network now.
func (h *holding) waits() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.tries > 0
}

// away reports whether err says that nothing could be reached.
func away(err error) bool {
	if fetch.Unreachable(err) {
		return true
	}
	var local *fs.PathError // whose errno calls itself a net.Error
	if errors.As(err, &local) {
		return false
	}
	var failed *fetch.Error
	var lost net.Error // of the app's own resolver
	return !errors.As(err, &failed) && errors.As(err, &lost)
}

// passing reports whether err is a server's trouble that may pass.
func passing(err error) bool {
	var status *fetch.StatusError
	return errors.As(err, &status) && status.Temporary()
}

// holding is a wait for the network. Its methods may be called from any goroutine.
type holding struct {
	mu    sync.Mutex
	since time.Time // of the first failure; zero while all is well
	tries int
	noted bool
}
