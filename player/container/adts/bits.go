package adts

// bits reads fields of bits, the highest first. Past the end there are zeros, and over is set.
type bits struct {
	b    []byte
	pos  int // in bits
	over bool
}

// read gives n bits, 0 to 32.
func (r *bits) read(n int) (v int) {
	if r.pos+n > 8*len(r.b) {
		r.pos, r.over = 8*len(r.b), true
		return 0
	}
	for n > 0 {
		take := min(8-r.pos&7, n)
		v = v<<take | int(r.b[r.pos>>3])>>(8-r.pos&7-take)&(1<<take-1)
		r.pos += take
		n -= take
	}
	return v
}

func (r *bits) flag() bool { return r.read(1) != 0 }

func (r *bits) skip(n int) {
	if r.pos += n; n < 0 || r.pos > 8*len(r.b) {
		r.pos, r.over = 8*len(r.b), true
	}
}

// appendBytes appends n bytes from here on to dst, which needn't be on a byte's border.
func (r *bits) appendBytes(dst []byte, n int) []byte {
	if r.pos+8*n > 8*len(r.b) {
		r.pos, r.over = 8*len(r.b), true
		return dst
	}
	at, shift := r.pos>>3, r.pos&7
	r.pos += 8 * n
	if shift == 0 {
		return append(dst, r.b[at:at+n]...)
	}
	for _, next := range r.b[at+1 : at+1+n] {
		dst = append(dst, r.b[at]<<shift|next>>(8-shift))
		at++
	}
	return dst
}

// cut gives the bits from one position to another, filled up with zeros to whole bytes.
func (r *bits) cut(from, to int) (out []byte) {
	if to > 8*len(r.b) {
		return nil
	}
	in := bits{b: r.b, pos: from}
	out = in.appendBytes(nil, (to-from)/8)
	if rest := (to - from) & 7; rest > 0 {
		out = append(out, byte(in.read(rest)<<(8-rest)))
	}
	return out
}

// writer appends fields of bits.
type writer struct {
	b    []byte
	free int // bits of the last byte
}

func (w *writer) write(v, n int) {
	for n--; n >= 0; n-- {
		if w.free == 0 {
			w.b, w.free = append(w.b, 0), 8
		}
		w.free--
		w.b[len(w.b)-1] |= byte(v>>n&1) << w.free
	}
}
