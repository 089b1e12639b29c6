package player

import (
	"slices"

	"github.com/segue-audio/segue/player/internal/pipeline"
	"github.com/segue-audio/segue/player/internal/queue"
)

// The queue's current entry is the one that the mixer is at. The listener may still hear one before it,
// whose last frames are on their way: then the player is ahead, by one entry or, where they are short
// or can't be played, by several. Whoever edits the queue, skips or seeks means what is heard.

func (a *actor) ahead() bool { return len(a.unheard) > 0 }

// comeBack makes what is heard the queue's current entry, for a command that takes it as that. What the
// mixer has gone over to since follows it then; begin or catchUp has to come behind.
func (a *actor) comeBack() {
	if !a.ahead() {
		return
	}
	for i := len(a.unheard) - 2; i >= 0; i-- {
		a.queue.Return(a.unheard[i].Key)
	}
	a.queue.Return(int64(a.current))
}

// catchUp takes comeBack back, as far as what the mixer has gone over to is still what follows. While
// nothing is played it shows what would be.
func (p *Player) catchUp() {
	if p.mixingEntry == nil && p.cue == nil {
		p.showFirst()
	}
	for i, e := range p.unheard {
		if next, ok := p.next(); !ok || int64(next.ID) != e.Key || p.live[e] == nil {
			p.withdraw(i)
			return
		}
		p.queue.Next(queue.Ended)
	}
}

// withdraw takes back what the mixer has gone over to from the ith entry on, and nobody has heard yet: see
// instead.
func (p *Player) withdraw(i int) {
	if p.ghost != nil {
		p.comeBack() // all of them come behind it
		i = 0
	} else {
		p.ghost = p.unheard[i]
	}
	p.drop()
	for _, e := range p.unheard[i:] {
		if p.live[e] != nil {
			p.end(e)
		}
	}
	p.unheard = p.unheard[:i]
	p.mixingEntry, p.settled = p.ghost, true // whatever it was told
}

// entry finds an entry by its id.
func (a *actor) entry(id EntryID) (Entry, bool) {
	e, ok := a.queue.Find(int64(id))
	if !ok {
		return Entry{}, false
	}
	return entryOf(e), true
}

// now is the queue's current entry.
func (a *actor) now() (Entry, bool) {
	e, ok := a.queue.Current()
	if !ok {
		return Entry{}, false
	}
	return entryOf(e), true
}

// showFirst shows the queue's current entry: what would be played first, or was to be played last.
func (a *actor) showFirst() {
	if e, _ := a.queue.Current(); EntryID(e.ID) != a.current {
		a.current, a.map0 = EntryID(e.ID), mapping{}
	}
}

// next is the entry that is played behind the queue's current one when that ends by itself.
func (a *actor) next() (Entry, bool) {
	e, ok := a.queue.Peek(1)
	if !ok {
		return Entry{}, false
	}
	return entryOf(e), true
}

// later is the nth entry behind the one that is heard, n from 1.
func (a *actor) later(n int) (Entry, bool) {
	if n <= len(a.unheard) {
		return a.entry(EntryID(a.unheard[n-1].Key))
	}
	e, ok := a.queue.Peek(n - len(a.unheard))
	if !ok {
		return Entry{}, false
	}
	return entryOf(e), true
}

// edit changes the queue, tells of it where it did, and sees to it that the right entry follows.
func (p *Player) edit(why Reason, change func()) {
	p.comeBack()
	was := p.queue.Version()
	change()
	changed := p.queue.Version() != was
	p.catchUp()
	if changed {
		p.emit(0, QueueChanged{why, p.queue.Version()})
		p.follow()
	}
}

// added adds entries and, where the queue had been played out, goes on with them.
func (p *Player) added(insert func()) {
	last := p.current
	p.comeBack()
	insert()
	p.catchUp()
	p.emit(0, QueueChanged{ReasonAdded, p.queue.Version()})
	if p.phase == Ended && p.intent == Playing {
		e, ok := p.now()
		if ok && e.ID == last { // else all before was removed, and this one is new
			_, ok = p.queue.Next(queue.Ended)
			e, _ = p.now()
		}
		if ok {
			p.begin(e, e.Item.Start, ReasonPlay)
		}
		return
	}
	p.follow()
}

func (p *Player) remove(ids []EntryID) {
	inner := make([]int64, len(ids))
	for i, id := range ids {
		inner[i] = int64(id)
	}
	p.comeBack()
	r := p.queue.Remove(inner...)
	if !r.Current {
		p.catchUp()
	}
	if r.Count == 0 {
		return
	}
	p.emit(0, QueueChanged{ReasonRemoved, p.queue.Version()})
	if r.Current {
		p.replaced(ReasonRemoved)
	}
	p.follow()
}

// replaced goes on with the queue's current entry, since what was heard is no longer in it.
func (p *Player) replaced(why Reason) {
	e, ok := p.now()
	switch {
	case p.queue.Len() == 0:
		p.stop(why)
	case p.phase == Idle || p.phase == Broken || p.phase == Ended:
		p.current = e.ID
		p.map0 = mapping{}
	case ok:
		p.begin(e, e.Item.Start, why)
	default:
		p.leave(why)
		p.mixer.Cut(nil)
		p.current = 0
		p.finish()
	}
}

func (p *Player) replace(id EntryID, it *Item) {
	old, ok := p.entry(id)
	if !ok {
		return
	}
	p.queue.Replace(int64(id), it)
	if !sameMusic(&old.Item, it) {
		p.reload(id)
	}
	for _, t := range p.live {
		if t.id == id {
			t.item = *it
		}
	}
	p.emit(0, QueueChanged{ReasonReplaced, p.queue.Version()})
	p.follow()
}

// sameMusic reports whether two items differ in nothing that is loaded.
func sameMusic(a, b *Item) bool {
	name := func(it *Item) string {
		if it.ContentID != "" {
			return it.ContentID
		}
		return it.URL
	}
	return name(a) == name(b) && a.Start == b.Start && a.Stop == b.Stop
}

// reload begins anew what is loaded of an entry whose music is another one now.
func (p *Player) reload(id EntryID) {
	if p.following != nil && EntryID(p.following.Key) == id {
		p.drop()
		p.settled = true
	}
	busy := p.cue != nil || p.mixingEntry != nil
	switch e, ok := p.entry(id); {
	case !ok || !busy || p.phase == Ended || p.phase == Broken:
	case p.current == id:
		p.comeBack()
		p.begin(e, e.Item.Start, ReasonReplaced)
	default:
		p.comeBack()
		for _, e := range p.unheard {
			if e.Key == int64(id) && p.live[e] != nil {
				p.end(e)
			}
		}
		p.catchUp()
	}
}

func (p *Player) replaceAll(entries []queue.Entry[Item]) {
	var other []EntryID // other music than before
	entries = slices.DeleteFunc(entries, func(e queue.Entry[Item]) bool {
		if e.ID > 0 {
			return false
		}
		old, ok := p.queue.Find(-e.ID)
		if ok && !sameMusic(old.Item, e.Item) {
			other = append(other, EntryID(old.ID))
		}
		return !ok
	})
	stays := false
	for i := range entries {
		entries[i].ID = max(entries[i].ID, -entries[i].ID)
		stays = stays || EntryID(entries[i].ID) == p.current
	}
	p.comeBack()
	p.queue.SetAll(entries...)
	if stays {
		p.catchUp()
	}
	p.emit(0, QueueChanged{ReasonReplaced, p.queue.Version()})
	switch {
	case !stays && p.phase == Ended && p.intent == Playing && len(entries) > 0:
		e, _ := p.now()
		p.begin(e, e.Item.Start, ReasonPlay)
	case !stays:
		p.replaced(ReasonReplaced)
	}
	for _, id := range other {
		p.reload(id)
	}
	p.follow()
}

// amongAlbum reports whether an entry's neighbours in play order are of its album.
func (a *actor) amongAlbum(t *track) bool {
	if t.item.Album == "" {
		return false
	}
	for _, e := range a.queue.Around(int64(t.id)) {
		if e.Item.Album == t.item.Album {
			return true
		}
	}
	return false
}

// advance makes the entry that the mixer has gone over to the queue's current one.
func (p *Player) advance(to *pipeline.Entry) {
	if e, ok := p.queue.Next(queue.Ended); !ok || e.ID != to.Key {
		p.queue.Jump(to.Key)
	}
}
