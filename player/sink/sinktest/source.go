package sinktest

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
)

// Sample is the value of a Source's frame in a channel: never zero, exact in 16 bits, and different
// from its neighbours', so that a lost, repeated or exchanged frame shows.
func Sample(frame int64, channel int) float32 {
	v := (frame*7919 + int64(channel)*104_729) % 65_535 // 0 to 65,534
	if v >= 32_768 {
		v -= 65_536 // 32,768 to 65,534 become −32,768 to −2; 0 is left over
	}
	if v == 0 {
		v = -1
	}
	return float32(v) / 32_768
}

// Source is a sink.Source of numbered frames, see Sample. It gives what Allow let it give, then
// silence until more is allowed or the end is reached. Make it with NewSource.
type Source struct {
	channels int
	total    int64

	given   atomic.Int64 // frames of music
	pulled  atomic.Int64 // frames of music and silence
	allowed atomic.Int64
	inPull  atomic.Int32
	stopped atomic.Bool
	broken  atomic.Pointer[string] // the first breach of contract

	mu   sync.Mutex
	more chan struct{} // closed when more is allowed
}

// NewSource makes a source of total frames, all of them allowed.
func NewSource(channels int, total int64) *Source {
	s := &Source{channels: channels, total: total, more: make(chan struct{})}
	s.allowed.Store(total)
	return s
}

// NewSourceFrom makes a source of the frames from first to total, all of them allowed, as if those before
// had been given.
func NewSourceFrom(channels int, first, total int64) *Source {
	s := NewSource(channels, total)
	s.given.Store(first)
	s.pulled.Store(first)
	return s
}

// Allow sets how many frames of music may have been given in all; the rest comes later or, beyond
// the total, never.
func (s *Source) Allow(frames int64) {
	s.allowed.Store(min(frames, s.total))
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.more)
	s.more = make(chan struct{})
}

// Given counts the frames of music that were pulled, Pulled those of silence too.
func (s *Source) Given() int64 { return s.given.Load() }

// Pulled counts all frames that were pulled.
func (s *Source) Pulled() int64 { return s.pulled.Load() }

// Stop makes every later call of Pull a breach.
func (s *Source) Stop() { s.stopped.Store(true) }

// Breach is the first breach of the Source's contract by the sink, or "".
func (s *Source) Breach() string {
	if b := s.broken.Load(); b != nil {
		return *b
	}
	return ""
}

func (s *Source) breach(what string) { s.broken.CompareAndSwap(nil, &what) }

// Pull implements sink.Source.
func (s *Source) Pull(dst []float32) int {
	switch {
	case s.inPull.Add(1) != 1:
		s.breach("Pull was called from two goroutines at once")
	case s.stopped.Load():
		s.breach("Pull was called after Close")
	case len(dst) == 0 || len(dst)%s.channels != 0:
		s.breach("Pull was called without whole frames")
	}
	defer s.inPull.Add(-1)
	from, frames := s.given.Load(), int64(len(dst)/s.channels)
	music := max(0, min(frames, s.allowed.Load()-from))
	for f := range music {
		for c := range s.channels {
			dst[f*int64(s.channels)+int64(c)] = Sample(from+f, c)
		}
	}
	clear(dst[music*int64(s.channels):])
	s.given.Add(music)
	s.pulled.Add(frames)
	return int(music)
}

// Wait implements sink.Source.
func (s *Source) Wait(ctx context.Context) error {
	for {
		s.mu.Lock()
		more := s.more
		s.mu.Unlock()
		switch given := s.given.Load(); {
		case given < s.allowed.Load():
			return nil
		case given >= s.total:
			return io.EOF
		}
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
