package demo

// sung is one note of a melody: its bar and step, its length in steps, and its MIDI key.
type sung struct {
	bar, step, length, key int
}

// The theme is three rising notes over a step and a half each (the call), and three falling ones (the
// answer). It is hinted at by bells in the first movement, sung in the second, told in half speed in
// the third, and comes home a semitone lower, over a brighter harmony, in the fourth.

func hint() []sung {
	return []sung{
		{12, 2, 3, 69}, {12, 5, 3, 72}, {12, 8, 8, 76}, {13, 0, 3, 74}, {13, 3, 3, 72}, {13, 6, 9, 69},
		{14, 2, 3, 70}, {14, 5, 3, 72}, {14, 8, 8, 74}, {15, 0, 3, 72}, {15, 3, 3, 69}, {15, 6, 9, 65},
		{16, 2, 3, 69}, {16, 5, 3, 72}, {16, 8, 8, 76}, {17, 0, 3, 74}, {17, 3, 3, 72}, {17, 6, 9, 69},
		{18, 2, 3, 69}, {18, 5, 3, 72}, {18, 8, 4, 76}, {18, 12, 4, 77}, {19, 0, 3, 74}, {19, 3, 3, 72}, {19, 6, 9, 67},
		{20, 2, 3, 70}, {20, 8, 6, 74}, {21, 2, 3, 72}, {21, 8, 6, 76}, {22, 2, 3, 74}, {22, 8, 6, 77}, {23, 0, 4, 77}, {23, 4, 4, 79}, {23, 8, 5, 82},
	}
}

func theme() []sung {
	return []sung{
		{0, 2, 3, 72}, {0, 5, 3, 75}, {0, 8, 8, 79}, {1, 0, 3, 77}, {1, 3, 3, 75}, {1, 6, 8, 72},
		{2, 2, 3, 73}, {2, 5, 3, 75}, {2, 8, 6, 77}, {2, 14, 2, 75}, {3, 0, 4, 72}, {3, 4, 2, 70}, {3, 6, 8, 67},
		{4, 2, 3, 72}, {4, 5, 3, 75}, {4, 8, 4, 79}, {4, 12, 4, 80}, {5, 0, 3, 79}, {5, 3, 3, 77}, {5, 6, 8, 75},
		{6, 0, 3, 77}, {6, 3, 3, 75}, {6, 6, 2, 73}, {6, 8, 7, 72}, {7, 0, 4, 70}, {7, 4, 4, 72}, {7, 8, 7, 73},
	}
}

func nightTheme() []sung {
	return []sung{
		{56, 0, 6, 68}, {56, 6, 6, 71}, {56, 12, 18, 75}, {58, 0, 6, 73}, {58, 6, 6, 71}, {58, 12, 18, 68},
		{60, 0, 6, 69}, {60, 6, 6, 71}, {60, 12, 18, 73}, {62, 0, 6, 71}, {62, 6, 9, 68}, {63, 0, 6, 66}, {63, 6, 9, 69},
		{64, 0, 6, 80}, {64, 6, 6, 83}, {64, 12, 18, 87}, {66, 0, 6, 85}, {66, 6, 6, 83}, {66, 12, 18, 80},
		{68, 0, 6, 81}, {68, 6, 6, 83}, {68, 12, 18, 85}, {70, 0, 6, 83}, {70, 6, 9, 80}, {71, 0, 6, 78}, {71, 6, 9, 81},
		{72, 0, 12, 80}, {73, 0, 12, 83}, {74, 0, 12, 85}, {75, 0, 6, 88}, {75, 6, 7, 90},
	}
}

func homeTheme() []sung {
	return []sung{
		{0, 2, 3, 71}, {0, 5, 3, 74}, {0, 8, 8, 78}, {1, 0, 3, 76}, {1, 3, 3, 74}, {1, 6, 8, 71},
		{2, 2, 3, 74}, {2, 5, 3, 76}, {2, 8, 4, 78}, {2, 12, 4, 81}, {3, 0, 4, 79}, {3, 4, 2, 78}, {3, 6, 8, 74},
		{4, 2, 3, 71}, {4, 5, 3, 74}, {4, 8, 4, 78}, {4, 12, 4, 79}, {5, 0, 3, 78}, {5, 3, 3, 76}, {5, 6, 7, 74}, {5, 14, 2, 71},
		{6, 0, 3, 76}, {6, 3, 3, 74}, {6, 6, 2, 72}, {6, 8, 7, 71}, {7, 0, 4, 69}, {7, 4, 4, 71}, {7, 8, 7, 74},
	}
}

// homeSecond goes under homeTheme in sixths and fourths, whichever the chord has.
func homeSecond() []sung {
	return []sung{
		{0, 2, 3, 64}, {0, 5, 3, 67}, {0, 8, 8, 71}, {1, 0, 3, 69}, {1, 3, 3, 66}, {1, 6, 8, 64},
		{2, 2, 3, 66}, {2, 5, 3, 69}, {2, 8, 4, 71}, {2, 12, 4, 74}, {3, 0, 4, 71}, {3, 4, 2, 71}, {3, 6, 8, 66},
		{4, 2, 3, 64}, {4, 5, 3, 67}, {4, 8, 4, 71}, {4, 12, 4, 71}, {5, 0, 3, 71}, {5, 3, 3, 69}, {5, 6, 7, 66}, {5, 14, 2, 66},
		{6, 0, 3, 67}, {6, 3, 3, 67}, {6, 6, 2, 64}, {6, 8, 7, 64}, {7, 0, 4, 64}, {7, 4, 4, 67}, {7, 8, 7, 69},
	}
}

func arrival() []sung {
	return []sung{
		{92, 0, 6, 76}, {92, 6, 4, 79}, {92, 10, 6, 83}, {93, 0, 6, 81}, {93, 6, 9, 78},
		{94, 0, 6, 79}, {94, 6, 4, 83}, {94, 10, 6, 86}, {95, 0, 4, 83}, {95, 4, 4, 81}, {95, 8, 7, 79},
		{96, 2, 3, 76}, {96, 5, 3, 79}, {96, 8, 8, 83}, {97, 0, 3, 81}, {97, 3, 3, 78}, {97, 6, 8, 76},
		{98, 2, 3, 74}, {98, 5, 3, 76}, {98, 8, 7, 79}, {99, 0, 6, 81}, {99, 6, 9, 79},
		{100, 2, 3, 71}, {100, 5, 3, 74}, {100, 8, 8, 79}, {101, 0, 6, 76}, {101, 6, 9, 71},
		{102, 2, 3, 69}, {102, 5, 3, 71}, {102, 8, 8, 74}, {103, 0, 30, 71},
	}
}

// singing turns a melody into notes, starting at bar; keys move by shift semitones. Notes that touch
// are tied; a long note leans, a short one is lighter.
func (s *score) singing(line []sung, bar, shift int, vel float64) []note {
	var out []note
	for _, n := range line {
		weight := 0.82 + 0.05*float64(min(n.length, 8))/2
		out = append(out, note{
			at:  frameOf(bar+n.bar, n.step),
			dur: frameOf(bar+n.bar, n.step+n.length) - frameOf(bar+n.bar, n.step),
			key: float64(n.key + shift), vel: min(1, s.about(vel*weight)),
		})
	}
	return out
}

func (s *score) writeMelodies() {
	s.lead = append(s.lead, s.singing(theme(), 32, 0, 0.7)...)
	again := theme()
	again[len(again)-1].key = 75 // the second time it hangs in the air, a ninth over the chord
	s.lead = append(s.lead, s.singing(again, 44, 0, 0.85)...)
	s.lead = append(s.lead, s.singing(nightTheme()[26:], 0, 0, 0.55)...) // the climb out of the night
	s.lead = append(s.lead, s.singing(homeTheme(), 76, 0, 0.78)...)
	s.lead = append(s.lead, s.singing(homeTheme(), 84, 0, 0.88)...)
	s.lead = append(s.lead, s.singing(arrival(), 0, 0, 0.9)...)

	s.harmony = append(s.harmony, s.singing(homeSecond(), 84, 0, 0.6)...)

	s.bells = append(s.bells, s.singing(hint(), 0, 0, 0.55)...)
	s.bells = append(s.bells, s.singing(theme()[:13], 40, 12, 0.3)...) // an echo of the call in the break
	s.bells = append(s.bells, s.singing(nightTheme(), 0, 0, 0.62)...)
	s.bells = append(s.bells, s.singing(arrival()[:19], 0, 12, 0.26)...)
	for i := range s.bells {
		s.bells[i].side = 0.35 * s.random.white()
	}
	// Drops of bell over the opening, and the last word.
	for _, n := range []sung{{2, 12, 8, 81}, {4, 6, 8, 84}, {6, 12, 8, 81}, {8, 10, 8, 86}, {52, 4, 12, 80}, {53, 10, 12, 83}, {54, 6, 12, 80}, {55, 4, 12, 87}, {104, 8, 16, 83}, {105, 4, 16, 86}} {
		s.bells = append(s.bells, s.singing([]sung{n}, 0, 0, 0.42)...)
	}
}

// writeStrings plucks the chords' notes one by one, an octave up: eighths at sea, threes against the
// four at night, sixteenths on the way out of it.
func (s *score) writeStrings() {
	order := [8]int{0, 2, 1, 3, 2, 3, 1, 2}
	for bar := 4; bar < 103; bar++ {
		var steps []int
		vel, octave := 0.5, 12
		switch {
		case bar < 12:
			steps, vel = []int{2, 6, 10, 14}, 0.42
		case bar < 24:
			steps = []int{2, 4, 6, 10, 12, 14}
		case bar < 32, bar >= 44 && bar < 52:
			steps, vel = []int{3, 6, 11, 14}, 0.38
		case bar < 40:
			continue
		case bar < 44:
			steps, vel = []int{0, 2, 3, 5, 6, 8, 10, 11, 13, 14}, 0.3+0.05*float64(bar-40)
		case bar < 56:
			steps, vel = []int{0, 6, 12}, 0.45
		case bar < 72:
			steps, vel = []int{0, 3, 6, 8, 11, 14}, 0.55
		case bar < 76:
			steps, vel = []int{0, 2, 3, 4, 6, 7, 8, 10, 11, 12, 14, 15}, 0.36+0.07*float64(bar-72)
		case bar < 92:
			steps, vel = []int{2, 3, 6, 10, 11, 14}, 0.42
		default:
			steps, vel = []int{0, 2, 3, 6, 8, 10, 11, 14}, 0.46
		}
		for i, step := range steps {
			c := s.chords[bar]
			if step >= pushed && bar+1 < s.bars() {
				c = s.chords[bar+1]
			}
			key := c.voices[order[(i+3*bar)%len(order)]] + octave
			side := 0.55
			if (i+bar)%2 == 0 {
				side = -0.55
			}
			accent := 1.0
			if i%3 != 0 {
				accent = 0.78
			}
			s.strings = append(s.strings, note{
				at: s.loosely(frameOf(bar, step), 90), dur: 5 * framesPerStep,
				key: float64(key), vel: s.about(vel * accent), side: side,
			})
		}
	}
}
