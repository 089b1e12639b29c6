package fetch

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestParseContentRange(t *testing.T) {
	for s, want := range map[string]contentRange{
		"bytes 0-9/100":      {0, 9, 100},
		"BYTES 99-99/100":    {99, 99, 100},
		"bytes 5-1000/*":     {5, 1000, -1},
		"bytes */100":        {-1, -1, 100},
		"bytes */0":          {-1, -1, 0},
		"bytes 0-0/1":        {0, 0, 1},
		"bytes 00-09/000100": {0, 9, 100},
	} {
		if got, err := parseContentRange(s); err != nil || got != want {
			t.Errorf("%q: %+v, %v", s, got, err)
		}
	}
	for _, s := range []string{
		"", "bytes", "bytes ", "bytes 0-9", "bytes /", "bytes */*", "bytes -/5", "bytes 9-5/100", "bytes 0-100/100", "bytes +0-9/100",
		"bytes 0-9/+100", "bytes -5-9/100", "bytes 0--9/100", "items 0-9/100", "bytes 0-9/100, 20-29/100", "bytes 0-9/99999999999999999999",
		"bytes 0-9/9223372036854775807", "bytes 0x0-0x9/100", "bytes 0-9/1e2", "bytes  0-9/100", "bytes 0 - 9/100",
	} {
		if got, err := parseContentRange(s); !errors.Is(err, ErrRange) {
			t.Errorf("%q: %+v, %v", s, got, err)
		}
	}
}

func FuzzParseContentRange(f *testing.F) {
	for _, s := range []string{"bytes 0-9/100", "bytes */100", "bytes 5-6/*", "bytes 9-5/1", "", "bytes 0-0/1152921504606846976"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := parseContentRange(s)
		if err != nil {
			if !errors.Is(err, ErrRange) {
				t.Errorf("error of another kind: %v", err)
			}
			return
		}
		unsatisfied := r.first == -1 && r.last == -1 && r.size >= 0
		if !unsatisfied && (r.first < 0 || r.last < r.first || (r.size != -1 && r.last >= r.size)) || r.last > maxOffset || r.size > maxOffset {
			t.Errorf("%q: %+v", s, r)
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"3", "-1", "Sat, 01 Jan 2000 00:00:07 GMT", "99999999999", ""} {
		f.Add(s)
	}
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		if d := retryAfter(http.Header{"Retry-After": {s}}, now); d < 0 {
			t.Errorf("%q: %v", s, d)
		}
	})
}

// FuzzExcerpt: no body makes an error show what the request kept secret.
func FuzzExcerpt(f *testing.F) {
	f.Add([]byte("no access to http://h/a?tok=sesame-abc for Bearer sesame-abc"))
	f.Add([]byte("\xff\x00sesame-\x01abc"))
	f.Add([]byte(strings.Repeat("sesame-abc", 100)))
	f.Add([]byte(strings.Repeat(" ", maxErrorPage-8) + "sesame-a"))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest(http.MethodGet, "http://h/a?tok=sesame-abc", nil)
		r.Header.Set("Authorization", "Bearer sesame-abc")
		s := excerpt(body, r)
		if strings.Contains(s, "sesame-abc") || (len(body) == maxErrorPage && strings.HasSuffix(s, "sesame-a")) || len(s) > maxExcerpt+len("…") || strings.ContainsAny(s, "\n\r\x00\x1b") {
			t.Errorf("%q", s)
		}
	})
}

func TestSafeURL(t *testing.T) {
	for in, want := range map[string]string{
		"http://h/a/b.flac":                       "http://h/a/b.flac",
		"https://u:p@h:8080/a?x=1#f":              "https://h:8080/a",
		"http://h/m/0123456789abcdef0123/t/s.m4s": "http://h/m/…/t/s.m4s",
		"http://h/key/0123456789abcdef0123":       "http://h/key/…",
		"http://h/a-long-name-for-a-song.flac":    "http://h/a-long-name-for-a-song.flac",
		"http://h/eyJhbGciOiJub25lIn0.eyJzdWIiOiJqb2UifQ.0123456789abcdef0123456789abcdef0123456789a": "http://h/…",
		"http://h": "http://h",
	} {
		u, err := url.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := SafeURL(u); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestNextPause(t *testing.T) {
	r := Retry{Rand: func() float64 { return 0.999999 }}.withDefaults()
	var sum time.Duration
	for failed, want := range []time.Duration{1: 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, 1600 * time.Millisecond, 2 * time.Second, 2 * time.Second} {
		if failed == 0 {
			continue
		}
		got, again := r.next(tally{failed, failed, sum}, ErrStalled)
		if !again || got > want || got < want-want/1000 {
			t.Errorf("pause %d: %v, %v; want %v", failed, got, again, want)
		}
		sum += got
	}
	if _, again := r.next(tally{1, 1, r.Budget + 1}, ErrStalled); again {
		t.Error("past the budget")
	}
	once := Retry{Attempts: 1}.withDefaults()
	if _, again := once.next(tally{1, 1, 0}, ErrStalled); again {
		t.Error("one attempt is one")
	}
	if _, again := once.next(tally{0, 1, 0}, ErrStalled); !again {
		t.Error("an attempt that brought bytes counts not")
	}
}
