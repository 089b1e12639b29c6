package queue

// Order is the play order's ids, those that are passed included.
func (q *Queue[T]) Order() []int64 { return idsOf(q.play()) }

// Cursor is the current entry's index in it.
func (q *Queue[T]) Cursor() int { return q.cursor }

// Pinned tells whether an entry is pinned, wherever that is noted.
func (q *Queue[T]) Pinned(id int64) bool {
	i, j := indexIn(q.list, id), indexIn(q.play(), id)
	return i >= 0 && j >= 0 && q.list[i].isPinned() && q.play()[j].isPinned()
}

// Trail is what Previous goes back through.
func (q *Queue[T]) Trail() []int64 { return q.trail }

var (
	Mix       = mix
	SortByKey = sortByKey[int]
)

// Stream is the beginning of SplitMix64 from a seed.
func Stream(seed uint64, n int) (out []uint64) {
	s := stream{seed}
	for range n {
		out = append(out, s.next())
	}
	return out
}

const Magic = magic
