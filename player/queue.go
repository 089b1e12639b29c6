package player

import (
	"iter"
	"math/rand/v2"
	"slices"

	"github.com/segue-audio/segue/player/internal/queue"
)

// Shuffle says whether and how the queue is played in another order than it is listed in.
type Shuffle struct {
	Mode ShuffleMode
	// Seed is what the order is drawn from: the same seed and the same edits give the same order. Zero
	// in SetShuffle draws a new one, which State tells.
	Seed uint64
}

// ShuffleMode says what is shuffled.
type ShuffleMode int

// The modes. An album is what has the same Album and Tags.AlbumArtist.
const (
	ShuffleOff    ShuffleMode = iota
	ShuffleTracks             // every entry by itself
	ShuffleAlbums             // albums stay whole and in the order of the list
)

// Repeat says what is played when an entry, or the queue, has ended by itself.
type Repeat int

// The kinds of Repeat. Both loops are gapless, and what repeats is not faded into itself.
const (
	RepeatOff Repeat = iota
	RepeatOne        // the same entry again; Next still goes on
	RepeatAll        // the queue again, while shuffled in a new order each time
)

// Place is where in the queue something goes; the zero value is its end.
type Place struct{ at queue.Place }

// AtIndex is the place where an entry has the index i in State.Queue; beyond the end it is the end.
func AtIndex(i int) Place { return Place{queue.At(i)} }

// Before is the place before an entry.
func Before(id EntryID) Place { return Place{queue.Before(int64(id))} }

// After is the place after an entry.
func After(id EntryID) Place { return Place{queue.After(int64(id))} }

// QueueView is the queue as it was at one moment. It never changes, may be kept, and be read from any
// goroutine. The zero value is an empty one.
type QueueView struct{ view queue.View[Item] }

// QueueOf makes a view of entries of which one is the current one, for tests of what shows a queue.
func QueueOf(current EntryID, entries ...Entry) QueueView {
	inner := make([]queue.Entry[Item], len(entries))
	for i, e := range entries {
		inner[i] = queue.Entry[Item]{ID: int64(e.ID), Item: &e.Item}
	}
	return QueueView{queue.ViewOf(int64(current), inner...)}
}

func entryOf(e queue.Entry[Item]) Entry { return Entry{EntryID(e.ID), *e.Item} }

// Len is the number of entries.
func (v QueueView) Len() int { return v.view.Len() }

// At is the entry at index i, which must be from 0 to less than Len.
func (v QueueView) At(i int) Entry { return entryOf(v.view.At(i)) }

// All iterates over the entries as they are listed, with their indices.
func (v QueueView) All() iter.Seq2[int, Entry] {
	return func(yield func(int, Entry) bool) {
		for i, e := range v.view.All() {
			if !yield(i, entryOf(e)) {
				return
			}
		}
	}
}

// Index is where an entry is listed; −1 where it isn't. It takes some microseconds in a queue of 20,000.
func (v QueueView) Index(id EntryID) int { return v.view.Index(int64(id)) }

// Upcoming iterates over what is still to come before the end, or before all is repeated, in the order
// in which it will be played.
func (v QueueView) Upcoming() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for e := range v.view.Upcoming() {
			if !yield(entryOf(e)) {
				return
			}
		}
	}
}

// Version rises with every change of the queue, and may between them; see QueueChanged.
func (v QueueView) Version() int64 { return v.view.Version() }

// albumOf is what makes an album for shuffling.
func albumOf(it *Item) string {
	if it.Album == "" {
		return ""
	}
	return it.Album + "\x00" + it.Tags.AlbumArtist
}

// made gives items their ids.
func (p *Player) made(items []Item) (entries []queue.Entry[Item], ids []EntryID) {
	own := make([]*Item, len(items))
	for i, it := range items {
		own[i] = &it
	}
	entries = p.queue.Make(own...)
	ids = make([]EntryID, len(entries))
	for i, e := range entries {
		ids[i] = EntryID(e.ID)
	}
	return entries, ids
}

// Append adds items at the end of the queue and returns their ids. Nothing starts to play by it, but
// where the queue had been played out and Play is still wanted. While shuffled they get random places
// in what is still to come.
func (p *Player) Append(items ...Item) []EntryID { return p.Insert(Place{}, items...) }

// Insert is Append to a place of the list; where its entry is gone meanwhile, to the end.
func (p *Player) Insert(at Place, items ...Item) []EntryID {
	entries, ids := p.made(items)
	p.mail.post(func() { p.added(func() { p.queue.Insert(at.at, entries...) }) })
	return ids
}

// InsertNext adds items right behind the current entry, and behind what was inserted so before and is
// still to come, and returns their ids. They stay there until they are played or moved, however the
// queue is shuffled.
func (p *Player) InsertNext(items ...Item) []EntryID {
	entries, ids := p.made(items)
	p.mail.post(func() { p.added(func() { p.queue.PlayNext(entries...) }) })
	return ids
}

// Move puts an entry elsewhere in the list. Where one of the two is gone it does nothing. While
// shuffled, a place before or after an entry that is still to come is one in the play order too; an
// index is one in the list alone.
func (p *Player) Move(id EntryID, to Place) {
	p.mail.post(func() {
		p.edit(ReasonMoved, func() { p.queue.Move(int64(id), to.at) })
	})
}

// Remove takes entries out of the queue. Where the current one is among them, what follows it plays.
func (p *Player) Remove(ids ...EntryID) {
	ids = slices.Clone(ids)
	p.mail.post(func() { p.remove(ids) })
}

// Replace gives an entry another item; it keeps its id and its place. Where it is the current one and
// the new item is other music, that begins from its start; other texts or tags disturb nothing.
func (p *Player) Replace(id EntryID, it Item) {
	p.mail.post(func() { p.replace(id, &it) })
}

// ReplaceAll makes entries the whole queue, in their order, and returns their ids. An entry with an id
// stays the one that it was, with the item given; one without gets an id. An id that is no longer in the
// queue is left out, and one that is there twice counts once. Where the current entry is among them
// playback goes on undisturbed; else the first plays, if anything was playing.
func (p *Player) ReplaceAll(entries ...Entry) []EntryID {
	ids := make([]EntryID, len(entries))
	inner := make([]queue.Entry[Item], len(entries))
	for i, e := range entries {
		if e.ID == 0 {
			inner[i] = p.queue.Make(&e.Item)[0]
			e.ID = EntryID(inner[i].ID)
		} else {
			inner[i] = queue.Entry[Item]{ID: -int64(e.ID), Item: &e.Item} // to be looked for
		}
		ids[i] = e.ID
	}
	p.mail.post(func() { p.replaceAll(inner) })
	return ids
}

// Clear empties the queue and stops. History stays.
func (p *Player) Clear() {
	p.mail.post(func() {
		p.queue.Clear()
		p.stop(ReasonRemoved)
		p.emit(0, QueueChanged{ReasonRemoved, p.queue.Version()})
	})
}

// SetShuffle changes the order in which the queue is played. The current entry plays on: switched on, all
// others come behind it in a random order; switched off, the list goes on from it. The same mode and
// seed again change nothing.
func (p *Player) SetShuffle(s Shuffle) {
	for s.Seed == 0 && s.Mode != ShuffleOff {
		s.Seed = rand.Uint64()
	}
	p.mail.post(func() {
		mode := queue.ShuffleMode(min(max(s.Mode, ShuffleOff), ShuffleAlbums))
		p.edit(ReasonShuffled, func() { p.queue.SetShuffle(queue.Shuffle{Mode: mode, Seed: s.Seed}) })
	})
}

// SetRepeat changes what is played at the end of an entry and of the queue.
func (p *Player) SetRepeat(r Repeat) {
	p.mail.post(func() {
		if r := queue.Repeat(min(max(r, RepeatOff), RepeatAll)); r != p.queue.Repeat() {
			p.edit(ReasonRepeated, func() { p.queue.SetRepeat(r) })
		}
	})
}

// HistoryLimit is how many entries History remembers.
const HistoryLimit = queue.HistoryLimit

// History lists what was really heard, the latest last: at most HistoryLimit entries, in which one that
// was repeated right behind itself counts once. What was removed from the queue since is still there.
func (p *Player) History() []Entry {
	heard := p.shown.Load().history
	out := make([]Entry, len(heard))
	for i, e := range heard {
		out[i] = entryOf(e)
	}
	return out
}
