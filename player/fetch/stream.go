package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Stream is the body of a live stream, which has no end: a radio's. One goroutine reads it; Close may be
// called from any.
type Stream struct {
	c      *Client
	body   io.ReadCloser
	url    *url.URL
	header http.Header
	ctx    context.Context
	cancel context.CancelCauseFunc
	f      *flight
	stall  time.Duration
	heard  func(n int64)
	read   int64
}

// Stream opens a live stream, with one attempt: what a lost connection means, and from where on to listen
// again, the caller knows. Of r's fields URL, Header, Stall, Decorate and Received count. ctx bounds the
// stream's whole life. Errors are those of Get. A response of the kind that SHOUTcast gave before it learnt
// HTTP ("ICY 200 OK") is understood by the client's own transport, and by those that AcceptICY dials for.
func (c *Client) Stream(ctx context.Context, r Request) (*Stream, error) {
	r.Offset, r.Length = 0, 0
	t, err := c.newTransfer(r, &memory{})
	if err != nil {
		return nil, err
	}
	s := &Stream{c: c, heard: r.Received, stall: t.stall()}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	s.f = c.flights.begin(s.cancel)
	fail := func(err error) (*Stream, error) {
		if cause := context.Cause(s.ctx); cause != nil {
			err = cause
		}
		s.end(nil)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, &Error{URL: SafeURL(t.url), Attempts: 1, Err: err}
	}
	header := time.AfterFunc(c.timeouts.Response, func() { s.cancel(ErrTimeout) })
	defer header.Stop()
	resp, err := c.http.Do(t.request(s.ctx))
	if err != nil {
		return fail(transportError(err))
	}
	s.body, s.url, s.header = resp.Body, resp.Request.URL, resp.Header
	if resp.StatusCode != http.StatusOK {
		err := statusError(resp)
		_ = resp.Body.Close()
		return fail(err)
	}
	if e := resp.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		_ = resp.Body.Close()
		return fail(fmt.Errorf("%w: %.32q", ErrEncoding, e))
	}
	if !header.Stop() { // it came just too late
		_ = resp.Body.Close()
		return fail(ErrTimeout)
	}
	s.f.stall = time.AfterFunc(time.Hour, func() { s.cancel(ErrStalled) })
	s.f.stall.Stop()
	s.f.flows()
	return s, nil
}

// URL is where the stream was found, after redirects.
func (s *Stream) URL() *url.URL { return s.url }

// Header is that of the response.
func (s *Stream) Header() http.Header { return s.header }

// Read reads as io.Reader does. io.EOF says that the server ended the stream; other errors are an *Error that
// wraps ErrStalled, where no byte came for as long as Request.Stall or Timeouts.Stall says, or what the
// transport gave, and the cause of Stream's ctx.
func (s *Stream) Read(p []byte) (int, error) {
	s.f.stall.Reset(s.stall)
	n, err := s.body.Read(p)
	s.f.stall.Stop()
	s.f.flows()
	s.read += int64(n)
	s.c.arrived.Add(int64(n))
	if s.heard != nil && n > 0 {
		s.heard(int64(n))
	}
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	if cause := context.Cause(s.ctx); cause != nil {
		err = cause
		if !errors.Is(err, ErrStalled) && !errors.Is(err, errRoute) {
			return n, err
		}
	}
	return n, &Error{URL: SafeURL(s.url), Attempts: 1, Received: s.read, Err: transportError(err)}
}

// Close ends the stream. A Read under way gives ErrClosed. Twice is fine.
func (s *Stream) Close() error {
	s.end(ErrClosed)
	return s.body.Close()
}

func (s *Stream) end(why error) {
	s.cancel(why)
	s.c.flights.end(s.f)
}
