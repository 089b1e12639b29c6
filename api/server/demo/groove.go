package demo

// beat is a pattern of one bar for one piece of the kit: a character a step. Digits are strengths of a
// ninth each; a dot rests.
type beat struct {
	piece int
	line  string
	side  float64
	gain  float64
}

// writeDrums lays the grooves out, then the fills and the effects of the joints.
func (s *score) writeDrums() {
	for bar := range s.bars() {
		for _, b := range grooveOf(bar) {
			s.drum(bar, b)
		}
	}
	s.writeEffects()
}

func (s *score) drum(bar int, b beat) {
	for step, c := range b.line {
		if c < '1' || c > '9' {
			continue
		}
		n := note{at: frameOf(bar, step), dur: framesPerBar, key: float64(b.piece), side: b.side}
		n.vel = b.gain * float64(c-'0') / 9
		if b.piece == kick || b.piece == softKick {
			s.kicks = append(s.kicks, n)
			continue
		}
		n.at, n.vel = s.loosely(n.at, 55), n.vel*(1+0.08*s.random.white())
		if b.piece == openHat {
			n.dur = 2 * framesPerStep // the closing hat
		}
		s.drums = append(s.drums, n)
	}
}

// grooveOf is the pattern of a bar of the piece.
func grooveOf(bar int) []beat {
	switch {
	case bar < 4:
		return nil
	case bar < 24:
		return harbourGroove(bar)
	case bar < 52:
		return waterGroove(bar)
	case bar < 76:
		return nightGroove(bar)
	}
	return landfallGroove(bar)
}

// harbourGroove comes in piece by piece.
func harbourGroove(bar int) []beat {
	shake := beat{shaker, "4.6.4.7.4.6.4.73", 0.3, 0.3}
	congas := beat{conga, "...5..4....5.3..", -0.35, 0.55}
	low := beat{lowConga, "......6.......5.", -0.2, 0.5}
	pulse := beat{softKick, "8.......7.......", 0, 0.75}
	four := beat{softKick, "9...8...9...8...", 0, 0.85}
	click := beat{rim, "....6.......6..3", 0.15, 0.5}
	hats := beat{hat, "..6...6...6...6.", 0.2, 0.4}
	switch {
	case bar < 8:
		return []beat{shake}
	case bar < 12:
		return []beat{shake, pulse, low}
	case bar < 16:
		return []beat{shake, four, click, congas, low}
	case bar < 22:
		return []beat{shake, four, click, congas, low, hats}
	case bar == 22:
		return []beat{shake, four, congas, low, hats, {snare, "....5.......5.5.", 0, 0.5}}
	}
	// The fill runs over the cut and into the first downbeat of the second movement.
	return []beat{
		{shaker, "4.6.4.7.46564757", 0.3, 0.34}, {softKick, "9.......9.......", 0, 0.85}, {clap, "....5.......5...", 0, 0.5},
		{conga, "..5..5..5.55.676", -0.35, 0.6}, {lowConga, "......6....5.6.8", -0.2, 0.6}, {snare, "........23445567", 0.05, 0.42},
		{hat, "..6...6...6.6566", 0.2, 0.4},
	}
}

// waterGroove is house: four on the floor, the open hat off it, a clap on the even beats.
func waterGroove(bar int) []beat {
	four := beat{kick, "9...9...9...9...", 0, 1}
	claps := beat{clap, "....8.......8...", 0, 0.62}
	open := beat{openHat, "..7...7...7...7.", 0.1, 0.3}
	hats := beat{hat, "5.37.3453.57.353", 0.22, 0.34}
	shake := beat{shaker, "3.5.4.6.3.5.4.64", -0.35, 0.28}
	congas := beat{conga, "...4..5....4..3.", -0.4, 0.42}
	ghost := beat{rim, ".......3..4....4", 0.3, 0.38}
	switch {
	case bar < 28:
		return []beat{four, claps, hats, shake}
	case bar < 31, 32 <= bar && bar < 39:
		return []beat{four, claps, open, hats, shake, congas, ghost}
	case bar == 31, bar == 39:
		return []beat{{kick, "9...9...9.......", 0, 1}, {clap, "....8.......8.58", 0, 0.6}, open, hats, shake, {lowConga, "..........5.67.7", -0.3, 0.6}}
	case bar < 42:
		return []beat{shake, {rim, "....5.......5..3", 0.15, 0.4}}
	case bar == 42:
		return []beat{shake, {rim, "....5.......5..3", 0.15, 0.4}, {snare, "4...4...4...4...", 0, 0.4}, hats}
	case bar == 43:
		return []beat{shake, {snare, "5.5.5.5.56566789", 0, 0.52}, hats, {clap, "....6.......6...", 0, 0.4}}
	case bar < 50:
		return []beat{four, claps, open, hats, shake, congas, ghost}
	case bar == 50:
		return []beat{four, claps, hats, shake, congas}
	}
	// Thinning out; the hats carry over the cut.
	return []beat{{softKick, "9.......8.......", 0, 0.9}, {hat, "5.37.3453.574353", 0.22, 0.34}, shake, {conga, "...4..5...34.545", -0.4, 0.5}, {rim, "....5......4.5.4", 0.2, 0.4}}
}

// nightGroove is half time: the weight on one, the snare on three.
func nightGroove(bar int) []beat {
	shake := beat{shaker, "5.3.4.3.5.3.4.34", 0.35, 0.32}
	half := beat{kick, "9......5..6.....", 0, 0.92}
	back := beat{snare, "........8.......", 0, 0.62}
	backClap := beat{clap, "........7.......", 0, 0.4}
	tick := beat{hat, "6.3.5.3.6.3.5.33", -0.2, 0.42}
	wood := beat{rim, "...4..4....4...4", 0.4, 0.42}
	switch {
	case bar < 54:
		return []beat{shake}
	case bar < 56:
		return []beat{shake, {rim, "...4..4....4..44", 0.4, 0.34}}
	case bar < 60:
		return []beat{half, back, shake, wood}
	case bar < 71:
		return []beat{half, back, backClap, shake, wood, tick}
	case bar == 71:
		return []beat{{kick, "9......5..6...6.", 0, 0.92}, back, shake, tick, {lowConga, "..........4.55.6", 0.3, 0.6}, {conga, "...........4..5.", -0.3, 0.5}}
	case bar < 74:
		return []beat{{kick, "9...8...9...8...", 0, 0.85}, {clap, "....5.......5...", 0, 0.45}, {hat, "5.3.5.3.5.3.5.33", -0.2, 0.34}, shake}
	case bar == 74:
		return []beat{{kick, "9.8.9.8.9.8.9.8.", 0, 0.78}, {snare, "4.4.4.4.4.4.4.4.", 0, 0.46}, {hat, "5353535353535353", -0.2, 0.36}, shake}
	}
	return []beat{{kick, "9.8.9.8.9.......", 0, 0.74}, {snare, "4545454556566789", 0, 0.56}, {hat, "5353535353535353", -0.2, 0.36}, shake, {conga, "..........4.5567", -0.3, 0.5}}
}

// landfallGroove is everything, and then, piece by piece, nothing.
func landfallGroove(bar int) []beat {
	four := beat{kick, "9...9...9...9...", 0, 1}
	claps := beat{clap, "....8.......8..3", 0, 0.62}
	back := beat{snare, "....7.......7...", 0, 0.36}
	open := beat{openHat, "..7...7...7...7.", 0.1, 0.32}
	hats := beat{hat, "5.47.4555.47.455", 0.22, 0.36}
	shake := beat{shaker, "4.6.5.7.4.6.5.75", -0.35, 0.3}
	congas := beat{conga, "...4..5....4.54.", -0.4, 0.46}
	low := beat{lowConga, "......5.......6.", -0.25, 0.46}
	switch {
	case bar == 83, bar == 91:
		return []beat{{kick, "9...9...9...9.6.", 0, 1}, {snare, "....7.....5.7567", 0, 0.5}, open, hats, shake, {lowConga, "..........5.67.8", -0.25, 0.6}}
	case bar < 92:
		return []beat{four, claps, open, hats, shake, congas}
	case bar < 99:
		return []beat{four, claps, back, open, hats, shake, congas, low}
	case bar == 99:
		return []beat{{kick, "9...9...9.......", 0, 1}, {clap, "....8.......8...", 0, 0.62}, open, hats, shake, {conga, "..........56.677", -0.35, 0.6}}
	case bar < 102:
		return []beat{{softKick, "9...8...9...8...", 0, 0.85}, shake, congas, low, {rim, "....5.......5..3", 0.15, 0.42}}
	case bar == 102:
		return []beat{{softKick, "9.......8.......", 0, 0.8}, shake, low}
	case bar == 103:
		return []beat{{softKick, "8...............", 0, 0.8}, {shaker, "4.6.4.6.4.5.3.2.", -0.35, 0.28}}
	}
	return nil
}

// writeEffects marks the joints: swells into them, crashes and drops on them, risers over the builds.
func (s *score) writeEffects() {
	add := func(piece, bar, step int, steps int64, vel, side float64) {
		s.drums = append(s.drums, note{at: frameOf(bar, step), dur: steps * framesPerStep, key: float64(piece), vel: vel, side: side})
	}
	for _, bar := range []int{12, 24, 32, 44, 56, 76, 92} {
		add(crash, bar, 0, 60, 0.4, 0.1)
	}
	add(crash, 84, 0, 60, 0.3, -0.2)
	add(crash, 100, 0, 60, 0.3, -0.1)
	for _, bar := range []int{8, 12, 24, 44, 56, 76, 92} {
		add(swell, bar-1, 4, 12, 0.32, -0.1)
	}
	for _, bar := range []int{24, 44, 76} {
		add(riser, bar-4, 0, 4*stepsPerBar, 0.42, 0)
	}
	for _, bar := range []int{44, 52, 56, 104} {
		add(drop, bar, 0, 60, 0.5, 0)
	}
}
