package fmp4

import (
	"fmt"
	"io"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/bmff"
	"github.com/segue-audio/segue/player/media"
)

// Segment gives the samples of one media segment.
type Segment struct {
	init    *Init
	info    container.Info
	data    []byte
	samples []bmff.Sample
	base    media.Frames
	next    int
}

var _ container.Demuxer = (*Segment)(nil)

// OpenSegment starts on a media segment: any number of moof and mdat pairs, with other boxes between
// them; none at all only behind a styp. All of its structure is checked here, so that Next can't fail. Packets are slices of data.
// The error wraps container.ErrFormat, container.ErrLimit or container.ErrUnsupported.
func (i *Init) OpenSegment(data []byte) (*Segment, error) {
	if len(data) > container.MaxSegmentBytes {
		return nil, fmt.Errorf("fmp4: segment of %d bytes: %w", len(data), container.ErrLimit)
	}
	s, err := i.open(data, len(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	return s, nil
}

// OpenPart starts on the beginning of a media segment whose rest is not here: it gives the samples that
// are here as a whole, none at all before the first moof is. Its errors are those of OpenSegment.
func (i *Init) OpenPart(data []byte) (*Segment, error) {
	if len(data) > container.MaxSegmentBytes {
		return nil, fmt.Errorf("fmp4: segment of %d bytes: %w", len(data), container.ErrLimit)
	}
	whole := bmff.Whole(data)
	if whole == 0 {
		return &Segment{init: i, info: i.info}, nil
	}
	s, err := i.open(data, whole, container.MaxSegmentBytes)
	if err != nil {
		return nil, err
	}
	for n, m := range s.samples {
		if m.At+int64(m.Size) > int64(len(data)) {
			s.samples = s.samples[:n]
			break
		}
	}
	return s, nil
}

// open reads the boxes in the first `whole` bytes; what they speak of lies before end.
func (i *Init) open(data []byte, whole int, end int64) (*Segment, error) {
	p := bmff.Fragments{Track: i.track, End: end, Limit: container.MaxPackets}
	moofs, headed := 0, false
	err := bmff.Boxes(data[:whole], 0, func(b bmff.Box) (bool, error) {
		if b.Kind != bmff.CC("moof") {
			headed = headed || b.Kind == bmff.CC("styp")
			return true, nil
		}
		moofs++
		return true, p.Moof(b.Body, int64(b.At-8)) // a moof never needs the 64-bit size
	})
	if err != nil {
		return nil, err
	}
	// Some packagers end a stream with a segment of headers alone.
	if moofs == 0 && !headed && whole == len(data) {
		return nil, fmt.Errorf("fmp4: no moof box: %w", container.ErrFormat)
	}
	s := &Segment{init: i, info: i.info, data: data, samples: p.Samples, base: i.track.Frames(p.Clock)}
	if len(s.samples) > 0 {
		s.base = s.samples[0].Time
	}
	return s, nil
}

// Info is the same for every segment: that of the Init.
func (s *Segment) Info() container.Info { return s.info }

// BaseTime is the raw time of the segment's first frame.
func (s *Segment) BaseTime() media.Frames { return s.base }

// Next gives the next sample. Its Time counts from the start of the track.
func (s *Segment) Next(p *media.Packet) error {
	if s.next == len(s.samples) {
		return io.EOF
	}
	m := s.samples[s.next]
	s.next++
	*p = media.Packet{Data: s.data[m.At : m.At+int64(m.Size) : m.At+int64(m.Size)], Time: m.Time, Duration: m.Duration}
	return nil
}
