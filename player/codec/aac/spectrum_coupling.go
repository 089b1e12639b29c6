package aac

// couple adds the coupling channels that go to a place to an element (4.6.8.3). Which of an element's
// channels and with which gains is in the targets' list.
func (d *Decoder) couple(e *element, where int) error {
	for _, c := range d.couplings {
		if !c.found || c.where != where {
			continue
		}
		for _, t := range c.targets {
			if t.kind != e.kind || t.tag != e.seenTag {
				continue
			}
			right := t.list
			if t.separate {
				right++
			}
			if t.left {
				if err := d.coupleTo(&e.channels[0], c, t.list); err != nil {
					return err
				}
			}
			if t.right {
				if err := d.coupleTo(&e.channels[1], c, right); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (d *Decoder) coupleTo(ch *channel, c *coupling, list int) error {
	gains := &c.gains[list]
	if c.where == coupleSamples {
		for i, v := range c.channel.pcm {
			ch.pcm[i] += gains[0] * v
		}
		return nil
	}
	from, to := c.channel.next, ch.next
	if from.sequence != to.sequence && (from.sequence == eightShort || to.sequence == eightShort) {
		return corrupt("a coupling channel with other windows than its target's")
	}
	window := 0
	for g := range from.groups {
		for b := range from.bands {
			i := g*from.bands + b
			if from.books[i] == bookZero {
				continue
			}
			for w := range from.grouped[g] {
				at := (window + w) * (len(from.spectrum) / shortWindows)
				lines := to.spectrum[at+from.offsets[b] : at+from.offsets[b+1]]
				for k, v := range from.spectrum[at+from.offsets[b] : at+from.offsets[b+1]] {
					lines[k] += gains[i] * v
				}
			}
		}
		window += from.grouped[g]
	}
	if !sane(to.spectrum) {
		return corrupt("coupling beyond all loudness")
	}
	return nil
}
