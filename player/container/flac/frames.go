package flac

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/window"
	"github.com/segue-audio/segue/player/media"
)

const (
	// searchBytes is looked through at a time: of a file that is still coming in more isn't waited for in
	// vain.
	searchBytes = 4 << 10
	// longSearch is how long a frame is looked through in steps of searchBytes; then they grow.
	longSearch = 16 << 10
	// maxWaste bounds the bytes that are looked through in vain for the ends of frames, over a whole
	// file: without it a file made of headers alone would cost the square of its length.
	maxWaste = 16 << 20
)

// stream finds frames in a file.
type stream struct {
	window.Window
	info      StreamInfo // what headers may leave out
	numbering numbering
	ref       FrameHeader // what frames must have in common, once the first is found
	synced    bool
	wasted    int64
}

// header parses the header at off; ok is false where there is none.
func (s *stream) header(off int64) (h FrameHeader, ok bool, err error) {
	b, err := s.At(off, maxHeaderBytes)
	if err != nil {
		return h, false, err
	}
	h, ok = s.parse(b)
	return h, ok, nil
}

func (s *stream) parse(b []byte) (h FrameHeader, ok bool) {
	h, ok = parseFrameHeader(b, &s.info)
	h.Sample = s.numbering.sample(h)
	return h, ok
}

// like tells whether a header could be of the same stream as the first one.
func (s *stream) like(h FrameHeader) bool {
	return !s.synced || h.SampleRate == s.ref.SampleRate && h.Channels == s.ref.Channels &&
		h.BitDepth == s.ref.BitDepth && h.Variable == s.ref.Variable
}

// most is more bytes than a sane frame of header h has: twice what its samples take uncompressed.
func most(h FrameHeader) int64 {
	plain := int64(h.BlockSize)*int64(h.Channels)*int64(h.BitDepth+1)/8 + 64
	return min(2*plain, container.MaxPacketBytes)
}

// end finds where the frame at off ends. sound tells that its CRC-16 is right and a header or the end
// of the file follows. Otherwise the frame is damaged and ends where the header of the very next
// one stands. found is false when neither is seen within the longest frame that h can have; then end
// is that bound or the end of the file.
func (s *stream) end(off int64, h FrameHeader) (end int64, sound, found bool, err error) {
	var crc uint16
	done, bound := 0, int(min(most(h), s.End-off))
	for size := min(bound, searchBytes); ; size = min(bound, max(size+searchBytes, 2*size-longSearch)) {
		// Headers at the view's end need bytes behind it.
		b, err := s.At(off, size+maxHeaderBytes)
		if err != nil {
			return 0, false, false, err
		}
		size = min(size, len(b))
		final := off+int64(len(b)) >= s.End
		for i := max(done, h.Bytes); i < size; i++ {
			skip := bytes.IndexByte(b[i:size], 0xff)
			if skip < 0 {
				break
			}
			i += skip
			if i+1 >= len(b) || b[i+1]&0xfe != 0xf8 {
				continue
			}
			crc, done = crc16(crc, b[done:i]), i
			next, ok := s.parse(b[i:])
			if !ok {
				continue
			}
			if crc == 0 {
				s.wasted = max(0, s.wasted-int64(i)) // so that a stream without an end may be damaged for ever
				return off + int64(i), true, true, nil
			}
			// A chance match of sync, checksum, format and number at once isn't to be feared.
			if s.synced && s.like(next) && next.Sample == h.Sample+media.Frames(h.BlockSize) {
				s.wasted += int64(i)
				return off + int64(i), false, true, nil
			}
		}
		crc, done = crc16(crc, b[done:size]), size
		if final && size == len(b) && crc == 0 {
			return off + int64(size), true, true, nil
		}
		if size >= bound || final && size == len(b) {
			s.wasted += int64(size)
			if s.wasted > maxWaste {
				return 0, false, false, fmt.Errorf("flac: too much damage before %d: %w", off, container.ErrLimit)
			}
			return off + int64(size), false, false, nil
		}
	}
}

// resync searches from off on for a frame whose both checksums are right. io.EOF tells that there is
// none up to limit, or to the end of the file.
func (s *stream) resync(off, limit int64) (int64, FrameHeader, error) {
	far := off + container.MaxResyncBytes
	for off < far && off < limit {
		b, err := s.At(off, searchBytes)
		if err != nil {
			return 0, FrameHeader{}, err
		}
		if len(b) < 2 {
			return 0, FrameHeader{}, io.EOF
		}
		i := bytes.IndexByte(b[:len(b)-1], 0xff)
		if i < 0 {
			off += int64(len(b) - 1)
			continue
		}
		off += int64(i)
		if b[i+1]&0xfe == 0xf8 {
			h, ok, err := s.header(off)
			if err != nil {
				return 0, h, err
			}
			if ok && s.like(h) {
				if _, sound, _, err := s.end(off, h); err != nil {
					return 0, h, err
				} else if sound && off < limit {
					return off, h, nil
				}
			}
		}
		off++
	}
	if off >= limit || off >= s.End {
		return 0, FrameHeader{}, io.EOF
	}
	return 0, FrameHeader{}, fmt.Errorf("flac: no frame within %d bytes before %d: %w", container.MaxResyncBytes, off, container.ErrLimit)
}

// sync finds the first frame and learns from it and its successor how frames are numbered.
func (s *stream) sync(start int64) (first int64, err error) {
	first, h, err := s.resync(start, s.End)
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, container.ErrLimit) {
			err = fmt.Errorf("flac: no frames found: %w", container.ErrFormat)
		}
		return 0, err
	}
	s.numbering.nominal = h.BlockSize
	if end, _, _, err := s.end(first, h); err != nil {
		return 0, err
	} else if next, ok, err := s.header(end); err != nil {
		return 0, err
	} else if ok && !h.Variable && h.BlockSize > 1 {
		// Before 2007 no bit told the two numberings apart, so that the numbers themselves must.
		s.numbering.variable = next.Number == h.Number+int64(h.BlockSize)
	} else if !ok && s.info.MinBlock == s.info.MaxBlock && s.info.MaxBlock > 0 {
		s.numbering.nominal = s.info.MaxBlock // a single frame may be a short last one
	}
	h.Sample = s.numbering.sample(h)
	s.ref, s.synced = h, true
	if first == start {
		return first, nil
	}
	// Where the frames should begin, one may stand that is sound but for what follows it.
	before, ok, err := s.header(start)
	if err != nil {
		return 0, err
	}
	if gap := h.Sample - before.Sample - media.Frames(before.BlockSize); ok && s.like(before) && gap >= 0 && gap <= maxGap {
		s.ref, first = before, start
	}
	return first, nil
}
