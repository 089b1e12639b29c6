package mp3

const (
	// memory is how many slots back the window reaches.
	memory = 15
	taps   = memory + 1
)

// synthesis is what one channel's filter banks remember.
type synthesis struct {
	overlap [subbands][slots]float32             // second halves of the blocks before
	samples [slots * subbands]float32            // of the subbands, slot by slot
	v       [(memory + slots) * subbands]float32 // DCTs of the last slots, oldest first
	active  int                                  // overlaps from here on are zero
	filled  int                                  // samples from here on are zero
}

func (c *synthesis) clear() { *c = synthesis{} }

// mean makes c's memory the mean of its own and o's.
func (c *synthesis) mean(o *synthesis) {
	for sb := range c.overlap {
		for i, v := range o.overlap[sb] {
			c.overlap[sb][i] = (c.overlap[sb][i] + v) / 2
		}
	}
	for i, v := range o.v {
		c.v[i] = (c.v[i] + v) / 2
	}
	c.active = max(c.active, o.active)
}

// granule writes a granule's PCM to every stride-th sample of dst.
func (c *synthesis) granule(t *tables, s *spectrum, dst []float32, stride int) {
	c.hybrid(t, s)
	copy(c.v[:memory*subbands], c.v[slots*subbands:])
	for slot := range slots {
		t.dct.dct32((*[subbands]float32)(c.samples[slot*subbands:]), (*[subbands]float32)(c.v[(memory+slot)*subbands:]))
		t.window.apply((*[taps * subbands]float32)(c.v[slot*subbands:]), dst[slot*subbands*stride:], stride)
	}
}

// synthesisWindow has the weights of D[i] in the order of use. Of output samples 16-t and 16+t, which
// need the same values of V, row t has D[16-t+64i] and D[16+t+64i]: D is symmetric, so that these are all.
type synthesisWindow struct {
	sides  [16][taps]float32 // row 0 isn't used
	centre [8]float32
	first  [taps]float32
}

// newSynthesisWindow makes the window of table B.3, whose second half mirrors the first: with the other
// sign, but for every 64th.
func newSynthesisWindow() (w synthesisWindow) {
	d := func(i int) float32 {
		value := windowHalf[min(i, 512-i)]
		if i > 256 && i%64 != 0 {
			value = -value
		}
		return float32(value) / 65_536
	}
	for t := 1; t < 16; t++ {
		for i := range 8 {
			w.sides[t][2*i] = d(16 - t + 64*i)
			w.sides[t][2*i+1] = d(16 + t + 64*i)
		}
	}
	for i := range 8 {
		w.centre[i] = -d(48 + 64*i)
		w.first[2*i] = d(64 * i)
		w.first[2*i+1] = -d(64*i + 32)
	}
	return w
}

// apply makes 32 samples of the DCTs of 16 slots, the newest last (2.4.3.2.2). The V of a slot s back has
// X[16]…X[31], 0, −X[31]…−X[17] and then −X[16]…−X[0]…−X[15] of its DCT X; of even s the window takes the
// first 32, of odd s the others.
func (w *synthesisWindow) apply(v *[taps * subbands]float32, dst []float32, stride int) {
	const newest = memory * subbands
	var centre, first float32
	for i := range 8 {
		even, odd := newest-2*i*subbands, newest-(2*i+1)*subbands
		centre += v[odd] * w.centre[i]
		first += v[even+16]*w.first[2*i] + v[odd+16]*w.first[2*i+1]
	}
	dst[0] = first
	dst[16*stride] = centre
	for t := 1; t < 16; t++ {
		d := &w.sides[t]
		// Written out, and in two sums each, this is the loop that decoding spends most of its time in.
		x, y := v[512-t], v[t]
		before, behind := x*d[0]+y*d[1], y*d[0]-x*d[1]
		x, y = v[448-t], v[64+t]
		before2, behind2 := x*d[2]+y*d[3], y*d[2]-x*d[3]
		x, y = v[384-t], v[128+t]
		before, behind = before+x*d[4]+y*d[5], behind+y*d[4]-x*d[5]
		x, y = v[320-t], v[192+t]
		before2, behind2 = before2+x*d[6]+y*d[7], behind2+y*d[6]-x*d[7]
		x, y = v[256-t], v[256+t]
		before, behind = before+x*d[8]+y*d[9], behind+y*d[8]-x*d[9]
		x, y = v[192-t], v[320+t]
		before2, behind2 = before2+x*d[10]+y*d[11], behind2+y*d[10]-x*d[11]
		x, y = v[128-t], v[384+t]
		before, behind = before+x*d[12]+y*d[13], behind+y*d[12]-x*d[13]
		x, y = v[64-t], v[448+t]
		before2, behind2 = before2+x*d[14]+y*d[15], behind2+y*d[14]-x*d[15]
		dst[(16-t)*stride] = before + before2
		dst[(16+t)*stride] = behind + behind2
	}
}
