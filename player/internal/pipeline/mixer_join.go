package pipeline

import (
	"time"

	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/internal/ring"
	"github.com/segue-audio/segue/player/media"
)

// mix makes the next chunk of the signal, into pending.
func (m *Mixer) mix() status {
	if m.in == nil {
		due, known := m.fadeDue()
		switch {
		case due:
			m.startFade()
		case !known && m.ring.Load().Patient():
			// Nobody is kept waiting by a sink that has time, so the fade needn't be cut short.
			m.ask()
			return starving
		}
	}
	if m.in != nil {
		return m.mixFade()
	}
	n, st := m.cur.read(m.a)
	m.push(m.a[:n*Channels])
	if n > 0 {
		return flowing
	}
	return st
}

// fadeDue reports whether the next entry should begin to fade in now. It isn't known as long as that
// entry, or its first music, isn't there; one that is broken is not waited for.
func (m *Mixer) fadeDue() (due, known bool) {
	if m.opt.Crossfade <= 0 || m.join.Last || !m.cur.begun {
		return false, true
	}
	left := m.cur.remaining()
	if left <= 0 || left > m.opt.Crossfade {
		return false, true
	}
	if m.next == nil {
		return false, false
	}
	if left > m.join.Fade {
		return false, true
	}
	switch m.following().peek() {
	case flowing:
		return true, true
	case starving:
		return false, false
	}
	return false, true
}

// ask tells the actor, once, that the mixer doesn't know what follows.
func (m *Mixer) ask() {
	if m.next == nil && !m.asked {
		m.asked = true
		m.note(MixerNote{Kind: Wanting, Entry: m.cur.e})
	}
}

func (m *Mixer) startFade() {
	out, left := m.cur, m.cur.remaining()
	if n := m.next.Length(); n > 0 {
		left = min(left, n/2)
	}
	m.in = m.following()
	m.fadePos, m.fadeTotal = 0, int64(media.FramesIn(left, m.SampleRate()))
	m.mark(Marker{Kind: Over, Frame: m.out(), Entry: out.e})
	m.note(MixerNote{Kind: Advanced, Entry: out.e, Next: m.in.e})
	m.curve = m.join.Curve
	m.next, m.after, m.join, m.asked = nil, nil, Join{}, false
}

// following is the voice of what comes next.
func (m *Mixer) following() *voice {
	if m.after == nil || m.after.e != m.next {
		m.after = m.voice(m.next)
	}
	return m.after
}

// mixFade mixes a chunk in which one entry gives way to the other.
func (m *Mixer) mixFade() status {
	want := int(min(chunk, m.fadeTotal-m.fadePos))
	if want <= 0 {
		return m.endFade()
	}
	switch m.in.peek() {
	case flowing:
		want = min(want, m.in.ready())
	case starving:
		if m.ring.Load().Patient() {
			return starving
		}
	}
	n, st := m.cur.read(m.a[:want*Channels])
	if n == 0 && st == starving {
		return starving
	}
	if n == 0 && st == over {
		return m.endFade()
	}
	k, _ := m.in.read(m.b[:n*Channels])
	clear(m.b[k*Channels : n*Channels]) // late: its music begins a little later
	mixed := m.mid[:n*Channels]
	dsp.Crossfade{Curve: m.curve}.Mix(mixed, m.a[:n*Channels], m.b[:n*Channels], Channels, m.fadePos, m.fadeTotal)
	m.fadePos += int64(n)
	copy(m.a, mixed)
	m.push(m.a[:n*Channels])
	return flowing
}

func (m *Mixer) endFade() status {
	m.cur, m.in = m.in, nil
	return flowing
}

// push sends mixed frames through the last stages into pending.
func (m *Mixer) push(src []float32) {
	if m.stretch == nil || m.stretch.Speed() == 1 {
		m.limit(src)
		return
	}
	for len(src) > 0 {
		c, p := m.stretch.Process(m.mid, src)
		if c == 0 && p == 0 {
			return
		}
		m.limit(m.mid[:p*Channels])
		src = src[c*Channels:]
	}
}

func (m *Mixer) limit(src []float32) {
	m.chain.Process(src)
	if m.limiter == nil {
		m.pending = append(m.pending, src...)
		return
	}
	for len(src) > 0 {
		c, p := m.limiter.Process(m.b, src)
		if c == 0 && p == 0 {
			return
		}
		m.pending = append(m.pending, m.b[:p*Channels]...)
		src = src[c*Channels:]
	}
}

// advance goes over to what follows the current entry, which has nothing left.
func (m *Mixer) advance(r *ring.Ring) time.Duration {
	old := m.cur
	if m.next == nil && !m.join.Last {
		m.ask()
		if r != nil {
			m.release(r, false)
		}
		return look
	}
	if m.next == nil {
		if r != nil && m.drain() {
			return 0
		}
		m.mark(Marker{Kind: Over, Frame: m.out(), Entry: old.e, Err: old.e.err})
		m.mark(Marker{Kind: Finished, Frame: m.out()})
		m.cur = nil
		if r != nil {
			m.filling = false
			m.unstall(false)
			r.End()
		}
		return 0
	}
	v := m.following()
	if old.resample != nil && !v.follow(old) {
		// The filter's last frames wait for the next entry's first ones, but not until silence.
		if v.peek() == starving && r.Buffered().Duration(m.SampleRate()) > prefill/2 {
			return look
		}
		for done := false; !done; {
			var n int
			n, done = old.flush(m.a)
			m.push(m.a[:n*Channels])
		}
	}
	m.mark(Marker{Kind: Over, Frame: m.out(), Entry: old.e, Err: old.e.err})
	m.note(MixerNote{Kind: Advanced, Entry: old.e, Next: m.next})
	m.cur, m.next, m.after, m.join, m.asked = v, nil, nil, Join{}, false
	return 0
}

// drain gives what the stages hold back at the end of all music; false when they are empty.
func (m *Mixer) drain() bool {
	if n, done := m.cur.flush(m.a); n > 0 || !done {
		m.push(m.a[:n*Channels])
		return true
	}
	if m.stretch != nil && m.stretch.Speed() != 1 {
		n, _ := m.stretch.Flush(m.a)
		m.limit(m.a[:n*Channels])
		if n > 0 {
			return true
		}
	}
	if m.limiter != nil {
		n, _ := m.limiter.Flush(m.a)
		m.pending = append(m.pending, m.a[:n*Channels]...)
		if n > 0 {
			return true
		}
	}
	return false
}
