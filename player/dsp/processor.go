package dsp

import (
	"errors"
	"fmt"
)

// Processor changes sound in place, frame for frame: an equaliser, a widener, a meter that only
// listens. A player runs a chain of them over all of its music, after the crossfade and before the
// limiter, at the output's rate.
//
// The real-time contract: after Prepare, Process and Reset don't allocate, lock, log, wait or call
// the operating system, and the work of a call grows with the frames that it is given and with
// nothing else. They run on the thread that keeps the music going: what takes too long there is heard
// as a gap. Prepare, Process and Reset are called by one goroutine at a time.
//
// What else a type has, to set its parameters, is its own affair, and is called from any goroutine
// while Process runs. So parameters are kept in atomics, and Process moves to a new value over some
// milliseconds, because a step is heard as a click. A mutex would let the goroutine that turns a knob
// stop the music.
type Processor interface {
	// Prepare is told of the sample rate in frames a second and of the channel count, before the
	// first Process and again whenever either changes. It may allocate and take its time; what was
	// heard before counts for nothing after it, as with Reset. Its error keeps the processor out of
	// the chain; ErrFormat says that it can't do this rate or count.
	Prepare(rate, channels int) error

	// Process replaces the samples of whole interleaved frames, full scale ±1, of any count. A sample
	// may be beyond full scale, and a limiter that follows will see to it. What it gives must not
	// depend on how the music was cut into calls, and for a frame depends on that one and those before
	// it. A delay isn't made up for: it would shift the music against what the player says of it.
	Process(frames []float32)

	// Reset forgets all frames so far, as after a seek: no echo of what was before. Parameters stay,
	// and a move to a new value is finished at once.
	Reset()
}

// Chain runs processors one behind the other and is a Processor itself. Nil entries are skipped.
// The slice must not change while it is in use: a player takes a new chain instead.
type Chain []Processor

// Prepare prepares all of them, also where one fails, and gives their errors joined.
func (c Chain) Prepare(rate, channels int) error {
	var errs []error
	for i, p := range c {
		if p == nil {
			continue
		}
		if err := p.Prepare(rate, channels); err != nil {
			errs = append(errs, fmt.Errorf("processor %d: %w", i, err))
		}
	}
	return errors.Join(errs...)
}

// Process runs the frames through all of them in order.
func (c Chain) Process(frames []float32) {
	for _, p := range c {
		if p != nil {
			p.Process(frames)
		}
	}
}

// Reset resets all of them.
func (c Chain) Reset() {
	for _, p := range c {
		if p != nil {
			p.Reset()
		}
	}
}

// ProcessorFunc is a Processor without memory or parameters.
type ProcessorFunc func(frames []float32)

// Prepare takes every format.
func (f ProcessorFunc) Prepare(int, int) error { return nil }

// Process calls f.
func (f ProcessorFunc) Process(frames []float32) { f(frames) }

// Reset has nothing to forget.
func (f ProcessorFunc) Reset() {}
