package loader

import (
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/dash"
	"github.com/segue-audio/segue/player/manifest/hls"
)

// presentation is the content at one of its locations.
type presentation struct {
	of      *content
	url     string
	header  http.Header
	content string   // names it in the cache
	top     *url.URL // of the topmost manifest, or the file

	// Set by open, before any other loader sees it.
	opened     bool
	isFile     atomic.Bool
	isRadio    atomic.Bool
	listed     *expanded                     // where it is a list: what it names
	liveAt     atomic.Int64                  // ns: where on its timeline a radio is
	master     *hls.Document                 // nil where the top is a media playlist
	mpd        atomic.Pointer[dash.Document] // nil where the top is a playlist
	ahead      time.Duration                 // of the server's clock over ours
	renditions []abr.Rendition
	sources    []manifest.Rendition

	mu    sync.Mutex
	lists map[target]*manifest.Playlist
	inits map[string]*fmp4.Init
	keys  map[string][]byte
	using []int                // by rendition: which of its URLs
	rests map[target]time.Time // until when not to try a URL: it failed
	file  *fetch.File

	// Of live streams.
	ref      reference // what all lists are put beside
	steering steering
	extras   atomic.Pointer[extra]
	volatile atomic.Bool // lists grow or grew: what names mean changes, so that nothing is cached
}

// reference is the list that says where on the timeline others lie: that of the rendition that was loaded
// from last.
type reference struct {
	of   target
	list *manifest.Playlist
}

// target is one URL of a rendition: redundant streams have several (RFC 8216, 6.2.4).
type target struct{ rendition, mirror int }

// restFor is how long what failed is left alone while something else is at hand.
const restFor = 45 * time.Second

func newPresentation(of *content) *presentation {
	return &presentation{
		of: of, lists: map[target]*manifest.Playlist{}, inits: map[string]*fmp4.Init{}, keys: map[string][]byte{},
		rests: map[target]time.Time{},
	}
}

// urls are all that a rendition's playlist can be had from.
func (p *presentation) urls(i int) int {
	more, _ := p.extra(i)
	return 1 + len(p.sources[i].Mirrors) + len(more)
}

func (p *presentation) urlOf(t target) *url.URL {
	if t.mirror == 0 {
		return p.sources[t.rendition].URL
	}
	if own := p.sources[t.rendition].Mirrors; t.mirror <= len(own) {
		return own[t.mirror-1]
	}
	more, _ := p.extra(t.rendition)
	return more[t.mirror-1-len(p.sources[t.rendition].Mirrors)]
}

// at is the URL that rendition i is taken from now.
func (p *presentation) at(i int) target {
	p.mu.Lock()
	defer p.mu.Unlock()
	return target{i, p.using[i]}
}

// listOf is what was read from a URL; nil for nothing yet.
func (p *presentation) listOf(t target) *manifest.Playlist {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lists[t]
}

// playlist is that of rendition i, where it was read; else nil.
func (p *presentation) playlist(i int) *manifest.Playlist {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lists[target{i, p.using[i]}]
}

// failed takes note that a URL is of no use for a while, and lets the rendition be taken from its next
// one; false where none is left that isn't resting.
func (p *presentation) failed(t target) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.rests[t] = now.Add(restFor)
	if m := p.best(t.rendition); m >= 0 {
		p.using[t.rendition] = m
		return true
	}
	for k := 1; k < p.urls(t.rendition); k++ {
		m := (t.mirror + k) % p.urls(t.rendition)
		if p.rests[target{t.rendition, m}].Before(now) {
			p.using[t.rendition] = m
			return true
		}
	}
	return false
}

// resting tells whether all of a rendition's URLs failed a short while ago.
func (p *presentation) resting(i int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	for m := range p.urls(i) {
		if !p.rests[target{i, m}].After(now) {
			return false
		}
	}
	return true
}

// spare tells whether rendition i can be taken from elsewhere if its present URL fails.
func (p *presentation) spare(i int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	for m := range p.urls(i) {
		if m != p.using[i] && !p.rests[target{i, m}].After(now) {
			return true
		}
	}
	return false
}

// wake lets everything be tried again: the network is another one.
func (p *presentation) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.rests)
}
