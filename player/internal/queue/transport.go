package queue

import "slices"

// Begin says that the current entry is being played now, so that nothing but an edit takes it away.
// It changes nothing where there is none.
func (q *Queue[T]) Begin() {
	if _, ok := q.Current(); ok && !q.begun {
		q.begun = true
		q.arrive()
		q.changed()
	}
}

// Rewind goes back to the first entry: of the list or, while shuffled, of a new round.
func (q *Queue[T]) Rewind() {
	q.leave()
	q.fresh()
}

// fresh makes the first entry in play order the current one, as if nothing had been played.
func (q *Queue[T]) fresh() {
	current, playing := q.Current()
	q.begun = false
	q.cursor = len(q.list)
	q.unpinPassed()
	q.cursor = min(0, len(q.list)-1)
	if q.shuffle.Mode != ShuffleOff {
		if playing && indexIn(q.list, current.ID) >= 0 {
			q.order = q.nextRound(current)
		} else {
			q.order = q.roundAfter(q.round, Entry[T]{})
		}
		q.round, q.orderShared = q.round+1, false
	}
	q.changed()
}

// leave says that the current entry is given up for another one.
func (q *Queue[T]) leave() {
	if e, ok := q.Current(); ok && q.heardHere {
		q.push(e.ID)
	}
	q.heardHere = false
}

// push remembers an entry for Previous.
func (q *Queue[T]) push(id int64) {
	if n := len(q.trail); n > 0 && q.trail[n-1] == id {
		return
	}
	if len(q.trail) >= HistoryLimit {
		q.trail = slices.Delete(q.trail, 0, 1)
	}
	q.trail = append(q.trail, id)
}

// arrive unpins the current entry: it has been reached.
func (q *Queue[T]) arrive() {
	e, ok := q.Current()
	if !ok || !e.isPinned() {
		return
	}
	q.own()
	q.unpin(e.ID)
}

// unpinPassed unpins what an edit or a skip has put behind the listener, where the list is the play
// order.
func (q *Queue[T]) unpinPassed() {
	for i := 0; i <= q.cursor && i < len(q.list); i++ {
		if q.list[i].isPinned() {
			q.own()
			q.list[i].mark &^= pinned
		}
	}
}

func (q *Queue[T]) unpin(id int64) {
	if i := indexIn(q.list, id); i >= 0 {
		q.list[i].mark &^= pinned
	}
	if q.shuffle.Mode != ShuffleOff {
		if i := indexIn(q.order, id); i >= 0 {
			q.order[i].mark &^= pinned
		}
	}
}

// Cause is why the queue goes on to the next entry.
type Cause uint8

// The causes.
const (
	Asked Cause = iota // the listener wants the next one
	Ended              // the current one has ended by itself
)

// Next goes on to what follows the current entry. Where nothing does, ok is false and the queue stays
// where it is.
func (q *Queue[T]) Next(why Cause) (e Entry[T], ok bool) {
	switch {
	case q.cursor < 0:
		return e, false
	case why == Ended && q.repeat == RepeatOne && q.cursor < len(q.list):
		q.begun = true
		return q.Current()
	case q.cursor+1 < len(q.list):
		q.leave()
		q.cursor++
		q.begun = true
		q.arrive()
	case q.repeat == RepeatAll:
		q.leave()
		q.wrap()
	default:
		return e, false
	}
	q.version++ // what comes in the next round stays right, unless this was it
	return q.Current()
}

// wrap goes to the first entry of the next round; the list must not be empty.
func (q *Queue[T]) wrap() {
	if q.shuffle.Mode != ShuffleOff {
		next := q.coming
		if next == nil {
			next = q.nextRound(lastOf(q.order))
		}
		q.order, q.orderShared = next, false
		q.round++
	}
	q.cursor, q.begun, q.coming = 0, true, nil
	q.arrive()
}

func lastOf[T any](entries []Entry[T]) (e Entry[T]) {
	if len(entries) > 0 {
		e = entries[len(entries)-1]
	}
	return e
}

// Peek tells what will be played n entries after the current one, when each ends by itself, and
// changes nothing. n is from 0; ok is false where nothing will.
func (q *Queue[T]) Peek(n int) (e Entry[T], ok bool) {
	play := q.play()
	switch {
	case n < 0 || q.cursor < 0:
		return e, false
	case q.repeat == RepeatOne:
		return q.Current()
	case q.cursor >= len(play):
		return e, false
	case n < len(play)-q.cursor:
		return play[q.cursor+n].unpinned(), true
	case q.repeat != RepeatAll:
		return e, false
	case q.shuffle.Mode == ShuffleOff:
		return play[(q.cursor+n%len(play))%len(play)].unpinned(), true
	}
	if q.coming == nil {
		q.coming = q.nextRound(lastOf(play))
	}
	n -= len(play) - q.cursor
	round, ahead := q.round+1, q.coming
	for n >= len(ahead) {
		n -= len(ahead)
		ahead = q.roundAfter(round, lastOf(ahead))
		round++
	}
	return ahead[n], true
}

// Jump goes to an entry and reports whether it is there. While shuffled, what was still to come still
// comes, after it; shuffled by album, the rest of its album comes first.
func (q *Queue[T]) Jump(id int64) bool {
	at := indexIn(q.play(), id)
	if at < 0 {
		return false
	}
	if at == q.cursor {
		q.Begin()
		return true
	}
	q.leave()
	q.begun = true
	if q.shuffle.Mode == ShuffleOff {
		q.cursor = at
		q.unpinPassed()
	} else {
		q.own()
		q.bring(at)
	}
	q.arrive()
	q.changed()
	return true
}

// bring puts the entry at an index of the play order right behind the current one and goes to it.
func (q *Queue[T]) bring(at int) {
	e := q.order[at]
	var before, behind []Entry[T]
	moved := []int64{e.ID}
	if q.shuffle.Mode == ShuffleAlbums && e.album() != 0 {
		before, behind = q.albumAround(e)
		moved = append(append(moved, idsOf(before)...), idsOf(behind)...)
	}
	isMoved := member(moved)
	run := q.run()
	var pins []Entry[T]
	order := make([]Entry[T], 0, len(q.order))
	for _, o := range q.order[:min(q.cursor+1, len(q.order))] {
		if !isMoved(o.ID) {
			order = append(order, o)
		}
	}
	order = append(append(order, before...), e)
	cursor := len(order) - 1
	rest := q.order[min(q.cursor+1, len(q.order)):]
	for _, o := range rest[:run] {
		if !isMoved(o.ID) {
			pins = append(pins, o)
		}
	}
	order = append(append(order, pins...), behind...)
	for _, o := range rest[run:] {
		if !isMoved(o.ID) {
			order = append(order, o)
		}
	}
	q.order, q.orderShared, q.cursor = order, false, cursor
}

// albumAround gives what of an entry's album is still to come and not pinned: what the list has before
// it, which is passed over, and what it has behind it.
func (q *Queue[T]) albumAround(e Entry[T]) (before, behind []Entry[T]) {
	var ids []int64
	for _, o := range q.order[min(q.cursor+1, len(q.order)):] {
		if o.album() == e.album() && o.ID != e.ID && !o.isPinned() {
			ids = append(ids, o.ID)
		}
	}
	toCome, passed := member(ids), false
	for _, o := range q.list {
		switch {
		case o.ID == e.ID:
			passed = true
		case !toCome(o.ID):
		case passed:
			behind = append(behind, o)
		default:
			before = append(before, o)
		}
	}
	return before, behind
}

// Previous goes back: in the list to the entry before (with RepeatAll from the first to the last), and
// while shuffled to what was heard before, so that the current entry comes again behind it. ok is
// false where there is nothing to go back to.
func (q *Queue[T]) Previous() (e Entry[T], ok bool) {
	if q.cursor < 0 {
		return e, false
	}
	if q.shuffle.Mode != ShuffleOff {
		ok = q.back()
	} else {
		ok = q.before()
	}
	if !ok {
		return e, false
	}
	q.begun, q.heardHere = true, false
	q.changed()
	return q.Current()
}

func (q *Queue[T]) before() bool {
	switch {
	case q.cursor > 0:
		q.cursor--
	case q.repeat == RepeatAll && len(q.list) > 1:
		q.cursor = len(q.list) - 1
		q.unpinPassed()
	default:
		return false
	}
	if n := len(q.trail); n > 0 && q.trail[n-1] == q.list[q.cursor].ID {
		q.trail = q.trail[:n-1]
	}
	return true
}

func (q *Queue[T]) back() bool {
	var here int64
	if e, ok := q.Current(); ok {
		here = e.ID
	}
	for len(q.trail) > 0 {
		id := q.trail[len(q.trail)-1]
		q.trail = q.trail[:len(q.trail)-1]
		if id != here && q.putBefore(id) {
			return true
		} // removed since
	}
	if q.cursor == 0 {
		return false
	}
	q.cursor--
	return true
}

// Return goes back to an entry that is heard still though the queue has gone on, so that the current one
// comes again behind it. It reports whether the entry is there.
func (q *Queue[T]) Return(id int64) bool {
	if q.shuffle.Mode == ShuffleOff {
		at := indexIn(q.list, id)
		if at < 0 {
			return false
		}
		q.cursor = at
	} else if !q.putBefore(id) {
		return false
	}
	if n := len(q.trail); n > 0 && q.trail[n-1] == id {
		q.trail = q.trail[:n-1]
	}
	q.begun, q.heardHere = true, true
	q.changed()
	return true
}

// putBefore puts an entry right before the current one in the shuffled order and goes to it.
func (q *Queue[T]) putBefore(id int64) bool {
	at := indexIn(q.order, id)
	if at < 0 || at == q.cursor {
		return at >= 0
	}
	q.own()
	e := q.order[at].unpinned()
	q.unpin(id)
	q.order = slices.Delete(q.order, at, at+1)
	if at < q.cursor {
		q.cursor--
	}
	q.order = slices.Insert(q.order, q.cursor, e)
	return true
}

// Heard says that an entry is audible. Until the next one is, that is what was heard last. The same
// one again, right behind itself, counts once.
func (q *Queue[T]) Heard(e Entry[T]) {
	if current, ok := q.Current(); ok && current.ID == e.ID {
		q.heardHere = true
	} else if indexIn(q.list, e.ID) >= 0 {
		q.push(e.ID) // the queue has gone on since
	}
	if n := len(q.heard); n > 0 && q.heard[n-1].ID == e.ID {
		return
	}
	if len(q.heard) >= HistoryLimit {
		q.heard = append(make([]Entry[T], 0, HistoryLimit), q.heard[1:]...)
	}
	q.heard = append(q.heard, e.unpinned())
}

// History is what was heard, oldest first, at most HistoryLimit. What was removed since is still in it.
// The slice is not to be written to and never changes.
func (q *Queue[T]) History() []Entry[T] { return q.heard[:len(q.heard):len(q.heard)] }
