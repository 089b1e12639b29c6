package demo

import (
	"slices"
	"strings"
)

const (
	beatsPerMinute = 108
	framesPerStep  = SampleRate * 60 / beatsPerMinute / 4 // a sixteenth: 6125 frames exactly
	stepsPerBar    = 16
	framesPerBar   = framesPerStep * stepsPerBar

	// swing is how late every second sixteenth is, in frames: 56 to 44.
	swing = 735

	// anacrusis is how long before its first downbeat a track begins, in frames. The new harmony has
	// been struck by then and the drums are in their fill, and no block of any codec ends there.
	anacrusis = 9187
)

// score is the whole piece, written out: the notes of every part by time, and what moves slowly.
type score struct {
	pad, piano, strings, bells    []note
	lead, harmony, bass           []note
	drums, kicks                  []note // kicks go apart: they duck the rest
	padCutoff, bassTone, seaLevel lane
	chords                        []chord // by bar
	random                        noise
}

// lane is a value that moves in straight lines between points in bars; before the first and after the
// last it stays.
type lane []struct{ bar, value float64 }

// at is the lane's value at a frame of the piece.
func (l lane) at(frame int64) float64 {
	bar := float64(frame) / framesPerBar
	i := slices.IndexFunc(l, func(p struct{ bar, value float64 }) bool { return p.bar > bar })
	switch {
	case i < 0:
		return l[len(l)-1].value
	case i == 0:
		return l[0].value
	}
	a, b := l[i-1], l[i]
	return a.value + (b.value-a.value)*(bar-a.bar)/(b.bar-a.bar)
}

// chartOf reads the names of a chart, one a bar.
func chartOf(chart string) []string {
	names := strings.Fields(chart)
	for i, name := range names {
		if name == "." && i > 0 {
			names[i] = names[i-1]
		}
	}
	return names
}

// compose writes the piece out.
func compose() *score {
	s := &score{random: 0x5e90e}
	known := harmonies()
	for _, m := range movements() {
		for _, name := range chartOf(m.chart) {
			s.chords = append(s.chords, known[name])
		}
	}
	s.padCutoff = lane{
		{0, 420}, {4, 1100}, {12, 2200}, {20, 2600}, {23.5, 5000}, {24, 2200}, {32, 2600}, {39.5, 3600}, {40, 4200},
		{43.5, 6000}, {44, 2900}, {50, 2400}, {52, 1200}, {56, 1300}, {64, 2000}, {72, 2600}, {75.8, 6500}, {76, 3200},
		{92, 4200}, {100, 3000}, {104, 1900}, {106.5, 600},
	}
	s.bassTone = lane{{8, 200}, {24, 500}, {32, 700}, {44, 1000}, {52, 400}, {56, 250}, {72, 600}, {75.9, 1500}, {76, 900}, {92, 1300}, {104, 400}}
	s.seaLevel = lane{
		{0, 0}, {0.4, 0.5}, {4, 0.3}, {9, 0}, {39, 0}, {41, 0.1}, {43.5, 0.12}, {44.5, 0}, {49, 0}, {52, 0.4}, {57, 0.16}, {70, 0.1}, {74, 0},
		{98, 0}, {102, 0.12}, {104.5, 0.42}, {106.9, 0},
	}
	s.writePad()
	s.writePiano()
	s.writeBass()
	s.writeStrings()
	s.writeMelodies()
	s.writeDrums()
	for _, part := range [][]note{s.pad, s.piano, s.strings, s.bells, s.lead, s.harmony, s.bass, s.drums, s.kicks} {
		slices.SortStableFunc(part, func(a, b note) int { return int(a.at - b.at) })
	}
	return s
}

// bars is the length of the piece.
func (s *score) bars() int { return len(s.chords) }

// frameOf is where a step of a bar lies; odd steps swing.
func frameOf(bar, step int) int64 {
	at := int64(bar)*framesPerBar + int64(step)*framesPerStep
	if step&1 != 0 {
		at += swing
	}
	return at
}

// loosely moves a note by up to frames either way, as hands do.
func (s *score) loosely(at int64, frames float64) int64 {
	return max(0, at+int64(frames*s.random.white()))
}

// about varies a velocity by up to a tenth.
func (s *score) about(vel float64) float64 {
	return min(1, vel*(1+0.1*s.random.white()))
}

// writePad holds every chord, struck three steps before its bar so that it sounds when the bar comes.
func (s *score) writePad() {
	const early = 3
	for bar := 0; bar < s.bars(); {
		length := 1
		for bar+length < s.bars() && s.chords[bar+length] == s.chords[bar] {
			length++
		}
		at := max(0, frameOf(bar, 0)-early*framesPerStep)
		end := frameOf(bar+length, 0) - early*framesPerStep
		if bar+length == s.bars() {
			end = frameOf(s.bars()-2, 8) // let the last chord die away
		}
		vel := lane{{0, 0.8}, {8, 0.9}, {20, 1.05}, {24, 0.85}, {39, 0.95}, {40, 1.3}, {44, 0.85}, {52, 1.3}, {56, 1.15}, {72, 1.25}, {76, 0.95}, {92, 1.05}, {100, 1.1}}.at(at)
		voices := s.chords[bar].voices
		for _, key := range voices {
			s.pad = append(s.pad, note{at: at, dur: end - at, key: float64(key), vel: 0.5 * vel})
		}
		// The top voice doubled above and the root below give the chord its frame.
		s.pad = append(s.pad,
			note{at: at, dur: end - at, key: float64(voices[3] + 12), vel: 0.2 * vel},
			note{at: at, dur: end - at, key: float64(s.chords[bar].bass + 12), vel: 0.38 * vel})
		bar += length
	}
}

// figure is a rhythm of a bar: where, for how long and how strongly, in steps.
type figure []struct {
	step, length int
	vel          float64
}

// pushed marks the step from which a stroke belongs to the next bar's chord.
const pushed = 13

// writePiano comps: sparse at first, stabs in the house movements, half-time chords at night.
func (s *score) writePiano() {
	calm := figure{{0, 13, 0.5}, {10, 4, 0.28}}
	walk := figure{{0, 5, 0.55}, {6, 4, 0.38}, {13, 5, 0.48}}
	house := figure{{2, 2, 0.55}, {5, 2, 0.5}, {8, 3, 0.42}, {13, 4, 0.62}}
	house2 := figure{{2, 3, 0.58}, {7, 2, 0.48}, {10, 2, 0.4}, {13, 4, 0.6}}
	night := figure{{3, 9, 0.42}, {13, 3, 0.3}}
	full := figure{{0, 3, 0.6}, {3, 3, 0.5}, {6, 3, 0.55}, {10, 2, 0.45}, {13, 4, 0.65}}
	last := figure{{0, 15, 0.42}}
	for bar := range s.bars() {
		var f figure
		switch {
		case bar < 2:
			continue
		case bar < 8:
			f = calm
		case bar < 24:
			f = walk
		case bar < 40 || 44 <= bar && bar < 51:
			f = house
			if bar%4 == 3 {
				f = house2
			}
		case bar < 44:
			f = figure{{0, 14, 0.5}, {13, 3, 0.42}}
		case bar == 51:
			f = figure{{2, 8, 0.5}, {13, 20, 0.45}}
		case bar < 56:
			continue
		case bar < 72:
			f = night
		case bar < 76:
			f = walk
		case bar < 84:
			f = house
		case bar < 100:
			f = full
			if bar%2 == 1 {
				f = house2
			}
		case bar < 103:
			f = walk
		case bar == 103:
			f = figure{{0, 44, 0.5}}
		default:
			continue
		}
		if bar == 102 {
			f = last
		}
		s.strike(bar, f)
	}
}

// strike plays a figure with the bar's chord, the hand rolling from the lowest note up.
func (s *score) strike(bar int, f figure) {
	for _, stroke := range f {
		c := s.chords[bar]
		if stroke.step >= pushed && bar+1 < s.bars() {
			c = s.chords[bar+1]
		}
		at := s.loosely(frameOf(bar, stroke.step), 110)
		for i, key := range c.voices {
			s.piano = append(s.piano, note{
				at: at + int64(i)*180, dur: int64(stroke.length) * framesPerStep,
				key: float64(key), vel: s.about(stroke.vel) * (0.86 + 0.05*float64(i)), side: -0.3 + 0.2*float64(i),
			})
		}
	}
}

// writeBass gives each movement its own line; steps from 13 on lead to the next chord.
func (s *score) writeBass() {
	type stroke struct {
		step, length, interval int // interval in semitones over the root; from pushed on, over the next root
		vel                    float64
	}
	long := []stroke{{0, 13, 0, 0.6}}
	walk := []stroke{{0, 5, 0, 0.75}, {6, 3, 0, 0.5}, {10, 2, 7, 0.55}, {14, 2, -2, 0.5}}
	house := []stroke{{0, 3, 0, 0.85}, {3, 2, 0, 0.6}, {6, 3, 12, 0.65}, {10, 2, 7, 0.6}, {13, 3, 0, 0.75}}
	house2 := []stroke{{0, 3, 0, 0.85}, {3, 2, 12, 0.55}, {6, 2, 0, 0.7}, {9, 1, 10, 0.5}, {10, 2, 12, 0.6}, {14, 2, -2, 0.7}}
	night := []stroke{{0, 7, 0, 0.7}, {7, 3, 0, 0.45}, {11, 3, 7, 0.5}}
	rise := []stroke{{0, 2, 0, 0.7}, {2, 2, 0, 0.6}, {4, 2, 0, 0.7}, {6, 2, 0, 0.6}, {8, 2, 0, 0.75}, {10, 2, 0, 0.65}, {12, 2, 0, 0.8}, {14, 2, 0, 0.7}}
	roll := []stroke{{0, 2, 0, 0.85}, {2, 2, 12, 0.6}, {4, 1, 0, 0.6}, {6, 2, 12, 0.65}, {8, 2, 0, 0.75}, {10, 2, 7, 0.6}, {13, 3, 0, 0.75}}
	for bar := range s.bars() {
		var line []stroke
		switch {
		case bar < 8:
			continue
		case bar < 12, bar >= 40 && bar < 43, bar == 51, bar >= 100 && bar < 103:
			line = long
		case bar < 24:
			line = walk
		case bar < 40 || 43 < bar && bar < 51:
			line = house
			if bar%2 == 1 {
				line = house2
			}
		case bar == 43:
			line = rise
		case bar < 56:
			continue
		case bar < 72:
			line = night
		case bar < 76:
			line = rise
		case bar < 100:
			line = roll
			if bar%4 == 3 {
				line = house2
			}
		case bar == 103:
			line = []stroke{{0, 26, 0, 0.6}}
		}
		for _, n := range line {
			root := s.chords[bar].bass
			if n.step >= pushed && bar+1 < s.bars() {
				root = s.chords[bar+1].bass
			}
			s.bass = append(s.bass, note{
				at: frameOf(bar, n.step), dur: int64(n.length)*framesPerStep - 900,
				key: float64(root + n.interval), vel: s.about(n.vel),
			})
		}
	}
}
