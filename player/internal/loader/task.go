package loader

import (
	"context"
	"math"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"
)

// Task is what a loader is to load, and what it has to know of who plays it. Lead and Note are called from the
// loader's goroutines and must not wait.
type Task struct {
	Key  int64 // the player's name for the entry: what was learnt of it is found by that
	Spec Spec
	At   time.Duration // where on the timeline to begin, AtBegin or AtEdge

	// Lead is how much music is still to be heard before the entry begins.
	Lead func() time.Duration
	// Note hears what goes on: an Opened, Tagged, SegmentIn, Filled, Waiting, Recovered, GaveUp, Stale,
	// Fresh or AllIn.
	Note func(what any)
}

// Moments to begin at that the stream has to tell.
const (
	AtBegin time.Duration = -1            // where the manifest wishes: of a live stream near its end
	AtEdge  time.Duration = math.MaxInt64 // near the end of a live stream, whatever it wishes
)

// Spec is where an entry's music can be had from.
type Spec struct {
	URL       string
	Header    http.Header
	Resolve   func(context.Context) (string, http.Header, error) // nil: URL and Header stay
	ContentID string
	// Alternatives are other places, or other formats, of the same music: what can't be had or played
	// from one is had from the next.
	Alternatives []Location

	// Yield, where set, tells whether the link belongs to another entry: as long as it does no more than
	// the beginning is loaded. Any goroutine may call it.
	Yield func() bool

	// Last, where set, tells whether nothing follows the entry: its music is heard to its end, and the link is there for
	// it until then. Any goroutine may call it.
	Last func() bool

	Stop time.Duration // where to end; zero for the end
}

// Location is a place that music can be had from.
type Location struct {
	URL    string
	Header http.Header
}

// Identity names the music, whatever host and token it comes with; empty for no name. A local
// file without a name of its own is another one when it was written to.
func (s *Spec) Identity() string {
	if s.ContentID != "" || s.URL == "" {
		return s.ContentID
	}
	u, err := parseLocation(s.URL)
	if err != nil {
		return ""
	}
	c := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	key := c.String()
	if u.Scheme == "file" {
		info, err := os.Stat(u.Path)
		if err != nil {
			return ""
		}
		key += "|" + strconv.FormatInt(info.Size(), 10) + "|" + strconv.FormatInt(info.ModTime().UnixNano(), 10)
	}
	return key
}
