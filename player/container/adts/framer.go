package adts

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/framing"
	"github.com/segue-audio/segue/player/media"
)

// Framer finds the packets of an AAC stream that another container carries piece by piece (MPEG-TS). The
// bytes stay with the caller. It is used by one goroutine at a time.
type Framer struct {
	s    stream
	lost bool
	mux  *mux // of LOAS
	buf  []byte
}

// NewADTS gives a Framer for ADTS (stream type 0x0F of MPEG-TS).
func NewADTS() *Framer { return &Framer{lost: true} }

// NewLOAS gives a Framer for LOAS, which carries LATM (stream type 0x11 of MPEG-TS).
func NewLOAS() *Framer { return &Framer{s: stream{loas: true}, lost: true} }

var _ framing.Framer = (*Framer)(nil)

// Lost says that bytes are missing in front of those that Find is given next.
func (f *Framer) Lost() { f.lost = true }

// Find looks for the first frame in b; see framing.Framer.
func (f *Framer) Find(b []byte, r framing.Rest) (skip, size int) {
	final := r == framing.None
	const chain = 2*maxBytes + headerBytes
	if !f.lost {
		if fr, ok := f.s.parse(b); ok && fr.size <= len(b) {
			return 0, fr.size
		} else if (ok || len(b) < headerBytes) && !final {
			return 0, 0
		}
	}
	f.lost = true
	first := byte(0xff)
	if f.s.loas {
		first = 0x56
	}
	for at := 0; ; at++ {
		next := bytes.IndexByte(b[at:], first)
		if next < 0 {
			return len(b), 0
		}
		at += next
		if !final && len(b)-at < chain {
			return at, 0
		}
		if fr, ok := f.s.chain(b[at:], final); ok {
			f.lost = false
			return at, fr.size
		}
	}
}

// Begin reads what the first frame says of the stream; ok is false where it says nothing (LOAS whose
// configuration comes later). The error wraps container.ErrUnsupported.
func (f *Framer) Begin(frame []byte) (info container.Info, ok bool, err error) {
	format := &info.Format
	format.Codec = media.CodecAAC
	block := media.Frames(blockFrames)
	if f.s.loas {
		var e element
		if err := e.open(frame[loasBytes:], nil); errors.Is(err, container.ErrUnsupported) {
			return info, false, err
		} else if err != nil {
			return info, false, nil
		}
		f.mux = &e.mux
		format.Config, format.Channels, format.SampleRate = e.mux.asc, e.mux.config.channels, e.mux.config.rate
		block = media.Frames(e.mux.config.block)
	} else {
		h, _ := parseHeader(frame)
		if format.Config, format.Channels, err = specificConfig(h, h.split(nil, frame)[0]); err != nil {
			return info, false, err
		}
		format.SampleRate = coreRates[h.rateIndex]
		f.s.ref, f.s.synced = h, true
	}
	info.Preroll = prerollBlocks * block
	return info, true, nil
}

// Grid is what the lengths of all coded frames are multiples of, in PCM frames at the core's rate. It may be
// called after Begin.
func (f *Framer) Grid() media.Frames {
	if f.s.loas {
		return media.Frames(f.mux.subframes * f.mux.config.block)
	}
	return blockFrames
}

// Frames is how many PCM frames a coded one holds, at the core's rate.
func (f *Framer) Frames(frame []byte) media.Frames {
	if f.s.loas {
		return f.Grid()
	}
	return blockFrames * media.Frames(frame[6]&3+1)
}

// Packets appends what a frame holds to dst: packets of equal durations. One without bytes stands for a
// damaged one. The error wraps container.ErrUnsupported: the stream has become another.
func (f *Framer) Packets(dst [][]byte, frame []byte) ([][]byte, error) {
	if !f.s.loas {
		h, _ := parseHeader(frame)
		return h.split(dst, frame), nil
	}
	dst, buf, err := f.mux.packets(dst, f.buf[:0], frame[loasBytes:])
	f.buf = buf
	return dst, err
}

// packets takes those of an AudioMuxElement out of it. Their bytes, which needn't stand on byte borders, are
// appended to buf.
func (m *mux) packets(dst [][]byte, buf, b []byte) ([][]byte, []byte, error) {
	var e element
	if err := e.open(b, m); err != nil && !errors.Is(err, container.ErrFormat) {
		return dst, buf, err
	} else if err != nil {
		e.over = true // damaged
	}
	if e.changed && !e.over && !e.mux.same(m) {
		return dst, buf, fmt.Errorf("adts: LATM changes its configuration: %w", container.ErrUnsupported)
	}
	var sizes [maxSubframes]int
	for i := range m.subframes {
		from := len(buf)
		if !e.over {
			buf = e.appendPacket(buf)
		}
		sizes[i] = len(buf) - from
	}
	rest := buf
	for _, n := range sizes[:m.subframes] {
		dst, rest = append(dst, rest[:n:n]), rest[n:]
	}
	return dst, buf, nil
}
