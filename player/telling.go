package player

import (
	"slices"
	"time"

	"github.com/segue-audio/segue/player/internal/loader"
	"github.com/segue-audio/segue/player/internal/pipeline"
	"github.com/segue-audio/segue/player/metadata"
)

// telling is what has been told of the track that is heard: its chapter, its line, its moments. The actor
// looks at the position when something is due, so that seeks, speed and joins need no marks of their own.
type telling struct {
	of            *track
	entry         *pipeline.Entry
	chapter, line int
	moments       []moment // of live entries, by entry as they came, not told yet
	until         time.Duration
	from          time.Duration
	stale         bool // look anew, whatever the position
}

// moment is metadata for a moment of a pipeline entry's timeline.
type moment struct {
	entry    *pipeline.Entry
	at       time.Duration
	metadata metadata.Metadata
}

const (
	// maxMoments bounds those that wait: of live entries only, that are decoded a few seconds ahead.
	maxMoments = 1024
	never      = time.Duration(1<<63 - 1)
	// soonest is the least wait for what is due.
	soonest = 2 * time.Millisecond
)

// onMetadata hears a loader or decoder on what the music says of itself.
func (p *Player) onMetadata(n pipeline.Note, t *track) {
	switch what := n.What.(type) {
	case loader.Tagged:
		p.emit(t.id, MetadataChanged{*p.facts.learn(t.id, what.Metadata)})
		p.telling.stale = true
	case pipeline.Moment:
		p.telling.moments = slices.DeleteFunc(p.telling.moments, func(m moment) bool { return p.live[m.entry] == nil })
		if len(p.telling.moments) < maxMoments {
			p.telling.moments = append(p.telling.moments, moment{n.Entry, what.At, what.Metadata})
		}
		p.telling.stale = true
	case pipeline.Outlined:
		p.emit(t.id, WaveformReady{})
	}
}

// chapter is the index of the one that is heard; −1 where none is.
func (p *Player) chapter() int {
	if p.started == nil || p.telling.of != p.started {
		return -1
	}
	return p.telling.chapter
}

// tellDue tells what has become true by now of the track that is heard, and when to look again; negative
// for not before something else happens.
func (p *Player) tellDue(now time.Time) time.Duration {
	t := p.started
	if t == nil || p.heardEntry == nil || p.live[p.heardEntry] != t {
		return -1
	}
	w := &p.telling
	if w.of != t {
		w.of, w.chapter, w.line, w.stale = t, -1, -1, true
	}
	if w.entry != p.heardEntry {
		w.entry, w.stale = p.heardEntry, true
	}
	pos := p.position()
	if w.stale || pos < w.from || pos >= w.until {
		p.tell(now, pos)
	}
	if w.until == never || p.intent != Playing || p.phase != Ready || p.holds != 0 {
		return -1
	}
	speed := p.map0.speed
	if speed <= 0 {
		speed = 1
	}
	return max(soonest, time.Duration(float64(w.until-pos)/speed))
}

// tell tells what is new at a position.
func (p *Player) tell(now time.Time, pos time.Duration) {
	w := &p.telling
	was := w.from
	w.from, w.until, w.stale = pos, never, false
	// since is when a position was heard that has gone by; in front of a seek nothing has.
	since := func(at time.Duration) {
		p.moment = time.Time{}
		if at > was && at <= pos && p.map0.speed > 0 {
			p.moment = now.Add(-min(heardLate, time.Duration(float64(pos-at)/p.map0.speed)))
		}
	}
	p.tellMoments(pos, since)
	if m := p.facts.metadata(w.of.id); m != nil {
		p.tellChapter(m, pos, since)
		if p.cfg.LyricLines {
			p.tellLine(m.SyncedLyrics(), pos, since)
		}
	}
	p.moment = time.Time{}
}

func (p *Player) tellMoments(pos time.Duration, since func(time.Duration)) {
	w := &p.telling
	var due []moment
	w.moments = slices.DeleteFunc(w.moments, func(m moment) bool {
		switch {
		case p.live[m.entry] == nil:
			return true
		case m.entry != w.entry:
			return false
		case m.at > pos:
			w.until = min(w.until, m.at)
			return false
		}
		due = append(due, m)
		return true
	})
	slices.SortStableFunc(due, func(a, b moment) int { return int(min(max(a.at-b.at, -1), 1)) })
	for _, m := range due {
		since(m.at)
		p.emit(w.of.id, TimedMetadata{m.metadata, m.at})
	}
}

func (p *Player) tellChapter(m *metadata.Metadata, pos time.Duration, since func(time.Duration)) {
	w := &p.telling
	began := time.Duration(0)
	for _, c := range m.Chapters {
		for _, edge := range []time.Duration{c.Start, c.End} {
			if edge > pos {
				w.until = min(w.until, edge)
			} else {
				began = max(began, edge)
			}
		}
	}
	i := m.ChapterAt(pos)
	if i == w.chapter {
		return
	}
	w.chapter = i
	ev := ChapterChanged{Index: i, Position: pos}
	if i >= 0 {
		ev.Chapter = m.Chapters[i]
	}
	since(began)
	p.emit(w.of.id, ev)
}

func (p *Player) tellLine(l *metadata.Lyrics, pos time.Duration, since func(time.Duration)) {
	if l == nil {
		return
	}
	w := &p.telling
	i := l.At(pos)
	next, _ := slices.BinarySearchFunc(l.Lines, pos+1, func(line metadata.Line, t time.Duration) int {
		return int(min(max(line.Start-t, -1), 1))
	})
	if next < len(l.Lines) {
		w.until = min(w.until, l.Lines[next].Start)
	}
	if i >= 0 && l.Lines[i].End > pos {
		w.until = min(w.until, l.Lines[i].End)
	}
	if i == w.line {
		return
	}
	w.line = i
	ev := LyricLine{Index: i, Position: pos}
	at := pos
	if i >= 0 {
		ev.Line, at = l.Lines[i], l.Lines[i].Start
	}
	since(at)
	p.emit(w.of.id, ev)
}
