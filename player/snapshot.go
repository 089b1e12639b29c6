package player

import (
	"time"

	"github.com/segue-audio/segue/player/internal/pipeline"
	"github.com/segue-audio/segue/player/internal/queue"
	"github.com/segue-audio/segue/player/media"
)

// snapshot is what the actor published last; the live numbers are read when State is called.
type snapshot struct {
	state   State
	mapping mapping
	sleep   sleepView
	history []queue.Entry[Item]
	entry   *pipeline.Entry // that Position is of; nil for none

	mixing, following *pipeline.Entry // whose music is Buffered; nil for none
}

// place is where the current entry is listed, so that it is looked for once only.
type place struct {
	version int64
	id      EntryID
	index   int
}

// publish makes the actor's state visible. It looks at no more than the current entry, whatever the
// queue's length.
func (p *Player) publish() {
	s := &snapshot{mapping: p.map0, sleep: p.sleepView(), history: p.queue.History()}
	st := &s.state
	st.Intent, st.Phase, st.Holds, st.Err = p.intent, p.phase, p.holds, p.broken
	st.Queue, st.Current = QueueView{p.queue.View()}, p.current
	if v := p.queue.Version(); v != p.listed.version || p.current != p.listed.id || v == 0 {
		p.listed = place{v, p.current, st.Queue.Index(p.current)}
	}
	st.Index = p.listed.index
	if p.ahead() {
		st.Queue.view = p.late(st.Queue.view, st.Index)
	}
	st.Shuffle = Shuffle{ShuffleMode(p.queue.Shuffle().Mode), p.queue.Shuffle().Seed}
	st.Repeat = Repeat(p.queue.Repeat())
	st.Rendition, st.Loading = -1, -1
	e := p.heardEntry
	if e == nil {
		e = p.mixingEntry
	}
	s.entry = e
	if t := p.live[e]; t != nil {
		st.Renditions, st.Rendition, st.Loading = t.renditions, t.rendition, t.loading
	}
	st.Metadata, st.Chapter = p.facts.metadata(p.current), p.chapter()
	st.Duration = p.duration()
	for _, t := range p.live {
		if t.loading >= 0 {
			st.Loading = t.loading
		}
	}
	s.mixing, s.following = p.mixingEntry, p.following
	st.Selection = p.choice.Load().selection
	st.Volume, st.Muted, st.Ducked = p.listener.volume, p.listener.muted, p.listener.ducked
	st.Speed, st.SkipSilence = p.speed, p.skipSilence
	st.Crossfade, st.Loudness = p.crossfade.length, p.loudness
	st.Stats = p.stats
	p.shown.Store(s)
}

// late is the queue as it is for somebody who hears the entry with an index still.
func (p *Player) late(v queue.View[Item], index int) queue.View[Item] {
	between := make([]queue.Entry[Item], 0, len(p.unheard))
	for _, e := range p.unheard {
		if e, ok := p.queue.Find(e.Key); ok {
			between = append(between, e)
		}
	}
	return v.Late(index, between...)
}

// State is a snapshot of the player. It is cheap, and its Position is that of the moment.
func (p *Player) State() State {
	s := p.shown.Load()
	st := s.state
	st.Position = p.at(s.mapping)
	if st.Duration > 0 {
		st.Position = min(st.Position, st.Duration)
	}
	st.Live = liveOf(s.entry, st.Position)
	for _, e := range []*pipeline.Entry{s.mixing, s.following} {
		if e != nil {
			st.Buffered += e.Ahead()
		}
	}
	if st.Phase == Buffering || st.Phase == Ready {
		st.Buffered += p.mixer.Ahead()
	}
	st.Sleep = s.sleep.state(time.Now(), st.Position)
	st.SampleRate, st.Latency = p.mixer.OutputRate(), p.latency()
	st.Bandwidth, _ = p.env.Link.Estimate()
	st.Stats.Underruns = int(p.mixer.Underruns())
	st.Stats.FramesPlayed = p.mixer.Played()
	c := p.env.Counters
	st.Stats.BytesFetched, st.Stats.BytesWasted = c.Fetched.Load(), c.Wasted.Load()
	st.Stats.CacheHits, st.Stats.CacheMisses = int(c.Hits.Load()), int(c.Misses.Load())
	st.Stats.Concealed = int(c.Concealed.Load())
	return st
}

// latency is how far the ear is behind what the output was given.
func (p *Player) latency() time.Duration {
	if rate := p.mixer.OutputRate(); rate > 0 {
		return p.cfg.Sink.Latency().Duration(rate)
	}
	return 0
}

// at turns the frame that is audible now into a position.
func (p *Player) at(m mapping) time.Duration {
	rate := p.mixer.SampleRate()
	if !m.running || rate == 0 {
		return m.position
	}
	heard := max(0, p.mixer.Audible()-m.frame)
	return m.atLeast(m.position + time.Duration(float64(media.Frames(heard).Duration(rate))*m.speed))
}

func (p *Player) position() time.Duration {
	pos := p.at(p.map0)
	if d := p.duration(); d > 0 {
		pos = min(pos, d)
	}
	return pos
}

// positionOf is where a track that was heard has been left.
func (p *Player) positionOf(t *track) time.Duration {
	pos := p.at(p.map0)
	if t != p.started {
		pos = p.at(t.left)
	}
	if t.duration > 0 {
		pos = min(pos, t.duration)
	}
	return pos
}

// duration of the current entry; zero where unknown.
func (p *Player) duration() time.Duration {
	for _, t := range [...]*track{p.live[p.heardEntry], p.started, p.live[p.mixingEntry]} {
		if t != nil && t.id == p.current && t.duration > 0 {
			return t.duration
		}
	}
	e, _ := p.entry(p.current)
	return e.Item.Duration
}
