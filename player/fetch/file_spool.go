package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// spool is a File over a server without byte ranges, and the sink of its only transfer: one goroutine
// downloads from the start, readers wait until it has come as far as they read. What has come stays
// readable when the download fails, and whoever reads on has it tried again.
type spool struct {
	ctx context.Context
	req FileRequest

	mu     sync.Mutex
	mem    []byte   // the bytes, until they are more than req.SpoolMemory
	file   *os.File // then they are here
	have   int64    // bytes that readers may have
	length int64    // −1 while unknown
	whole  bool     // all is here that will ever be
	err    error    // why the download rests, or why no more will come
	closed bool
	grown  chan struct{} // closed and replaced whenever one of the above changes

	again chan struct{} // capacity 1: a reader wants a download that rests to be tried again
	pos   int64         // of the download, which begins again after a break; its goroutine's own
	back  []byte        // to compare what comes again; likewise
	done  chan struct{} // closed when the downloading goroutine has ended
}

func newSpool(ctx context.Context, r FileRequest) *spool {
	return &spool{ctx: ctx, req: r, length: -1, grown: make(chan struct{}), again: make(chan struct{}, 1)}
}

// end books the end of the download, or that it rests, and reports whether it is over for good.
func (s *spool) end(err error) (over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var failed *Error
	rests := errors.As(err, &failed) && retryable(failed.Err)
	s.err, s.whole = err, !rests
	if err == nil {
		s.length = s.have
	}
	s.changed()
	return s.whole
}

// wanted waits until a reader wants more of a download that rests; false when the file is closed.
func (s *spool) wanted() bool {
	select {
	case <-s.again:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// wait sleeps until ready, which is called under s.mu, is true, the file has ended or the download has
// failed.
func (s *spool) wait(ctx context.Context, ready func() bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil && !s.whole && !ready() {
		s.err = nil
		select {
		case s.again <- struct{}{}:
		default:
		}
	}
	for {
		switch {
		case s.ctx.Err() != nil:
			return context.Cause(s.ctx)
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case ready():
			return nil
		case s.err != nil:
			return s.err
		case s.whole:
			return io.EOF
		}
		grown := s.grown
		s.mu.Unlock()
		select {
		case <-grown:
		case <-ctx.Done():
		case <-s.ctx.Done():
		}
		s.mu.Lock()
	}
}

// changed wakes the readers. s.mu is held.
func (s *spool) changed() {
	close(s.grown)
	s.grown = make(chan struct{})
}

// readAt fills p as far as the file goes.
func (s *spool) readAt(ctx context.Context, p []byte, off int64) (int, error) {
	why := s.wait(ctx, func() bool { return s.have-off >= int64(len(p)) })
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ctx.Err() != nil:
		return 0, context.Cause(s.ctx)
	case s.closed:
		return 0, ErrClosed
	}
	n := int(max(0, min(int64(len(p)), s.have-off)))
	if err := s.at(p[:n], off); err != nil {
		return 0, err
	}
	return n, why
}

func (s *spool) size() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.length
}

func (s *spool) inOrder() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.whole && (s.length < 0 || s.have < s.length)
}

// at reads bytes that are here. s.mu is held.
func (s *spool) at(p []byte, off int64) error {
	if len(p) == 0 {
		return nil
	}
	if s.file == nil {
		copy(p, s.mem[off:])
		return nil
	}
	_, err := s.file.ReadAt(p, off)
	return err
}

func (s *spool) expect(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.length < 0 {
		s.length = n
		s.changed()
	}
}

func (s *spool) restart() { s.pos = 0 }

// write keeps new bytes, and compares those that a restarted download brings again: readers have had
// them.
func (s *spool) write(p []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if again := min(int64(len(p)), s.have-s.pos); again > 0 {
		if int64(cap(s.back)) < again {
			s.back = make([]byte, max(again, readSize))
		}
		old := s.back[:again]
		if err := s.at(old, s.pos); err != nil {
			return err
		}
		if !bytes.Equal(old, p[:again]) {
			return ErrChanged
		}
		s.pos += again
		p = p[again:]
	}
	if len(p) == 0 {
		return nil
	}
	if s.length >= 0 && s.pos+int64(len(p)) > s.length {
		return ErrChanged
	}
	if err := s.keep(p); err != nil {
		return err
	}
	s.pos += int64(len(p))
	s.have = s.pos
	s.changed()
	return nil
}

// keep appends p to memory or, once that would be too much, to a temporary file. s.mu is held.
func (s *spool) keep(p []byte) error {
	if s.file == nil && s.have+int64(len(p)) <= s.req.SpoolMemory {
		s.mem = append(s.mem, p...)
		return nil
	}
	if s.file == nil {
		f, err := os.CreateTemp(s.req.SpoolDir, "segue-*.spool")
		if err != nil {
			return fmt.Errorf("spool: %w", err)
		}
		// Where an open file may be removed, a killed process leaves nothing behind.
		_ = os.Remove(f.Name())
		if _, err := f.WriteAt(s.mem, 0); err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
			return fmt.Errorf("spool: %w", err)
		}
		s.file, s.mem = f, nil
	}
	if _, err := s.file.WriteAt(p, s.have); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	return nil
}

func (s *spool) held(off int64) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(0, s.have-off)
}

func (s *spool) peek(p []byte, off int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.closed && s.have-off >= int64(len(p)) && s.at(p, off) == nil
}

func (s *spool) readAhead() int64 { return s.req.MaxSpool }
func (s *spool) setAhead(int64)   {}

// release frees what the spool holds. The download has ended.
func (s *spool) release() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed, s.mem = true, nil
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	_ = os.Remove(s.file.Name()) // where it couldn't be while open
	return err
}
