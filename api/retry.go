package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Retry says how often and how soon a call is tried again after a failure that may pass: no
// connection, a broken answer, 408, 425, 429 or a status of 500 and above (but for 501 and 505, which time doesn't heal).
type Retry struct {
	Attempts int           // in all; zero means 4, 1 never tries again
	Base     time.Duration // before the second attempt, doubled for each later one; zero means 200 ms
	Max      time.Duration // the longest wait, and the longest Retry-After that is heeded; zero means 5 s
}

func (r Retry) filled() Retry {
	if r.Attempts <= 0 {
		r.Attempts = 4
	}
	if r.Base <= 0 {
		r.Base = 200 * time.Millisecond
	}
	if r.Max <= 0 {
		r.Max = 5 * time.Second
	}
	return r
}

// wait is how long to wait after attempt (counted from zero). The upper half of the wait is
// random, so that clients cut off together don't come back together.
func (r Retry) wait(attempt int, asked time.Duration) time.Duration {
	d := r.Max
	if attempt < 32 && r.Base<<attempt > 0 {
		d = min(r.Base<<attempt, r.Max)
	}
	d = d/2 + rand.N(d/2+1)
	return max(d, min(asked, r.Max))
}

type call struct {
	op, method string
	url        *url.URL
	accept     string
	limit      int64 // bytes of the body
}

type answer struct {
	body        []byte
	contentType string
	url         *url.URL // that answered, after redirects
}

// do makes a call until it succeeds, fails for good, or the attempts or ctx are used up. Every
// call of this contract may be repeated without harm.
func (c *Client) do(ctx context.Context, call call) (answer, error) {
	retry := c.opt.Retry.filled()
	for attempt := 0; ; attempt++ {
		got, asked, err := c.once(ctx, call)
		if err == nil {
			return got, nil
		}
		if ctx.Err() != nil {
			return answer{}, fmt.Errorf("api: %s: %w", call.op, context.Cause(ctx))
		}
		if attempt+1 >= retry.Attempts || !mayPass(err) {
			return answer{}, fmt.Errorf("api: %s: %w", call.op, err)
		}
		t := time.NewTimer(retry.wait(attempt, asked))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return answer{}, fmt.Errorf("api: %s: %w", call.op, context.Cause(ctx))
		}
	}
}

// once makes one attempt. asked is the wait that the service asked for.
func (c *Client) once(ctx context.Context, call call) (got answer, asked time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.opt.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, call.method, call.url.String(), nil)
	if err != nil {
		return answer{}, 0, err
	}
	req.Header.Set("Accept", call.accept)
	req.Header.Set("User-Agent", c.opt.UserAgent)
	if c.opt.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.opt.Token)
	}
	resp, err := c.opt.HTTP.Do(req)
	if err != nil {
		return answer{}, 0, err
	}
	defer func() { _ = resp.Body.Close() }() // what matters was read or has failed already
	if resp.StatusCode != http.StatusOK {
		return answer{}, retryAfter(resp.Header), errorFrom(resp)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, call.limit+1))
	if err != nil {
		return answer{}, 0, fmt.Errorf("reading the answer: %w", err)
	}
	if int64(len(body)) > call.limit {
		return answer{}, 0, fmt.Errorf("%w of %d bytes", ErrTooLarge, call.limit)
	}
	return answer{body, resp.Header.Get("Content-Type"), resp.Request.URL}, 0, nil
}

func mayPass(err error) bool {
	var e *Error
	switch {
	case errors.As(err, &e):
		switch e.Status {
		case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
			return true
		case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
			return false
		}
		return e.Status >= 500
	case errors.Is(err, ErrTooLarge):
		return false
	}
	return true // the transport's: refused, reset, timed out, cut short
}

// retryAfter reads the header of that name (RFC 9110, 10.2.3) in its form of seconds. The form of
// a date is not heeded: it would trust two clocks to agree.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || n < 0 || n > 3600 {
		return 0
	}
	return time.Duration(n) * time.Second
}
