package ts

import (
	"bytes"
	"fmt"
	"io"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/window"
)

const (
	packetBytes = 188
	syncByte    = 0x47
	maxStride   = 204
	syncChain   = 5 // sync bytes in a row that tell the stream from rubbish
	patPID      = 0 // of the program association table
	pids        = 1 << 13
	noPID       = pids
)

// layout is how packets lie in a file: bare; with a time stamp of four bytes in front, as Blu-ray and
// camcorders have it; or with the 16 bytes of a Reed-Solomon code behind.
type layout struct{ stride, lead int }

var layouts = [...]layout{{packetBytes, 0}, {192, 4}, {maxStride, 0}}

// fits tells whether b begins with packets in a row. Where nothing follows b, as many must fit as are there,
// and least at least.
func (l layout) fits(b []byte, final bool, least int) bool {
	for i := range syncChain {
		at := i*l.stride + l.lead
		if at+packetBytes > len(b) {
			return final && i >= least
		}
		if b[at] != syncByte {
			return false
		}
	}
	return true
}

// Is tells whether bytes begin as a transport stream does: with sync bytes in their places. A head of 1024
// bytes is enough.
func Is(head []byte) bool {
	for _, l := range layouts {
		if l.fits(head, len(head) < syncChain*maxStride, 3) {
			return true
		}
	}
	return false
}

// packet is a transport packet (ISO 13818-1, 2.4.3.2).
type packet struct {
	at        int64 // of its sync byte
	pid       int
	start     bool // a PES packet or a section begins in it
	bad       bool // transport_error_indicator
	scrambled bool
	jump      bool // discontinuity_indicator
	counter   int8 // −1 where it has no payload
	payload   []byte
}

// packets gives a file's transport packets in order.
type packets struct {
	w   window.Window
	l   layout // stride 0: not found yet
	pos int64  // where the next packet is looked for
}

// next gives the next packet, or io.EOF behind the last whole one. Its payload is valid until the following
// call.
func (p *packets) next() (packet, error) {
	for {
		if p.l.stride == 0 {
			if err := p.resync(); err != nil {
				return packet{}, err
			}
		}
		at := p.pos + int64(p.l.lead)
		b, err := p.w.At(at, packetBytes)
		if err != nil {
			return packet{}, err
		}
		if len(b) < packetBytes {
			return packet{}, io.EOF
		}
		if b[0] == syncByte {
			p.pos += int64(p.l.stride)
			return parsePacket(b, at), nil
		}
		p.l.stride = 0 // rubbish, or bytes are missing
	}
}

// resync finds the next place where packets lie in a row.
func (p *packets) resync() error {
	const search, chain = 32 << 10, syncChain*maxStride + 4
	from := p.pos
	for p.pos-from < container.MaxResyncBytes {
		b, err := p.w.At(p.pos, search)
		if err != nil {
			return err
		}
		final := p.pos+int64(len(b)) >= p.w.End
		stop := len(b) - chain
		if final {
			stop = len(b) - packetBytes + 1
		}
		for at := 0; at < stop; at++ {
			next := bytes.IndexByte(b[at:stop], syncByte)
			if next < 0 {
				break
			}
			at += next
			for _, l := range layouts {
				if at >= l.lead && l.fits(b[at-l.lead:], final, 1) {
					p.l, p.pos = l, p.pos+int64(at-l.lead)
					return nil
				}
			}
		}
		if final {
			return io.EOF
		}
		p.pos += int64(stop)
	}
	return fmt.Errorf("ts: no packets in %d bytes: %w", container.MaxResyncBytes, container.ErrLimit)
}

// parsePacket takes the header of a packet off.
func parsePacket(b []byte, at int64) packet {
	p := packet{
		at: at, pid: int(b[1]&0x1f)<<8 | int(b[2]),
		bad: b[1]&0x80 != 0, start: b[1]&0x40 != 0, scrambled: b[3]&0xc0 != 0, counter: -1,
	}
	rest := b[4:]
	if b[3]&0x20 != 0 { // adaptation field
		n := int(rest[0])
		if n >= len(rest) {
			n = len(rest) - 1
		}
		p.jump = n > 0 && rest[1]&0x80 != 0
		rest = rest[1+n:]
	}
	if b[3]&0x10 != 0 {
		p.counter, p.payload = int8(b[3]&0x0f), rest
	}
	return p
}
