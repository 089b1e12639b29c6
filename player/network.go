package player

import "github.com/segue-audio/segue/player/internal/pipeline"

// NetworkChanged is to be called when the device has got another network, or its old one back: requests
// that hang are made again at once, what waits for the network tries again, and what was measured
// of the old one counts for little. Intent and position stay. It may be called from any goroutine,
// and does no harm where nothing has changed.
func (p *Player) NetworkChanged() { p.env.NetworkChanged() }

// onWaiting: nothing can be reached, and a loader tries again until something can.
func (p *Player) onWaiting(t *track, err error) {
	t.waiting = true
	p.log.Info("waiting for the network", "entry", int64(t.id), "err", classify(err))
}

func (p *Player) onRecovered(t *track) { t.waiting = false }

// onGaveUp: the network stayed away longer than is put up with. The entry keeps its place: Play and Seek
// try again.
func (p *Player) onGaveUp(e *pipeline.Entry, t *track, err error) {
	if e != p.mixingEntry {
		e.Retry() // a later entry's turn has not come
		return
	}
	fault := p.fail(e, err, survived)
	p.unhold(HoldNetwork, ReasonNetwork)
	t.waiting = false
	p.pause(ReasonNetwork)
	p.failures = append(p.failures, fault)
	p.answer()
	p.failures = p.failures[:len(p.failures)-1]
}

// retry has the entries that wait for the network try again at once: the user wants music.
func (p *Player) retry() {
	for e := range p.live {
		e.Retry()
	}
}

// holdForNetwork shows whether the silence is the network's doing. The control loop asks at each turn,
// since much that happens makes it true or false.
func (p *Player) holdForNetwork() {
	t := p.live[p.mixingEntry]
	if t != nil && t.waiting && p.phase == Buffering && p.intent == Playing {
		p.hold(HoldNetwork, ReasonNetwork)
	} else {
		p.unhold(HoldNetwork, ReasonNetwork)
	}
}
