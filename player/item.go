package player

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/media"
)

// Item is something to play.
type Item struct {
	// URL of an HLS playlist, an MPD, a file of sound or an Internet radio: http, https, file, or a path. One
	// that gives a list (M3U, PLS, XSPF, ASX) stands for the places in it, of which one is played, as of
	// Alternatives; a list of different music is the app's to read: see manifest/list.
	URL string

	// Resolve, where set, is asked for the URL and headers when the entry is about to be loaded, and
	// again when the server refuses (401, 403) what it gave before: a signed URL may have expired.
	// It is called from a goroutine of the player. A network error from it is survivable where
	// ContentID's manifest is in the cache.
	Resolve func(ctx context.Context) (Location, error)

	// Alternatives are other places, hosts or formats of the same music, best first: where URL (or what
	// Resolve gives) can't be had or played, each is tried in turn, from the same moment on, before
	// an error is told. One that failed is left alone for 45 s.
	Alternatives []Location

	// ContentID names what is played, independent of host, token and query; it is the cache's key.
	// Empty means the URL less its query.
	ContentID string

	// Header is sent to the URL's own host, never to others.
	Header http.Header

	Title, Artist, Album string
	TrackNumber          int
	Duration             time.Duration // zero where unknown; the media has the last word

	// Gains for loudness normalisation, where the app knows them; else those of the file's own tags are
	// used, or of the stream's init section.
	Tags media.Tags

	// Start skips the beginning, and Stop, where it is not zero, the rest after it.
	Start, Stop time.Duration
}

// Location is where an item lies at the moment.
type Location struct {
	URL    string
	Header http.Header
}

// name is what an item is called in messages.
func (it *Item) name() string {
	if it.Title != "" {
		return it.Title
	}
	return withoutQuery(it.URL)
}

// withoutQuery leaves out what may be secret in a URL.
func withoutQuery(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" {
		return raw
	}
	return fetch.SafeURL(u)
}
