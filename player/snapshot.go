package player

import (
	"slices"
	"time"

	"github.com/segue-audio/segue/player/media"
)

// snapshot is what the actor published last; the live numbers are read when State is called.
type snapshot struct {
	state   State
	mapping mapping
}

// publish makes the actor's state visible.
func (p *Player) publish() {
	s := &snapshot{mapping: p.map0}
	st := &s.state
	st.Intent, st.Phase, st.Err = p.intent, p.phase, p.broken
	st.Queue, st.Current, st.Index = p.queue, p.current, p.indexOf(p.current)
	st.Rendition, st.Loading = -1, -1
	e := p.heardEntry
	if e == nil {
		e = p.mixingEntry
	}
	if t := p.live[e]; t != nil {
		st.Renditions, st.Rendition, st.Loading = t.renditions, t.rendition, t.loading
		st.Duration = t.duration
	} else if st.Index >= 0 {
		st.Duration = p.queue[st.Index].Item.Duration
	}
	for _, t := range p.live {
		if t.loading >= 0 {
			st.Loading = t.loading
		}
	}
	if p.mixingEntry != nil {
		st.Buffered = p.mixingEntry.Ahead()
	}
	if p.following != nil {
		st.Buffered += p.following.Ahead()
	}
	st.Selection = p.choice.Load().selection
	st.Volume, st.Speed = p.volume, p.speed
	st.Stats = p.stats
	p.shown.Store(s)
}

// State is a snapshot of the player. It is cheap, and its Position is that of the moment.
func (p *Player) State() State {
	s := p.shown.Load()
	st := s.state
	st.Position = p.at(s.mapping)
	if st.Duration > 0 {
		st.Position = min(st.Position, st.Duration)
	}
	if st.Phase == Buffering || st.Phase == Ready {
		st.Buffered += p.mixer.Ahead()
	}
	st.SampleRate = p.mixer.SampleRate()
	st.Bandwidth, _ = p.env.Link.Estimate()
	st.Stats.Underruns = int(p.mixer.Underruns())
	st.Stats.FramesPlayed = p.mixer.Played()
	c := p.env.Counters
	st.Stats.BytesFetched, st.Stats.BytesWasted = c.Fetched.Load(), c.Wasted.Load()
	st.Stats.CacheHits, st.Stats.CacheMisses = int(c.Hits.Load()), int(c.Misses.Load())
	st.Stats.Concealed = int(c.Concealed.Load())
	return st
}

// at turns the frame that is audible now into a position.
func (p *Player) at(m mapping) time.Duration {
	rate := p.mixer.SampleRate()
	if !m.running || rate == 0 {
		return m.position
	}
	heard := max(0, p.mixer.Audible()-m.frame)
	return m.position + time.Duration(float64(media.Frames(heard).Duration(rate))*m.speed)
}

func (p *Player) position() time.Duration {
	pos := p.at(p.map0)
	if d := p.duration(); d > 0 {
		pos = min(pos, d)
	}
	return pos
}

// duration of the current entry; zero where unknown.
func (p *Player) duration() time.Duration {
	for _, e := range []*headEntry{{p.heardEntry}, {p.mixingEntry}} {
		if t := p.live[e.e]; t != nil && t.duration > 0 {
			return t.duration
		}
	}
	if i := slices.IndexFunc(p.queue, func(e Entry) bool { return e.ID == p.current }); i >= 0 {
		return p.queue[i].Item.Duration
	}
	return 0
}
