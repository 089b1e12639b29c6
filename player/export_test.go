package player

import "slices"

// Occupy keeps the control goroutine busy until gate is closed.
func (p *Player) Occupy(gate <-chan struct{}) { p.mail.post(func() { <-gate }) }

// Occupied is Occupy, and closes busy when it is.
func (p *Player) Occupied(busy chan<- struct{}, gate <-chan struct{}) {
	p.mail.post(func() { close(busy); <-gate })
}

// Loading sends how many pipelines run when what was asked for before is done.
func (p *Player) Loading(n chan<- int) { p.mail.post(func() { n <- len(p.live) }) }

// Readers counts the iterations over Events that are kept.
func (p *Player) Readers() (n int) {
	p.subs.mu.Lock()
	defer p.subs.mu.Unlock()
	return len(p.subs.all)
}

// Publish makes a snapshot, as the control goroutine does after all that it has done.
func (p *Player) Publish() { p.publish() }

// Strays sends how many pipelines run for nothing when what was asked for before is done.
func (p *Player) Strays(n chan<- int) { p.mail.post(func() { n <- p.strays() }) }

func (p *Player) strays() (n int) {
	for e, t := range p.live {
		switch {
		case e == p.heardEntry, e == p.mixingEntry, e == p.following, slices.Contains(p.unheard, e):
		case t == p.fading, p.heardEntry == nil && t.id == p.current:
		default:
			n++
		}
	}
	return n
}
