package sbr_test

import (
	"math/rand/v2"

	"github.com/segue-audio/segue/player/codec/aac/internal/codebook"
	"github.com/segue-audio/segue/player/codec/aac/internal/sbr"
)

// Encoders use a part of the syntax. Here streams are made up: any header, any grid, any way to code
// differences, any stereo parameters, over a core whose spectrum is a few random lines. They sound like
// nothing, but every decoder must make the same of them.

// bitWriter appends fields of bits, the most significant first.
type bitWriter struct {
	out  []byte
	bits int
}

func (w *bitWriter) write(n, v int) {
	for n--; n >= 0; n-- {
		if w.bits%8 == 0 {
			w.out = append(w.out, 0)
		}
		w.out[w.bits/8] |= byte(v>>n&1) << (7 - w.bits%8)
		w.bits++
	}
}

func (w *bitWriter) flag(v bool) bool {
	if v {
		w.write(1, 1)
	} else {
		w.write(1, 0)
	}
	return v
}

// append appends what another writer has.
func (w *bitWriter) append(v *bitWriter) {
	for i := range v.bits {
		w.write(1, int(v.out[i/8]>>(7-i%8)))
	}
}

// code writes the code of a number, and tells whether there is one.
func (w *bitWriter) code(codes []codebook.Code, value int) bool {
	next := 0
	for _, c := range codes {
		if int(c[1]) == value {
			w.write(int(c[0]), next>>(20-c[0]))
			return true
		}
		next += 1 << (20 - c[0])
	}
	return false
}

// madeUp is the state of a made-up stream's encoder.
type madeUp struct {
	rng       *rand.Rand
	coreRate  int
	channels  int
	header    sbr.Header
	low, high []int
	noise     int
	ps        *madeUpStereo

	end   [2]int // how far the last frame's envelopes reached into this one, in time slots
	level [2][]int
	fine  [2]bool // of the last envelope: high resolution
	floor [2][]int

	coupled bool
}

// twoRegions are headers whose master tables take the rarer turns: two regions, of which the second's
// bands are to be widened, as far as they can be, or are fewer.
var twoRegions = []struct {
	coreRate           int
	start, stop, scale uint8
	alter              bool
}{
	{24000, 7, 15, 1, false}, {24000, 13, 11, 3, false}, {24000, 3, 4, 2, true}, {24000, 11, 9, 2, true}, {24000, 4, 3, 3, false},
}

// newMadeUp chooses a stream's header.
func newMadeUp(seed uint64, coreRate, channels int) *madeUp {
	m := &madeUp{rng: rand.New(rand.NewPCG(seed, 7)), coreRate: coreRate, channels: channels}
	for tries := 0; ; {
		r := m.rng
		m.header = sbr.Header{
			AmpRes: uint8(r.IntN(2)), StartFreq: uint8(r.IntN(16)), StopFreq: uint8(r.IntN(16)), XoverBand: uint8(r.IntN(3)),
			FreqScale: uint8(r.IntN(4)), NoiseBands: uint8(r.IntN(4)),
			LimiterBands: uint8(r.IntN(4)), LimiterGains: uint8(r.IntN(4)),
			AlterScale: r.IntN(2) == 0, Interpolate: r.IntN(2) == 0, SmoothingMode: r.IntN(2) == 0,
		}
		if tries++; seed < uint64(len(twoRegions)) && tries < 1000 {
			p := twoRegions[seed]
			m.coreRate = p.coreRate
			m.header.StartFreq, m.header.StopFreq, m.header.FreqScale, m.header.AlterScale = p.start, p.stop, p.scale, p.alter
		}
		var err error
		if m.low, m.high, m.noise, err = m.header.Borders(m.coreRate); err == nil && len(m.high) > 4 {
			break
		}
	}
	for ch := range m.level {
		m.level[ch], m.floor[ch] = make([]int, len(m.low)-1), make([]int, m.noise)
	}
	return m
}

func (m *madeUp) writeHeader(w *bitWriter) {
	h := m.header
	w.write(1, int(h.AmpRes))
	w.write(4, int(h.StartFreq))
	w.write(4, int(h.StopFreq))
	w.write(3, int(h.XoverBand))
	w.write(2, 0)
	w.write(2, 3)
	w.write(2, int(h.FreqScale))
	w.flag(h.AlterScale)
	w.write(2, int(h.NoiseBands))
	w.write(2, int(h.LimiterBands))
	w.write(2, int(h.LimiterGains))
	w.flag(h.Interpolate)
	w.flag(h.SmoothingMode)
}

// madeUpGrid is what the rest of a payload needs of a grid.
type madeUpGrid struct {
	fine   []bool // resolution of each envelope
	noises int
	ampRes int
	end    int
}

// grid writes sbr_grid(). Borders are drawn until they make sense: they begin where the last frame's
// ended and rise.
func (m *madeUp) grid(w *bitWriter, from int) madeUpGrid {
	const slots = 16
	r := m.rng
	g := madeUpGrid{ampRes: int(m.header.AmpRes)}
	class := r.IntN(2) // FIXFIX or FIXVAR
	if from > 0 {
		class += 2 // VARFIX or VARVAR
	}
	w.write(2, class)
	if class == 0 {
		count := r.IntN(3)
		w.write(2, count)
		if count == 0 {
			g.ampRes = 0
		}
		fine := w.flag(r.IntN(2) == 0)
		for range 1 << count {
			g.fine = append(g.fine, fine)
		}
		g.noises = min(2, len(g.fine))
		return g
	}
	var lead, trail []int
	for {
		g.end, lead, trail = 0, nil, nil
		if class != 2 {
			g.end = r.IntN(4)
		}
		first, last := from, slots+g.end
		if class != 1 {
			for range r.IntN(4) {
				lead = append(lead, r.IntN(4))
				first += 2*lead[len(lead)-1] + 2
			}
		}
		if class != 2 {
			for range r.IntN(4) {
				trail = append(trail, r.IntN(4))
				last -= 2*trail[len(trail)-1] + 2
			}
		}
		if first < last && len(lead)+len(trail) < 5 {
			break
		}
	}
	if class != 1 {
		w.write(2, from)
	}
	if class != 2 {
		w.write(2, g.end)
	}
	if class != 1 {
		w.write(2, len(lead))
	}
	if class != 2 {
		w.write(2, len(trail))
	}
	for _, v := range append(lead, trail...) {
		w.write(2, v)
	}
	count := len(lead) + len(trail) + 1
	g.fine = make([]bool, count)
	bits := 0
	for 1<<bits < count+1 {
		bits++
	}
	w.write(bits, r.IntN(count+1))
	for i := range count {
		fine := w.flag(r.IntN(2) == 0)
		if class == 1 {
			g.fine[count-1-i] = fine
		} else {
			g.fine[i] = fine
		}
	}
	g.noises = min(2, count)
	return g
}

// covering gives, for each of the bands to, which of the bands from covers its lower end.
func covering(from, to []int) []int {
	var list []int
	for _, k := range to[:len(to)-1] {
		i := 0
		for i+2 < len(from) && from[i+1] <= k {
			i++
		}
		list = append(list, i)
	}
	return list
}

func (m *madeUp) borders(fine bool) []int {
	if fine {
		return m.high
	}
	return m.low
}

// numbers writes a row of numbers drawn by draw, coded as differences to was or to each other.
func (m *madeUp) numbers(w *bitWriter, inTime bool, first int, was []int, count, step int, freq, time []codebook.Code, draw func() int) []int {
	row := make([]int, count)
	for k := range row {
		for {
			v := draw() / step
			if !inTime && k == 0 {
				w.write(first, v)
				row[k] = v * step
				break
			}
			codes, reference := freq, 0
			if inTime {
				codes, reference = time, was[k]/step
			} else {
				reference = row[k-1] / step
			}
			if w.code(codes, v-reference) {
				row[k] = v * step
				break
			}
		}
	}
	return row
}

// envelopes writes sbr_envelope(), balance for a pair's second channel.
func (m *madeUp) envelopes(w *bitWriter, ch int, g madeUpGrid, inTime []bool, balance bool) {
	first, step := 7-g.ampRes, 1
	freq, time := codebook.FreqEnvelope15dB, codebook.TimeEnvelope15dB
	if g.ampRes == 1 {
		freq, time = codebook.FreqEnvelope3dB, codebook.TimeEnvelope3dB
	}
	middle, width := 24, 14
	if balance {
		first, step = first-1, 2
		freq, time = codebook.FreqEnvelopeBalance15dB, codebook.TimeEnvelopeBalance15dB
		if g.ampRes == 1 {
			freq, time = codebook.FreqEnvelopeBalance3dB, codebook.TimeEnvelopeBalance3dB
		}
		middle, width = 24, 16
	}
	if g.ampRes == 1 {
		middle, width = middle/2, width/2
	}
	for e, fine := range g.fine {
		to := m.borders(fine)
		var was []int
		for _, i := range covering(m.borders(m.fine[ch]), to) {
			was = append(was, m.level[ch][i])
		}
		m.level[ch] = m.numbers(w, inTime[e], first, was, len(to)-1, step, freq, time,
			func() int { return middle + m.rng.IntN(width) - width/2 })
		m.fine[ch] = fine
	}
}

func (m *madeUp) floors(w *bitWriter, ch int, inTime []bool, balance bool) {
	freq, time, step := codebook.FreqEnvelope3dB, codebook.TimeNoise3dB, 1
	draw := func() int { return m.rng.IntN(20) }
	if balance {
		freq, time, step = codebook.FreqEnvelopeBalance3dB, codebook.TimeNoiseBalance3dB, 2
		draw = func() int { return 12 + m.rng.IntN(8) - 4 }
	}
	for n := range inTime {
		m.floor[ch] = m.numbers(w, inTime[n], 5, m.floor[ch], m.noise, step, freq, time, draw)
	}
}

// payload writes what follows EXT_SBR_DATA. The first has a header and no differences in time.
func (m *madeUp) payload(first bool) *bitWriter {
	w := &bitWriter{}
	r := m.rng
	if w.flag(first || r.IntN(4) == 0) {
		m.writeHeader(w)
	}
	if w.flag(r.IntN(8) == 0) { // bs_data_extra
		w.write(4*m.channels, 5)
	}
	pair := m.channels == 2
	m.coupled = pair && w.flag(r.IntN(2) == 0 && m.end[0] == m.end[1])
	var g [2]madeUpGrid
	g[0] = m.grid(w, m.end[0])
	g[1] = g[0]
	if pair && !m.coupled {
		g[1] = m.grid(w, m.end[1])
	}
	var inTime, noiseInTime [2][]bool
	for ch := range m.channels {
		for range g[ch].fine {
			inTime[ch] = append(inTime[ch], w.flag(!first && r.IntN(2) == 0))
		}
		for range g[ch].noises {
			noiseInTime[ch] = append(noiseInTime[ch], w.flag(!first && r.IntN(2) == 0))
		}
		m.end[ch] = g[ch].end
	}
	filtered := m.channels
	if m.coupled {
		filtered = 1
	}
	for range filtered * m.noise {
		w.write(2, r.IntN(4))
	}
	// Differences in time need numbers that a channel's last can be told from. After a change of
	// coupling or of resolution in level the ranges differ, and the draws go on until a code fits.
	if m.coupled {
		for ch := range 2 {
			m.envelopes(w, ch, g[ch], inTime[ch], ch == 1)
			m.floors(w, ch, noiseInTime[ch], ch == 1)
		}
	} else {
		for ch := range m.channels {
			m.envelopes(w, ch, g[ch], inTime[ch], false)
		}
		for ch := range m.channels {
			m.floors(w, ch, noiseInTime[ch], false)
		}
	}
	for range m.channels {
		if w.flag(r.IntN(2) == 0) {
			for range len(m.high) - 1 {
				w.flag(r.IntN(6) == 0)
			}
		}
	}
	m.extension(w, first)
	return w
}

func (m *madeUp) extension(w *bitWriter, first bool) {
	if !w.flag(m.ps != nil) {
		return
	}
	e := &bitWriter{}
	e.write(2, 2)
	m.ps.write(e, first)
	e.write((8-e.bits%8)%8, 0)
	size := e.bits / 8
	w.write(4, min(size, 15))
	if size >= 15 {
		w.write(8, size-15)
	}
	w.append(e)
}

// frame writes a raw_data_block: the core's element, a fill element with the payload, the end.
func (m *madeUp) frame(payload *bitWriter) []byte {
	w := &bitWriter{}
	if m.channels == 2 {
		w.write(3, 1)
		w.write(4, 0)
		w.flag(true) // common_window
		m.window(w)
		w.write(2, 0) // ms_mask_present
	} else {
		w.write(3, 0)
		w.write(4, 0)
	}
	for range m.channels {
		m.coreChannel(w)
	}
	w.write(3, 6)
	size := (4 + payload.bits + 7) / 8
	w.write(4, min(size, 15))
	if size >= 15 {
		w.write(8, size-15+1)
	}
	w.write(4, 13)
	w.append(payload)
	w.write(8*size-4-payload.bits, 0)
	w.write(3, 7)
	return w.out
}

// coreBands is num_swb of long windows.
func (m *madeUp) coreBands() int {
	return map[int]int{96000: 41, 48000: 49, 44100: 49, 32000: 51, 24000: 47, 22050: 47, 16000: 43, 12000: 43, 11025: 43, 8000: 40}[m.coreRate]
}

func (m *madeUp) window(w *bitWriter) {
	w.write(1, 0) // reserved
	w.write(2, 0) // only long
	w.write(1, m.rng.IntN(2))
	w.write(6, m.coreBands())
	w.write(1, 0) // no prediction
}

// coreChannel writes an individual_channel_stream of a few lines of equal strength.
func (m *madeUp) coreChannel(w *bitWriter) {
	w.write(8, 140+m.rng.IntN(8)) // global_gain
	if m.channels == 1 {
		m.window(w)
	}
	w.write(4, 1) // codebook 1 for all bands
	n := m.coreBands()
	for ; n >= 31; n -= 31 {
		w.write(5, 31)
	}
	w.write(5, n)
	for range m.coreBands() {
		w.write(1, 0) // scale factor as before
	}
	w.write(3, 0) // pulses, TNS, gain control
	for range 256 {
		if m.rng.IntN(3) == 0 {
			w.write(5, 16+m.rng.IntN(8)) // one line of ±1
		} else {
			w.write(1, 0)
		}
	}
}
