package manifest

import (
	"fmt"
	"strconv"
	"time"

	"github.com/segue-audio/segue/player/media"
)

// Piece is an entry of a segment's index.
type Piece struct {
	Offset, Size int64 // bytes of the segment's URL
	Start        int64 // on the container's clock, in ticks
	Duration     int64 // in ticks
	Scale        int64 // ticks a second
	Index        bool  // the bytes are a further index
}

// Expand gives a list in which the pieces of segment i, which has an Index, take its place. Pieces that lie
// outside of what the segment's Origin lets be heard are left out, unless none would be left. A piece that is an
// index becomes a segment with an Index, to be expanded in turn. p stays as it is. The error wraps
// ErrFormat or ErrLimit.
func (p *Playlist) Expand(i int, pieces []Piece) (*Playlist, error) {
	if i < 0 || i >= len(p.Segments) || p.Segments[i].Index == nil {
		return nil, fmt.Errorf("%w: segment %d has no index", ErrFormat, i)
	}
	if n := len(p.Segments) + len(pieces); n > MaxSegments {
		return nil, fmt.Errorf("%w: %d segments", ErrLimit, n)
	}
	whole := &p.Segments[i]
	parts := make([]Segment, 0, len(pieces))
	for _, piece := range pieces {
		s, heard, err := whole.piece(piece)
		if err != nil {
			return nil, err
		}
		if heard {
			parts = append(parts, s)
		}
	}
	if len(parts) == 0 {
		return nil, fmt.Errorf("%w: the index has nothing that is heard", ErrFormat)
	}
	parts[0].Discontinuity = whole.Discontinuity
	out := *p
	out.Segments = append(append(append(make([]Segment, 0, len(p.Segments)+len(parts)-1),
		p.Segments[:i]...), parts...), p.Segments[i+1:]...)
	out.Target = 0
	for k := range out.Segments {
		s := &out.Segments[k]
		s.Sequence = p.Segments[0].Sequence + int64(k)
		out.Target = max(out.Target, s.Duration)
		if k > 0 && s.Origin == nil {
			s.Start = out.Segments[k-1].Start + out.Segments[k-1].Duration
		}
	}
	return &out, nil
}

// piece makes a segment of an entry of s's index, and tells whether anything of it is heard.
func (s *Segment) piece(p Piece) (part Segment, heard bool, err error) {
	const most = 1 << 60
	if p.Offset < 0 || p.Size <= 0 || p.Start < 0 || p.Duration < 0 || p.Scale <= 0 || max(p.Offset, p.Size, p.Start, p.Duration) > most {
		return part, false, fmt.Errorf("%w: a piece of %d bytes at %d, of %d ticks", ErrFormat, p.Size, p.Offset, p.Duration)
	}
	part = *s
	part.Index, part.Discontinuity = nil, false
	part.Resource = Resource{URL: s.URL, Offset: p.Offset, Length: p.Size, Name: s.Name + byteRange(p.Offset, p.Size)}
	if p.Index {
		whole := part.Resource
		part.Resource, part.Index = s.Resource, &whole
	}
	part.Start = ticks(p.Start, p.Scale)
	end := ticks(p.Start+p.Duration, p.Scale)
	if end > maxTime {
		return part, false, fmt.Errorf("%w: a piece that ends at %v", ErrLimit, end)
	}
	if o := s.Origin; o != nil {
		from := ticks(o.From, o.Scale)
		part.Start, end = o.At+part.Start-from, o.At+end-from
		heard = end > o.At && (o.Until == 0 || part.Start < o.Until)
		part.Start = max(part.Start, o.At)
		if o.Until > 0 {
			end = min(end, o.Until)
		}
	} else {
		heard = true
	}
	part.Duration = max(0, end-part.Start)
	if part.Duration > MaxSegment && part.Index == nil {
		return part, false, fmt.Errorf("%w: a piece of %v", ErrLimit, part.Duration)
	}
	if !s.Time.IsZero() {
		part.Time = s.Time.Add(part.Start - s.Start)
	}
	return part, heard, nil
}

// maxTime is what any moment of a timeline stays under: the sum of three doesn't overflow.
const maxTime = 1 << 61

// byteRange is what tells a part's name from that of the whole.
func byteRange(offset, length int64) string {
	return "#" + strconv.FormatInt(offset, 10) + "+" + strconv.FormatInt(length, 10)
}

// ticks converts a count of a container's clock.
func ticks(n, scale int64) time.Duration {
	return time.Duration(media.Rescale(n, scale, int64(time.Second)))
}
