package player

import (
	"time"

	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/internal/pipeline"
	"github.com/segue-audio/segue/player/internal/queue"
)

// crossfade is how entries overlap.
type crossfade struct {
	length time.Duration
	curve  dsp.Curve
}

// SetCrossfade changes how long one entry's end and the next one's beginning overlap, up to 12 s,
// and how; zero joins them without a gap. A fade that has begun goes on as it is.
func (p *Player) SetCrossfade(length time.Duration, curve dsp.Curve) {
	p.mail.post(func() {
		p.crossfade = crossfade{min(max(0, length), MaxCrossfade), curve}
		p.mixer.SetCrossfade(p.crossfade.length)
		p.rejoin()
	})
}

// SetSkipSilence has silence within entries skipped, or played as it is. SilenceSkipped tells of each.
func (p *Player) SetSkipSilence(on bool) {
	p.mail.post(func() {
		p.skipSilence = on
		p.mixer.SetSkipSilence(on)
	})
}

// SetProcessors has all music run through a chain of processors, in their order, from now on; none
// takes the chain away. Each belongs to the player from then on until the next call, and one that can't
// do the output's rate is left out.
func (p *Player) SetProcessors(chain ...dsp.Processor) {
	chain = append([]dsp.Processor(nil), chain...)
	p.mail.post(func() { p.mixer.SetProcessors(chain) })
}

// upcoming is the entry that is to be heard behind the one that the mixer is at, without a pause
// between.
func (p *Player) upcoming() (Entry, bool) {
	now, _ := p.now()
	next, ok := p.next()
	if !ok || p.sleepsBetween(now, next) {
		return Entry{}, false
	}
	return next, true
}

// follow sees to it that the mixer knows what comes after what it is at. The next entry is begun
// once as much of the current one is here as is wanted ahead, and gives way to it until it is all in
// (see loader.Spec.Yield), so that the two don't compete for the link.
func (p *Player) follow() {
	if p.mixingEntry == nil {
		return
	}
	next, ok := p.upcoming()
	if !ok {
		p.last.Store(p.mixingEntry)
		p.drop()
		if !p.settled {
			p.settled = true
			p.mixer.Follow(p.mixingEntry, nil, pipeline.Join{Last: true})
		}
		return
	}
	p.last.Store(nil)
	if p.following != nil {
		if EntryID(p.following.Key) == next.ID {
			return
		}
		p.drop()
		p.settled = true // in what is not so any more
	}
	if p.settled {
		p.settled = false
		p.mixer.Follow(p.mixingEntry, nil, pipeline.Join{})
	}
	if p.mixingEntry.AllIn() || p.mixingEntry.Filled() {
		p.join(next)
	}
}

// drop ends the entry that was to follow. The mixer may have gone over to it before it hears of that:
// see onAdvanced.
func (p *Player) drop() {
	if p.following != nil {
		p.dropped = p.following
		p.end(p.following)
		p.following = nil
	}
}

// join begins an entry, if it isn't yet, and tells the mixer to go on with it.
func (p *Player) join(next Entry) {
	if p.following == nil {
		if p.wanted = len(p.live) > maxUnheard; p.wanted {
			return
		}
		p.following = p.launch(next, startOf(next.Item))
	}
	p.rejoin()
}

// maxUnheard is how many entries may be under way. One that can't be played, or has no music, is over
// for the mixer at once, and for the listener when what is before it has been heard, which a pause
// puts off: repeated, it would be begun without end.
const maxUnheard = 16

// rejoin tells the mixer anew how the next entry follows.
func (p *Player) rejoin() {
	if p.mixingEntry == nil || p.following == nil {
		return
	}
	j := pipeline.Join{Curve: p.crossfade.curve}
	a, known := p.entry(EntryID(p.mixingEntry.Key))
	if b, ok := p.entry(EntryID(p.following.Key)); ok && known && a.ID != b.ID {
		j.Fade = p.fadeBetween(a.Item, b.Item)
	}
	p.mixer.Follow(p.mixingEntry, p.following, j)
}

// fadeBetween is how long two neighbours overlap: tracks that follow each other on one album don't, nor
// does one that follows itself.
func (p *Player) fadeBetween(a, b Item) time.Duration {
	if a.Album != "" && a.Album == b.Album && b.TrackNumber == a.TrackNumber+1 {
		return 0
	}
	return p.crossfade.length
}

// want begins what follows an entry without waiting for it to be all in: it failed, or the mixer runs
// ahead of the clock.
func (p *Player) want() {
	next, ok := p.upcoming()
	if !ok {
		p.settled = false
		p.follow()
		return
	}
	p.join(next)
}

// onAdvanced: the mixer has gone over to the next entry.
func (p *Player) onAdvanced(from, to *pipeline.Entry) {
	if p.mixingEntry != from || to != p.following && to != p.dropped {
		return // decided before the last cut
	}
	if to == p.dropped {
		// It was taken back too late. What is to be heard instead begins as soon as what is before it
		// has been heard to its end: see instead.
		p.drop()
		p.mixingEntry, p.dropped = to, nil
		if p.ghost == nil { // else it will not come to this one
			p.ghost = to
		}
		return
	}
	p.advance(to)
	p.unheard = append(p.unheard, to)
	p.mixingEntry, p.following, p.dropped, p.settled = to, nil, nil, false
	p.head.Store(&headEntry{to})
	p.follow()
}

// instead goes to what should have followed, in place of an entry that does so no more and that the mixer
// had gone over to. Where that was to be faded in, what is heard isn't over yet: it is taken up anew where
// it is.
func (p *Player) instead() {
	p.comeBack()
	if now, ok := p.now(); ok && p.started != nil && p.live[p.heardEntry] == p.started {
		p.begin(now, p.position(), ReasonSeek)
		return
	}
	next, ok := p.upcoming()
	if ok {
		p.queue.Next(queue.Ended)
		p.begin(next, next.Item.Start, ReasonRemoved)
		return
	}
	p.leave(ReasonRemoved)
	p.mixer.Cut(nil)
	p.over()
}
