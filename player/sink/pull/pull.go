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

	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/sink"
)

// pcmFrames is how many frames ReadPCM converts at a time.
const pcmFrames = 1024

// Sink hands frames to the host. Make it with New. ReadFrames, ReadPCM and SetLatency are the
// host's, for one goroutine or thread at a time, at any time; the other methods are the player's.
type Sink struct {
	format  sink.Format
	src     atomic.Pointer[sink.Source] // nil before Start and after Close
	reading atomic.Bool
	started bool

	latency atomic.Int64 // frames that the host holds

	scratch []float32
	rounds  dsp.Quantiser
}

// New makes a sink of the format that the host plays. Zero rate or channels mean those of the first
// music; ReadFrames gives silence until then.
func New(format sink.Format) *Sink { return &Sink{format: format} }

// Start makes src the source of the host's reads. A sink is started once.
func (s *Sink) Start(want sink.Format, src sink.Source) (sink.Format, error) {
	if s.started {
		return sink.Format{}, errors.New("pull: started before")
	}
	if s.format.SampleRate == 0 {
		s.format.SampleRate = want.SampleRate
	}
	if s.format.Channels == 0 {
		s.format.Channels = want.Channels
	}
	if s.format.SampleRate <= 0 || s.format.Channels <= 0 {
		return sink.Format{}, fmt.Errorf("pull: no format: %+v", s.format)
	}
	s.started = true
	s.scratch = make([]float32, pcmFrames*s.format.Channels)
	s.src.Store(&src)
	return s.format, nil
}

// ReadFrames fills dst with what is due now, interleaved, and returns how many frames of it are
// music; the rest is silence. It never waits or allocates.
func (s *Sink) ReadFrames(dst []float32) int {
	s.reading.Store(true)
	defer s.reading.Store(false)
	src := s.src.Load()
	if src == nil {
		clear(dst)
		return 0
	}
	whole := len(dst) - len(dst)%s.format.Channels
	clear(dst[whole:])
	return (*src).Pull(dst[:whole])
}

// ReadPCM is ReadFrames for int16, little-endian; it too returns frames.
func (s *Sink) ReadPCM(dst []byte) int {
	s.reading.Store(true)
	defer s.reading.Store(false)
	src := s.src.Load()
	if src == nil {
		clear(dst)
		return 0
	}
	frame := 2 * s.format.Channels
	music, full := 0, true
	for len(dst) >= frame {
		block := s.scratch[:min(len(s.scratch), len(dst)/frame*s.format.Channels)]
		n := (*src).Pull(block)
		if full { // music that comes after silence in the same read counts as the silence does
			music += n
			full = n*s.format.Channels == len(block)
		}
		dst = dst[s.rounds.Int16(dst, block):]
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
	if !s.started || s.src.Load() == nil {
		return nil
	}
	wait := time.NewTimer(s.Latency().Duration(s.format.SampleRate))
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close takes the source away: reads give silence from then on. It waits for a read in flight,
// which is as short as a Pull. Twice is fine.
func (s *Sink) Close() error {
	s.started = true
	s.src.Store(nil)
	// The host's thread must not take a lock, so it raises a flag and Close looks at it. A read
	// raises the flag before it loads the source: either it sees nil, or it is seen here.
	for s.reading.Load() {
		runtime.Gosched()
	}
	return nil
}
