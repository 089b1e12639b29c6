package player

import (
	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/media"
)

// choice is what the loaders may choose from.
type choice struct {
	selection Selection
	rule      abr.Rule
	limit     media.Bitrate
}

// SetRendition chooses the rendition of what is not decoded yet.
func (p *Player) SetRendition(s Selection) {
	p.mail.post(func() { p.choose(s, p.choice.Load().limit) })
}

// SetMaxBitrate caps what may be chosen; zero means no cap.
func (p *Player) SetMaxBitrate(limit media.Bitrate) {
	p.mail.post(func() { p.choose(p.choice.Load().selection, limit) })
}

func (p *Player) choose(s Selection, limit media.Bitrate) {
	p.choice.Store(p.chooser(s, limit))
	for e := range p.live {
		e.Reconsider()
	}
}

func (p *Player) chosen() (abr.Rule, media.Bitrate) {
	c := p.choice.Load()
	return c.rule, c.limit
}

func (p *Player) chooser(s Selection, limit media.Bitrate) *choice {
	rule := p.cfg.Rule
	switch s.Mode {
	case ModeLowest:
		rule = abr.Lowest{}
	case ModeHighest:
		rule = abr.Highest{}
	case ModeFixed:
		rule = abr.Fixed{Index: s.Index}
	default:
		if rule == nil {
			rule = abr.ThroughputBuffer{}
		}
	}
	if p.cfg.Observer != nil {
		rule = p.cfg.Observer.Wrap(rule)
	}
	return &choice{s, rule, limit}
}
