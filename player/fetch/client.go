// Package fetch is how bytes come over HTTP: whole bodies and byte ranges with retries, resumption of
// broken bodies and a watch on stalls (Client.Get), and a remote file that can be read at any offset
// (Client.Open), and live streams (Client.Stream).
//
// It refuses to guess: a body is handed over only when it is as long as the server said, bytes of two
// versions of a resource are never joined, and what another try can't mend (401, 403, 404, 410, a
// body over its limit) isn't tried again. It knows nothing of manifests, media or caches.
package fetch

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

// DefaultLimit is the most bytes of a body where the Request names no limit: that of a media segment.
const DefaultLimit = 100 << 20

// Defaults of Timeouts.
const (
	DefaultConnect  = 5 * time.Second
	DefaultResponse = 10 * time.Second
	DefaultStall    = 8 * time.Second
)

// Timeouts bound the waiting for the other side. There is no timeout on a body as a whole: a slow
// link that keeps giving bytes is not a fault here, and the caller's context ends what it tires of.
type Timeouts struct {
	// Connect bounds dialling and, apart, the TLS handshake; zero means DefaultConnect. It holds
	// for the client's own transport only, not for one that Options.HTTP brings.
	Connect time.Duration
	// Response bounds each attempt from its start to its response's header, connecting included;
	// zero means DefaultResponse.
	Response time.Duration
	// Stall is how long a body may give no byte before the attempt ends with ErrStalled and is
	// resumed; zero means DefaultStall.
	Stall time.Duration
}

// Options are a Client's settings. The zero value works.
type Options struct {
	HTTP      *http.Client // nil means one of our own over NewTransport
	Retry     Retry
	Timeouts  Timeouts
	Logger    *slog.Logger // nil means silence
	UserAgent string       // "" means "segue"
	// Arrived, where set, counts the bytes of all bodies as they come in.
	Arrived *atomic.Int64
}

// Client fetches over HTTP. Its methods may be called from any goroutine.
type Client struct {
	http     *http.Client
	retry    Retry
	timeouts Timeouts
	log      *slog.Logger
	agent    string
	flights  *flights
	arrived  *atomic.Int64
}

// New makes a Client. It holds no goroutine of its own beyond its transport's idle connections,
// which CloseIdle ends.
func New(o Options) *Client {
	c := &Client{http: o.HTTP, retry: o.Retry.withDefaults(), timeouts: o.Timeouts, log: o.Logger, agent: o.UserAgent, flights: newFlights(), arrived: o.Arrived}
	if c.arrived == nil {
		c.arrived = new(atomic.Int64)
	}
	if c.timeouts.Connect <= 0 {
		c.timeouts.Connect = DefaultConnect
	}
	if c.timeouts.Response <= 0 {
		c.timeouts.Response = DefaultResponse
	}
	if c.timeouts.Stall <= 0 {
		c.timeouts.Stall = DefaultStall
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.agent == "" {
		c.agent = "segue"
	}
	if c.http == nil {
		c.http = &http.Client{Transport: newRoute(c.timeouts), CheckRedirect: checkRedirect}
	}
	return c
}

// CloseIdle closes the connections that no request uses. The client stays usable.
func (c *Client) CloseIdle() { c.http.CloseIdleConnections() }

// WithRetry gives a client that differs in its persistence alone: both use the same connections, and a
// call of NetworkChanged on one counts for both.
func (c *Client) WithRetry(r Retry) *Client {
	other := *c
	other.retry = r.withDefaults()
	return &other
}

// Request says what to get.
type Request struct {
	URL    string      // http or https
	Header http.Header // sent beside our own; not changed

	// Offset and Length are the wanted range of the resource, in bytes. Length zero means to its end.
	Offset, Length int64

	// Limit is the most bytes of body; zero means DefaultLimit. What is longer gives ErrTooLarge,
	// at once where the server says its length.
	Limit int64

	// Stall, where it is shorter than Timeouts.Stall, is how long the body may give no byte the first
	// time; each further stall may take twice as long, up to Timeouts.Stall. It is for a listener
	// whose music is about to run out: to resume on another connection costs little.
	Stall time.Duration

	// Hold is how long the server may hold the request before it answers, as it was asked to: it is
	// added to Timeouts.Response.
	Hold time.Duration

	// Decorate, where set, is called on the fetching goroutine for each attempt's request, which it
	// may add header fields and query parameters to, before it is sent. It must not wait.
	Decorate func(*http.Request)

	// Retrying, where set, is called on the fetching goroutine when an attempt has failed and another
	// one will follow. It must not wait.
	Retrying func(Attempt)

	// Received, where set, is called on the fetching goroutine with each piece of body that came, those
	// that will be thrown away included. It must not wait.
	Received func(n int64)

	// Peek, where set, is called by Get as Progress is, with the body as far as it is here. It may keep what
	// it is shown, to read: that part does not change any more.
	Peek func(body []byte)

	// Slow, where set, is asked as Progress is called: true breaks the attempt off with ErrSlow, and
	// the body is resumed on another connection. It is asked no more once it has answered so three times.
	Slow func(done, total int64, elapsed time.Duration) bool

	// Progress, where set, is called on the fetching goroutine as bytes arrive: done bytes of the
	// body are here, of total (−1 where it isn't known), elapsed since Get was called. done falls
	// when a broken body had to be begun again. It must not wait.
	Progress func(done, total int64, elapsed time.Duration)
}

// Response is a body that came whole.
type Response struct {
	// Body is shorter than Request.Length only where the resource itself ends sooner: see Size.
	Body   []byte
	URL    *url.URL    // where the body came from, after redirects
	Header http.Header // of the response that gave the last part of the body
	Size   int64       // of the whole resource as the server states it, in bytes; −1 where it doesn't
	Ranged bool        // the server honours byte ranges: it gave the body as a part (206)

	FirstByte time.Duration // from the start of the attempt that gave the first byte to that byte
	Elapsed   time.Duration // from the call of Get to the last byte, pauses between attempts included
	Transfer  time.Duration // of Elapsed, the time in which bodies were being read
	Attempts  int           // requests made; 1 when all went well
	Wire      int64         // bytes of body received, those thrown away included
}

// Get fetches a resource or a range of it. It returns a whole body, or one of
//   - the cause of ctx, as it is, once ctx is done;
//   - an *Error, which wraps what the last attempt failed with: a *StatusError, ErrTooLarge,
//     ErrStalled, ErrTimeout, ErrRange, ErrEncoding, io.ErrUnexpectedEOF (a body shorter than the server
//     said), or what the transport gave.
//
// With the default Retry it gives up about 15 s after the last byte of progress.
func (c *Client) Get(ctx context.Context, r Request) (*Response, error) {
	t, err := c.newTransfer(r, &memory{})
	if err != nil {
		return nil, err
	}
	if err := t.run(ctx); err != nil {
		return nil, err
	}
	resp := t.response()
	resp.Body = t.sink.(*memory).body
	return resp, nil
}

// newTransfer checks a request and prepares its transfer into s.
func (c *Client) newTransfer(r Request, s sink) (*transfer, error) {
	u, err := url.Parse(r.URL)
	if err != nil {
		return nil, &Error{URL: "?", Err: ErrRequest}
	}
	fail := func(format string, args ...any) (*transfer, error) {
		return nil, &Error{URL: SafeURL(u), Err: fmt.Errorf("%w: "+format, append([]any{ErrRequest}, args...)...)}
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return fail("scheme %q", u.Scheme)
	}
	if r.Offset < 0 || r.Length < 0 || r.Offset > maxOffset || r.Length > maxOffset {
		return fail("range %d+%d", r.Offset, r.Length)
	}
	if r.Limit <= 0 {
		r.Limit = DefaultLimit
	}
	if r.Length > r.Limit {
		return nil, &Error{URL: SafeURL(u), Err: ErrTooLarge}
	}
	return &transfer{c: c, req: r, url: u, sink: s, size: -1, want: -1}, nil
}
