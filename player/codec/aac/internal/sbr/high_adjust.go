package sbr

import "math"

// limiterGain is how much louder than its limiter band's average gain a band may get, by
// bs_limiter_gains (4.6.18.7.5).
var limiterGain = [4]float32{0.70795, 1, 1.41254, 1e10}

const (
	maxGain  = 1e5
	maxBoost = 1.584893192
)

// gains are what each band of an envelope is multiplied by, and what noise and sinusoid are added to it.
type gains struct{ gain, noise, sine [maxHigh]float32 }

// envelope is what one envelope wants, spread over the regenerated bands (4.6.18.7.2, mapping).
type envelope struct {
	level, noise [maxHigh]float32 // wanted energy; noise in proportion
	tonal        [maxHigh]bool    // there is a sinusoid in the band's scale factor band
	sine         [maxHigh]bool    // it stands here
	energy       [maxHigh]float32 // of what was generated
	quiet        bool             // no noise at a transient
}

// spread fills in what envelope e of a frame says.
func (c *channel) spread(env *envelope, e int, s *side, v *levels, b *bands) {
	t := &b.env[resolution(s.highRes[e])]
	n := 0
	if s.noises > 1 && s.border[e] >= s.noise[1] {
		n = 1
	}
	for k := range t.n {
		for m := t.at(k) - b.kx; m < t.at(k+1)-b.kx; m++ {
			env.level[m] = v.envelope[e][k]
		}
	}
	for k := range b.noise.n {
		for m := b.noise.at(k) - b.kx; m < b.noise.at(k+1)-b.kx; m++ {
			env.noise[m] = v.noise[n][k]
		}
	}
	env.sine = [maxHigh]bool{}
	high := &b.env[1]
	for k := range high.n {
		// A sinusoid stands in the middle of its band. It starts with the transient, or goes on.
		m := (high.at(k)+high.at(k+1))/2 - b.kx
		env.sine[m] = s.harmonic[k] && (e >= int(s.transient) || c.sine[m])
	}
	for k := range t.n {
		from, to := t.at(k)-b.kx, t.at(k+1)-b.kx
		tonal := false
		for _, sine := range env.sine[from:to] {
			tonal = tonal || sine
		}
		for m := from; m < to; m++ {
			env.tonal[m] = tonal
		}
	}
	env.quiet = e == int(s.transient) || e == 0 && c.transientAtEnd
}

// measure takes the energy of what was generated for envelope e, averaged over its slots and, where
// bs_interpol_freq is not set, over its bands (4.6.18.7.3).
func (c *channel) measure(env *envelope, e int, s *side, b *bands, interpolate bool) {
	from, to := perSlot*int(s.border[e]), perSlot*int(s.border[e+1])
	sums := env.energy[:b.m]
	clear(sums)
	for l := from; l < to; l++ {
		re, im := c.x[l].Re[b.kx:][:len(sums)], c.x[l].Im[b.kx:][:len(sums)]
		for m := range sums {
			sums[m] += re[m]*re[m] + im[m]*im[m]
		}
	}
	scale := 1 / float32(to-from)
	for m := range sums {
		sums[m] *= scale
	}
	if interpolate {
		return
	}
	t := &b.env[resolution(s.highRes[e])]
	for k := range t.n {
		band := sums[t.at(k)-b.kx : t.at(k+1)-b.kx]
		var sum float32
		for _, v := range band {
			sum += v
		}
		for m := range band {
			band[m] = sum / float32(len(band))
		}
	}
}

// solve finds the gains of an envelope and limits them (4.6.18.7.4 and 4.6.18.7.5).
func (g *gains) solve(env *envelope, b *bands, limit float32) {
	for i := range b.limiter.n {
		from, to := b.limiter.at(i)-b.kx, b.limiter.at(i+1)-b.kx
		var want, have float32 = 1e-12, 1e-12
		for m := from; m < to; m++ {
			want += env.level[m]
			have += env.energy[m]
		}
		most := min(limit*sqrt(want/have), maxGain)
		var get float32 = 1e-12
		for m := from; m < to; m++ {
			get += g.band(env, m, most)
		}
		boost := min(sqrt(want/get), maxBoost)
		for m := from; m < to; m++ {
			g.gain[m] *= boost
			g.noise[m] *= boost
			g.sine[m] *= boost
		}
	}
}

// band finds the gains of one band, at most most, and gives the energy that they lead to.
func (g *gains) band(env *envelope, m int, most float32) float32 {
	level, q, have := env.level[m], env.noise[m], env.energy[m]
	share := level / (1 + q)
	var gain, sine float32
	switch {
	case env.tonal[m]:
		gain = sqrt(share * q / (1 + have))
	case env.quiet:
		gain = sqrt(level / (1 + have))
	default:
		gain = sqrt(share / (1 + have))
	}
	if env.sine[m] {
		sine = sqrt(share)
	}
	noise := sqrt(share * q)
	if gain > most {
		noise *= most / gain
		gain = most
	}
	g.gain[m], g.noise[m], g.sine[m] = gain, noise, sine
	energy := have*gain*gain + sine*sine
	if sine == 0 && !env.quiet {
		energy += noise * noise
	}
	return energy
}

func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }
