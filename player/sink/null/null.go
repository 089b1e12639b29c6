// Package null is a sink that throws frames away and counts them: for tests, and for playing
// without a device. It refuses to keep any.
package null

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/sink"
	"github.com/segue-audio/segue/player/sink/internal/pump"
)

// Sink counts what it is given. Make it with New.
type Sink struct {
	pace   sink.Pace
	pump   *pump.Pump
	closed bool

	music, silence atomic.Int64
}

// New makes a sink that takes frames at the given pace and in whatever format is wanted.
func New(pace sink.Pace) *Sink { return &Sink{pace: pace} }

// Start begins to pull. A sink is started once.
func (s *Sink) Start(want sink.Format, src sink.Source) (sink.Format, error) {
	if s.pump != nil || s.closed {
		return sink.Format{}, errors.New("null: started before")
	}
	if want.SampleRate <= 0 || want.Channels <= 0 {
		return sink.Format{}, fmt.Errorf("null: no format: %+v", want)
	}
	s.pump = pump.Start(want, src, s.pace, func(block []float32, music int) error {
		s.music.Add(int64(music))
		if s.pace == sink.RealTime {
			s.silence.Add(int64(len(block)/want.Channels - music))
		}
		return nil
	})
	return want, nil
}

// Frames counts the frames of music pulled so far, and those of silence between, before and after;
// an unpaced sink takes no silence. Callable at any time.
func (s *Sink) Frames() (music, silence media.Frames) {
	return media.Frames(s.music.Load()), media.Frames(s.silence.Load())
}

// Latency is zero: what was pulled is gone.
func (s *Sink) Latency() media.Frames { return 0 }

// Drain returns when the block being pulled is counted.
func (s *Sink) Drain(ctx context.Context) error {
	if s.pump == nil {
		return nil
	}
	return s.pump.Drain(ctx)
}

// Failed receives the error of a source that broke its contract.
func (s *Sink) Failed() <-chan error {
	if s.pump == nil {
		return nil
	}
	return s.pump.Failed()
}

// Close stops pulling. Twice is fine.
func (s *Sink) Close() error {
	s.closed = true
	if s.pump == nil {
		return nil
	}
	return s.pump.Stop()
}
