package list

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/internal/charset"
)

// ordered sorts items by their numbers and leaves out those without a location.
func ordered(items []Item, numbers []int) []Item {
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case numbers[a] < numbers[b]:
			return -1
		case numbers[a] > numbers[b]:
			return 1
		}
		return 0
	})
	var out []Item
	for _, i := range order {
		if items[i].Location != "" {
			out = append(out, items[i])
		}
	}
	return out
}

// maxDepth bounds the nesting of elements.
const maxDepth = 64

// parseXML reads XSPF (track: location, title, creator, duration in milliseconds) and ASX (entry: ref's
// href, title, author), whose elements are written in whatever case, and whose addresses often have a bare
// ampersand in them.
func parseXML(text []byte, format Format) ([]Item, error) {
	d := xml.NewDecoder(bytes.NewReader(text))
	d.Strict = false
	d.CharsetReader = charset.Reader
	r := reader{format: format}
	for depth := 0; ; {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return r.items, nil
		}
		if err != nil {
			if len(r.items) > 0 && format == ASX {
				return r.items, nil // as far as it made sense: programs that wrote them were sloppy
			}
			return nil, fmt.Errorf("%w: a list in XML: %w", manifest.ErrFormat, err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return nil, fmt.Errorf("%w: a list %d elements deep", manifest.ErrLimit, depth)
			}
			err = r.begin(strings.ToLower(t.Name.Local), t.Attr)
		case xml.EndElement:
			depth = max(0, depth-1)
			err = r.end(strings.ToLower(t.Name.Local))
		case xml.CharData:
			if len(r.text)+len(t) <= MaxTextBytes+bytes.MinRead {
				r.text = append(r.text, t...)
			}
		}
		if err != nil {
			return nil, err
		}
	}
}

// reader gathers items from elements.
type reader struct {
	format Format
	inside bool // a track or entry
	item   Item
	places []string // of it
	text   []byte   // since the last tag
	items  []Item
}

func (r *reader) begin(name string, attributes []xml.Attr) error {
	r.text = r.text[:0]
	switch {
	case name == "track" && r.format == XSPF, name == "entry" && r.format == ASX:
		if err := r.flush(); err != nil { // one that wasn't ended
			return err
		}
		r.inside, r.item, r.places = true, Item{}, r.places[:0]
	case name == "ref" && r.format == ASX && r.inside:
		for _, a := range attributes {
			if strings.EqualFold(a.Name.Local, "href") {
				r.place(a.Value)
			}
		}
	}
	return nil
}

// maxPlaces bounds the addresses of one entry.
const maxPlaces = 64

func (r *reader) place(location string) {
	if location = strings.TrimSpace(location); location != "" && len(r.places) < maxPlaces {
		r.places = append(r.places, location)
	}
}

func (r *reader) end(name string) error {
	text := strings.TrimSpace(string(r.text))
	r.text = r.text[:0]
	if !r.inside {
		return nil
	}
	switch {
	case name == "track" && r.format == XSPF, name == "entry" && r.format == ASX:
		return r.flush()
	case name == "location" && r.format == XSPF:
		r.place(text)
	case name == "title":
		r.item.Title = cut(text)
	case name == "creator" && r.format == XSPF, name == "author" && r.format == ASX:
		r.item.Artist = cut(text)
	case name == "duration" && r.format == XSPF:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 && n <= int64(MaxDuration/time.Millisecond) {
			r.item.Duration = time.Duration(n) * time.Millisecond
		}
	}
	return nil
}

// flush ends an entry: each of its addresses is an item.
func (r *reader) flush() error {
	if !r.inside {
		return nil
	}
	r.inside = false
	for _, location := range r.places {
		if len(r.items) == MaxItems {
			return errItems
		}
		it := r.item
		it.Location = location
		r.items = append(r.items, it)
	}
	return nil
}
