package adts

import (
	"bytes"
	"fmt"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/id3"
	"github.com/segue-audio/segue/player/container/internal/window"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/metadata"
)

// Segment gives the packets of one packed-audio segment of HLS.
type Segment struct {
	d     Demuxer
	ticks int64
	timed bool
	front []byte // the tags
}

var _ container.Timed = (*Segment)(nil)

// OpenSegment starts on a packed-audio segment (RFC 8216, 3.4): ID3v2 tags with a timestamp among them,
// then frames. The tags may be missing, the frames not. The errors are those of Open.
func OpenSegment(data []byte) (*Segment, error) {
	if len(data) > container.MaxSegmentBytes {
		return nil, fmt.Errorf("adts: segment of %d bytes: %w", len(data), container.ErrLimit)
	}
	front, ticks, timed, err := id3.Front(data)
	if err != nil {
		return nil, fmt.Errorf("adts: %w", err)
	}
	s := &Segment{d: Demuxer{s: stream{Window: window.Window{R: bytes.NewReader(data), End: int64(len(data))}}, total: -1},
		ticks: ticks, timed: timed, front: data[:front]}
	if err := s.d.begin(front); err != nil {
		return nil, err
	}
	return s, nil
}

// Timestamp is the time of the first frame in ticks of 90 kHz, which wraps at 33 bits; ok is false
// where the segment carries none.
func (s *Segment) Timestamp() (ticks int64, ok bool) { return s.ticks, s.timed }

// Timed gives what the tags say beside the timestamp; see container.Timed.
func (s *Segment) Timed() []metadata.Timed { return id3.Timed(s.front) }

// Info is the segment's format and the pre-roll.
func (s *Segment) Info() container.Info { return s.d.Info() }

// Next gives the next packet. Its Time counts from the segment's first one.
func (s *Segment) Next(p *media.Packet) error { return s.d.Next(p) }
