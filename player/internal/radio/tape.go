package radio

import (
	"context"
	"io"
	"sync"

	"github.com/segue-audio/segue/player/metadata"
)

const (
	// heldBytes is how much of a live stream is held that is not decoded yet: four minutes at 128 kbps. Who
	// pauses for longer comes back to what is live.
	heldBytes = 4 << 20
	// heldBehind is how much is held of what was decoded: as far as a demuxer goes back.
	heldBehind = 256 << 10
	// maxTitles bounds the titles of what isn't decoded yet.
	maxTitles = 256
)

// Tape is the part of a live stream that is in memory. The loader's side writes it as it comes in, and the
// decoder's demuxer reads it in order; what it has read is forgotten. It implements container.Arriving.
type Tape struct {
	ctx  context.Context // of the entry
	with Break

	mu     sync.Mutex
	held   []byte // from start on
	start  int64
	taken  int64 // where the latest read began
	over   bool  // nothing follows
	wants  bool  // a reader waits
	titles []titled
	news   chan struct{} // closed and replaced when something was written, or nothing follows
	read   chan struct{} // capacity 1: something was read
}

// titled is what a live stream says of what begins at a byte of it.
type titled struct {
	at int64
	of metadata.Metadata
}

// Break is why a tape doesn't go on with what was on the one before.
type Break uint8

// The breaks.
const (
	Continuous Break = iota // it does, or it is the first
	Lost                    // more was lost between two connections than the server repeats
	Lapsed                  // the listener paused for longer than the stream is held
)

func newTape(ctx context.Context, with Break) *Tape {
	return &Tape{ctx: ctx, with: with, news: make(chan struct{}), read: make(chan struct{}, 1)}
}

// Begins tells what the tape begins with.
func (t *Tape) Begins() Break { return t.with }

// write appends what came in.
func (t *Tape) write(p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if gone := t.taken - heldBehind - t.start; gone > heldBehind {
		t.held = t.held[:copy(t.held, t.held[min(gone, int64(len(t.held))):])]
		t.start += gone
	}
	t.held = append(t.held, p...)
	t.tell()
}

// tell wakes the reader. t.mu is held.
func (t *Tape) tell() {
	close(t.news)
	t.news = make(chan struct{})
}

// title notes what begins at a byte.
func (t *Tape) title(at int64, m metadata.Metadata) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.titles) >= maxTitles { // nobody says so much
		t.titles = t.titles[1:]
	}
	t.titles = append(t.titles, titled{at, m})
}

// due takes out what begins at or before a byte.
func (t *Tape) due(at int64) (list []titled) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.titles) > 0 && t.titles[0].at <= at {
		list, t.titles = append(list, t.titles[0]), t.titles[1:]
	}
	return list
}

// end says that nothing follows. Twice is fine.
func (t *Tape) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	t.tell()
}

// cut is end, and forgets what wasn't read.
func (t *Tape) cut() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.held = t.held[:max(0, min(int64(len(t.held)), t.taken-t.start))]
	t.over = true
	t.tell()
}

// length is where the tape ends, unread how much of it the reader hasn't come to.
func (t *Tape) length() (end, unread int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	end = t.start + int64(len(t.held))
	return end, end - t.taken
}

// IsOver reports whether nothing follows.
func (t *Tape) IsOver() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.over
}

// starves reports whether the reader waits for more.
func (t *Tape) starves() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.wants
}

// tail copies the last n bytes; nil where fewer are held.
func (t *Tape) tail(n int) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.held) < n {
		return nil
	}
	return append([]byte(nil), t.held[len(t.held)-n:]...)
}

// Await waits until n bytes were written, or nothing follows.
func (t *Tape) Await(n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.start+int64(len(t.held)) < n && !t.over && t.ctx.Err() == nil {
		t.sleep()
	}
}

// sleep waits for news. t.mu is held, and let go meanwhile.
func (t *Tape) sleep() {
	news := t.news
	t.mu.Unlock()
	select {
	case <-news:
	case <-t.ctx.Done():
	}
	t.mu.Lock()
}

// ReadAt waits until p can be filled, or nothing follows.
func (t *Tape) ReadAt(p []byte, off int64) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.taken = max(0, off)
	signal(t.read)
	for t.start+int64(len(t.held)) < off+int64(len(p)) && !t.over {
		if t.ctx.Err() != nil {
			return 0, context.Cause(t.ctx)
		}
		t.wants = true
		t.sleep()
	}
	t.wants = false
	if off < t.start {
		return 0, errForgotten
	}
	n := copy(p, t.held[min(off-t.start, int64(len(t.held))):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Held implements container.Arriving.
func (t *Tape) Held(off int64) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if off < t.start {
		return 0
	}
	return max(0, t.start+int64(len(t.held))-off)
}

// InOrder implements container.Arriving.
func (t *Tape) InOrder() bool { return true }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
