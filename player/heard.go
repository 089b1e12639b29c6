package player

import (
	"time"

	"github.com/segue-audio/segue/player/internal/pipeline"
	"github.com/segue-audio/segue/player/media"
)

type bitrate = media.Bitrate

// hear takes note of all that has become audible and says when to look again.
func (p *Player) hear() time.Duration {
	for n, ok := p.mixer.Note(); ok; n, ok = p.mixer.Note() {
		p.onMixer(n)
	}
	due, next := p.mixer.Due()
	for _, k := range due {
		p.onHeard(k)
	}
	return next
}

func (p *Player) onHeard(k pipeline.Marker) {
	if k.Kind == pipeline.Finished {
		p.mixingEntry, p.heardEntry = nil, nil
		if p.phase != Broken {
			p.finish()
		}
		return
	}
	t := p.live[k.Entry]
	if t == nil {
		return // left since
	}
	switch k.Kind {
	case pipeline.Began:
		p.onBegan(k, t)
	case pipeline.Switched:
		p.onSwitched(t, k)
	case pipeline.Sped, pipeline.Jumped:
		p.map0 = mapping{k.Frame, k.Position, k.Speed, true}
	case pipeline.Over:
		p.onOver(k.Entry, t, k.Err)
	}
}

func (p *Player) onBegan(k pipeline.Marker, t *track) {
	again := t.began
	p.heardEntry, p.current, t.began = k.Entry, t.id, true
	p.map0 = mapping{k.Frame, k.Position, k.Speed, true}
	if p.stats.FirstAudio == 0 && p.intent == Playing {
		p.stats.FirstAudio = time.Since(p.playedAt)
	}
	if k.Entry == p.mixingEntry && p.seeking != nil {
		p.supersede(nil)
		p.emit(t.id, Seeked{k.Position})
	}
	if !again {
		p.emit(t.id, TrackStarted{t.item, k.Position, t.duration, k.Gapless})
	}
	if p.phase != Ready {
		p.phase = Ready
		p.changed("start")
	}
}

func (p *Player) onSwitched(t *track, what pipeline.Marker) {
	if what.Rendition == t.rendition {
		return
	}
	ev := RenditionChanged{From: t.rendition, To: what.Rendition, Position: what.Position, Reason: string(what.Reason)}
	if what.Rendition < len(t.renditions) {
		ev.Bitrate, ev.Codecs = t.renditions[what.Rendition].Bitrate, t.renditions[what.Rendition].Codecs
	}
	if t.rendition >= 0 {
		p.stats.Switches++
	}
	t.rendition = what.Rendition
	p.emit(t.id, ev)
}

func (p *Player) onOver(e *pipeline.Entry, t *track, err error) {
	reason := "end"
	if err != nil {
		reason = "error"
		p.fail(e, err, true)
	}
	if p.mixingEntry == e || p.heardEntry == e {
		if p.seeking != nil && p.mixingEntry == e {
			p.supersede(err)
		}
	}
	if t.began {
		p.emit(t.id, TrackEnded{p.positionOf(t), reason})
	}
	if p.heardEntry == e {
		p.heardEntry = nil
	}
	p.end(e)
}

// positionOf is the position for a track's end: all of it, where it is known.
func (p *Player) positionOf(t *track) time.Duration {
	if pos := p.position(); t.duration <= 0 || pos < t.duration {
		return pos
	}
	return t.duration
}

// onNote hears a loader or decoder.
func (p *Player) onNote(n pipeline.Note) {
	t := p.live[n.Entry]
	if t == nil {
		return
	}
	switch what := n.What.(type) {
	case pipeline.Opened:
		t.renditions = nil
		for _, r := range what.Renditions {
			t.renditions = append(t.renditions, Rendition(r))
		}
		if what.Duration > 0 {
			t.duration = what.Duration
		}
	case pipeline.SegmentIn:
		t.loading = what.Rendition
		p.emit(t.id, Loaded{what.Rendition, what.Index, what.Bytes, what.Cached, what.Elapsed})
	case pipeline.AllIn:
		t.loading = -1
		p.follow()
	case pipeline.Concealed:
		p.fail(n.Entry, what.Err, false)
	}
}

// onMixer hears the mixer about what is true at once.
func (p *Player) onMixer(n pipeline.MixerNote) {
	switch n.Kind {
	case pipeline.Advanced:
		if p.mixingEntry != n.Entry || p.following != n.Next {
			return // decided before the last cut
		}
		p.mixingEntry, p.following, p.settled = n.Next, nil, false
		p.head.Store(&headEntry{n.Next})
		p.follow()
	case pipeline.Wanting:
		if p.mixingEntry == n.Entry {
			p.want()
		}
	case pipeline.Stalled:
		p.dryAt = p.position()
		p.stats.Rebuffers++
		p.phase = Buffering
		p.emit(EntryID(n.Entry.Key), Rebuffering{p.dryAt})
		p.changed("rebuffer")
	case pipeline.Resumed:
		p.stats.RebufferTime += n.Length
		p.emit(p.current, Rebuffered{p.dryAt, n.Length})
		if n.Playing && p.phase == Buffering {
			p.phase = Ready
			p.changed("buffered")
		}
	case pipeline.Lost:
		p.lose(n.Err)
	}
}

// want begins what follows an entry without waiting for it to be all in: it failed, or the mixer runs
// ahead of the clock.
func (p *Player) want() {
	at := p.indexOf(EntryID(p.mixingEntry.Key))
	if at < 0 || at+1 >= len(p.queue) {
		p.settled = false
		p.follow()
		return
	}
	if p.following == nil {
		next := p.queue[at+1]
		p.following = p.launch(next, next.Item.Start)
	}
	p.mixer.Follow(p.mixingEntry, p.following, pipeline.Join{Fade: p.fadeBetween(p.queue[at].Item, p.queue[at+1].Item)})
}

// lose deals with an output that is gone.
func (p *Player) lose(err error) {
	fault := classify(err)
	p.leave("error")
	p.phase, p.broken = Broken, fault
	p.stats.Errors++
	p.emit(0, Failed{fault})
	p.changed("error")
	p.answer()
}
