package pipeline

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/internal/ring"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/sink"
)

const (
	ringLength  = 300 * time.Millisecond // what waits in the ring, until that was too little
	ringLongest = time.Second            // and at most, on a machine that is that busy
	ringHistory = 500 * time.Millisecond // what a sink may hold that is played again when it was lost
	prefill     = 80 * time.Millisecond  // what the ring holds before music starts: less than a block
	resumeAhead = 2 * time.Second        // what an entry holds before music resumes after it ran dry
	chunk       = 1024                   // frames mixed at a time
	dropLook    = time.Millisecond       // how often while the ring is full of what was dropped
	look        = 10 * time.Millisecond  // how often a mixer looks at what nobody wakes it for
)

// Mixer joins entries into one signal and feeds it to the sink. It runs on one goroutine; the
// methods may be called from any other, but for Note and Due, and never wait for it.
//
// The goroutine mixes in real time, so from the decoder's queue to the ring it takes no lock and, once
// all is set up, no memory. It sends on channels, to wake who waits, between two chunks only.
type Mixer struct {
	sink sink.Sink
	opt  MixerOptions

	orders  atomic.Pointer[order] // newest first
	wake    chan struct{}
	notes   *ring.Queue[MixerNote]
	markers *ring.Queue[Marker]
	changed chan struct{}
	told    bool // something is new in notes or markers

	out    atomic.Pointer[output] // nil before the first Start
	gen    atomic.Uint32          // odd while the output is being exchanged
	frozen atomic.Int64           // what Audible gives while there is no output; negative otherwise
	most   atomic.Int64           // the most that Audible has given
	paused atomic.Bool
	gain   atomic.Pointer[gain] // what SetGain was told last, for an output that is opened later

	// The listener's goroutine only, see Due.
	awaited []Marker // not yet heard
	due     []Marker // the answer to the last call

	// Below here: the mixer's goroutine only.
	todo      *order // taken from orders, oldest first
	cur, in   *voice // in: the one that is being faded in
	after     *voice // what follows cur
	join      Join   // of cur and after
	asked     bool   // the actor was told that something should follow
	curve     dsp.Curve
	fadePos   int64 // of fadeTotal frames
	fadeTotal int64

	stages
	resamplers resamplers
	convert    *dsp.Resampler // from the mixer's rate to the sink's, where the sink was exchanged
	a, b       []float32

	filling   bool // the ring is held until enough is there
	stalled   bool // it is so because the music ran dry
	stalledAt time.Time
	seamless  bool // no silence since the last entry's last frame
	failed    <-chan error
	lost      bool         // the output failed; Reopen may bring it back
	lag       media.Frames // what it held then
}

// MixerOptions are a mixer's settings.
type MixerOptions struct {
	SampleRate int           // zero: that of the first music
	Limit      bool          // limit peaks always, not only where gains, fades and processors may raise them
	Crossfade  time.Duration // the longest fade that Follow will ask for
}

// order is something for the mixer's goroutine to do. The orders form a stack, so that producers need
// no lock; the mixer takes all of it and turns it over.
type order struct {
	do   func()
	next *order
}

// gain is what SetGain was told.
type gain struct {
	factor float64
	over   time.Duration
}

// Join says how one entry goes over into the next.
type Join struct {
	Fade  time.Duration // how long the two overlap; zero for sample after sample
	Curve dsp.Curve
	Last  bool // nothing follows
}

// NewMixer makes a mixer that plays into s.
func NewMixer(s sink.Sink, opt MixerOptions) *Mixer {
	m := &Mixer{
		sink: s, opt: opt, wake: make(chan struct{}, 1), changed: make(chan struct{}, 1),
		notes: ring.NewQueue[MixerNote](notesKept), markers: ring.NewQueue[Marker](markersKept),
		a: make([]float32, chunk*Channels), b: make([]float32, chunk*Channels),
	}
	m.stages = newStages(m.mark)
	m.frozen.Store(-1)
	m.gain.Store(&gain{factor: 1})
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
// where it isn't known. It counts only while that entry is the one being mixed, or faded in.
func (m *Mixer) Follow(after, next *Entry, j Join) {
	m.order(func() {
		if v := m.leading(); v == nil || v.e != after {
			return
		}
		m.after, m.join, m.asked = nil, j, false
		if next != nil {
			m.after = m.voice(next)
		}
	})
}

// SetLoudnessGain moves the factor on an entry's samples to another, if the mixer knows it.
func (m *Mixer) SetLoudnessGain(e *Entry, gain float64) {
	e.setGain(gain)
	m.order(func() {
		for _, v := range []*voice{m.cur, m.in, m.after} {
			if v != nil && v.e == e {
				v.setGain(gain)
			}
		}
	})
}

// SetProcessors has all music run through a chain, from the next frame mixed on: it is heard when the
// ring is through. The slice must not change afterwards. A processor that can't do the output's rate
// is left out.
func (m *Mixer) SetProcessors(chain []dsp.Processor) {
	m.order(func() {
		m.stages.asked = chain
		m.prepareChain()
	})
}

// SetCrossfade says how long the longest fade is that Follow will ask for.
func (m *Mixer) SetCrossfade(longest time.Duration) {
	m.order(func() { m.opt.Crossfade = longest })
}

// SetSkipSilence has silence of more than a second cut down to 0.4 s, from the next frame mixed on.
func (m *Mixer) SetSkipSilence(skip bool) {
	m.order(func() { m.setSkip(skip) })
}

// SetSpeed changes the speed; pitch stays.
func (m *Mixer) SetSpeed(speed float64) {
	m.order(func() { m.setSpeed(speed) })
}

// Reopen closes the output and opens it again, where the music was: what the output held and nobody
// will hear is played again. A note tells of Started or Lost.
func (m *Mixer) Reopen() { m.order(m.reopen) }

// SetPaused stops and starts the music at once.
func (m *Mixer) SetPaused(p bool) {
	m.paused.Store(p)
	if o := m.out.Load(); o != nil {
		o.ring.SetPaused(p)
	}
	signal(m.wake)
}

// SetGain moves the listener's factor on the samples over a time, at least the usual 5 ms; it is
// applied where the sink pulls, so it is heard at once.
func (m *Mixer) SetGain(factor float64, over time.Duration) {
	m.gain.Store(&gain{factor, over})
	if o := m.out.Load(); o != nil {
		o.ring.SetGain(factor, over)
	}
}

// Run mixes until ctx is done. It doesn't close the sink.
func (m *Mixer) Run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for ctx.Err() == nil {
		m.obey()
		wait := m.step()
		m.relieve()
		if wait == 0 {
			continue
		}
		var room <-chan struct{}
		if o := m.out.Load(); o != nil && len(m.pending) > 0 {
			room = o.ring.Room()
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
		case err := <-m.failed:
			m.failed = nil
			m.lose(err)
			m.relieve()
		}
	}
}

// relieve wakes whoever has something to do now.
func (m *Mixer) relieve() {
	for _, v := range [...]*voice{m.cur, m.in, m.after} {
		if v != nil {
			v.e.blocks.relieve()
		}
	}
	if o := m.out.Load(); o != nil && o.ring.Patient() {
		o.ring.Tell()
	}
	if m.told {
		m.told = false
		signal(m.changed)
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
	o := m.out.Load()
	if o != nil && len(m.pending) > 0 {
		m.deliver(o)
		m.release(o.ring, len(m.pending) > 0 && !o.ring.Dropping())
		if len(m.pending) > 0 {
			return m.untilRoom(o)
		}
	}
	switch {
	case m.mute():
		return look
	case m.cur == nil || m.lost:
		return -1
	case o == nil:
		return m.start()
	}
	switch m.mix(o) {
	case starving:
		m.release(o.ring, false)
		return m.untilDry(o)
	case over:
		return m.advance(o)
	}
	return 0
}

// untilRoom says when to look at a full ring again: with two thirds of it left. A
// sink that has time tells of room.
func (m *Mixer) untilRoom(o *output) time.Duration {
	third := o.ring.Size() / 3
	free := media.Frames(o.ring.Free())
	switch {
	case m.lost || m.paused.Load() && (o.ring.Dropping() || !o.ring.Held()):
		return -1
	case o.ring.Dropping():
		return dropLook // what fills it is gone with the output's next look
	case o.ring.Held():
		return look // for the loader to be ahead enough
	case free >= third:
		return 0 // the sink looked in the meantime
	}
	return (third - free).Duration(o.rate)
}

// untilDry says when to look again at a ring that nothing comes into; a decoder wakes the mixer
// before, if it can.
func (m *Mixer) untilDry(o *output) time.Duration {
	switch {
	case m.stalled:
		return look // for the loader to be ahead enough
	case o.ring.Held() || o.ring.Patient() || m.paused.Load():
		return -1
	}
	return o.ring.Buffered().Duration(o.rate) + look
}

// cut carries out Cut.
func (m *Mixer) cut(e *Entry) {
	m.cur, m.in, m.after, m.join, m.asked = nil, nil, nil, Join{}, false
	next := m.made
	if o := m.out.Load(); o != nil {
		o.ring.Unend()
		o.ring.Flush()
		m.mark(Marker{Kind: recalled, Frame: o.index(o.ring.Consumed())})
		o = m.settleRate(o)
		next = o.index(o.ring.Written())
	}
	m.stages.reset(next)
	m.unstall(false)
	m.filling, m.seamless = true, false
	if e != nil {
		m.cur = m.voice(e)
	}
}

// marked takes note of what there is to tell of a block: frame at of what is being mixed.
func (m *Mixer) marked(v *voice, at int) {
	b := v.block
	if b.Mark.Kind == Moved {
		v.e.Hop(b.At.Duration(b.Rate) - b.Mark.From)
	}
	k := Marker{
		Kind: b.Mark.Kind, Entry: v.e, Rendition: b.Rendition, From: b.Mark.From, Length: b.Mark.Length, Why: b.Mark.Why,
		Position: b.At.Duration(b.Rate),
	}
	m.stamp(m.mixed+int64(at), k)
}

// leading is the voice that the listener is at or about to be.
func (m *Mixer) leading() *voice {
	if m.in != nil {
		return m.in
	}
	return m.cur
}

// voice is an entry's voice.
func (m *Mixer) voice(e *Entry) *voice {
	if e.voice == nil {
		e.voice = newVoice(e, m)
		e.blocks.wake(&m.wake)
	}
	e.voice.setRate(m.stages.rate)
	return e.voice
}

// begins takes note of a block whose music comes from another rendition than that before, or is the
// entry's first: frame at of what is being mixed.
func (m *Mixer) begins(v *voice, at int) {
	if v == m.cur && m.in != nil && v.begun {
		return // it is on its way out
	}
	b := v.block
	k := Marker{Entry: v.e, Rendition: b.Rendition, Reason: b.Reason}
	k.Position = (b.At + media.Frames(v.used)).Duration(b.Rate)
	if !v.begun {
		k.Kind, k.Gapless = Began, m.seamless
		m.stamp(m.mixed+int64(at), k)
		m.seamless = true
	}
	k.Kind, k.Gapless = Switched, false
	m.stamp(m.mixed+int64(at), k)
}

// release lets the ring play when enough is in it, and sees when it ran dry.
func (m *Mixer) release(r *ring.Ring, full bool) {
	if !r.Held() {
		return
	}
	if !m.filling {
		m.filling, m.seamless = true, false
		// A machine too busy to mix in time underruns too; that is over at once, and from now on more is in
		// hand.
		if e := m.dry(); e != nil {
			m.stalled, m.stalledAt = true, time.Now()
			m.note(MixerNote{Kind: Stalled, Entry: e})
		} else {
			r.Limit(2 * r.Size())
		}
	}
	if !full && r.Buffered().Duration(m.SampleRate()) < prefill {
		return
	}
	if m.stalled && m.cur != nil && !m.cur.e.AllIn() && m.cur.e.Ahead() < m.cur.e.resumeAhead() {
		return
	}
	m.filling = false
	m.unstall(true)
	r.Release()
}

// dry is the entry whose music is not there in time; nil where all is.
func (m *Mixer) dry() *Entry {
	if m.cur == nil {
		return nil
	}
	switch m.cur.peek() {
	case starving:
		return m.cur.e
	case over:
		if m.after != nil && m.after.peek() == starving {
			return m.after.e
		}
	}
	return nil
}

// unstall tells how long the music was out, if it was.
func (m *Mixer) unstall(playing bool) {
	if m.stalled {
		m.stalled = false
		m.note(MixerNote{Kind: Resumed, Length: time.Since(m.stalledAt), Playing: playing})
	}
}
