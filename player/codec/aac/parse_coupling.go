package aac

import "math"

// Where a coupling channel is added (4.6.8.3): to the spectra of its targets before or after noise
// shaping, or to their samples.
const (
	coupleBeforeShaping = iota
	coupleAfterShaping
	coupleSamples
)

const (
	maxCouplings = 16 // one for each instance tag
	maxTargets   = 8
	maxGainLists = 2 * maxTargets
	// steepestGain bounds a coupling gain, as an exponent of 2. The largest sensible ones are near 0.
	steepestGain = 20
)

// coupling is a coupling_channel_element: a channel that is added to others, at gains by band.
type coupling struct {
	tag     uint8
	found   bool
	where   int
	channel channel
	targets []target
	gains   [maxGainLists][maxBands]float32
}

// target is an element that a coupling channel is added to.
type target struct {
	kind        kind
	tag         uint8
	left, right bool
	list        int // which gains, the left channel's
	separate    bool
}

// couplingFor finds a coupling channel by its tag. A stream has few, if any; each is made when it is
// first seen and kept.
func (d *Decoder) couplingFor(tag uint8) *coupling {
	for _, c := range d.couplings {
		if c.tag == tag {
			return c
		}
	}
	c := &coupling{tag: tag, channel: d.newChannel(0), targets: make([]target, 0, maxTargets)}
	d.couplings = append(d.couplings, c)
	return c
}

// parseCoupling reads a coupling_channel_element (Table 4.8).
func (d *Decoder) parseCoupling() error {
	c := d.couplingFor(uint8(d.r.Read(4)))
	independent := d.r.Flag()
	lists := c.parseTargets(d)
	c.where = int(d.r.Read(1))
	if independent {
		c.where = coupleSamples
	}
	signed := d.r.Flag()
	step := math.Exp2(float64(d.r.Read(2))) / 8 // the binary logarithm of a gain element's step
	f := c.channel.next
	if err := d.parseStream(f, false); err != nil {
		return err
	}
	for list := range lists {
		if err := d.parseGains(c, list, gainFormat{step, signed}); err != nil {
			return err
		}
	}
	c.found = true
	return nil
}

func (c *coupling) parseTargets(d *Decoder) (lists int) {
	c.targets = c.targets[:0]
	for range 1 + d.r.Read(3) {
		t := target{kind: kindSingle, left: true, list: lists}
		if d.r.Flag() {
			t.kind = kindPair
		}
		t.tag = uint8(d.r.Read(4))
		if t.kind == kindPair {
			t.left, t.right = d.r.Flag(), d.r.Flag()
			if t.separate = t.left && t.right; t.separate {
				lists++
			}
			if !t.left && !t.right { // one list for both
				t.left, t.right = true, true
			}
		}
		lists++
		c.targets = append(c.targets, t)
	}
	return lists
}

// gainFormat says what a gain element counts.
type gainFormat struct {
	step   float64
	signed bool
}

// gain is 2^(−step·n), where in signed gains the lowest bit is the sign.
func (g gainFormat) gain(n int) float32 {
	sign := 1.0
	if g.signed {
		sign = float64(1 - 2*(n&1))
		n >>= 1
	}
	e := -g.step * float64(n)
	return float32(sign * math.Exp2(max(min(e, steepestGain), -steepestGain)))
}

// parseGains reads a list of gains: one for all bands or, for spectra, one for each. The first list
// isn't written; its gains are 1.
func (d *Decoder) parseGains(c *coupling, list int, format gainFormat) error {
	f := c.channel.next
	gains := c.gains[list][:]
	common := list == 0 || c.where == coupleSamples || d.r.Flag()
	gain, n := float32(1), 0
	if list > 0 && common {
		gain = gainFormat{format.step, false}.gain(d.parseDifference())
	}
	gains[0] = gain // samples have but one, and need no bands for it
	for i := range f.groups * f.bands {
		if !common && f.books[i] != bookZero {
			n += d.parseDifference()
			gain = format.gain(n)
		}
		gains[i] = gain
	}
	if d.r.Overrun() {
		return corrupt("coupling gains")
	}
	return nil
}
