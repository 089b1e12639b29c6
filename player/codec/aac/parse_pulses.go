package aac

// pulses are up to four lines of a long window that the encoder lowered so that a cheaper codebook
// would do (4.6.5).
type pulses struct {
	count  int
	line   [4]int
	height [4]int
}

// parsePulses reads pulse_data (Table 4.7).
func (d *Decoder) parsePulses(f *frame) error {
	if f.sequence == eightShort {
		return corrupt("pulses in short windows")
	}
	p := &f.pulses
	p.count = 1 + int(d.r.Read(2))
	first := int(d.r.Read(6))
	if first >= len(f.offsets)-1 {
		return corrupt("pulses begin behind the last band")
	}
	line := f.offsets[first]
	for i := range p.count {
		line += int(d.r.Read(5))
		p.height[i] = int(d.r.Read(4))
		if line >= len(f.spectrum) {
			return corrupt("a pulse behind the last line")
		}
		p.line[i] = line
	}
	return nil
}
