package alac

import "github.com/segue-audio/segue/player/codec/internal/bitstream"

const (
	maxOrder = 31
	// orderDelta is the order that stands for no filter but the difference to the last sample.
	orderDelta = 31
)

// prediction is a channel's filter: it predicts a sample from the order ones before it, and after
// each sample turns its weights a step towards what would have predicted it better.
type prediction struct {
	twice        bool   // the noise is itself coded as differences
	shift        uint   // bits to drop of the weighted sum
	historyScale uint32 // in quarters: scales the configuration's history weight
	order        int
	weights      [maxOrder]int16 // of the last sample, of the one before it, and so on
}

// read reads a filter from an element's header.
func (p *prediction) read(r *bitstream.Reader) {
	p.twice, p.shift = r.Read(4) != 0, uint(r.Read(4))
	p.historyScale, p.order = r.Read(3), int(r.Read(5))
	for i := range p.order {
		p.weights[i] = int16(r.Read(16))
	}
}

// add makes samples of noise, in place: the noise plus what is predicted, in numbers of depth bits
// that wrap around.
func (p *prediction) add(s []int32, depth int) {
	if p.twice {
		addDelta(s, depth)
	}
	switch {
	case p.order == 0:
	case p.order == orderDelta:
		addDelta(s, depth)
	default:
		// Until there are samples for the filter, each is coded as the difference to the last.
		warm := min(p.order+1, len(s))
		addDelta(s[:warm], depth)
		p.filter(s, depth)
	}
}

// addDelta makes samples of differences.
func addDelta(s []int32, depth int) {
	for i := 1; i < len(s); i++ {
		s[i] = wrap(s[i]+s[i-1], depth)
	}
}

// filter predicts the difference between a sample and the one order + 1 before it, from the
// differences of those between. Sums wrap around at 32 bits, in every decoder.
func (p *prediction) filter(s []int32, depth int) {
	weights := p.weights[:p.order]
	var half int32
	if p.shift > 0 {
		half = 1 << (p.shift - 1)
	}
	for i := p.order + 1; i < len(s); i++ {
		base := s[i-p.order-1]
		past := s[i-p.order : i]
		sum := half
		for k, w := range weights {
			sum += int32(w) * (past[len(past)-1-k] - base)
		}
		noise := s[i]
		s[i] = wrap(noise+base+sum>>p.shift, depth)
		if noise != 0 {
			p.learn(past, base, noise)
		}
	}
}

// learn turns each weight by one towards the sign of the noise, the oldest sample's first, until as
// much as the noise was is accounted for.
func (p *prediction) learn(past []int32, base, noise int32) {
	direction := int32(1)
	if noise < 0 {
		direction = -1
	}
	left := noise * direction
	for k, v := range past {
		difference := base - v
		step := sign(difference) * direction
		p.weights[len(past)-1-k] -= int16(step)
		// Shifted with the sign that it has in the sum: right shifts round down.
		left -= direction * ((difference * step) >> p.shift) * int32(k+1)
		if left <= 0 {
			return
		}
	}
}

func sign(v int32) int32 { return v>>31 | int32(uint32(-v)>>31) }

// wrap keeps the low depth bits, 1 to 32, and their sign.
func wrap(v int32, depth int) int32 { return v << (32 - depth) >> (32 - depth) }
