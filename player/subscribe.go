package player

import (
	"context"
	"iter"
	"slices"
	"sync"
	"time"
)

// eventBacklog is how many events wait for a reader before the oldest are lost.
const eventBacklog = 1024

// subscribers are the readers of events.
type subscribers struct {
	mu     sync.Mutex
	all    []*subscriber
	closed bool
}

type subscriber struct {
	mu   sync.Mutex
	wait []Event
	lost int
	end  bool
	wake chan struct{}
}

// Events iterates over what happens from this call on, until ctx is done or the player is closed.
// A reader that falls 1,024 events behind loses the oldest and is told by a Lagged; the music does
// not wait for it. Each call makes a reader of its own.
func (p *Player) Events(ctx context.Context) iter.Seq[Event] {
	s := &subscriber{wake: make(chan struct{}, 1)}
	p.subs.mu.Lock()
	s.end = p.subs.closed
	p.subs.all = append(p.subs.all, s)
	p.subs.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { p.subs.drop(s) })
	return func(yield func(Event) bool) {
		defer stop()
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

func (b *subscribers) drop(s *subscriber) {
	b.mu.Lock()
	b.all = slices.DeleteFunc(b.all, func(x *subscriber) bool { return x == s })
	b.mu.Unlock()
}

func (b *subscribers) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for _, s := range b.all {
		s.mu.Lock()
		s.end = true
		s.mu.Unlock()
		s.poke()
	}
}

func (b *subscribers) send(e Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.all {
		s.mu.Lock()
		if len(s.wait) >= eventBacklog {
			s.wait = append(s.wait[:0], s.wait[1:]...)
			s.lost++
		}
		s.wait = append(s.wait, e)
		s.mu.Unlock()
		s.poke()
	}
}

func (s *subscriber) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *subscriber) take() (events []Event, end bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	events, end = s.wait, s.end
	if s.lost > 0 {
		events = slices.Insert(events, 0, Event{Time: time.Now(), What: Lagged{s.lost}})
		s.lost = 0
	}
	s.wait = nil
	return events, end
}

func (p *Player) emit(id EntryID, what any) {
	p.subs.send(Event{time.Now(), id, what})
}

func (p *Player) changed(reason string) {
	p.emit(p.current, StateChanged{p.phase, p.intent, reason})
}
