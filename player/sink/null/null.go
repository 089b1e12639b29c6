// Package null is a sink that throws frames away and counts them: for tests, and for playing
// without a device. It refuses to keep any.
package null

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/sink"
	"github.com/segue-audio/segue/player/sink/internal/pump"
)

// Sink counts what it is given. Make it with New or NewDevice.
type Sink struct {
	pace   sink.Pace
	buffer time.Duration
	pump   atomic.Pointer[pump.Pump] // nil before Start; that of the last Start

	music, silence atomic.Int64
	running        bool
}

// New makes a sink that takes frames at the given pace and in whatever format is wanted. In real time
// it takes late what it comes late for, as a test wants it, and up to 0.1 s of music ahead of its clock,
// so that it wakes the machine ten times a second and not a hundred times.
func New(pace sink.Pace) *Sink { return &Sink{pace: pace} }

// ahead is how far a sink without a buffer goes ahead of its clock.
const ahead = 100 * time.Millisecond

// NewDevice makes a sink that behaves as a device with a buffer of that length: it fills it ahead, and
// when it comes too late to keep it filled, the frames in between have been played as silence, and are
// Missed.
func NewDevice(buffer time.Duration) *Sink { return &Sink{pace: sink.RealTime, buffer: buffer} }

// Start begins to pull, for the first time or after Close.
func (s *Sink) Start(want sink.Format, src sink.Source) (sink.Format, error) {
	if s.running {
		return sink.Format{}, errors.New("null: started before")
	}
	if want.SampleRate <= 0 || want.Channels <= 0 {
		return sink.Format{}, fmt.Errorf("null: no format: %+v", want)
	}
	s.running = true
	o := pump.Options{Pace: s.pace, Buffer: media.FramesIn(s.buffer, want.SampleRate)}
	if s.buffer == 0 {
		o.Ahead = ahead
	}
	s.pump.Store(pump.Start(want, src, o, func(block []float32, music int) error {
		s.music.Add(int64(music))
		if s.pace == sink.RealTime {
			s.silence.Add(int64(len(block)/want.Channels - music))
		}
		return nil
	}))
	return want, nil
}

// Frames counts the frames of music pulled so far, and those of silence between, before and after;
// an unpaced sink takes no silence. Callable at any time.
func (s *Sink) Frames() (music, silence media.Frames) {
	return media.Frames(s.music.Load()), media.Frames(s.silence.Load())
}

// Missed counts the frames that a device would have played and did not have in time, because this
// process was too late to hand them over, since the last Start. Callable at any time.
func (s *Sink) Missed() media.Frames {
	if p := s.pump.Load(); p != nil {
		return p.Missed()
	}
	return 0
}

// Latency is what a device's buffer holds, or what was taken ahead of the clock; zero for an unpaced sink.
func (s *Sink) Latency() media.Frames {
	if p := s.pump.Load(); p != nil {
		return p.Latency()
	}
	return 0
}

// Drain returns when what was pulled has been counted, and played by a device.
func (s *Sink) Drain(ctx context.Context) error {
	p := s.pump.Load()
	if p == nil {
		return nil
	}
	if err := p.Drain(ctx); err != nil {
		return err
	}
	wait := time.NewTimer(p.Latency().Duration(p.Rate()))
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Lose breaks the output as a device does that is unplugged: nothing is pulled any more and Failed
// receives err, which should wrap sink.ErrNoDevice. The sink can be started again after Close. Callable
// from any goroutine; it does nothing before Start.
func (s *Sink) Lose(err error) {
	if p := s.pump.Load(); p != nil {
		p.Lose(err)
	}
}

// Failed receives what Lose was told, or the error of a source that broke its contract.
func (s *Sink) Failed() <-chan error {
	if p := s.pump.Load(); p != nil {
		return p.Failed()
	}
	return nil
}

// Close stops pulling. Twice is fine.
func (s *Sink) Close() error {
	p := s.pump.Load()
	if p == nil {
		return nil
	}
	s.running = false
	return p.Stop()
}
