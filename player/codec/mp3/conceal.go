package mp3

// A lost granule is heard as the one before it again, weaker: through the same overlap and filter bank,
// so that both ends join.

const (
	// fade is what each granule is of the one before: −3 dB in 13 ms at 44.1 kHz, silent within a
	// quarter of a second.
	fade = 0.70794578
	// inaudible is where the fade ends: −100 dB. It also keeps the numbers from becoming denormal.
	inaudible = 1e-5
)

// concealment is what Conceal remembers.
type concealment struct {
	level float32 // of the granule before, against the last one decoded; zero where there is none
	known bool    // Decode has seen the packet that Conceal stands for
	rest  [2 * granuleSamples]float32
	from  int // what is left of rest starts here, in samples
	to    int // and ends here
}

// drop forgets what is left of a granule, for a frame comes instead.
func (c *concealment) drop() { c.from, c.to = 0, 0 }

// Conceal goes on with the last granule's spectrum, 3 dB weaker in each granule. A count that isn't whole
// granules is taken from one that the next call goes on with.
func (d *Decoder) Conceal(dst []float32, frames int) {
	if !d.loss.known {
		d.main.clear() // the packet never came here, and its part of the reservoir neither
	}
	d.loss.known = false
	dst = dst[:frames*d.out]
	c := &d.loss
	for len(dst) > 0 {
		if c.from == c.to {
			if len(dst) >= granuleSamples*d.out {
				d.concealGranule(dst)
				dst = dst[granuleSamples*d.out:]
				continue
			}
			d.concealGranule(c.rest[:])
			c.from, c.to = 0, granuleSamples*d.out
		}
		n := copy(dst, c.rest[c.from:c.to])
		c.from += n
		dst = dst[n:]
	}
}

// concealGranule makes one granule in place of a lost one.
func (d *Decoder) concealGranule(dst []float32) {
	g := &d.granules[d.last]
	c := &d.loss
	c.level *= fade
	g.channels = max(g.channels, 1) // nothing was decoded so far
	for ch := range g.channels {
		s := &g.spectra[ch]
		if c.level < inaudible {
			s.silence()
		} else {
			s.repeat()
		}
	}
	d.synthesise(dst, g)
}

// repeat makes s what follows on it: weaker, and with the window that fits the end of its own.
func (s *spectrum) repeat() {
	for i := range s.lines[:s.nonzero] {
		s.lines[i] *= fade
	}
	switch s.blockType {
	case startBlock:
		s.blockType = stopBlock
	case stopBlock:
		s.blockType = longBlock
	}
}
