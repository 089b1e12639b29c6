package manifest_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/manifest"
)

func TestClock(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 30, 0, 250_000_000, time.UTC)
	ntp := "\xee\xad\x5e\xc8\x40\x00\x00\x00" // seconds since 1900, and a quarter
	dated := http.Header{"Date": {"Sun, 22 Nov 2026 12:30:00 GMT"}}
	for _, c := range []struct {
		scheme, body string
		want         time.Time
		err          error
	}{
		{"urn:mpeg:dash:utc:http-xsdate:2014", " 2026-11-22T12:30:00.25Z\n", at, nil},
		{"urn:mpeg:dash:utc:http-iso:2014", "2026-11-22T14:30:00.25+02:00", at, nil},
		{"urn:mpeg:dash:utc:http-iso:2014", "2026-11-22T12:30:00.25", at, nil},
		{"urn:mpeg:dash:utc:http-ntp:2014", ntp, at, nil},
		{"urn:mpeg:dash:utc:http-head:2014", "", at.Truncate(time.Second), nil},
		{"urn:mpeg:dash:utc:http-iso:2014", "noon", time.Time{}, manifest.ErrFormat},
		{"urn:mpeg:dash:utc:http-ntp:2014", ntp[:7], time.Time{}, manifest.ErrFormat},
		{"urn:mpeg:dash:utc:sntp:2014", ntp, time.Time{}, manifest.ErrUnsupported},
		{"", ntp, time.Time{}, manifest.ErrUnsupported},
	} {
		clock := manifest.Clock{Scheme: c.scheme}
		got, err := clock.Read(dated, []byte(c.body))
		if !got.Equal(c.want) || !errors.Is(err, c.err) {
			t.Errorf("%s %q: %v, %v; want %v, %v", c.scheme, c.body, got, err, c.want, c.err)
		}
		if manifest.ReadsClock(c.scheme) == errors.Is(c.err, manifest.ErrUnsupported) {
			t.Errorf("%s: ReadsClock says otherwise than Read", c.scheme)
		}
	}
}

// FuzzClock reads anything as a clock of every kind.
func FuzzClock(f *testing.F) {
	f.Add("2026-11-22T12:30:00Z", "Sun, 22 Nov 2026 12:30:00 GMT")
	f.Add("\xee\xad\x5e\xc8\x40\x00\x00\x00", "")
	f.Fuzz(func(t *testing.T, body, date string) {
		for _, kind := range []string{"head", "xsdate", "iso", "ntp"} {
			clock := manifest.Clock{Scheme: "urn:mpeg:dash:utc:http-" + kind + ":2014"}
			if _, err := clock.Read(http.Header{"Date": {date}}, []byte(body)); err != nil && !errors.Is(err, manifest.ErrFormat) {
				t.Errorf("%s: %v", kind, err)
			}
		}
	})
}
