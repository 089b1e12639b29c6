package player

import (
	"slices"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/internal/loader"
	"github.com/segue-audio/segue/player/media"
)

// choice is what renditions are chosen by, and what it was made from.
type choice struct {
	selection Selection
	loader.Choice
}

// firstChoice is that of the configuration.
func (p *Player) firstChoice() *choice {
	cfg := &p.cfg
	return &choice{cfg.Selection, loader.Choice{
		Rule: p.ruleOf(cfg.Selection), Max: cfg.MaxBitrate, Network: cfg.Network.Kind, Metered: cfg.Network.Metered, Limits: &cfg.Allowed,
	}}
}

// SetRendition chooses the rendition of what is not decoded yet.
func (p *Player) SetRendition(s Selection) {
	p.mail.post(func() { p.choose(func(c *choice) { c.selection = s }) })
}

// SetMaxBitrate caps what may be chosen; zero means no cap.
func (p *Player) SetMaxBitrate(limit media.Bitrate) {
	p.mail.post(func() { p.choose(func(c *choice) { c.Max = limit }) })
}

// SetAllowed bounds what may be chosen: by the rule, and by hand too, where a rendition that isn't allowed stands
// for the next lower one that is.
func (p *Player) SetAllowed(l abr.Limits) {
	l.Codecs = slices.Clone(l.Codecs)
	p.mail.post(func() { p.choose(func(c *choice) { c.Limits = &l }) })
}

// choose changes what is chosen by, and has the loaders choose anew for what is not decoded yet.
func (p *Player) choose(change func(*choice)) {
	p.rechoose(change)
	for e := range p.live {
		e.Reconsider()
	}
}

func (p *Player) rechoose(change func(*choice)) {
	c := *p.choice.Load()
	change(&c)
	c.Rule = p.ruleOf(c.selection)
	p.choice.Store(&c)
}

func (p *Player) chosen() loader.Choice { return p.choice.Load().Choice }

// ruleOf gives the rule for a selection; the same for the same.
func (p *Player) ruleOf(s Selection) abr.Rule {
	switch s.Mode {
	case ModeLowest:
		return abr.Lowest{}
	case ModeHighest:
		return abr.Highest{}
	case ModeFixed:
		return abr.Fixed{Index: s.Index}
	}
	return p.cfg.Rule
}
