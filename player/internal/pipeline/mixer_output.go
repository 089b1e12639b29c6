package pipeline

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/internal/ring"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/sink"
)

// output is a sink that runs, and how its frames are numbered. The mixer's own frames keep their
// numbers and their rate when the sink is exchanged for one of another rate; a Cut ends that.
type output struct {
	ring *ring.Ring
	rate int // of the sink
	mix  int // of the mixer

	from, base        int64 // the ring's frame from is the mixer's frame base
	played, underruns int64 // what the rings before it counted, in frames of their own
}

// index turns the number of a frame in the ring into the mixer's.
func (o *output) index(frame int64) int64 {
	return o.base + media.Rescale(frame-o.from, int64(o.rate), int64(o.mix))
}

// SampleRate is the rate of the mixer's frames; zero before the output was first opened.
func (m *Mixer) SampleRate() int {
	if o := m.out.Load(); o != nil {
		return o.mix
	}
	return 0
}

// OutputRate is the rate of the sink; zero before it was first opened.
func (m *Mixer) OutputRate() int {
	if o := m.out.Load(); o != nil {
		return o.rate
	}
	return 0
}

// Patient reports whether the output waits for music instead of keeping to a clock.
func (m *Mixer) Patient() bool {
	o := m.out.Load()
	return o != nil && o.ring.Patient()
}

// Audible is the number of the frame that is heard now. It never goes back.
func (m *Mixer) Audible() int64 {
	for {
		gen := m.gen.Load()
		if at := m.frozen.Load(); at >= 0 {
			return at
		}
		o := m.out.Load()
		if o == nil {
			return 0
		}
		at := o.index(o.ring.Audible(m.sink.Latency()))
		if m.gen.Load() != gen || gen%2 == 1 {
			continue // the output was exchanged meanwhile
		}
		for {
			most := m.most.Load()
			if at <= most {
				return most
			}
			if m.most.CompareAndSwap(most, at) {
				return at
			}
		}
	}
}

// Ahead is how much music waits between the mixer and the ear.
func (m *Mixer) Ahead() time.Duration {
	if o := m.out.Load(); o != nil {
		return max(0, media.Frames(o.index(o.ring.Written())-m.Audible()).Duration(o.mix))
	}
	return 0
}

// Underruns counts the times that the sink found too little while music was due.
func (m *Mixer) Underruns() int64 {
	if o := m.out.Load(); o != nil {
		return o.underruns + o.ring.Underruns()
	}
	return 0
}

// Played counts the frames of music that the sink took, but for those that it took and lost.
func (m *Mixer) Played() int64 {
	if o := m.out.Load(); o != nil {
		return o.played + o.ring.Played()
	}
	return 0
}

// outlet is what the sink pulls from. A sink says what it wants when it is already pulling: until
// that is known it gets silence.
type outlet struct {
	ready    atomic.Pointer[feed]
	attached chan struct{}
}

// feed is a ring, and how it is made to fit the sink's channels.
type feed struct {
	ring *ring.Ring
	mix  *dsp.Remix // nil for none
	buf  []float32
}

func newOutlet() *outlet { return &outlet{attached: make(chan struct{})} }

// attach lets the music through.
func (o *outlet) attach(r *ring.Ring, channels int) error {
	f := &feed{ring: r}
	if channels != Channels {
		mix, err := dsp.NewRemix(Channels, channels)
		if err != nil {
			return fmt.Errorf("the sink wants %d channels: %w", channels, err)
		}
		f.mix, f.buf = mix, make([]float32, chunk*Channels)
	}
	o.ready.Store(f)
	close(o.attached)
	return nil
}

// Pull implements sink.Source.
func (o *outlet) Pull(dst []float32) (music int) {
	f := o.ready.Load()
	switch {
	case f == nil:
		clear(dst)
		return 0
	case f.mix == nil:
		return f.ring.Pull(dst)
	}
	whole := true
	for out := f.mix.Out(); len(dst) >= out; {
		n := min(len(dst)/out, chunk)
		k := f.ring.Pull(f.buf[:n*Channels])
		f.mix.Process(dst[:n*out], f.buf[:n*Channels])
		if whole { // what comes after silence in one Pull counts as silence does
			music += k
			whole = k == n
		}
		dst = dst[n*out:]
	}
	return music
}

// Wait implements sink.Source.
func (o *outlet) Wait(ctx context.Context) error {
	select {
	case <-o.attached:
		return o.ready.Load().ring.Wait(ctx)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// start opens the output as soon as the music's rate is known.
func (m *Mixer) start() time.Duration {
	rate := m.opt.SampleRate
	if rate <= 0 {
		switch m.cur.peek() {
		case starving:
			return -1
		case over:
			return m.advance(nil)
		}
		rate = m.cur.block.Rate
	}
	if err := m.open(rate); err != nil {
		m.lose(err)
		return -1
	}
	for _, v := range [...]*voice{m.cur, m.after} {
		if v != nil {
			v.setRate(m.stages.rate)
		}
	}
	return 0
}

// open starts the sink, for the first time or again, and sees to what follows from the rate that it
// takes.
func (m *Mixer) open(rate int) error {
	src := newOutlet()
	got, err := m.sink.Start(sink.Format{SampleRate: rate, Channels: Channels}, src)
	if err != nil {
		return err
	}
	old := m.out.Load()
	o := old
	if old == nil || old.rate != got.SampleRate {
		o, err = m.exchange(old, got.SampleRate)
	}
	if err == nil {
		err = src.attach(o.ring, got.Channels)
	}
	if err != nil {
		_ = m.sink.Close() // the error that counts is the one before
		return err
	}
	m.lost = false
	m.failed = nil
	if f, ok := m.sink.(sink.Failer); ok {
		m.failed = f.Failed()
	}
	m.note(MixerNote{Kind: Started, SampleRate: got.SampleRate})
	return nil
}

// exchange makes an output of a rate, to which what waits in the old one's ring goes over.
func (m *Mixer) exchange(old *output, rate int) (*output, error) {
	o := &output{rate: rate, mix: rate}
	if rate < dsp.MinRate || rate > dsp.MaxRate {
		return nil, fmt.Errorf("the sink runs at %d Hz", rate)
	}
	o.ring = ring.New(media.FramesIn(ringLongest, rate), media.FramesIn(ringHistory, rate), Channels, rate)
	o.ring.Limit(media.FramesIn(ringLength, rate))
	if old == nil {
		if err := m.stages.prepare(rate); err != nil {
			return nil, err
		}
		g := m.gain.Load()
		o.ring.SetGain(g.factor, 0)
	} else if err := m.carry(old, o); err != nil {
		return nil, err
	}
	m.filling = true
	g := m.gain.Load()
	m.out.Store(o)
	// What SetPaused and SetGain were told before that, the ring may have missed.
	o.ring.SetPaused(m.paused.Load())
	if now := m.gain.Load(); now != g {
		o.ring.SetGain(now.factor, now.over)
	}
	return o, nil
}

// carry takes the music in an output's ring over to one of another rate. The mixer goes on at the rate
// that it had, so that one resampler runs from here to the next Cut and nothing is heard of the seam.
func (m *Mixer) carry(old, o *output) error {
	rest := old.ring.Rest()
	o.mix = old.mix
	o.base = old.index(old.ring.Written() - int64(len(rest)/Channels))
	o.played, o.underruns = old.played+old.ring.Played(), old.underruns+old.ring.Underruns()
	o.ring.Succeed(old.ring)
	o.ring.Limit(media.Frames(media.Rescale(int64(old.ring.Size()), int64(old.rate), int64(o.rate))))
	if m.convert != nil { // exchanged for the second time: first back to the mixer's rate
		rest = append(rest, drained(m.convert)...)
		back, err := dsp.NewResampler(old.rate, o.mix, Channels, dsp.Best)
		if err != nil {
			return err
		}
		rest = converted(back, rest)
		m.convert = nil
	}
	m.pending = append(rest, m.pending...)
	if o.rate != o.mix {
		var err error
		m.convert, err = dsp.NewResampler(o.mix, o.rate, Channels, dsp.Good)
		return err
	}
	return nil
}

// converted runs all of src through a resampler.
func converted(r *dsp.Resampler, src []float32) []float32 {
	var out []float32
	buf := make([]float32, chunk*Channels)
	for {
		c, p := r.Process(buf, src)
		if c == 0 && p == 0 {
			return append(out, drained(r)...)
		}
		src = src[c*Channels:]
		out = append(out, buf[:p*Channels]...)
	}
}

// drained is what a resampler still holds.
func drained(r *dsp.Resampler) (out []float32) {
	buf := make([]float32, chunk*Channels)
	for {
		n, done := r.Flush(buf)
		out = append(out, buf[:n*Channels]...)
		if done {
			return out
		}
	}
}

// settleRate lets the mixer go on at the sink's own rate, after a Flush of the ring.
func (m *Mixer) settleRate(o *output) *output {
	if m.convert == nil {
		return o
	}
	m.convert = nil
	next := *o
	next.mix, next.from = o.rate, o.ring.Written()
	next.base = o.index(next.from) + 1
	if err := m.stages.prepare(next.mix); err != nil {
		return o // of a rate that a sink runs at: exchange has looked at it
	}
	m.out.Store(&next)
	return &next
}

// lose tells that the output is gone, and keeps the place.
func (m *Mixer) lose(err error) {
	m.freeze()
	m.lost = true
	m.note(MixerNote{Kind: Lost, Err: fmt.Errorf("%w: %w", ErrOutput, err)})
}

// freeze stops the clock that the sink is.
func (m *Mixer) freeze() {
	if m.frozen.Load() >= 0 || m.out.Load() == nil {
		return
	}
	m.lag = m.sink.Latency()
	at := m.Audible()
	m.gen.Add(1)
	m.frozen.Store(at)
	m.gen.Add(1)
}

// reopen carries out Reopen.
func (m *Mixer) reopen() {
	o := m.out.Load()
	if o == nil {
		m.lost = false // step opens it
		return
	}
	m.freeze()
	// The error of a sink that broke has been told, and there is no other use for it here.
	_ = m.sink.Close()
	m.gen.Add(1)
	o.ring.Rewind(o.ring.Audible(m.lag))
	m.lag = 0
	err := m.open(o.mix)
	if err == nil {
		m.frozen.Store(-1)
	}
	m.gen.Add(1)
	if err != nil {
		m.lose(err)
	}
}

// deliver moves what is pending into the ring as far as there is room.
func (m *Mixer) deliver(o *output) {
	done := 0
	if m.convert == nil {
		done = o.ring.Write(m.pending)
	} else {
		for free := o.ring.Free(); free > 0; free = o.ring.Free() {
			dst := m.b[:min(free*Channels, len(m.b))]
			c, p := m.convert.Process(dst, m.pending[done*Channels:])
			o.ring.Write(dst[:p*Channels])
			done += c
			if c == 0 && p == 0 {
				break
			}
		}
	}
	m.pending = m.pending[:copy(m.pending, m.pending[done*Channels:])]
}

// empty gives the ring what convert still holds, and is done when that is nothing.
func (m *Mixer) empty(o *output) (done bool) {
	if m.convert == nil {
		return true
	}
	dst := m.b[:min(o.ring.Free()*Channels, len(m.b))]
	n, done := m.convert.Flush(dst)
	o.ring.Write(dst[:n*Channels])
	return done
}
