package dash

import (
	"strconv"
	"strings"

	"github.com/segue-audio/segue/player/manifest/internal/address"
)

// maxWidth bounds the width of a number in a URL.
const maxWidth = 64

// template is a URL with identifiers between dollar signs (ISO 23009-1, 5.3.9.4.4).
type template []templatePart

type templatePart struct {
	literal string
	what    string // Number, Time, SubNumber; "" for a literal
	width   int
}

// parseTemplate takes a template apart, and puts what doesn't change for a representation in its place.
func parseTemplate(s string, r *representation) (template, error) {
	var t template
	literal := ""
	for {
		before, rest, found := strings.Cut(s, "$")
		literal += before
		if !found {
			if literal != "" {
				t = append(t, templatePart{literal: literal})
			}
			return t, nil
		}
		name, behind, closed := strings.Cut(rest, "$")
		if !closed {
			return nil, malformed("template with an odd number of dollar signs: %.80q", s)
		}
		s = behind
		if name == "" {
			literal += "$"
			continue
		}
		name, format, _ := strings.Cut(name, "%")
		width, err := parseWidth(format)
		if err != nil {
			return nil, err
		}
		switch name {
		case "RepresentationID":
			literal += r.id
		case "Bandwidth":
			literal += padded(int64(r.bitrate), width)
		case "Number", "Time", "SubNumber":
			if literal != "" {
				t = append(t, templatePart{literal: literal})
			}
			literal = ""
			t = append(t, templatePart{what: name, width: width})
		default:
			return nil, malformed("template with an unknown identifier: %.40q", name)
		}
		if len(literal) > address.MaxBytes || len(t) > 100 {
			return nil, overLimit("template of more than %d bytes", address.MaxBytes)
		}
	}
}

// parseWidth reads the format behind an identifier: "05d". "" is none.
func parseWidth(format string) (int, error) {
	if format == "" {
		return 1, nil
	}
	digits, ok := strings.CutSuffix(format, "d")
	width, err := strconv.Atoi(digits)
	if !ok || err != nil || !strings.HasPrefix(digits, "0") || width < 0 {
		return 0, malformed("template with the format %.40q", format)
	}
	if width > maxWidth {
		return 0, overLimit("template with a number of %d digits", width)
	}
	return width, nil
}

func padded(n int64, width int) string {
	s := strconv.FormatInt(n, 10)
	return strings.Repeat("0", max(0, width-len(s))) + s
}

// expand gives the URL of one segment.
func (t template) expand(s slot) string {
	size := 0
	for _, part := range t {
		if size += len(part.literal); part.what != "" {
			size += max(part.width, 20)
		}
	}
	var b strings.Builder
	b.Grow(size)
	for _, part := range t {
		n := s.number
		switch part.what {
		case "":
			b.WriteString(part.literal)
			continue
		case "Time":
			n = s.time
		case "SubNumber":
			n = s.sub
		}
		var digits [20]byte
		text := strconv.AppendInt(digits[:0], n, 10)
		for range part.width - len(text) {
			b.WriteByte('0')
		}
		b.Write(text)
	}
	return b.String()
}

// uses tells whether a template has an identifier.
func (t template) uses(what string) bool {
	for _, part := range t {
		if part.what == what {
			return true
		}
	}
	return false
}

// inQuery tells whether identifiers stand in the query, so that without it one name is that of all.
func inQuery(s string) bool {
	_, query, ok := strings.Cut(s, "?")
	return ok && strings.Contains(query, "$")
}
