package alac

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
)

// bitWriter writes fields of bits, the most significant first.
type bitWriter struct {
	b    []byte
	used int // bits of the last byte; zero where it is full
}

func (w *bitWriter) write(v uint64, n int) {
	for n--; n >= 0; n-- {
		if w.used == 0 {
			w.b = append(w.b, 0)
		}
		w.b[len(w.b)-1] |= byte(v>>n&1) << (7 - w.used)
		w.used = (w.used + 1) & 7
	}
}

// encoder makes packets by lot, to try what encoders don't: every order, shift, depth, mixing, plain
// and short packets, elements that are no sound. It finds a sample's noise by asking the filter under
// test, so that others have to decode the packets too (TestPacketsAsOthers).
type encoder struct {
	rng    *rand.Rand
	config config
	// tame leaves out what ffmpeg doesn't decode: elements that are no sound, plain pairs of 32 bits, and
	// a history that stays zero.
	tame bool
}

func (e *encoder) cookie() []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(e.config.frames))
	b = append(b, 0, byte(e.config.depth), byte(e.config.historyWeight), byte(e.config.history), byte(e.config.maxParameter), byte(e.config.channels))
	b = append(b, make([]byte, 10)...)
	return binary.BigEndian.AppendUint32(b, uint32(e.config.rate))
}

// pairs are the elements of each count of channels: 1 for a single one, 2 for a pair.
var pairs = [9][]int{1: {1}, 2: {2}, 3: {1, 2}, 4: {1, 2, 1}, 5: {1, 2, 2}, 6: {1, 2, 2, 1}, 7: {1, 2, 2, 1, 1}, 8: {1, 2, 2, 2, 1}}

// encode makes a packet of samples, a slice a channel in the packet's order.
func (e *encoder) encode(samples [][]int32) []byte {
	w := &bitWriter{}
	layout := pairs[len(samples)]
	for i, n := range layout {
		other := e.rng.IntN(8)
		if e.tame {
			other = -1
		}
		switch other {
		case 0:
			w.write(fill, 3)
			w.write(2, 4)
			w.write(0xabcd, 16)
		case 1:
			w.write(fill, 3)
			w.write(15, 4)
			w.write(4, 8)
			w.b = append(w.b, make([]byte, 18)...)
		case 2:
			w.write(dataStream, 3)
			w.write(0, 4)
			w.write(1, 1)
			w.write(3, 8)
			w.used = 0
			w.write(0x123456, 24)
		}
		kind := singleChannel
		switch {
		case n == 2:
			kind = channelPair
		case i == len(layout)-1 && len(samples) > 5:
			kind = lowFrequency
		}
		w.write(uint64(kind), 3)
		e.encodeElement(w, samples[:n])
		samples = samples[n:]
	}
	w.write(end, 3)
	return w.b
}

func (e *encoder) encodeElement(w *bitWriter, samples [][]int32) {
	w.write(0, 4+12)
	n := len(samples[0])
	partial := uint64(0)
	if n != e.config.frames || e.rng.IntN(4) == 0 {
		partial = 1
	}
	w.write(partial, 1)
	shift := 0
	if e.config.depth > 16 {
		shift = 8 * e.rng.IntN(2)
	}
	if e.config.depth == 32 {
		shift = 16
	}
	plain := e.rng.IntN(6) == 0 && !(e.tame && len(samples) == 2 && e.config.depth == 32)
	if plain {
		shift = 0
	}
	w.write(uint64(shift/8), 2)
	if plain {
		w.write(1, 1)
	} else {
		w.write(0, 1)
	}
	if partial == 1 {
		w.write(uint64(n), 32)
	}
	if plain {
		for i := range samples[0] {
			for _, s := range samples {
				w.write(uint64(s[i]), e.config.depth)
			}
		}
		return
	}
	e.encodePredicted(w, samples, shift)
}

func (e *encoder) encodePredicted(w *bitWriter, samples [][]int32, shift int) {
	depth := e.config.depth - shift
	coded := make([][]int32, len(samples))
	for c, s := range samples {
		for _, v := range s {
			coded[c] = append(coded[c], v>>shift)
		}
	}
	mixing := mixing{}
	if len(samples) == 2 {
		depth++
		if e.rng.IntN(3) > 0 {
			mixing.bits, mixing.weight = uint(1+e.rng.IntN(3)), int32(1+e.rng.IntN(3))
		}
		if mixing.weight != 0 {
			for i, l := range coded[0] {
				r := coded[1][i]
				coded[0][i], coded[1][i] = r+mixing.weight*(l-r)>>mixing.bits, l-r
			}
		}
	}
	w.write(uint64(mixing.bits), 8)
	w.write(uint64(mixing.weight), 8)
	how := make([]prediction, len(samples))
	for c := range how {
		how[c] = e.prediction()
		how[c].writeTo(w)
	}
	if shift > 0 {
		for i := range samples[0] {
			for _, s := range samples {
				w.write(uint64(s[i]), shift)
			}
		}
	}
	for c, s := range coded {
		p := how[c]
		code := golomb{weight: e.config.historyWeight * p.historyScale / 4, history: e.config.history,
			maxParameter: e.config.maxParameter, depth: uint(depth)}
		code.write(w, p.noise(s, depth))
	}
}

func (e *encoder) prediction() (p prediction) {
	p.historyScale = 4
	if e.rng.IntN(3) == 0 {
		p.historyScale = uint32(e.rng.IntN(8))
	}
	if e.tame && p.historyScale == 0 {
		p.historyScale = 1
	}
	if e.rng.IntN(8) == 0 {
		p.twice = true
	}
	p.shift, p.order = uint(4+e.rng.IntN(8)), e.rng.IntN(32)
	if e.rng.IntN(2) == 0 {
		p.shift, p.order = 9, 4*(1+e.rng.IntN(2))
	}
	for i := range p.order {
		p.weights[i] = int16(e.rng.IntN(1<<p.shift) >> (i + 1))
	}
	return p
}

func (p *prediction) writeTo(w *bitWriter) {
	mode := uint64(0)
	if p.twice {
		mode = 15
	}
	w.write(mode, 4)
	w.write(uint64(p.shift), 4)
	w.write(uint64(p.historyScale), 3)
	w.write(uint64(p.order), 5)
	for _, v := range p.weights[:p.order] {
		w.write(uint64(v), 16)
	}
}

// noise is what add makes s of.
func (p prediction) noise(s []int32, depth int) []int32 {
	out := make([]int32, len(s))
	copy(out, s)
	delta := func(to int) {
		for i := to - 1; i > 0; i-- {
			out[i] = wrap(out[i]-out[i-1], depth)
		}
	}
	switch {
	case p.order == orderDelta:
		delta(len(s))
	case p.order > 0:
		delta(min(p.order+1, len(s)))
		for i := p.order + 1; i < len(s); i++ {
			// With no noise, a step of the filter gives its prediction alone.
			last := append([]int32{}, s[i-p.order-1:i]...)
			still := p
			still.filter(append(last, 0), depth)
			predicted := append(last, 0)
			still = p
			still.filter(predicted, depth)
			out[i] = wrap(s[i]-predicted[len(predicted)-1], depth)
			if out[i] != 0 {
				p.learn(s[i-p.order:i], s[i-p.order-1], out[i])
			}
		}
	}
	if p.twice {
		delta(len(s))
	}
	return out
}

// write is the other way of read.
func (g *golomb) write(w *bitWriter, s []int32) {
	behindRun := uint32(0)
	for i := 0; i < len(s); i++ {
		k := min(uint(bits.Len32(g.history>>historyBits+3))-1, g.maxParameter)
		folded := uint32(s[i]<<1 ^ s[i]>>31)
		if g.depth < 32 {
			folded &= 1<<g.depth - 1
		}
		v := folded - behindRun
		writeNumber(w, v, k, 1<<k-1, g.depth)
		g.history += g.weight*folded - g.weight*g.history>>historyBits
		if v > maxHistory {
			g.history = maxHistory
		}
		behindRun = 0
		if g.history >= quiet || i+1 == len(s) {
			continue
		}
		run := 0
		for i+1+run < len(s) && s[i+1+run] == 0 && run < 1<<zeroRunBits-1 {
			run++
		}
		k = uint(bits.LeadingZeros32(g.history)) - 24 + uint(g.history+16)>>6
		writeNumber(w, uint32(run), k, (1<<k-1)&(1<<g.maxParameter-1), zeroRunBits)
		i += run
		g.history = 0
		if run < 1<<zeroRunBits-1 {
			behindRun = 1
		}
	}
}

func writeNumber(w *bitWriter, v uint32, k uint, divisor uint32, plainBits uint) {
	ones, remainder := v/divisor, v%divisor
	if ones >= maxPrefix {
		w.write(1<<maxPrefix-1, maxPrefix)
		w.write(uint64(v), int(plainBits))
		return
	}
	w.write(1<<(ones+1)-2, int(ones)+1)
	if remainder == 0 {
		w.write(0, int(k)-1)
	} else {
		w.write(uint64(remainder)+1, int(k))
	}
}
