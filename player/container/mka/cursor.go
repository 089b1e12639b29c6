package mka

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/window"
	"github.com/segue-audio/segue/player/media"
)

// cursor walks over the blocks of a track.
type cursor struct {
	d       *Demuxer
	w       window.Window
	pos     int64
	cluster int64 // offset of the one at hand
	time    int64 // its time in ticks
	skipped int64 // bytes of rubbish

	packets []media.Packet // of the block at hand
	next    int
	start   bool // they are the first of their cluster
	buf     []byte

	t     media.Frames // where the last packet ended
	timed bool
	shape int
}

// at gives a cursor that begins at a cluster.
func (d *Demuxer) at(pos int64) *cursor {
	return &cursor{d: d, w: window.Window{R: d.r, End: d.size}, pos: pos}
}

// load goes on to the next block of the track that has packets.
func (c *cursor) load() error {
	c.packets, c.next, c.start = c.packets[:0], 0, false
	for len(c.packets) == 0 {
		e, ok, err := readHead(&c.w, c.pos)
		if err != nil {
			return err
		}
		if !ok {
			if err := c.resync(); err != nil {
				return err
			}
			continue
		}
		switch e.id {
		case idSegment:
			c.pos = e.at
			continue
		case idCluster:
			c.cluster, c.pos, c.start = c.pos, e.at, true
			continue
		}
		if e.size == unknown {
			return fmt.Errorf("mka: element %#x of unknown size: %w", e.id, container.ErrFormat)
		}
		c.pos = e.end()
		if err := c.take(e); err != nil {
			return err
		}
	}
	return nil
}

// take looks at one element of a cluster.
func (c *cursor) take(e element) error {
	switch e.id {
	case idTime:
		b, err := c.w.At(e.at, int(min(e.size, 8)))
		c.time = number(b)
		return err
	case idSimple, idGroup:
	default:
		return nil
	}
	if e.size > container.MaxPacketBytes {
		return c.large(e)
	}
	b, err := c.w.At(e.at, int(e.size))
	if err != nil {
		return err
	}
	if int64(len(b)) < e.size {
		return io.EOF // the file is cut
	}
	lasts, discard := int64(0), int64(0)
	if e.id == idGroup {
		group := b
		b = nil
		each(group, func(id uint32, body []byte) bool {
			switch id {
			case idBlock:
				b = body
			case idLasts:
				lasts = number(body)
			case idDiscard:
				discard = signed(body)
			}
			return true
		})
	}
	if k, _, n := parseBlockHead(b); n == 0 || k.track != c.d.track.number {
		return nil
	}
	k, err := parseBlock(b)
	if err != nil {
		return nil // damaged; the next one's time tells how much is missing
	}
	c.give(k, lasts, discard)
	return nil
}

// large passes over a block that is too long to be sound of ours.
func (c *cursor) large(e element) error {
	b, err := c.w.At(e.at, headBytes)
	if k, _, n := parseBlockHead(b); err == nil && e.id == idSimple && n > 0 && k.track == c.d.track.number {
		return fmt.Errorf("mka: block of %d bytes: %w", e.size, container.ErrLimit)
	}
	return err
}

// give makes packets of a block's frames. lasts is how long they are in ticks, zero where it isn't told, and
// discard what is to be left out at their end, in nanoseconds.
func (c *cursor) give(k block, lasts, discard int64) {
	t := c.d.track
	rate := int64(t.info.Format.SampleRate)
	c.follow(c.d.position(c.time + k.time))
	each := media.Frames(0)
	switch n := int64(len(k.frames)); {
	case lasts > 0:
		each = c.d.position(lasts) / media.Frames(n)
	case t.each > 0:
		each = media.Frames(media.Rescale(min(t.each, 1e12), 1e9, rate))
	}
	c.buf = c.buf[:0]
	for i, data := range k.frames {
		if len(t.strip) > 0 {
			from := len(c.buf)
			c.buf = append(append(c.buf, t.strip...), data...)
			data = c.buf[from:len(c.buf):len(c.buf)]
		}
		long, shape := each, 0
		if t.duration != nil {
			long, shape = t.duration(data, c.shape)
		}
		c.shape = shape
		cut := media.Frames(0)
		if i == len(k.frames)-1 && discard > 0 {
			if cut = media.Frames(media.Rescale(discard, 1e9, rate)); cut >= long && long > 0 {
				return
			}
		}
		c.append(data, long, long-cut)
	}
}

// append adds a packet that lasts long, and of which heard is to be heard.
func (c *cursor) append(data []byte, long, heard media.Frames) {
	at := c.t - c.d.origin
	if long == 0 {
		at = max(0, at) // Vorbis's first, which only the second gives sound with
	}
	c.t += long
	if step := pcmFrames * c.d.track.pcm; step > 0 {
		for ; len(data) > step; data = data[step:] {
			c.packets = append(c.packets, media.Packet{Data: data[:step:step], Time: at, Duration: pcmFrames})
			at += pcmFrames
			heard -= pcmFrames
		}
		if heard <= 0 {
			return
		}
	}
	if at >= 0 { // what stands before the first packet is out of order
		c.packets = append(c.packets, media.Packet{Data: data, Time: at, Duration: max(0, heard)})
	}
}

// follow sets the time of what comes next by that of its block.
func (c *cursor) follow(at media.Frames) {
	slack := c.d.position(1) + 1
	if off := at - c.t; c.timed && off <= slack && off >= -slack {
		return
	}
	if g := c.d.track.grid; g > 0 {
		snapped := c.d.origin + (at-c.d.origin+g/2)/g*g
		if off := at - snapped; off <= slack && off >= -slack {
			at = snapped
		}
	}
	if !c.timed || at > c.t {
		c.t = at
	}
	c.timed = true
}

// position converts ticks to frames.
func (d *Demuxer) position(ticks int64) media.Frames {
	ticks = max(0, min(ticks, (1<<61)/d.scale))
	return media.Frames(media.Rescale(ticks*d.scale, 1e9, int64(d.track.info.Format.SampleRate)))
}

// resync looks for the next cluster.
func (c *cursor) resync() error {
	const search = 32 << 10
	var id [4]byte
	binary.BigEndian.PutUint32(id[:], idCluster)
	for c.pos++; c.skipped < container.MaxResyncBytes; {
		b, err := c.w.At(c.pos, search)
		if err != nil {
			return err
		}
		if i := bytes.Index(b, id[:]); i >= 0 {
			c.pos += int64(i)
			return nil
		}
		if len(b) < search {
			return io.EOF
		}
		c.pos += search - 3
		c.skipped += search
	}
	return fmt.Errorf("mka: no cluster within %d bytes before %d: %w", container.MaxResyncBytes, c.pos, container.ErrLimit)
}
