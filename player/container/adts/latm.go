package adts

import (
	"bytes"
	"fmt"

	"github.com/segue-audio/segue/player/container"
)

const (
	fullnessBits = 8
	maxSubframes = 1 << 6 // six bits tell how many, less one
)

// loasBytes is the header of an AudioSyncStream's frame (1.7.2.1): 11 bits of sync word, 13 of length.
const loasBytes = 3

// parseLOAS reads the frame header that b starts with.
func parseLOAS(b []byte) (size int, ok bool) {
	if len(b) < loasBytes || b[0] != 0x56 || b[1]&0xe0 != 0xe0 {
		return 0, false
	}
	size = int(b[1]&0x1f)<<8 | int(b[2])
	return loasBytes + size, size > 0
}

// mux is a StreamMuxConfig (1.7.3.1), as far as streams of one program and one layer need it.
type mux struct {
	asc       []byte // AudioSpecificConfig, filled up with zeros to whole bytes
	config    config
	subframes int // AudioMuxElements carry so many packets

	raw      []byte // the bits that it was read from, to know them again
	size     int    // of raw in bits
	fullness int    // where in raw the fullness of a buffer stands, which may change
}

// same tells whether a decoder can go on from m to n.
func (m *mux) same(n *mux) bool {
	return m.subframes == n.subframes && m.config == n.config && bytes.Equal(m.asc, n.asc)
}

// readMux reads a StreamMuxConfig.
func readMux(r *bits) (m mux, err error) {
	unsupported := func(what string) error {
		return fmt.Errorf("adts: LATM: %s: %w", what, container.ErrUnsupported)
	}
	version := r.read(1)
	if version == 1 && r.flag() {
		return m, unsupported("audioMuxVersionA 1")
	}
	if version == 1 {
		readValue(r) // buffer fullness
	}
	if !r.flag() {
		return m, unsupported("streams of different time framing")
	}
	m.subframes = r.read(6) + 1
	if r.read(4) != 0 || r.read(3) != 0 {
		return m, unsupported("several programs or layers")
	}
	size := -1
	if version == 1 {
		size = readValue(r)
	}
	from := r.pos
	c, known, err := readConfig(r)
	if err != nil {
		return m, err
	}
	switch to := from + size; {
	case size >= 0:
		r.skip(to - r.pos) // what only its own decoder knows of, and fill bits
	case !known:
		return m, unsupported(fmt.Sprintf("object type %d in a configuration of unknown length", c.object))
	}
	m.config, m.asc = c, r.cut(from, r.pos)
	if kind := r.read(3); kind != 0 {
		return m, unsupported(fmt.Sprintf("frameLengthType %d", kind))
	}
	m.fullness = r.pos
	r.skip(fullnessBits)
	if r.flag() {
		readOtherLength(r, version)
	}
	if r.flag() {
		r.skip(8) // checksum of the configuration
	}
	if r.over {
		return m, fmt.Errorf("adts: LATM: configuration cut: %w", container.ErrFormat)
	}
	return m, nil
}

// readOtherLength reads how many bits of something else stand behind the packets. They are the last in
// their element, so that nobody needs to know.
func readOtherLength(r *bits, version int) {
	if version == 1 {
		readValue(r)
		return
	}
	for r.flag() {
		r.skip(8)
	}
	r.skip(8)
}

// readValue is LatmGetValue (1.7.3.1).
func readValue(r *bits) (v int) {
	for range r.read(2) + 1 {
		v = v<<8 | r.read(8)
	}
	return v
}

// element is an AudioMuxElement (1.7.3.1) on its way out of its bits.
type element struct {
	bits
	mux     mux
	changed bool // it came with a configuration
}

// open reads up to the first packet; before is the configuration in force, nil where none is.
func (e *element) open(b []byte, before *mux) (err error) {
	*e = element{bits: bits{b: b}}
	if useSame := e.flag(); useSame {
		if before == nil {
			return fmt.Errorf("adts: LATM without a configuration: %w", container.ErrFormat)
		}
		e.mux = *before
		return nil
	}
	if before != nil && e.repeats(before) { // as most streams do in every element
		e.mux = *before
		return nil
	}
	from := e.pos
	e.changed = true
	e.mux, err = readMux(&e.bits)
	e.mux.raw, e.mux.size = e.cut(from, e.pos), e.pos-from
	e.mux.fullness -= from
	return err
}

// repeats passes over the bits of a configuration that was read before; it stays where others stand.
func (e *element) repeats(m *mux) bool {
	from, known := e.pos, bits{b: m.raw}
	for known.pos < m.size {
		if known.pos == m.fullness {
			e.skip(fullnessBits)
			known.skip(fullnessBits)
			continue
		}
		n := min(32, m.size-known.pos)
		if known.pos < m.fullness {
			n = min(n, m.fullness-known.pos)
		}
		if e.read(n) != known.read(n) || e.over {
			e.pos, e.over = from, false
			return false
		}
	}
	return true
}

// appendPacket appends the next packet's bytes to dst: PayloadLengthInfo, and PayloadMux.
func (e *element) appendPacket(dst []byte) []byte {
	size := 0
	for more := true; more && !e.over; {
		n := e.read(8)
		size += n
		more = n == 255
	}
	return e.appendBytes(dst, size)
}
