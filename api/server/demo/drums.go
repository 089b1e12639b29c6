package demo

import "math"

// The pieces of the kit; a drum note's key names one.
const (
	kick = iota
	softKick
	snare
	clap
	rim
	hat
	openHat
	shaker
	conga
	lowConga
	crash
	swell // a crash backwards: it ends where its note ends
	riser // noise sweeping up for as long as the note lasts
	drop  // a sine falling below hearing
	kitSize
)

// takes is how many recordings there are of a piece, played in turn so that no two strokes in a row
// are the same samples.
const takes = 4

// kit holds the strokes, synthesised once.
type kit [kitSize][takes]stereo

func newKit(t *tables) *kit {
	var k kit
	for take := range takes {
		random := noise(0xd50 + 977*take)
		k[kick][take] = kickStroke(52, 0.24, 0.5+0.1*random.unit(), &random)
		k[softKick][take] = kickStroke(49, 0.2, 0.12, &random)
		k[snare][take] = snareStroke(t, &random)
		k[clap][take] = clapStroke(&random)
		k[rim][take] = rimStroke(t, &random)
		k[hat][take] = hatStroke(0.028+0.006*random.unit(), 0.12, &random)
		k[openHat][take] = hatStroke(0.16, 0.7, &random)
		k[shaker][take] = shakerStroke(&random)
		k[conga][take] = congaStroke(t, 246, &random)
		k[lowConga][take] = congaStroke(t, 185, &random)
	}
	random := noise(0xc4a5)
	k[crash][0] = crashStroke(&random)
	k[drop][0] = dropStroke(t)
	reversed := newStereo(len(k[crash][0].l))
	for i := range reversed.l {
		j := len(reversed.l) - 1 - i
		reversed.l[i], reversed.r[i] = k[crash][0].l[j], k[crash][0].r[j]
	}
	k[swell][0] = reversed
	for _, piece := range []int{crash, drop, swell} {
		for take := 1; take < takes; take++ {
			k[piece][take] = k[piece][0]
		}
	}
	return &k
}

// mono makes both channels one slice of that many seconds.
func mono(seconds float64) stereo {
	x := make([]float64, int(seconds*SampleRate))
	return stereo{x, x}
}

// fadeEnd brings the last 5 ms of a stroke to zero.
func fadeEnd(x []float64) {
	const frames = 220
	for i := range min(frames, len(x)) {
		x[len(x)-1-i] *= float64(i) / frames
	}
}

// kickStroke is a sine whose pitch falls to floor hertz, with a click of the beater.
func kickStroke(floor, seconds, click float64, random *noise) stereo {
	out := mono(0.5)
	var phase float64
	beater := newFilter(2600, 0.9)
	for i := range out.l {
		t := float64(i) / SampleRate
		f := floor + 125*math.Exp(-t/0.022) + 60*math.Exp(-t/0.006)
		phase += f / SampleRate
		level := math.Exp(-t/seconds) * smooth(t/0.0012)
		body := math.Sin(2 * math.Pi * phase)
		tick := beater.band(random.white()) * math.Exp(-t/0.004) * click
		out.l[i] = 0.95 * warm(1.6*(level*body+tick))
	}
	fadeEnd(out.l)
	return out
}

// snareStroke is two modes of a skin and the wires under it.
func snareStroke(t *tables, random *noise) stereo {
	out := newStereo(int(0.4 * SampleRate))
	tune := 1 + 0.015*random.white()
	wires := [2]filter{newFilter(4200, 0.6), newFilter(4200, 0.6)}
	floor := [2]onePole{newOnePole(900), newOnePole(900)}
	var low, high uint32
	for i := range out.l {
		s := float64(i) / SampleRate
		bend := 1 + 0.25*math.Exp(-s/0.012)
		low += turn(178 * tune * bend)
		high += turn(331 * tune * bend)
		skin := 0.55*t.sin(low)*math.Exp(-s/0.075) + 0.3*t.sin(high)*math.Exp(-s/0.045)
		level := 0.75*math.Exp(-s/0.085) + 0.35*math.Exp(-s/0.018)
		l := skin + level*floor[0].high(wires[0].low(random.white()))
		r := skin + level*floor[1].high(wires[1].low(random.white()))
		edge := smooth(s / 0.0007)
		out.l[i], out.r[i] = 0.62*warm(1.2*l)*edge, 0.62*warm(1.2*r)*edge
	}
	fadeEnd(out.l)
	fadeEnd(out.r)
	return out
}

// clapStroke is four pairs of hands a few milliseconds apart, and the room after the last.
func clapStroke(random *noise) stereo {
	out := newStereo(int(0.45 * SampleRate))
	hands := [4]float64{0, 0.0095 + 0.002*random.unit(), 0.0185 + 0.003*random.unit(), 0.029 + 0.003*random.unit()}
	for side, x := range [][]float64{out.l, out.r} {
		palm, floor := newFilter(1350+120*float64(side), 0.9), newFilter(650, 0.7)
		for i := range x {
			t := float64(i) / SampleRate
			var level float64
			for h, at := range hands {
				if t < at {
					continue
				}
				fall := 0.0055
				if h == len(hands)-1 {
					fall = 0.085
				}
				level += math.Exp(-(t-at)/fall) * smooth((t-at)/0.0006)
			}
			x[i] = 0.75 * warm(1.7*floor.high(palm.band(random.white()))*level)
		}
		fadeEnd(x)
	}
	return out
}

func rimStroke(t *tables, random *noise) stereo {
	out := mono(0.12)
	var a, b uint32
	edge := newFilter(1900, 3)
	for i := range out.l {
		s := float64(i) / SampleRate
		a += turn(820)
		b += turn(1740)
		x := (0.5*t.sin(a) + 0.4*t.sin(b)) * math.Exp(-s/0.012)
		x += 0.5 * edge.band(random.white()) * math.Exp(-s/0.006)
		out.l[i] = 0.7 * warm(1.5*x) * smooth(s/0.0005)
	}
	fadeEnd(out.l)
	return out
}

// hatStroke is noise and six square waves of unrelated pitches, all but the top cut away.
func hatStroke(fall, seconds float64, random *noise) stereo {
	out := newStereo(int(seconds * SampleRate))
	pitches := [6]float64{2151, 2809, 3443, 4171, 5279, 6113}
	var phases [6]float64
	floors := [2]filter{newFilter(7600, 0.8), newFilter(7600, 0.8)}
	roof := [2]onePole{newOnePole(8500), newOnePole(8500)}
	for i := range out.l {
		var metal float64
		for p := range pitches {
			phases[p] += pitches[p] / SampleRate
			phases[p] -= math.Floor(phases[p])
			metal += softSquare(phases[p], pitches[p]/SampleRate)
		}
		t := float64(i) / SampleRate
		level := (0.7*math.Exp(-t/fall) + 0.3*math.Exp(-t/(0.3*fall))) * smooth(t/0.0008)
		out.l[i] = level * roof[0].low(floors[0].high(0.09*metal+0.6*random.white()))
		out.r[i] = level * roof[1].low(floors[1].high(0.09*metal+0.6*random.white()))
	}
	fadeEnd(out.l)
	fadeEnd(out.r)
	return out
}

// softSquare is a square wave with its two steps rounded by a polynomial (polyBLEP), which keeps most
// of what would alias out of it.
func softSquare(phase, step float64) float64 {
	y := 1.0
	if phase >= 0.5 {
		y = -1
	}
	y += roundedStep(phase, step)
	second := phase + 0.5
	if second >= 1 {
		second--
	}
	return y - roundedStep(second, step)
}

func roundedStep(phase, step float64) float64 {
	switch {
	case phase < step:
		x := phase / step
		return x + x - x*x - 1
	case phase > 1-step:
		x := (phase - 1) / step
		return x*x + x + x + 1
	}
	return 0
}

func shakerStroke(random *noise) stereo {
	out := newStereo(int(0.16 * SampleRate))
	for side, x := range [][]float64{out.l, out.r} {
		beads := newFilter(6100+500*float64(side), 1.1)
		for i := range x {
			t := float64(i) / SampleRate
			level := smooth(t/0.022) * math.Exp(-max(0, t-0.018)/0.024)
			x[i] = 0.8 * level * beads.band(random.white())
		}
		fadeEnd(x)
	}
	return out
}

func congaStroke(t *tables, freq float64, random *noise) stereo {
	out := mono(0.45)
	var phase, second uint32
	hand := newFilter(1500, 0.8)
	tune := 1 + 0.01*random.white()
	for i := range out.l {
		s := float64(i) / SampleRate
		f := freq * tune * (1 + 0.12*math.Exp(-s/0.018))
		phase += turn(f)
		second += turn(f * 1.59)
		x := t.sin(phase)*math.Exp(-s/0.11) + 0.3*t.sin(second)*math.Exp(-s/0.04)
		x += 0.35 * hand.band(random.white()) * math.Exp(-s/0.007)
		out.l[i] = 0.55 * x * smooth(s/0.001)
	}
	fadeEnd(out.l)
	return out
}

func crashStroke(random *noise) stereo {
	out := newStereo(int(3.2 * SampleRate))
	for side, x := range [][]float64{out.l, out.r} {
		floor, roof := newFilter(3200+300*float64(side), 0.7), newOnePole(9000)
		for i := range x {
			t := float64(i) / SampleRate
			level := (0.35*math.Exp(-t/0.09) + 0.65*math.Exp(-t/0.85)) * smooth(t/0.002)
			x[i] = 0.5 * level * roof.low(floor.high(random.white()))
		}
		fadeEnd(x)
	}
	return out
}

func dropStroke(t *tables) stereo {
	out := mono(2.6)
	var phase uint32
	for i := range out.l {
		s := float64(i) / SampleRate
		phase += turn(26 + 90*math.Exp(-s/0.55))
		out.l[i] = 0.7 * t.sin(phase) * math.Exp(-s/0.95) * smooth(s/0.006)
	}
	fadeEnd(out.l)
	return out
}

// stroke plays one recording; it is choked when its note ends, as a closing hat silences an open one.
type stroke struct {
	from         stereo
	at           int
	held         int64
	gainL, gainR float64
}

// chokeFrames is the fade of a stroke that is cut short: 12 ms.
const chokeFrames = 529

func (s *stroke) sound(out stereo) bool {
	n := min(len(out.l), len(s.from.l)-s.at)
	for i := range n {
		over := int64(s.at) - s.held
		if over >= chokeFrames {
			return false
		}
		gain := 1.0
		if over > 0 {
			gain = 1 - float64(over)/chokeFrames
		}
		out.l[i] += s.from.l[s.at] * s.gainL * gain
		out.r[i] += s.from.r[s.at] * s.gainR * gain
		s.at++
	}
	return s.at < len(s.from.l)
}

// rising is the noise of a riser: it climbs for the whole of its note and ends short.
type rising struct {
	random   noise
	filters  [2]filter
	age, dur int64
	level    float64
}

func (r *rising) sound(out stereo) bool {
	for start := 0; start < len(out.l); start += control {
		x := float64(r.age) / float64(r.dur)
		for i := range r.filters {
			r.filters[i].tune(300*math.Exp2(4.6*x), 1.6)
		}
		for i := start; i < min(start+control, len(out.l)); i++ {
			x := float64(r.age) / float64(r.dur)
			level := r.level * x * x * smooth((1-x)*float64(r.dur)/900)
			out.l[i] += level * r.filters[0].band(r.random.white())
			out.r[i] += level * r.filters[1].band(r.random.white())
			r.age++
		}
	}
	return r.age < r.dur
}

// newDrumStem plays the kit.
func newDrumStem(k *kit, notes []note) stem {
	var turns [kitSize]int
	// Noise goes on above what music has there; the roof takes the fizz off.
	roof := [2]filter{newFilter(12500, 0.7), newFilter(12500, 0.7)}
	finish := func(_ int64, out stereo) {
		for i := range out.l {
			out.l[i], out.r[i] = roof[0].low(out.l[i]), roof[1].low(out.r[i])
		}
	}
	return &ensemble{notes: notes, finish: finish, play: func(n note) voice {
		piece := int(n.key)
		if piece == riser {
			level := 0.5 * n.vel
			return &rising{random: noise(n.at), dur: n.dur, level: level}
		}
		take := turns[piece] % takes
		turns[piece]++
		l, r := pans(n.side)
		s := &stroke{from: k[piece][take], held: n.dur, gainL: l * n.vel, gainR: r * n.vel}
		if piece == swell {
			s.at = max(0, len(s.from.l)-int(n.dur))
		}
		return s
	}}
}
