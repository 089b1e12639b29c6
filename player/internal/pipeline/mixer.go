package pipeline

import (
	"context"
	"fmt"
	"sync"
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
	note func(any)

	mu      sync.Mutex
	orders  []func() // run by the mixer's goroutine, in order
	markers []Marker // not yet heard
	wake    chan struct{}

	ring   atomic.Pointer[ring.Ring]
	rate   atomic.Int64 // of the output; zero while it is closed
	paused atomic.Bool
	volume atomic.Pointer[float64]

	// Below here: the mixer's goroutine only.
	cur, in   *voice // in: the one that is being faded in
	after     *voice // next, where it had to be looked into already
	next      *Entry // what follows cur
	fade      time.Duration
	last      bool // nothing follows cur
	asked     bool // the actor was told that something should follow
	fadePos   int64
	fadeTotal int64

	stretch *dsp.Stretcher
	limiter *dsp.Limiter
	speed   float64
	pending []float32 // mixed, waiting for room in the ring
	a, b    []float32
	mid     []float32

	filling   bool // the ring is held until enough is there
	stalled   bool // it is so because the music ran dry
	stalledAt time.Time
	seamless  bool // no silence since the last entry's last frame
	failed    <-chan error
}

// MixerOptions are a mixer's settings.
type MixerOptions struct {
	SampleRate int           // zero: that of the first music
	Limit      bool          // gains may raise peaks: keep them below full scale
	Crossfade  time.Duration // the longest fade that Follow will ask for
}

// What a mixer notes, beside markers: these are true at once.
type (
	// Advanced: the mixer has gone over to the next entry and wants to know what follows it.
	Advanced struct{ From, To *Entry }
	// Wanting: the current entry has nothing left and the mixer doesn't know what follows.
	Wanting struct{ After *Entry }
	// Stalled: the music ran dry.
	Stalled struct{ Entry *Entry }
	// Resumed: the silence is over, after Length. Playing tells that the music goes on; else a cut or
	// the end came first.
	Resumed struct {
		Length  time.Duration
		Playing bool
	}
	// Started: the output runs.
	Started struct{ SampleRate int }
	// Lost: the output failed or could not be had.
	Lost struct{ Err error }
)

// NewMixer makes a mixer that plays into s. note is called from the mixer's goroutine and never blocks.
func NewMixer(s sink.Sink, opt MixerOptions, note func(any)) *Mixer {
	m := &Mixer{
		sink: s, opt: opt, note: note, wake: make(chan struct{}, 1), speed: 1,
		a: make([]float32, chunk*Channels), b: make([]float32, chunk*Channels),
		mid: make([]float32, chunk*Channels), pending: make([]float32, 0, 4*chunk*Channels),
	}
	one := 1.0
	m.volume.Store(&one)
	return m
}

func (m *Mixer) order(f func()) {
	m.mu.Lock()
	m.orders = append(m.orders, f)
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// Cut drops what is being played and goes on with e, or with nothing.
func (m *Mixer) Cut(e *Entry) {
	m.order(func() { m.cut(e) })
}

// Follow says what comes after an entry: next, faded in over fade, or nothing where last is true.
// It counts only while that entry is the one being mixed.
func (m *Mixer) Follow(after, next *Entry, fade time.Duration, last bool) {
	m.order(func() {
		if m.cur != nil && m.cur.e == after && m.in == nil {
			m.next, m.fade, m.last = next, fade, last
			m.asked = false
		}
	})
}

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

// SetVolume sets the factor on the samples at once.
func (m *Mixer) SetVolume(v float64) {
	m.volume.Store(&v)
	if r := m.ring.Load(); r != nil {
		r.SetVolume(v)
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

// Due takes the markers that are heard by now, and tells when to look for the next one; negative
// for not before something happens.
func (m *Mixer) Due() (due []Marker, next time.Duration) {
	at := m.Audible()
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for n < len(m.markers) && m.heard(&m.markers[n], at) {
		n++
	}
	due = append(due, m.markers[:n]...)
	m.markers = m.markers[n:]
	if len(m.markers) == 0 || m.paused.Load() {
		return due, -1
	}
	if r := m.ring.Load(); r != nil && r.Patient() {
		return due, 2 * time.Millisecond
	}
	return due, max(2*time.Millisecond, media.Frames(m.markers[0].Frame-at).Duration(m.SampleRate()))
}

// heard reports whether a marker is true when frame at is the next one to be heard. What ends is
// over once its last frame is out; what begins has begun once its first one is, or, while paused,
// once it stands ready.
func (m *Mixer) heard(k *Marker, at int64) bool {
	switch k.What.(type) {
	case Over, Finished:
		return k.Frame <= at
	}
	return k.Frame < at || k.Frame == at && m.paused.Load()
}

func (m *Mixer) mark(frame int64, e *Entry, what any) {
	m.mu.Lock()
	m.markers = append(m.markers, Marker{frame, e, what})
	m.mu.Unlock()
	m.note(nil) // so that the actor looks when it is due
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
			m.note(Lost{fmt.Errorf("%w: %w", ErrOutput, err)})
		}
	}
}

func (m *Mixer) obey() {
	m.mu.Lock()
	orders := m.orders
	m.orders = nil
	m.mu.Unlock()
	for _, f := range orders {
		f()
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
	if m.cur == nil {
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
	r.SetVolume(*m.volume.Load())
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
		m.cur = nil
		m.note(Lost{fmt.Errorf("%w: %w", ErrOutput, err)})
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
	m.note(Started{got.SampleRate})
	return 0
}

// limitCeiling leaves room for what a converter's filter adds between samples.
const limitCeiling media.Decibels = -1

// cut carries out Cut.
func (m *Mixer) cut(e *Entry) {
	m.cur, m.in, m.after, m.next, m.last, m.asked = nil, nil, nil, nil, false, false
	m.pending = m.pending[:0]
	if m.stretch != nil {
		m.stretch.Reset()
	}
	if m.limiter != nil {
		m.limiter.Reset()
	}
	if r := m.ring.Load(); r != nil {
		r.Unend()
		r.Flush()
		m.mu.Lock()
		keep := 0
		for keep < len(m.markers) && m.markers[keep].Frame < r.Consumed() {
			keep++
		}
		m.markers = m.markers[:keep]
		m.mu.Unlock()
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
		if first {
			m.mark(frame, e, Began{pos, m.seamless})
			m.seamless = true
		}
		m.mark(frame, e, Switched{b.Rendition, pos, b.Reason})
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
		m.mark(m.out(), m.cur.e, Sped{m.cur.position(), speed})
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
			m.note(Stalled{m.cur.e})
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
		m.note(Resumed{time.Since(m.stalledAt), playing})
	}
}
