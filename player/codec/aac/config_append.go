package aac

// bitWriter appends fields of bits, the most significant first.
type bitWriter struct {
	out  []byte
	free int // bits of the last byte that aren't written
}

func (w *bitWriter) write(n int, v int) {
	for n > 0 {
		if w.free == 0 {
			w.out, w.free = append(w.out, 0), 8
		}
		take := min(n, w.free)
		part := v >> (n - take) & (1<<take - 1)
		w.out[len(w.out)-1] |= byte(part << (w.free - take))
		n, w.free = n-take, w.free-take
	}
}

func (w *bitWriter) writeObjectType(t int) {
	if t < typeEscape {
		w.write(5, t)
		return
	}
	w.write(5, typeEscape)
	w.write(6, t-32)
}

func (w *bitWriter) writeRate(rate int) {
	for i, r := range rates {
		if r == rate {
			w.write(4, i)
			return
		}
	}
	w.write(4, 15)
	w.write(24, rate)
}

// Append appends the AudioSpecificConfig that ParseConfig reads as c. SBR and PS that are Present are
// said in front of the core's object type, where no decoder can miss them; Absent behind it. The zero
// FrameLength and ObjectType stand for 1024 frames and Low Complexity, the zero OutputRate for twice
// the SampleRate.
func (c Config) Append(asc []byte) []byte {
	w := bitWriter{}
	core := c.ObjectType
	if core == 0 {
		core = typeLowComplexity
	}
	first := core
	if c.SBR == Present {
		first = typeSBR
		if c.PS == Present {
			first = typePS
		}
	}
	w.writeObjectType(first)
	w.writeRate(c.SampleRate)
	w.write(4, c.ChannelConfig)
	if c.SBR == Present {
		w.writeRate(c.outputRate())
		w.writeObjectType(core)
	}
	if c.FrameLength == 960 {
		w.write(1, 1)
	} else {
		w.write(1, 0)
	}
	w.write(2, 0) // dependsOnCoreCoder, extensionFlag
	switch {
	case c.ChannelConfig != 0:
	case c.program != nil:
		c.program.write(&w, c.SampleRate)
	case c.SBR == Absent: // what follows would be read as the list of elements: there must be one
		(&program{}).write(&w, c.SampleRate)
	}
	if c.SBR == Absent {
		w.write(11, syncSBR)
		w.writeObjectType(typeSBR)
		w.write(1, 0)
	}
	return append(asc, w.out...)
}

// maxOutputRate is the highest rate that SBR doubles to; above it the tool runs downsampled
// (4.6.18.4.3).
const maxOutputRate = 96000

// outputRate is the rate of what the decoder gives.
func (c Config) outputRate() int {
	switch {
	case c.SBR != Present:
		return c.SampleRate
	case c.OutputRate == c.SampleRate || 2*c.SampleRate > maxOutputRate:
		return c.SampleRate
	}
	return 2 * c.SampleRate
}
