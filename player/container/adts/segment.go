package adts

import (
	"bytes"
	"fmt"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/id3"
	"github.com/segue-audio/segue/player/container/internal/window"
	"github.com/segue-audio/segue/player/media"
)

// Segment gives the packets of one packed-audio segment of HLS.
type Segment struct {
	d     Demuxer
	ticks int64
	timed bool
}

var _ container.Demuxer = (*Segment)(nil)

// OpenSegment starts on a packed-audio segment (RFC 8216, 3.4): ID3v2 tags with a timestamp among them,
// then frames. The tags may be missing, the frames not. The errors are those of Open.
func OpenSegment(data []byte) (*Segment, error) {
	if len(data) > container.MaxSegmentBytes {
		return nil, fmt.Errorf("adts: segment of %d bytes: %w", len(data), container.ErrLimit)
	}
	s := &Segment{d: Demuxer{s: stream{Window: window.Window{R: bytes.NewReader(data), End: int64(len(data))}}, total: -1}}
	rest := data
	for n := id3.Bytes(rest); n > 0; n = id3.Bytes(rest) {
		if n > int64(len(rest)) {
			return nil, fmt.Errorf("adts: segment ends within its ID3v2 tag: %w", container.ErrFormat)
		}
		if !s.timed {
			s.ticks, s.timed = id3.Timestamp(rest[:n])
		}
		rest = rest[n:]
	}
	if err := s.d.begin(int64(len(data) - len(rest))); err != nil {
		return nil, err
	}
	return s, nil
}

// Timestamp is the time of the first frame in ticks of 90 kHz, which wraps at 33 bits; ok is false
// where the segment carries none.
func (s *Segment) Timestamp() (ticks int64, ok bool) { return s.ticks, s.timed }

// Info is the segment's format and the pre-roll.
func (s *Segment) Info() container.Info { return s.d.Info() }

// Next gives the next packet. Its Time counts from the segment's first one.
func (s *Segment) Next(p *media.Packet) error { return s.d.Next(p) }
