package player

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/internal/loader"
	"github.com/segue-audio/segue/player/internal/pipeline"
	"github.com/segue-audio/segue/player/internal/queue"
	"github.com/segue-audio/segue/player/media"
)

// restartAfter is how far into an entry Previous goes back to its beginning and not to the entry
// before. A live stream has no beginning to go back to.
const restartAfter = 3 * time.Second

// Play plays, or goes on after Pause. At the end of the queue it begins again from the start, and in
// the phase Broken it tries anew. While something holds playback back it goes on when that is over.
func (p *Player) Play() { p.mail.post(p.play) }

// Pause stops at once and keeps the place; loading goes on up to the buffer's bound.
func (p *Player) Pause() { p.mail.post(func() { p.pause(ReasonPause) }) }

// Stop stops and goes back to the beginning of the queue.
func (p *Player) Stop() { p.mail.post(func() { p.stop(ReasonStop) }) }

// Next skips to the following entry; on the last one it plays out nothing more.
func (p *Player) Next() { p.mail.post(func() { p.skip(+1) }) }

// Previous goes back to the beginning of the entry, or, within its first three seconds, to the
// entry before.
func (p *Player) Previous() { p.mail.post(func() { p.skip(-1) }) }

// SkipTo goes to an entry of the queue. An unknown id does nothing.
func (p *Player) SkipTo(id EntryID) {
	p.mail.post(func() {
		e, ok := p.entry(id)
		if !ok {
			return
		}
		p.revive()
		p.comeBack()
		p.skips.Add(1)
		p.queue.Jump(int64(id))
		p.begin(e, e.Item.Start, ReasonSkip)
	})
}

// SetSpeed takes 0.5 to 2; the pitch stays. SpeedChanged tells when it is heard.
func (p *Player) SetSpeed(speed float64) {
	p.mail.post(func() {
		p.speed = clamp(speed, MinSpeed, MaxSpeed)
		p.mixer.SetSpeed(p.speed)
	})
}

func (p *Player) play() {
	if p.playedAt.IsZero() {
		p.playedAt = time.Now()
	}
	was := p.intent
	p.intent = Playing
	p.steer()
	p.output.at = time.Time{} // one that is gone is tried at once
	p.revive()
	p.retry()
	switch {
	case p.queue.Len() == 0:
		p.finish()
	case p.cue != nil:
	case p.mixingEntry == nil || p.phase == Ended:
		e, ok := p.now()
		if !ok || p.phase == Ended {
			p.queue.Rewind()
			e, _ = p.now()
		}
		p.begin(e, e.Item.Start, ReasonPlay)
		return
	}
	if was != Playing {
		p.changed(ReasonPlay)
	}
	if e := p.heardEntry; e != nil && e.Lapsed() {
		p.seek(loader.AtEdge, make(chan error, 1)) // nobody wants to hear what is old news by now
	}
}

// revive leaves the phase Broken: what broke is tried anew, and failures are counted from here.
func (p *Player) revive() {
	p.failedRun = 0
	if p.phase != Broken {
		return
	}
	if errors.Is(p.broken, KindNoDevice) || errors.Is(p.broken, KindOutput) || errors.Is(p.broken, KindOutputStuck) {
		p.output.forget()
		p.mixer.Reopen()
	}
	p.phase, p.broken = Idle, nil
}

func (p *Player) pause(why Reason) {
	if p.intent == Paused {
		return
	}
	p.intent = Paused
	p.steer()
	p.changed(why)
}

func (p *Player) stop(why Reason) {
	p.intent = Paused
	p.steer()
	p.leave(why)
	p.mixer.Cut(nil)
	if p.phase != Broken {
		p.phase = Idle
	}
	p.queue.Rewind()
	p.showFirst()
	p.map0 = mapping{}
	p.changed(why)
}

func (p *Player) skip(by int) {
	now, ok := p.entry(p.current)
	if !ok {
		return
	}
	p.comeBack()
	p.skips.Add(1)
	if by > 0 {
		_, ok = p.queue.Next(queue.Asked)
	} else if p.position()-now.Item.Start <= restartAfter || p.window() != nil {
		p.queue.Previous()
	}
	p.revive()
	if !ok {
		p.leave(ReasonSkip)
		p.mixer.Cut(nil)
		p.finish()
		return
	}
	to, _ := p.now()
	p.begin(to, to.Item.Start, ReasonSkip)
}

// strangers are how many skips a listener is taken to have made before the first, each after abr.DefaultStay.
const strangers = 2

// stay is how long the listener listens between two skips. Any goroutine may call it.
func (p *Player) stay() time.Duration {
	listened := strangers * abr.DefaultStay
	if rate := p.mixer.OutputRate(); rate > 0 {
		listened += media.Frames(p.mixer.Played()).Duration(rate)
	}
	return listened / time.Duration(strangers+p.skips.Load())
}

// cue is an entry that is about to be started.
type cue struct {
	entry Entry
	at    time.Duration
	track *track // goes on; nil for a new one
}

// begin goes to a moment of the queue's current entry, wherever the music is. Its pipeline is started
// when the commands at hand are done, so that of a storm of them the last one alone loads.
func (p *Player) begin(e Entry, at time.Duration, why Reason) {
	if p.phase == Broken {
		return
	}
	p.queue.Begin()
	shown := at
	switch {
	case why != ReasonSeek && at <= 0:
		at, shown = loader.AtBegin, 0
	default:
		at = max(0, at)
		shown = p.within(at)
	}
	same := p.started
	p.leave(why)
	p.cue = &cue{entry: e, at: at}
	if why == ReasonSeek && same != nil && same.id == e.ID {
		p.cue.track = same
	}
	p.current = e.ID
	p.map0 = mapping{position: shown}
	p.phase = Buffering
	p.changed(why)
}

// launchCue starts what begin asked for.
func (p *Player) launchCue() {
	c := p.cue
	if c == nil {
		return
	}
	p.cue = nil
	e := p.launch(c.entry, c.at)
	if c.track != nil {
		c.track.loading, c.track.waiting = -1, false
		c.track.gain = p.live[e].gain
		p.live[e] = c.track
	}
	if p.seeking.answer != nil {
		p.seeking.entry = e
	}
	p.mixingEntry = e
	p.head.Store(&headEntry{e})
	p.mixer.Cut(e)
	p.follow()
}

// launch starts a pipeline for an entry.
func (p *Player) launch(entry Entry, at time.Duration) *pipeline.Entry {
	it := entry.Item
	t := &track{id: entry.ID, item: it, rendition: -1, loading: -1, duration: it.Duration, known: it.Tags}
	t.gain = p.gainOf(t)
	spec := specOf(it)
	spec.Gain, spec.Tags, spec.Loudness = t.gain, t.known, p.loudnessOf(t)
	if p.cfg.Waveforms {
		spec.Outline = p.facts.outline(t.id)
	}
	var e *pipeline.Entry
	var self atomic.Pointer[pipeline.Entry]
	spec.Yield = func() bool {
		head := p.head.Load()
		return head != nil && self.Load() != nil && head.e != self.Load() && !head.e.AllIn()
	}
	spec.Last = func() bool { return self.Load() != nil && p.last.Load() == self.Load() }
	e = pipeline.Start(p.ctx, p.env, int64(entry.ID), spec, at, func() time.Duration {
		head := p.head.Load()
		if head == nil || head.e == self.Load() || self.Load() == nil {
			return 0
		}
		return head.e.Ahead()
	})
	self.Store(e)
	p.live[e] = t
	return e
}

// leave ends all pipelines: what is heard of them ends with the next Cut.
func (p *Player) leave(why Reason) {
	p.answerSeek(ErrSuperseded)
	p.endTrack(&p.fading, why)
	if why != ReasonSeek {
		p.endTrack(&p.started, why)
	}
	p.heardEntry = nil
	for e := range p.live {
		p.end(e)
	}
	p.mixingEntry, p.following, p.dropped, p.ghost, p.unheard = nil, nil, nil, nil, nil
	p.settled, p.wanted, p.cue = false, false, nil
}

// endTrack tells that a track can't be heard any more.
func (p *Player) endTrack(t **track, why Reason) {
	if *t != nil {
		p.emit((*t).id, TrackEnded{p.positionOf(*t), why})
		*t = nil
	}
}

// end stops a pipeline entry without waiting for it.
func (p *Player) end(e *pipeline.Entry) {
	e.Stop()
	delete(p.live, e)
	p.mixing.Go(e.Wait)
}
