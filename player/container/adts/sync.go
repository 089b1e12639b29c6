package adts

import (
	"bytes"
	"fmt"
	"io"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/id3"
	"github.com/segue-audio/segue/player/container/internal/window"
)

const (
	// searchBytes is looked through at a time.
	searchBytes = 32 << 10
	// glanceBytes is looked through first: of a file that is still coming in more isn't waited for in vain.
	glanceBytes = 2 << 10
	// chainBytes is what two frames take at most, and the header behind them.
	chainBytes = 2*maxBytes + headerBytes
)

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
	return s.within(off, off+container.MaxResyncBytes)
}

// within is resync up to a limit.
func (s *stream) within(off, limit int64) (frame, error) {
	for size := glanceBytes; off < limit; size = min(4*size, searchBytes) {
		b, err := s.At(off, size)
		if err != nil {
			return frame{}, err
		}
		if skip := max(id3.Bytes(b), id3.Behind(b)); skip > 0 { // joined files carry tags in their middle
			off, limit = off+skip, limit+skip
			continue
		}
		final := off+int64(len(b)) >= s.End
		i, f, ok := s.search(b, final)
		switch {
		case ok:
			f.at = off + int64(i)
			return f, nil
		case final:
			return frame{}, io.EOF
		case len(b) >= searchBytes:
			off += int64(len(b) - chainBytes)
		case off+int64(i) >= limit:
			off = limit
		}
	}
	return frame{}, fmt.Errorf("adts: no frame within %d bytes before %d: %w", container.MaxResyncBytes, off, container.ErrLimit)
}

// search looks for the first frame in b that others follow. It doesn't pass over what only more bytes
// would tell; at is how far it came.
func (s *stream) search(b []byte, final bool) (at int, f frame, ok bool) {
	first := byte(0xff)
	if s.loas {
		first = 0x56
	}
	stop := len(b) - loasBytes + 1
	if !final && len(b) >= searchBytes {
		stop = len(b) - chainBytes
	}
	for i := 0; i < stop; i++ {
		next := bytes.IndexByte(b[i:stop], first)
		if next < 0 {
			break
		}
		i += next
		if f, ok := s.chain(b[i:], final); ok {
			return i, f, true
		}
		if !final && len(b)-i < chainBytes && s.undecided(b[i:]) {
			return i, f, false
		}
	}
	return max(0, stop), f, false
}

// undecided tells whether b, which more bytes follow, may begin with a frame.
func (s *stream) undecided(b []byte) bool {
	if f, ok := s.parse(b); len(b) >= headerBytes && (!ok || len(b) >= f.size) {
		_, ok = s.chain(b, true)
		return ok
	}
	return true
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
