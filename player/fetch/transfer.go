package fetch

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// sink is where a transfer's bytes go. One goroutine calls it.
type sink interface {
	// expect tells how long the body will be, once that is known and within the request's limit.
	expect(n int64)
	// write takes the bytes after those that were written since the start or the last restart. Its
	// error ends the transfer.
	write(p []byte) error
	// restart says that the body comes again from its first byte.
	restart()
}

// maxTrusted is the most memory in bytes that is reserved on a server's word alone; beyond it memory
// grows with what arrives.
const maxTrusted = 1 << 20

// memory is a sink of one slice. After a restart it writes into a new one, so that whoever was shown
// the old one may go on reading it.
type memory struct{ body []byte }

func (m *memory) expect(n int64) {
	if m.body == nil {
		m.body = make([]byte, 0, min(n, maxTrusted))
	}
}

func (m *memory) write(p []byte) error {
	m.body = append(m.body, p...)
	return nil
}

func (m *memory) restart() { m.body = nil }

// errSink marks an error of our own side (a full disk), which no other attempt mends.
var errSink = errors.New("can't keep the body")

// transfer is one Get, over as many attempts as it takes. One goroutine owns it.
type transfer struct {
	c    *Client
	req  Request
	url  *url.URL
	sink sink
	// pin, where set, is the version that every answer must be of; another one is ErrChanged.
	pin *pin
	// accepted, where set, is called once, when the first response was found good and before its body:
	// answer, ranged and size tell about it. It may change sink, pin and req's Length and Limit.
	accepted func() error
	stopped  func() // breaks the transfer off; its maker's own

	want int64 // length of the wanted range; −1 while unknown
	have int64 // bytes of it in sink
	high int64 // the most that have ever was: what lies beyond is progress
	size int64 // of the whole resource; −1 while unknown
	of   version

	believes bool           // a body that ends twice at one place before its length ends there: ErrShort
	cut      int64          // where the attempt before ended so; zero for nowhere
	coded    bool           // the answer's body is compressed
	stalls   int            // attempts that ended with ErrStalled
	slow     int            // attempts that were broken off with ErrSlow
	noResume bool           // the server answers requests to resume wrongly: always begin again
	answer   *http.Response // the latest
	last     *http.Response // the latest whose body was taken in
	ranged   bool

	start, progress     time.Time // of the transfer; of the last byte beyond high
	firstByte, transfer time.Duration
	attempts            int
	wire                int64
}

// pin is a version of a resource and its size.
type pin struct {
	of   version
	size int64
}

// run makes attempts until the body is whole or Retry says to give up.
func (t *transfer) run(ctx context.Context) error {
	t.start = time.Now()
	t.progress = t.start
	for failed := 1; ; failed++ {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		high := t.high
		changed := t.c.flights.changed()
		err := t.attempt(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if t.ends(err) {
			return &Error{URL: SafeURL(t.url), Attempts: t.attempts, Received: t.have, Err: ErrShort}
		}
		if t.high > high {
			failed = 0 // bytes came: the line is bad, not dead
		}
		if errors.Is(err, errRoute) && t.attempts < t.c.retry.Total {
			failed, t.progress = 0, time.Now() // another network, another chance
			continue
		}
		if err := t.pause(ctx, failed, err, changed); err != nil {
			return err
		}
	}
}

// ends reports whether an attempt ended where the one before did, before the length that the server says.
func (t *transfer) ends(err error) bool {
	if !t.believes || !errors.Is(err, io.ErrUnexpectedEOF) || t.have == 0 {
		return false
	}
	was := t.cut
	t.cut = t.have
	return was == t.have
}

// pause waits before the next attempt, or returns what the transfer failed with. changed is closed when
// the network has become another one since before the attempt.
func (t *transfer) pause(ctx context.Context, failed int, err error, changed <-chan struct{}) error {
	a := Attempt{URL: SafeURL(t.url), Err: err, Failed: failed, Total: t.attempts, Idle: time.Since(t.progress)}
	a.Pause, a.Again = t.c.retry.next(tally{failed, t.attempts, a.Idle}, err)
	if t.c.retry.Decide != nil && retryable(err) {
		a.Pause, a.Again = t.c.retry.Decide(a)
	}
	if !a.Again {
		return &Error{URL: a.URL, Attempts: t.attempts, Received: t.have, Err: err}
	}
	if errors.Is(err, ErrSlow) {
		a.Pause = 0 // nothing is wrong with the server
	}
	t.c.log.LogAttrs(ctx, slog.LevelInfo, "fetch: trying again", slog.String("url", a.URL),
		slog.Any("error", err), slog.Int64("have", t.have), slog.Duration("pause", a.Pause))
	if t.req.Retrying != nil {
		t.req.Retrying(a)
	}
	if errors.Is(err, ErrStalled) || errors.Is(err, ErrTimeout) {
		// After a change of network every idle connection is dead, and each would cost a timeout.
		t.c.http.CloseIdleConnections()
	}
	return sleep(ctx, a.Pause, changed)
}

// attempt makes one request and takes in what it brings. Nil means that the body is whole.
func (t *transfer) attempt(parent context.Context) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	f := t.c.flights.begin(cancel)
	defer t.c.flights.end(f)
	header := time.AfterFunc(t.c.timeouts.Response+max(0, t.req.Hold), func() { cancel(ErrTimeout) })
	defer header.Stop()

	begin := time.Now()
	t.attempts++
	req := t.request(ctx)
	resp, err := t.c.http.Do(req)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return transportError(err)
	}
	defer func() { _ = resp.Body.Close() }()
	header.Stop()
	t.answer = resp
	skip, err := t.accept(req, resp)
	if errors.Is(err, errWhole) {
		return nil
	}
	if err != nil {
		return err
	}
	t.last = resp
	f.stall = time.AfterFunc(t.stall(), func() { cancel(ErrStalled) })
	defer f.stall.Stop()
	f.flows()
	body := io.Reader(resp.Body)
	if t.coded {
		body = &unzipped{from: resp.Body}
	}
	err = t.read(body, skip, begin, f)
	if errors.Is(err, ErrStalled) || errors.Is(context.Cause(ctx), ErrStalled) {
		t.stalls++
	}
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(err, errSink) {
		return cause
	}
	return err
}

// stall is how long this attempt's body may give nothing.
func (t *transfer) stall() time.Duration {
	most := t.c.timeouts.Stall
	if t.req.Stall <= 0 || t.stalls > 6 {
		return most
	}
	return min(most, t.req.Stall<<t.stalls)
}

// request makes the request for what is still missing.
func (t *transfer) request(ctx context.Context) *http.Request {
	r := (&http.Request{Method: http.MethodGet, URL: t.url, Host: t.url.Host, Header: make(http.Header)}).WithContext(ctx)
	for name, values := range t.req.Header {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", t.c.agent)
	}
	// Ranges count coded bytes: a part of a gzip body is worth nothing. Setting the header also
	// keeps net/http from asking for gzip itself.
	r.Header.Set("Accept-Encoding", "identity")
	if t.have > 0 && (t.noResume || t.of.strong == "") {
		// Without a strong validator nothing proves that the rest is of the same version.
		t.restart()
	}
	offset, length := t.req.Offset+t.have, int64(0)
	if t.req.Length > 0 {
		length = t.req.Length - t.have
	}
	if offset > 0 || length > 0 {
		r.Header.Set("Range", rangeHeader(offset, length))
		if t.have > 0 {
			r.Header.Set("If-Range", t.of.strong)
		}
	}
	if t.req.Decorate != nil {
		u := *t.url
		r.URL = &u
		t.req.Decorate(r)
	}
	return r
}

// restart forgets what has arrived.
func (t *transfer) restart() {
	t.have, t.firstByte, t.want = 0, 0, -1
	t.sink.restart()
}

// errWhole says that a response proves the body to be whole already.
var errWhole = errors.New("body is whole")

// accept judges a response's header. skip is how many bytes of its body come before the next wanted one.
func (t *transfer) accept(req *http.Request, resp *http.Response) (skip int64, err error) {
	switch {
	case resp.StatusCode == http.StatusOK:
	case resp.StatusCode == http.StatusPartialContent && req.Header.Get("Range") != "":
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && t.have > 0:
		r, err := parseContentRange(resp.Header.Get("Content-Range"))
		if err == nil && r.size == t.req.Offset+t.have && t.req.Length == 0 {
			return 0, errWhole // the connection broke after the last byte of a body of unknown length
		}
		return 0, t.refuse("416 to a request to resume")
	default:
		return 0, statusError(resp)
	}
	switch e := strings.ToLower(resp.Header.Get("Content-Encoding")); {
	case e == "", e == "identity":
		t.coded = false
	case (e == "gzip" || e == "x-gzip") && resp.StatusCode == http.StatusOK:
		// Some servers do so whatever they are asked. A part of it would be worth nothing.
		t.coded, t.noResume = true, true
	default:
		return 0, fmt.Errorf("%w: %.32q", ErrEncoding, e)
	}
	if endless(resp) {
		return 0, ErrEndless
	}
	if resp.StatusCode == http.StatusOK {
		return t.acceptWhole(resp)
	}
	return 0, t.acceptPart(resp)
}

// acceptWhole takes a 200: the resource from its first byte, whether a range was asked for or not.
func (t *transfer) acceptWhole(resp *http.Response) (skip int64, err error) {
	of, size := versionOf(resp.Header), resp.ContentLength
	if t.coded {
		size = -1
	}
	if t.pin != nil && (!t.pin.of.same(of) || (size >= 0 && size != t.pin.size)) {
		return 0, ErrChanged
	}
	if t.have > 0 {
		t.restart()
	}
	t.of, t.ranged, t.size = of, false, size
	skip = t.req.Offset
	if skip > t.req.Limit {
		return 0, fmt.Errorf("%w: 200 to a range from byte %d", ErrRange, skip)
	}
	if t.size >= 0 && skip > 0 && skip >= t.size {
		return 0, fmt.Errorf("%w: it has %d bytes", ErrRange, t.size)
	}
	return skip, t.expect(t.size)
}

// acceptPart takes a 206, which must begin where the last attempt ended and be of the same version.
func (t *transfer) acceptPart(resp *http.Response) error {
	r, err := parseContentRange(resp.Header.Get("Content-Range"))
	of := versionOf(resp.Header)
	switch {
	case t.pin != nil && err == nil && (!t.pin.of.same(of) || (r.size >= 0 && r.size != t.pin.size)):
		return ErrChanged
	case t.have > 0:
		if err != nil || r.first != t.req.Offset+t.have {
			return t.refuse("another range to a request to resume")
		}
		if !t.of.same(of) || (t.size >= 0 && r.size >= 0 && r.size != t.size) {
			return t.refuse("another version to a request to resume")
		}
	case err != nil:
		return err
	case r.first != t.req.Offset:
		return fmt.Errorf("%w: from byte %d, asked from %d", ErrRange, r.first, t.req.Offset)
	default:
		t.of = of
	}
	t.ranged = true
	if r.size >= 0 {
		t.size = r.size
	}
	return t.expect(t.size)
}

// refuse gives up resuming: the next attempt begins again and resumes no more.
func (t *transfer) refuse(what string) error {
	t.noResume = true
	return fmt.Errorf("server gave %s", what)
}

// expect sets the wanted length from the resource's size (−1: unknown) and holds it to the limit.
func (t *transfer) expect(size int64) error {
	if f := t.accepted; f != nil {
		t.accepted = nil
		if err := f(); err != nil {
			return err
		}
	}
	t.want = -1
	if size >= 0 {
		t.want = size - t.req.Offset
		if t.req.Length > 0 {
			t.want = min(t.want, t.req.Length)
		}
	} else if t.req.Length > 0 && t.ranged {
		t.want = t.req.Length
	}
	if t.want > t.req.Limit {
		return ErrTooLarge
	}
	if t.want >= 0 {
		t.sink.expect(t.want)
	}
	return nil
}

// maxSlow is how often a body is broken off for being slow: by then it is the link that is.
const maxSlow = 3

// readSize is how much of a body one Read takes at most, in bytes.
const readSize = 32 << 10

// read takes in a body; the flight's stall is rewound at each wait for bytes.
func (t *transfer) read(body io.Reader, skip int64, begin time.Time, f *flight) error {
	buf := make([]byte, readSize)
	opened, patience := time.Now(), t.stall()
	defer func() { t.transfer += time.Since(opened) }()
	for {
		f.stall.Reset(patience)
		n, err := body.Read(buf)
		f.stall.Stop()
		f.flows()
		t.wire += int64(n)
		if t.req.Received != nil && n > 0 {
			t.req.Received(int64(n))
		}
		t.c.arrived.Add(int64(n))
		p := buf[:n]
		drop := min(skip, int64(n))
		skip -= drop
		if err := t.take(p[drop:], begin); err != nil {
			return err
		}
		switch {
		case t.want >= 0 && t.have >= t.want:
			return nil
		case errors.Is(err, io.EOF) && t.want < 0:
			return t.end(skip)
		case errors.Is(err, io.EOF):
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		}
	}
}

// take hands wanted bytes to the sink.
func (t *transfer) take(p []byte, begin time.Time) error {
	most := t.req.Limit
	if t.req.Length > 0 {
		most = t.req.Length
	}
	if t.want >= 0 {
		most = t.want
	}
	cut := int64(len(p)) > most-t.have
	if cut {
		p = p[:most-t.have]
	}
	if len(p) > 0 {
		now := time.Now()
		if t.firstByte == 0 {
			t.firstByte = now.Sub(begin)
		}
		if err := t.sink.write(p); err != nil {
			return fmt.Errorf("%w: %w", errSink, err)
		}
		t.have += int64(len(p))
		if t.have > t.high {
			t.high, t.progress = t.have, now
		}
		if m, ok := t.sink.(*memory); ok && t.req.Peek != nil {
			t.req.Peek(m.body)
		}
		if t.req.Progress != nil {
			t.req.Progress(t.have, t.want, now.Sub(t.start))
		}
		if t.req.Slow != nil && t.slow < maxSlow && t.have != t.want && t.req.Slow(t.have, t.want, now.Sub(t.start)) {
			t.slow++
			return ErrSlow
		}
	}
	if t.want < 0 && t.req.Length > 0 && t.have == t.req.Length {
		t.want = t.have // a server without ranges would go on to the end of the resource
	} else if cut && t.want < 0 {
		return ErrTooLarge
	}
	return nil
}

// end is the clean end of a body whose length the server didn't say.
func (t *transfer) end(skip int64) error {
	if skip > 0 {
		return fmt.Errorf("%w: it ends before the range", ErrRange)
	}
	t.want = t.have
	if t.req.Length == 0 || t.ranged {
		t.size = t.req.Offset + t.have
	}
	return nil
}

// response describes a transfer that ended well.
func (t *transfer) response() *Response {
	r := &Response{
		Size: t.size, Ranged: t.ranged, FirstByte: t.firstByte, Elapsed: time.Since(t.start),
		Transfer: t.transfer, Attempts: t.attempts, Wire: t.wire,
	}
	if t.last != nil {
		r.URL, r.Header = t.last.Request.URL, t.last.Header
	}
	return r
}

// statusError makes an error of a response and reads the excerpt from its body.
func statusError(resp *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorPage)) // an error page that breaks is still that status
	return &StatusError{
		Code: resp.StatusCode, URL: SafeURL(resp.Request.URL),
		Excerpt:    excerpt(body, resp.Request),
		RetryAfter: retryAfter(resp.Header, time.Now()),
	}
}

// unzipped is a body that comes compressed. How long it gets, the request's limit bounds.
type unzipped struct {
	from io.Reader
	zip  *gzip.Reader
}

// Read reads on.
func (u *unzipped) Read(p []byte) (n int, err error) {
	if u.zip == nil {
		if u.zip, err = gzip.NewReader(u.from); err != nil {
			u.zip = nil
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return 0, err
		}
	}
	return u.zip.Read(p)
}
