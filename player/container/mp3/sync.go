package mp3

import (
	"bytes"
	"fmt"
	"io"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/id3"
	"github.com/segue-audio/segue/player/container/internal/window"
	"github.com/segue-audio/segue/player/media"
)

const (
	// searchBytes is looked through at a time.
	searchBytes = 32 << 10
	// glanceBytes is looked through first: of a file that is still coming in more isn't waited for in vain.
	glanceBytes = 2 << 10
	// chainBytes is what three frames take at most, and the header behind them.
	chainBytes = 3*maxFreeBytes + HeaderBytes
)

// stream finds frames. The first one found sets what the others must match.
type stream struct {
	window.Window
	ref    Header
	synced bool // ref is set
	free   int  // length of a free-format frame without padding
}

// parse is parseHeader with the length that free-format frames turned out to have.
func (s *stream) parse(b []byte) (Header, bool) {
	h, v := parseHeader(b)
	if v == freeFormat && s.free > 0 {
		h.FrameBytes = s.free
		h.Bitrate = media.Bitrate(s.free * h.SampleRate / (h.Samples / 8))
		if h.Padding {
			h.FrameBytes++
		}
		return h, true
	}
	return h, v == isHeader
}

// frame gives the first frame at or behind off: usually at it, else behind rubbish. io.EOF tells
// that there is none up to the end; a cut frame at the end is none.
func (s *stream) frame(off int64) (at int64, h Header, err error) {
	if s.synced {
		b, err := s.At(off, HeaderBytes)
		if err != nil {
			return 0, h, err
		}
		if len(b) == HeaderBytes {
			h, ok := s.parse(b)
			if ok && h.matches(s.ref) && off+int64(h.FrameBytes) <= s.End {
				return off, h, nil
			}
		}
	}
	return s.resync(off)
}

// resync searches rubbish for the next frame. A header alone is found in noise every few thousand
// bytes, so two more must follow where the first ones say (or the end of the stream).
func (s *stream) resync(off int64) (int64, Header, error) {
	limit := off + container.MaxResyncBytes
	for size := glanceBytes; off < limit; size = min(4*size, searchBytes) {
		b, err := s.At(off, size)
		if err != nil {
			return 0, Header{}, err
		}
		if skip := max(id3.Bytes(b), id3.Behind(b)); skip > 0 { // joined files carry tags in their middle
			off, limit = off+skip, limit+skip
			continue
		}
		final := off+int64(len(b)) >= s.End
		if i, h, ok := s.search(b, final); ok {
			s.ref, s.synced = h, true
			return off + int64(i), h, nil
		}
		if final {
			return 0, Header{}, io.EOF
		}
		if len(b) >= searchBytes {
			off += int64(len(b) - chainBytes)
		}
	}
	return 0, Header{}, fmt.Errorf("mp3: no frame within %d bytes before %d: %w", container.MaxResyncBytes, off, container.ErrLimit)
}

// search looks for the first frame in b that others follow. It doesn't pass over what only more bytes
// would tell.
func (s *stream) search(b []byte, final bool) (at int, h Header, ok bool) {
	stop := len(b) - HeaderBytes + 1
	if !final && len(b) >= searchBytes {
		stop = len(b) - chainBytes
	}
	for i := 0; i < stop; i++ {
		next := bytes.IndexByte(b[i:stop], 0xff)
		if next < 0 {
			break
		}
		i += next
		if h, ok := s.chain(b[i:], final); ok {
			return i, h, true
		}
		if !final && len(b)-i < chainBytes && s.undecided(b[i:]) {
			break
		}
	}
	return 0, h, false
}

// undecided tells whether b, which more bytes follow, may begin with a frame.
func (s *stream) undecided(b []byte) bool {
	h, v := parseHeader(b)
	switch {
	case s.synced && !h.matches(s.ref), v != isHeader && v != freeFormat:
		return false
	case v == freeFormat, len(b) < h.FrameBytes:
		return true
	}
	return s.followed(b, h, true)
}

// chain tells whether b starts with a whole frame that others follow. final says that nothing
// comes behind b.
func (s *stream) chain(b []byte, final bool) (Header, bool) {
	first, v := parseHeader(b)
	if v == freeFormat && !s.synced {
		return s.measure(b, first, final)
	}
	first, ok := s.parse(b)
	if !ok || s.synced && !first.matches(s.ref) || len(b) < first.FrameBytes {
		return first, false
	}
	return first, s.followed(b, first, final)
}

// followed tells whether two more frames stand where a first one says, or the end of the stream.
func (s *stream) followed(b []byte, first Header, final bool) bool {
	at := first.FrameBytes
	for range 2 {
		if len(b)-at < HeaderBytes {
			return final
		}
		h, ok := s.parse(b[at:])
		if !ok || !h.matches(first) {
			return false
		}
		at += h.FrameBytes
		if at > len(b) {
			return final
		}
	}
	return true
}

// maxMeasures bounds how many places are tried for the end of one frame, so that bytes made to look
// like headers cost no more than others.
const maxMeasures = 32

// measure finds the length of a free-format stream's frames: it is where the next header stands, if
// another two follow at that distance.
func (s *stream) measure(b []byte, first Header, final bool) (Header, bool) {
	at, end := HeaderBytes+first.SideInfoBytes(), min(len(b)-HeaderBytes, maxFreeBytes)
	for tries := 0; at <= end && tries < maxMeasures; at++ {
		next := bytes.IndexByte(b[at:end+1], 0xff)
		if next < 0 {
			break
		}
		at += next
		if h, v := parseHeader(b[at:]); v != freeFormat || !h.matches(first) || h.Channels != first.Channels {
			continue
		}
		tries++
		s.free = at
		if first.Padding {
			s.free--
		}
		if h, _ := s.parse(b); s.followed(b, h, final) {
			return h, true
		}
	}
	s.free = 0
	return first, false
}
