package main

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/sink"
)

// limitedSink lets a given length of music through, exact to the frame, and then none any more:
// --duration for every sink and any number of tracks.
type limitedSink struct {
	sink.Sink
	length time.Duration

	mu   sync.Mutex // guards rate and left between the player's goroutine and wait
	rate int
	left *atomic.Int64 // frames; nil until the format is known
}

// Start opens the sink with a counter between it and src.
func (l *limitedSink) Start(want sink.Format, src sink.Source) (sink.Format, error) {
	counted := &limitedSource{Source: src, ready: make(chan struct{})}
	format, err := l.Sink.Start(want, counted)
	if err != nil {
		return format, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left == nil { // not when the player opens its output again after a stop
		l.left, l.rate = new(atomic.Int64), format.SampleRate
		l.left.Store(int64(media.FramesIn(l.length, format.SampleRate)))
	}
	counted.left = l.left
	counted.channels.Store(int64(format.Channels))
	close(counted.ready)
	return format, nil
}

// Failed is that of the sink.
func (l *limitedSink) Failed() <-chan error { return failed(l.Sink) }

// How often wait looks, the seldomer the more is left. The audio path may not signal it: that could block.
const (
	limitPoll     = 10 * time.Millisecond
	limitPollMost = 100 * time.Millisecond
)

// wait returns when the length has been played and heard, with true, or when ctx is done.
func (l *limitedSink) wait(ctx context.Context) bool {
	for {
		rest, known := l.rest()
		if known && rest <= 0 {
			break
		}
		look := time.NewTimer(min(max(rest/2, limitPoll), limitPollMost))
		select {
		case <-ctx.Done():
			look.Stop()
			return false
		case <-look.C:
		}
	}
	l.mu.Lock()
	rest := l.Sink.Latency().Duration(l.rate)
	l.mu.Unlock()
	timer := time.NewTimer(rest)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
	return true
}

// rest is how much may still be pulled; it isn't known before the output runs.
func (l *limitedSink) rest() (rest time.Duration, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left == nil {
		return 0, false
	}
	return media.Frames(l.left.Load()).Duration(l.rate), true
}

// limitedSource counts the music that is pulled.
type limitedSource struct {
	sink.Source
	ready    chan struct{} // closed when the fields below are set
	channels atomic.Int64  // zero until the sink's format is settled; left is set before
	left     *atomic.Int64
}

// Pull gives music while any is left, then silence. It keeps the source's contract: no lock, wait
// or allocation. Until the sink's format is settled it gives silence.
func (s *limitedSource) Pull(dst []float32) int {
	channels := s.channels.Load()
	if channels == 0 {
		clear(dst)
		return 0
	}
	frames := max(0, min(s.left.Load(), int64(len(dst))/channels))
	clear(dst[frames*channels:])
	if frames == 0 {
		return 0
	}
	music := s.Source.Pull(dst[:frames*channels])
	s.left.Add(-int64(music))
	return music
}

// Wait says that no music will come once none is left.
func (s *limitedSource) Wait(ctx context.Context) error {
	select {
	case <-s.ready:
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.left.Load() <= 0 {
		return io.EOF
	}
	return s.Source.Wait(ctx)
}
