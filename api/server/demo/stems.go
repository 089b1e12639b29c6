package demo

import "math"

// stem is one part of the mix as sound. render overwrites out with the frames from at on; calls come
// in order and without a gap, from one goroutine.
type stem interface {
	render(at int64, out stereo)
}

// control is how many frames share one setting of a moving filter: 0.7 ms.
const control = 32

// ensemble plays notes with as many voices as they need.
type ensemble struct {
	notes  []note // by time
	voices []voice
	play   func(note) voice
	finish func(at int64, out stereo) // colours the sum; nil leaves it
}

func (e *ensemble) render(at int64, out stereo) {
	out.clear()
	kept := e.voices[:0]
	for _, v := range e.voices {
		if v.sound(out) {
			kept = append(kept, v)
		}
	}
	e.voices = kept
	end := at + int64(len(out.l))
	for len(e.notes) > 0 && e.notes[0].at < end {
		n := e.notes[0]
		e.notes = e.notes[1:]
		if v := e.play(n); v.sound(out.from(int(max(0, n.at-at)))) {
			e.voices = append(e.voices, v)
		}
	}
	if e.finish != nil {
		e.finish(at, out)
	}
}

// newPadStem opens and closes a low-pass over the pad, the two sides drifting apart a little.
func newPadStem(t *tables, notes []note, cutoff lane) stem {
	var lows, highs [2]filter
	for i := range highs {
		highs[i] = newFilter(150, 0.7)
	}
	return &ensemble{
		notes: notes,
		play:  func(n note) voice { return newPadVoice(t, n) },
		finish: func(at int64, out stereo) {
			for start := 0; start < len(out.l); start += control {
				open := cutoff.at(at + int64(start))
				bars := float64(at+int64(start)) / framesPerBar
				lows[0].tune(open*math.Exp2(0.25*math.Sin(2*math.Pi*bars/3)), 0.8)
				lows[1].tune(open*math.Exp2(0.25*math.Sin(2*math.Pi*bars/3+1.1)), 0.8)
				for i := start; i < min(start+control, len(out.l)); i++ {
					out.l[i] = highs[0].high(lows[0].low(out.l[i]))
					out.r[i] = highs[1].high(lows[1].low(out.r[i]))
				}
			}
		},
	}
}

// newPianoStem adds the slow sway from side to side that stage pianos of the seventies have.
func newPianoStem(t *tables, notes []note) stem {
	var sway uint32
	var highs [2]filter
	for i := range highs {
		highs[i] = newFilter(140, 0.7)
	}
	step := turn(2.0 * beatsPerMinute / 60) // an eighth note
	return &ensemble{
		notes: notes,
		play:  func(n note) voice { return newPianoVoice(t, n) },
		finish: func(_ int64, out stereo) {
			for i := range out.l {
				s := 0.22 * t.sin(sway)
				sway += step
				out.l[i] = highs[0].high(warm(1.4*out.l[i])/1.4) * (1 + s)
				out.r[i] = highs[1].high(warm(1.4*out.r[i])/1.4) * (1 - s)
			}
		},
	}
}

func newStringStem(notes []note) stem {
	var highs [2]filter
	for i := range highs {
		highs[i] = newFilter(180, 0.7)
	}
	return &ensemble{
		notes: notes,
		play:  newStringVoice,
		finish: func(_ int64, out stereo) {
			for i := range out.l {
				out.l[i] = highs[0].high(out.l[i])
				out.r[i] = highs[1].high(out.r[i])
			}
		},
	}
}

func newBellStem(t *tables, notes []note) stem {
	return &ensemble{notes: notes, play: func(n note) voice { return newBellVoice(t, n) }}
}

// soloist is a singing synthesiser for one note at a time: two saws and a sine through a filter that
// breathes with the note; tied notes glide.
type soloist struct {
	t                   *tables
	notes               []note
	now                 note
	age                 int64
	freq, target        float64 // hertz, smoothed and wanted
	a, b, under, wobble uint32
	breath, loud        float64 // envelopes
	lows                [2]filter
	bright              float64 // hertz
	detune              float64 // ratio between the saws
}

func newSoloStem(t *tables, notes []note, bright float64) stem {
	return &soloist{t: t, notes: notes, bright: bright, detune: 1.0045, freq: 440, target: 440}
}

func (s *soloist) render(at int64, out stereo) {
	rise, fall := 1-decay(0.022), 1-decay(0.09)
	open, shut := 1-decay(0.035), 1-decay(0.45)
	glide := 1 - decay(0.022)
	for start := 0; start < len(out.l); start += control {
		frame := at + int64(start)
		if len(s.notes) > 0 && s.notes[0].at <= frame {
			tied := s.now.at+s.now.dur+control >= s.notes[0].at
			s.now, s.notes, s.age = s.notes[0], s.notes[1:], 0
			s.target = hertz(s.now.key)
			if !tied {
				s.freq = s.target * 0.985 // scoops up into the note, as a singer does
			}
		}
		held := s.now.dur > 0 && frame < s.now.at+s.now.dur
		if !held && s.loud < silent {
			s.loud = 0
			clear(out.l[start:min(start+control, len(out.l))])
			clear(out.r[start:min(start+control, len(out.r))])
			continue
		}
		s.freq += (s.target - s.freq) * (1 - math.Pow(1-glide, control))
		since := float64(s.age) / SampleRate
		vibrato := 0.0075 * smooth((since-0.3)/0.5) * s.t.sin(s.wobble)
		s.wobble += turn(5.1 * control)
		f := s.freq * (1 + vibrato)
		stepA, stepB, stepUnder := turn(f), turn(f*s.detune), turn(f)
		table := s.t.saw[sawLevel(f*s.detune)]
		for i := range s.lows {
			s.lows[i].tune(280+s.now.vel*s.bright*s.breath+0.6*f, 0.9)
		}
		goal := 0.0
		if held {
			goal = 0.35 + 0.65*s.now.vel
		}
		for i := start; i < min(start+control, len(out.l)); i++ {
			if held {
				s.loud += (goal - s.loud) * rise
			} else {
				s.loud += (0 - s.loud) * fall
			}
			if held && since < 0.12 {
				s.breath += (1 - s.breath) * open
			} else {
				s.breath += (0.45*goal - s.breath) * shut
			}
			x, y := sawAt(table, s.a), sawAt(table, s.b)
			u := 0.4 * s.t.sin(s.under)
			s.a += stepA
			s.b += stepB
			s.under += stepUnder
			g := 0.32 * s.loud
			out.l[i] = warm(1.3*s.lows[0].low(g*(u+0.65*x+0.35*y))) / 1.3
			out.r[i] = warm(1.3*s.lows[1].low(g*(u+0.35*x+0.65*y))) / 1.3
		}
		s.age += control
	}
}

// bassist plays a sine for weight and a filtered saw for the line to be heard on small speakers.
type bassist struct {
	t            *tables
	notes        []note
	now          note
	freq, target float64
	sub, saw     uint32
	loud, pluck  float64
	first, last  filter
	tone         lane // hertz added at the start of a note
}

func newBassStem(t *tables, notes []note, tone lane) stem {
	return &bassist{t: t, notes: notes, tone: tone, freq: 40, target: 40}
}

func (b *bassist) render(at int64, out stereo) {
	rise, fall := 1-decay(0.004), 1-decay(0.035)
	sag, glide := decay(0.16), 1-math.Pow(decay(0.012), control)
	for start := 0; start < len(out.l); start += control {
		frame := at + int64(start)
		if len(b.notes) > 0 && b.notes[0].at <= frame {
			tied := b.now.at+b.now.dur+control >= b.notes[0].at
			b.now, b.notes = b.notes[0], b.notes[1:]
			b.target = hertz(b.now.key)
			b.pluck = b.now.vel
			if !tied {
				b.freq = b.target
			}
		}
		b.freq += (b.target - b.freq) * glide
		goal, speed := 0.0, fall
		if frame < b.now.at+b.now.dur {
			goal, speed = 0.5+0.5*b.now.vel, rise
		}
		step := turn(b.freq)
		cutoff := 90 + 1.2*b.freq + b.tone.at(frame)*b.pluck*b.pluck
		b.first.tune(cutoff, 0.9)
		b.last.tune(cutoff*1.1, 0.75)
		table := b.t.saw[sawLevel(b.freq)]
		for i := start; i < min(start+control, len(out.l)); i++ {
			b.loud += (goal - b.loud) * speed
			b.pluck *= sag
			x := b.last.low(b.first.low(sawAt(table, b.saw)))
			y := warm(b.loud * (0.75*b.t.sin(b.sub) + 1.1*x))
			b.sub += step
			b.saw += step
			out.l[i], out.r[i] = y, y
		}
	}
}

// sea is the sound of surf: noise, wide, swelling every few bars.
type sea struct {
	random noise
	level  lane
	lows   [2]filter
	rumble [2]onePole
}

func newSeaStem(level lane) stem {
	return &sea{random: 0x5ea, level: level, rumble: [2]onePole{newOnePole(220), newOnePole(220)}}
}

func (s *sea) render(at int64, out stereo) {
	for start := 0; start < len(out.l); start += control {
		frame := at + int64(start)
		level := s.level.at(frame)
		seconds := float64(frame) / SampleRate
		var swells [2]float64
		for side := range swells {
			lag := 0.9 * float64(side)
			w := 0.5 + 0.32*math.Sin(2*math.Pi*(seconds-lag)/7.3-1.2) + 0.18*math.Sin(2*math.Pi*(seconds-lag)/4.9)
			swells[side] = w * w
			s.lows[side].tune(350+2600*w*w, 0.6)
		}
		for i := start; i < min(start+control, len(out.l)); i++ {
			if level < silent {
				out.l[i], out.r[i] = 0, 0
				continue
			}
			out.l[i] = level * swells[0] * s.rumble[0].high(s.lows[0].low(s.random.white()))
			out.r[i] = level * swells[1] * s.rumble[1].high(s.lows[1].low(s.random.white()))
		}
	}
}
