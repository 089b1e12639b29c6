// Package queue holds what is to be played, in which order, and what was. It is pure: no clock, no
// goroutine, no lock. A Queue belongs to one goroutine; what it shows others is a View, which never
// changes. It knows nothing of what its items are, beyond the album that its owner names, and plays
// nothing: its current entry is the one that its owner went to last.
//
// There are two orders. The list is what the listener sees and edits. The play order is the list
// itself or, while shuffled, a permutation of it that is worked out once and edited from then on.
// Entries that were asked to play next are pinned: until they have been reached, they stay right behind
// the current one, whatever happens to the shuffling.
package queue

import (
	"iter"
	"slices"
	"sync/atomic"
)

// Entry is one place in the queue. Its Item is shared and not to be written to.
type Entry[T any] struct {
	ID   int64 // never zero, never reused
	Item *T

	// mark is a hash of the album, zero for none, in all but the lowest bit; that one is set while the
	// entry is pinned. One word, since there may be many entries.
	mark uint64
}

const pinned = 1

func (e *Entry[T]) album() uint64  { return e.mark &^ pinned }
func (e *Entry[T]) isPinned() bool { return e.mark&pinned != 0 }

func (e Entry[T]) unpinned() Entry[T] {
	e.mark &^= pinned
	return e
}

// Repeat says what comes after the end.
type Repeat uint8

// The kinds of Repeat. Their numbers are stored.
const (
	RepeatOff Repeat = iota
	RepeatOne        // the current entry again, but only where it ended by itself
	RepeatAll
)

// HistoryLimit is how many entries are remembered as heard.
const HistoryLimit = 500

// Queue is the order of what is played. Make one with New. Its methods are for one goroutine, but for
// Make.
type Queue[T any] struct {
	albumOf func(*T) string
	lastID  atomic.Int64

	list   []Entry[T]
	order  []Entry[T] // the play order while shuffled; else nil
	cursor int        // of the current entry in the play order; its length where all is passed; −1 in an empty queue
	begun  bool       // the current entry was gone to; else it is only what would be played first

	// A View may hold the array below the slice: up to the slice's length it is read-only.
	listShared, orderShared bool

	shuffle Shuffle
	round   uint64     // counts the orders that were drawn from the seed
	coming  []Entry[T] // the order of the round after this one; nil where it isn't worked out
	repeat  Repeat

	heard     []Entry[T] // oldest first
	trail     []int64    // what Previous goes back through, oldest first
	heardHere bool       // the current entry was heard
	version   int64
}

// New makes an empty queue. albumOf names the album that an item belongs to, empty for none; it is
// called from Make and Replace.
func New[T any](albumOf func(*T) string) *Queue[T] {
	return &Queue[T]{albumOf: albumOf, cursor: -1}
}

// Make gives items their ids. It may be called from any goroutine; the entries are in the queue once
// Insert, PlayNext or SetAll was called with them. The queue keeps the pointers.
func (q *Queue[T]) Make(items ...*T) []Entry[T] {
	entries := make([]Entry[T], len(items))
	last := q.lastID.Add(int64(len(items)))
	for i, item := range items {
		entries[i] = Entry[T]{ID: last - int64(len(items)-1-i), Item: item, mark: hash(q.albumOf(item))}
	}
	return entries
}

// LastID is the greatest id that was given so far. It may be called from any goroutine.
func (q *Queue[T]) LastID() int64 { return q.lastID.Load() }

// Len is the number of entries.
func (q *Queue[T]) Len() int { return len(q.list) }

// Current is the entry that was gone to last, or that would be played first; ok is false where there
// is none.
func (q *Queue[T]) Current() (e Entry[T], ok bool) {
	play := q.play()
	if q.cursor < 0 || q.cursor >= len(play) {
		return e, false
	}
	return play[q.cursor], true
}

// Find gives an entry by its id.
func (q *Queue[T]) Find(id int64) (e Entry[T], ok bool) {
	if i := indexIn(q.list, id); i >= 0 {
		return q.list[i], true
	}
	return e, false
}

// Around gives what stands before and behind an entry in the play order, as far as there is anything.
func (q *Queue[T]) Around(id int64) (neighbours []Entry[T]) {
	play := q.play()
	i := indexIn(play, id)
	if i > 0 {
		neighbours = append(neighbours, play[i-1])
	}
	if i >= 0 && i+1 < len(play) {
		neighbours = append(neighbours, play[i+1])
	}
	return neighbours
}

// Version rises with every change.
func (q *Queue[T]) Version() int64 { return q.version }

// Shuffle is how the queue is shuffled.
func (q *Queue[T]) Shuffle() Shuffle { return q.shuffle }

// Repeat is how the queue is repeated.
func (q *Queue[T]) Repeat() Repeat { return q.repeat }

// SetRepeat changes how the queue is repeated.
func (q *Queue[T]) SetRepeat(r Repeat) {
	q.repeat = r
	q.changed()
}

// play is the play order.
func (q *Queue[T]) play() []Entry[T] {
	if q.shuffle.Mode == ShuffleOff {
		return q.list
	}
	return q.order
}

// own makes the arrays writable.
func (q *Queue[T]) own() {
	if q.listShared {
		q.list, q.listShared = slices.Clone(q.list), false
	}
	if q.orderShared {
		q.order, q.orderShared = slices.Clone(q.order), false
	}
}

// changed is called after each change, with the cursor in place.
func (q *Queue[T]) changed() {
	q.version++
	q.coming = nil
}

func indexIn[T any](entries []Entry[T], id int64) int {
	for i := range entries {
		if entries[i].ID == id {
			return i
		}
	}
	return -1
}

// View is what the queue was at one moment. It never changes and may be read from any goroutine. The
// zero value is an empty one.
type View[T any] struct {
	list, order []Entry[T]
	cursor      int
	between     []Entry[T] // come before what follows the cursor
	version     int64
	shuffle     Shuffle
	repeat      Repeat
}

// View shows the queue as it is. Making one costs nothing; the first edit after it copies the arrays
// (not the items) once.
func (q *Queue[T]) View() View[T] {
	q.listShared, q.orderShared = true, q.order != nil
	return View[T]{
		list: q.list[:len(q.list):len(q.list)], order: q.order[:len(q.order):len(q.order)],
		cursor: q.cursor, version: q.version, shuffle: q.shuffle, repeat: q.repeat,
	}
}

// ViewOf shows entries that belong to no queue.
func ViewOf[T any](current int64, entries ...Entry[T]) View[T] {
	return View[T]{list: entries, cursor: indexIn(entries, current)}
}

// Len is the number of entries.
func (v View[T]) Len() int { return len(v.list) }

// At is the entry at index i of the list, which has to be from 0 to less than Len.
func (v View[T]) At(i int) Entry[T] { return v.list[i].unpinned() }

// All iterates over the list, with indices.
func (v View[T]) All() iter.Seq2[int, Entry[T]] {
	return func(yield func(int, Entry[T]) bool) {
		for i := range v.list {
			if !yield(i, v.list[i].unpinned()) {
				return
			}
		}
	}
}

// Index is where an id stands in the list; −1 where it doesn't. It looks at one entry after the other:
// some microseconds for 20,000.
func (v View[T]) Index(id int64) int { return indexIn(v.list, id) }

// Upcoming iterates in play order over what follows the current entry before the end, or before
// everything is repeated.
func (v View[T]) Upcoming() iter.Seq[Entry[T]] {
	play := v.list
	if v.shuffle.Mode != ShuffleOff {
		play = v.order
	}
	return func(yield func(Entry[T]) bool) {
		for _, e := range v.between {
			if !yield(e.unpinned()) {
				return
			}
		}
		for i := v.cursor + 1; i < len(play); i++ {
			if !yield(play[i].unpinned()) {
				return
			}
		}
	}
}

// Late is the view of somebody who still hears the entry that the list has at an index, so that between,
// the last of which is the current one, are upcoming. They are not told of where the current one is
// repeated.
func (v View[T]) Late(index int, between ...Entry[T]) View[T] {
	switch {
	case v.repeat == RepeatOne:
	case v.shuffle.Mode == ShuffleOff:
		v.cursor = index
	default:
		v.between = between
	}
	return v
}

// Version is the queue's at the moment of the View.
func (v View[T]) Version() int64 { return v.version }

// Shuffle is the queue's at the moment of the View.
func (v View[T]) Shuffle() Shuffle { return v.shuffle }

// Repeat is the queue's at the moment of the View.
func (v View[T]) Repeat() Repeat { return v.repeat }
