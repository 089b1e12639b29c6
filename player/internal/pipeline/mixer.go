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

const (
	ringLength  = 300 * time.Millisecond
	prefill     = 100 * time.Millisecond // what the ring holds before music starts
	resumeAhead = 2 * time.Second        // what an entry holds before music resumes after it ran dry
	chunk       = 1024                   // frames mixed at a time
	look        = 10 * time.Millisecond  // how often a mixer that waits looks at the ring
)

// Mixer joins entries into one signal and feeds it to the sink. It runs on one goroutine; the
// methods may be called from any other and never wait for it.
type Mixer struct {
	sink sink.Sink
	opt  MixerOptions

	orders  atomic.Pointer[order] // newest first
	wake    chan struct{}
	notes   *ring.Queue[MixerNote]
	markers *ring.Queue[Marker]
	changed chan struct{}

	ring   atomic.Pointer[ring.Ring]
	rate   atomic.Int64 // of the output; zero while it is closed
	paused atomic.Bool
	gain   atomic.Pointer[gain]

	// The listener's goroutine only, see Due.
	awaited []Marker // not yet heard
	due     []Marker // the answer to the last call

	// Below here: the mixer's goroutine only.
	todo      *order // taken from orders, oldest first
	cur, in   *voice // in: the one that is being faded in
	after     *voice // next, where it had to be looked into already
	next      *Entry // what follows cur
	join      Join   // of cur and next
	asked     bool   // the actor was told that something should follow
	curve     dsp.Curve
	fadePos   int64
	fadeTotal int64

	stretch *dsp.Stretcher
	limiter *dsp.Limiter
	chain   dsp.Chain
	speed   float64
	pending []float32 // mixed, waiting for room in the ring
	a, b    []float32
	mid     []float32

	filling   bool // the ring is held until enough is there
	stalled   bool // it is so because the music ran dry
	stalledAt time.Time
	seamless  bool // no silence since the last entry's last frame
	failed    <-chan error
	lost      bool // the output failed; Reopen may bring it back
	skip      bool // silence is to be skipped
}

// order is something for the mixer's goroutine to do. The orders form a stack, so that producers need
// no lock; the mixer takes all of it and turns it over.
type order struct {
	do   func()
	next *order
}

// gain is what SetGain was told last, for an output that is opened later.
type gain struct{ factor float64 }

// Join says how one entry goes over into the next.
type Join struct {
	Fade  time.Duration // how long the two overlap; zero for sample after sample
	Curve dsp.Curve
	Last  bool // nothing follows
}

// MixerOptions are a mixer's settings.
type MixerOptions struct {
	SampleRate int           // zero: that of the first music
	Limit      bool          // gains may raise peaks: keep them below full scale
	Crossfade  time.Duration // the longest fade that Follow will ask for
}

// NewMixer makes a mixer that plays into s.
func NewMixer(s sink.Sink, opt MixerOptions) *Mixer {
	m := &Mixer{
		sink: s, opt: opt, wake: make(chan struct{}, 1), changed: make(chan struct{}, 1), speed: 1,
		notes: ring.NewQueue[MixerNote](notesKept), markers: ring.NewQueue[Marker](markersKept),
		a: make([]float32, chunk*Channels), b: make([]float32, chunk*Channels),
		mid: make([]float32, chunk*Channels), pending: make([]float32, 0, 4*chunk*Channels),
	}
	m.gain.Store(&gain{1})
	return m
}

func (m *Mixer) order(f func()) {
	o := &order{do: f}
	for {
		o.next = m.orders.Load()
		if m.orders.CompareAndSwap(o.next, o) {
			break
		}
	}
	signal(m.wake)
}

// Cut drops what is being played and goes on with e, or with nothing.
func (m *Mixer) Cut(e *Entry) {
	m.order(func() { m.cut(e) })
}

// Follow says what comes after an entry, and how; next is nil where j says that nothing does, or
// where it isn't known. It counts only while that entry is the one being mixed.
func (m *Mixer) Follow(after, next *Entry, j Join) {
	m.order(func() {
		if m.cur != nil && m.cur.e == after && m.in == nil {
			m.next, m.join = next, j
			m.asked = false
		}
	})
}

// SetLoudnessGain moves the factor on an entry's samples to another, if the mixer is at it.
func (m *Mixer) SetLoudnessGain(e *Entry, gain float64) {
	m.order(func() {
		for _, v := range []*voice{m.cur, m.in, m.after} {
			if v != nil && v.e == e {
				v.setGain(gain)
			}
		}
	})
}

// SetProcessors has all music run through a chain, from the next frame mixed on. The slice must not
// change afterwards. One that can't do the output's rate is left out.
func (m *Mixer) SetProcessors(chain []dsp.Processor) {
	m.order(func() {
		m.chain = chain
		m.prepare()
	})
}

// SetCrossfade says how long the longest fade is that Follow will ask for.
func (m *Mixer) SetCrossfade(longest time.Duration) {
	m.order(func() { m.opt.Crossfade = longest })
}

// SetSkipSilence has long silence skipped.
func (m *Mixer) SetSkipSilence(skip bool) {
	m.order(func() { m.skip = skip })
}

// Reopen closes the output and opens it again, where the music was. A note tells of Started or Lost.
func (m *Mixer) Reopen() { m.order(m.reopen) }

// SetSpeed changes the speed; pitch stays.
func (m *Mixer) SetSpeed(speed float64) {
	m.order(func() { m.setSpeed(speed) })
}

// SetPaused stops and starts the music at once.
func (m *Mixer) SetPaused(p bool) {
	m.paused.Store(p)
	if r := m.ring.Load(); r != nil {
		r.SetPaused(p)
	}
}

// SetGain moves the listener's factor on the samples over a time, at least the usual 5 ms; it is
// applied where the sink pulls, so it is heard at once. Callable from anywhere.
func (m *Mixer) SetGain(factor float64, over time.Duration) {
	m.gain.Store(&gain{factor})
	if r := m.ring.Load(); r != nil {
		r.SetGain(factor, over)
	}
}

// SampleRate is the output's; zero while it is closed.
func (m *Mixer) SampleRate() int { return int(m.rate.Load()) }

// Audible is the index of the frame that is heard now.
func (m *Mixer) Audible() int64 {
	if r := m.ring.Load(); r != nil {
		return r.Audible(m.sink.Latency())
	}
	return 0
}

// Ahead is how much music waits between the mixer and the ear.
func (m *Mixer) Ahead() time.Duration {
	if r := m.ring.Load(); r != nil {
		return media.Frames(r.Written() - m.Audible()).Duration(m.SampleRate())
	}
	return 0
}

// Underruns and Played are the ring's counts.
func (m *Mixer) Underruns() int64 {
	if r := m.ring.Load(); r != nil {
		return r.Underruns()
	}
	return 0
}

// Played counts the frames of music that the sink took.
func (m *Mixer) Played() int64 {
	if r := m.ring.Load(); r != nil {
		return r.Played()
	}
	return 0
}

// Patient reports whether the output waits for music instead of keeping to a clock.
func (m *Mixer) Patient() bool {
	r := m.ring.Load()
	return r != nil && r.Patient()
}

// out is the index that the next mixed frame will have in the ring.
func (m *Mixer) out() int64 {
	r := m.ring.Load()
	if r == nil {
		return 0
	}
	return r.Written() + int64(len(m.pending)/Channels)
}

// Run mixes until ctx is done, then closes the sink.
func (m *Mixer) Run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for ctx.Err() == nil {
		m.obey()
		wait := m.step()
		if wait == 0 {
			continue
		}
		var room <-chan struct{}
		if r := m.ring.Load(); r != nil && len(m.pending) > 0 {
			room = r.Room()
		}
		var blocks <-chan *Block
		if m.cur != nil && m.cur.block == nil && len(m.pending) == 0 && wait > 0 {
			blocks = m.cur.e.blocks
		}
		if wait < 0 {
			wait = time.Hour
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
		case <-m.wake:
		case <-timer.C:
		case <-room:
		case b, ok := <-blocks:
			if ok {
				m.cur.take(b)
			}
		case err := <-m.failed:
			m.failed = nil
			m.lose(err)
		}
	}
}

// obey carries out the orders, in order.
func (m *Mixer) obey() {
	for !m.mute() {
		if m.todo == nil {
			for o := m.orders.Swap(nil); o != nil; {
				o.next, m.todo, o = m.todo, o, o.next
			}
		}
		if m.todo == nil {
			return
		}
		m.todo.do()
		m.todo = m.todo.next
	}
}

// step does a bit of work and says how long to wait before the next one: zero for not at all,
// negative for until something happens.
func (m *Mixer) step() time.Duration {
	r := m.ring.Load()
	if r != nil && len(m.pending) > 0 {
		n := r.Write(m.pending)
		m.pending = m.pending[:copy(m.pending, m.pending[n*Channels:])]
		m.release(r, len(m.pending) > 0)
		if len(m.pending) > 0 {
			return m.untilRoom(r)
		}
	}
	if m.mute() {
		return look
	}
	if m.cur == nil || m.lost {
		return -1
	}
	if r == nil {
		return m.start()
	}
	switch st := m.mix(); st {
	case starving:
		m.release(r, false)
		return look
	case over:
		return m.advance(r)
	}
	return 0
}

// untilRoom says when to look at a full ring again: soon enough that it never falls below half.
func (m *Mixer) untilRoom(r *ring.Ring) time.Duration {
	if r.Held() {
		return look
	}
	return (r.Size() / 4).Duration(m.SampleRate())
}

// start opens the output as soon as the music's rate is known.
func (m *Mixer) start() time.Duration {
	rate := m.opt.SampleRate
	if rate <= 0 {
		switch m.cur.peek() {
		case starving:
			return look
		case over:
			return m.advance(nil)
		}
		rate = m.cur.block.Rate
	}
	r := ring.New(media.FramesIn(ringLength, rate), Channels, rate)
	r.SetPaused(m.paused.Load())
	r.SetGain(m.gain.Load().factor, 0)
	got, err := m.sink.Start(sink.Format{SampleRate: rate, Channels: Channels}, r)
	if err == nil && got.Channels != Channels {
		err = fmt.Errorf("the sink wants %d channels", got.Channels)
	}
	if err == nil && m.opt.Limit {
		m.limiter, err = dsp.NewLimiter(got.SampleRate, Channels, limitCeiling)
	}
	if err == nil && m.stretch == nil {
		m.stretch, err = dsp.NewStretcher(got.SampleRate, Channels)
	}
	if err != nil {
		m.lose(err)
		return -1
	}
	m.stretch.SetSpeed(m.speed)
	m.rate.Store(int64(got.SampleRate))
	m.ring.Store(r)
	m.filling, m.seamless = true, false
	m.cur.rate = got.SampleRate
	if f, ok := m.sink.(sink.Failer); ok {
		m.failed = f.Failed()
	}
	m.prepare()
	m.note(MixerNote{Kind: Started, SampleRate: got.SampleRate})
	return 0
}

// lose tells that the output is gone.
func (m *Mixer) lose(err error) {
	m.lost = true
	m.note(MixerNote{Kind: Lost, Err: fmt.Errorf("%w: %w", ErrOutput, err)})
}

// reopen carries out Reopen.
func (m *Mixer) reopen() {
	m.failed = nil
	if m.ring.Load() == nil {
		m.lost = false
		return
	}
	err := m.sink.Close()
	var got sink.Format
	if err == nil {
		got, err = m.sink.Start(sink.Format{SampleRate: m.SampleRate(), Channels: Channels}, m.ring.Load())
	}
	if err == nil && (got.SampleRate != m.SampleRate() || got.Channels != Channels) {
		err = fmt.Errorf("the sink came back with %d channels at %d Hz", got.Channels, got.SampleRate)
	}
	if err != nil {
		m.lose(err)
		return
	}
	m.lost = false
	if f, ok := m.sink.(sink.Failer); ok {
		m.failed = f.Failed()
	}
	m.note(MixerNote{Kind: Started, SampleRate: got.SampleRate})
}

// prepare readies the processors for the output's rate.
func (m *Mixer) prepare() {
	if rate := m.SampleRate(); rate > 0 {
		ready := make(dsp.Chain, 0, len(m.chain))
		for _, p := range m.chain {
			if p != nil && p.Prepare(rate, Channels) == nil {
				ready = append(ready, p)
			}
		}
		m.chain = ready
	}
}

// limitCeiling leaves room for what a converter's filter adds between samples.
const limitCeiling media.Decibels = -1

// cut carries out Cut.
func (m *Mixer) cut(e *Entry) {
	m.cur, m.in, m.after, m.next, m.join, m.asked = nil, nil, nil, nil, Join{}, false
	m.pending = m.pending[:0]
	if m.stretch != nil {
		m.stretch.Reset()
	}
	if m.limiter != nil {
		m.limiter.Reset()
	}
	m.chain.Reset()
	if r := m.ring.Load(); r != nil {
		r.Unend()
		r.Flush()
		m.mark(Marker{Kind: recalled, Frame: r.Consumed()})
	}
	m.unstall(false)
	m.filling, m.seamless = true, false
	if e != nil {
		m.cur = m.voice(e)
	}
}

func (m *Mixer) voice(e *Entry) *voice {
	v := newVoice(e, m.SampleRate(), e.Spec.Gain)
	v.mark = func(at int, b *Block, first bool) {
		frame := m.out() + int64(at)
		pos := (b.At + media.Frames(v.used)).Duration(b.Rate)
		k := Marker{Frame: frame, Entry: e, Position: pos, Speed: m.speed, Rendition: b.Rendition, Reason: b.Reason}
		if first {
			k.Kind, k.Gapless = Began, m.seamless
			m.mark(k)
			m.seamless = true
		}
		k.Kind = Switched
		m.mark(k)
	}
	return v
}

func (m *Mixer) setSpeed(speed float64) {
	m.speed = speed
	if m.stretch == nil {
		return
	}
	m.stretch.SetSpeed(speed)
	if m.cur != nil {
		m.mark(Marker{Kind: Sped, Frame: m.out(), Entry: m.cur.e, Position: m.cur.position(), Speed: speed})
	}
}

// release lets the ring play when enough is in it, and sees when it ran dry.
func (m *Mixer) release(r *ring.Ring, full bool) {
	if !r.Held() {
		return
	}
	if !m.filling {
		m.filling, m.seamless = true, false
		// A machine too busy to mix in time underruns too; that is over at once.
		if m.cur != nil && m.cur.peek() == starving {
			m.stalled, m.stalledAt = true, time.Now()
			m.note(MixerNote{Kind: Stalled, Entry: m.cur.e})
		}
	}
	if !full && r.Buffered().Duration(m.SampleRate()) < prefill {
		return
	}
	if m.stalled && m.cur != nil && !m.cur.e.AllIn() && m.cur.e.Ahead() < resumeAhead {
		return
	}
	m.filling = false
	m.unstall(true)
	r.Release()
}

// unstall tells how long the music was out, if it was.
func (m *Mixer) unstall(playing bool) {
	if m.stalled {
		m.stalled = false
		m.note(MixerNote{Kind: Resumed, Length: time.Since(m.stalledAt), Playing: playing})
	}
}
