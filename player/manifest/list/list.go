// Package list reads lists of music: M3U (without the tags that make it HLS), PLS, XSPF and ASX. Radio
// stations give them as their address, with a line for each server; programs that play files write them.
// It refuses what names no music, and looks nothing up: a list within a list is one of its Items.
package list

import (
	"bytes"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/segue-audio/segue/player/manifest"
)

// Limits on a list.
const (
	MaxBytes     = 16 << 20 // of text
	MaxItems     = 100_000
	MaxTextBytes = 4 << 10               // of a title; longer ones are cut
	MaxDuration  = 1000 * 24 * time.Hour // a longer one is taken for unknown
)

// ErrEmpty: there is no music in the list. It wraps manifest.ErrFormat.
var ErrEmpty = fmt.Errorf("%w: a list without music", manifest.ErrFormat)

// Item is one entry of a list.
type Item struct {
	Location      string // a URL, or a path, as written; it may be relative to the list's own
	Title, Artist string
	Duration      time.Duration // zero where unknown, as of a radio
}

// Format is how a list is written.
type Format int

// The formats.
const (
	None Format = iota // no list
	M3U
	PLS
	XSPF
	ASX
)

// headBytes is how much of a text is looked through for what it is.
const headBytes = 16 << 10

// Identify tells what a text is. An M3U that doesn't say so is known by naming nothing but http URLs; see Parse for
// those that are known by their file's name. An HLS playlist is None.
func Identify(text []byte) Format {
	text = bytes.TrimLeft(bytes.TrimPrefix(text, []byte("\ufeff")), " \t\r\n")
	head := text[:min(len(text), headBytes)]
	lower := bytes.ToLower(head)
	switch {
	case bytes.HasPrefix(lower, []byte("[playlist]")):
		return PLS
	case bytes.HasPrefix(lower, []byte("<asx")), bytes.HasPrefix(lower, []byte("<?xml")) && bytes.Contains(lower, []byte("<asx")):
		return ASX
	case bytes.HasPrefix(head, []byte("<")) && bytes.Contains(head, []byte("<playlist")):
		return XSPF
	case IsHLS(text):
		return None
	case bytes.HasPrefix(head, []byte("#EXTM3U")), urlsAlone(text):
		return M3U
	}
	return None
}

// IsHLS tells an HLS playlist from an M3U: it has tags that begin with EXT-X (RFC 8216, 4.3).
func IsHLS(text []byte) bool {
	return bytes.HasPrefix(text, []byte("#EXT-X-")) || bytes.Contains(text, []byte("\n#EXT-X-")) ||
		bytes.Contains(text, []byte("\r#EXT-X-"))
}

// urlsAlone tells whether a text has lines with URLs in it, and no others but comments.
func urlsAlone(text []byte) bool {
	some := false
	for line := range lines(string(text)) {
		switch {
		case line == "", strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "http://"), strings.HasPrefix(line, "https://"):
			some = true
		default:
			return false
		}
	}
	return some
}

// Parse reads a list of the format that Identify finds; what it doesn't know is read as M3U, for a list that is one
// by its name. The error wraps manifest.ErrFormat (ErrEmpty among them) or manifest.ErrLimit.
func Parse(text []byte) (items []Item, err error) {
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("%w: a list of %d bytes", manifest.ErrLimit, len(text))
	}
	switch format := Identify(text); format {
	case PLS:
		items, err = parsePLS(decoded(text))
	case XSPF, ASX:
		items, err = parseXML(text, format)
	default:
		items, err = parseM3U(decoded(text))
	}
	if err == nil && len(items) == 0 {
		err = ErrEmpty
	}
	if err != nil {
		return nil, err
	}
	return items, nil
}

// Resolve gives the URL of a location in a list that lies at base; the error is that of a location which is
// none over http or https.
func Resolve(base *url.URL, location string) (*url.URL, error) {
	u, err := url.Parse(location)
	if err != nil {
		return nil, fmt.Errorf("%w: a location that is no URL", manifest.ErrFormat)
	}
	switch strings.ToLower(u.Scheme) {
	case "icy", "icyx", "shout": // what some programs write for http
		u.Scheme = "http"
	}
	if u = base.ResolveReference(u); u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%w: a location of scheme %.16q", manifest.ErrUnsupported, u.Scheme)
	}
	return u, nil
}

// decoded gives text in UTF-8. What is not in it is taken for Latin-1, which is what lists were written in
// before.
func decoded(text []byte) string {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if utf8.Valid(text) {
		return string(text)
	}
	var b strings.Builder
	b.Grow(len(text) + len(text)/8)
	for _, c := range text {
		b.WriteRune(rune(c))
	}
	return b.String()
}

// lines gives a text's lines, without blanks around them.
func lines(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
			if !yield(strings.TrimSpace(line)) {
				return
			}
		}
	}
}

var errItems = fmt.Errorf("%w: more than %d entries in a list", manifest.ErrLimit, MaxItems)

// parseM3U reads a location in each line, and what #EXTINF says of the next one.
func parseM3U(text string) (items []Item, err error) {
	var next Item
	for line := range lines(text) {
		info, isInfo := strings.CutPrefix(line, "#EXTINF:")
		switch {
		case isInfo:
			next = info3U(info)
		case line == "", strings.HasPrefix(line, "#"):
		case len(items) == MaxItems:
			return nil, errItems
		default:
			next.Location = line
			items = append(items, next)
			next = Item{}
		}
	}
	return items, nil
}

// info3U reads "123,Artist - Title": the seconds, −1 for unknown, then words. Attributes such as tvg-id="…" may
// stand between.
func info3U(text string) (it Item) {
	length, words, _ := strings.Cut(text, ",")
	length, _, _ = strings.Cut(strings.TrimSpace(length), " ")
	it.Duration = seconds(length)
	it.Artist, it.Title = words2(words)
	return it
}

// words2 takes "Artist - Title" apart.
func words2(words string) (artist, title string) {
	words = cut(words)
	if artist, title, both := strings.Cut(words, " - "); both {
		return strings.TrimSpace(artist), strings.TrimSpace(title)
	}
	return "", words
}

// cut bounds a text.
func cut(s string) string {
	if s = strings.TrimSpace(s); len(s) > MaxTextBytes {
		s = strings.ToValidUTF8(s[:MaxTextBytes], "")
	}
	return s
}

// seconds reads a duration; what makes no sense is unknown.
func seconds(s string) time.Duration {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || !(v > 0 && v <= MaxDuration.Seconds()) {
		return 0
	}
	return time.Duration(v * float64(time.Second))
}

// parsePLS reads FileN=, TitleN= and LengthN=, in the order of N.
func parsePLS(text string) (items []Item, err error) {
	places := map[int]int{} // in items, by number
	var numbers []int
	for line := range lines(text) {
		key, value, ok := strings.Cut(line, "=")
		key = strings.ToLower(strings.TrimSpace(key))
		name := strings.TrimRight(key, "0123456789")
		n, nerr := strconv.Atoi(key[len(name):])
		if !ok || nerr != nil || name != "file" && name != "title" && name != "length" {
			continue
		}
		at, known := places[n]
		if !known {
			if len(items) == MaxItems {
				return nil, errItems
			}
			at = len(items)
			places[n] = at
			items, numbers = append(items, Item{}), append(numbers, n)
		}
		switch it := &items[at]; name {
		case "file":
			it.Location = strings.TrimSpace(value)
		case "title":
			it.Artist, it.Title = words2(value)
		default:
			it.Duration = seconds(value)
		}
	}
	return ordered(items, numbers), nil
}
