package pipeline

import (
	"context"
	"sync/atomic"

	"github.com/segue-audio/segue/player/internal/ring"
)

// refill is how many blocks must be missing before a decoder that waits is woken: it then decodes a
// few in one go, which costs fewer changes of goroutine and leaves more than two seconds in hand.
const refill = decodedBlocks / 4

// blockQueue takes decoded blocks from an entry's decoder to the mixer, and empty ones back. Neither
// side takes a lock. The decoder may wait for room; the mixer never waits here, it is woken.
type blockQueue struct {
	full  *ring.Queue[*Block]
	empty *ring.Queue[*Block]

	closed atomic.Bool   // no block follows
	wants  atomic.Bool   // the mixer found nothing
	waits  atomic.Bool   // the decoder waits for room
	room   chan struct{} // and hears of it here
	reader atomic.Pointer[chan struct{}]
}

func newBlockQueue() *blockQueue {
	return &blockQueue{
		full: ring.NewQueue[*Block](decodedBlocks), empty: ring.NewQueue[*Block](decodedBlocks + 2),
		room: make(chan struct{}, 1),
	}
}

// send hands a block to the mixer, and waits for room. Decoder only.
func (q *blockQueue) send(ctx context.Context, b *Block) error {
	for !q.full.Push(b) {
		q.waits.Store(true)
		if q.full.Push(b) { // the mixer may have looked at waits just before
			q.waits.Store(false)
			break
		}
		select {
		case <-q.room:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	q.tell()
	return nil
}

// close says that no block follows. Decoder only.
func (q *blockQueue) close() {
	q.closed.Store(true)
	q.wants.Store(true)
	q.tell()
}

// reuse gives a block that the mixer has done with; nil where there is none. Decoder only.
func (q *blockQueue) reuse() *Block {
	b, _ := q.empty.Pop()
	return b
}

// tell wakes the mixer, if it waits for this queue.
func (q *blockQueue) tell() {
	if !q.wants.Swap(false) {
		return
	}
	if c := q.reader.Load(); c != nil {
		signal(*c)
	}
}

// want has the next block tell of itself, also where some are here. Mixer only.
func (q *blockQueue) want() { q.wants.Store(true) }

// wake names the channel that hears of blocks and of the end. Mixer only.
func (q *blockQueue) wake(c *chan struct{}) { q.reader.Store(c) }

// take gives the next block. Mixer only.
func (q *blockQueue) take() (*Block, status) {
	// closed is read first: a decoder that sends its last and then closes is seen whole.
	closed := q.closed.Load()
	if b, ok := q.full.Pop(); ok {
		return b, flowing
	}
	if closed {
		return nil, over
	}
	q.wants.Store(true)
	if b, ok := q.full.Pop(); ok { // the decoder may have looked at wants just before
		q.wants.Store(false)
		return b, flowing
	}
	return nil, starving
}

// done gives a block back. Mixer only.
func (q *blockQueue) done(b *Block) {
	_ = q.empty.Push(b) // a full queue means that there are more than enough
}

// relieve wakes a decoder that waits, once there is room worth waking for. It sends on a channel, so
// it isn't called while mixing. Mixer only.
func (q *blockQueue) relieve() {
	if q.waits.Load() && q.full.Room() >= refill {
		q.waits.Store(false)
		signal(q.room)
	}
}
