package fetch

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"
)

// Errors that Get and Open wrap in an *Error.
var (
	// ErrRequest: the request itself can't be sent (its URL, scheme or range).
	ErrRequest = errors.New("bad request")
	// ErrTooLarge: the body is longer than the request's limit.
	ErrTooLarge = errors.New("body larger than the limit")
	// ErrStalled: the body gave no byte for Timeouts.Stall.
	ErrStalled = errors.New("stalled: no byte arrived in time")
	// ErrSlow: the body came so slowly that Request.Slow had it broken off.
	ErrSlow = errors.New("too slow: broken off")
	// ErrTimeout: no response header came within Timeouts.Response.
	ErrTimeout = errors.New("no response in time")
	// ErrRange: the server answered with another range than was asked for.
	ErrRange = errors.New("server gave another range than asked for")
	// ErrEncoding: the server coded the body though identity was asked for, with something else than gzip, or
	// a part of it.
	ErrEncoding = errors.New("body in a content encoding that was not asked for")
	// ErrShort: the body ends, each time, before the length that the server says.
	ErrShort = errors.New("shorter than the server says")
	// ErrEndless: the answer is a live stream, which no file can be made of.
	ErrEndless = errors.New("a live stream, without an end")
	// ErrRedirects: more than ten redirects.
	ErrRedirects = errors.New("too many redirects")
	// ErrChanged: the resource became another one between two requests for parts of it.
	ErrChanged = errors.New("resource changed while it was read")
	// ErrDigest: the body isn't what the server's digest says.
	ErrDigest = errors.New("damaged on the way: the digest differs")
	// ErrClosed: the File is closed.
	ErrClosed = errors.New("file is closed")
)

// Error is a fetch that failed for good.
type Error struct {
	URL      string // safe to show: see SafeURL
	Attempts int    // requests made
	Received int64  // bytes of the wanted range that had arrived
	Err      error
}

// Error tells the URL without query and credentials, and the cause.
func (e *Error) Error() string {
	if e.Attempts > 1 {
		return fmt.Sprintf("fetch %s: %v (after %d attempts)", e.URL, e.Err, e.Attempts)
	}
	return fmt.Sprintf("fetch %s: %v", e.URL, e.Err)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// StatusError is a response whose status is neither 200 nor, to a range, 206.
type StatusError struct {
	Code       int
	URL        string        // that answered, after redirects; safe to show
	Excerpt    string        // of the body: printable, at most 200 bytes, without what the request kept secret
	RetryAfter time.Duration // as the server asked; zero where it didn't
}

// Error tells the status and what the server said of it.
func (e *StatusError) Error() string {
	s := fmt.Sprintf("HTTP status %d %s", e.Code, http.StatusText(e.Code))
	if e.Excerpt != "" {
		s += fmt.Sprintf(" (%q)", e.Excerpt)
	}
	return s
}

// Temporary tells whether another try may succeed: 408, 429 and 5xx.
func (e *StatusError) Temporary() bool {
	return e.Code == http.StatusRequestTimeout || e.Code == http.StatusTooManyRequests || e.Code >= 500
}

// Unreachable tells whether err says that the other side could not be reached, or was lost on the way:
// no name, no route, no connection, no answer in time, a body that broke. What a server did answer,
// and what is wrong with the answer, is not of that kind.
func Unreachable(err error) bool {
	var failed *Error
	if !errors.As(err, &failed) {
		return false
	}
	var status *StatusError
	return !errors.As(err, &status) && !errors.Is(err, ErrDigest) && retryable(failed.Err)
}

// secretSegment is the length in bytes from which on a path's segment may be a token.
const secretSegment = 20

// SafeURL gives a URL as it may be shown and logged: without user, query and fragment, and with every
// path segment long enough to be a token elided, but for a file name at the end.
func SafeURL(u *url.URL) string {
	segments := strings.Split(u.EscapedPath(), "/")
	for i, s := range segments {
		if mayBeSecret(s, i == len(segments)-1) {
			segments[i] = "…"
		}
	}
	return u.Scheme + "://" + u.Host + strings.Join(segments, "/")
}

// mayBeSecret tells whether a path segment is long enough for a token. The last one is let pass with
// a short extension: a JWT's last dot is followed by 43 letters.
func mayBeSecret(segment string, last bool) bool {
	if len(segment) < secretSegment {
		return false
	}
	ext := path.Ext(segment)
	return !last || len(ext) < 2 || len(ext) > 6 || len(segment) > 120
}

// queries matches the query of a URL inside a text, credentials the user part.
var (
	queries     = regexp.MustCompile(`\?[^\s"'<>]+`)
	credentials = regexp.MustCompile(`//[^/\s"'@]+@`)
)

// scrubbed is an error whose text lost what looks like a query or credentials: net/http and net/url
// quote whole URLs in theirs.
type scrubbed struct{ err error }

func (e scrubbed) Error() string { return scrub(e.err.Error()) }
func (e scrubbed) Unwrap() error { return e.err }

func scrub(s string) string {
	return credentials.ReplaceAllString(queries.ReplaceAllString(s, "?…"), "//…@")
}

// transportError strips what http.Client puts around a transport's error: the method and the URL,
// query included.
func transportError(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	return scrubbed{err}
}

// maxExcerpt is how many bytes of an error's body are shown, maxErrorPage how many are read.
const (
	maxExcerpt   = 200
	maxErrorPage = 4 << 10
)

// excerpt makes the body of an error response fit to show. Servers like to echo the URL or the token
// that they refuse, so every secret of the request is taken out.
func excerpt(body []byte, r *http.Request) string {
	if len(body) >= maxErrorPage {
		body = body[:bytes.LastIndexByte(body, ' ')+1] // half a secret would not be known for one
	}
	s := strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c == '\uFFFD' {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(string(body), " "))
	for _, secret := range secrets(r) {
		s = strings.ReplaceAll(s, secret, "…")
	}
	s = strings.Join(strings.Fields(scrub(s)), " ")
	if len(s) > maxExcerpt {
		s = strings.ToValidUTF8(s[:maxExcerpt], "") + "…"
	}
	return s
}

// secrets lists the texts of a request that an error must not repeat.
func secrets(r *http.Request) []string {
	var list []string
	add := func(s string) {
		if len(s) >= 4 { // shorter ones would take words of the message with them
			list = append(list, s)
		}
	}
	for ; r != nil; r = previous(r) {
		add(r.URL.RawQuery)
		for _, values := range r.URL.Query() {
			for _, v := range values {
				add(v)
			}
		}
		segments := strings.Split(r.URL.EscapedPath(), "/")
		for i, s := range segments {
			if mayBeSecret(s, i == len(segments)-1) {
				add(s)
			}
		}
		for _, name := range []string{"Authorization", "Cookie"} {
			v := r.Header.Get(name)
			add(v)
			if _, token, ok := strings.Cut(v, " "); ok {
				add(token)
			}
		}
		if r.URL.User != nil {
			add(r.URL.User.String())
		}
	}
	return list
}

// previous is the request whose redirect led to r; nil for the first.
func previous(r *http.Request) *http.Request {
	if r.Response == nil {
		return nil
	}
	return r.Response.Request
}
