package sbr_test

import (
	"math/rand/v2"

	"github.com/segue-audio/segue/player/codec/aac/internal/codebook"
)

// madeUpStereo makes up ps_data().
type madeUpStereo struct {
	rng              *rand.Rand
	iidMode, iccMode int // below 0: not there
	phases           bool
	iid, icc         []int
	ipd, opd         []int
}

var stereoBands = [3]int{10, 20, 34}

// newMadeUpStereo chooses the modes. Phases only come with the layout that they are for: what becomes
// of those for other counts of bands decoders see differently.
func newMadeUpStereo(seed uint64) *madeUpStereo {
	p := &madeUpStereo{rng: rand.New(rand.NewPCG(seed, 11))}
	p.iidMode, p.iccMode = p.rng.IntN(7)-1, p.rng.IntN(7)-1
	wide := p.iidMode >= 0 && p.iidMode%3 == 2 || p.iccMode >= 0 && p.iccMode%3 == 2
	p.phases = p.iidMode >= 0 && (p.iidMode%3 == 1 && !wide || p.iidMode%3 == 2) && p.rng.IntN(2) == 0
	count := func(mode int) []int {
		if mode < 0 {
			return nil
		}
		return make([]int, stereoBands[mode%3])
	}
	p.iid, p.icc = count(p.iidMode), count(p.iccMode)
	if p.phases {
		n := map[int]int{20: 11, 34: 17}[len(p.iid)]
		p.ipd, p.opd = make([]int, n), make([]int, n)
	}
	return p
}

func (p *madeUpStereo) write(w *bitWriter, first bool) {
	r := p.rng
	if w.flag(first || r.IntN(4) == 0) {
		if w.flag(p.iidMode >= 0) {
			w.write(3, p.iidMode)
		}
		if w.flag(p.iccMode >= 0) {
			w.write(3, p.iccMode)
		}
		w.flag(p.phases)
	}
	count := 0
	if w.flag(r.IntN(2) == 0) {
		count = 1 + r.IntN(4)
		w.write(2, count-1)
		for e := range count {
			w.write(5, 32*(e+1)/count-1-r.IntN(32/count))
		}
	} else {
		index := r.IntN(4)
		if first {
			index = 1 + r.IntN(3)
		}
		w.write(2, index)
		count = [4]int{0, 1, 2, 4}[index]
	}
	freq, time, reach := codebook.IIDFreq, codebook.IIDTime, 7
	if p.iidMode > 2 {
		freq, time, reach = codebook.IIDFineFreq, codebook.IIDFineTime, 15
	}
	p.rows(w, count, first, p.iid, freq, time, func(int) int { return near(r, reach) }, false)
	p.rows(w, count, first, p.icc, codebook.ICCFreq, codebook.ICCTime, func(int) int { return max(0, min(7, 2+near(r, 5))) }, false)
	if !p.phases {
		return
	}
	e := &bitWriter{}
	e.write(2, 0)
	e.flag(true)
	// The bands that lines of negative frequency belong to stay without phase: decoders disagree on
	// which way those turn while they change.
	draw := func(b int) int {
		if b < 3 || b == 10 && len(p.ipd) == 17 {
			return 0
		}
		return r.IntN(8)
	}
	for range count {
		p.rows(e, 1, first, p.ipd, codebook.IPDFreq, codebook.IPDTime, draw, true)
		p.rows(e, 1, first, p.opd, codebook.OPDFreq, codebook.OPDTime, draw, true)
		first = false
	}
	e.flag(false)
	e.write((8-e.bits%8)%8, 0)
	size := e.bits / 8
	w.write(4, min(size, 15))
	if size >= 15 {
		w.write(8, size-15)
	}
	w.append(e)
}

// near draws a number up to reach, mostly a small one: a fill element has room for 269 bytes.
func near(r *rand.Rand, reach int) int {
	if r.IntN(8) > 0 {
		reach = 1
	}
	return r.IntN(2*reach+1) - reach
}

// rows writes the parameters of count envelopes and leaves the last in row.
func (p *madeUpStereo) rows(w *bitWriter, count int, first bool, row []int, freq, time []codebook.Code, draw func(b int) int, wrap bool) {
	if row == nil {
		return
	}
	for range count {
		inTime := w.flag(!first && p.rng.IntN(2) == 0)
		first = false
		last := 0
		for b := range row {
			for {
				v := draw(b)
				codes, difference := freq, v-last
				if inTime {
					codes, difference = time, v-row[b]
				}
				if wrap {
					difference &= 7
				}
				if w.code(codes, difference) {
					row[b], last = v, v
					break
				}
			}
		}
	}
}
