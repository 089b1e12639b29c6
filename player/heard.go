package player

import (
	"errors"
	"slices"
	"time"

	"github.com/segue-audio/segue/player/internal/loader"
	"github.com/segue-audio/segue/player/internal/pipeline"
	"github.com/segue-audio/segue/player/internal/queue"
	"github.com/segue-audio/segue/player/media"
)

// hear takes note of what the mixer says and of all that has become audible, and says when to look
// again.
func (p *Player) hear() time.Duration {
	for n, ok := p.mixer.Note(); ok; n, ok = p.mixer.Note() {
		p.onMixer(n)
	}
	due, next := p.mixer.Due()
	for _, k := range due {
		p.moment = p.heardAt(k.Frame)
		p.onHeard(k)
	}
	p.moment = time.Time{}
	return next
}

// heardAt is when a frame was heard that is audible by now.
func (p *Player) heardAt(frame int64) time.Time {
	ago := media.Frames(p.mixer.Audible() - frame).Duration(p.mixer.SampleRate())
	if p.intent != Playing || ago > heardLate {
		return time.Now() // there was silence in between
	}
	return time.Now().Add(-max(0, ago))
}

// heardLate bounds how far back heardAt reckons: a sink takes no more at a time.
const heardLate = time.Second

func (p *Player) onHeard(k pipeline.Marker) {
	if k.Kind == pipeline.Finished {
		// One that was marked before the last cut finds the entry of that cut alive, or none.
		if p.mixingEntry != nil && p.live[p.mixingEntry] == nil && p.cue == nil && p.phase != Broken {
			p.over()
		}
		return
	}
	t := p.live[k.Entry]
	if t == nil { // left since
		switch {
		case k.Entry != p.ghost:
		case k.Kind == pipeline.Began || k.Entry == p.mixingEntry:
			p.instead()
		case k.Kind == pipeline.Over:
			p.ghost = nil
		}
		return
	}
	switch k.Kind {
	case pipeline.Began:
		p.onBegan(k, t)
	case pipeline.Switched:
		p.onSwitched(t, k)
	case pipeline.Sped:
		p.map0 = p.map0.sped(k)
		p.emit(t.id, SpeedChanged{k.Speed})
	case pipeline.Jumped:
		from := p.position()
		p.map0 = mappingFrom(k)
		p.emit(t.id, SilenceSkipped{from, k.Position})
	case pipeline.Moved:
		p.map0 = mappingFrom(k)
		p.emit(t.id, LiveMoved{k.From, k.Position, Reason(k.Why)})
	case pipeline.Missing:
		p.emit(t.id, MusicMissing{k.Position, k.Length, Reason(k.Why)})
	case pipeline.Over:
		p.onOver(k.Entry, t, k.Err)
	}
}

func (p *Player) onBegan(k pipeline.Marker, t *track) {
	if p.started != nil && p.started != t {
		p.endTrack(&p.fading, ReasonEnd)
		p.fading = p.started
		p.fading.left = p.map0
	}
	again := p.started == t
	p.reached(k.Entry)
	p.heardEntry, p.started, p.current = k.Entry, t, t.id
	p.map0 = mappingFrom(k)
	p.failedRun = 0
	if p.stats.FirstAudio == 0 && p.intent == Playing {
		p.stats.FirstAudio = time.Since(p.playedAt)
	}
	if !again {
		if e, ok := p.queue.Find(int64(t.id)); ok {
			p.queue.Heard(e)
		}
		p.emit(t.id, TrackStarted{t.item, k.Position, t.duration, k.Gapless})
	}
	if k.Entry == p.seeking.entry {
		p.answerSeek(nil)
		p.emit(t.id, Seeked{k.Position})
	}
	if p.phase != Ready {
		p.phase = Ready
		p.changed(ReasonStart)
	}
}

// reached takes note that the turn of an entry has come, and tells whether it was ahead of what is heard.
func (p *Player) reached(e *pipeline.Entry) (ahead bool) {
	i := slices.Index(p.unheard, e)
	p.unheard = p.unheard[i+1:]
	return i >= 0
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

// onOver: the last frame of an entry has been heard, or its turn has come and there is none.
func (p *Player) onOver(e *pipeline.Entry, t *track, err error) {
	why := ReasonEnd
	var fault error
	if err != nil {
		why = ReasonError
		fault = p.fail(e, err, fatal)
	}
	heard := p.started == t || p.fading == t
	switch t {
	case p.started:
		p.endTrack(&p.started, why)
	case p.fading:
		p.endTrack(&p.fading, why)
	}
	if e == p.seeking.entry {
		p.answerSeek(fault)
	}
	if p.heardEntry == e {
		p.heardEntry = nil
	}
	p.end(e)
	if !heard {
		if p.reached(e) {
			p.current, p.map0 = t.id, mapping{}
		}
		p.failedRun++
		if fault != nil || p.failedRun >= DefaultFailuresLimit {
			p.countFailures()
		}
	}
	if p.wanted && p.mixingEntry != nil {
		p.wanted = false
		p.want()
	}
}

var errNoFrame = errors.New("no entry has a frame of music")

// countFailures stops a run of entries of which none can be played: a queue that is repeated would
// go round for ever.
func (p *Player) countFailures() {
	all := p.queue.Len()
	switch {
	case p.queue.Repeat() == queue.RepeatOne:
		all = min(all, 1)
	case p.queue.Shuffle().Mode != queue.ShuffleOff:
		all = 2*all - 1 // what came first in one round may come last in the next
	}
	limit := min(p.cfg.Limits.Failures, all)
	if limit < 0 || p.failedRun < limit {
		return
	}
	if _, more := p.next(); more {
		last := errNoFrame
		if n := len(p.failures); n > 0 {
			last = p.failures[n-1]
		}
		p.breakDown(&Error{Kind: KindNothingPlays, Op: "play", Fatal: true, Err: last})
	}
}

// onNote hears a loader or decoder.
func (p *Player) onNote(n pipeline.Note) {
	t := p.live[n.Entry]
	if t == nil {
		return
	}
	switch what := n.What.(type) {
	case loader.Opened:
		t.renditions = nil
		for _, r := range what.Renditions {
			t.renditions = append(t.renditions, Rendition(r))
		}
		if what.Duration > 0 {
			t.duration, t.measured = what.Duration, true
		}
	case loader.SegmentIn:
		t.loading = what.Rendition
		p.emit(t.id, Loaded{what.Rendition, what.Index, what.Bytes, what.Cached, what.Elapsed})
	case loader.AllIn:
		t.loading = -1
		p.follow()
	case loader.Filled:
		p.follow()
	case pipeline.Levelled:
		// The entry has levelled itself by what held when it was launched; that may have changed.
		t.known = what.Tags
		t.gain = p.gainOf(t)
		p.mixer.SetLoudnessGain(n.Entry, t.gain)
	case pipeline.Concealed:
		p.fail(n.Entry, what.Err, survived)
	case loader.Waiting:
		p.onWaiting(t, what.Err)
	case loader.Stale:
		p.onStale(n.Entry, t, what.Err)
	case loader.Fresh:
		p.onRecovered(t)
	case loader.Recovered:
		p.onRecovered(t)
	case loader.GaveUp:
		p.onGaveUp(n.Entry, t, what.Err)
	default:
		p.onMetadata(n, t)
	}
}

// onMixer hears the mixer about what is true at once.
func (p *Player) onMixer(n pipeline.MixerNote) {
	switch n.Kind {
	case pipeline.Advanced:
		p.onAdvanced(n.Entry, n.Next)
	case pipeline.Wanting:
		if p.mixingEntry == n.Entry {
			p.want()
		}
	case pipeline.Stalled:
		p.dryAt = p.position()
		p.stats.Rebuffers++
		p.reporter.ranDry()
		p.watch.underruns++ // told as what it is
		p.phase = Buffering
		p.emit(EntryID(n.Entry.Key), Rebuffering{p.dryAt})
		p.changed(ReasonRebuffer)
	case pipeline.Resumed:
		p.stats.RebufferTime += n.Length
		p.emit(p.current, Rebuffered{p.dryAt, n.Length})
		if n.Playing && p.phase == Buffering {
			p.phase = Ready
			p.changed(ReasonBuffered)
		}
	case pipeline.Started:
		p.onStarted(n.SampleRate)
	case pipeline.Lost:
		p.onLost(n.Err)
	}
}
