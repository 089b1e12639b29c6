package ps

import (
	"math"

	"github.com/segue-audio/segue/player/codec/aac/internal/qmf"
)

// A second signal like the first in colour and time but not in waveform is made by all-pass filters in
// the lower bands and by delays above (8.6.4.5).

const (
	linkCount  = 3
	ringSlots  = 16 // at least the longest delay and one
	longDelay  = 14
	longBands  = 35 // QMF bands below are delayed by longDelay slots, those above by one
	decaySlope = 0.05

	peakDecay     = 0.76592833836465
	smoothFactor  = 0.25
	transientGain = 1.5
)

// linkDelay and linkGain are d(m) and a(m) of the links; linkTurn is q(m), their fractional delays.
var (
	linkDelay = [linkCount]int{3, 4, 5}
	linkGain  = [linkCount]float64{0.65143905753106, 0.56471812200776, 0.48954165955695}
	linkTurn  = [linkCount]float64{0.43, 0.75, 0.347}
)

const firstTurn = 0.39

// centres20 and centres34 are the centre frequencies of split lines, in QMF bands times 8 and 24.
var (
	centres20 = [...]float64{-3. / 8, -1. / 8, 1. / 8, 3. / 8, 5. / 8, 7. / 8, 10. / 8, 14. / 8, 18. / 8, 22. / 8}
	centres34 = [...]float64{2. / 24, 6. / 24, 10. / 24, 14. / 24, 18. / 24, 22. / 24, 26. / 24, 30. / 24, 34. / 24,
		-10. / 24, -6. / 24, -2. / 24, 51. / 24, 57. / 24, 15. / 24, 21. / 24, 27. / 24, 33. / 24, 39. / 24, 45. / 24,
		54. / 24, 66. / 24, 78. / 24, 42. / 24, 102. / 24, 66. / 24, 78. / 24, 90. / 24, 102. / 24, 114. / 24, 126. / 24, 90. / 24}
)

// allPass are the factors of a line's filter.
type allPass struct {
	first tap
	link  [linkCount]tap
	gain  [linkCount]float32
}

// makeLinks computes the filters of all lines below l.allPass: where lines are split, of the given
// centres, above of their number less offset. Beyond line cutoff they decay faster and faster.
func (l *layout) makeLinks(centres []float64, cutoff int, offset float64) {
	for k := range l.allPass {
		centre := float64(k) - offset
		if k < len(centres) {
			centre = centres[k]
		}
		turn := func(q float64) tap {
			sin, cos := math.Sincos(-math.Pi * q * centre)
			return tap{float32(cos), float32(sin)}
		}
		p := &l.links[k]
		p.first = turn(firstTurn)
		decay := max(0, min(1, 1-decaySlope*float64(k-cutoff)))
		for m := range linkCount {
			p.link[m] = turn(linkTurn[m])
			p.gain[m] = float32(linkGain[m] * decay)
		}
	}
}

// decorrelator is the state of the filters and of the transient detector.
type decorrelator struct {
	now   int                    // of the rings, the slot of this moment
	input [ringSlots]spectrum    // what came in
	links [linkCount][8]spectrum // what went into each link's delay; rings of 8

	peak, smooth, difference [maxBands]float32
}

// add makes the decorrelated signal out of s.
func (d *decorrelator) add(out, s *spectrum, l *layout) {
	d.now++
	d.input[d.now%ringSlots] = *s
	d.allPass(out, l)
	lines := l.sub + qmf.Bands - l.split
	long := l.sub + longBands - l.split
	was := &d.input[(d.now-longDelay)&(ringSlots-1)]
	copy(out.re[l.allPass:long], was.re[l.allPass:])
	copy(out.im[l.allPass:long], was.im[l.allPass:])
	was = &d.input[(d.now-1)&(ringSlots-1)]
	copy(out.re[long:lines], was.re[long:])
	copy(out.im[long:lines], was.im[long:])
	d.duck(out, s, l)
}

// allPass filters the lines below l.allPass: z⁻² and three links, each
//
//	(Q z⁻ᵈ - a) / (1 - a Q z⁻ᵈ)
func (d *decorrelator) allPass(out *spectrum, l *layout) {
	in := &d.input[(d.now-2)&(ringSlots-1)]
	var was, now [linkCount]*spectrum
	for m := range linkCount {
		was[m] = &d.links[m][(d.now-linkDelay[m])&7]
		now[m] = &d.links[m][d.now&7]
	}
	for k := range l.allPass {
		p := &l.links[k]
		re := in.re[k]*p.first.re - in.im[k]*p.first.im
		im := in.re[k]*p.first.im + in.im[k]*p.first.re
		for m := range linkCount {
			a, q := p.gain[m], p.link[m]
			vr, vi := was[m].re[k], was[m].im[k]
			yr := vr*q.re - vi*q.im - a*re
			yi := vr*q.im + vi*q.re - a*im
			now[m].re[k], now[m].im[k] = re+a*yr, im+a*yi
			re, im = yr, yi
		}
		out.re[k], out.im[k] = re, im
	}
}

// duck makes the decorrelated signal softer where the signal's energy falls fast: after a transient its
// echo would be heard (8.6.4.5.2).
func (d *decorrelator) duck(out, s *spectrum, l *layout) {
	var power, gain [maxBands]float32
	for k := range l.sub {
		power[l.line[k]] += s.re[k]*s.re[k] + s.im[k]*s.im[k]
	}
	offset := l.sub - l.split
	for b := range l.bands {
		from, to := int(l.border[b])+offset, int(l.border[b+1])+offset
		if l.border[b] > 0 {
			re, im := s.re[from:to], s.im[from:to]
			im = im[:len(re)]
			for k, v := range re {
				power[b] += v*v + im[k]*im[k]
			}
		}
		p := power[b]
		d.peak[b] = max(peakDecay*d.peak[b], p)
		d.smooth[b] += smoothFactor * (p - d.smooth[b])
		d.difference[b] += smoothFactor * (d.peak[b] - p - d.difference[b])
		gain[b] = 1
		if limit := transientGain * d.difference[b]; limit > d.smooth[b] {
			gain[b] = d.smooth[b] / limit
		}
		if gain[b] == 1 || l.border[b] == 0 {
			continue
		}
		re, im := out.re[from:to], out.im[from:to]
		im = im[:len(re)]
		for k := range re {
			re[k] *= gain[b]
			im[k] *= gain[b]
		}
	}
	for k := range l.sub {
		g := gain[l.line[k]]
		out.re[k] *= g
		out.im[k] *= g
	}
}
