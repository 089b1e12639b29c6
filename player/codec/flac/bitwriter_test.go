package flac

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

func (w *bitWriter) write(v int64, n int) {
	for n--; n >= 0; n-- {
		if w.used == 0 {
			w.b = append(w.b, 0)
		}
		w.b[len(w.b)-1] |= byte(v>>n&1) << (7 - w.used)
		w.used = (w.used + 1) & 7
	}
}

func (w *bitWriter) unary(zeros int64) {
	for ; zeros > 0; zeros-- {
		w.write(0, 1)
	}
	w.write(1, 1)
}

// shape says how a frame is to be coded. It tries what encoders don't.
type shape struct {
	rng      *rand.Rand
	channels int
	depth    int
	stereo   stereo
	lavish   bool  // frames may be longer than plain samples are, as no encoder makes them
	kinds    []int // of subframe to choose from: typeConstant, typeVerbatim, typeFixed, typeLinear
}

// encodeFrame codes samples, a slice a channel, as the frame that starts at sample number at of a
// stream with varying block sizes.
func (s shape) encodeFrame(at int, samples [][]int64) []byte {
	n := len(samples[0])
	w := &bitWriter{}
	w.write(0xfff9, 16)
	w.write(7, 4) // the block size in 16 bits
	w.write(0, 4) // the rate is STREAMINFO's
	if s.stereo == independent {
		w.write(int64(s.channels)-1, 4)
	} else {
		w.write(int64(s.stereo)+7, 4)
	}
	w.write(int64(depthCode(s.depth)), 3)
	w.write(0, 1)
	w.b = append(w.b, codeNumber(at)...)
	w.write(int64(n)-1, 16)
	w.write(int64(crc8(w.b)), 8)
	coded := samples
	if s.stereo != independent {
		coded = [][]int64{make([]int64, n), make([]int64, n)}
		for i, l := range samples[0] {
			r := samples[1][i]
			coded[0][i], coded[1][i] = l, r
			switch s.stereo {
			case leftSide:
				coded[1][i] = l - r
			case sideRight:
				coded[0][i] = l - r
			case midSide:
				coded[0][i], coded[1][i] = (l+r)>>1, l-r
			}
		}
	}
	for c, block := range coded {
		depth := s.depth
		if c == s.stereo.side() {
			depth++
		}
		s.encodeSubframe(w, block, depth)
	}
	w.used = 0
	return binary.BigEndian.AppendUint16(w.b, crc16(w.b))
}

// depthCode is section 9.1.4; zero leaves a depth to STREAMINFO.
func depthCode(depth int) int { return map[int]int{8: 1, 12: 2, 16: 4, 20: 5, 24: 6, 32: 7}[depth] }

// codeNumber is section 9.1.5.
func codeNumber(v int) []byte {
	if v < 0x80 {
		return []byte{byte(v)}
	}
	var tail []byte
	room := 6
	for ; v >= 1<<room; room-- { // a byte of six bits more costs the first one of its own
		tail = append([]byte{0x80 | byte(v&0x3f)}, tail...)
		v >>= 6
	}
	return append([]byte{byte(0xff<<(room+1)) | byte(v)}, tail...)
}

func (s shape) encodeSubframe(w *bitWriter, block []int64, depth int) {
	wasted, all := 0, int64(0)
	for _, v := range block {
		all |= v
	}
	if all != 0 && s.rng.IntN(4) > 0 {
		wasted = bits.TrailingZeros64(uint64(all))
	}
	head := func(kind int) {
		w.write(int64(kind), 7)
		w.write(int64(min(wasted, 1)), 1)
		if wasted > 0 {
			w.unary(int64(wasted) - 1)
		}
	}
	depth -= wasted
	shifted := make([]int64, len(block))
	constant := true
	for i, v := range block {
		shifted[i] = v >> wasted
		constant = constant && v == block[0]
	}
	switch kind := s.kinds[s.rng.IntN(len(s.kinds))]; {
	case kind == typeConstant && constant:
		head(kind)
		w.write(shifted[0], depth)
		return
	case kind == typeFixed || kind == typeLinear:
		p := s.predictor(kind, depth, len(block))
		if residual, ok := p.residual(shifted); ok {
			head(kind + p.order - kind/typeLinear)
			for _, v := range shifted[:p.order] {
				w.write(v, depth)
			}
			if kind == typeLinear {
				w.write(14, 4) // 15 bits
				w.write(int64(p.shift), 5)
				for _, v := range p.weights[:p.order] {
					w.write(v, 15)
				}
			}
			s.encodeResidual(w, residual, p.order)
			return
		}
	}
	head(typeVerbatim)
	for _, v := range shifted {
		w.write(v, depth)
	}
}

// predictor is a fixed one or one that adds some noise to a fixed one's weights, of any order.
func (s shape) predictor(kind, depth, size int) (p prediction) {
	p.depth = depth
	fixed := s.rng.IntN(maxFixed + 1)
	if kind == typeFixed {
		p.order = min(fixed, size-1)
		p.weights = fixedWeights[p.order]
		return p
	}
	p.order = min(1+s.rng.IntN(maxOrder), size-1)
	p.shift = uint(s.rng.IntN(12))
	for i := range p.order {
		p.weights[i] = fixedWeights[min(fixed, p.order)][i]<<p.shift + s.rng.Int64N(1<<p.shift)/8
	}
	return p
}

// residual is what p misses by, written as section 9.2.6 has it; false where that isn't of 32 bits.
func (p prediction) residual(v []int64) ([]int64, bool) {
	var out []int64
	for i := p.order; i < len(v); i++ {
		sum := int64(0)
		for k := range p.order {
			sum += p.weights[k] * v[i-1-k]
		}
		r := v[i] - sum>>p.shift
		if r != int64(int32(r)) || r == -1<<31 {
			return nil, false
		}
		out = append(out, r)
	}
	return out, true
}

func (s shape) encodeResidual(w *bitWriter, residual []int64, order int) {
	method := s.rng.IntN(2)
	for _, v := range residual {
		if v != v<<44>>44 {
			method = 1 // small parameters would make it endless
		}
	}
	size := order + len(residual)
	parts := 0
	for size>>parts&1 == 0 && size>>(parts+1) > order && parts < 15 && s.rng.IntN(5) > 0 {
		parts++
	}
	largest := 14 + 16*method
	w.write(int64(method), 2)
	w.write(int64(parts), 4)
	for n := size>>parts - order; n >= 0; n = size >> parts {
		part := residual[:n]
		residual = residual[n:]
		most := int64(0)
		for _, v := range part {
			most = max(most, v, -v)
		}
		need := bits.Len64(uint64(most)) + 1
		k := need - 1
		if s.lavish {
			k -= s.rng.IntN(8)
		}
		k = min(max(0, k), largest)
		if s.rng.IntN(9) == 0 && need <= 31 || most>>k > 1<<10 && need <= 31 {
			if most == 0 {
				need = s.rng.IntN(2)
			}
			w.write(int64(largest)+1, 4+method)
			w.write(int64(need), 5)
			for _, v := range part {
				w.write(v, need)
			}
		} else {
			w.write(int64(k), 4+method)
			for _, v := range part {
				folded := v<<1 ^ v>>63
				w.unary(folded >> k)
				w.write(folded, k)
			}
		}
		if len(residual) == 0 {
			return
		}
	}
}
