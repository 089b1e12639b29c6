package playertest

import (
	"context"
	"errors"
	"io"
	"maps"
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
	// Latency, where set, is the RTT at a time since the first request.
	Latency func(since time.Duration) time.Duration
	// Setup is what a new connection costs before its first request: a round trip for TCP, more
	// with TLS. Connections are kept and reused as HTTP/1.1 does. Zero means that they cost nothing.
	Setup time.Duration
	// Rate gives the link's rate at a time since the first request; nil, or not positive, means
	// unlimited.
	Rate func(since time.Duration) media.Bitrate
	// Dark tells at which times nothing moves: requests and bytes wait for the light. nil means never.
	Dark func(since time.Duration) bool

	mu       sync.Mutex
	begun    time.Time
	free     time.Time // when the link has sent all that it accepted
	idle     []int     // connections that wait for a request, by the generation they are of
	opened   int
	requests int
	age      int // generation: Renumber ends one
}

// Client is an http.Client over the link.
func (l *Link) Client() *http.Client { return &http.Client{Transport: l} }

// Renumber gives the client another address: what goes over the connections that are open hangs for
// ever from now on, as it does after a phone has left its Wi-Fi. New ones work.
func (l *Link) Renumber() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.age++
}

// Opened counts the connections made, Requests the requests.
func (l *Link) Opened() int { l.mu.Lock(); defer l.mu.Unlock(); return l.opened }

// Requests counts the requests made.
func (l *Link) Requests() int { l.mu.Lock(); defer l.mu.Unlock(); return l.requests }

// CloseIdleConnections forgets the connections that no request uses.
func (l *Link) CloseIdleConnections() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.idle = nil
}

// RoundTrip implements http.RoundTripper.
func (l *Link) RoundTrip(r *http.Request) (*http.Response, error) {
	age, err := l.connect(r.Context())
	if err != nil {
		return nil, err
	}
	if err := l.pass(r.Context(), age, 0); err != nil {
		return nil, err
	}
	rec := &recorder{ResponseRecorder: httptest.NewRecorder()}
	if err := rec.serve(l.Handler, r); err != nil {
		return nil, err
	}
	if err := sleep(r.Context(), l.latency()); err != nil {
		return nil, err
	}
	if err := l.pass(r.Context(), age, 0); err != nil {
		return nil, err
	}
	resp := rec.Result()
	resp.Request = r
	resp.Body = &shaped{ReadCloser: resp.Body, ctx: r.Context(), link: l, age: age, trouble: rec.trouble}
	return resp, nil
}

// latency is that of a request which is made now.
func (l *Link) latency() time.Duration {
	if l.Latency == nil {
		return l.RTT
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Latency(time.Since(l.begun))
}

// ServeHTTP puts the link into a server's place: what the Handler answers comes as the link lets it through.
func (l *Link) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	resp, err := l.RoundTrip(r)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer resp.Body.Close()
	maps.Copy(w.Header(), resp.Header)
	w.WriteHeader(resp.StatusCode)
	if err := l.copy(w, resp.Body); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// copy hands on what comes as it comes.
func (l *Link) copy(w http.ResponseWriter, body io.Reader) error {
	out := http.NewResponseController(w)
	for piece := make([]byte, pieceBytes); ; {
		n, err := body.Read(piece)
		if _, werr := w.Write(piece[:n]); werr != nil {
			return werr
		}
		if ferr := out.Flush(); ferr != nil {
			return ferr
		}
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// connect takes a connection that waits, or makes one.
func (l *Link) connect(ctx context.Context) (age int, err error) {
	l.mu.Lock()
	l.requests++
	if l.begun.IsZero() {
		l.begun = time.Now()
	}
	if n := len(l.idle); n > 0 {
		age = l.idle[n-1]
		l.idle = l.idle[:n-1]
		l.mu.Unlock()
		return age, nil
	}
	l.opened++
	age = l.age
	l.mu.Unlock()
	if err := l.pass(ctx, age, 0); err != nil {
		return 0, err
	}
	return age, sleep(ctx, l.Setup)
}

// leave gives a connection back.
func (l *Link) leave(age int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.idle = append(l.idle, age)
}

// lightStep is how often what waits in the dark looks for the light.
const lightStep = 10 * time.Millisecond

// pass waits until n more bytes have gone through, over a connection of some generation.
func (l *Link) pass(ctx context.Context, age, n int) error {
	for {
		l.mu.Lock()
		now := time.Now()
		if age != l.age {
			l.mu.Unlock()
			<-ctx.Done()
			return ctx.Err()
		}
		if l.Dark != nil && l.Dark(now.Sub(l.begun)) {
			l.mu.Unlock()
			if err := sleep(ctx, lightStep); err != nil {
				return err
			}
			continue
		}
		at := l.book(now, n)
		l.mu.Unlock()
		return sleep(ctx, at.Sub(now))
	}
}

// book takes the link for n bytes and says when they are through. l.mu is held.
func (l *Link) book(now time.Time, n int) time.Time {
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
	return at
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
	ctx     context.Context
	link    *Link
	age     int
	trouble trouble
	read    int // bytes so far
	whole   bool
	closed  bool
}

// How much of a body goes over the link at a time: two bodies share it in such turns. A link that carries next to nothing
// still brings a packet now and then.
const (
	pieceBytes  = 4096
	packetBytes = 1400
	pieceTime   = 100 * time.Millisecond
)

// piece gives it for the link of the moment.
func (l *Link) piece() int {
	if l.Rate == nil {
		return pieceBytes
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return min(max(packetBytes, int(float64(l.Rate(time.Since(l.begun)))/8*pieceTime.Seconds())), pieceBytes)
}

func (s *shaped) Read(p []byte) (int, error) {
	p, err := s.trouble.before(s.ctx, s.read, p[:min(len(p), s.link.piece())])
	if err != nil {
		return 0, err
	}
	n, err := s.ReadCloser.Read(p)
	s.read += n
	if n > 0 {
		if werr := s.link.pass(s.ctx, s.age, n); werr != nil {
			return 0, werr
		}
		if werr := s.trouble.after(s.ctx, n); werr != nil {
			return 0, werr
		}
	}
	s.whole = s.whole || errors.Is(err, io.EOF)
	return n, err
}

// Close gives the connection back where the body was read to its end; else it is of no use any more.
func (s *shaped) Close() error {
	if !s.closed {
		s.closed = true
		if n, err := s.ReadCloser.Read(make([]byte, 1)); s.whole || n == 0 && errors.Is(err, io.EOF) {
			s.link.leave(s.age)
		}
	}
	return s.ReadCloser.Close()
}
