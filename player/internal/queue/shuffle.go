package queue

import (
	"math/bits"
	"slices"
)

// ShuffleMode says what is shuffled.
type ShuffleMode uint8

// The modes. Their numbers are stored.
const (
	ShuffleOff    ShuffleMode = iota
	ShuffleTracks             // every entry by itself
	ShuffleAlbums             // albums stay whole, and their entries in the list's order
)

// Shuffle says how the play order is drawn. The same seed and the same edits give the same order, on
// every platform and with every version of Go.
type Shuffle struct {
	Mode ShuffleMode
	Seed uint64
}

// SetShuffle changes how the queue is shuffled. The current entry stays the current one: switched on,
// the whole rest is shuffled behind it; switched off, the list goes on from it. Pinned entries
// stay right behind it either way. The same again changes nothing.
func (q *Queue[T]) SetShuffle(s Shuffle) {
	if s == q.shuffle || s.Mode == ShuffleOff && q.shuffle.Mode == ShuffleOff {
		q.shuffle = s
		return
	}
	was := q.play()
	var current int64
	var pins []Entry[T]
	if e, ok := q.Current(); ok {
		current = e.ID
		for _, e := range was[q.cursor+1:] {
			if e.isPinned() {
				pins = append(pins, e)
			}
		}
	}
	q.shuffle, q.round = s, 0
	if s.Mode == ShuffleOff {
		q.unshuffle(current, pins)
	} else {
		q.draw(current, pins)
	}
	q.changed()
}

// unshuffle goes back to the list, in which pinned entries come right behind the current one.
func (q *Queue[T]) unshuffle(current int64, pins []Entry[T]) {
	q.order, q.orderShared = nil, false
	if q.cursor = indexIn(q.list, current); q.cursor < 0 {
		q.cursor, q.begun = min(0, len(q.list)-1), false
	}
	if len(pins) == 0 {
		return
	}
	isPin := member(idsOf(pins))
	list := make([]Entry[T], 0, len(q.list))
	for _, e := range q.list {
		if !isPin(e.ID) {
			list = append(list, e)
		}
		if e.ID == current {
			q.cursor = len(list) - 1
			list = append(list, pins...)
		}
	}
	q.list, q.listShared = list, false
}

// draw makes a new play order around the current entry (zero for none) and the pinned ones behind it.
// Shuffled by album, an album that the current entry is in the middle of goes on first.
func (q *Queue[T]) draw(current int64, pins []Entry[T]) {
	fixed := member(append(idsOf(pins), current))
	keep := q.begun && current != 0
	var album uint64
	if e, ok := q.Find(current); ok && keep && q.shuffle.Mode == ShuffleAlbums {
		album = e.album()
	}
	var before, after, rest []Entry[T]
	rest = make([]Entry[T], 0, len(q.list))
	passed := false
	for _, e := range q.list {
		switch {
		case e.ID == current && keep:
			before, passed = append(before, e), true
		case fixed(e.ID) && (keep || e.ID != current):
		case album != 0 && e.album() == album && !passed:
			before = append(before, e)
		case album != 0 && e.album() == album:
			after = append(after, e)
		default:
			rest = append(rest, e.unpinned())
		}
	}
	rest = q.sorted(rest, q.round, 0)
	if !keep && len(rest) > 0 {
		// Nothing is being played, so chance chooses the first one too.
		before, rest = rest[:1:1], rest[1:]
	}
	order := make([]Entry[T], 0, len(q.list))
	order = append(append(append(append(order, before...), pins...), after...), rest...)
	q.order, q.orderShared = order, false
	q.begun = keep
	q.cursor = min(max(len(before), 1), len(order)) - 1
}

// redraws bounds how often an order is drawn again because it begins with what was last.
const redraws = 64

// nextRound is the play order after this one: what was last does not come first, where there is
// anything else. It depends on nothing but the seed, the round, what is in the list and what is last.
func (q *Queue[T]) nextRound(last Entry[T]) []Entry[T] { return q.roundAfter(q.round, last) }

func (q *Queue[T]) roundAfter(round uint64, last Entry[T]) []Entry[T] {
	all := make([]Entry[T], len(q.list))
	for i, e := range q.list {
		all[i] = e.unpinned()
	}
	var drawn []Entry[T]
	for attempt := range uint64(redraws) {
		drawn = q.sorted(all, round+1, attempt)
		if len(drawn) == 0 {
			break
		}
		first := q.unitOf(&drawn[0])
		if first != q.unitOf(&last) || first == q.unitOf(&drawn[len(drawn)-1]) {
			break // another one, or there is but one
		}
	}
	return drawn
}

// unitOf names what stays together: an album, or an entry by itself. Bit 0 tells them apart.
func (q *Queue[T]) unitOf(e *Entry[T]) uint64 {
	if a := e.album(); q.shuffle.Mode == ShuffleAlbums && a != 0 {
		return a
	}
	return uint64(e.ID)<<1 | 1
}

// sorted gives entries in the order of one drawing: every unit has a pseudo-random key, which depends
// on the seed, the round, the attempt and the unit alone. So an entry that comes or goes leaves the
// others in their order. Entries of one unit stay in the order in which they came.
func (q *Queue[T]) sorted(entries []Entry[T], round, attempt uint64) []Entry[T] {
	base := mix(mix(q.shuffle.Seed, round), attempt)
	keys := make([]uint64, len(entries))
	for i := range entries {
		keys[i] = mix(base, q.unitOf(&entries[i]))
	}
	return sortByKey(entries, keys)
}

// sortByKey is stable, and linear where the keys are spread evenly: it deals them into as many heaps as
// there are keys, and what little is out of order then is put right by insertion.
func sortByKey[E any](entries []E, keys []uint64) []E {
	n := uint64(len(entries))
	starts := make([]int32, n+1)
	heap := func(key uint64) uint64 { hi, _ := bits.Mul64(key, n); return hi }
	for _, k := range keys {
		starts[heap(k)+1]++
	}
	for i := range n {
		starts[i+1] += starts[i]
	}
	out, outKeys := make([]E, n), make([]uint64, n)
	for i, k := range keys {
		at := &starts[heap(k)]
		out[*at], outKeys[*at] = entries[i], k
		*at++
	}
	for i := 1; i < len(out); i++ {
		e, k := out[i], outKeys[i]
		j := i
		for ; j > 0 && outKeys[j-1] > k; j-- {
			out[j], outKeys[j] = out[j-1], outKeys[j-1]
		}
		out[j], outKeys[j] = e, k
	}
	return out
}

// scatter puts entries that are new in the list at random places of what is still to come. Shuffled by
// album, they join their album where it is still to come.
func (q *Queue[T]) scatter(added []Entry[T]) {
	if len(added) == 0 {
		return
	}
	from := min(q.cursor+1+q.run(), len(q.order))
	if !q.begun && q.run() == 0 {
		from = 0 // any of them may become the first
	}
	q.cursor = max(q.cursor, 0)
	random := stream{mix(mix(q.shuffle.Seed, q.round), uint64(added[0].ID))}
	if q.shuffle.Mode == ShuffleAlbums {
		if added, from = q.joinAlbums(added, from); len(added) == 0 {
			return
		}
	}
	tail, fresh := q.order[from:], q.sorted(added, random.next(), 0)
	old, n := q.countUnits(tail), q.countUnits(fresh)
	if n == 1 {
		at := 0
		for range random.below(old + 1) {
			at += q.unitLen(tail[at:])
		}
		q.order = slices.Insert(q.order, from+at, fresh...)
		return
	}
	merged := append(make([]Entry[T], 0, len(q.order)+len(added)), q.order[:from]...)
	for old+n > 0 {
		// Selection sampling: each way of laying the two into each other is equally likely.
		source, left := &tail, &old
		if random.below(old+n) < n {
			source, left = &fresh, &n
		}
		k := q.unitLen(*source)
		merged = append(merged, (*source)[:k]...)
		*source = (*source)[k:]
		*left--
	}
	q.order = merged
}

// unitLen is how many entries at the beginning of some stay together; there must be one.
func (q *Queue[T]) unitLen(entries []Entry[T]) int {
	n, unit := 1, q.unitOf(&entries[0])
	for n < len(entries) && q.unitOf(&entries[n]) == unit {
		n++
	}
	return n
}

func (q *Queue[T]) countUnits(entries []Entry[T]) (n int) {
	if q.shuffle.Mode == ShuffleTracks {
		return len(entries)
	}
	for len(entries) > 0 {
		entries = entries[q.unitLen(entries):]
		n++
	}
	return n
}

// joinAlbums puts those of the added entries whose album is being played or still to come into their
// places there, and gives the others, and from where on these may be put.
func (q *Queue[T]) joinAlbums(added []Entry[T], from int) (others []Entry[T], after int) {
	var here uint64
	if e, ok := q.Current(); ok && q.begun {
		here = e.album()
	}
	joining := map[uint64][]Entry[T]{}
	for _, e := range added {
		if a := e.album(); a != 0 {
			joining[a] = append(joining[a], e)
		}
	}
	waiting := make(map[uint64]bool, len(joining))
	for i := range q.order[from:] {
		if a := q.order[from+i].album(); a != 0 && len(joining[a]) > 0 {
			waiting[a] = true
		}
	}
	for _, e := range added {
		if a := e.album(); a == 0 || a != here && !waiting[a] {
			others = append(others, e)
		}
	}
	if len(others) < len(added) {
		q.join(joining, waiting, here, from)
	}
	after = from
	for here != 0 && after < len(q.order) && q.order[after].album() == here {
		after++
	}
	return others, after
}

// join merges entries into the albums that wait, each once, in the list's order.
func (q *Queue[T]) join(joining map[uint64][]Entry[T], waiting map[uint64]bool, here uint64, from int) {
	merged := append(make([]Entry[T], 0, len(q.order)+len(joining)), q.order[:from]...)
	tail := q.order[from:]
	if more := joining[here]; here != 0 && len(more) > 0 && (len(tail) == 0 || tail[0].album() != here) {
		merged = append(merged, more...)
		waiting[here] = false
	}
	for len(tail) > 0 {
		n := q.unitLen(tail)
		unit := tail[:n]
		if a := unit[0].album(); a != 0 && waiting[a] {
			unit = q.inListOrder(a, append(slices.Clone(unit), joining[a]...))
			waiting[a] = false
		}
		merged, tail = append(merged, unit...), tail[n:]
	}
	q.order = merged
}

// inListOrder sorts entries of one album as the list has them.
func (q *Queue[T]) inListOrder(album uint64, entries []Entry[T]) []Entry[T] {
	isOne := member(idsOf(entries))
	sorted := entries[:0:0]
	for i := range q.list {
		if q.list[i].album() == album && isOne(q.list[i].ID) {
			sorted = append(sorted, q.list[i])
		}
	}
	return sorted
}

// mix is a keyed hash of x: the finaliser of SplitMix64 (Steele, Lea and Flood, "Fast splittable
// pseudorandom number generators", 2014), with the constants of Stafford's variant 13, once for the
// key and once for the sum.
func mix(key, x uint64) uint64 { return finalise(finalise(key+golden) + x*golden) }

// golden is 2^64 divided by the golden ratio, odd.
const golden = 0x9e3779b97f4a7c15

func finalise(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// stream is SplitMix64.
type stream struct{ state uint64 }

func (s *stream) next() uint64 {
	s.state += golden
	return finalise(s.state)
}

// below gives a number from 0 to less than n, which has to be positive. The bias is n in 2^64.
func (s *stream) below(n int) int {
	hi, _ := bits.Mul64(s.next(), uint64(n))
	return int(hi)
}

// hash is FNV-1a of 64 bits, mixed, less its lowest bit; zero for an empty string and nothing else.
func hash(s string) uint64 {
	if s == "" {
		return 0
	}
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return max(finalise(h)&^pinned, 2)
}
