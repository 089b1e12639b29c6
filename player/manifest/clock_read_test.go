package manifest

import (
	"errors"
	"net/http"
	"testing"
	"time"
)

// TestClockRead: each scheme gives the same moment, and what isn't a time is said to be none.
func TestClockRead(t *testing.T) {
	want := time.Date(2026, 11, 22, 13, 30, 15, 0, time.UTC)
	seconds := uint32(want.Unix() + 2_208_988_800)
	ntp := []byte{byte(seconds >> 24), byte(seconds >> 16), byte(seconds >> 8), byte(seconds), 0, 0, 0, 0}
	for _, c := range []struct {
		scheme string
		head   http.Header
		body   []byte
	}{
		{"urn:mpeg:dash:utc:http-head:2014", http.Header{"Date": {"Sun, 22 Nov 2026 13:30:15 GMT"}}, nil},
		{"urn:mpeg:dash:utc:http-xsdate:2014", nil, []byte("2026-11-22T14:30:15+01:00\n")},
		{"urn:mpeg:dash:utc:http-iso:2014", nil, []byte("2026-11-22T13:30:15")},
		{"urn:mpeg:dash:utc:http-ntp:2014", nil, ntp},
	} {
		clock := Clock{Scheme: c.scheme}
		if got, err := clock.Read(c.head, c.body); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v", c.scheme, got, err)
		}
		if _, err := clock.Read(nil, []byte("?")); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", c.scheme, err)
		}
	}
	// The 32 bits of NTP begin anew in 2036.
	later := Clock{Scheme: "urn:mpeg:dash:utc:http-ntp:2014"}
	if got, err := later.Read(nil, []byte{0, 0, 0, 1, 0x80, 0, 0, 0}); err != nil || !got.Equal(time.Date(2036, 2, 7, 6, 28, 17, 5e8, time.UTC)) {
		t.Errorf("%v, %v", got, err)
	}
	unknown := Clock{Scheme: "urn:mpeg:dash:utc:sntp:2014"}
	if _, err := unknown.Read(nil, nil); !errors.Is(err, ErrUnsupported) || ReadsClock(unknown.Scheme) {
		t.Errorf("%v", err)
	}
}
