// Package ring joins the mixer to the sink: a single-producer, single-consumer ring of PCM frames
// that also stops, starts, skips and fades the music at the very last moment, where it is heard at
// once. The consumer's side is real-time safe: no lock, allocation, channel or log, as long as the
// sink sets its pace by a clock. A sink that runs as fast as it can calls Wait, and from then on the
// two sides wake each other.
package ring

import (
	"context"
	"io"
	"math"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/player/media"
)

// fade is how long the ramps of pause, skip and volume take: short enough to feel instant, long
// enough for no click.
const fade = 5 * time.Millisecond

// Ring holds frames between one producer goroutine (Write, End, Flush and the setters) and one
// consumer (Pull, Wait). The counters may be read from anywhere.
type Ring struct {
	buf      []float32
	size     int64 // frames in buf
	kept     int64 // of them, that stay after they were consumed; see Rewind
	limit    int64 // the producer's own: frames that may wait to be heard; see Limit
	channels int
	rate     int
	step     float32 // how far the gate moves in one frame

	head atomic.Int64 // frames ever written
	tail atomic.Int64 // frames ever consumed or dropped
	drop atomic.Int64 // frames before this one are not to be heard

	volume  atomic.Uint64 // the level to aim at and the frames to take for it; see SetGain
	paused  atomic.Bool
	held    atomic.Bool // true while the ring refills: silence, and nothing is consumed
	ended   atomic.Bool // nothing follows what has been written
	patient atomic.Bool // the consumer waits for data, so a short read is no underrun

	gate  float32 // the consumer's own: 0 to 1, what pausing and skipping do
	level level   // the consumer's own: what the listener does
	begun bool    // the consumer's own: some music was given

	// Where the music lies in what the sink was given. The consumer writes these between two steps of
	// turn, so that a reader can tell whether it saw them together.
	turn   atomic.Uint32
	silent atomic.Int64 // frames of silence given since the last music
	run    atomic.Int64 // the frame that the music began with after the last silence
	before atomic.Int64 // frames of that silence

	played    atomic.Int64 // frames of music given to the sink
	underruns atomic.Int64

	data  chan struct{} // something changed that the consumer may wait for
	space chan struct{} // a patient consumer made room
}

// New makes a ring of at least size frames of channels samples each, at rate frames a second, which
// keeps up to history frames that were consumed. It starts held: see Release.
func New(size, history media.Frames, channels, rate int) *Ring {
	r := &Ring{
		buf:      make([]float32, int(size+history)*channels),
		size:     int64(size + history),
		kept:     int64(history),
		limit:    int64(size),
		channels: channels,
		rate:     rate,
		step:     float32(1 / (fade.Seconds() * float64(rate))),
		gate:     1,
		data:     make(chan struct{}, 1),
		space:    make(chan struct{}, 1),
	}
	r.held.Store(true)
	r.SetGain(1, 0)
	return r
}

// Size is how many frames may wait in the ring: what New was told, or Limit. Producer only.
func (r *Ring) Size() media.Frames { return media.Frames(r.limit) }

// Limit lets no more than that many frames wait, up to what New was told: what waits is heard late
// after a change before the ring, and is all that plays while the producer doesn't run. Producer only.
func (r *Ring) Limit(frames media.Frames) { r.limit = max(1, min(int64(frames), r.size-r.kept)) }

// Written is the index that the next written frame gets. Indices only ever rise.
func (r *Ring) Written() int64 { return r.head.Load() }

// Consumed is the index of the next frame that the consumer will take.
func (r *Ring) Consumed() int64 { return r.tail.Load() }

// Buffered is how many frames are waiting to be heard.
func (r *Ring) Buffered() media.Frames {
	return media.Frames(max(0, r.head.Load()-max(r.tail.Load(), r.drop.Load())))
}

// Dropping reports whether the consumer has yet to step over what Flush dropped: the frames before what
// follows will not take the time that they count for.
func (r *Ring) Dropping() bool { return r.drop.Load() > r.tail.Load() }

// Dropped is the index before which nothing is heard any more: that of the last Flush.
func (r *Ring) Dropped() int64 { return r.drop.Load() }

// Halt is the frame that the consumer gets to at most while the music is paused: it may have a fade to
// play yet.
func (r *Ring) Halt() int64 {
	tail := r.tail.Load()
	if r.silent.Load() > 0 {
		return tail // it is silent already
	}
	return min(tail+int64(media.FramesIn(fade, r.rate)), r.head.Load())
}

// Free is how many frames Write would take. Producer only.
func (r *Ring) Free() int { return int(max(0, r.limit-(r.head.Load()-r.tail.Load()))) }

// Audible is the index of the frame that is heard when the sink is latency frames behind. Of the
// silences among those the last two are reckoned with.
func (r *Ring) Audible(latency media.Frames) int64 {
	var tail, silent, run, before int64
	for {
		turn := r.turn.Load()
		tail, silent, run, before = r.tail.Load(), r.silent.Load(), r.run.Load(), r.before.Load()
		if turn%2 == 0 && r.turn.Load() == turn {
			break
		}
	}
	behind := int64(latency) - silent
	switch {
	case behind <= 0:
		return tail
	case behind <= tail-run:
		return tail - behind
	}
	return max(0, run-max(0, behind-(tail-run)-before))
}

// Played counts the frames of music that the consumer took.
func (r *Ring) Played() int64 { return r.played.Load() }

// Underruns counts the times that the consumer found too little while music was due.
func (r *Ring) Underruns() int64 { return r.underruns.Load() }

// Held reports whether the ring gives silence until Release.
func (r *Ring) Held() bool { return r.held.Load() }

// Write copies as many whole frames of src as there is room for and returns how many. Producer only.
func (r *Ring) Write(src []float32) int {
	head := r.head.Load()
	n := min(int64(len(src)/r.channels), r.limit-(head-r.tail.Load()))
	if n <= 0 {
		return 0
	}
	at := head % r.size
	first := min(n, r.size-at)
	ch := int64(r.channels)
	copy(r.buf[at*ch:(at+first)*ch], src[:first*ch])
	copy(r.buf, src[first*ch:n*ch])
	r.ended.Store(false)
	r.head.Store(head + n)
	return int(n)
}

// Release lets the consumer have what was written, after New, Flush or an underrun.
func (r *Ring) Release() { r.held.Store(false) }

// Tell wakes a consumer that waits, after a Write, Release, End or Flush; one that keeps to a clock
// needs no telling. These don't do it themselves, for a channel has a lock in it.
func (r *Ring) Tell() { r.wake(r.data) }

// End says that nothing follows what was written: running dry is then no underrun, and Wait gives
// io.EOF. A later Write takes it back.
func (r *Ring) End() {
	r.ended.Store(true)
	r.Release()
}

// Unend takes End back before anything new is written, so that the consumer waits again.
func (r *Ring) Unend() { r.ended.Store(false) }

// Flush drops all that was written so far: what is being heard fades out within 5 ms, and what is
// written from now on fades in. The ring is held until Release. It returns the index of the first
// frame that will be heard.
func (r *Ring) Flush() int64 {
	head := r.head.Load()
	r.held.Store(true)
	r.drop.Store(head)
	return head
}

// SetPaused stops and starts the music, with a fade of 5 ms. Callable from anywhere.
func (r *Ring) SetPaused(paused bool) {
	r.paused.Store(paused)
	r.wake(r.data)
}

// SetGain sets the factor that samples are multiplied with. It is reached after over, or 5 ms where
// that is longer, along a curve that the ear takes for even; see level. At exactly 1 the samples pass
// bit for bit. Callable from anywhere.
func (r *Ring) SetGain(gain float64, over time.Duration) {
	frames := min(int64(media.FramesIn(max(over, fade), r.rate)), math.MaxUint32)
	r.volume.Store(uint64(math.Float32bits(float32(gain)))<<32 | uint64(max(1, frames)))
}

// Pull implements sink.Source.
func (r *Ring) Pull(dst []float32) (music int) {
	ch := r.channels
	want := len(dst) / ch
	r.level.follow(r.volume.Load(), r.begun, r.step)
	r.turn.Add(1)
	n := r.skip(dst, want)
	n += r.play(dst[n*ch:], want-n)
	if n > 0 {
		r.played.Add(int64(n))
		r.silent.Store(int64(want - n))
	} else {
		r.silent.Add(int64(want))
	}
	r.turn.Add(1)
	clear(dst[n*ch:])
	r.level.apply(dst[:n*ch], ch)
	r.level.pass(want - n)
	return n
}

// skip carries out a Flush: it fades out what is left of the old music, then moves past it.
func (r *Ring) skip(dst []float32, want int) int {
	tail, drop := r.tail.Load(), r.drop.Load()
	if tail >= drop {
		return 0
	}
	n := 0
	if r.gate > 0 && r.silent.Load() == 0 && r.begun {
		n = r.take(dst, int(min(int64(want), drop-tail)), 0, true)
	}
	// A request shorter than the fade leaves the rest of it to the next one.
	if r.gate > 0 && n > 0 && n == want && tail+int64(n) < drop {
		r.tail.Store(tail + int64(n))
		return n
	}
	r.gate = 0
	r.tail.Store(drop)
	r.run.Store(drop)
	r.before.Store(0)
	return n
}

// play gives music unless there's a reason not to, and sees underruns.
func (r *Ring) play(dst []float32, want int) int {
	if want == 0 || r.held.Load() {
		return 0
	}
	target := float32(1)
	paused := r.paused.Load()
	switch {
	case paused && (r.gate == 0 || !r.begun || r.silent.Load() > 0):
		return 0 // nothing is heard that would have to fade out
	case paused:
		target = 0
	case !r.begun:
		r.gate = 1 // the first frame comes as it is
	}
	// ended is read before head: a producer that writes its last and then ends is seen whole.
	ended := r.ended.Load()
	tail := r.tail.Load()
	have := int(min(int64(want), r.head.Load()-tail))
	n := r.take(dst, have, target, paused)
	if quiet := r.silent.Load(); n > 0 && (quiet > 0 || !r.begun) {
		r.run.Store(tail)
		r.before.Store(quiet)
	}
	r.begun = r.begun || n > 0
	r.tail.Store(tail + int64(n))
	if n == have && have < want && !ended && !r.patient.Load() {
		// Trickling out what comes in would make a rattle of short gaps.
		r.held.Store(true)
		r.underruns.Add(1)
	}
	return n
}

// take copies up to n frames from the tail, moving the gate towards target. With stop it ends where
// the gate is closed. It does not move the tail.
func (r *Ring) take(dst []float32, n int, target float32, stop bool) int {
	if n <= 0 {
		return 0
	}
	ch := int64(r.channels)
	at := r.tail.Load() % r.size
	first := min(int64(n), r.size-at)
	copy(dst, r.buf[at*ch:(at+first)*ch])
	copy(dst[first*ch:int64(n)*ch], r.buf)
	for i := 0; i < n && r.gate != target; i++ {
		if r.gate < target {
			r.gate = min(target, r.gate+r.step)
		} else if r.gate = max(target, r.gate-r.step); r.gate == 0 && stop {
			clear(dst[i*r.channels : n*r.channels])
			return i
		}
		for c := range r.channels {
			dst[i*r.channels+c] *= r.gate
		}
	}
	return n
}

// Wait implements sink.Source. Its first call makes the consumer a patient one.
func (r *Ring) Wait(ctx context.Context) error {
	r.patient.Store(true)
	r.wake(r.space) // the Pull before this Wait made room; Pull itself tells nobody, for it is real-time code
	for {
		ended := r.ended.Load()
		switch {
		case r.drop.Load() > r.tail.Load():
			return nil
		case r.held.Load() || r.paused.Load():
		case r.head.Load() > r.tail.Load():
			return nil
		case ended:
			return io.EOF
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-r.data:
		}
	}
}

// Rewind takes back what was consumed from frame to on, as far as it is kept and was not dropped, and
// returns the frame that is heard next. The music fades in there. It is for a sink that is gone, with
// frames that nobody will hear, and only while nobody pulls; the next sink may be of another kind.
func (r *Ring) Rewind(to int64) int64 {
	tail := r.tail.Load()
	to = max(min(to, tail), r.head.Load()-r.size, r.drop.Load())
	r.turn.Add(1)
	r.tail.Store(to)
	r.run.Store(to)
	r.before.Store(math.MaxInt32) // nothing before it will be heard again
	r.turn.Add(1)
	if to < tail {
		r.played.Add(to - tail)
	}
	r.gate = 0
	r.patient.Store(false)
	return to
}

// Rest copies the frames that wait to be heard. Only while nobody pulls.
func (r *Ring) Rest() []float32 {
	from, ch := max(r.tail.Load(), r.drop.Load()), int64(r.channels)
	rest := make([]float32, 0, (r.head.Load()-from)*ch)
	for i := from; i < r.head.Load(); i++ {
		at := i % r.size * ch
		rest = append(rest, r.buf[at:at+ch]...)
	}
	return rest
}

// Succeed gives r the state of a ring before it, of another rate, but for its frames and counters:
// paused or not, and the listener's gain wherever its ramp is. Only while nobody pulls from either.
func (r *Ring) Succeed(old *Ring) {
	r.paused.Store(old.paused.Load())
	r.volume.Store(old.volume.Load())
	r.level = old.level
	r.level.at = media.Rescale(r.level.at, int64(old.rate), int64(r.rate))
	r.level.over = media.Rescale(r.level.over, int64(old.rate), int64(r.rate))
	r.begun, r.gate = old.begun, 0
	r.before.Store(math.MaxInt32)
}

// Room gives a signal when a patient consumer has made room. A consumer that keeps to a clock never
// signals: its producer looks again after a while.
func (r *Ring) Room() <-chan struct{} { return r.space }

// Patient reports whether the consumer waits for data instead of keeping to a clock.
func (r *Ring) Patient() bool { return r.patient.Load() }

func (r *Ring) wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
