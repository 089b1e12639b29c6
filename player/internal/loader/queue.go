package loader

import (
	"context"
	"slices"
	"sync"
)

// Queue hands runs from one loader to one decoder, in order. It doesn't bound itself: the loader looks at what
// waits, in runs and in bytes, before it loads more, and takes back what isn't begun when it is to choose anew.
type Queue struct {
	mu     sync.Mutex
	items  []*Run
	begun  *SegmentID // of the run that was popped last
	closed bool
	ready  chan struct{} // the decoder may look again
	taken  chan struct{} // the loader may look again
}

func newQueue() *Queue {
	return &Queue{ready: make(chan struct{}, 1), taken: make(chan struct{}, 1)}
}

// push appends a run; loader only.
func (q *Queue) push(r *Run) {
	q.mu.Lock()
	q.items = append(q.items, r)
	q.mu.Unlock()
	signal(q.ready)
}

// insert puts a run in front of all others; decoder only.
func (q *Queue) insert(r *Run) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.items = append([]*Run{r}, q.items...)
}

// close says that no run follows; loader only.
func (q *Queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	signal(q.ready)
}

// Pop waits for the next run; ok is false after the last. Decoder only.
func (q *Queue) Pop(ctx context.Context) (r *Run, ok bool, err error) {
	for {
		q.mu.Lock()
		if len(q.items) > 0 {
			r, q.items = q.items[0], q.items[1:]
			q.begun = r.Segment
			q.mu.Unlock()
			signal(q.taken)
			return r, true, nil
		}
		closed := q.closed
		q.mu.Unlock()
		if closed {
			return nil, false, nil
		}
		select {
		case <-ctx.Done():
			return nil, false, context.Cause(ctx)
		case <-q.ready:
		}
	}
}

// recall takes back what the decoder has not begun, in order: of a segment that came in parts, nothing if
// the first of them was.
func (q *Queue) recall() []*Run {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for n < len(q.items) && q.items[n].Segment != nil && q.items[n].Segment == q.begun {
		n++
	}
	items := q.items[n:]
	q.items = q.items[:n:n]
	return items
}

// waiting lists whole runs of segments that the decoder has not begun, in order.
func (q *Queue) waiting() (runs []*Run) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, r := range q.items {
		if r.Segment != nil && r.Segment != q.begun {
			runs = append(runs, r)
		}
	}
	return runs
}

// replace puts a run in another's place; false where the decoder has it.
func (q *Queue) replace(old, r *Run) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.items, old)
	if i >= 0 {
		q.items[i] = r
	}
	return i >= 0
}

// clear takes back all that is left, once the decoder has ended.
func (q *Queue) clear() []*Run {
	q.mu.Lock()
	defer q.mu.Unlock()
	items := q.items
	q.items = nil
	return items
}

// Waiting counts the runs that the decoder has not begun and their bytes.
func (q *Queue) Waiting() (n int, bytes int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, r := range q.items {
		bytes += r.bytes
	}
	return len(q.items), bytes
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
