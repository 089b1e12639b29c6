package fetch

import (
	"bytes"
	"container/list"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
)

// blocks is a File over byte ranges. One goroutine fetches: first what readers wait for, then ahead of
// the last one read. Readers take what has come of a block, whole or not.
type blocks struct {
	c   *Client
	ctx context.Context // done when the file is closed
	req FileRequest
	of  head

	mu      sync.Mutex
	table   map[int64]*block
	asked   []*block   // that readers wait for, in the order of asking
	lru     *list.List // of whole *blocks, the most recently used in front
	at      int64      // index of the block that was read last
	flight  *block     // that is being fetched
	resting bool       // fetching ahead failed: not again until somebody reads
	fatal   error      // ErrChanged: every later read's answer

	wake chan struct{} // capacity 1: there may be something to fetch
	done chan struct{} // closed when the fetching goroutine has ended
}

// block is a part of the file, in memory or under way. blocks.mu guards its fields.
type block struct {
	index   int64
	data    []byte // what has come; its bytes never change
	whole   bool
	err     error         // why it never will be; then it is in no table
	grown   chan struct{} // closed and replaced whenever data, whole or err change
	readers int           // that wait for it
	cancel  context.CancelFunc
	place   *list.Element
}

// ranged makes a File of a server with byte ranges. first holds the first block, or no body.
func (c *Client) ranged(ctx context.Context, cancel context.CancelCauseFunc, r FileRequest, h head, first *Response) (*File, error) {
	b := &blocks{
		c: c, ctx: ctx, req: r, of: h,
		table: make(map[int64]*block), lru: list.New(),
		wake: make(chan struct{}, 1), done: make(chan struct{}), resting: true,
	}
	if len(first.Body) > 0 {
		k := &block{data: first.Body, whole: true, grown: make(chan struct{})}
		b.table[0] = k
		k.place = b.lru.PushFront(k)
		if text, err := json.Marshal(h); err == nil {
			b.store(r.headKey(), text)
		}
		b.store(r.blockKey(h, 0), first.Body)
	}
	go b.run()
	closing := func() error {
		cancel(ErrClosed)
		<-b.done
		return nil
	}
	return &File{size: h.Size, url: first.URL, header: first.Header, reader: b, close: closing}, nil
}

// store lends a block to the store. One that fails costs a fetch later and no more.
func (b *blocks) store(key string, data []byte) {
	if b.req.Blocks == nil {
		return
	}
	if err := b.req.Blocks.Put(b.ctx, key, data); err != nil && b.ctx.Err() == nil {
		b.c.log.Info("fetch: block not stored", "error", err)
	}
}

// length is that of block i.
func (b *blocks) length(i int64) int64 { return min(BlockBytes, b.of.Size-i*BlockBytes) }

// ReadAt fills p, which lies within the file.
func (b *blocks) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		k, err := b.read(p[n:], off+int64(n))
		n += k
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// read copies what p wants of the block that off lies in, and waits until all of that is there.
func (b *blocks) read(p []byte, off int64) (int, error) {
	index, from := off/BlockBytes, int(off%BlockBytes)
	to := min(from+len(p), int(b.length(index)))
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.at != index || b.resting {
		b.at, b.resting = index, false
		b.signal()
	}
	for {
		if b.ctx.Err() != nil {
			return 0, context.Cause(b.ctx)
		}
		if b.fatal != nil {
			return 0, b.fatal
		}
		k := b.table[index]
		if k == nil {
			k = &block{index: index, grown: make(chan struct{})}
			b.table[index] = k
		}
		if len(k.data) >= to {
			if k.place != nil {
				b.lru.MoveToFront(k.place)
			}
			return copy(p, k.data[from:to]), nil
		}
		if err := b.wait(k); err != nil {
			return 0, err
		}
	}
}

// wait asks for a block and sleeps until it has changed. b.mu is held, and let go meanwhile.
func (b *blocks) wait(k *block) error {
	if b.flight != k {
		b.asked = append(b.asked, k)
		if b.flight != nil && b.flight.readers == 0 {
			b.flight.cancel() // after a seek, what nobody waits for must not hold up what somebody does
		}
		b.signal()
	}
	grown := k.grown
	k.readers++
	b.mu.Unlock()
	select {
	case <-grown:
	case <-b.ctx.Done():
	}
	b.mu.Lock()
	k.readers--
	return k.err
}

// signal wakes the fetching goroutine.
func (b *blocks) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// run is the fetching goroutine; it ends with b.ctx.
func (b *blocks) run() {
	defer close(b.done)
	for b.ctx.Err() == nil {
		b.mu.Lock()
		k := b.next()
		var ctx context.Context
		if k != nil {
			ctx, k.cancel = context.WithCancel(b.ctx)
			b.flight = k
		}
		b.mu.Unlock()
		if k == nil {
			select {
			case <-b.wake:
			case <-b.ctx.Done():
			}
			continue
		}
		err := b.fetch(ctx, k)
		k.cancel()
		b.settle(k, err)
	}
}

// next picks the block to fetch: nil for none. b.mu is held.
func (b *blocks) next() *block {
	for len(b.asked) > 0 {
		k := b.asked[0]
		b.asked = b.asked[1:]
		if !k.whole && k.err == nil && k.readers > 0 {
			return k
		}
	}
	if b.resting || b.fatal != nil {
		return nil
	}
	for i := b.at; i <= b.at+int64(b.req.ReadAhead) && i*BlockBytes < b.of.Size; i++ {
		k := b.table[i]
		if k == nil {
			k = &block{index: i, grown: make(chan struct{})}
			b.table[i] = k
		}
		if !k.whole {
			return k
		}
	}
	return nil
}

// fetch gets a block from the store or the network into k.
func (b *blocks) fetch(ctx context.Context, k *block) error {
	length := b.length(k.index)
	key := b.req.blockKey(b.of, k.index)
	if b.req.Blocks != nil {
		if data, ok := b.req.Blocks.Get(ctx, key); ok && int64(len(data)) == length {
			return b.grow(k, data)
		}
	}
	t, err := b.c.newTransfer(Request{URL: b.req.URL, Header: b.req.Header, Offset: k.index * BlockBytes, Length: length},
		&growing{b: b, k: k})
	if err != nil {
		return err
	}
	t.pin = b.of.pin()
	if err := t.run(ctx); err != nil {
		return err
	}
	if t.have != length {
		return &Error{URL: SafeURL(t.url), Attempts: t.attempts, Received: t.have, Err: ErrChanged}
	}
	b.store(key, t.sink.(*growing).body)
	return nil
}

// growing is a sink that shows a block while it comes.
type growing struct {
	memory
	b *blocks
	k *block
}

func (g *growing) write(p []byte) error {
	if err := g.memory.write(p); err != nil {
		return err
	}
	return g.b.grow(g.k, g.body)
}

// grow shows more of a block to its readers. After a restart less comes at first: what was shown stays,
// and must be what comes again.
func (b *blocks) grow(k *block, data []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(data) <= len(k.data) {
		return nil
	}
	if len(k.data) > 0 && &data[0] != &k.data[0] && !bytes.HasPrefix(data, k.data) {
		return ErrChanged
	}
	k.data = data
	k.changed()
	return nil
}

// changed wakes a block's readers. blocks.mu is held.
func (k *block) changed() {
	close(k.grown)
	k.grown = make(chan struct{})
}

// settle books the end of a fetch.
func (b *blocks) settle(k *block, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flight = nil
	switch {
	case err == nil:
		k.whole = true
		k.place = b.lru.PushFront(k)
		k.changed()
		b.evict()
		return
	case errors.Is(err, context.Canceled) && b.ctx.Err() == nil && k.readers > 0:
		b.asked = append(b.asked, k) // called off just as somebody began to wait for it
		return
	case errors.Is(err, ErrChanged):
		b.fatal = fmt.Errorf("%w", err)
		b.store(b.req.headKey(), []byte("{}")) // the next Open asks the server anew
	case !errors.Is(err, context.Canceled):
		b.resting = true
	}
	k.err = err
	delete(b.table, k.index)
	k.changed()
}

// evict drops the blocks that were used longest ago. b.mu is held.
func (b *blocks) evict() {
	for b.lru.Len() > b.req.Keep {
		k := b.lru.Remove(b.lru.Back()).(*block)
		delete(b.table, k.index)
	}
}
