package sbr

// smoothing is h_smooth (4.6.18.7.6), newest first: how gains pass over from one envelope to the next.
var smoothing = [...]float32{0.33333333333333, 0.30150283239582, 0.21816949906249, 0.11516383427084, 0.03183050093751}

const smoothSlots = len(smoothing) - 1

// gainRow is the gains of one slot before they are smoothed.
type gainRow struct{ gain, noise [maxHigh]float32 }

// assemble applies the gains of an envelope to the slots from…to and adds noise and sinusoids
// (4.6.18.7.6). smooth is set where gains pass over slowly; at a transient they never do.
func (c *channel) assemble(g *gains, env *envelope, b *bands, slots [2]int, smooth bool) {
	steady := 0 // slots since the gains were all equal
	for l := slots[0]; l < slots[1]; l++ {
		gain, noise := g.gain[:b.m], g.noise[:b.m]
		if smooth {
			c.pushGains(g, b.m)
			if steady++; steady <= smoothSlots && !env.quiet {
				c.smooth(b.m)
				gain, noise = c.smoothed.gain[:b.m], c.smoothed.noise[:b.m]
			}
		}
		re, im := c.x[l].Re[b.kx:][:len(gain)], c.x[l].Im[b.kx:][:len(gain)]
		for m, v := range gain {
			re[m] *= v
			im[m] *= v
		}
		if !env.quiet {
			c.addNoise(l, noise, env, b)
		}
		c.addSines(l, g, env, b)
	}
}

// pushGains makes g the newest of the gains of the last slots.
func (c *channel) pushGains(g *gains, m int) {
	c.newest = (c.newest + len(c.rows) - 1) % len(c.rows)
	row := &c.rows[c.newest]
	copy(row.gain[:m], g.gain[:])
	copy(row.noise[:m], g.noise[:])
}

// smooth mixes the gains of the last slots.
func (c *channel) smooth(m int) {
	gain, noise := c.smoothed.gain[:m], c.smoothed.noise[:m]
	clear(gain)
	clear(noise)
	for i, h := range smoothing {
		row := &c.rows[(c.newest+i)%len(c.rows)]
		rg, rn := row.gain[:m], row.noise[:m]
		for j := range gain {
			gain[j] += h * rg[j]
			noise[j] += h * rn[j]
		}
	}
}

// addNoise adds numbers of the noise table, except where sinusoids stand. Each band of each slot takes
// the next of them; the standard counts on from frame to frame (fIndexNoise), which comes to the same
// as counting from the stream's first slot.
func (c *channel) addNoise(l int, noise []float32, env *envelope, b *bands) {
	x := &c.x[l]
	re, im := x.Re[b.kx:][:len(noise)], x.Im[b.kx:][:len(noise)]
	at := (c.position + l) * b.m % len(noiseTable)
	for m, q := range noise {
		at = (at + 1) % len(noiseTable)
		if !env.sine[m] {
			re[m] += q * noiseTable[at][0]
			im[m] += q * noiseTable[at][1]
		}
	}
}

// addSines adds the sinusoids: a quarter turn per slot, which is the middle of a band; every other
// band turns the other way (fIndexSine, counted like noise).
func (c *channel) addSines(l int, g *gains, env *envelope, b *bands) {
	x, phase := &c.x[l], (c.position+l)%4
	for m, sine := range g.sine[:b.m] {
		if !env.sine[m] {
			continue
		}
		switch k := b.kx + m; {
		case phase == 0:
			x.Re[k] += sine
		case phase == 2:
			x.Re[k] -= sine
		case (phase == 1) == (k%2 == 0):
			x.Im[k] += sine
		default:
			x.Im[k] -= sine
		}
	}
}
