package loader

import (
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/player/manifest"
)

// Progress is how far an entry has come on its timeline: what its loader has brought in, and what was played of it.
// The loader writes the one, whoever plays it the other, and any goroutine may read, without waiting. "Played" is mixed:
// what is heard comes a ring and a device later.
type Progress struct {
	// Counters are of this entry alone; the player's count all.
	Counters Counters

	from   atomic.Int64 // ns: where it begins; the loader's until its first run
	loaded atomic.Int64 // ns: the timeline is here up to this moment
	played atomic.Int64 // ns: it was played up to this moment
	length atomic.Int64 // ns; zero where unknown
	full   atomic.Bool  // Filled was noted
	opened atomic.Bool  // Opened was noted
	allIn  atomic.Bool

	// Of live streams.
	window atomic.Pointer[Window]
	hops   atomic.Int64 // ns between what is loaded and what is played that nobody will hear
	hold   atomic.Int64 // ns; see HoldBack
	lapsed atomic.Bool  // see Lapsed
}

// begin says where the entry begins; before its first run only.
func (p *Progress) begin(at time.Duration) {
	if at == AtBegin || at == AtEdge {
		at = 0 // until it is known
	}
	p.from.Store(int64(at))
	p.loaded.Store(int64(at))
	p.played.Store(int64(at))
}

// From is where the entry begins.
func (p *Progress) From() time.Duration { return time.Duration(p.from.Load()) }

// SetLoaded says that the timeline is here up to a moment. The loader's only.
func (p *Progress) SetLoaded(at time.Duration) { p.loaded.Store(int64(at)) }

// SetPlayed says that the timeline was played up to a moment. The mixer's only; it neither waits nor allocates.
func (p *Progress) SetPlayed(to time.Duration) { p.played.Store(int64(to)) }

// Played is up to where the timeline was played.
func (p *Progress) Played() time.Duration { return time.Duration(p.played.Load()) }

// Ahead is how much of the entry's music is here and not played yet.
func (p *Progress) Ahead() time.Duration {
	return max(0, time.Duration(p.loaded.Load()-p.played.Load()-p.hops.Load()))
}

// Hop says that what is played has come to where the timeline goes on elsewhere, so much later. The mixer's
// only; it neither waits nor allocates.
func (p *Progress) Hop(by time.Duration) {
	for {
		was := p.hops.Load()
		if p.hops.CompareAndSwap(was, max(0, was-int64(max(0, by)))) {
			return
		}
	}
}

// SetLength says how long the whole timeline is; zero for unknown. The loader's only.
func (p *Progress) SetLength(d time.Duration) { p.length.Store(int64(d)) }

// Length is the whole length of the entry's timeline; zero where unknown.
func (p *Progress) Length() time.Duration { return time.Duration(p.length.Load()) }

// Filled reports whether as much of the entry was once here as is wanted ahead.
func (p *Progress) Filled() bool { return p.full.Load() }

// AllIn reports whether nothing is left to load. The loader itself may be waiting still, to choose anew for what
// nobody has taken.
func (p *Progress) AllIn() bool {
	length := p.length.Load()
	return p.allIn.Load() || length > 0 && p.loaded.Load() >= length
}

// Live is what can be played of a live stream; nil for what isn't one, or isn't known to be yet.
func (p *Progress) Live() *Window { return p.window.Load() }

// HoldBack is how far from the end of a live stream it is played, even when it has ended; zero for what isn't
// one.
func (p *Progress) HoldBack() time.Duration { return time.Duration(p.hold.Load()) }

// Lapsed reports whether a live stream over HTTP was not taken for longer than it is held, so that its
// connection was given up: what is here of it is old, and only a new entry, begun AtEdge, is live again.
func (p *Progress) Lapsed() bool { return p.lapsed.Load() }

// Window is what of a live stream can be played, on the entry's timeline.
type Window struct {
	Start, End time.Duration
	HoldBack   time.Duration // how far before End to play
	Sliding    bool          // Start moves on too

	lead time.Duration
	list *manifest.Playlist
}

// Time gives the wall clock's time of a position, by the stream's own word; zero where it has none.
func (w *Window) Time(position time.Duration) time.Time {
	at := position + w.lead
	i := w.list.At(at)
	if i == len(w.list.Segments) {
		i--
	}
	for ; i >= 0; i-- {
		if s := &w.list.Segments[i]; !s.Time.IsZero() {
			return s.Time.Add(at - s.Start)
		}
	}
	return time.Time{}
}
