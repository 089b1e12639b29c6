package ogg

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

const (
	maxStreams = 256     // multiplexed in one link
	maxLinks   = 1024    // of a chain
	maxHeader  = 1 << 20 // kept of a header packet; a setup header of a hundredth of it would be long
)

// link is one logical stream of the chain that a file is; most files have only one.
type link struct {
	m       mapping
	serial  uint32
	serials []uint32 // of all streams that are multiplexed here
	data    int64    // offset of the first page behind the headers
	end     int64    // offset behind the last page
	says    []byte   // the comment header, of a file that comes in in order

	rate   media.Frames // frames a second
	base   int64        // granule position of the first frame that is decoded
	skip   media.Frames // decoded at the start and not to be heard
	origin media.Frames // raw time of the first frame that is decoded
	last   media.Frames // raw time of the end that the last granule position tells; -1 where none does
}

// raw gives the raw time of a granule position.
func (l *link) raw(granule int64) media.Frames { return l.origin + media.Frames(granule-l.base) }

// ends counts the packets that end on a page.
func ends(p page) (n int) {
	for _, v := range p.lacing {
		if v < 255 {
			n++
		}
	}
	return n
}

// tells says whether the page tells enough for reading to begin behind it: the time, and where that
// matters the shape of a packet that is on it from its first byte on. The end of a stream is no place
// to begin at, and its time may be a cut one.
func (l *link) tells(p page) bool {
	n := ends(p)
	if l.m.overlaps() && p.flags&flagContinued != 0 {
		n--
	}
	return p.serial == l.serial && p.granule != noGranule && p.flags&flagLast == 0 && n > 0
}

// readLink reads the headers of the link that begins at or behind off.
func (s *source) readLink(off int64) (*link, error) {
	l := &link{last: -1}
	p, err := s.next(off, s.End)
	if err != nil {
		return nil, noHeaders(err)
	}
	if p.flags&flagFirst == 0 {
		return nil, fmt.Errorf("ogg: stream lacks its first page: %w", container.ErrFormat)
	}
	found := "nothing"
	for p.flags&flagFirst != 0 && !slices.Contains(l.serials, p.serial) {
		if len(l.serials) == maxStreams {
			return nil, fmt.Errorf("ogg: more than %d streams: %w", maxStreams, container.ErrLimit)
		}
		l.serials = append(l.serials, p.serial)
		if l.m == nil {
			l.serial = p.serial
			if l.m, found = identify(p.body); l.m != nil {
				if _, err := l.m.header(p.body); err != nil {
					return nil, err
				}
			}
		}
		l.data = p.end()
		if p, err = s.next(p.end(), s.End); err != nil {
			return nil, noHeaders(err)
		}
	}
	if l.m == nil {
		return nil, fmt.Errorf("ogg: %s: %w", found, container.ErrCoding)
	}
	return l, s.readHeaders(l)
}

func noHeaders(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("ogg: no headers: %w", container.ErrFormat)
	}
	return err
}

// readHeaders reads the header packets behind the first one, and sets where the pages with audio begin.
func (s *source) readHeaders(l *link) error {
	var packet []byte
	total, began := 0, l.data
	for off := l.data; ; {
		p, err := s.next(off, s.End)
		if err != nil {
			return noHeaders(err)
		}
		off = p.end()
		if p.serial != l.serial || p.flags&flagFirst != 0 {
			continue
		}
		if total += len(p.body); total > container.MaxTagBytes {
			return fmt.Errorf("ogg: headers of more than %d bytes: %w", container.MaxTagBytes, container.ErrLimit)
		}
		body := p.body
		for i, n := range p.lacing {
			if len(packet) == 0 {
				began = p.off
			}
			packet = append(packet, body[:min(int(n), maxHeader-len(packet))]...)
			body = body[n:]
			if n == 255 || len(packet) == 0 {
				continue
			}
			if l.data = began; !l.m.overlaps() && l.m.audio(packet) { // headers are missing that nobody needs
				return nil
			}
			if s.inOrder && isComment(packet) {
				l.says = slices.Clone(packet)
			}
			done, err := l.m.header(packet)
			if err != nil {
				return err
			}
			if done {
				if l.data = p.off; i == len(p.lacing)-1 {
					l.data = p.end()
				}
				return nil
			}
			packet = packet[:0]
		}
	}
}

// boundary gives the offset of the first page behind link l that isn't of its streams.
func (s *source) boundary(l *link) (int64, error) {
	lo, hi := l.data, s.End
	for hi-lo > maxPageBytes {
		mid := lo + (hi-lo)/2
		p, err := s.next(mid, hi)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, container.ErrLimit) {
			return 0, err
		}
		if err == nil && slices.Contains(l.serials, p.serial) {
			lo = p.end()
		} else {
			hi = mid
		}
	}
	for {
		p, err := s.next(lo, s.End)
		if errors.Is(err, io.EOF) {
			return s.End, nil
		}
		if err != nil {
			return 0, err
		}
		if !slices.Contains(l.serials, p.serial) {
			return p.off, nil
		}
		lo = p.end()
	}
}

// readChain finds all links. What makes the last of them the last, tail tells: io.EOF, or the reason why
// the chain can't be followed further.
func (s *source) readChain() (links []*link, tail error, err error) {
	for off := int64(0); ; {
		l, err := s.readLink(off)
		if err != nil {
			if len(links) > 0 && known(err) {
				if errors.Is(err, container.ErrFormat) {
					err = io.EOF // stray pages
				}
				return links, err, nil
			}
			return nil, nil, err
		}
		if len(links) > 0 && !l.m.sameAs(links[0].m) {
			return links, &FormatError{off}, nil
		}
		if len(links) == maxLinks {
			return links, fmt.Errorf("ogg: more than %d links: %w", maxLinks, container.ErrLimit), nil
		}
		last, ok, err := s.lastOf(l.data, s.End, func(page) bool { return true })
		if err != nil {
			return nil, nil, err
		}
		l.end = s.End
		if chained := ok && !slices.Contains(l.serials, last.serial); chained {
			if l.end, err = s.boundary(l); err != nil {
				return nil, nil, err
			}
		}
		if err := s.place(l, links); err != nil {
			return nil, nil, err
		}
		if links = append(links, l); l.end >= s.End {
			return links, io.EOF, nil
		}
		off = l.end
	}
}

// readFirst reads the first link of a file that comes in in order.
func (s *source) readFirst() (links []*link, tail error, err error) {
	l, err := s.readLink(0)
	if err != nil {
		return nil, nil, err
	}
	l.end = s.End
	return []*link{l}, io.EOF, s.place(l, nil)
}

// readNext reads the link that begins at off, behind those of a file that comes in in order: the last of
// them ends there, and at the moment now. What isn't ours to read is passed over: false.
func (s *source) readNext(links []*link, off int64, now media.Frames) (_ []*link, ok bool, err error) {
	l, err := s.readLink(off)
	switch {
	case err != nil && errors.Is(err, container.ErrFormat):
		return links, false, nil // stray pages
	case err != nil && errors.Is(err, container.ErrUnsupported):
		return links, false, &FormatError{off}
	case err != nil:
		return links, false, err
	case !l.m.sameAs(links[0].m):
		return links, false, &FormatError{off}
	}
	before := links[len(links)-1]
	before.end, before.last, l.end = off, now, s.End
	if len(links) == maxLinks { // a stream without an end: nobody goes back so far
		links = append(links[:0:0], links[maxLinks/2:]...)
	}
	return append(links, l), true, s.place(l, links)
}

// known tells the errors that speak of the bytes from those of reading them.
func known(err error) bool {
	return errors.Is(err, container.ErrFormat) || errors.Is(err, container.ErrUnsupported) || errors.Is(err, container.ErrLimit)
}

// place puts a link on the raw timeline, behind those before it.
func (s *source) place(l *link, before []*link) error {
	info := l.m.info()
	l.skip, l.rate = info.Trim.Start, media.Frames(info.Format.SampleRate)
	if err := s.measure(l); err != nil {
		return err
	}
	if l.base < 0 && info.Format.Codec == media.CodecVorbis {
		l.skip = media.Frames(-l.base) // the stream was cut within its first page (Vorbis I, A.2)
	}
	if n := len(before); n > 0 {
		// What isn't to be heard of this link's start overlaps with the end of the one before.
		l.origin = max(0, before[n-1].last-l.skip)
	}
	if s.inOrder {
		return nil
	}
	last, ok, err := s.lastOf(l.data, l.end, func(p page) bool {
		return p.serial == l.serial && p.granule != noGranule && ends(p) > 0
	})
	if err != nil {
		return err
	}
	if ok {
		l.last = max(l.raw(last.granule), l.origin)
	}
	return nil
}

// measure finds the granule position of a link's first frame: that of its first page less what
// decodes from it. Only where the first page is the last as well, less is a cut at the end.
func (s *source) measure(l *link) error {
	c := cursor{}
	c.start([]*link{l}, 0)
	for {
		p, err := s.next(c.pos, l.end)
		if errors.Is(err, io.EOF) || errors.Is(err, container.ErrLimit) {
			return nil
		}
		if err != nil {
			return err
		}
		c.pos = p.end()
		granule := p.granule
		p.granule = noGranule
		if p.serial != l.serial {
			continue
		}
		if c.take(l, p); len(c.units) > 0 && granule != noGranule {
			if l.base = granule - int64(c.now); l.base < 0 && p.flags&flagLast != 0 {
				l.base = 0
			}
			return nil
		}
	}
}
