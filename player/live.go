package player

import (
	"context"
	"errors"
	"time"

	"github.com/segue-audio/segue/player/internal/loader"
	"github.com/segue-audio/segue/player/internal/pipeline"
)

// Live is what can be played of a live stream, on the timeline of State.Position. That begins somewhere: with
// the oldest music that the stream offered when it was opened, or, of DASH, with its availability start
// time. Start and End are as of the last list that the server gave.
type Live struct {
	Start time.Duration // the oldest music; it moves on where Sliding
	End   time.Duration // the newest
	Edge  time.Duration // where SeekLive leads: as near to End as the stream wishes to be played
	// Behind is how far Position lies before End. It grows where the music runs dry or the server's clock is
	// faster than the device's, which is made up for only when what follows has left the window: see
	// LiveMoved.
	Behind  time.Duration
	Time    time.Time // of the wall clock when Position was live, by the stream's word; zero where it has none
	Sliding bool
}

// SeekLive goes to the edge of the live stream that is being played. It answers as Seek does, and with
// KindArgument where there is no live stream.
func (p *Player) SeekLive(ctx context.Context) error {
	reached := make(chan error, 1)
	_, err := p.ask(ctx, "seek", func() {
		if p.window() == nil {
			p.reply(reached, &Error{Kind: KindArgument, Op: "seek", Err: errors.New("no live stream is playing")})
			return
		}
		p.seek(loader.AtEdge, reached)
	}, reached)
	return err
}

// liveOf tells what can be played of an entry at a position.
func liveOf(e *pipeline.Entry, position time.Duration) *Live {
	if e == nil {
		return nil
	}
	w := e.Live()
	if w == nil {
		return nil
	}
	return &Live{
		Start: w.Start, End: w.End, Edge: max(w.Start, w.End-w.HoldBack), Behind: max(0, w.End-position),
		Time: w.Time(position), Sliding: w.Sliding,
	}
}

// window is what can be played of the current entry, where it is a live stream; else nil.
func (p *Player) window() *loader.Window {
	for _, e := range [...]*pipeline.Entry{p.heardEntry, p.mixingEntry} {
		if e != nil && EntryID(e.Key) == p.current {
			return e.Live()
		}
	}
	return nil
}

// within is where a seek will lead, as far as that is known.
func (p *Player) within(at time.Duration) time.Duration {
	w := p.window()
	switch {
	case w != nil:
		return max(w.Start, min(at, w.End-w.HoldBack))
	case at == loader.AtEdge:
		return 0
	}
	return at
}

// startOf is where an item is begun.
func startOf(it Item) time.Duration {
	if it.Start > 0 {
		return it.Start
	}
	return loader.AtBegin
}

// onStale: a live stream has stopped. Its loader goes on asking.
func (p *Player) onStale(e *pipeline.Entry, t *track, err error) {
	t.waiting = true
	p.fail(e, err, survived)
}
