package playertest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/segue-audio/segue/player/media"
)

// Link is a network of a scripted rate between a client and a handler: all responses share it, as on
// a phone. It is an http.RoundTripper, so that nothing but time passes.
type Link struct {
	Handler http.Handler
	RTT     time.Duration // between a request and the first byte of its response
	// Rate gives the link's rate at a time since the first request; nil, or not positive, means
	// unlimited.
	Rate func(since time.Duration) media.Bitrate

	mu    sync.Mutex
	begun time.Time
	free  time.Time // when the link has sent all that it accepted
}

// Client is an http.Client over the link.
func (l *Link) Client() *http.Client { return &http.Client{Transport: l} }

// RoundTrip implements http.RoundTripper.
func (l *Link) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := l.pass(r.Context(), 0); err != nil {
		return nil, err
	}
	rec := httptest.NewRecorder()
	if err := serve(l.Handler, rec, r); err != nil {
		return nil, err
	}
	if err := sleep(r.Context(), l.RTT); err != nil {
		return nil, err
	}
	resp := rec.Result()
	resp.Request = r
	resp.Body = &shaped{ReadCloser: resp.Body, ctx: r.Context(), link: l}
	return resp, nil
}

// serve turns a handler's panic with a Broken error into that error.
func serve(h http.Handler, w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case Broken:
			err = v
		default:
			err = io.ErrUnexpectedEOF
		}
	}()
	h.ServeHTTP(w, r)
	return nil
}

// pass waits until n more bytes have gone through.
func (l *Link) pass(ctx context.Context, n int) error {
	l.mu.Lock()
	now := time.Now()
	if l.begun.IsZero() {
		l.begun = now
	}
	at := l.free
	if at.Before(now) {
		at = now
	}
	if l.Rate != nil && n > 0 {
		// The rate may change while the bytes pass, so they go in steps of 10 ms.
		for left := float64(n) * 8; left > 0; {
			rate := l.Rate(at.Sub(l.begun))
			if rate <= 0 {
				break
			}
			const step = 10 * time.Millisecond
			sent := float64(rate) * step.Seconds()
			if sent >= left {
				at = at.Add(time.Duration(left / float64(rate) * float64(time.Second)))
				break
			}
			left -= sent
			at = at.Add(step)
		}
	}
	l.free = at
	l.mu.Unlock()
	return sleep(ctx, at.Sub(now))
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// shaped is a response's body as the link lets it through.
type shaped struct {
	io.ReadCloser
	ctx  context.Context
	link *Link
}

func (s *shaped) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p[:min(len(p), 4096)])
	if n > 0 {
		if werr := s.link.pass(s.ctx, n); werr != nil {
			return 0, werr
		}
	}
	return n, err
}

// Broken is what a fault gives where the connection itself fails.
type Broken string

// Error gives the text.
func (b Broken) Error() string { return string(b) }
