package aac

// A lost packet is hidden by the spectra of the one before, of which less and less is left, with
// signs of chance: lines that keep their signs would ring at the frame rate. They go through the same
// windows and overlap, so that the joins on either side are as smooth as those between sound packets.

const (
	concealGain = 0.7 // of each lost packet on the one before
	concealEnd  = 12  // lost packets in a row until there is silence
)

// concealment is what is kept from one lost packet to the next.
type concealment struct {
	lost  int // packets in a row
	state uint32
}

// Conceal implements codec.Concealer.
func (d *Decoder) Conceal(dst []float32, frames int) {
	dst = dst[:frames*d.out.channels]
	whole := d.frames() * d.out.channels
	for len(dst) > 0 {
		d.hidden.lost++
		for i := range d.elements {
			e := &d.elements[i]
			e.payload = payload{}
			for k := range e.channels {
				d.hidden.fill(&e.channels[k], d.bands)
			}
		}
		for _, c := range d.couplings {
			c.found = false
		}
		d.synthesise()
		n := min(whole, len(dst))
		d.out.write(dst[:n], d.planes)
		dst = dst[n:]
	}
}

// fill makes up the channel's next spectrum.
func (c *concealment) fill(ch *channel, bands *bandTables) {
	f, last := ch.next, ch.last
	f.silence(ch.overlap.following(), bands)
	if c.lost >= concealEnd {
		return
	}
	f.shape = last.shape
	from := last.spectrum
	if last.sequence == eightShort { // an attack would be heard again: go on with how it ended
		f.sequence = eightShort
		from = from[len(from)-len(from)/shortWindows:]
	}
	for to := f.spectrum; len(to) > 0; to = to[len(from):] {
		for i, v := range from {
			c.state = c.state*1664525 + 1013904223
			to[i] = v * concealGain
			if c.state>>31 != 0 {
				to[i] = -to[i]
			}
		}
	}
}

// following is the window sequence that joins what was before, and which most others can follow.
func (o *overlap) following() sequence {
	switch o.sequence {
	case longStart, eightShort:
		return longStop
	}
	return onlyLong
}

// silence makes f a frame without a sound.
func (f *frame) silence(s sequence, bands *bandTables) {
	clear(f.spectrum)
	f.window = window{sequence: s, groups: 1, offsets: bands.offsets[0]}
	f.window.grouped[0] = 1
	f.noisy, f.pulses.count, f.shaping.present = false, 0, false
}
