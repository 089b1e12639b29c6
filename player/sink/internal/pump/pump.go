// Package pump pulls frames from a source at a pace and hands them on: what the sinks that have no
// device of their own share. It knows nothing of files.
package pump

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/sink"
)

const (
	// period is how often a real-time pump pulls.
	period = 10 * time.Millisecond
	// maxLate is how far a real-time pump catches up after its goroutine or the machine slept.
	// What is later than that was lost, as with a device that ran dry.
	maxLate = time.Second
	// easing is how much more than its period a pump takes in each, on the way to Options.Ahead.
	easing = 4
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

	start  time.Time // of the device's clock
	buffer int64     // frames that the device holds; zero for a pump that may be late
	ahead  time.Duration
	pulled atomic.Int64 // frames that the device has, with those that it went without
	missed atomic.Int64 // frames that were not there when the device's buffer was empty

	mu   sync.Mutex
	err  error
	lost error // what Lose was told
}

// Options are how a Pump pulls.
type Options struct {
	Pace sink.Pace
	// Buffer makes a real-time pump fill a device's buffer of that many frames, and go without what is
	// not in it in time. Zero means no buffer, and that what is late is pulled late.
	Buffer media.Frames
	// Ahead lets a real-time pump without a buffer take so much ahead of its clock while music flows,
	// and come so seldom: each time that a process wakes from rest costs more than a period's mixing.
	Ahead time.Duration
}

// Start begins to pull from src. Each block is given to write with the count of its leading frames
// that are music; the block is write's until it returns. An error of write ends the pump.
func Start(format sink.Format, src sink.Source, o Options, write func(block []float32, music int) error) *Pump {
	ctx, cancel := context.WithCancel(context.Background())
	p := &Pump{
		format: format, src: src, write: write, cancel: cancel,
		done: make(chan struct{}), failed: make(chan error, 1), busy: make(chan struct{}, 1),
		start: time.Now(), buffer: int64(o.Buffer), ahead: o.Ahead,
	}
	run := p.realTime
	if o.Pace == sink.Unpaced {
		run = p.unpaced
	}
	go p.run(ctx, run)
	return p
}

func (p *Pump) run(ctx context.Context, pull func(context.Context) error) {
	defer close(p.done)
	err := pull(ctx)
	p.mu.Lock()
	p.err = err
	if err == nil {
		err = p.lost
	}
	p.mu.Unlock()
	if err != nil {
		p.failed <- err
	}
}

// Lose ends the pulling as the loss of a device does: Failed receives err.
func (p *Pump) Lose(err error) {
	p.mu.Lock()
	p.lost = err
	p.mu.Unlock()
	p.cancel()
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

// Rate is the sample rate.
func (p *Pump) Rate() int { return p.format.SampleRate }

// Failed receives the error that ends the pump.
func (p *Pump) Failed() <-chan error { return p.failed }

// Drain waits until the block that is being pulled is written, or ctx is done.
func (p *Pump) Drain(ctx context.Context) error {
	select {
	case p.busy <- struct{}{}:
		<-p.busy
		p.mu.Lock()
		defer p.mu.Unlock()
		return errors.Join(p.err, p.lost)
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

// Latency counts the frames in the device's buffer that it has not played, or that were taken ahead.
func (p *Pump) Latency() media.Frames {
	if p.buffer == 0 && p.ahead == 0 {
		return 0
	}
	pulled := p.pulled.Load() // first, so that the count is never too large
	return media.Frames(min(max(0, pulled-p.played()), pulled))
}

// Missed counts the frames that the device wanted to play and did not have, because the pump came too
// late.
func (p *Pump) Missed() media.Frames { return media.Frames(p.missed.Load()) }

// played is what a device's clock has played, without the rounding of many small steps.
func (p *Pump) played() int64 {
	d, rate := time.Since(p.start), int64(p.format.SampleRate)
	seconds, rest := int64(d/time.Second), int64(d%time.Second)
	return seconds*rate + rest*rate/int64(time.Second)
}

// realTime pulls so that after a time t the frames of t plus one period, and the device's buffer, have
// been pulled. The count that is due follows from the time since the start, so that rounding and late
// wake-ups don't add up.
func (p *Pump) realTime(ctx context.Context) error {
	rate := int64(p.format.SampleRate)
	frames := max(1, rate*int64(period)/int64(time.Second))
	buf := make([]float32, int(frames)*p.format.Channels)
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	ahead := period
	for {
		due, flows := p.late(rate, rate*int64(ahead)/int64(time.Second)), false
		for p.pulled.Load()+frames <= due {
			if ctx.Err() != nil {
				return nil
			}
			music, err := p.block(buf)
			if err != nil {
				return err
			}
			p.pulled.Add(frames)
			flows = int64(music) == frames
		}
		if p.ahead > 0 && ahead != p.next(ahead, flows) {
			ahead = p.next(ahead, flows)
			ticker.Reset(p.pace(ahead))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// next is how far ahead of its clock the pump will be: a little more each time while music flows, since
// what is there for it may still be little.
func (p *Pump) next(ahead time.Duration, flows bool) time.Duration {
	if !flows {
		return period
	}
	return min(ahead+period/easing, p.ahead)
}

// pace is how often to pull: seldom, once the pump is as far ahead as it may be.
func (p *Pump) pace(ahead time.Duration) time.Duration {
	if ahead < p.ahead {
		return period
	}
	return p.ahead
}

// late says how many frames are due, and gives up those that it is too late for.
func (p *Pump) late(rate, frames int64) (due int64) {
	played := p.played()
	if p.buffer > 0 {
		if gone := played - p.pulled.Load(); gone > 0 && p.pulled.Load() > 0 {
			p.missed.Add(gone)
			p.pulled.Add(gone)
		}
		return played + max(p.buffer, frames)
	}
	due = played + frames
	if due-p.pulled.Load() > rate*int64(maxLate)/int64(time.Second) {
		p.pulled.Store(due - frames)
	}
	return due
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
