package vorbis

// bits reads fields of bits as Vorbis packs them (Vorbis I, 2): the lowest bit of a byte first. Past the
// end there are zeros, and over is set.
type bits struct {
	b    []byte
	pos  int // in bits
	over bool
}

// read gives n bits, 0 to 32.
func (r *bits) read(n int) (v uint32) {
	if r.pos+n > 8*len(r.b) {
		r.pos, r.over = 8*len(r.b), true
		return 0
	}
	for got := 0; got < n; {
		shift := r.pos & 7
		take := min(8-shift, n-got)
		v |= uint32(r.b[r.pos>>3]>>shift) & (1<<take - 1) << got
		got += take
		r.pos += take
	}
	return v
}

func (r *bits) int(n int) int { return int(r.read(n)) }

func (r *bits) flag() bool { return r.read(1) != 0 }

func (r *bits) skip(n int) {
	if r.pos += n; r.pos > 8*len(r.b) {
		r.pos, r.over = 8*len(r.b), true
	}
}
