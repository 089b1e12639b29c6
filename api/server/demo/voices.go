package demo

import "math"

// stereo is a run of frames, the two channels apart; both have the same length.
type stereo struct{ l, r []float64 }

func newStereo(frames int) stereo {
	return stereo{make([]float64, frames), make([]float64, frames)}
}

func (s stereo) from(frame int) stereo { return stereo{s.l[frame:], s.r[frame:]} }

func (s stereo) clear() {
	clear(s.l)
	clear(s.r)
}

// note is one event of a part.
type note struct {
	at   int64   // frame of the piece
	dur  int64   // frames until it is let go
	key  float64 // MIDI key; in the drum part the piece of the kit
	vel  float64 // 0 to 1
	side float64 // -1 left to 1 right
}

// voice is one sounding note. sound adds to out and tells whether there is more to come.
type voice interface {
	sound(out stereo) bool
}

// pans gives the two channels' gains at equal power.
func pans(side float64) (l, r float64) {
	a := (side + 1) * math.Pi / 4
	return math.Cos(a) * math.Sqrt2, math.Sin(a) * math.Sqrt2
}

// silent is where a dying voice may stop: -100 dB.
const silent = 1e-5

// padVoice is one note of a string-like bed: a slow swell over a padTable, its two channels read from
// places so far apart that they have nothing in common but the pitch.
type padVoice struct {
	table          []float64
	left, right    uint64 // positions, 32.32 fixed point
	step           uint64
	age, held      float64 // frames
	attack, letGo  float64 // frames
	level, atLetGo float64
}

func newPadVoice(t *tables, n note) voice {
	i := max(0, min(padTables-1, int(math.Round((n.key-padLow)/padStep))))
	ratio := math.Exp2((n.key - padLow - float64(i*padStep)) / 12)
	start := noise(n.at ^ int64(n.key)<<40)
	v := &padVoice{
		table: t.pad[i], step: uint64(ratio * (1 << 32)),
		left: start.next() % (padSize << 32), held: float64(n.dur),
		attack: 0.55 * SampleRate, letGo: 1.3 * SampleRate, level: n.vel,
	}
	v.right = (v.left + (padSize/2+4321)<<32) % (padSize << 32)
	return v
}

func (v *padVoice) sound(out stereo) bool {
	for start := 0; start < len(out.l); start += control {
		end := min(start+control, len(out.l))
		from, _ := v.swell()
		v.age += float64(end - start)
		to, more := v.swell()
		rise := (to - from) / float64(end-start)
		for i := start; i < end; i++ {
			out.l[i] += from * v.read(v.left)
			out.r[i] += from * v.read(v.right)
			from += rise
			v.left += v.step
			v.right += v.step
		}
		if !more {
			return false
		}
	}
	return true
}

// swell is the voice's level at its age; more is false once it has died away.
func (v *padVoice) swell() (gain float64, more bool) {
	if v.age < v.held {
		v.atLetGo = v.level * smooth(v.age/v.attack)
		return v.atLetGo, true
	}
	x := (v.age - v.held) / v.letGo
	return v.atLetGo * (1 - smooth(x)), x < 1
}

func (v *padVoice) read(at uint64) float64 {
	i := at >> 32 & (padSize - 1)
	a := v.table[i]
	return a + (v.table[i+1]-a)*(float64(uint32(at))/(1<<32))
}

// pianoVoice is an electric piano by frequency modulation: a body whose brightness dies away, and
// a tine struck 14 times higher that is gone in a blink.
type pianoVoice struct {
	t                      *tables
	body, tine             uint32
	stepBody, stepTine     uint32
	bodyIndex, tineIndex   float64 // radians of modulation, in units of 2^32 a turn
	indexFall, tineFall    float64
	level, fall, letGoFall float64
	age, held, attack      int64
	gainL, gainR           float64
}

func newPianoVoice(t *tables, n note) voice {
	f := hertz(n.key)
	const radian = (1 << 32) / (2 * math.Pi)
	l, r := pans(n.side)
	high := (n.key - 60) / 24
	v := &pianoVoice{
		t: t, stepBody: turn(f), stepTine: turn(f * 14),
		bodyIndex: (0.35 + 1.3*n.vel*n.vel) * radian, tineIndex: (0.05 + 0.5*n.vel*n.vel) * radian,
		indexFall: decay(0.9 - 0.2*high), tineFall: decay(0.045),
		level: 0.3 * math.Pow(n.vel, 1.2), fall: decay(1.7 - 0.5*high), letGoFall: decay(0.11),
		held: n.dur, attack: SampleRate / 400, gainL: l, gainR: r,
	}
	if f*14 > 15000 {
		v.tineIndex = 0 // it would fold back over the Nyquist frequency
	}
	return v
}

func (v *pianoVoice) sound(out stereo) bool {
	for i := range out.l {
		mod := v.bodyIndex * v.t.sin(v.body)
		if v.tineIndex > 1<<14 { // below, it can't be heard
			mod += v.tineIndex * v.t.sin(v.tine)
		}
		s := v.t.sin(v.body+uint32(int64(mod))) * v.level
		if v.age < v.attack {
			s *= float64(v.age) / float64(v.attack)
		}
		v.age++
		v.body += v.stepBody
		v.tine += v.stepTine
		v.bodyIndex *= v.indexFall
		v.tineIndex *= v.tineFall
		if v.age < v.held {
			v.level *= v.fall
		} else {
			v.level *= v.letGoFall
		}
		out.l[i] += s * v.gainL
		out.r[i] += s * v.gainR
	}
	return v.level > silent
}

// stringVoice is a plucked string after Karplus and Strong: a burst of noise going round a delay line
// of one period that dulls it at every turn.
type stringVoice struct {
	line                      []float64
	at                        int
	last                      float64
	blend, keep               float64
	tuneGain, tuneIn, tuneOut float64
	damped                    float64
	age, held                 int64
	quiet                     int
	gainL, gainR              float64
}

func newStringVoice(n note) voice {
	f := hertz(n.key)
	const blend = 0.42 // weight of the previous sample in the loop filter; also its delay in frames
	period := SampleRate/f - blend
	length := int(period - 0.3)
	rest := period - float64(length) // 0.3 to 1.3 frames, made by an all-pass
	seconds := 1.5 * math.Exp2((57-n.key)/14)
	l, r := pans(n.side)
	v := &stringVoice{
		line: make([]float64, length), blend: blend, keep: math.Exp(-1 / (f * seconds)),
		tuneGain: (1 - rest) / (1 + rest), held: n.dur, gainL: l, gainR: r,
		damped: math.Exp(-1 / (f * 0.12)),
	}
	random := noise(n.at*31 + int64(n.key))
	soft := newOnePole(1200 + 6500*n.vel*n.vel)
	for i := range v.line {
		v.line[i] = soft.low(random.white())
	}
	// Plucked at a seventh of its length, the string lacks the partials that have a node there.
	pick := max(1, length/7)
	var mean, power float64
	shifted := append([]float64(nil), v.line...)
	for i := range v.line {
		v.line[i] -= 0.8 * shifted[(i+length-pick)%length]
		mean += v.line[i] / float64(length)
	}
	for i := range v.line {
		v.line[i] -= mean // or the loop would hold an offset
		power += v.line[i] * v.line[i]
	}
	scale := 0.22 * n.vel / math.Sqrt(power/float64(length)+1e-12)
	for i := range v.line {
		v.line[i] *= scale
	}
	return v
}

func (v *stringVoice) sound(out stereo) bool {
	loud := false
	for i := range out.l {
		x := v.line[v.at]
		y := v.keep * (x + v.blend*(v.last-x))
		v.last = x
		if v.age >= v.held {
			y *= v.damped
		}
		v.age++
		tuned := v.tuneGain*(y-v.tuneOut) + v.tuneIn
		v.tuneIn, v.tuneOut = y, tuned
		v.line[v.at] = tuned
		if v.at++; v.at == len(v.line) {
			v.at = 0
		}
		loud = loud || x > silent || x < -silent
		// The burst starts at full height: half a millisecond takes the edge off.
		if v.age < 22 {
			x *= float64(v.age) / 22
		}
		out.l[i] += x * v.gainL
		out.r[i] += x * v.gainR
	}
	if loud {
		v.quiet = 0
	} else {
		v.quiet += len(out.l)
	}
	return v.quiet < 2000
}

// bellVoice is two pairs of oscillators with ratios that no string has.
type bellVoice struct {
	t                    *tables
	low, lowMod          uint32
	high, highMod        uint32
	stepLow, stepLowMod  uint32
	stepHigh, stepHiMod  uint32
	index, indexFall     float64
	level, fall          float64
	highLevel, highFall  float64
	age, held            int64
	letGo                float64
	gainL, gainR, spread float64
}

func newBellVoice(t *tables, n note) voice {
	f := hertz(n.key)
	l, r := pans(n.side)
	const radian = (1 << 32) / (2 * math.Pi)
	return &bellVoice{
		t: t, stepLow: turn(f), stepLowMod: turn(f * 3.5),
		stepHigh: turn(f * 2.003), stepHiMod: turn(f * 5.404),
		index: (0.3 + 0.9*n.vel) * radian * min(1, 900/f), indexFall: decay(0.55),
		level: 0.2 * n.vel, fall: decay(1.5), highLevel: 0.07 * n.vel, highFall: decay(0.7),
		held: n.dur, letGo: decay(0.5), gainL: l, gainR: r, spread: 0.5,
	}
}

func (v *bellVoice) sound(out stereo) bool {
	for i := range out.l {
		a := v.t.sin(v.low+uint32(int64(v.index*v.t.sin(v.lowMod)))) * v.level
		b := v.t.sin(v.high+uint32(int64(v.index*v.t.sin(v.highMod)))) * v.highLevel
		if v.age < 90 {
			a *= float64(v.age) / 90
			b *= float64(v.age) / 90
		}
		v.age++
		v.low += v.stepLow
		v.lowMod += v.stepLowMod
		v.high += v.stepHigh
		v.highMod += v.stepHiMod
		v.index *= v.indexFall
		v.level *= v.fall
		v.highLevel *= v.highFall
		if v.age > v.held {
			v.level *= v.letGo
			v.highLevel *= v.letGo
		}
		out.l[i] += (a + b*(1+v.spread)) * v.gainL
		out.r[i] += (a + b*(1-v.spread)) * v.gainR
	}
	return v.level > silent
}
