package hls

import (
	"bytes"
	"strings"
	"time"

	"github.com/segue-audio/segue/player/manifest"
)

// lineReader gives the lines of a playlist, trimmed, without the empty ones.
type lineReader struct {
	rest   []byte
	number int // of the line given last, from 1
}

func (r *lineReader) next() (line string, ok bool, err error) {
	for len(r.rest) > 0 {
		r.number++
		raw, rest, _ := bytes.Cut(r.rest, []byte{'\n'})
		r.rest = rest
		if len(raw) > manifest.MaxLineBytes {
			return "", false, overLimit("line of %d bytes", len(raw))
		}
		if raw = bytes.TrimSpace(raw); len(raw) > 0 {
			return string(raw), true, nil
		}
	}
	return "", false, nil
}

// isTag tells a tag from a comment (RFC 8216, 4.1).
func isTag(line string) bool { return strings.HasPrefix(line, "#EXT") }

// splitTag splits "#NAME:value".
func splitTag(line string) (name, value string) {
	name, value, _ = strings.Cut(line[1:], ":")
	return strings.TrimSpace(name), strings.TrimSpace(value)
}

// attribute is one of an attribute list (RFC 8216, 4.2).
type attribute struct {
	name, value string
	quoted      bool
}

type attributes []attribute

func (a attributes) get(name string) (string, bool) {
	for i := range a {
		if a[i].name == name {
			return a[i].value, true
		}
	}
	return "", false
}

// value is get where "" serves for absence.
func (a attributes) value(name string) string {
	v, _ := a.get(name)
	return v
}

// yes tells whether an enumerated attribute is YES.
func (a attributes) yes(name string) bool { return a.value(name) == "YES" }

// seconds is parseSeconds of an attribute; zero where it is absent.
func (a attributes) seconds(name string) (time.Duration, error) {
	s, ok := a.get(name)
	if !ok {
		return 0, nil
	}
	d, err := parseSeconds(s, maxSpan)
	return d, in(name, err)
}

// attributes takes an attribute list apart and puts variables in place. Empty items (stray commas) are
// forgiven; an unfinished quotation is not, since that is what a cut line looks like.
func (p *parser) attributes(list string) (attributes, error) {
	var out attributes
	for {
		list = strings.TrimLeft(list, ", \t")
		if list == "" {
			return out, nil
		}
		name, rest, ok := strings.Cut(list, "=")
		name = strings.TrimSpace(name)
		if !ok || strings.ContainsAny(name, `,"`) || name == "" {
			return nil, malformed("attribute without a value: %.40q", list)
		}
		a := attribute{name: name}
		rest = strings.TrimLeft(rest, " \t")
		if strings.HasPrefix(rest, `"`) {
			a.quoted = true
			if a.value, rest, ok = strings.Cut(rest[1:], `"`); !ok {
				return nil, malformed("attribute %.40s: no closing quotation mark", name)
			}
			if rest = strings.TrimLeft(rest, " \t"); rest != "" && rest[0] != ',' {
				return nil, malformed("attribute %.40s: text after the quotation mark", name)
			}
		} else {
			a.value, rest, _ = strings.Cut(rest, ",")
			if a.value = strings.TrimSpace(a.value); strings.Contains(a.value, `"`) {
				return nil, malformed("attribute %.40s: stray quotation mark", name)
			}
		}
		if _, dup := out.get(name); dup {
			return nil, malformed("attribute %.40s twice", name)
		}
		if len(out) >= maxAttributes {
			return nil, overLimit("more than %d attributes", maxAttributes)
		}
		// Variables are put into quoted strings and hexadecimal sequences (8216bis, 4.3).
		if a.quoted || strings.HasPrefix(a.value, "0x") {
			var err error
			if a.value, err = p.vars.expand(a.value); err != nil {
				return nil, err
			}
		}
		out = append(out, a)
		list = rest
	}
}

// parseInt reads a decimal-integer, which has no sign (RFC 8216, 4.2).
func parseInt(s string) (int64, error) {
	if s == "" {
		return 0, malformed("a number is missing")
	}
	var n int64
	for i := range len(s) {
		c := s[i]
		if c < '0' || c > '9' {
			return 0, malformed("%.40q is not a whole number", s)
		}
		if n > (maxInt-int64(c-'0'))/10 {
			return 0, overLimit("%.40s is too large", s)
		}
		n = n*10 + int64(c-'0')
	}
	return n, nil
}

// maxInt bounds every integer of a playlist, so that the sum of two does not overflow.
const maxInt = 1 << 62

// maxSpan bounds what is longer than a segment: ten years.
const maxSpan = 87_600 * time.Hour

// parseSeconds reads a decimal-floating-point number of seconds, exactly, to the nanosecond (digits past
// that are cut off).
func parseSeconds(s string, most time.Duration) (time.Duration, error) {
	whole, fraction, _ := strings.Cut(s, ".") // "10." is forgiven
	if whole == "" && fraction != "" {
		whole = "0"
	}
	sec, err := parseInt(whole)
	if err != nil {
		return 0, err
	}
	if sec > int64(most/time.Second) {
		return 0, overLimit("%.40s s is longer than %s", s, most)
	}
	d := time.Duration(sec) * time.Second
	unit := time.Second
	for i := range len(fraction) {
		c := fraction[i]
		if c < '0' || c > '9' {
			return 0, malformed("%.40q is not a number of seconds", s)
		}
		unit /= 10
		d += time.Duration(c-'0') * unit
	}
	if d > most {
		return 0, overLimit("%.40s s is longer than %s", s, most)
	}
	return d, nil
}
