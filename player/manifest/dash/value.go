package dash

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// maxTime bounds every moment and stretch of time: 73 years, so that MPDs whose time begins in 1970 are well
// within it and the sum of three doesn't overflow.
const maxTime = time.Duration(1 << 61)

// span is a stretch of time as an MPD writes it.
type span struct {
	time.Duration
	slack  time.Duration // how far off it may be because it was rounded
	digits int           // behind the point
	known  bool
}

// duration reads an attribute of type xs:duration.
func (n *node) duration(name string) (span, error) {
	s, ok := n.attr(name)
	if !ok {
		return span{}, nil
	}
	d, digits, err := parseDuration(s)
	if err != nil {
		return span{}, in(n, name, err)
	}
	return span{d, slackOf(digits), digits, true}, nil
}

// coarsest is the most that is taken for rounding. "PT5.5S" may be exact.
const coarsest = time.Millisecond

// slackOf is how far off a time with so many digits behind the point may be. Microseconds tell every frame.
func slackOf(digits int) time.Duration {
	slack := coarsest
	for i := 3; i < digits; i++ {
		slack /= 10
	}
	if slack <= time.Microsecond {
		return 0
	}
	return slack
}

// parseDuration reads an xs:duration; a year counts as 365 days and a month as 30. digits is how many
// there are behind the seconds' point.
func parseDuration(s string) (d time.Duration, digits int, err error) {
	rest, ok := strings.CutPrefix(s, "P")
	if !ok || rest == "" {
		return 0, 0, malformed("duration %.40q", s)
	}
	day := 24 * time.Hour
	date, clock, timed := strings.Cut(rest, "T")
	units := []struct {
		letter byte
		part   *string
		unit   time.Duration
	}{
		{'Y', &date, 365 * day}, {'M', &date, 30 * day}, {'W', &date, 7 * day}, {'D', &date, day},
		{'H', &clock, time.Hour}, {'M', &clock, time.Minute}, {'S', &clock, time.Second},
	}
	if timed && clock == "" {
		return 0, 0, malformed("duration %.40q", s)
	}
	for _, u := range units {
		number, behind, found := strings.Cut(*u.part, string(u.letter))
		if !found {
			continue
		}
		*u.part = behind
		n, places, err := decimal(number, u.unit)
		if err != nil {
			return 0, 0, err
		}
		digits = places
		if d += n; d > maxTime {
			return 0, 0, overLimit("duration %.40q", s)
		}
	}
	if date != "" || clock != "" {
		return 0, 0, malformed("duration %.40q", s)
	}
	return d, digits, nil
}

// decimal reads digits with an optional fraction as a count of units, to the nanosecond.
func decimal(s string, unit time.Duration) (d time.Duration, places int, err error) {
	whole, fraction, _ := strings.Cut(strings.ReplaceAll(s, ",", "."), ".")
	if whole == "" && fraction == "" {
		return 0, 0, malformed("number %.40q", s)
	}
	for _, c := range whole + fraction {
		if c < '0' || c > '9' {
			return 0, 0, malformed("number %.40q", s)
		}
	}
	whole = strings.TrimLeft(whole, "0")
	n := int64(0)
	if whole != "" {
		if n, err = strconv.ParseInt(whole, 10, 64); err != nil || n > int64(maxTime/unit) {
			return 0, 0, overLimit("%.40q", s)
		}
	}
	d = time.Duration(n) * unit
	scale := unit
	for _, c := range fraction {
		if scale /= 10; scale == 0 {
			break
		}
		d += time.Duration(c-'0') * scale
	}
	return d, len(fraction), nil
}

// time reads an attribute of type xs:dateTime; one without a zone is UTC. Zero where it is absent.
func (n *node) time(name string) (time.Time, error) {
	s, ok := n.attr(name)
	if !ok {
		return time.Time{}, nil
	}
	t, err := parseTime(s)
	if err != nil {
		return t, in(n, name, err)
	}
	return t, nil
}

func parseTime(s string) (time.Time, error) {
	for _, layout := range []string{"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04:05.999999999Z0700"} {
		if t, err := time.Parse(layout, s); err == nil {
			if t.Year() < 1900 || t.Year() > 2200 {
				return time.Time{}, overLimit("time %.40q", s)
			}
			return t.UTC(), nil
		}
	}
	return time.Time{}, malformed("time %.40q", s)
}

// parseUint reads a count of ticks, bytes or the like.
func parseUint(s string) (int64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, malformed("number %.40q", s)
	}
	if n > 1<<60 {
		return 0, overLimit("number %.40q", s)
	}
	return int64(n), nil
}

// uint reads an attribute that is a count; otherwise where it is absent.
func (n *node) uint(name string, otherwise int64) (int64, error) {
	s, ok := n.attr(name)
	if !ok {
		return otherwise, nil
	}
	v, err := parseUint(s)
	if err != nil {
		return 0, in(n, name, err)
	}
	return v, nil
}

// seconds reads an attribute that is a count of seconds, or INF for more than any.
func (n *node) seconds(name string) (span, error) {
	s, ok := n.attr(name)
	if !ok {
		return span{}, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) {
		return span{}, in(n, name, malformed("number %.40q", s))
	}
	f = max(min(f, maxTime.Seconds()/2), -maxTime.Seconds()/2)
	return span{Duration: time.Duration(f * float64(time.Second)), known: true}, nil
}

// byteRange reads "first-last" (RFC 9110, 14.1.1) as an offset and a length; the length is zero where the end is open.
func byteRange(s string) (offset, length int64, err error) {
	first, last, ok := strings.Cut(strings.TrimSpace(s), "-")
	if !ok {
		return 0, 0, malformed("byte range %.40q", s)
	}
	if offset, err = parseUint(first); err != nil || last == "" {
		return offset, 0, err
	}
	end, err := parseUint(last)
	if err == nil && end < offset {
		err = malformed("byte range %.40q", s)
	}
	return offset, end - offset + 1, err
}
