package adts

import (
	"bytes"
	"fmt"
	"io"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/id3"
	"github.com/segue-audio/segue/player/container/internal/window"
)

// searchBytes is looked through at a time.
const searchBytes = 32 << 10

// frame is one frame of either kind, before its contents are looked at.
type frame struct {
	at     int64
	size   int
	blocks int    // raw_data_blocks in it; zero where its configuration tells (LOAS)
	adts   header // zero in LOAS
}

// stream finds frames. The first one found sets what the others must match.
type stream struct {
	window.Window
	loas   bool
	ref    header
	synced bool // ref is set
}

// parse reads a frame header; b has headerBytes where the file goes on so long.
func (s *stream) parse(b []byte) (f frame, ok bool) {
	if s.loas {
		f.size, ok = parseLOAS(b)
		return f, ok
	}
	h, ok := parseHeader(b)
	return frame{size: h.size, blocks: h.blocks, adts: h}, ok && (!s.synced || h.matches(s.ref))
}

// frame gives the first frame at or behind off: usually at it, else behind rubbish. io.EOF tells that
// there is none up to the end; a cut frame at the end is none.
func (s *stream) frame(off int64) (frame, error) {
	if s.synced {
		b, err := s.At(off, headerBytes)
		if err != nil {
			return frame{}, err
		}
		if f, ok := s.parse(b); ok && off+int64(f.size) <= s.End {
			f.at = off
			return f, nil
		}
	}
	return s.resync(off)
}

// resync searches rubbish for the next frame. Two more must follow where the first ones say, or the
// end of the stream: a header alone is found in noise every few thousand bytes.
func (s *stream) resync(off int64) (frame, error) {
	const chain = 2*maxBytes + headerBytes
	first := byte(0xff)
	if s.loas {
		first = 0x56
	}
	limit := off + container.MaxResyncBytes
	for off < limit {
		b, err := s.At(off, searchBytes)
		if err != nil {
			return frame{}, err
		}
		if skip := id3.Bytes(b); skip > 0 { // joined files carry tags in their middle
			off, limit = off+skip, limit+skip
			continue
		}
		final := off+int64(len(b)) >= s.End
		stop := len(b) - chain
		if final {
			stop = len(b) - loasBytes + 1
		}
		for i := 0; i < stop; i++ {
			next := bytes.IndexByte(b[i:stop], first)
			if next < 0 {
				break
			}
			i += next
			if f, ok := s.chain(b[i:], final); ok {
				f.at = off + int64(i)
				return f, nil
			}
		}
		if final {
			return frame{}, io.EOF
		}
		off += int64(stop)
	}
	return frame{}, fmt.Errorf("adts: no frame within %d bytes before %d: %w", container.MaxResyncBytes, off, container.ErrLimit)
}

// chain tells whether b starts with a whole frame that others follow. final says that nothing comes
// behind b.
func (s *stream) chain(b []byte, final bool) (frame, bool) {
	first, ok := s.parse(b)
	if !ok || len(b) < first.size {
		return first, false
	}
	at := first.size
	for range 2 {
		if len(b)-at < headerBytes {
			return first, final
		}
		f, ok := s.parse(b[at:])
		if !ok || !s.loas && !f.adts.matches(first.adts) {
			return first, false
		}
		if at += f.size; at > len(b) {
			return first, final
		}
	}
	return first, true
}
