package loader

import (
	"bytes"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/list"
)

const (
	// maxListed is how many of a list's entries are tried.
	maxListed = 32
	// maxLists is how many lists an entry may lead through.
	maxLists = 4
)

// listed reads a document that is a list of places (M3U without HLS's tags, PLS, XSPF, ASX): a radio's address
// often is one, with a line for each server. ok is false for anything else.
func listed(doc document) (places []*url.URL, ok bool, err error) {
	text := []byte(doc.Body)
	base, err := url.Parse(doc.URL)
	if err != nil {
		return nil, false, nil
	}
	if list.Identify(text) == list.None && (!isListName(base.Path) || list.IsHLS(text) || bytes.HasPrefix(bytes.TrimSpace(text), []byte("<"))) {
		return nil, false, nil
	}
	items, err := list.Parse(text)
	if err != nil {
		return nil, true, err
	}
	for _, it := range items {
		u, rerr := resolveListed(base, it.Location)
		if rerr != nil {
			err = rerr
		} else if places = append(places, u); len(places) == maxListed {
			break
		}
	}
	if len(places) > 0 {
		err = nil
	}
	return places, true, err
}

// isListName tells a list by its name, where it doesn't say so itself.
func isListName(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".m3u", ".pls", ".xspf", ".asx":
		return true
	}
	return false
}

// resolveListed finds a place of a list. Only one in a file may name files.
func resolveListed(base *url.URL, location string) (*url.URL, error) {
	if u, err := url.Parse(location); base.Scheme != "file" || err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		return list.Resolve(base, location)
	}
	if path, ok := strings.CutPrefix(location, "file://"); ok {
		location = path
	}
	if !filepath.IsAbs(location) {
		location = filepath.Join(filepath.Dir(base.Path), filepath.FromSlash(location))
	}
	return parseLocation(location)
}

// expanded is a location that turned out to be a list.
type expanded struct{ places []*url.URL }

// Error says so.
func (e *expanded) Error() string { return fmt.Sprintf("a list of %d places", len(e.places)) }

// unfold makes the loader go on at the places that the location in use names, one after the other, until one
// can be had.
func (l *Loader) unfold(e *expanded) error {
	first, known := l.listings[l.location]
	if !known {
		if len(l.listings) == maxLists {
			return fmt.Errorf("%w: lists within lists", manifest.ErrLimit)
		}
		first = len(l.locations)
		for _, u := range e.places {
			l.locations = append(l.locations, Location{URL: u.String(), Header: l.headerFor(u)})
			l.failedAt = append(l.failedAt, time.Time{})
		}
		l.listings[l.location] = first
		l.presentation.listed = e
		l.known.settle(l.location, l.presentation)
	}
	l.failedAt[l.location] = time.Now().Add(never) // it was no failure, but there is nothing more to be had of it
	l.move(first)
	return nil
}

// never is longer than anybody listens.
const never = 10 * 365 * 24 * time.Hour
