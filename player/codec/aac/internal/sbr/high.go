package sbr

import "github.com/segue-audio/segue/player/codec/aac/internal/qmf"

const (
	maxFrame  = 32  // QMF slots
	positions = 512 // after so many slots noise and sinusoids repeat
)

// channel is what one channel's high bands depend on beyond the frame.
type channel struct {
	slots    int // of a frame
	analysis qmf.Analysis
	low      [history + maxFrame]qmf.Slot          // the core's bands: the last slots of the frame before, then this one's
	x        [maxFrame + overhang*perSlot]qmf.Slot // all bands, and the high ones of what reaches into the next frame
	over     int                                   // slots of x that the frame before has filled already
	split    int                                   // and where its high bands began

	bandwidth [maxNoise]float32 // bwArray
	filtering [maxNoise]uint8

	sine           [maxHigh]bool // sinusoids of the last envelope
	transientAtEnd bool          // the last frame's pointer was at its end: a transient starts this one
	position       int           // of the frame in the stream, in slots, modulo positions

	primed   bool // rows hold something
	newest   int
	rows     [smoothSlots + 1]gainRow
	smoothed gainRow

	env   envelope
	gains gains
}

// frame gives the slots to be synthesised.
func (c *channel) frame() []qmf.Slot { return c.x[:c.slots] }

// ahead gives the low bands of the slots after them.
func (c *channel) ahead() []qmf.Slot { return c.low[c.slots+adjust : c.slots+history] }

// advance moves on by a frame and analyses it.
func (c *channel) advance(core []float32) {
	copy(c.low[:history], c.low[c.slots:])
	c.analysis.Process(c.low[history:][:c.slots], core)
	copy(c.x[:c.over], c.x[c.slots:])
}

// pass makes a frame of the core's bands alone.
func (c *channel) pass() {
	c.join(qmf.Core, qmf.Core)
	c.over, c.split = 0, qmf.Core
}

// join puts the core's bands below the high ones and silence above those: they reach from split to top
// (4.6.18.5).
func (c *channel) join(split, top int) {
	for l := range c.slots {
		x, low := &c.x[l], &c.low[l+adjust]
		below := split
		if l < c.over {
			below = c.split
		} else {
			clear(x.Re[top:])
			clear(x.Im[top:])
		}
		copy(x.Re[:below], low.Re[:])
		copy(x.Im[:below], low.Im[:])
	}
}

// replicate makes a frame with high bands (4.6.18.6 and 4.6.18.7). reset says that its bands are others
// than those of the frame before.
func (c *channel) replicate(s *stream, side *side, v *levels, reset bool) {
	b := &s.bands
	if reset {
		c.primed = false
		c.sine, c.bandwidth, c.filtering = [maxHigh]bool{}, [maxNoise]float32{}, [maxNoise]uint8{}
	}
	from, to := perSlot*int(side.border[0]), perSlot*int(side.border[side.envelopes])
	for l := c.over; l < from; l++ { // borders that don't meet, after a missing payload
		clear(c.x[l].Re[b.kx:])
		clear(c.x[l].Im[b.kx:])
	}
	for l := c.slots; l < to; l++ {
		clear(c.x[l].Re[:])
		clear(c.x[l].Im[:])
	}
	c.chirp(side, b)
	c.generate(b, from, to)
	for e := range side.envelopes {
		c.spread(&c.env, e, side, v, b)
		c.measure(&c.env, e, side, b, s.interpolate)
		c.gains.solve(&c.env, b, limiterGain[s.limiterGains])
		if !c.primed {
			c.primed = true
			for range c.rows {
				c.pushGains(&c.gains, b.m)
			}
		}
		c.assemble(&c.gains, &c.env, b, [2]int{perSlot * int(side.border[e]), perSlot * int(side.border[e+1])}, !s.smoothingMode)
	}
	c.sine = c.env.sine
	c.transientAtEnd = int(side.transient) == side.envelopes
	c.join(b.kx, b.kx+b.m)
	c.over, c.split = to-c.slots, b.kx
}
