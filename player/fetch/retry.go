package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// Retry says how persistent a client is. The zero value means the defaults, which give up about 15 s
// after the last progress.
//
// Pauses grow exponentially with full jitter: a random time up to Base, 2·Base, 4·Base … Max, so that
// players which failed together don't come back together.
type Retry struct {
	// Attempts is how many attempts in a row may fail without giving a new byte; zero means 20, 1
	// means that nothing is tried twice unless bytes came.
	Attempts int
	// Budget is how long after the last new byte (at first: after the call) an attempt may still be
	// started; zero means 15 s.
	Budget time.Duration
	// Base and Max bound the pauses; zero means 200 ms and 2 s.
	Base, Max time.Duration
	// MaxRetryAfter is the most of a server's Retry-After that is obeyed; zero means 10 s.
	MaxRetryAfter time.Duration
	// Total is the most attempts in all, however much they bring; zero means 100.
	Total int
	// Decide, where set, has the last word on every attempt that failed and that another one may mend
	// (what can't succeed, as after 401, 403, 404 and 410, is not asked about): again tells whether
	// there is another one, pause how long after. The Attempt carries what the numbers above came
	// to, to be returned where there is nothing to say. It may be called from several goroutines
	// at once and must not wait.
	Decide func(Attempt) (pause time.Duration, again bool)
	// Rand gives the jitter, in [0, 1); nil means math/rand/v2. It may be called from several
	// goroutines at once.
	Rand func() float64
}

// Attempt is one that failed.
type Attempt struct {
	URL    string        // safe to show: see SafeURL
	Err    error         // why: a *StatusError, ErrStalled, ErrTimeout, what the transport gave …
	Failed int           // attempts in a row without a new byte, this one included
	Total  int           // attempts in all
	Idle   time.Duration // since the last new byte, at first since the call

	Pause time.Duration // what the numbers of Retry come to
	Again bool
}

func (r Retry) withDefaults() Retry {
	if r.Attempts <= 0 {
		r.Attempts = 20
	}
	if r.Budget <= 0 {
		r.Budget = 15 * time.Second
	}
	if r.Base <= 0 {
		r.Base = 200 * time.Millisecond
	}
	if r.Max <= 0 {
		r.Max = 2 * time.Second
	}
	if r.MaxRetryAfter <= 0 {
		r.MaxRetryAfter = 10 * time.Second
	}
	if r.Total <= 0 {
		r.Total = 100
	}
	if r.Rand == nil {
		r.Rand = rand.Float64
	}
	return r
}

// tally is what the decision to try again rests on.
type tally struct {
	failed int           // attempts in a row without progress; 0 where the last one brought some
	total  int           // attempts in all
	idle   time.Duration // since the last progress
}

// next decides what follows a failed attempt: another one after pause, or none.
func (r Retry) next(n tally, err error) (pause time.Duration, again bool) {
	if !retryable(err) || n.failed >= r.Attempts || n.total >= r.Total {
		return 0, false
	}
	ceiling := r.Max
	if shift := max(0, n.failed-1); shift < 30 && r.Base<<shift < r.Max {
		ceiling = r.Base << shift
	}
	pause = time.Duration(r.Rand() * float64(ceiling))
	var status *StatusError
	if errors.As(err, &status) && status.RetryAfter > 0 {
		// The jitter comes on top: all players read the same Retry-After.
		pause = min(status.RetryAfter, r.MaxRetryAfter) + time.Duration(r.Rand()*float64(r.Base))
	}
	return pause, n.idle+pause <= r.Budget
}

// retryable tells whether what failed with err may succeed when tried again. Unknown errors of the
// transport may.
func retryable(err error) bool {
	var status *StatusError
	if errors.As(err, &status) {
		return status.Temporary()
	}
	for _, final := range []error{ErrRequest, ErrTooLarge, ErrRange, ErrEncoding, ErrShort, ErrEndless, ErrRedirects, ErrChanged, ErrClosed, errSink} {
		if errors.Is(err, final) {
			return false
		}
	}
	var cert *tls.CertificateVerificationError
	return !errors.As(err, &cert)
}

// retryAfter reads a Retry-After header (RFC 9110, 10.2.3): seconds or a date. What it can't read is zero.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if v == "" {
		return 0
	}
	if n, err := strconv.ParseUint(v, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// sleep waits for d, until early is closed (nil: never) or until ctx is done.
func sleep(ctx context.Context, d time.Duration, early <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-early:
	case <-timer.C:
	}
	return nil
}
