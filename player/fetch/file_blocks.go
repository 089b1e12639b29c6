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

// blocks is a File over byte ranges. One goroutine fetches, a span of blocks with each request: first
// what readers wait for, then ahead of the last one read. Readers take what has come of a block, whole
// or not.
type blocks struct {
	c   *Client
	ctx context.Context // done when the file is closed
	req FileRequest
	of  head

	mu      sync.Mutex
	table   map[int64]*block
	asked   []*block   // that readers wait for, in the order of asking
	lru     *list.List // of *blocks, the most recently used in front
	at      int64      // index of the block that was read last
	ahead   int64      // blocks fetched beyond it
	flight  *span      // that is being fetched
	resting bool       // fetching ahead failed: not again until somebody reads
	fatal   error      // ErrChanged: every later read's answer

	wake chan struct{} // capacity 1: there may be something to fetch
	done chan struct{} // closed when the fetching goroutine has ended
}

// block is a part of the file, in memory or under way. blocks.mu guards its fields.
type block struct {
	index   int64
	from    int    // where in the block data begins: after a seek what lies before isn't wanted
	data    []byte // what has come
	err     error  // why no more will; then it is in no table
	grown   chan struct{}
	readers int // that wait for it
	place   *list.Element
}

// span is a run of blocks that one request fetches.
type span struct {
	now, end int64 // the block that is coming in; behind the last
	pos      int64 // of the byte in the file that comes next
	cancel   context.CancelFunc
}

// jump is how many blocks ahead of what is coming in are worth waiting for. To ask for those beyond anew
// is sooner done.
const jump = 2

// newBlocks prepares a file of which nothing is here.
func newBlocks(c *Client, ctx context.Context, r FileRequest, h head) *blocks {
	b := &blocks{
		c: c, ctx: ctx, req: r, of: h, table: make(map[int64]*block), lru: list.New(),
		wake: make(chan struct{}, 1), done: make(chan struct{}), resting: true,
	}
	b.ahead = (r.ReadAhead + BlockBytes - 1) / BlockBytes
	return b
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

func (b *blocks) storeHead() {
	if b.req.Blocks == nil {
		return
	}
	if text, err := json.Marshal(b.of); err == nil {
		b.store(b.req.headKey(), text)
	}
}

func (b *blocks) size() int64   { return b.of.Size }
func (b *blocks) inOrder() bool { return false }

// length is that of block i, count that of the table.
func (b *blocks) length(i int64) int { return int(min(BlockBytes, b.of.Size-i*BlockBytes)) }
func (b *blocks) count() int64       { return (b.of.Size + BlockBytes - 1) / BlockBytes }

// whole reports whether all of a block is here that is to come. b.mu is held.
func (b *blocks) whole(k *block) bool { return k.from+len(k.data) == b.length(k.index) }

// readAt fills p, which lies within the file.
func (b *blocks) readAt(ctx context.Context, p []byte, off int64) (n int, err error) {
	for n < len(p) {
		k, err := b.read(ctx, p[n:], off+int64(n))
		n += k
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// read copies what p wants of the block that off lies in, and waits until all of that is there.
func (b *blocks) read(ctx context.Context, p []byte, off int64) (int, error) {
	index, from := off/BlockBytes, int(off%BlockBytes)
	to := min(from+len(p), b.length(index))
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
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		if b.fatal != nil {
			return 0, b.fatal
		}
		k := b.table[index]
		if k != nil && from < k.from {
			b.forget(k)
			k = nil
		}
		if k == nil {
			k = b.block(index, from)
		}
		if k.from+len(k.data) >= to {
			b.lru.MoveToFront(k.place)
			return copy(p, k.data[from-k.from:to-k.from]), nil
		}
		if err := b.wait(ctx, k); err != nil {
			return 0, err
		}
	}
}

// block adds one to the table that is to begin at from, or sooner where that costs nothing. b.mu is held.
func (b *blocks) block(index int64, from int) *block {
	k := &block{index: index, grown: make(chan struct{})}
	before := b.table[index-1]
	if !b.comes(k) && (before == nil || !b.whole(before)) {
		k.from = from // it doesn't come after another one
	}
	b.table[index] = k
	k.place = b.lru.PushFront(k)
	return k
}

// comes reports whether what is being fetched will go on with a block. b.mu is held.
func (b *blocks) comes(k *block) bool {
	return b.flight != nil && k.index < b.flight.end && k.index*BlockBytes+int64(k.from+len(k.data)) >= b.flight.pos
}

// forget takes a block out of the table. b.mu is held.
func (b *blocks) forget(k *block) {
	if b.table[k.index] == k {
		delete(b.table, k.index)
	}
	b.lru.Remove(k.place)
	k.changed() // whoever waits for it looks again
}

// wait asks for a block and sleeps until it has changed. b.mu is held, and let go meanwhile.
func (b *blocks) wait(ctx context.Context, k *block) error {
	if !b.comes(k) || k.index > b.flight.now+jump {
		b.asked = append(b.asked, k)
		if b.flight != nil && !b.awaited() {
			b.flight.cancel() // after a seek, what nobody waits for must not hold up what somebody does
		}
		b.signal()
	}
	grown := k.grown
	k.readers++
	b.mu.Unlock()
	select {
	case <-grown:
	case <-ctx.Done():
	case <-b.ctx.Done():
	}
	b.mu.Lock()
	k.readers--
	return k.err
}

// awaited reports whether somebody waits for what is being fetched. b.mu is held.
func (b *blocks) awaited() bool {
	for i := b.flight.now; i < min(b.flight.end, b.flight.now+jump+1); i++ {
		if k := b.table[i]; k != nil && k.readers > 0 {
			return true
		}
	}
	return false
}

// signal wakes the fetching goroutine.
func (b *blocks) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// run is the fetching goroutine's loop; it ends with b.ctx.
func (b *blocks) run() {
	for b.ctx.Err() == nil {
		b.mu.Lock()
		k := b.next()
		var ctx context.Context
		var s *span
		if k != nil {
			s = b.begin(k)
			ctx, s.cancel = context.WithCancel(b.ctx)
		}
		b.mu.Unlock()
		if k == nil {
			select {
			case <-b.wake:
			case <-b.ctx.Done():
			}
			continue
		}
		err := b.fetch(ctx, s, k)
		s.cancel()
		b.settle(s, k, err)
	}
}

// next picks the block to go on with: nil for none. b.mu is held.
func (b *blocks) next() *block {
	for len(b.asked) > 0 {
		k := b.asked[0]
		b.asked = b.asked[1:]
		if k.readers > 0 && k.err == nil && b.table[k.index] == k && !b.whole(k) {
			return k
		}
	}
	if b.resting || b.fatal != nil {
		return nil
	}
	for i := b.at; i <= b.at+b.ahead && i < b.count(); i++ {
		k := b.table[i]
		if k != nil && b.whole(k) {
			continue
		}
		if i > b.at+(b.ahead+1)/2 {
			return nil // little is missing: later, and more at a time
		}
		if k == nil {
			k = b.block(i, 0)
		}
		return k
	}
	return nil
}

// begin makes the span that starts with k: as far ahead of the reader as is wanted, up to what is here.
// b.mu is held.
func (b *blocks) begin(k *block) *span {
	s := &span{now: k.index, end: k.index + 1}
	last := b.at + b.ahead
	if k.index < b.at || k.index > last {
		last = k.index + b.ahead
	}
	for s.end < b.count() && s.end <= last {
		if other := b.table[s.end]; other != nil && (len(other.data) > 0 || other.from > 0) {
			break
		}
		s.end++
	}
	s.pos = k.index*BlockBytes + int64(k.from+len(k.data))
	b.flight = s
	return s
}

// fetch gets a span from the store or the network.
func (b *blocks) fetch(ctx context.Context, s *span, k *block) error {
	for ; s.now < s.end; b.step(s) {
		data, ok := b.stored(ctx, s.now)
		if !ok {
			break
		}
		b.take(s.now, data)
	}
	if s.now == s.end {
		return nil
	}
	b.mu.Lock()
	start := s.pos
	b.mu.Unlock()
	end := s.end
	for i := s.now + 1; i < end && b.req.Blocks != nil; i++ {
		data, ok := b.stored(ctx, i)
		if !ok {
			continue
		}
		b.mu.Lock()
		s.end = i // the network's part ends here
		b.mu.Unlock()
		b.take(i, data)
		break
	}
	t, err := b.c.newTransfer(b.req.part(start, min(s.end*BlockBytes, b.of.Size)-start), nil)
	if err != nil {
		return err
	}
	t.sink = &growing{b: b, s: s, start: start}
	t.pin = b.of.pin()
	if err := t.run(ctx); err != nil {
		return err
	}
	if t.have != t.req.Length {
		return &Error{URL: SafeURL(t.url), Attempts: t.attempts, Received: t.have, Err: ErrChanged}
	}
	return nil
}

// part is a request for a part of the file.
func (r *FileRequest) part(offset, length int64) Request {
	return Request{
		URL: r.URL, Header: r.Header, Offset: offset, Length: length,
		Decorate: r.Decorate, Retrying: r.Retrying, Received: r.Received,
	}
}

// stored gives a block that the store has.
func (b *blocks) stored(ctx context.Context, i int64) ([]byte, bool) {
	if b.req.Blocks == nil {
		return nil, false
	}
	data, ok := b.req.Blocks.Get(ctx, b.req.blockKey(b.of, i))
	return data, ok && len(data) == b.length(i)
}

// take puts a whole block into the table.
func (b *blocks) take(i int64, data []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.table[i]
	if k == nil {
		k = b.block(i, 0)
	}
	k.from, k.data = 0, data
	k.changed()
	b.evict()
}

// step says that the span's present block is here.
func (b *blocks) step(s *span) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s.now++
	s.pos = s.now * BlockBytes
}

// growing is the sink of a span: it shows the blocks while they come.
type growing struct {
	b     *blocks
	s     *span
	start int64
	done  int64
}

func (g *growing) expect(int64) {}
func (g *growing) restart()     { g.done = 0 }

func (g *growing) write(p []byte) error {
	for len(p) > 0 {
		pos := g.start + g.done
		index := pos / BlockBytes
		n := min(len(p), g.b.length(index)-int(pos%BlockBytes))
		if n <= 0 {
			return ErrChanged
		}
		full, err := g.grow(index, pos, p[:n])
		if err != nil {
			return err
		}
		g.done += int64(n)
		p = p[n:]
		if full != nil {
			g.b.store(g.b.req.blockKey(g.b.of, index), full)
		}
	}
	return nil
}

// grow shows more of a block, p from pos on, to its readers, and gives its bytes when they are all here.
// What a restart brings again must be what came before.
func (g *growing) grow(index, pos int64, p []byte) (full []byte, err error) {
	b, in := g.b, int(pos%BlockBytes)
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.table[index]
	if k == nil {
		k = b.block(index, in)
	}
	if end := pos + int64(len(p)); end > g.s.pos {
		g.s.pos, g.s.now = end, max(g.s.now, end/BlockBytes)
	}
	if len(k.data) == 0 {
		k.from = in
		k.data = make([]byte, 0, b.length(index)-in)
	}
	at := in - k.from // in k.data
	if at < 0 || at > len(k.data) {
		return nil, nil // the reader wanted another part of the block meanwhile
	}
	again := min(len(p), len(k.data)-at)
	if !bytes.Equal(p[:again], k.data[at:at+again]) {
		return nil, ErrChanged
	}
	if again == len(p) {
		return nil, nil
	}
	k.data = append(k.data, p[again:]...)
	k.changed()
	if !b.whole(k) {
		return nil, nil
	}
	b.evict()
	if k.from > 0 {
		return nil, nil
	}
	return k.data, nil
}

// changed wakes a block's readers. blocks.mu is held.
func (k *block) changed() {
	close(k.grown)
	k.grown = make(chan struct{})
}

// settle books the end of a span that began with k.
func (b *blocks) settle(s *span, k *block, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flight = nil
	called := errors.Is(err, context.Canceled) && b.ctx.Err() == nil
	switch {
	case err == nil || called:
	case errors.Is(err, ErrChanged):
		b.fatal = fmt.Errorf("%w", err)
		b.store(b.req.headKey(), []byte("{}")) // the next Open asks the server anew
	default:
		b.resting = true
	}
	for _, other := range b.table {
		switch {
		case b.whole(other):
		case err != nil && !called && (b.fatal != nil || other.index >= k.index && other.index < s.end):
			other.err = err
			b.forget(other)
		case other.readers > 0:
			b.asked = append(b.asked, other) // that somebody began to wait for just as it ended, or was called off
		}
	}
}

// evict drops the blocks that were used longest ago. b.mu is held.
func (b *blocks) evict() {
	most := int(max(b.req.Keep/BlockBytes, b.ahead+2))
	for e := b.lru.Back(); e != nil && b.lru.Len() > most; {
		k, before := e.Value.(*block), e.Prev()
		if k.readers == 0 && !b.comes(k) {
			b.forget(k)
		}
		e = before
	}
}

// held is how many bytes are here from off on.
func (b *blocks) held(off int64) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := off
	for at < b.of.Size {
		k := b.table[at/BlockBytes]
		in := int(at % BlockBytes)
		if k == nil || in < k.from || in >= k.from+len(k.data) {
			break
		}
		at = k.index*BlockBytes + int64(k.from+len(k.data))
	}
	return at - off
}

// peek copies what is here; see File.Peek.
func (b *blocks) peek(p []byte, off int64) bool {
	if int64(len(p)) > b.of.Size-off {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(p) > 0 {
		k := b.table[off/BlockBytes]
		in := int(off % BlockBytes)
		if k == nil || in < k.from || in >= k.from+len(k.data) {
			return false
		}
		n := copy(p, k.data[in-k.from:])
		p, off = p[n:], off+int64(n)
	}
	return true
}

func (b *blocks) setAhead(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ahead = (n + BlockBytes - 1) / BlockBytes
	b.signal()
}

func (b *blocks) readAhead() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ahead * BlockBytes
}
