package loader

import (
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/cache"
	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/manifest"
)

// Env is what all loaders of one player share.
type Env struct {
	Fetch *fetch.Client // keeps trying
	Probe *fetch.Client // tries once: for when something else is at hand
	Cache *cache.Store  // nil for none
	Link  *Link

	// Prefer is which language and role an entry is played in where it comes in several.
	Prefer manifest.Selection

	// Choice gives what the choice of renditions goes by at the moment.
	Choice func() Choice
	// Observer is shown what the rule is asked; nil for nobody. The Link has its own.
	Observer abr.Observer

	Buffer      time.Duration // aim of the music fetched ahead
	BufferMost  time.Duration // the same where the network is good and cheap; no more than Buffer where it is less
	BufferBytes int64         // bound on compressed bytes in memory, an entry

	// Stay gives how long the listener listens between two skips, on average. Any goroutine may call it. Nil means that
	// nothing is known.
	Stay func() time.Duration

	// Patience is how long an entry waits for a network that is away; zero means DefaultPatience,
	// negative that it fails at once.
	Patience time.Duration
	// Decorate, where set, is called for each request before it is sent, from the loaders' goroutines;
	// it may add header fields and query parameters, and must not wait.
	Decorate func(*http.Request, RequestInfo)

	Counters *Counters
	Logger   *slog.Logger

	fits      fits
	shelfOnce sync.Once
	kept      *shelf
	network   struct {
		mu    sync.Mutex
		other chan struct{} // closed and replaced when the network has changed
	}
}

// patience is Patience, or what it is by default.
func (v *Env) patience() time.Duration {
	if v.Patience == 0 {
		return DefaultPatience
	}
	return v.Patience
}

// Counters are the running totals of all entries, or of one.
type Counters struct {
	Fetched, Wasted, Hits, Misses, Concealed atomic.Int64
	Arrived                                  atomic.Int64 // bytes over the network, as they come
}

// NetworkChanged is to be called when the device has got another network, or its old one back: what
// waits tries again at once, what hangs is broken off, and what was measured counts for little. Any
// goroutine may call it; it doesn't wait.
func (v *Env) NetworkChanged() {
	v.Link.Doubt()
	v.Fetch.NetworkChanged()
	v.Probe.NetworkChanged()
	v.network.mu.Lock()
	defer v.network.mu.Unlock()
	if v.network.other != nil {
		close(v.network.other)
	}
	v.network.other = make(chan struct{})
}

// changed is closed at the next change of network.
func (v *Env) changed() <-chan struct{} {
	v.network.mu.Lock()
	defer v.network.mu.Unlock()
	if v.network.other == nil {
		v.network.other = make(chan struct{})
	}
	return v.network.other
}

// Still is an Env for entries that nobody hears: they read what is here already, in one rendition.
func (v *Env) Still(rendition int) *Env {
	offline := fetch.New(fetch.Options{HTTP: &http.Client{Transport: noNetwork{}}, Retry: fetch.Retry{Attempts: 1}})
	s := &Env{
		Fetch: offline, Probe: offline, Cache: v.Cache, Link: &Link{},
		Choice: func() Choice { return Choice{Rule: abr.Fixed{Index: rendition}} },
		Buffer: v.Buffer, BufferBytes: v.BufferBytes, Patience: -1, Prefer: v.Prefer,
		Counters: &Counters{}, Logger: slog.New(slog.DiscardHandler),
		kept: v.shelf(),
	}
	s.shelfOnce.Do(func() {}) // kept is the one
	return s
}

// noNetwork refuses every request.
type noNetwork struct{}

var errOffline = errors.New("not fetched: only what is here already counts")

// RoundTrip implements http.RoundTripper.
func (noNetwork) RoundTrip(*http.Request) (*http.Response, error) { return nil, errOffline }
