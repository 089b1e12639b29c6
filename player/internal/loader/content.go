package loader

import (
	"container/list"
	"net/http"
	"net/url"
	"slices"
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

// content is what is known of a queue entry, whatever moment it is played from: a seek makes a new
// loader, but what the one before it learnt and fetched is still here.
type content struct {
	shelf *shelf
	key   int64
	url   string // as the Spec names it

	mu     sync.Mutex
	places []*presentation // by location: the Spec's own, then its alternatives; nil until located
	users  int
}

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

// shelfLife is how many entries are remembered beside those that are being played: the one before,
// to go back to, and the one that Next left.
const shelfLife = 3

// shelf keeps the contents of a player's entries, and segments of them in memory.
type shelf struct {
	mu       sync.Mutex
	contents []*content // the one used last at the end

	budget int64 // bytes of segments
	used   int64
	order  *list.List // of *kept, the one used last in front
	items  map[keptKey]*list.Element
}

type keptKey struct {
	of       *presentation
	name     string
	sequence int64 // a live stream may use names again
}

// kept is a segment in memory, decrypted and found sound.
type kept struct {
	key   keptKey
	clear []byte
	init  *fmp4.Init
	wire  int64 // bytes that were fetched for it and are nowhere else; zero where it can be had for nothing

	shelf  *shelf
	by     [2]*Counters
	played bool
	wasted bool
}

// content gives what is known of an entry, and keeps it until release.
func (s *shelf) content(key int64, spec *Spec) *content {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.contents, func(c *content) bool { return c.key == key && c.url == spec.URL })
	var c *content
	if i >= 0 {
		c = s.contents[i]
		s.contents = slices.Delete(s.contents, i, i+1)
	} else {
		c = &content{shelf: s, key: key, url: spec.URL, places: make([]*presentation, 1+len(spec.Alternatives))}
	}
	s.contents = append(s.contents, c)
	c.users++
	return c
}

// release lets go of a content. What nobody uses is forgotten when enough others were used since.
func (s *shelf) release(c *content) {
	s.mu.Lock()
	c.users--
	var old []*content
	idle := 0
	for i := len(s.contents) - 1; i >= 0; i-- {
		if s.contents[i].users > 0 {
			continue
		}
		if idle++; idle > shelfLife {
			old = append(old, s.contents[i])
			s.contents = slices.Delete(s.contents, i, i+1)
		}
	}
	for _, c := range old {
		s.dropContent(c)
	}
	s.mu.Unlock()
	for _, c := range old {
		c.close()
	}
}

// dropContent forgets a content's segments. s.mu is held.
func (s *shelf) dropContent(c *content) {
	for e := s.order.Front(); e != nil; {
		next := e.Next()
		if e.Value.(*kept).key.of.of == c {
			s.remove(e)
		}
		e = next
	}
}

func (s *shelf) remove(e *list.Element) {
	k := s.order.Remove(e).(*kept)
	delete(s.items, k.key)
	s.used -= int64(len(k.clear))
	k.count()
}

// get gives a segment that is in memory.
func (s *shelf) get(key keptKey) *kept {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.items[key]
	if e == nil {
		return nil
	}
	s.order.MoveToFront(e)
	return e.Value.(*kept)
}

func (s *shelf) has(key keptKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.items[key] != nil
}

// put takes a segment into memory, and drops those used longest ago beyond the budget.
func (s *shelf) put(k *kept) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k.shelf = s
	if e := s.items[k.key]; e != nil {
		s.remove(e)
	}
	s.items[k.key] = s.order.PushFront(k)
	s.used += int64(len(k.clear))
	for s.used > s.budget && s.order.Len() > 1 {
		s.remove(s.order.Back())
	}
}

// play takes note that a segment goes to the decoder, so that it was not fetched in vain.
func (k *kept) play() {
	k.shelf.mu.Lock()
	defer k.shelf.mu.Unlock()
	k.played = true
	if k.wasted {
		k.wasted = false
		for _, c := range k.by {
			c.Wasted.Add(-k.wire)
		}
	}
}

// spill takes note that a segment was taken back before it was played.
func (k *kept) spill() {
	k.shelf.mu.Lock()
	defer k.shelf.mu.Unlock()
	k.count()
}

// count books what was fetched in vain, once. The shelf's mu is held.
func (k *kept) count() {
	if !k.played && !k.wasted {
		k.wasted = true
		for _, c := range k.by {
			c.Wasted.Add(k.wire)
		}
	}
}

// close frees what a content holds open.
func (c *content) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.places {
		if p == nil {
			continue
		}
		p.mu.Lock()
		f := p.file
		p.file = nil
		p.mu.Unlock()
		if f != nil {
			_ = f.Close() // it was only read
		}
	}
}

// place gives what is known of a location; nil for nothing yet.
func (c *content) place(i int) *presentation {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i >= len(c.places) {
		return nil
	}
	return c.places[i]
}

// settle makes a presentation known to later loaders.
func (c *content) settle(i int, p *presentation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i >= len(c.places) {
		c.places = append(c.places, nil)
	}
	c.places[i] = p
}
