// Package window gives the containers short views of a file through one buffer, so that parsers
// index bytes instead of handling partial reads.
package window

import (
	"errors"
	"fmt"
	"io"

	"github.com/segue-audio/segue/player/container"
)

// readAhead is read at once: some 40 MP3 frames at 128 kbps, so that walking headers costs few reads.
const readAhead = 32 << 10

// Window is a view of the first End bytes of R. It is used by one goroutine at a time.
type Window struct {
	R   io.ReaderAt
	End int64 // nothing at or behind it is read; lowered when R turns out to be shorter

	buf []byte
	off int64 // of buf[0]
}

// At gives the n bytes at off, fewer only where the end is nearer, none at or behind it. They stay
// valid until the following call. The error wraps R's own.
func (w *Window) At(off int64, n int) ([]byte, error) {
	n = int(min(int64(n), max(0, w.End-off)))
	if n == 0 {
		return nil, nil
	}
	if off < w.off || off+int64(n) > w.off+int64(len(w.buf)) {
		if err := w.fill(off, n); err != nil {
			return nil, err
		}
	}
	b := w.buf[off-w.off:]
	return b[:min(n, len(b))], nil
}

func (w *Window) fill(off int64, n int) error {
	size := min(int64(max(n, readAhead)), w.End-off)
	if a, ok := w.R.(container.Arriving); ok {
		size = min(size, max(int64(n), a.Held(off))) // what is wanted is worth waiting for, what lies behind it isn't
	}
	return w.read(off, int(size), n)
}

// read fills the buffer with size bytes at off, n of which have to be there.
func (w *Window) read(off int64, size, n int) error {
	if cap(w.buf) < size {
		w.buf = make([]byte, size)
	}
	w.buf, w.off = w.buf[:size], off
	got, err := w.R.ReadAt(w.buf, off)
	if got == size {
		return nil // io.ReaderAt may say io.EOF here, which isn't news
	}
	w.buf = w.buf[:max(0, got)]
	if errors.Is(err, io.EOF) {
		w.End = off + int64(len(w.buf)) // shorter than it was said to be: play what is there
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress // a ReaderAt must say why it gives less
	}
	if len(w.buf) < n {
		w.buf = w.buf[:0]
		return fmt.Errorf("reading %d bytes at %d: %w", n, off, err)
	}
	return nil
}
