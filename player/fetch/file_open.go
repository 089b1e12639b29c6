package fetch

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// opening is the first request of a File. Its answer's header tells what kind of server it is; from then
// on the body goes to the file that is made of it, which is handed out at once.
type opening struct {
	c      *Client
	ctx    context.Context // of the file
	cancel context.CancelCauseFunc
	r      FileRequest
	t      *transfer

	memory // until the kind is known, and where it stays unknown
	blocks *blocks
	spool  *spool
	url    *url.URL // of the answer, after redirects
	header http.Header
	known  chan struct{} // closed when one of the two above was made
	ended  chan struct{} // closed when the request, or all fetching after it, has ended
	err    error         // of the request where it made no file; valid after ended
}

// first opens a file with a request for as much of its start as is to be fetched ahead.
func (c *Client) first(ctx context.Context, cancel context.CancelCauseFunc, r FileRequest) (*File, error) {
	o := &opening{c: c, ctx: ctx, cancel: cancel, r: r, known: make(chan struct{}), ended: make(chan struct{})}
	t, err := c.newTransfer(r.part(0, (r.ReadAhead+BlockBytes-1)/BlockBytes*BlockBytes+BlockBytes), &o.memory)
	if err != nil {
		return nil, err
	}
	o.t, t.accepted = t, o.accepted
	spanCtx, stop := context.WithCancel(ctx)
	go o.run(spanCtx, stop)
	select {
	case <-o.known:
	case <-o.ended:
	}
	switch {
	case o.blocks != nil:
		return o.blocks.file(cancel, o.url, o.header), nil
	case o.spool != nil:
		return o.spool.open(cancel, o.url, o.header), nil
	case o.err == nil:
		return nil, &Error{URL: SafeURL(t.url), Attempts: t.attempts, Err: ErrRange} // a part of what has no length
	}
	// An empty file has no first byte: 416 says so (RFC 9110, 15.5.17).
	var status *StatusError
	if !errors.As(o.err, &status) || status.Code != http.StatusRequestedRangeNotSatisfiable {
		return nil, o.err
	}
	resp, err := c.Get(ctx, Request{URL: r.URL, Header: r.Header, Limit: BlockBytes, Decorate: r.Decorate, Received: r.Received})
	if err != nil {
		return nil, err
	}
	if len(resp.Body) > 0 {
		return nil, &Error{URL: SafeURL(resp.URL), Attempts: resp.Attempts, Err: ErrChanged}
	}
	cancel(nil)
	return &File{url: resp.URL, header: resp.Header, reader: nothing{}, close: func() error { return nil }}, nil
}

// run is the fetching goroutine of the file from its first request on.
func (o *opening) run(ctx context.Context, stop context.CancelFunc) {
	defer close(o.ended)
	o.t.stopped = stop
	err := o.t.run(ctx)
	stop()
	switch b := o.blocks; {
	case b != nil:
		if err == nil && o.t.have != o.t.req.Length {
			err = &Error{URL: SafeURL(o.t.url), Attempts: o.t.attempts, Received: o.t.have, Err: ErrChanged}
		}
		b.settle(b.flight, &block{}, err)
		if !errors.Is(err, ErrChanged) {
			b.storeHead()
		}
		b.run()
		close(b.done)
	case o.spool != nil:
		for !o.spool.end(err) && o.spool.wanted() {
			o.t.attempts = 0
			err = o.t.run(o.ctx)
		}
	default:
		o.err = err
	}
}

// accepted decides what the file is made of; it is called before the first byte of a body.
func (o *opening) accepted() error {
	t := o.t
	o.url, o.header = t.answer.Request.URL, t.answer.Header
	switch {
	case t.ranged && t.size > o.r.MaxBytes, !t.ranged && t.size > o.r.MaxSpool:
		return ErrTooLarge
	case t.ranged && t.size >= 0:
		v := versionOf(t.answer.Header)
		h := head{t.size, v.etag, v.modified, v.strong}
		b := newBlocks(o.c, o.ctx, o.r, h)
		t.req.Length = min(t.req.Length, t.size)
		b.flight = &span{end: (t.req.Length + BlockBytes - 1) / BlockBytes, cancel: t.stopped}
		t.pin = h.pin()
		t.sink = &growing{b: b, s: b.flight}
		o.blocks = b
	case !t.ranged:
		t.req.Length, t.req.Limit, t.believes = 0, o.r.MaxSpool, true
		o.spool = newSpool(o.ctx, o.r)
		o.spool.done = o.ended
		if t.size >= 0 { // said before the file is handed out
			o.spool.expect(t.size)
		}
		t.sink = o.spool
	default:
		return nil
	}
	close(o.known)
	return nil
}

// file makes the File of b, whose goroutine runs.
func (b *blocks) file(cancel context.CancelCauseFunc, u *url.URL, h http.Header) *File {
	closing := func() error {
		cancel(ErrClosed)
		<-b.done
		return nil
	}
	return &File{url: u, header: h, reader: b, close: closing}
}

// open makes the File of s, whose download runs.
func (s *spool) open(cancel context.CancelCauseFunc, u *url.URL, h http.Header) *File {
	closing := func() error {
		cancel(ErrClosed)
		<-s.done
		return s.release()
	}
	return &File{url: u, header: h, reader: s, close: closing}
}
