package player

import (
	"context"
	"iter"
	"slices"
	"sync"
	"time"
	"weak"
)

// eventBacklog is how many events wait for a reader before the oldest are lost.
const eventBacklog = 1024

// subscribers are the readers of events. They are held weakly: an iteration that nobody holds any
// more, begun or not, is forgotten with its backlog.
type subscribers struct {
	mu     sync.Mutex
	all    []weak.Pointer[subscriber]
	closed bool
}

// subscriber is one reader.
type subscriber struct {
	mu   sync.Mutex
	wait []Event // a ring once it is full
	at   int     // of the oldest in the ring
	lost int
	end  bool
	wake chan struct{}
}

// Events iterates over what happens from this call on, until ctx is done or the player is closed.
// A reader that falls 1,024 events behind loses the oldest and is told by a Lagged; the music does
// not wait for it. Each call makes a reader of its own, which is good for one iteration, and costs
// nothing but its backlog until it is read or let go.
func (p *Player) Events(ctx context.Context) iter.Seq[Event] {
	s := &subscriber{wake: make(chan struct{}, 1)}
	p.subs.add(s)
	return func(yield func(Event) bool) {
		defer p.subs.drop(s)
		for {
			events, end := s.take()
			for _, e := range events {
				if !yield(e) {
					return
				}
			}
			if end {
				return
			}
			select {
			case <-s.wake:
			case <-ctx.Done():
				return
			}
		}
	}
}

func (b *subscribers) add(s *subscriber) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s.end = b.closed
	b.all = append(b.all, weak.Make(s))
}

// drop ends a reader's part; it hears nothing more.
func (b *subscribers) drop(s *subscriber) {
	b.mu.Lock()
	b.all = slices.DeleteFunc(b.all, func(w weak.Pointer[subscriber]) bool { return w.Value() == s })
	b.mu.Unlock()
	s.finish()
}

func (b *subscribers) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for _, w := range b.all {
		if s := w.Value(); s != nil {
			s.finish()
		}
	}
	b.all = nil
}

// send gives an event to all readers. It waits for none of them.
func (b *subscribers) send(e Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	gone := false
	for _, w := range b.all {
		if s := w.Value(); s != nil {
			s.put(e)
		} else {
			gone = true
		}
	}
	if gone {
		b.all = slices.DeleteFunc(b.all, func(w weak.Pointer[subscriber]) bool { return w.Value() == nil })
	}
}

func (s *subscriber) put(e Event) {
	s.mu.Lock()
	if len(s.wait) < eventBacklog {
		s.wait = append(s.wait, e)
	} else {
		s.wait[s.at] = e
		s.at = (s.at + 1) % eventBacklog
		s.lost++
	}
	s.mu.Unlock()
	s.poke()
}

func (s *subscriber) finish() {
	s.mu.Lock()
	s.end = true
	s.mu.Unlock()
	s.poke()
}

func (s *subscriber) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// take gives what waits, oldest first.
func (s *subscriber) take() (events []Event, end bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	events, end = s.wait, s.end
	if s.lost > 0 {
		lagged := Event{Time: s.wait[s.at].Time, What: Lagged{s.lost}}
		events = slices.Concat([]Event{lagged}, s.wait[s.at:], s.wait[:s.at])
	}
	s.wait, s.at, s.lost = nil, 0, 0
	return events, end
}

// emit tells all readers what happened. Times never go back.
func (p *Player) emit(id EntryID, what any) {
	t := p.moment
	if t.IsZero() {
		t = time.Now()
	}
	if t.Before(p.told) {
		t = p.told
	}
	p.told = t
	p.subs.send(Event{t, id, what})
}

func (p *Player) changed(why Reason) {
	p.emit(p.current, StateChanged{p.phase, p.intent, p.holds, why})
}
