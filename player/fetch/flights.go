package fetch

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// After a change of network an attempt that gave a byte within freshWithin is believed to go on, but
// not longer than graceAfter without another one: its connection may have gone with the old address.
const (
	freshWithin = time.Second
	graceAfter  = 600 * time.Millisecond
)

// errRoute breaks off an attempt that hung on the network that was left. It is tried again at once.
var errRoute = errors.New("the network has changed")

// flights are the attempts under way of a client and of those made of it by WithRetry.
type flights struct {
	mu    sync.Mutex
	live  map[*flight]struct{}
	other chan struct{} // closed and replaced when the network has changed
}

// flight is one attempt.
type flight struct {
	cancel context.CancelCauseFunc
	stall  *time.Timer  // its own goroutine sets it, before the first call of flows
	fed    atomic.Int64 // when the last byte came, in Unix nanoseconds; zero before the header
}

func newFlights() *flights {
	return &flights{live: make(map[*flight]struct{}), other: make(chan struct{})}
}

func (f *flight) flows() { f.fed.Store(time.Now().UnixNano()) }

func (s *flights) begin(cancel context.CancelCauseFunc) *flight {
	f := &flight{cancel: cancel}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live[f] = struct{}{}
	return f
}

func (s *flights) end(f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.live, f)
}

// changed is closed at the next change of network.
func (s *flights) changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.other
}

// NetworkChanged is to be called when the device has got another network, or its old one back. Idle
// connections are closed, requests that hang are broken off and made again at once (a body is resumed
// where its server allows it), pauses between attempts end, and each attempt counts as the first.
// Bodies that are coming in are left alone, but must go on within 0.6 s. It may be called
// from any goroutine and doesn't wait.
func (c *Client) NetworkChanged() {
	if r, ok := c.http.Transport.(*route); ok {
		r.leave()
	} else {
		c.http.CloseIdleConnections()
	}
	now := time.Now()
	c.flights.mu.Lock()
	defer c.flights.mu.Unlock()
	close(c.flights.other)
	c.flights.other = make(chan struct{})
	for f := range c.flights.live {
		if fed := f.fed.Load(); fed > 0 && now.Sub(time.Unix(0, fed)) < freshWithin {
			f.stall.Reset(graceAfter)
		} else {
			f.cancel(errRoute)
		}
	}
}
