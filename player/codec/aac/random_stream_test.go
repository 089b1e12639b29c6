package aac

import "math/rand/v2"

// streamWriter writes raw_data_blocks of random contents: every tool, every codebook, every window, in
// combinations that no encoder would choose. Levels are kept such that sums stay near full scale.
type streamWriter struct {
	bitWriter
	rng   *rand.Rand
	bands *bandTables
	codes [escapeBook + 1]map[int]codeword
	scale map[int]codeword
	// listed tells that the packet has its program: ffmpeg takes no second one.
	listed bool
	short  bool // the packet before ended with a short slope
}

func newStreamWriter(seed uint64, bands *bandTables) *streamWriter {
	w := &streamWriter{rng: rand.New(rand.NewPCG(seed, 9)), bands: bands, scale: index(&scaleFactorCode)}
	for i, s := range shapes {
		w.codes[i+1] = index(s.lengths)
	}
	return w
}

func index(c *codeLengths) map[int]codeword {
	m := map[int]codeword{}
	for _, w := range c.canonical() {
		m[int(w.value)] = w
	}
	return m
}

// block starts a new packet.
func (w *streamWriter) block() { w.bitWriter, w.listed = bitWriter{}, false }

// next chooses a window sequence that may follow the one before.
func (w *streamWriter) next() sequence {
	before := w.short
	w.short = w.rng.IntN(2) == 0
	switch {
	case before && w.short:
		return eightShort
	case before:
		return longStop
	case w.short:
		return longStart
	}
	return onlyLong
}

func (w *streamWriter) end() []byte {
	w.write(3, int(kindEnd))
	return w.out
}

func (w *streamWriter) flag(probability float64) bool {
	if w.rng.Float64() < probability {
		w.write(1, 1)
		return true
	}
	w.write(1, 0)
	return false
}

func (w *streamWriter) window(s sequence) window {
	f := window{sequence: s, shape: uint8(w.rng.IntN(2)), groups: 1, offsets: w.bands.offsets[0]}
	f.grouped[0] = 1
	w.write(1, 0)
	w.write(2, int(s))
	w.write(1, int(f.shape))
	if s != eightShort {
		f.bands = w.rng.IntN(len(f.offsets))
		w.write(6, f.bands)
		w.write(1, 0)
		return f
	}
	f.offsets = w.bands.offsets[1]
	f.bands = w.rng.IntN(len(f.offsets))
	w.write(4, f.bands)
	for range shortWindows - 1 {
		if w.flag(0.5) {
			f.grouped[f.groups-1]++
			continue
		}
		f.grouped[f.groups] = 1
		f.groups++
	}
	return f
}

// What a channel is: it decides which codebooks make sense.
const (
	alone = iota
	leftOfPair
	rightOfPair
)

// single writes a single_channel_element or an lfe_channel_element.
func (w *streamWriter) single(k kind, tag int, s sequence) {
	w.write(3, int(k))
	w.write(4, tag)
	w.stream(nil, alone, s)
}

// pair writes a channel_pair_element.
func (w *streamWriter) pair(tag int, s sequence) {
	w.write(3, int(kindPair))
	w.write(4, tag)
	if !w.flag(0.7) {
		w.stream(nil, alone, s)
		w.stream(nil, alone, s)
		return
	}
	f := w.window(s)
	mask := w.rng.IntN(3)
	w.write(2, mask)
	if mask == middleSideSome {
		for range f.groups * f.bands {
			w.flag(0.5)
		}
	}
	w.stream(&f, leftOfPair, s)
	w.stream(&f, rightOfPair, s)
}

// stream writes an individual_channel_stream.
func (w *streamWriter) stream(common *window, role int, s sequence) (books []int) {
	gain := 120 + w.rng.IntN(40)
	w.write(8, gain)
	var f window
	if common != nil {
		f = *common
	} else {
		f = w.window(s)
	}
	books = w.sections(f, role)
	w.scaleFactors(books, gain)
	if s != eightShort && f.bands > 0 && w.flag(0.3) {
		w.pulses(f)
	} else if s == eightShort || f.bands == 0 {
		w.write(1, 0)
	}
	if w.flag(0.3) {
		w.shaping(f)
	}
	w.write(1, 0)
	w.spectrum(f, books)
	return books
}

// pulses writes pulse_data within the bands that are transmitted.
func (w *streamWriter) pulses(f window) {
	band := w.rng.IntN(f.bands)
	line, end := f.offsets[band], f.offsets[f.bands]
	n := w.rng.IntN(4)
	w.write(2, n)
	w.write(6, band)
	for range n + 1 {
		step := w.rng.IntN(min(32, end-line))
		line += step
		w.write(5, step)
		w.write(4, w.rng.IntN(16))
	}
}

func (w *streamWriter) sections(f window, role int) (books []int) {
	width := 5
	if f.sequence == eightShort {
		width = 3
	}
	for range f.groups {
		for at := 0; at < f.bands; {
			n := 1 + w.rng.IntN(f.bands-at)
			book := w.rng.IntN(16)
			if book == bookReserved || role != rightOfPair && book > bookNoise {
				book = 1 + w.rng.IntN(escapeBook)
			}
			w.write(4, book)
			rest := n
			for ; rest >= 1<<width-1; rest -= 1<<width - 1 {
				w.write(width, 1<<width-1)
			}
			w.write(width, rest)
			for range n {
				books = append(books, book)
			}
			at += n
		}
	}
	return books
}

func (w *streamWriter) difference(d int) {
	c := w.scale[d+differenceZero]
	w.write(c.length, int(c.code))
}

func (w *streamWriter) scaleFactors(books []int, gain int) {
	factor, position, noise := gain, 0, gain-noiseOffset
	first := true
	// towards gives a step from a value to somewhere within a range.
	towards := func(from *int, low, high int) int {
		d := max(min(low+w.rng.IntN(high-low)-*from, 60), -60)
		*from += d
		return d
	}
	for _, book := range books {
		switch {
		case book == bookZero:
		case book == bookNoise && first:
			first = false
			start := 50 + w.rng.IntN(20)
			w.write(9, start-noise+noiseFirst)
			noise = start
		case book == bookNoise:
			w.difference(towards(&noise, 40, 80))
		case book > bookNoise:
			w.difference(towards(&position, -8, 20))
		default:
			w.difference(towards(&factor, 110, 160))
		}
	}
}

func (w *streamWriter) shaping(f window) {
	windows, countBits, lengthBits, orderBits := 1, 2, 6, 5
	if f.sequence == eightShort {
		windows, countBits, lengthBits, orderBits = shortWindows, 1, 4, 3
	}
	for range windows {
		n := w.rng.IntN(1 << countBits)
		w.write(countBits, n)
		if n == 0 {
			continue
		}
		resolution := w.rng.IntN(2)
		w.write(1, resolution)
		for range n {
			w.write(lengthBits, w.rng.IntN(1<<lengthBits))
			order := w.rng.IntN(min(1<<orderBits, maxOrder+1))
			w.write(orderBits, order)
			if order == 0 {
				continue
			}
			w.flag(0.5)
			compressed := w.rng.IntN(2)
			w.write(1, compressed)
			for range order {
				width := 3 + resolution - compressed
				code := w.rng.IntN(3) - 1 // steep filters would leave nothing but their own ringing
				w.write(width, code&(1<<width-1))
			}
		}
	}
}

func (w *streamWriter) spectrum(f window, books []int) {
	for g := range f.groups {
		for b := range f.bands {
			book := books[g*f.bands+b]
			if book == bookZero || book > escapeBook {
				continue
			}
			s := shapes[book-1]
			for range f.grouped[g] {
				for k := f.offsets[b]; k < f.offsets[b+1]; k += s.dim {
					w.tuple(book, s)
				}
			}
		}
	}
}

// tuple writes the values of a codeword, small ones mostly.
func (w *streamWriter) tuple(book int, s bookShape) {
	symbol := 0
	values := make([]int, s.dim)
	for i := range values {
		v := w.rng.IntN(min(s.max, 15) + 1)
		if w.rng.IntN(3) > 0 {
			v = w.rng.IntN(2)
		}
		if w.rng.IntN(2) == 0 {
			v = -v
		}
		if book == escapeBook && w.rng.IntN(200) == 0 {
			v = 16 + w.rng.IntN(1<<(4+w.rng.IntN(7)))
		}
		values[i] = v
		if s.signed {
			symbol = symbol*(2*s.max+1) + v + s.max
		} else {
			symbol = symbol*(s.max+1) + min(max(v, -v), s.max)
		}
	}
	c := w.codes[book][symbol]
	w.write(c.length, int(c.code))
	if s.signed {
		return
	}
	for _, v := range values {
		if v < 0 {
			w.write(1, 1)
		} else if v > 0 {
			w.write(1, 0)
		}
	}
	for _, v := range values {
		if v = max(v, -v); book != escapeBook || v < escapeMark {
			continue
		}
		n := 4
		for v >= 2<<n {
			n++
			w.write(1, 1)
		}
		w.write(1, 0)
		w.write(n, v-1<<n)
	}
}

// others writes what stands between channels without belonging to any.
func (w *streamWriter) others(p *program, rate int) {
	if w.rng.IntN(4) == 0 { // data_stream_element
		w.write(3, int(kindData))
		w.write(4, w.rng.IntN(16))
		align := w.flag(0.5)
		n := w.rng.IntN(300)
		w.write(8, min(n, 255))
		if n >= 255 {
			w.write(8, n-255)
		}
		if align {
			w.free = 0
		}
		w.junk(n)
	}
	if w.rng.IntN(4) == 0 { // fill_element with an extension type that no one knows
		n := w.rng.IntN(40)
		w.write(3, int(kindFill))
		w.write(4, min(n, 15))
		if n >= 15 {
			w.write(8, n-14)
		}
		if n > 0 {
			w.write(8, 0x20)
			w.junk(n - 1)
		}
	}
	if !w.listed && w.rng.IntN(8) == 0 {
		w.listed = true
		w.write(3, int(kindProgram))
		p.write(&w.bitWriter, rate)
	}
}

func (w *streamWriter) junk(n int) {
	for range n {
		w.write(8, w.rng.IntN(256))
	}
}

// coupling writes a coupling_channel_element for a program of a single element and a pair.
func (w *streamWriter) coupling(tag int, s sequence) {
	w.write(3, int(kindCoupling))
	w.write(4, tag)
	independent := tag >= 4 // as a stream would have it: always or never
	w.write(1, map[bool]int{true: 1}[independent])
	targets := 1 + w.rng.IntN(3)
	w.write(3, targets-1)
	lists := 0
	for range targets {
		lists++
		if !w.flag(0.6) {
			w.write(4, 0)
			continue
		}
		w.write(4, 0)
		left, right := w.flag(0.6), w.flag(0.6)
		if left && right {
			lists++
		}
	}
	w.flag(0.5)               // cc_domain
	w.flag(0.5)               // gain_element_sign
	w.write(2, w.rng.IntN(3)) // gain_element_scale
	books := w.stream(nil, alone, s)
	for range lists - 1 {
		if independent || w.flag(0.5) {
			w.difference(w.rng.IntN(9) - 2)
			continue
		}
		for _, b := range books {
			if b != bookZero {
				w.difference(w.rng.IntN(5) - 2)
			}
		}
	}
}
