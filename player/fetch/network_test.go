package fetch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// network is a server and a client's transport joined by pipes, for use inside a synctest bubble:
// there, time passes only while everybody waits.
type network struct {
	conns     chan net.Conn
	gone      chan struct{}
	once      sync.Once
	transport *http.Transport

	mu   sync.Mutex
	seen []*http.Request // in the order of arrival
	down bool            // connections are refused
}

var errRefused = errors.New("connection refused")

func (n *network) Accept() (net.Conn, error) {
	select {
	case c := <-n.conns:
		return c, nil
	case <-n.gone:
		return nil, net.ErrClosed
	}
}
func (n *network) Close() error   { n.once.Do(func() { close(n.gone) }); return nil }
func (n *network) Addr() net.Addr { return &net.TCPAddr{} }

func (n *network) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	n.mu.Lock()
	down := n.down
	n.mu.Unlock()
	if down {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errRefused}
	}
	ours, theirs := net.Pipe()
	select {
	case n.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-n.gone:
		return nil, net.ErrClosed
	}
}

func (n *network) setDown(down bool) {
	n.mu.Lock()
	n.down = down
	n.mu.Unlock()
	n.transport.CloseIdleConnections()
}

func (n *network) requests() []*http.Request {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]*http.Request(nil), n.seen...)
}

// onNetwork runs f in a bubble beside a server of h.
func onNetwork(t *testing.T, h http.HandlerFunc, f func(t *testing.T, n *network)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := &network{conns: make(chan net.Conn), gone: make(chan struct{})}
		n.transport = NewTransport(Timeouts{})
		n.transport.Proxy = nil
		n.transport.DialContext = n.dial
		srv := &http.Server{ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n.mu.Lock()
			n.seen = append(n.seen, r.Clone(context.Background()))
			n.mu.Unlock()
			h(w, r)
		})}
		ended := make(chan struct{})
		go func() { defer close(ended); _ = srv.Serve(n) }()
		defer func() {
			n.transport.CloseIdleConnections()
			_ = srv.Close()
			<-ended
		}()
		f(t, n)
	})
}

// client makes a Client on the network.
func (n *network) client(o Options) *Client {
	if o.HTTP == nil {
		o.HTTP = &http.Client{Transport: n.transport, CheckRedirect: checkRedirect}
	}
	return New(o)
}

// music is n bytes that no two offsets share.
func music(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{7})
	_, _ = r.Read(b)
	return b
}

// resource is what a server serves, with the faults that a test wants of it.
type resource struct {
	mu       sync.Mutex
	body     []byte
	etag     string
	modified time.Time
	noRange  bool // every answer is 200
	chunked  bool // no Content-Length
	cuts     []int
	each     int           // cut every answer after so many bytes
	pace     time.Duration // pause after each 4 KiB
}

func (s *resource) set(f func(*resource)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
}

func (s *resource) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	body, etag, modified, pace := s.body, s.etag, s.modified, s.pace
	noRange, chunked := s.noRange, s.chunked
	cut := -1
	if s.each > 0 {
		cut = s.each
	}
	if len(s.cuts) > 0 {
		cut, s.cuts = s.cuts[0], s.cuts[1:]
	}
	s.mu.Unlock()
	if etag != "" {
		w.Header().Set("ETag", etag)
	}
	w.Header().Set("Content-Type", "audio/flac")
	if cut == 0 {
		panic(http.ErrAbortHandler) // no header either
	}
	out := &cutter{ResponseWriter: w, left: cut, pace: pace, ctx: r.Context()}
	if noRange {
		if !modified.IsZero() {
			w.Header().Set("Last-Modified", modified.UTC().Format(http.TimeFormat))
		}
		if !chunked {
			w.Header().Set("Content-Length", itoa(len(body)))
		}
		_, _ = out.Write(body)
		return
	}
	http.ServeContent(out, r, "", modified, bytes.NewReader(body))
}

func itoa(n int) string {
	var b []byte
	for ; n > 9; n /= 10 {
		b = append([]byte{byte('0' + n%10)}, b...)
	}
	return string(append([]byte{byte('0' + n)}, b...))
}

// cutter breaks the connection after left bytes of body (never where negative).
type cutter struct {
	http.ResponseWriter
	left int
	pace time.Duration
	ctx  context.Context
}

func (c *cutter) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		part := p[:min(len(p), 4<<10)]
		if c.left >= 0 && len(part) >= c.left {
			_, _ = c.ResponseWriter.Write(part[:c.left])
			c.abort()
		}
		k, err := c.ResponseWriter.Write(part)
		n += k
		if err != nil {
			return n, err
		}
		if c.left >= 0 {
			c.left -= k
		}
		if c.pace > 0 {
			_ = http.NewResponseController(c.ResponseWriter).Flush()
			select {
			case <-time.After(c.pace):
			case <-c.ctx.Done():
				return n, c.ctx.Err()
			}
		}
		p = p[len(part):]
	}
	return n, nil
}

func (c *cutter) abort() {
	_ = http.NewResponseController(c.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

// sameBytes tells where two bodies differ, and not in megabytes.
func sameBytes(t *testing.T, got, want []byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d bytes, want %d", len(got), len(want))
	}
	if bytes.Equal(got, want) {
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("byte %d differs", i)
		}
	}
}

func noSecrets(t *testing.T, what, text string) {
	t.Helper()
	for _, s := range []string{"sesame", "tok=", "hunter2"} {
		if strings.Contains(text, s) {
			t.Errorf("%s shows %q: %s", what, s, text)
		}
	}
}
