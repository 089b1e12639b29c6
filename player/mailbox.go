package player

import "sync"

// mailbox holds what the actor has to do. Posting never waits.
type mailbox struct {
	mu    sync.Mutex
	items []func()
	spare []func() // taken before, to be filled again
	wake  chan struct{}
}

func (m *mailbox) post(f func()) {
	m.mu.Lock()
	m.items = append(m.items, f)
	m.mu.Unlock()
	m.poke()
}

// poke makes the actor look, be there a message or not.
func (m *mailbox) poke() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// take gives all that was posted, valid until the next take. Actor only.
func (m *mailbox) take() []func() {
	m.mu.Lock()
	defer m.mu.Unlock()
	items := m.items
	clear(m.spare)
	m.items, m.spare = m.spare[:0], items
	return items
}
