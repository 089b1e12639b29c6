package mp3

import (
	"math"
	"math/rand/v2"
)

// The writer makes frames that no encoder here makes: every block type, table, scale factor and stereo mode
// in any order, filled with noise. Other decoders are the judges of what they mean.

// bitWriter puts fields of bits one behind the other.
type bitWriter struct {
	b []byte
	n int // bits
}

func (w *bitWriter) put(value, bits int) {
	for i := bits - 1; i >= 0; i-- {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.n/8] |= byte(value>>i&1) << (7 - w.n%8)
		w.n++
	}
}

func (w *bitWriter) flag(v bool) {
	if v {
		w.put(1, 1)
	} else {
		w.put(0, 1)
	}
}

// book is a table of pairs as an encoder looks at it.
type book struct {
	words   map[int]word // by |x|<<4 | |y|
	most    int
	linbits int
}

// books has the tables that table_select names; nil is one of zeros, or unknown.
func books() (all [32]*book) {
	linbits := [32]int{16: 1, 2, 3, 4, 6, 8, 10, 13, 4, 5, 6, 7, 8, 9, 11, 13}
	leaves := [32][]uint16{
		1: pairs1, 2: pairs2, 3: pairs3, 5: pairs5, 6: pairs6, 7: pairs7, 8: pairs8, 9: pairs9,
		10: pairs10, 11: pairs11, 12: pairs12, 13: pairs13, 15: pairs15,
	}
	for i := 16; i < 32; i++ {
		leaves[i] = [][]uint16{pairs16, pairs24}[i/8-2]
	}
	for i, l := range leaves {
		if l == nil {
			continue
		}
		all[i] = &book{words: map[int]word{}, linbits: linbits[i]}
		for w, values := range codes(l) {
			all[i].words[values] = w
			all[i].most = max(all[i].most, values&15)
		}
	}
	return all
}

// pair writes two values with their signs.
func (w *bitWriter) pair(b *book, x, y int) {
	clip := func(v int) int { return min(max(v, -v), 15) }
	code := b.words[clip(x)<<4|clip(y)]
	w.put(int(code.bits), code.length)
	for _, v := range [2]int{x, y} {
		if b.linbits > 0 && clip(v) == 15 {
			w.put(max(v, -v)-15, b.linbits)
		}
		if v != 0 {
			w.flag(v < 0)
		}
	}
}

// writer makes the frames of one stream.
type writer struct {
	rng      *rand.Rand
	books    [32]*book
	words    [16]word // of quadsA
	header   header   // of each frame but for what joint stereo is made of
	joint    bool     // middle and side, intensity, both or neither: in turn
	free     int      // length of free-format frames; zero for the highest bit rate there is
	sequence int      // the block type of the granule before
}

func newWriter(seed uint64, h header) *writer {
	g := &writer{rng: rand.New(rand.NewPCG(seed, 5)), books: books(), header: h}
	for w, values := range codes(quadsA) {
		g.words[values] = w
	}
	return g
}

// block chooses a block type that may follow on the one before.
func (g *writer) block() (info granuleInfo) {
	choice := g.rng.IntN(3)
	switch g.sequence {
	case startBlock, shortBlock:
		g.sequence = shortBlock
		if choice == 0 {
			g.sequence = stopBlock
		}
	default:
		g.sequence = longBlock
		if choice == 0 {
			g.sequence = startBlock
		}
	}
	info.blockType = g.sequence
	return info
}

// bytes are the four of a header, and the length of its frame.
func (g *writer) bytes(h header) (b []byte, length int) {
	b = []byte{0xff, [3]byte{0xfb, 0xf3, 0xe3}[h.rateIndex/3], 14<<4 | byte(h.rateIndex%3)<<2, 0}
	if h.checksum {
		b[1]--
	}
	switch {
	case h.mono:
		b[3] = 3 << 6
	case g.joint:
		b[3] = 1 << 6
		if h.ms {
			b[3] |= 1 << 5
		}
		if h.intensity {
			b[3] |= 1 << 4
		}
	}
	if g.free > 0 {
		b[2] &= 0x0f
		return b, g.free
	}
	parsed, _ := parseHeader(b)
	return b, parsed.bytes
}

// frame writes the next frame.
func (g *writer) frame() []byte {
	h := g.header
	if g.joint {
		h.ms, h.intensity = g.rng.IntN(2) == 0, g.rng.IntN(2) == 0
	}
	head, length := g.bytes(h)
	overhead := headerBytes + h.sideInfoBytes()
	if h.checksum {
		overhead += checksumBytes
	}
	// MPEG-2.5 is in no standard, and decoders differ in what a mixed block is there. In one of MPEG-2 with
	// intensity stereo, mpg123 takes the directions two bands from where they were read.
	mixed := g.rng.IntN(3) == 0 && h.rateIndex < 6 && !(h.lsf() && h.intensity)
	var blocks [maxGranules]granuleInfo
	for gr := range h.granules() {
		blocks[gr] = g.block()
		blocks[gr].mixed = mixed && blocks[gr].blockType != longBlock
	}
	var side, main bitWriter
	if h.lsf() {
		side.put(0, 8+h.channels()) // main_data_begin and private bits
	} else {
		side.put(0, 9+[2]int{5, 3}[h.channels()-1]) // main_data_begin and private bits
		for group := range blocks[1].shared {       // between two long granules only
			long := blocks[0].blockType != shortBlock && blocks[1].blockType != shortBlock
			blocks[1].shared[group] = long && g.rng.IntN(2) == 0
		}
		for range h.channels() {
			for _, shared := range blocks[1].shared {
				side.flag(shared)
			}
		}
	}
	budget := min(4095, 8*(length-overhead)/(h.granules()*h.channels()))
	for gr := range h.granules() {
		for ch := range h.channels() {
			c := coded{g: g, h: h, info: blocks[gr], right: ch == 1 && h.intensity, main: &main, end: main.n + budget}
			c.write(&side)
		}
	}
	frame := head
	if h.checksum {
		sum := checksum(checksum(0xffff, head[2:]), side.b)
		frame = append(frame, byte(sum>>8), byte(sum))
	}
	frame = append(append(frame, side.b...), main.b...)
	return append(frame, make([]byte, length-len(frame))...)
}

// coded is one channel of a granule on its way.
type coded struct {
	g       *writer
	h       header
	info    granuleInfo
	right   bool // of intensity stereo
	main    *bitWriter
	end     int // of its bits
	most    int // |value|
	regions [2]int
}

// write writes the scale factors and values to main and what tells of them to side.
func (c *coded) write(side *bitWriter) {
	rng, info, start := c.g.rng, &c.info, c.main.n
	info.compress = rng.IntN(16)
	if c.h.lsf() {
		info.compress = rng.IntN(512)
	} else if c.right {
		info.compress = rng.IntN(14) // others have lengths of four bits, where directions beyond 7 lie
	}
	c.scaleFactors()
	lines := granuleSamples
	if c.right {
		lines = 300 // above, there are directions
	}
	lines = 2 * rng.IntN(lines/2+1)
	bigValues := c.bigValues(lines)
	info.quadsB = rng.IntN(2) == 0
	for line := bigValues; line <= lines-4 && c.main.n < c.end-10; line += 4 {
		c.quadruple()
	}
	side.put(c.main.n-start, 12)
	side.put(bigValues/2, 9)
	peak := 0.01 + 0.1*rng.Float64()
	side.put(unitGain+int(4*math.Log2(peak/math.Pow(float64(max(c.most, 1)), 4.0/3))), 8)
	if c.h.lsf() {
		side.put(info.compress, 9)
	} else {
		side.put(info.compress, 4)
	}
	side.flag(info.blockType != longBlock)
	if info.blockType != longBlock {
		side.put(info.blockType, 2)
		side.flag(info.mixed)
		side.put(int(info.tables[0])<<5|int(info.tables[1]), 10)
		side.put(rng.IntN(512), 9) // subblock_gain
	} else {
		side.put(int(info.tables[0])<<10|int(info.tables[1])<<5|int(info.tables[2]), 15)
		side.put(c.regions[0]<<3|c.regions[1], 7)
	}
	if !c.h.lsf() {
		side.flag(rng.IntN(2) == 0) // preflag
	}
	side.flag(rng.IntN(2) == 0) // scalefac_scale
	side.flag(info.quadsB)
}

// scaleFactors writes noise of the lengths that info.compress says.
func (c *coded) scaleFactors() {
	factor := func(n, bits int) {
		for range n {
			v := c.g.rng.IntN(1 << bits)
			if c.right && c.h.lsf() { // of 7 and of the greatest, decoders differ in what they think
				v = min(v, 6, max(0, 1<<bits-2))
			}
			c.main.put(v, bits)
		}
	}
	kind := longLayout
	if c.info.blockType == shortBlock {
		kind = shortLayout
		if c.info.mixed {
			kind = mixedLayout
		}
	}
	if c.h.lsf() {
		bits, row := lsfLengths(c.info.compress, c.right)
		for group, n := range lsfGroups[row][kind] {
			factor(n, bits[group])
		}
		return
	}
	lengths := scaleLengths[c.info.compress]
	switch kind {
	case longLayout:
		for group, n := range [4]int{6, 5, 5, 5} {
			if !c.info.shared[group] {
				factor(n, lengths[group/2])
			}
		}
	case shortLayout:
		factor(18, lengths[0])
		factor(18, lengths[1])
	case mixedLayout:
		factor(17, lengths[0])
		factor(18, lengths[1])
	}
}

// bigValues writes pairs of up to so many lines and gives the count of lines.
func (c *coded) bigValues(lines int) int {
	rng, ends := c.g.rng, [3]int{switchedRegion(c.h, c.info.blockType), granuleSamples, granuleSamples}
	if c.info.blockType == longBlock {
		c.regions = [2]int{rng.IntN(14), rng.IntN(8)}
		starts := longStarts[c.h.rateIndex]
		ends = [3]int{starts[c.regions[0]+1], starts[min(c.regions[0]+c.regions[1]+2, longBands)], granuleSamples}
	}
	for i := range c.info.tables {
		for table := uint8(4); ; table = uint8(rng.IntN(32)) {
			if table == 0 || c.g.books[table] != nil {
				c.info.tables[i] = table
				break
			}
		}
	}
	lines = min(lines, 2*rng.IntN(granuleSamples/2+1))
	for line := 0; line < lines; line += 2 {
		if c.main.n > c.end-60 {
			return line
		}
		table := c.info.tables[2]
		if line < ends[0] {
			table = c.info.tables[0]
		} else if line < ends[1] {
			table = c.info.tables[1]
		}
		if b := c.g.books[table]; b != nil {
			c.main.pair(b, c.value(b), c.value(b))
		}
	}
	return lines
}

// value is a random one of a table: mostly small ones, as in music.
func (c *coded) value(b *book) int {
	rng, most := c.g.rng, b.most
	if b.linbits > 0 && rng.IntN(8) == 0 {
		most = 15 + 1<<b.linbits - 1
	}
	v := min(rng.IntN(most+1), rng.IntN(most+1))
	c.most = max(c.most, v)
	if rng.IntN(2) == 0 {
		return -v
	}
	return v
}

// quadruple writes four values of at most 1.
func (c *coded) quadruple() {
	values := c.g.rng.IntN(16)
	if c.info.quadsB {
		c.main.put(15-values, 4)
	} else {
		c.main.put(int(c.g.words[values].bits), c.g.words[values].length)
	}
	for range 4 {
		if values&1 != 0 {
			c.main.flag(c.g.rng.IntN(2) == 0)
		}
		values >>= 1
	}
	c.most = max(c.most, 1)
}
