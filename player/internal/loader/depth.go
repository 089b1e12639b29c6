package loader

import (
	"time"

	"github.com/segue-audio/segue/abr"
)

// deepest is the most that a rule is told to fill: beyond, outages are bridged whatever it chooses, and a rule that is
// made for a depth would have to be made anew for each.
const deepest = 2 * time.Minute

// depth says how much is to be held, how much of it the rule is to fill, and how much of what is held may be heard
// before more is fetched.
func (l *Loader) depth() (hold, target, rest time.Duration) {
	v := l.env
	if v.BufferMost <= v.Buffer {
		return v.Buffer, v.Buffer, 0
	}
	c := v.Choice()
	d := abr.Depth{Least: v.Buffer, Most: v.BufferMost}
	o := abr.Outlook{Network: c.Network, Metered: c.Metered || c.Limits != nil && c.Limits.Saver, Outages: v.Link.Learned().Outages}
	if v.Stay != nil {
		o.Stay = v.Stay()
	}
	hold = d.Hold(o)
	return hold, min(hold, max(v.Buffer, deepest)), d.Rest(o, hold)
}
