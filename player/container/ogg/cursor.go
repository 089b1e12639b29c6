package ogg

import (
	"errors"
	"io"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

const (
	// maxGapSeconds bounds the jump in granule positions that is taken for a loss, and its time kept. A
	// longer one, or one backwards, is taken for a splice, and time goes on without a jump.
	maxGapSeconds = 20
	// toleranceParts of a second is what granule positions may be off when no page is missing: muxers
	// that were given times in milliseconds round them.
	toleranceParts = 20
	// holeFrames is the longest packet that stands for lost ones.
	holeFrames = 48_000
)

// unit is a packet with its place in time. One without data stands for what was lost.
type unit struct {
	data           []byte
	time, duration media.Frames
}

// cursor walks over the pages of a chain and takes packets out of them. All packets that end on a page
// are taken at once, since the granule position at the page's end tells where the first of them lies.
type cursor struct {
	links []*link
	link  int
	pos   int64  // where the next page is looked for
	from  int64  // where the page at hand begins
	seq   uint32 // of the page before
	fresh bool   // there is no page before

	page    []byte // body of the page at hand
	held    []byte // the start of a packet that goes on in the next page
	whole   []byte // a packet that began in an earlier page
	holding bool   // held is the start of a packet
	units   []unit // the packets that end on the page at hand
	at      int    // the next of them

	now     media.Frames // where the last packet ended
	unknown bool         // until a page tells the time
	shape   int          // see mapping
	shift   media.Frames // what splices moved the time by
	lead    media.Frames // duration of a first packet that has none, in a link that follows on another
}

// start goes to the beginning of a link.
func (c *cursor) start(links []*link, n int) {
	l := links[n]
	c.reset(links, n)
	c.pos, c.now, c.unknown = l.data, l.origin, false
	if n > 0 && l.m.overlaps() {
		// Any span does: the jump back in time makes the decoder forget the link before.
		c.lead = min(l.m.info().Preroll, l.origin)
		c.now -= c.lead
	}
}

// enter goes behind a page of which link.tells. The page is read again, for the shape and for the
// start of a packet that goes on behind it.
func (c *cursor) enter(s *source, links []*link, n int, off int64) error {
	c.reset(links, n)
	c.pos, c.unknown = off, true
	p, err := s.next(off, links[n].end)
	if err != nil {
		return err
	}
	c.pos = p.end()
	c.take(links[n], p)
	c.at = len(c.units)
	return nil
}

func (c *cursor) reset(links []*link, n int) {
	*c = cursor{links: links, link: n, fresh: true, page: c.page, held: c.held[:0], whole: c.whole, units: c.units[:0]}
}

// load goes to the next page on which a packet ends. io.EOF tells that the chain has no more.
func (c *cursor) load(s *source) error {
	for {
		l := c.links[c.link]
		p, err := s.next(c.pos, l.end)
		if errors.Is(err, io.EOF) && c.link+1 < len(c.links) {
			c.start(c.links, c.link+1)
			continue
		}
		if err != nil {
			return err
		}
		if s.inOrder && p.flags&flagFirst != 0 { // all first pages of a link stand at its beginning
			if err := c.chain(s, p); err != nil {
				return err
			}
			continue
		}
		c.pos = p.end()
		if p.serial != l.serial {
			continue
		}
		c.from = p.off
		if c.take(l, p); s.inOrder {
			c.cutLast(l, p)
		}
		if len(c.units) > 0 {
			return nil
		}
	}
}

// chain goes on with the link that a page of a file begins which comes in in order.
func (c *cursor) chain(s *source, p page) error {
	off, end := p.off, p.end()
	links, ok, err := s.readNext(c.links, off, c.now)
	switch {
	case err != nil:
		return err
	case ok:
		c.start(links, len(links)-1)
	default:
		c.pos = end
	}
	return nil
}

// cutLast shortens the packets of the last page of a link that comes in in order: its granule position is
// that of the end (RFC 7845, 4; Vorbis I, A.2).
func (c *cursor) cutLast(l *link, p page) {
	if p.flags&flagLast == 0 || p.granule == noGranule || len(c.units) == 0 {
		return
	}
	if end := l.raw(p.granule) + c.shift; end > c.now-maxGapSeconds*l.rate {
		c.cut(max(end, c.units[0].time))
	}
}

// take splits a page into packets and finds their times.
func (c *cursor) take(l *link, p page) {
	gap := !c.fresh && p.seq != c.seq+1 && p.flags&flagFirst == 0
	if c.holding && p.flags&flagContinued == 0 {
		gap = true // the rest of a packet is missing
	}
	if gap {
		c.shape, c.holding = 0, false
	}
	c.fresh, c.seq = false, p.seq
	c.units, c.at = c.units[:0], 0
	c.split(l, p)
	c.clock(l, p, gap)
	if c.link+1 < len(c.links) && p.flags&flagLast != 0 {
		c.cut(l.last)
	}
}

// split takes the packets that end on a page out of it (RFC 3533, 5).
func (c *cursor) split(l *link, p page) {
	c.page = append(c.page[:0], p.body...)
	body := c.page
	goesOn := p.flags&flagContinued != 0
	from, to := 0, 0
	for _, n := range p.lacing {
		if to += int(n); n == 255 {
			continue
		}
		data := body[from:to]
		from = to
		switch {
		case goesOn && c.holding:
			c.held = append(c.held, data...)
			c.held, c.whole = c.whole[:0], c.held
			c.add(l, c.whole)
		case !goesOn:
			c.add(l, data)
		}
		goesOn, c.holding = false, false
	}
	if rest := body[from:]; len(rest) > 0 && (c.holding || !goesOn) {
		if !c.holding {
			c.held = c.held[:0]
		}
		c.held = append(c.held, rest...)
		c.holding = len(c.held) <= container.MaxPacketBytes // a longer packet is lost
	}
}

// add notes a packet. Empty ones and headers that stand among the others are left out.
func (c *cursor) add(l *link, data []byte) {
	if len(data) == 0 || len(data) > container.MaxPacketBytes || !l.m.audio(data) {
		return
	}
	u := unit{data: data}
	u.duration, c.shape = l.m.duration(data, c.shape)
	if u.duration == 0 {
		u.duration = c.lead
	}
	c.lead = 0
	c.units = append(c.units, u)
}

// clock gives the packets of a page their times: behind those before, unless the page's granule position
// tells that something between is missing.
func (c *cursor) clock(l *link, p page, gap bool) {
	var total media.Frames
	for _, u := range c.units {
		total += u.duration
	}
	told := p.granule != noGranule && ends(p) > 0
	start := l.raw(p.granule) + c.shift - total
	late, cut := start-c.now, p.flags&flagLast != 0
	switch tolerance := l.rate / toleranceParts; {
	case !told:
	case c.unknown:
		c.now, c.unknown = start, false
	case len(c.units) == 0:
	case late > maxGapSeconds*l.rate, late < -tolerance && !cut:
		c.shift -= late
	case gap && late > 0, late > tolerance:
		c.hole(late)
	}
	for i := range c.units {
		c.units[i].time = c.now
		c.now += c.units[i].duration
	}
}

// hole puts packets without data in front of those of a page.
func (c *cursor) hole(frames media.Frames) {
	if c.units[0].duration == 0 && c.shape > 0 {
		// What it would decode to is unknown, since the packet before it is: a part of the hole.
		c.units[0].duration = min(frames, media.Frames(c.shape/2))
		frames -= c.units[0].duration
	}
	lost := int((frames + holeFrames - 1) / holeFrames)
	n := len(c.units)
	for range lost {
		c.units = append(c.units, unit{})
	}
	copy(c.units[lost:], c.units[:n])
	for i := range lost {
		c.units[i] = unit{duration: min(frames, holeFrames)}
		frames -= c.units[i].duration
	}
}

// cut shortens the packets of a page that reach beyond the end of their link, where another follows.
func (c *cursor) cut(end media.Frames) {
	for i := range c.units {
		u := &c.units[i]
		if over := u.time + u.duration - end; over > 0 {
			u.duration -= over
			if u.duration <= 0 {
				c.units = c.units[:i]
				break
			}
		}
	}
	c.now = min(c.now, end)
}
