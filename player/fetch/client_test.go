package fetch

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const address = "http://music.example/a/b.flac"

var longAgo = time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC) // a bubble's clock begins in 2000

func TestGet(t *testing.T) {
	s := &resource{body: music(100_000), etag: `"v1"`}
	onNetwork(t, s.serve, func(t *testing.T, n *network) {
		var last int64
		resp, err := n.client(Options{}).Get(t.Context(), Request{
			URL: address, Header: http.Header{"x-app": {"yes"}},
			Progress: func(done, total int64, _ time.Duration) {
				if done <= last || total != 100_000 {
					t.Errorf("progress %d of %d after %d", done, total, last)
				}
				last = done
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		sameBytes(t, resp.Body, s.body)
		if last != 100_000 || resp.Wire != 100_000 || resp.Attempts != 1 || resp.Size != 100_000 || resp.Ranged {
			t.Errorf("last %d, %d on the wire, %d attempts, size %d, ranged %v", last, resp.Wire, resp.Attempts, resp.Size, resp.Ranged)
		}
		if resp.URL.String() != address || resp.Header.Get("Content-Type") != "audio/flac" {
			t.Errorf("%v %v", resp.URL, resp.Header)
		}
		h := n.requests()[0].Header
		if h.Get("Accept-Encoding") != "identity" || h.Get("User-Agent") != "segue" || h.Get("X-App") != "yes" || h.Get("Range") != "" {
			t.Errorf("request header %v", h)
		}
	})
}

func TestRanges(t *testing.T) {
	body := music(60_000)
	for _, noRange := range []bool{false, true} {
		for _, chunked := range []bool{false, true} {
			s := &resource{body: body, etag: `"v1"`, noRange: noRange, chunked: chunked}
			for _, c := range []struct{ offset, length, end int64 }{
				{0, 1, 1}, {0, 60_000, 60_000}, {0, 70_000, 60_000}, {1, 0, 60_000},
				{1000, 40_000, 41_000}, {59_999, 1, 60_000}, {59_999, 0, 60_000}, {50_000, 20_000, 60_000},
			} {
				t.Run(fmt.Sprintf("%+v no=%v chunked=%v", c, noRange, chunked), func(t *testing.T) {
					onNetwork(t, s.serve, func(t *testing.T, n *network) {
						resp, err := n.client(Options{}).Get(t.Context(), Request{URL: address, Offset: c.offset, Length: c.length})
						if err != nil {
							t.Fatal(err)
						}
						sameBytes(t, resp.Body, body[c.offset:c.end])
						if resp.Ranged == noRange {
							t.Errorf("ranged: %v", resp.Ranged)
						}
						if resp.Attempts != 1 {
							t.Errorf("%d attempts", resp.Attempts)
						}
					})
				})
			}
		}
	}
	past := &resource{body: body, noRange: true}
	onNetwork(t, past.serve, func(t *testing.T, n *network) {
		if _, err := n.client(Options{}).Get(t.Context(), Request{URL: address, Offset: 60_000, Length: 5}); !errors.Is(err, ErrRange) {
			t.Errorf("past the end of a server without ranges: %v", err)
		}
		if _, err := n.client(Options{}).Get(t.Context(), Request{URL: address, Offset: 50_000, Length: 5, Limit: 10_000}); !errors.Is(err, ErrRange) {
			t.Errorf("more to throw away than the limit: %v", err)
		}
	})
}

// A connection that breaks at any byte costs a request for the rest, where the server allows one, and
// the whole body where it can't prove that the rest belongs to it.
func TestBrokenBody(t *testing.T) {
	body := music(50_000)
	for name, c := range map[string]struct {
		s      *resource
		resume string // If-Range
	}{
		"etag":             {&resource{etag: `"v1"`}, `"v1"`},
		"weak etag":        {&resource{etag: `W/"v1"`, modified: longAgo}, ""},
		"last modified":    {&resource{modified: longAgo}, longAgo.Format(http.TimeFormat)},
		"modified now":     {&resource{modified: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)}, ""},
		"no validator":     {&resource{}, ""},
		"no ranges":        {&resource{etag: `"v1"`, noRange: true}, `"v1"`},
		"no length":        {&resource{etag: `"v1"`, noRange: true, chunked: true}, `"v1"`},
		"no length, naked": {&resource{noRange: true, chunked: true}, ""},
	} {
		for _, cut := range []int{0, 1, 4095, 4096, 20_001, 49_999} {
			for _, offset := range []int{0, 777} {
				if !c.s.noRange && cut+offset > len(body) {
					continue // such a body ends before the cut
				}
				t.Run(fmt.Sprintf("%s/cut %d/offset %d", name, cut, offset), func(t *testing.T) {
					s := &resource{body: body, etag: c.s.etag, modified: c.s.modified, noRange: c.s.noRange, chunked: c.s.chunked}
					s.cuts = []int{cut}
					onNetwork(t, s.serve, func(t *testing.T, n *network) {
						resp, err := n.client(Options{}).Get(t.Context(), Request{URL: address, Offset: int64(offset)})
						if err != nil {
							t.Fatal(err)
						}
						sameBytes(t, resp.Body, body[offset:])
						r := n.requests()
						if resp.Attempts != 2 || len(r) != 2 {
							t.Fatalf("%d attempts, %d requests", resp.Attempts, len(r))
						}
						have := cut
						if c.s.noRange {
							have = max(0, cut-offset)
						}
						wantRange, wire := "", cut+len(body)-offset
						if have > 0 && c.resume != "" {
							wantRange = rangeHeader(int64(offset+have), 0)
							wire = len(body) - offset
						} else if offset > 0 {
							wantRange = rangeHeader(int64(offset), 0)
						}
						if got := r[1].Header.Get("Range"); got != wantRange {
							t.Errorf("Range %q, want %q", got, wantRange)
						}
						if got := r[1].Header.Get("If-Range"); have > 0 && got != c.resume {
							t.Errorf("If-Range %q, want %q", got, c.resume)
						}
						if !c.s.noRange && resp.Wire != int64(wire) {
							t.Errorf("%d bytes on the wire, want %d", resp.Wire, wire)
						}
					})
				})
			}
		}
	}
}

func TestDribble(t *testing.T) {
	s := &resource{body: music(200_000), etag: `"v1"`, each: 5_000}
	onNetwork(t, s.serve, func(t *testing.T, n *network) {
		resp, err := n.client(Options{}).Get(t.Context(), Request{URL: address})
		if err != nil {
			t.Fatal(err)
		}
		sameBytes(t, resp.Body, s.body)
		if resp.Attempts != 40 || resp.Wire != 200_000 {
			t.Errorf("%d attempts, %d bytes on the wire", resp.Attempts, resp.Wire)
		}
	})
	s.set(func(s *resource) { s.each = 1 })
	onNetwork(t, s.serve, func(t *testing.T, n *network) {
		_, err := n.client(Options{}).Get(t.Context(), Request{URL: address})
		var e *Error
		if !errors.As(err, &e) || e.Attempts != 100 || e.Received != 100 {
			t.Errorf("a byte an attempt: %+v", err)
		}
	})
	// A server without ranges that breaks at the same byte makes no progress the second time.
	s.set(func(s *resource) { s.each, s.noRange = 5_000, true })
	onNetwork(t, s.serve, func(t *testing.T, n *network) {
		_, err := n.client(Options{}).Get(t.Context(), Request{URL: address})
		var e *Error
		if !errors.As(err, &e) || e.Attempts > 21 || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("breaks at one byte for ever: %+v", err)
		}
	})
}

func TestChangedBetweenAttempts(t *testing.T) {
	old, fresh := music(50_000), bytes.Repeat([]byte("fresh"), 10_000) // of one length
	for name, ignores := range map[string]bool{"200": false, "206 all the same": true} {
		t.Run(name, func(t *testing.T) {
			s := &resource{body: old, etag: `"v1"`, cuts: []int{20_000}}
			first := true
			onNetwork(t, func(w http.ResponseWriter, r *http.Request) {
				if !first {
					s.set(func(s *resource) { s.body, s.etag = fresh, `"v2"` })
					if ignores {
						r.Header.Del("If-Range")
					}
				}
				first = false
				s.serve(w, r)
			}, func(t *testing.T, n *network) {
				resp, err := n.client(Options{}).Get(t.Context(), Request{URL: address})
				if err != nil {
					t.Fatal(err)
				}
				sameBytes(t, resp.Body, fresh)
			})
		})
	}
}

// Answers to a request to resume that don't fit: the body is begun again, without a range.
func TestBadResume(t *testing.T) {
	body := music(30_000)
	for name, answer := range map[string]func(w http.ResponseWriter){
		"other range": func(w http.ResponseWriter) {
			w.Header().Set("Content-Range", "bytes 5-9/30000")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(body[5:10])
		},
		"other size": func(w http.ResponseWriter) {
			w.Header().Set("Content-Range", "bytes 10000-29999/30001")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(body[10_000:])
		},
		"no range": func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(body[10_000:])
		},
		"416": func(w http.ResponseWriter) { w.WriteHeader(http.StatusRequestedRangeNotSatisfiable) },
	} {
		t.Run(name, func(t *testing.T) {
			s := &resource{body: body, etag: `"v1"`, cuts: []int{10_000}}
			onNetwork(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Range") != "" {
					answer(w)
					return
				}
				s.serve(w, r)
			}, func(t *testing.T, n *network) {
				resp, err := n.client(Options{}).Get(t.Context(), Request{URL: address})
				if err != nil {
					t.Fatal(err)
				}
				sameBytes(t, resp.Body, body)
				if len(n.requests()) != 3 {
					t.Errorf("%d requests", len(n.requests()))
				}
			})
		})
	}
	t.Run("whole already", func(t *testing.T) {
		s := &resource{body: body, etag: `"v1"`, noRange: true, chunked: true, cuts: []int{30_000}}
		onNetwork(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") != "" {
				w.Header().Set("Content-Range", "bytes */30000")
				w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
				return
			}
			s.serve(w, r)
		}, func(t *testing.T, n *network) {
			resp, err := n.client(Options{}).Get(t.Context(), Request{URL: address})
			if err != nil {
				t.Fatal(err)
			}
			sameBytes(t, resp.Body, body)
		})
	})
}

// A server may give less of a range than was asked for (RFC 9110, 15.3.7): the rest is asked for then.
func TestPartsOfARange(t *testing.T) {
	body := music(50_000)
	onNetwork(t, func(w http.ResponseWriter, r *http.Request) {
		var from int
		if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err != nil {
			t.Errorf("Range %q: %v", r.Header.Get("Range"), err)
		}
		to := min(from+12_000, len(body))
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, len(body)))
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(body[from:to])
	}, func(t *testing.T, n *network) {
		resp, err := n.client(Options{}).Get(t.Context(), Request{URL: address, Offset: 1000})
		if err != nil {
			t.Fatal(err)
		}
		sameBytes(t, resp.Body, body[1000:])
		if resp.Attempts != 5 || resp.Wire != 49_000 {
			t.Errorf("%d attempts, %d bytes", resp.Attempts, resp.Wire)
		}
	})
}

func TestGivesUpInTime(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"500":     func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "database locked", 500) },
		"503":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) },
		"429":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) },
		"408":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(408) },
		"refused": nil,
		"hang-up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"lies": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write(make([]byte, 500))
		},
	} {
		for _, jitter := range []float64{0.5, 0.999} {
			t.Run(fmt.Sprint(name, jitter), func(t *testing.T) {
				onNetwork(t, h, func(t *testing.T, n *network) {
					n.setDown(name == "refused")
					began := time.Now()
					_, err := n.client(Options{Retry: Retry{Rand: func() float64 { return jitter }}}).Get(t.Context(), Request{URL: address})
					took := time.Since(began)
					if took < 10*time.Second || took > 15*time.Second {
						t.Errorf("gave up after %v", took)
					}
					var e *Error
					if !errors.As(err, &e) || e.Attempts < 6 || e.Attempts > 20 {
						t.Fatalf("%#v", err)
					}
					var status *StatusError
					switch name {
					case "refused":
						if !errors.Is(err, errRefused) {
							t.Error(err)
						}
					case "hang-up":
						if !errors.Is(err, io.EOF) {
							t.Error(err)
						}
					case "lies":
						if !errors.Is(err, io.ErrUnexpectedEOF) || e.Received != 500 {
							t.Errorf("%v, %d", err, e.Received)
						}
					default:
						if !errors.As(err, &status) || fmt.Sprint(status.Code) != name {
							t.Error(err)
						}
						if name == "500" && status.Excerpt != "database locked" {
							t.Errorf("excerpt %q", status.Excerpt)
						}
					}
				})
			})
		}
	}
}

func TestRefusedAtOnce(t *testing.T) {
	for _, code := range []int{204, 304, 400, 401, 403, 404, 410, 416, 451} {
		onNetwork(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }, func(t *testing.T, n *network) {
			began := time.Now()
			_, err := n.client(Options{}).Get(t.Context(), Request{URL: address, Offset: 5})
			var status *StatusError
			if !errors.As(err, &status) || status.Code != code || status.Temporary() {
				t.Errorf("%d: %v", code, err)
			}
			if len(n.requests()) != 1 || time.Since(began) != 0 {
				t.Errorf("%d: %d requests in %v", code, len(n.requests()), time.Since(began))
			}
		})
	}
	for what, u := range map[string]string{"scheme": "ftp://a/b", "none": "a/b", "host": "http:///b", "syntax": "http://[::1/sesame"} {
		if _, err := New(Options{}).Get(t.Context(), Request{URL: u}); !errors.Is(err, ErrRequest) {
			t.Errorf("%s: %v", what, err)
		} else {
			noSecrets(t, what, err.Error())
		}
	}
}

func TestRetryAfter(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"3":                             3 * time.Second,
		"3600":                          10 * time.Second, // capped
		"Sat, 01 Jan 2000 00:00:07 GMT": 7 * time.Second,
		"Fri, 31 Dec 1999 00:00:07 GMT": 100 * time.Millisecond, // past: an ordinary pause
		"soon":                          100 * time.Millisecond,
		"-5":                            100 * time.Millisecond,
	} {
		s := &resource{body: music(10)}
		first := true
		onNetwork(t, func(w http.ResponseWriter, r *http.Request) {
			if first {
				first = false
				w.Header().Set("Retry-After", value)
				w.WriteHeader(503)
				return
			}
			s.serve(w, r)
		}, func(t *testing.T, n *network) {
			began := time.Now()
			if _, err := n.client(Options{Retry: Retry{Rand: func() float64 { return 0.5 }}}).Get(t.Context(), Request{URL: address}); err != nil {
				t.Fatal(err)
			}
			// Half of Base is the jitter on top.
			if took := time.Since(began); took != want && took != want+100*time.Millisecond {
				t.Errorf("Retry-After %s: %v, want %v", value, took, want)
			}
		})
	}
}

func TestLimit(t *testing.T) {
	for _, c := range []struct {
		size, limit int
		chunked, ok bool
	}{
		{1000, 1000, false, true}, {1000, 1000, true, true}, {1001, 1000, false, false}, {1001, 1000, true, false}, {5 << 20, 1 << 20, true, false},
	} {
		s := &resource{body: music(c.size), noRange: true, chunked: c.chunked}
		onNetwork(t, s.serve, func(t *testing.T, n *network) {
			resp, err := n.client(Options{}).Get(t.Context(), Request{URL: address, Limit: int64(c.limit)})
			switch {
			case c.ok && err != nil, !c.ok && !errors.Is(err, ErrTooLarge):
				t.Errorf("%+v: %v", c, err)
			case c.ok:
				sameBytes(t, resp.Body, s.body)
			}
			if len(n.requests()) != 1 {
				t.Errorf("%+v: tried %d times", c, len(n.requests()))
			}
		})
	}
}

func TestStall(t *testing.T) {
	body := music(100_000)
	s := &resource{body: body, etag: `"v1"`}
	for _, at := range []int{0, 30_000} { // of the body; 0 stalls before the header
		first := true
		onNetwork(t, func(w http.ResponseWriter, r *http.Request) {
			if !first {
				s.serve(w, r)
				return
			}
			first = false
			if at > 0 {
				w.Header().Set("ETag", `"v1"`)
				w.Header().Set("Content-Length", "100000")
				_, _ = w.Write(body[:at])
				_ = http.NewResponseController(w).Flush()
			}
			<-r.Context().Done()
		}, func(t *testing.T, n *network) {
			began := time.Now()
			resp, err := n.client(Options{Retry: Retry{Rand: func() float64 { return 0 }}}).Get(t.Context(), Request{URL: address})
			if err != nil {
				t.Fatal(err)
			}
			sameBytes(t, resp.Body, body)
			want := DefaultStall
			if at == 0 {
				want = DefaultResponse
			}
			if took := time.Since(began); took != want || resp.Wire != 100_000 {
				t.Errorf("stalled at %d: took %v, %d bytes on the wire", at, took, resp.Wire)
			}
		})
	}
	for _, at := range []int{0, 1} {
		onNetwork(t, func(w http.ResponseWriter, r *http.Request) {
			if at > 0 {
				w.Header().Set("Content-Length", "100000")
				_, _ = w.Write(body[:at])
				_ = http.NewResponseController(w).Flush()
			}
			<-r.Context().Done()
		}, func(t *testing.T, n *network) {
			began := time.Now()
			_, err := n.client(Options{}).Get(t.Context(), Request{URL: address})
			want := []error{ErrTimeout, ErrStalled}[at]
			if took := time.Since(began); !errors.Is(err, want) || took > 26*time.Second {
				t.Errorf("stalls for ever at %d: %v after %v", at, err, took)
			}
		})
	}
}

// A slow body is not a stalled one, however long it takes.
func TestSlowIsNotStalled(t *testing.T) {
	s := &resource{body: music(100_000), etag: `"v1"`, pace: DefaultStall - time.Second}
	onNetwork(t, s.serve, func(t *testing.T, n *network) {
		resp, err := n.client(Options{}).Get(t.Context(), Request{URL: address})
		if err != nil {
			t.Fatal(err)
		}
		if resp.Attempts != 1 || resp.Elapsed < 2*time.Minute || resp.Transfer != resp.Elapsed {
			t.Errorf("%d attempts, %v, %v", resp.Attempts, resp.Elapsed, resp.Transfer)
		}
	})
}

func TestContext(t *testing.T) {
	cause := errors.New("skipped")
	s := &resource{body: music(100_000), pace: time.Second}
	for name, h := range map[string]http.HandlerFunc{
		"in a pause":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"in a header": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"in a body":   s.serve,
	} {
		onNetwork(t, h, func(t *testing.T, n *network) {
			ctx, cancel := context.WithCancelCause(t.Context())
			stop := time.AfterFunc(5*time.Second+time.Millisecond, func() { cancel(cause) })
			defer stop.Stop()
			began := time.Now()
			_, err := n.client(Options{Retry: Retry{Rand: func() float64 { return 0.9 }}}).Get(ctx, Request{URL: address})
			if err != cause || time.Since(began) != 5*time.Second+time.Millisecond {
				t.Errorf("%s: %v after %v", name, err, time.Since(began))
			}
			count := len(n.requests())
			if _, err := n.client(Options{}).Get(ctx, Request{URL: address}); err != cause || len(n.requests()) != count {
				t.Errorf("%s: with a context done already: %v, %d more requests", name, err, len(n.requests())-count)
			}
		})
	}
	onNetwork(t, s.serve, func(t *testing.T, n *network) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := n.client(Options{}).Get(ctx, Request{URL: address}); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

func TestRedirect(t *testing.T) {
	s := &resource{body: music(1000)}
	h := func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/loop"):
			http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
		case r.Host == "music.example":
			http.Redirect(w, r, "http://cdn.example/x/y.flac?sig=1", http.StatusTemporaryRedirect)
		default:
			s.serve(w, r)
		}
	}
	onNetwork(t, h, func(t *testing.T, n *network) {
		resp, err := n.client(Options{}).Get(t.Context(), Request{URL: address + "?tok=sesame", Length: 10, Offset: 5})
		if err != nil {
			t.Fatal(err)
		}
		sameBytes(t, resp.Body, s.body[5:15])
		if resp.URL.String() != "http://cdn.example/x/y.flac?sig=1" {
			t.Error(resp.URL)
		}
		if r := n.requests()[1]; r.Header.Get("Referer") != "" || r.Header.Get("Range") != "bytes=5-14" {
			t.Errorf("%v", r.Header)
		}
		_, err = n.client(Options{}).Get(t.Context(), Request{URL: "http://music.example/loop"})
		if !errors.Is(err, ErrRedirects) || len(n.requests()) != 2+maxRedirects {
			t.Errorf("%v after %d requests", err, len(n.requests())-2)
		}
	})
}

// Some servers compress what was asked for as it is. That is taken where it is all of a body.
func TestEncodedBody(t *testing.T) {
	body := music(50_000)
	var zip bytes.Buffer
	z := gzip.NewWriter(&zip)
	_, _ = z.Write(body)
	_ = z.Close()
	coding, cuts := "gzip", []int{}
	onNetwork(t, func(w http.ResponseWriter, r *http.Request) {
		s := &resource{body: zip.Bytes(), etag: `"v1"`, noRange: r.Header.Get("Range") == "", cuts: cuts}
		cuts = nil
		w.Header().Set("Content-Encoding", coding)
		s.serve(w, r)
	}, func(t *testing.T, n *network) {
		c := n.client(Options{})
		resp, err := c.Get(t.Context(), Request{URL: address})
		if err != nil {
			t.Fatal(err)
		}
		sameBytes(t, resp.Body, body)
		cuts = []int{zip.Len() / 2}
		if resp, err = c.Get(t.Context(), Request{URL: address}); err != nil || len(n.requests()) != 3 {
			t.Fatalf("%v after %d requests", err, len(n.requests()))
		}
		sameBytes(t, resp.Body, body)
		if _, err := c.Get(t.Context(), Request{URL: address, Limit: 49_999}); !errors.Is(err, ErrTooLarge) {
			t.Error("a body that unpacks to more than the limit:", err)
		}
		if _, err := c.Get(t.Context(), Request{URL: address, Offset: 3, Length: 5}); !errors.Is(err, ErrEncoding) {
			t.Error("a part:", err)
		}
		coding = "br"
		if _, err := c.Get(t.Context(), Request{URL: address}); !errors.Is(err, ErrEncoding) {
			t.Error(err)
		}
	})
}

// No error and no log line repeats the query, user, path token or header that grant access.
func TestSecretsStaySecret(t *testing.T) {
	const target = "http://joe:hunter2@music.example/media/sesame-0123456789abcdef/7/seg.m4s?tok=sesame&x=1"
	h := func(answer func(w http.ResponseWriter, r *http.Request)) http.HandlerFunc { return answer }
	for name, handler := range map[string]http.HandlerFunc{
		"echoed": h(func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "no access to "+r.URL.String()+" for "+r.Header.Get("Authorization")+" or sesame", http.StatusForbidden)
		}),
		"500":     h(func(w http.ResponseWriter, r *http.Request) { http.Error(w, r.RequestURI, 500) }),
		"hang-up": h(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
		"bad location": h(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "http://[x?tok=sesame")
			w.WriteHeader(302)
		}),
		"other scheme": h(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "ftp://joe:hunter2@x/?tok=sesame")
			w.WriteHeader(302)
		}),
		"cut": h((&resource{body: music(100), each: 10, noRange: true}).serve),
	} {
		onNetwork(t, handler, func(t *testing.T, n *network) {
			var text bytes.Buffer
			c := n.client(Options{Logger: slog.New(slog.NewTextHandler(&text, nil))})
			_, err := c.Get(t.Context(), Request{URL: target, Header: http.Header{"Authorization": {"Bearer sesame-in-header"}}})
			if err == nil {
				t.Fatal("no error")
			}
			noSecrets(t, name, err.Error())
			noSecrets(t, name+" (log)", text.String())
			var status *StatusError
			if errors.As(err, &status) {
				noSecrets(t, name, status.URL+status.Excerpt)
			}
			if !strings.Contains(err.Error(), "http://music.example/media/…/7/seg.m4s") {
				t.Errorf("%s doesn't say where: %v", name, err)
			}
		})
	}
}

// After a change of network all idle connections are dead and none says so: one timeout must be enough.
func TestDeadConnections(t *testing.T) {
	s := &resource{body: music(1000)}
	var dead atomic.Bool
	var fresh atomic.Int32
	onNetwork(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Join") != "" {
			// So that each of them needs a connection of its own.
			//house:ignore sleep the network is one of testing/synctest, whose time is free
			time.Sleep(time.Second)
		}
		if dead.Load() && fresh.Load() == 0 {
			<-r.Context().Done()
			return
		}
		s.serve(w, r)
	}, func(t *testing.T, n *network) {
		c := n.client(Options{})
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				if _, err := c.Get(t.Context(), Request{URL: address, Header: http.Header{"X-Join": {"1"}}}); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		dead.Store(true)
		dial := n.transport.DialContext
		n.transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			fresh.Add(1)
			return dial(ctx, network, addr)
		}
		resp, err := c.Get(t.Context(), Request{URL: address})
		if err != nil {
			t.Fatal(err)
		}
		if resp.Attempts != 2 || fresh.Load() != 1 {
			t.Errorf("%d attempts, %d new connections", resp.Attempts, fresh.Load())
		}
	})
}
