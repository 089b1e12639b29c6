// Package pump pulls frames from a source at a pace and hands them on: what the sinks that have no
// device of their own share. It knows nothing of files.
package pump

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/segue-audio/segue/player/sink"
)

const (
	// period is how often a real-time pump pulls.
	period = 10 * time.Millisecond
	// maxLate is how far a real-time pump catches up after its goroutine or the machine slept.
	// What is later than that was lost, as with a device that ran dry.
	maxLate = time.Second
	// unpacedFrames is what an unpaced pump pulls at a time.
	unpacedFrames = 4096
	// endPoll is how often an unpaced pump asks again after io.EOF, in case the queue goes on.
	endPoll = 20 * time.Millisecond
)

// Pump pulls on a goroutine of its own, from Start until Stop or an error.
type Pump struct {
	format sink.Format
	src    sink.Source
	write  func(block []float32, music int) error

	cancel context.CancelFunc
	done   chan struct{} // closed when the goroutine has ended
	failed chan error    // receives the error that ended it

	// busy is held while a block is pulled and written; a channel, so that waiting can be given up.
	busy chan struct{}

	mu  sync.Mutex
	err error
}

// Start begins to pull from src. Each block is given to write with the count of its leading frames
// that are music; the block is write's until it returns. An error of write ends the pump.
func Start(format sink.Format, src sink.Source, pace sink.Pace, write func(block []float32, music int) error) *Pump {
	ctx, cancel := context.WithCancel(context.Background())
	p := &Pump{
		format: format, src: src, write: write, cancel: cancel,
		done: make(chan struct{}), failed: make(chan error, 1), busy: make(chan struct{}, 1),
	}
	run := p.realTime
	if pace == sink.Unpaced {
		run = p.unpaced
	}
	go func() {
		defer close(p.done)
		if err := run(ctx); err != nil {
			p.mu.Lock()
			p.err = err
			p.mu.Unlock()
			p.failed <- err
		}
	}()
	return p
}

// Stop ends the pulling and returns the error that ended it before, if one did. After it returns
// the source is not called again. Twice is fine.
func (p *Pump) Stop() error {
	p.cancel()
	<-p.done
	return p.Err()
}

// Err is the error that ended the pump, nil while it runs.
func (p *Pump) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Failed receives the error that ends the pump.
func (p *Pump) Failed() <-chan error { return p.failed }

// Drain waits until the block that is being pulled is written, or ctx is done.
func (p *Pump) Drain(ctx context.Context) error {
	select {
	case p.busy <- struct{}{}:
		<-p.busy
		return p.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// block pulls and writes one block and returns how much of it was music.
func (p *Pump) block(buf []float32) (int, error) {
	p.busy <- struct{}{}
	defer func() { <-p.busy }()
	music := p.src.Pull(buf)
	if frames := len(buf) / p.format.Channels; music < 0 || music > frames {
		return 0, fmt.Errorf("source gave %d frames of %d", music, frames)
	}
	return music, p.write(buf, music)
}

// realTime pulls so that after a time t the frames of t plus one period have been pulled. The count
// that is due follows from the time since the start, so that rounding and late wake-ups don't add up.
func (p *Pump) realTime(ctx context.Context) error {
	rate := int64(p.format.SampleRate)
	frames := max(1, rate*int64(period)/int64(time.Second))
	buf := make([]float32, int(frames)*p.format.Channels)
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	start := time.Now()
	for pulled := int64(0); ; {
		late := time.Since(start)
		seconds, rest := int64(late/time.Second), int64(late%time.Second)
		due := seconds*rate + rest*rate/int64(time.Second) + frames
		if behind := due - pulled; behind > rate*int64(maxLate)/int64(time.Second) {
			pulled = due - frames
		}
		for ; pulled+frames <= due; pulled += frames {
			if ctx.Err() != nil {
				return nil
			}
			if _, err := p.block(buf); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// unpaced pulls whenever there is music.
func (p *Pump) unpaced(ctx context.Context) error {
	buf := make([]float32, unpacedFrames*p.format.Channels)
	for ctx.Err() == nil {
		err := p.src.Wait(ctx)
		switch {
		case err == nil:
			if _, err := p.block(buf); err != nil {
				return err
			}
		case ctx.Err() != nil:
		case errors.Is(err, io.EOF):
			select {
			case <-ctx.Done():
			case <-time.After(endPoll):
			}
		default:
			return err
		}
	}
	return nil
}
