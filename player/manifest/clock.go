package manifest

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// clockSchemes are the ways to learn the time over HTTP that UTCTiming names, less the year at the end.
var clockSchemes = map[string]func(http.Header, []byte) (time.Time, error){
	"urn:mpeg:dash:utc:http-head:":   func(h http.Header, _ []byte) (time.Time, error) { return http.ParseTime(h.Get("Date")) },
	"urn:mpeg:dash:utc:http-xsdate:": func(_ http.Header, body []byte) (time.Time, error) { return parseWallClock(body) },
	"urn:mpeg:dash:utc:http-iso:":    func(_ http.Header, body []byte) (time.Time, error) { return parseWallClock(body) },
	"urn:mpeg:dash:utc:http-ntp:":    func(_ http.Header, body []byte) (time.Time, error) { return parseNTP(body) },
}

// ReadsClock tells whether Clock.Read knows a scheme.
func ReadsClock(scheme string) bool { return clockScheme(scheme) != nil }

func clockScheme(scheme string) func(http.Header, []byte) (time.Time, error) {
	return clockSchemes[scheme[:strings.LastIndexByte(scheme, ':')+1]]
}

// Head tells whether a HEAD request is enough to read the clock.
func (c *Clock) Head() bool { return strings.HasPrefix(c.Scheme, "urn:mpeg:dash:utc:http-head:") }

// Read gives the time of an answer to a request for the clock's URL (ISO 23009-1, 5.8.4.11). The error wraps
// ErrFormat, or ErrUnsupported for a scheme that ReadsClock doesn't know.
func (c *Clock) Read(h http.Header, body []byte) (time.Time, error) {
	read := clockScheme(c.Scheme)
	if read == nil {
		return time.Time{}, fmt.Errorf("%w: clock %.80q", ErrUnsupported, c.Scheme)
	}
	t, err := read(h, body)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: clock: %w", ErrFormat, err)
	}
	return t.UTC(), nil
}

// parseWallClock reads an ISO 8601 date with a time; one without a zone is UTC.
func parseWallClock(body []byte) (time.Time, error) {
	s := strings.TrimSpace(string(body[:min(len(body), 100)]))
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t, err = time.Parse("2006-01-02T15:04:05.999999999", s)
	}
	return t, err
}

// parseNTP reads an NTP timestamp (RFC 5905, 6): 64 bits, of which the upper 32 are seconds since 1900.
func parseNTP(body []byte) (time.Time, error) {
	if len(body) < 8 {
		return time.Time{}, fmt.Errorf("NTP timestamp of %d bytes", len(body))
	}
	const from1900To1970 = 2_208_988_800
	seconds := int64(binary.BigEndian.Uint32(body))
	fraction := int64(binary.BigEndian.Uint32(body[4:]))
	if seconds < from1900To1970 { // era 1, from 2036 on
		seconds += 1 << 32
	}
	return time.Unix(seconds-from1900To1970, fraction*1e9>>32), nil
}
