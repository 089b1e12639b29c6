package aac

import "math"

// addPulses gives the lowered lines their height back (4.6.5). Heights count in quantised steps,
// which the lines have left by now: they are put back, exactly, as the integers that they were.
func (f *frame) addPulses() {
	p := &f.pulses
	for i := range p.count {
		line := p.line[i]
		band := 0
		for band < f.bands && f.offsets[band+1] <= line {
			band++
		}
		if band == f.bands || f.gains[band] == 0 || f.books[band] > escapeBook {
			continue
		}
		gain := float64(f.gains[band])
		x := float64(f.spectrum[line]) / gain
		q := math.Round(math.Pow(math.Abs(x), 0.75)) + float64(p.height[i])
		y := q * math.Cbrt(q) * gain
		if x <= 0 { // a line of zero grows downwards, as the standard has it
			y = -y
		}
		f.spectrum[line] = float32(y)
	}
}
