package queue

import "slices"

// Place is where in the list something goes. The zero value is its end.
type Place struct {
	kind  placeKind
	index int
	id    int64
}

type placeKind uint8

const (
	atEnd placeKind = iota
	atIndex
	beforeEntry
	afterEntry
)

// At is the place at which an entry has the index i, from 0; beyond the end it is the end.
func At(i int) Place { return Place{kind: atIndex, index: i} }

// Before is the place before an entry.
func Before(id int64) Place { return Place{kind: beforeEntry, id: id} }

// After is the place after an entry.
func After(id int64) Place { return Place{kind: afterEntry, id: id} }

// locate gives a place's index in the list; ok is false where its entry isn't in it.
func (q *Queue[T]) locate(p Place) (i int, ok bool) {
	switch p.kind {
	case atIndex:
		return min(max(0, p.index), len(q.list)), true
	case beforeEntry, afterEntry:
		if i = indexIn(q.list, p.id); i < 0 {
			return len(q.list), false
		}
		if p.kind == afterEntry {
			i++
		}
		return i, true
	}
	return len(q.list), true
}

// member tells whether an id is one of ids.
func member(ids []int64) func(int64) bool {
	if len(ids) <= 4 {
		return func(id int64) bool { return slices.Contains(ids, id) }
	}
	set := make(map[int64]struct{}, len(ids))
	for _, id := range ids {
		set[id] = struct{}{}
	}
	return func(id int64) bool { _, ok := set[id]; return ok }
}

func idsOf[T any](entries []Entry[T]) []int64 {
	ids := make([]int64, len(entries), len(entries)+1)
	for i := range entries {
		ids[i] = entries[i].ID
	}
	return ids
}

// run is how many pinned entries stand right behind the current one.
func (q *Queue[T]) run() (n int) {
	play := q.play()
	for i := q.cursor + 1; i > 0 && i < len(play) && play[i].isPinned(); i++ {
		n++
	}
	return n
}

// Insert puts entries that Make made into the list; where the place's entry isn't there, at the end.
// While shuffled they get random places in what is still to come.
func (q *Queue[T]) Insert(at Place, entries ...Entry[T]) {
	if len(entries) == 0 {
		return
	}
	i, _ := q.locate(at)
	q.insertList(i, entries)
	if q.shuffle.Mode != ShuffleOff {
		q.own()
		q.scatter(entries)
	}
	q.changed()
}

// insertList puts entries into the list, with the cursor following where the list is the play order.
func (q *Queue[T]) insertList(i int, entries []Entry[T]) {
	if i == len(q.list) {
		// Behind the end no View is looking.
		q.list = append(q.list, entries...)
	} else {
		list := q.list
		if q.listShared {
			list = list[:len(list):len(list)] // Insert makes a new array
		}
		q.list, q.listShared = slices.Insert(list, i, entries...), false
	}
	switch {
	case len(q.list) == len(entries):
		q.begun = false
		if q.shuffle.Mode == ShuffleOff {
			q.cursor = 0
		}
	case q.shuffle.Mode == ShuffleOff && q.cursor >= i && q.cursor < len(q.list)-len(entries):
		q.cursor += len(entries)
	case q.shuffle.Mode == ShuffleOff && q.cursor > i:
		q.cursor += len(entries) // all was passed and still is, but for what comes at the end
	}
}

// PlayNext puts entries that Make made right behind the current one and those that were asked to play
// next before. They stay there, however the queue is shuffled, until they are reached or moved.
// Without a current entry they come last.
func (q *Queue[T]) PlayNext(entries ...Entry[T]) {
	if len(entries) == 0 {
		return
	}
	if _, ok := q.Current(); !ok {
		q.Insert(Place{}, entries...)
		return
	}
	pins := slices.Clone(entries)
	for i := range pins {
		pins[i].mark |= pinned
	}
	behind := q.cursor + q.run()
	i := behind
	if q.shuffle.Mode != ShuffleOff {
		i = indexIn(q.list, q.order[behind].ID)
	}
	q.insertList(i+1, pins)
	if q.shuffle.Mode != ShuffleOff {
		q.own()
		q.order = slices.Insert(q.order, behind+1, pins...)
	}
	q.changed()
}

// Move puts an entry elsewhere in the list and reports whether both are there. It is no longer
// pinned then. While shuffled, a place before or after an entry that is still to come, or after the
// current one, is its place in the play order too; an index changes nothing but the list.
func (q *Queue[T]) Move(id int64, to Place) bool {
	from := indexIn(q.list, id)
	at, ok := q.locate(to)
	if from < 0 || !ok || (to.kind == beforeEntry || to.kind == afterEntry) && to.id == id {
		return false
	}
	current, playing := q.Current()
	q.own()
	e := q.list[from].unpinned()
	if to.kind == atIndex {
		at = min(at, len(q.list)-1) // the index that it will have
	} else if at > from {
		at--
	}
	q.list = slices.Insert(slices.Delete(q.list, from, from+1), at, e)
	if q.shuffle.Mode == ShuffleOff {
		if playing {
			q.cursor = indexIn(q.list, current.ID)
			q.unpinPassed()
		}
	} else {
		q.moveInOrder(e, to, playing && id != current.ID)
	}
	q.changed()
	return true
}

// moveInOrder is Move's part in the shuffled order. Where e may not be moved it is only unpinned.
func (q *Queue[T]) moveInOrder(e Entry[T], to Place, may bool) {
	at := indexIn(q.order, e.ID)
	q.order[at] = e
	anchor := indexIn(q.order, to.id)
	if !may || anchor < q.cursor || anchor == q.cursor && to.kind == beforeEntry {
		return
	}
	q.order = slices.Delete(q.order, at, at+1)
	if at < q.cursor {
		q.cursor--
	}
	anchor = indexIn(q.order, to.id)
	if to.kind == afterEntry {
		anchor++
	}
	q.order = slices.Insert(q.order, anchor, e)
}

// Removed is what Remove did.
type Removed struct {
	Count   int
	Current bool // the current entry is another one now, or none
}

// Remove takes entries out. Where the current one is among them, what follows it becomes the current
// one: with RepeatAll that may be the first of the next round, and without there may be none.
func (q *Queue[T]) Remove(ids ...int64) Removed {
	gone := member(ids)
	play := q.play()
	var r Removed
	kept := 0 // before the cursor
	for i := range play {
		switch {
		case !gone(play[i].ID):
			if i < q.cursor {
				kept++
			}
		case i == q.cursor:
			r.Current = true
			r.Count++
		default:
			r.Count++
		}
	}
	if r.Count == 0 {
		return r
	}
	q.list, q.listShared = without(q.list, gone, q.listShared), false
	if q.shuffle.Mode != ShuffleOff {
		q.order, q.orderShared = without(q.order, gone, q.orderShared), false
	}
	if q.cursor >= 0 {
		q.cursor = kept
	}
	if r.Current {
		q.heardHere = false
		switch {
		case q.cursor < len(q.list):
			q.arrive()
		case q.repeat == RepeatAll && len(q.list) > 0:
			q.coming = nil
			q.wrap()
		}
	}
	if len(q.list) == 0 {
		q.cursor, q.begun = -1, false
	}
	q.changed()
	return r
}

func without[T any](entries []Entry[T], gone func(int64) bool, shared bool) []Entry[T] {
	drop := func(e Entry[T]) bool { return gone(e.ID) }
	if !shared {
		return slices.DeleteFunc(entries, drop)
	}
	kept := make([]Entry[T], 0, len(entries))
	for i := range entries {
		if !drop(entries[i]) {
			kept = append(kept, entries[i])
		}
	}
	return kept
}

// Replace gives an entry another item; it keeps its id and its place. It reports whether the entry is
// there.
func (q *Queue[T]) Replace(id int64, item *T) bool {
	i := indexIn(q.list, id)
	if i < 0 {
		return false
	}
	q.own()
	mark := hash(q.albumOf(item))
	put := func(e *Entry[T]) { e.Item, e.mark = item, mark|e.mark&pinned }
	put(&q.list[i])
	if q.shuffle.Mode != ShuffleOff {
		put(&q.order[indexIn(q.order, id)])
	}
	q.changed()
	return true
}

// SetAll makes entries the whole list. Those whose ids are in the queue already stay, with the items
// given; the others must come from Make. An id that is there twice counts once. Where the current
// entry is not among them, the queue is as if new: the first in play order is the current one.
func (q *Queue[T]) SetAll(entries ...Entry[T]) {
	was := make(map[int64]uint64, len(q.list))
	for i := range q.list {
		was[q.list[i].ID] = q.list[i].mark & pinned
	}
	current, playing := q.Current()
	list := make([]Entry[T], 0, len(entries))
	seen := make(map[int64]bool, len(entries))
	var added []Entry[T]
	for _, e := range entries {
		if seen[e.ID] {
			continue
		}
		seen[e.ID] = true
		e.mark = hash(q.albumOf(e.Item))
		if pin, ok := was[e.ID]; ok {
			e.mark |= pin
		} else {
			added = append(added, e)
		}
		list = append(list, e)
	}
	q.list, q.listShared = list, false
	if !playing || !seen[current.ID] {
		q.trail, q.heardHere = nil, false
		q.fresh()
		return
	}
	if q.shuffle.Mode == ShuffleOff {
		q.cursor = indexIn(list, current.ID)
		q.unpinPassed()
	} else {
		q.keepOrder(current.ID)
		q.scatter(added)
	}
	q.changed()
}

// keepOrder takes out of the play order what is no longer in the list, and takes over its items.
func (q *Queue[T]) keepOrder(current int64) {
	now := make(map[int64]*Entry[T], len(q.list))
	for i := range q.list {
		now[q.list[i].ID] = &q.list[i]
	}
	order := make([]Entry[T], 0, len(q.list))
	for _, e := range q.order {
		if n := now[e.ID]; n != nil {
			order = append(order, *n)
		}
	}
	q.order, q.orderShared = order, false
	q.cursor = indexIn(order, current)
}

// Clear takes everything out. What was heard stays known.
func (q *Queue[T]) Clear() {
	q.list, q.order, q.trail = nil, nil, nil
	q.listShared, q.orderShared, q.begun, q.heardHere = false, false, false, false
	q.cursor = -1
	q.changed()
}
