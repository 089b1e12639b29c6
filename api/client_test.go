package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// service answers requests in the process.
type service func(*http.Request) (*http.Response, error)

func (s service) RoundTrip(r *http.Request) (*http.Response, error) { return s(r) }

func reply(r *http.Request, status int, kind, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}
}

func ok(r *http.Request, body string) (*http.Response, error) {
	return reply(r, 200, "application/json", body), nil
}

func client(t testing.TB, s service, opt Options) *Client {
	t.Helper()
	opt.HTTP = &http.Client{Transport: s}
	c, err := New("http://music.test/base/", opt)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRequests(t *testing.T) {
	var got []string
	c := client(t, func(r *http.Request) (*http.Response, error) {
		got = append(got, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Authorization"))
		if strings.HasSuffix(r.URL.Path, "/cover") {
			return reply(r, 200, "image/png", "\x89PNG"), nil
		}
		return ok(r, `{"id":"x","manifest_url":"/media/m.m3u8"}`)
	}, Options{Token: "T"})
	ctx := context.Background()
	_, err1 := c.Track(ctx, "a/../b?c")
	_, err2 := c.Album(ctx, "..")
	_, err3 := c.Search(ctx, "a&b", 5)
	pic, kind, err4 := c.Cover(ctx, "é")
	p, err5 := c.Playback(ctx, "id")
	_, err6 := c.TrackPage(ctx, "", 0)
	if err := errors.Join(err1, err2, err3, err4, err5, err6); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"GET /base/v1/tracks/a%2F..%2Fb%3Fc Bearer T",
		"GET /base/v1/albums/%2E%2E Bearer T",
		"GET /base/v1/search?limit=5&q=a%26b Bearer T",
		"GET /base/v1/albums/%C3%A9/cover Bearer T",
		"POST /base/v1/tracks/id/playback Bearer T",
		"GET /base/v1/tracks Bearer T",
	}
	if !slices.Equal(got, want) {
		t.Errorf("asked for\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if string(pic) != "\x89PNG" || kind != "image/png" {
		t.Errorf("cover %q of type %q", pic, kind)
	}
	if p.ManifestURL != "http://music.test/media/m.m3u8" {
		t.Errorf("manifest %q", p.ManifestURL)
	}
}

func TestBaseURL(t *testing.T) {
	for _, bad := range []string{"", "music.test", "ftp://music.test", "http://", "http://a b", "file:///etc"} {
		if _, err := New(bad, Options{}); err == nil {
			t.Errorf("%q was taken for a base URL", bad)
		}
	}
}

// A service behind a proxy may not know what it is called outside: its relative path is right all
// the same.
func TestManifestPath(t *testing.T) {
	c := client(t, func(r *http.Request) (*http.Response, error) {
		return ok(r, `{"manifest_url":"http://inside.test/media/m.m3u8","manifest_path":"../../../media/m.m3u8",`+
			`"dash_url":"http://inside.test/media/m.mpd","dash_path":"../../../media/m.mpd"}`)
	}, Options{})
	p, err := c.Playback(context.Background(), "x")
	if err != nil || p.ManifestURL != "http://music.test/base/media/m.m3u8" || p.DASHURL != "http://music.test/base/media/m.mpd" {
		t.Errorf("%q, %q, %v", p.ManifestURL, p.DASHURL, err)
	}
}

func TestErrors(t *testing.T) {
	answer := func(status int, kind, body string) error {
		n := 0
		c := client(t, func(r *http.Request) (*http.Response, error) { n++; return reply(r, status, kind, body), nil }, Options{})
		_, err := c.Track(context.Background(), "x")
		if n != 1 {
			t.Errorf("status %d was asked for %d times", status, n)
		}
		return err
	}
	err := answer(404, "application/problem+json; charset=utf-8", `{"title":"Not Found","status":404,"detail":"no such track","code":"not_found"}`)
	var e *Error
	if !errors.As(err, &e) || *e != (Error{404, CodeNotFound, "Not Found", "no such track"}) || !IsNotFound(err) || IsUnauthorised(err) {
		t.Errorf("%v: %+v", err, e)
	}
	if want := "api: track: Not Found: no such track (HTTP 404)"; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
	if err := answer(401, "text/html", "<html>"); !IsUnauthorised(err) || err.Error() != "api: track: Unauthorized (HTTP 401)" {
		t.Errorf("%v", err)
	}
	if err := answer(400, "application/json", "{"); !errors.As(err, &e) || e.Status != 400 {
		t.Errorf("%v", err)
	}
	if err := answer(403, "application/problem+json", `{"detail":"`+strings.Repeat("x", 5000)+`"}`); !errors.As(err, &e) || len(e.Detail) > 600 {
		t.Errorf("%d bytes of detail", len(e.Detail))
	}
	for _, body := range []string{"", "{", "[]", `"x"`, `{"id":1}`, `{} {}`, "{}x"} {
		if err := answer(200, "application/json", body); err == nil {
			t.Errorf("%q was taken for a track", body)
		}
	}
}

func TestManifestURLs(t *testing.T) {
	for _, bad := range []string{"", "%", "javascript:x", "file:///etc/passwd", "http://[::1"} {
		c := client(t, func(r *http.Request) (*http.Response, error) {
			return ok(r, fmt.Sprintf(`{"manifest_url":%q}`, bad))
		}, Options{})
		if p, err := c.Playback(context.Background(), "x"); err == nil {
			t.Errorf("%q gave %q", bad, p.ManifestURL)
		}
	}
}

// What may pass is tried again, at growing distances; time is the bubble's own.
func TestRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		begin := time.Now()
		fails := []func(*http.Request) (*http.Response, error){
			func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
			func(r *http.Request) (*http.Response, error) { return reply(r, 503, "", ""), nil },
			func(r *http.Request) (*http.Response, error) {
				resp := reply(r, 429, "", "")
				resp.Header.Set("Retry-After", "3")
				return resp, nil
			},
			func(r *http.Request) (*http.Response, error) { // cut off amid the body
				resp := reply(r, 200, "application/json", "")
				resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"id":`), errReader{}))
				return resp, nil
			},
		}
		c := client(t, func(r *http.Request) (*http.Response, error) {
			at = append(at, time.Since(begin))
			if n := len(at); n <= len(fails) {
				return fails[n-1](r)
			}
			return ok(r, `{"id":"x"}`)
		}, Options{Retry: Retry{Attempts: 5, Base: time.Second}})
		tr, err := c.Track(t.Context(), "x")
		if err != nil || tr.ID != "x" {
			t.Fatalf("%+v, %v", tr, err)
		}
		for i, span := range [][2]time.Duration{{500, 1000}, {1000, 2000}, {3000, 4000}, {2500, 5000}} {
			if d := at[i+1] - at[i]; d < span[0]*time.Millisecond || d > span[1]*time.Millisecond {
				t.Errorf("wait %d was %v, want %v to %v ms", i, d, int64(span[0]), int64(span[1]))
			}
		}
	})
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestRetryEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		down := func(r *http.Request) (*http.Response, error) { n++; return reply(r, 500, "", ""), nil }
		c := client(t, down, Options{})
		var e *Error
		if _, err := c.Track(t.Context(), "x"); !errors.As(err, &e) || e.Status != 500 || n != 4 {
			t.Errorf("%d attempts, %v", n, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond) // shorter than the first wait
		defer cancel()
		n = 0
		begin := time.Now()
		if _, err := c.Track(ctx, "x"); !errors.Is(err, context.DeadlineExceeded) || n != 1 || time.Since(begin) != 100*time.Millisecond {
			t.Errorf("%d attempts in %v, %v", n, time.Since(begin), err)
		}
		// A service that never answers costs one timeout an attempt, and no more.
		hung := client(t, func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() },
			Options{Timeout: time.Second, Retry: Retry{Attempts: 2, Base: time.Millisecond}})
		begin = time.Now()
		if _, err := hung.Track(t.Context(), "x"); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin).Round(time.Second) != 2*time.Second {
			t.Errorf("hung for %v, %v", time.Since(begin), err)
		}
	})
}

func TestBodyLimit(t *testing.T) {
	n := 0
	c := client(t, func(r *http.Request) (*http.Response, error) {
		n++
		resp := reply(r, 200, "application/json", "")
		resp.Body = io.NopCloser(endless{})
		return resp, nil
	}, Options{})
	if _, err := c.Track(context.Background(), "x"); !errors.Is(err, ErrTooLarge) || n != 1 {
		t.Errorf("%d attempts, %v", n, err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestPaging(t *testing.T) {
	pages := map[string]string{
		"":  `{"items":[{"id":"1"},{"id":"2"}],"next_cursor":"a"}`,
		"a": `{"items":[],"next_cursor":"b"}`,
		"b": `{"items":[{"id":"3"}]}`,
	}
	var asked []string
	c := client(t, func(r *http.Request) (*http.Response, error) {
		cursor := r.URL.Query().Get("cursor")
		asked = append(asked, cursor)
		return ok(r, pages[cursor])
	}, Options{})
	var ids []string
	for tr, err := range c.Tracks(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, tr.ID)
	}
	if strings.Join(ids, "") != "123" {
		t.Errorf("walked %v", ids)
	}
	asked = nil
	for range c.Albums(context.Background()) {
		break
	}
	if len(asked) != 1 {
		t.Errorf("after a break %d pages were asked for", len(asked))
	}
	pages["b"] = `{"items":[],"next_cursor":"b"}` // would go on for ever
	var last error
	for _, err := range c.Tracks(context.Background()) {
		last = err
	}
	if last == nil {
		t.Error("a cursor that leads to itself gave no error")
	}
}

// No answer, whatever is in it, may bring the client down or come out as what it isn't.
func FuzzAnswers(f *testing.F) {
	f.Add(200, "application/json", []byte(`{"id":"x","duration_ms":5,"track_gain_db":-6.5}`))
	f.Add(200, "application/json", []byte(`{"items":[{"id":"1"}],"next_cursor":"a"}`))
	f.Add(200, "application/json", []byte(`{"manifest_url":"../m.m3u8","expires_at":"2026-01-01T00:00:00Z"}`))
	f.Add(404, "application/problem+json", []byte(`{"title":"x","status":404}`))
	f.Add(500, "text/html; q", []byte("<html>"))
	f.Fuzz(func(t *testing.T, status int, kind string, body []byte) {
		if status < 200 || status > 599 || status >= 300 && status < 400 {
			return // net/http takes care of those
		}
		c := client(t, func(r *http.Request) (*http.Response, error) {
			resp := reply(r, status, kind, "")
			resp.Body = io.NopCloser(bytes.NewReader(body))
			return resp, nil
		}, Options{Retry: Retry{Attempts: 1}})
		ctx := context.Background()
		_, err := c.Track(ctx, "x")
		if status != 200 {
			var e *Error
			if !errors.As(err, &e) || e.Status != status || e.Error() == "" {
				t.Errorf("status %d gave %v", status, err)
			}
		}
		if p, err := c.Playback(ctx, "x"); err == nil && !strings.HasPrefix(p.ManifestURL, "http") {
			t.Errorf("manifest %q", p.ManifestURL)
		}
		n := 0
		for range c.Tracks(ctx) {
			if n++; n > 100_000 {
				t.Fatal("the walk doesn't end")
			}
		}
		if found, err := c.Search(ctx, "x", 1); err != nil && len(found.Tracks) > 0 && status != 200 {
			t.Error("results with an error")
		}
	})
}
