package ts

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/mp3"
)

const (
	ticksBits  = 33
	ticksMask  = 1<<ticksBits - 1
	clock      = 90_000  // ticks of a time stamp a second
	maxElement = 4 << 20 // bytes of the elementary stream that wait to be taken
	pesHead    = 9       // bytes of a PES packet's head that are always there
	holdPacked = 64 << 10
)

// errHole: bytes are missing here.
var errHole = errors.New("bytes are missing")

// mark says that the PES packet whose bytes begin at offset at of the elementary stream carries a time.
type mark struct {
	at   int64 // offset in the elementary stream
	pts  int64 // 33 bits
	file int64 // of the transport packet that it begins in
	jump bool  // the clock is another since the last mark
}

// elementary is the stream of one PID: what its PES packets hold, one behind the other.
type elementary struct {
	p   packets
	pid int

	first []byte // the first bytes of all
	buf   []byte // not taken yet, from off on
	off   int
	total int64 // offset in the elementary stream of the end of buf
	marks []mark

	head     []byte // of a PES packet whose header isn't whole
	headAt   int64
	inPES    bool // payload that isn't a start belongs to a PES packet
	counter  int8 // of the last packet; −1 for none
	torn     bool // a packet was damaged since
	last     []byte
	jump     bool
	held     packet // behind a hole
	haveHeld bool
}

// pull brings in the payload of the next transport packet of the PID. errHole tells that bytes are missing
// between what is here and what the following call brings; io.EOF that nothing follows.
func (e *elementary) pull() error {
	if len(e.buf)-e.off > maxElement {
		return fmt.Errorf("ts: no frame in %d bytes: %w", maxElement, container.ErrLimit)
	}
	if e.off > holdPacked {
		e.buf = append(e.buf[:0], e.buf[e.off:]...)
		e.off = 0
	}
	if e.haveHeld {
		e.haveHeld = false
		e.take(e.held)
		return nil
	}
	for {
		p, err := e.p.next()
		if err != nil {
			return err
		}
		if p.pid != e.pid {
			continue
		}
		if p.scrambled {
			return fmt.Errorf("ts: scrambled: %w", container.ErrProtected)
		}
		e.jump = e.jump || p.jump
		if p.bad {
			e.torn = e.counter >= 0
			continue
		}
		if p.counter < 0 || p.counter == e.counter && !p.jump && bytes.Equal(p.payload, e.last) {
			continue // nothing in it, or sent twice
		}
		hole := e.torn || e.counter >= 0 && p.counter != (e.counter+1)&0x0f
		e.counter, e.torn, e.last = p.counter, false, append(e.last[:0], p.payload...)
		if hole {
			e.head = e.head[:0]
			p.payload = bytes.Clone(p.payload)
			e.held, e.haveHeld = p, true
			return errHole
		}
		e.take(p)
		return nil
	}
}

// take appends what a transport packet carries.
func (e *elementary) take(p packet) {
	switch {
	case p.start:
		e.head, e.headAt = append(e.head[:0], p.payload...), p.at
		e.inPES = false
	case len(e.head) > 0:
		e.head = append(e.head, p.payload...)
	case e.inPES:
		e.append(p.payload)
		return
	default:
		return
	}
	if len(e.head) < pesHead || len(e.head) < pesHead+int(e.head[8]) {
		return
	}
	e.open()
	e.head = e.head[:0]
}

// open reads the head of a PES packet (2.4.3.6). Its length is not looked at: what stands between two
// starts belongs to the first, and some writers count wrong.
func (e *elementary) open() {
	h := e.head
	if h[0] != 0 || h[1] != 0 || h[2] != 1 || h[6]&0xc0 != 0x80 {
		return // damaged
	}
	body := h[pesHead+int(h[8]):]
	if h[7]&0x80 != 0 && h[8] >= 5 {
		t := h[pesHead:]
		pts := int64(t[0]>>1&7)<<30 | int64(t[1])<<22 | int64(t[2]>>1)<<15 | int64(t[3])<<7 | int64(t[4]>>1)
		e.marks = append(e.marks, mark{e.total, pts, e.headAt, e.jump})
		e.jump = false
	}
	e.inPES = true
	e.append(body)
}

func (e *elementary) append(b []byte) {
	if len(e.first) < mp3.HeaderBytes {
		e.first = append(e.first, b[:min(len(b), mp3.HeaderBytes-len(e.first))]...)
	}
	e.buf = append(e.buf, b...)
	e.total += int64(len(b))
}

// rest is what wasn't taken, and at its offset.
func (e *elementary) rest() []byte { return e.buf[e.off:] }
func (e *elementary) at() int64    { return e.total - int64(len(e.buf)-e.off) }

// skip takes n bytes.
func (e *elementary) skip(n int) { e.off += n }

// clear takes all, with the times that go with it.
func (e *elementary) clear() { e.buf, e.off, e.marks = e.buf[:0], 0, e.marks[:0] }

// marked gives the mark that goes with a frame that begins at an offset, the latest that isn't behind
// it, and forgets it and those before.
func (e *elementary) marked(at int64) (m mark, ok bool) {
	n := 0
	for n < len(e.marks) && e.marks[n].at <= at {
		jump := ok && m.jump
		m, ok = e.marks[n], true
		m.jump = m.jump || jump
		n++
	}
	e.marks = append(e.marks[:0], e.marks[n:]...)
	return m, ok
}
