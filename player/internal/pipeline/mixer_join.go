package pipeline

import (
	"math"
	"time"

	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/media"
)

// mix makes the next chunk of the signal, into pending.
func (m *Mixer) mix(o *output) status {
	if m.in != nil {
		return m.mixFade(o)
	}
	want, st := m.untilFade(o)
	switch {
	case st == starving:
		m.ask()
		return starving
	case want == 0:
		m.startFade()
		return m.mixFade(o)
	}
	n, st := m.cur.read(m.a[:want*Channels])
	if n == 0 {
		return st
	}
	m.feed(m.a[:n*Channels])
	return flowing
}

// feed pushes mixed frames through the stages.
func (m *Mixer) feed(frames []float32) {
	v := m.cur
	m.stages.limit = m.opt.Limit || len(m.chain) > 0 || m.in != nil || v.gain > 1 || v.goal > 1
	m.push(frames)
}

// untilFade counts the frames of the current entry that are mixed before the next one is faded in, up
// to a chunk. The fade begins on the frame from which on it takes all that is left, so that its last
// frame is the entry's last. Where the next entry isn't known or has no music ready, a sink that has
// time is made to wait (starving); a clock goes on, and the fade will be shorter. One that is broken
// is not waited for.
func (m *Mixer) untilFade(o *output) (want int, st status) {
	if m.opt.Crossfade <= 0 || m.join.Last || m.cur.peek() != flowing && m.cur.from == 0 {
		return chunk, flowing
	}
	left, _, ok := m.cur.rest()
	longest := int64(media.FramesIn(m.opt.Crossfade, m.cur.rate))
	if !ok || left <= 0 || left > longest+chunk {
		return chunk, flowing
	}
	fade := longest
	if m.after != nil {
		fade = m.fadeLength()
	}
	switch {
	case fade <= 0:
		return chunk, flowing
	case left > fade:
		return int(min(chunk, left-fade)), flowing
	}
	ready := starving
	if m.after != nil {
		ready = m.after.peek()
	}
	switch {
	case ready == flowing:
		return 0, flowing
	case ready == starving && o.ring.Patient():
		return 0, starving
	}
	return chunk, flowing
}

// fadeLength is how many frames the next join overlaps: no more than half of the next entry, which may
// be faded out itself.
func (m *Mixer) fadeLength() int64 {
	fade := m.join.Fade
	if end := m.after.e.end(); end > 0 {
		fade = min(fade, (end-m.after.e.From())/2)
	}
	return int64(media.FramesIn(fade, m.cur.rate))
}

// ask tells the actor, once, that the mixer doesn't know what follows.
func (m *Mixer) ask() {
	if m.after == nil && !m.asked {
		m.asked = true
		m.note(MixerNote{Kind: Wanting, Entry: m.cur.e})
	}
}

// startFade begins to fade the next entry in over all that is left of the current one.
func (m *Mixer) startFade() {
	out, left := m.cur, int64(0)
	out.final = true
	left, _, _ = out.rest()
	m.note(MixerNote{Kind: Advanced, Entry: out.e, Next: m.after.e})
	m.in, m.curve = m.after, m.join.Curve
	m.fadePos, m.fadeTotal = 0, left
	m.after, m.join, m.asked = nil, Join{}, false
}

// mixFade mixes a chunk in which one entry gives way to the other.
func (m *Mixer) mixFade(o *output) status {
	m.replan()
	want := int(min(chunk, m.fadeTotal-m.fadePos))
	if want <= 0 {
		return m.endFade()
	}
	late := m.in.late(want)
	if late && (o.ring.Patient() || o.ring.Buffered() > o.ring.Size()/2) { // there is time to wait for it
		m.in.e.blocks.want()
		if late = m.in.late(want); late { // the decoder may have brought it just before
			return starving
		}
	}
	n, st := m.cur.read(m.a[:want*Channels])
	if n == 0 && st == starving {
		return starving
	}
	if n == 0 {
		return m.endFade()
	}
	k := 0
	if !late || m.in.soft == 1 {
		k, _ = m.in.read(m.b[:n*Channels])
	}
	if late && k > 0 {
		m.in.breakOff(m.b[:k*Channels])
	}
	clear(m.b[k*Channels : n*Channels])
	frames := m.a[:n*Channels]
	dsp.Crossfade{Curve: m.curve}.Mix(frames, frames, m.b[:n*Channels], Channels, m.fadePos, m.fadeTotal)
	m.fadePos += int64(n)
	m.feed(frames)
	return flowing
}

// replan sees to it that the fade ends with the outgoing entry's last frame, where that turns out to
// lie elsewhere than its length said: the rest of the way is gone faster or slower.
func (m *Mixer) replan() {
	left, exact, _ := m.cur.rest()
	if !exact || left == m.fadeTotal-m.fadePos {
		return
	}
	part := float64(m.fadePos) / float64(m.fadeTotal)
	m.fadeTotal = max(left, int64(math.Round(float64(left)/max(1-part, 1e-3))))
	m.fadePos = m.fadeTotal - left
}

// endFade goes on with the entry that was faded in.
func (m *Mixer) endFade() status {
	m.stamp(m.mixed, Marker{Kind: Over, Entry: m.cur.e, Err: m.cur.e.broken()})
	m.resamplers.put(m.cur)
	m.cur, m.in = m.in, nil
	return flowing
}

// advance goes over to what follows the current entry, which has nothing left.
func (m *Mixer) advance(o *output) time.Duration {
	old := m.cur
	if m.after == nil {
		if !m.join.Last {
			m.ask()
			return m.untilNext(o)
		}
		return m.end(o)
	}
	v := m.after
	if old.resample != nil && !v.follow(old) {
		// The filter's last frames wait for the next entry's first ones, but not until silence.
		if v.peek() == starving && o.ring.Buffered().Duration(o.rate) > prefill/2 {
			return m.untilNext(o)
		}
		m.flushVoice(old)
	}
	m.stamp(m.mixed+v.owed(), Marker{Kind: Over, Entry: old.e, Err: old.e.fault()})
	m.note(MixerNote{Kind: Advanced, Entry: old.e, Next: v.e})
	m.cur, m.after, m.join, m.asked = v, nil, Join{}, false
	m.hurry()
	return 0
}

// untilNext says how long to wait for what follows: it wakes the mixer when it comes.
func (m *Mixer) untilNext(o *output) time.Duration {
	if o == nil {
		return -1
	}
	m.release(o.ring, false)
	if m.after == nil && (o.ring.Held() || o.ring.Buffered().Duration(o.rate) <= prefill/2) {
		// What the stages keep back for the next entry's first frames is heard before it is silent: that the
		// music is over may be what the next one waits for.
		for !m.finish() {
		}
		if len(m.pending) > 0 {
			return 0
		}
		if o.ring.Buffered() > 0 {
			m.release(o.ring, true)
		}
	}
	if o.ring.Held() || o.ring.Patient() {
		return -1
	}
	return max(time.Millisecond, o.ring.Buffered().Duration(o.rate)-prefill/2)
}

// flushVoice pushes what the resampler of an entry that is over still holds.
func (m *Mixer) flushVoice(v *voice) {
	for done := false; !done; {
		var n int
		n, done = v.flush(m.a)
		m.feed(m.a[:n*Channels])
	}
}

// end plays out: nothing follows the current entry.
func (m *Mixer) end(o *output) time.Duration {
	old := m.cur
	if !old.ended {
		old.ended = true
		m.flushVoice(old)
		m.stamp(m.mixed, Marker{Kind: Over, Entry: old.e, Err: old.e.fault()})
		m.stamp(m.mixed, Marker{Kind: Finished})
	}
	if !m.finish() || len(m.pending) > 0 {
		return 0
	}
	if o != nil && !m.empty(o) {
		return m.untilRoom(o)
	}
	m.cur = nil
	if o != nil {
		m.filling = false
		m.unstall(false)
		o.ring.End()
	}
	return 0
}
