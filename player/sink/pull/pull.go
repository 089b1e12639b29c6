// Package pull is a sink for a host that owns the device: an app, a game engine or a test asks for
// frames when it needs them. Nothing here has a goroutine or waits.
package pull

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/sink"
	"github.com/segue-audio/segue/player/sink/internal/round"
)

// pcmFrames is how many frames ReadPCM converts at a time.
const pcmFrames = 1024

// Sink hands frames to the host. Make it with New. ReadFrames, ReadPCM and SetLatency are the
// host's, for one goroutine or thread at a time, at any time; the other methods are the player's.
type Sink struct {
	asked   sink.Format          // by New
	feed    atomic.Pointer[feed] // nil before Start, after Close and after Lose
	reading atomic.Bool
	started bool
	rate    atomic.Int64 // of the last Start

	latency atomic.Int64 // frames that the host holds
	failed  atomic.Pointer[chan error]
}

// feed is what the host reads from.
type feed struct {
	src     sink.Source
	format  sink.Format
	scratch []float32
	rounds  *round.Rounder
}

// New makes a sink of the format that the host plays. Zero rate or channels mean those of the first
// music; ReadFrames gives silence until then.
func New(format sink.Format) *Sink { return &Sink{asked: format} }

// Start makes src the source of the host's reads, for the first time or after Close.
func (s *Sink) Start(want sink.Format, src sink.Source) (sink.Format, error) {
	if s.started {
		return sink.Format{}, errors.New("pull: started before")
	}
	format := s.asked
	if format.SampleRate == 0 {
		format.SampleRate = want.SampleRate
	}
	if format.Channels == 0 {
		format.Channels = want.Channels
	}
	if format.SampleRate <= 0 || format.Channels <= 0 {
		return sink.Format{}, fmt.Errorf("pull: no format: %+v", format)
	}
	s.started = true
	s.rate.Store(int64(format.SampleRate))
	failed := make(chan error, 1)
	s.failed.Store(&failed)
	s.feed.Store(&feed{
		src: src, format: format,
		scratch: make([]float32, pcmFrames*format.Channels), rounds: round.New(ditherSeed),
	})
	return format, nil
}

// ditherSeed makes equal runs give equal noise.
const ditherSeed = 1

// ReadFrames fills dst with what is due now, interleaved, and returns how many frames of it are
// music; the rest is silence. It never waits or allocates.
func (s *Sink) ReadFrames(dst []float32) int {
	s.reading.Store(true)
	defer s.reading.Store(false)
	f := s.feed.Load()
	if f == nil {
		clear(dst)
		return 0
	}
	whole := len(dst) - len(dst)%f.format.Channels
	clear(dst[whole:])
	return f.src.Pull(dst[:whole])
}

// ReadPCM is ReadFrames for int16, little-endian; it too returns frames. Samples that are 16-bit
// already pass bit for bit; others are rounded with dither.
func (s *Sink) ReadPCM(dst []byte) int {
	s.reading.Store(true)
	defer s.reading.Store(false)
	f := s.feed.Load()
	if f == nil {
		clear(dst)
		return 0
	}
	frame := 2 * f.format.Channels
	music, full := 0, true
	for len(dst) >= frame {
		block := f.scratch[:min(len(f.scratch), len(dst)/frame*f.format.Channels)]
		n := f.src.Pull(block)
		if full { // music that comes after silence in the same read counts as the silence does
			music += n
			full = n*f.format.Channels == len(block)
		}
		dst = dst[f.rounds.Int16(dst, block):]
	}
	clear(dst)
	return music
}

// SetLatency tells how many frames that were read the host has not made audible yet, so that the
// player's position is right.
func (s *Sink) SetLatency(frames media.Frames) { s.latency.Store(int64(max(0, frames))) }

// Latency is what the host said.
func (s *Sink) Latency() media.Frames { return media.Frames(s.latency.Load()) }

// Pulled marks the sink as one that the host drives; see sink.Pulled.
func (s *Sink) Pulled() {}

// Drain waits for as long as the host's latency takes to play.
func (s *Sink) Drain(ctx context.Context) error {
	if s.feed.Load() == nil {
		return nil
	}
	wait := time.NewTimer(s.Latency().Duration(int(s.rate.Load())))
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Lose is for the host to say that its device is gone: reads give silence from then on, and the
// player hears of err, which should wrap sink.ErrNoDevice if the device may come back. It does nothing
// before Start and after Close.
func (s *Sink) Lose(err error) {
	if s.feed.Swap(nil) == nil {
		return
	}
	s.rest()
	select {
	case *s.failed.Load() <- err:
	default: // told before
	}
}

// Failed receives what Lose was told.
func (s *Sink) Failed() <-chan error {
	if c := s.failed.Load(); c != nil {
		return *c
	}
	return nil
}

// Close takes the source away: reads give silence until the next Start. It waits for a read in
// flight, which is as short as a Pull. Twice is fine.
func (s *Sink) Close() error {
	s.feed.Store(nil)
	s.rest()
	s.started = false
	return nil
}

// rest waits for a read in flight. The host's thread must not take a lock, so it raises a flag which
// is looked at here. A read raises the flag before it loads the source: either it sees nil, or it is
// seen here.
func (s *Sink) rest() {
	for s.reading.Load() {
		runtime.Gosched()
	}
}
