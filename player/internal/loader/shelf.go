package loader

import (
	"container/list"
	"slices"
	"sync"

	"github.com/segue-audio/segue/player/container/fmp4"
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

// shelf gives the player's, made on first use.
func (v *Env) shelf() *shelf {
	v.shelfOnce.Do(func() {
		v.kept = &shelf{budget: max(v.BufferBytes/keepShare, 1<<20), order: list.New(), items: map[keptKey]*list.Element{}}
	})
	return v.kept
}

// keepShare is which part of BufferBytes may be segments that are kept for a seek: they are counted
// beside those that wait for the decoder, of which many are the same.
const keepShare = 4
