package player

import (
	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/internal/pipeline"
)

// Network is what an app knows of the network that the device is on. The zero value knows nothing.
type Network struct {
	Kind    abr.Network
	Metered bool // each byte costs: nothing is fetched twice, and no more than is likely to be heard

	// Prior is what Player.Learned gave when this network was left the last time. The zero Prior stands for what
	// is usual on a network of the kind.
	Prior abr.Prior
}

// SetNetwork says what network the device is on now, and does what NetworkChanged does; what was measured of
// the network before is forgotten. It may be called from any goroutine.
func (p *Player) SetNetwork(n Network) {
	p.expect(n)
	p.env.NetworkChanged()
	p.mail.post(func() {
		p.rechoose(func(c *choice) { c.Choice.Network, c.Metered = n.Kind, n.Metered })
	})
}

// expect tells the estimate what it may begin with.
func (p *Player) expect(n Network) {
	prior := n.Prior
	if prior == (abr.Prior{}) {
		prior = abr.DefaultPrior(n.Kind)
	}
	p.env.Link.Expect(prior)
	if p.cfg.Observer != nil {
		p.cfg.Observer.Network(string(n.Kind))
	}
}

// Learned is what was measured of the network: for an app to keep, by the kind of network or its name, as text
// of a few bytes, and to give to SetNetwork or Config.Network when the device is on it again. It may be
// called from any goroutine.
func (p *Player) Learned() abr.Prior { return p.env.Link.Learned() }

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
