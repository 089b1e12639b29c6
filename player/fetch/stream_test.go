package fetch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

// script is a server that reads a request and gives the same answer each time, whatever it is.
func script(t *testing.T, answer func(c net.Conn)) *http.Client {
	t.Helper()
	dial := func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer func() { _ = theirs.Close() }()
			if _, err := theirs.Read(make([]byte, 4096)); err == nil {
				answer(theirs)
			}
		}()
		return ours, nil
	}
	tr := NewTransport(Timeouts{})
	tr.Proxy, tr.DialContext = nil, AcceptICY(dial)
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// TestICYAnswers: net/http refuses the status lines of old radio servers.
func TestICYAnswers(t *testing.T) {
	body := music(50_000)
	for _, status := range []string{"ICY 200 OK", "HTTP/1.0 200 OK", "HTTP/1.1 200 OK"} {
		synctest.Test(t, func(t *testing.T) {
			c := New(Options{HTTP: script(t, func(c net.Conn) {
				for _, b := range []byte(status + "\r\nicy-name:A\r\nicy-metaint:0\r\nContent-Type:audio/mpeg\r\nConnection: close\r\n\r\n") {
					_, _ = c.Write([]byte{b})
				}
				_, _ = c.Write(body)
			})})
			s, err := c.Stream(t.Context(), Request{URL: address})
			if err != nil {
				t.Fatal(status, err)
			}
			got, err := io.ReadAll(s)
			if err != nil || s.Header().Get("icy-name") != "A" {
				t.Errorf("%s: %v, %v", status, err, s.Header())
			}
			sameBytes(t, got, body)
			if err := errors.Join(s.Close(), s.Close()); err != nil {
				t.Error(err)
			}
			if _, err := c.Open(t.Context(), FileRequest{URL: address}); !errors.Is(err, ErrEndless) {
				t.Errorf("%s: opened as a file: %v", status, err)
			}
			if _, err := c.Get(t.Context(), Request{URL: address}); !errors.Is(err, ErrEndless) {
				t.Errorf("%s: fetched whole: %v", status, err)
			}
		})
	}
}

func TestStreamEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// One that hangs.
		c := New(Options{HTTP: script(t, func(c net.Conn) {
			_, _ = io.WriteString(c, "ICY 200 OK\r\n\r\nabc")
			<-t.Context().Done()
		})})
		s, err := c.Stream(t.Context(), Request{URL: address, Stall: 3 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		got, err := io.ReadAll(s)
		if string(got) != "abc" || !errors.Is(err, ErrStalled) || !Unreachable(err) || time.Since(began) != 3*time.Second {
			t.Errorf("%q, %v after %v", got, err, time.Since(began))
		}
		_ = s.Close()

		// One that nobody listens to any more.
		ctx, cancel := context.WithCancelCause(t.Context())
		if s, err = c.Stream(ctx, Request{URL: address}); err != nil {
			t.Fatal(err)
		}
		cause := errors.New("enough")
		time.AfterFunc(time.Second, func() { cancel(cause) })
		if _, err := io.ReadAll(s); err != cause {
			t.Error(err)
		}
		_ = s.Close()
		if s, err = c.Stream(t.Context(), Request{URL: address}); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Second, func() { _ = s.Close() })
		if _, err := io.ReadAll(s); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		// One that is left when the network changes.
		if s, err = c.Stream(t.Context(), Request{URL: address}); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(2*time.Second, c.NetworkChanged)
		if _, err := io.ReadAll(s); !Unreachable(err) || errors.Is(err, ErrStalled) {
			t.Error(err)
		}
		_ = s.Close()
	})
	for answer, want := range map[string]func(error) bool{
		"ICY 401 Service Unavailable\r\n\r\n": func(err error) bool { var s *StatusError; return errors.As(err, &s) && s.Code == 401 },
		"ICY":                                 Unreachable,
		"\x00\x01":                            Unreachable,
		"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n": func(err error) bool { return errors.Is(err, ErrEncoding) },
	} {
		synctest.Test(t, func(t *testing.T) {
			c := New(Options{HTTP: script(t, func(c net.Conn) { _, _ = io.WriteString(c, answer) })})
			if _, err := c.Stream(t.Context(), Request{URL: address}); !want(err) {
				t.Errorf("%q: %v", answer, err)
			}
		})
	}
}

// recorded is a connection that gives what was recorded.
type recorded struct {
	net.Conn
	io.Reader
}

func (r recorded) Read(p []byte) (int, error) { return r.Reader.Read(p) }

func FuzzICYConn(f *testing.F) {
	for _, s := range []string{"ICY 200 OK\r\n", "ICY", "HTTP/1.1 200", "I", "", "ICYX", "\x16\x03"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		want := data
		if rest, ok := strings.CutPrefix(string(data), icyWord); ok {
			want = []byte(httpWord + rest)
		}
		for _, r := range []io.Reader{bytes.NewReader(data), iotest.OneByteReader(bytes.NewReader(data)), iotest.DataErrReader(bytes.NewReader(data))} {
			got, err := io.ReadAll(&icyConn{Conn: recorded{Reader: r}})
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%q is %q, %v", data, got, err)
			}
		}
	})
}
