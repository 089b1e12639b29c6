package aac

import "encoding/binary"

// loudest bounds a spectral line, 2^15 times what a full-scale sine gives. Nothing that is music
// comes near; what lies above would only turn into infinities later.
const loudest = 1 << 40

// parseSpectrum reads spectral_data (Table 4.56, 4.6.3): the lines of every band that has a spectral
// codebook, already inversely quantised (4.6.1) and scaled (4.6.2).
func (d *Decoder) parseSpectrum(f *frame) error {
	clear(f.spectrum)
	bits := cursor{buf: d.r.Padded(), pos: d.r.Pos()}
	window := 0
	for g := range f.groups {
		books := f.books[g*f.bands:][:f.bands]
		gains := f.gains[g*f.bands:][:f.bands]
		for b, book := range books {
			if book == bookZero || book > escapeBook {
				continue
			}
			c := d.tables.books[book]
			if c.loud*gains[b] > loudest {
				return corrupt("a band beyond all loudness")
			}
			first, end := f.offsets[b], f.offsets[b+1]
			for w := range f.grouped[g] {
				at := (window + w) * (len(f.spectrum) / shortWindows)
				lines := f.spectrum[at+first : at+end]
				ok := false
				switch {
				case book == escapeBook:
					ok = bits.escapes(d.tables, lines, gains[b])
				case c.dim == 4:
					ok = bits.quads(c, lines, gains[b])
				default:
					ok = bits.pairs(c, lines, gains[b])
				}
				if !ok {
					return corrupt("spectrum")
				}
			}
		}
		window += f.grouped[g]
	}
	d.r.Seek(bits.pos)
	return nil
}

// cursor is a place in a packet that has 8 bytes behind its end.
type cursor struct {
	buf []byte
	pos int // in bits
}

// quads reads lines of a codebook of four values; false means that the packet is at its end.
func (c *cursor) quads(b *codebook, lines []float32, gain float32) bool {
	pos := c.pos
	for ; len(lines) >= 4; lines = lines[4:] {
		at := pos >> 3
		if at+8 > len(c.buf) {
			return false
		}
		e := b.table.find(binary.BigEndian.Uint64(c.buf[at:])<<(pos&7), rootBits)
		pos += int(e & entryLength)
		v := b.values[e>>entryValue*4:][:4]
		lines[0], lines[1], lines[2], lines[3] = v[0]*gain, v[1]*gain, v[2]*gain, v[3]*gain
	}
	c.pos = pos
	return true
}

// pairs is quads for a codebook of two values.
func (c *cursor) pairs(b *codebook, lines []float32, gain float32) bool {
	pos := c.pos
	for ; len(lines) >= 2; lines = lines[2:] {
		at := pos >> 3
		if at+8 > len(c.buf) {
			return false
		}
		e := b.table.find(binary.BigEndian.Uint64(c.buf[at:])<<(pos&7), rootBits)
		pos += int(e & entryLength)
		v := b.values[e>>entryValue*2:][:2]
		lines[0], lines[1] = v[0]*gain, v[1]*gain
	}
	c.pos = pos
	return true
}

// escapes is pairs for the book whose largest value is a mark: the value itself follows the
// codeword, behind all signs.
func (c *cursor) escapes(t *tables, lines []float32, gain float32) bool {
	b := t.books[escapeBook]
	mark := b.loud
	for ; len(lines) >= 2; lines = lines[2:] {
		at := c.pos >> 3
		if at+8 > len(c.buf) {
			return false
		}
		e := b.table.find(binary.BigEndian.Uint64(c.buf[at:])<<(c.pos&7), rootBits)
		c.pos += int(e & entryLength)
		v := b.values[e>>entryValue*2:][:2]
		y, z := v[0], v[1]
		if e&entryEscape != 0 {
			for _, x := range []*float32{&y, &z} {
				if *x != mark && *x != -mark {
					continue
				}
				q := c.escape()
				if q < 0 || t.powers[q]*gain > loudest {
					return false
				}
				*x = copySign(t.powers[q], *x)
			}
		}
		lines[0], lines[1] = y*gain, z*gain
	}
	return true
}

// maxEscape is the most ones that an escape sequence begins with (4.6.3.3).
const maxEscape = 8

// escape reads an escape sequence: n ones, a zero, n + 4 bits, to which a one is put in front. A
// negative number means that there is no such sequence.
func (c *cursor) escape() int {
	at := c.pos >> 3
	if at+8 > len(c.buf) {
		return -1
	}
	ahead := binary.BigEndian.Uint64(c.buf[at:]) << (c.pos & 7)
	n := escapeBits(ahead)
	if n > maxEscape {
		return -1
	}
	q := 1<<(n+4) | int(ahead<<(n+1)>>(64-n-4))
	c.pos += n + 1 + n + 4
	return q
}

func copySign(v, sign float32) float32 {
	if sign < 0 {
		return -v
	}
	return v
}
