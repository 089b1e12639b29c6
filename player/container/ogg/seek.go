package ogg

import (
	"errors"
	"io"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

// walkBytes is how near the halving comes before pages are walked one by one.
const walkBytes = 64 << 10

// Seek moves to the packet that holds raw time t less the pre-roll. It halves the bytes of a link by
// the granule positions found there; nothing is read twice but a few pages.
func (d *Demuxer) Seek(t media.Frames) error {
	c := d.spare
	end := d.links[len(d.links)-1].last
	var err error
	if end < 0 || t >= end { // whether it is past the end can only be seen there
		err = d.find(c, t)
	}
	if err == nil {
		err = d.find(c, t-d.info.Preroll)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	d.err = d.ended(err)
	d.cur, d.spare = c, d.cur
	return nil
}

// find puts c in front of the packet that holds raw time t, or of the first one.
func (d *Demuxer) find(c *cursor, t media.Frames) error {
	defer func() { d.links = c.links }() // some may have come to them
	n := len(d.links) - 1
	for n > 0 && t < d.links[n].origin {
		n--
	}
	off, ok, err := d.s.near(d.links[n], t)
	switch {
	case err != nil:
		return err
	case ok:
		err = c.enter(&d.s, d.links, n, off)
	default:
		c.start(d.links, n)
	}
	for err == nil {
		for c.at < len(c.units) {
			if u := c.units[c.at]; u.time+u.duration > t {
				return nil
			}
			c.at++
		}
		err = c.load(&d.s)
	}
	return err
}

// near gives the offset of a page, not far before raw time t, behind which packets up to t lie. ok is
// false where the link's first page is near enough.
func (s *source) near(l *link, t media.Frames) (off int64, ok bool, err error) {
	lo, hi := l.data, l.end
	if a, ok := s.R.(container.Arriving); ok && a.InOrder() {
		hi = min(hi, lo+a.Held(lo)) // what lies behind is walked to
	}
	for hi-lo > walkBytes {
		mid := lo + (hi-lo)/2
		p, err := s.nextTelling(l, mid, hi)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, container.ErrLimit) {
			return 0, false, err
		}
		if err != nil || l.raw(p.granule) > t {
			hi = mid
			continue
		}
		off, ok, lo = p.off, true, p.end()
	}
	return off, ok, nil
}

// nextTelling gives the first page between two offsets that link.tells.
func (s *source) nextTelling(l *link, off, limit int64) (page, error) {
	for {
		p, err := s.next(off, limit)
		if err != nil || l.tells(p) {
			return p, err
		}
		off = p.end()
	}
}
