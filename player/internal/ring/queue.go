package ring

import "sync/atomic"

// Queue is a bounded first-in, first-out queue between one producer goroutine (Push) and one consumer
// goroutine (Pop). Neither waits, locks or allocates. Len may be called from anywhere.
type Queue[T any] struct {
	slots []T
	mask  uint64
	head  atomic.Uint64 // pushed ever
	tail  atomic.Uint64 // popped ever
}

// NewQueue makes a queue that holds at least size values.
func NewQueue[T any](size int) *Queue[T] {
	n := 1
	for n < size {
		n *= 2
	}
	return &Queue[T]{slots: make([]T, n), mask: uint64(n - 1)}
}

// Push appends v; false where the queue is full. Producer only.
func (q *Queue[T]) Push(v T) bool {
	head := q.head.Load()
	if head-q.tail.Load() == uint64(len(q.slots)) {
		return false
	}
	q.slots[head&q.mask] = v
	q.head.Store(head + 1)
	return true
}

// Pop takes the oldest value; ok is false where the queue is empty. Consumer only.
func (q *Queue[T]) Pop() (v T, ok bool) {
	tail := q.tail.Load()
	if tail == q.head.Load() {
		return v, false
	}
	slot := &q.slots[tail&q.mask]
	var zero T
	v, *slot = *slot, zero // nothing is kept alive from here
	q.tail.Store(tail + 1)
	return v, true
}

// Len counts the values that wait.
func (q *Queue[T]) Len() int {
	tail := q.tail.Load() // first, so that the count is never negative
	return int(q.head.Load() - tail)
}

// Room counts the values that Push would take. It only grows while the producer does nothing.
func (q *Queue[T]) Room() int { return len(q.slots) - q.Len() }

// At gives the value that waits behind i others, without taking it; ok is false where there are fewer.
// Consumer only.
func (q *Queue[T]) At(i int) (v T, ok bool) {
	tail := q.tail.Load()
	if i < 0 || uint64(i) >= q.head.Load()-tail {
		return v, false
	}
	return q.slots[(tail+uint64(i))&q.mask], true
}
