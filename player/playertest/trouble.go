package playertest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"time"
)

// trouble is what befalls a body on its way. The zero value is none.
type trouble struct {
	at    int           // bytes before it happens; for what happens at a place
	stall time.Duration // silence at that place
	cut   error         // what ends the body there; nil for nothing
	rate  int           // bytes a second for all of it; zero for the link's own
}

// before acts ahead of the byte at the given place, and says how much of p may be read.
func (t *trouble) before(ctx context.Context, place int, p []byte) ([]byte, error) {
	if t.rate > 0 {
		p = p[:min(len(p), max(1, t.rate/10))]
	}
	if t.cut == nil && t.stall == 0 {
		return p, nil
	}
	if place < t.at {
		return p[:min(len(p), t.at-place)], nil
	}
	if t.cut != nil {
		return nil, t.cut
	}
	stall := t.stall
	t.stall = 0
	return p, sleep(ctx, stall)
}

// after acts behind n bytes.
func (t *trouble) after(ctx context.Context, n int) error {
	if t.rate <= 0 {
		return nil
	}
	return sleep(ctx, time.Duration(n)*time.Second/time.Duration(t.rate))
}

// recorder is what a handler writes to, and the trouble that it asks for.
type recorder struct {
	*httptest.ResponseRecorder
	trouble trouble
}

// serve turns a handler's panic with a Broken error into that error.
func (w *recorder) serve(h http.Handler, r *http.Request) (err error) {
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

// Broken is what a fault gives where the connection itself fails.
type Broken string

// Error gives the text.
func (b Broken) Error() string { return string(b) }

// Serve is how a fault answers.
type Serve = func(w http.ResponseWriter, r *http.Request, body []byte)

// troubled serves the body as it is, with trouble on its way at a share of what is sent.
func troubled(share float64, t trouble) Serve {
	return func(w http.ResponseWriter, r *http.Request, body []byte) {
		content(w, r, body)
		if rec, ok := w.(*recorder); ok {
			t.at = int(share * float64(rec.Body.Len()))
			rec.trouble = t
		}
	}
}

// Reset breaks the connection once a share (0 to 1) of the body was sent.
func Reset(share float64) Serve { return troubled(share, trouble{cut: Broken("connection reset")}) }

// Truncated ends the body early, as a proxy does that lost its origin.
func Truncated(share float64) Serve { return troubled(share, trouble{cut: io.EOF}) }

// Stalled sends nothing for a while once a share of the body was sent.
func Stalled(share float64, d time.Duration) Serve { return troubled(share, trouble{stall: d}) }

// Dribbling sends the body at so many bytes a second.
func Dribbling(rate int) Serve { return troubled(0, trouble{rate: rate}) }

// Corrupt inverts n bytes from a share of the body on.
func Corrupt(share float64, n int) Serve {
	return func(w http.ResponseWriter, r *http.Request, body []byte) {
		bad := append([]byte(nil), body...)
		from := int(share * float64(len(bad)))
		for i := from; i < min(len(bad), from+n); i++ {
			bad[i] ^= 0xff
		}
		content(w, r, bad)
	}
}

// Status answers with an HTTP status.
func Status(code int) Serve {
	return func(w http.ResponseWriter, _ *http.Request, _ []byte) { w.WriteHeader(code) }
}

// Refused answers as a server that isn't there.
func Refused(http.ResponseWriter, *http.Request, []byte) { panic(Broken("connection refused")) }

// Instead answers with another body.
func Instead(other []byte) Serve {
	return func(w http.ResponseWriter, _ *http.Request, _ []byte) { w.Write(other) }
}
