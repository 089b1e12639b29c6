package mp3

// hybrid turns a spectrum into 18 samples of each subband (2.4.3.4.10.2): slot by slot, 32 subbands in
// each.
func (c *synthesis) hybrid(t *tables, s *spectrum) {
	active := (s.nonzero + slots - 1) / slots
	for sb := range active {
		x := (*[slots]float32)(s.lines[sb*slots:])
		switch {
		case sb*slots < s.plain:
			c.imdct36(t, x, &t.longWindows[longBlock][sb&1], sb)
		case s.blockType == shortBlock:
			c.imdct12(t, x, sb)
		default:
			c.imdct36(t, x, &t.longWindows[s.blockType][sb&1], sb)
		}
	}
	// Above, there is nothing but what the granule before left, and soon that is nothing too.
	for sb := active; sb < c.active; sb++ {
		for i, v := range c.overlap[sb] {
			c.samples[i*subbands+sb] = v
		}
		c.overlap[sb] = [slots]float32{}
	}
	for sb := max(active, c.active); sb < c.filled; sb++ {
		for i := range slots {
			c.samples[i*subbands+sb] = 0
		}
	}
	c.filled = max(active, c.active)
	c.active = active
}
