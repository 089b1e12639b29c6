package demo

import "math"

// reverb is a hall: a pre-delay, four all-passes a side to thicken the echoes, then eight delay lines
// that feed each other through a Householder reflection, each losing its top as it turns.
type reverb struct {
	early   [2]delayLine
	diffuse [2][4]allPass
	lines   [8]delayLine
	damp    [8]onePole
	keep    [8]float64
	floor   [2]onePole
	wander  uint32
	t       *tables
}

// newReverb makes a hall that takes seconds to fall by 60 dB.
func newReverb(t *tables, seconds float64) *reverb {
	lengths := [8]int{1559, 1801, 2087, 2377, 2713, 3041, 3391, 3719}
	passes := [2][4]int{{149, 227, 389, 587}, {163, 241, 409, 613}}
	r := &reverb{t: t}
	for i, n := range lengths {
		r.lines[i] = newDelayLine(n + 24)
		r.keep[i] = math.Pow(10, -3*float64(n)/(seconds*SampleRate))
		r.damp[i] = newOnePole(4800)
	}
	for side := range passes {
		r.early[side] = newDelayLine(900)
		r.floor[side] = newOnePole(240)
		for i, n := range passes[side] {
			r.diffuse[side][i] = allPass{line: newDelayLine(n), gain: 0.62}
		}
	}
	return r
}

// process turns the sends into the room's answer, in place.
func (r *reverb) process(x stereo) {
	step := turn(0.37)
	for i := range x.l {
		l := r.enter(0, x.l[i])
		rt := r.enter(1, x.r[i])
		// Two lines move by a few frames, which blurs the ring of a fixed network.
		r.wander += step
		shift := 8 + 7*r.t.sin(r.wander)
		var taps [8]float64
		var sum float64
		for n := range taps {
			switch n {
			case 2:
				taps[n] = r.lines[n].between(shift)
			case 5:
				taps[n] = r.lines[n].between(16 - shift)
			default:
				taps[n] = r.lines[n].oldest()
			}
			taps[n] = r.keep[n] * r.damp[n].low(taps[n])
			sum += taps[n]
		}
		sum *= 0.25
		for n := range taps {
			in := l
			if n&1 == 1 {
				in = rt
			}
			r.lines[n].push(taps[n] - sum + in)
		}
		x.l[i] = 0.5 * (taps[0] - taps[2] + taps[4] - taps[6] + 0.4*(taps[1]-taps[5]))
		x.r[i] = 0.5 * (taps[1] - taps[3] + taps[5] - taps[7] + 0.4*(taps[4]-taps[0]))
	}
}

func (r *reverb) enter(side int, x float64) float64 {
	// The offset keeps the network out of denormal numbers, which are slow; the floor takes it away.
	x = r.floor[side].high(x + 1e-18)
	y := r.early[side].oldest()
	r.early[side].push(x)
	for i := range r.diffuse[side] {
		y = r.diffuse[side][i].step(y)
	}
	return y
}

// delayLine is a ring; its length is its delay.
type delayLine struct {
	ring []float64
	at   int
}

func newDelayLine(frames int) delayLine { return delayLine{ring: make([]float64, frames)} }

func (d *delayLine) oldest() float64 { return d.ring[d.at] }

// between is what was pushed that many frames after the oldest, which need not be whole.
func (d *delayLine) between(frames float64) float64 {
	whole := int(frames)
	i := d.at + whole
	if i >= len(d.ring) {
		i -= len(d.ring)
	}
	j := i + 1
	if j == len(d.ring) {
		j = 0
	}
	return d.ring[i] + (d.ring[j]-d.ring[i])*(frames-float64(whole))
}

func (d *delayLine) push(x float64) {
	d.ring[d.at] = x
	if d.at++; d.at == len(d.ring) {
		d.at = 0
	}
}

// allPass delays without colouring.
type allPass struct {
	line delayLine
	gain float64
}

func (a *allPass) step(x float64) float64 {
	y := a.line.oldest()
	v := x + a.gain*y
	a.line.push(v)
	return y - a.gain*v
}

// pingPong is an echo that changes sides at every turn, a dotted eighth apart.
type pingPong struct {
	l, r        delayLine
	top, bottom [2]onePole
	feed        float64
}

func newPingPong() *pingPong {
	return &pingPong{
		l: newDelayLine(3 * framesPerStep), r: newDelayLine(3 * framesPerStep),
		top:    [2]onePole{newOnePole(3600), newOnePole(3600)},
		bottom: [2]onePole{newOnePole(320), newOnePole(320)},
		feed:   0.46,
	}
}

// process turns the sends into echoes, in place.
func (p *pingPong) process(x stereo) {
	for i := range x.l {
		l, r := p.l.oldest(), p.r.oldest()
		p.l.push(p.bottom[0].high(p.top[0].low(0.7*(x.l[i]+x.r[i])+p.feed*r)) + 1e-18)
		p.r.push(p.bottom[1].high(p.top[1].low(p.feed*l*1.6)) + 1e-18)
		x.l[i], x.r[i] = l, r
	}
}

// limiter keeps every sample under a ceiling. It looks ahead: the gain is down before the peak comes,
// by a moving average over the lowest gains to come, so it never jumps.
type limiter struct {
	ceiling, release float64
	wait             [2]delayLine
	lowest           []lowGain // gains of the window that can still be its lowest, rising
	frame            int64
	average          delayLine
	sum, gain        float64
}

type lowGain struct {
	frame int64
	gain  float64
}

// lookAhead is the limiter's window and delay: 2.2 ms.
const lookAhead = 96

func newLimiter(ceiling float64) *limiter {
	m := &limiter{ceiling: ceiling, release: 1 - decay(0.09), gain: 1, sum: lookAhead}
	m.average = newDelayLine(lookAhead)
	for i := range m.average.ring {
		m.average.ring[i] = 1
	}
	// The average over lookAhead frames of what was lowest over the same span falls to a peak's own
	// gain lookAhead-1 frames after the peak was seen.
	m.wait = [2]delayLine{newDelayLine(lookAhead - 1), newDelayLine(lookAhead - 1)}
	return m
}

func (m *limiter) process(x stereo) {
	for i := range x.l {
		peak := max(math.Abs(x.l[i]), math.Abs(x.r[i]))
		wanted := 1.0
		if peak > m.ceiling {
			wanted = m.ceiling / peak
		}
		for len(m.lowest) > 0 && m.lowest[len(m.lowest)-1].gain >= wanted {
			m.lowest = m.lowest[:len(m.lowest)-1]
		}
		m.lowest = append(m.lowest, lowGain{m.frame, wanted})
		if m.lowest[0].frame <= m.frame-lookAhead {
			m.lowest = m.lowest[1:]
		}
		m.frame++
		m.gain = min(m.lowest[0].gain, m.gain+(1-m.gain)*m.release)
		m.sum += m.gain - m.average.oldest()
		m.average.push(m.gain)
		gain := m.sum / lookAhead
		l, r := m.wait[0].oldest(), m.wait[1].oldest()
		m.wait[0].push(x.l[i])
		m.wait[1].push(x.r[i])
		// The running sum gathers rounding errors of 1e-13; the bound must hold all the same.
		x.l[i] = max(-m.ceiling, min(m.ceiling, l*gain))
		x.r[i] = max(-m.ceiling, min(m.ceiling, r*gain))
	}
}
