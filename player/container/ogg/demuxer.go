package ogg

import (
	"errors"
	"fmt"
	"io"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/window"
	"github.com/segue-audio/segue/player/media"
)

// Demuxer gives the packets of the first Opus, Vorbis or FLAC stream of an Ogg file. Raw time starts
// with the first frame that decodes from it, whatever granule position a live stream was joined at.
//
// A packet without Data says how long it was that something was lost. The first packet of Vorbis has
// no duration: nothing comes out before the second.
//
// Links of a chain that are of one format follow on each other without a seam. What a link's pre-skip
// hides is given with times from before the end of the link before, and that one's last packet with
// the Duration that is left of it: a decoder must give no more. A link of another format ends the
// stream with an error that wraps container.ErrUnsupported.
type Demuxer struct {
	s      source
	size   int64 // of the file
	serial uint32
	info   container.Info
	links  []*link // all of them, or, of a file that comes in in order, those so far
	tail   error   // at the end of the last link: io.EOF or why there is no more
	said   *link   // see Says
	cur    *cursor
	spare  *cursor // for seeking, so that a failure leaves cur alone
	err    error
}

var (
	_ container.Seeker = (*Demuxer)(nil)
	_ container.Placed = (*Demuxer)(nil)
)

// Open starts on the Ogg file of size bytes that r reads. It reads the headers and the last page; of a
// chain it looks for the ends of the links by halving. Of a file that comes in in order (see
// container.Arriving) it reads the headers and the first page; links are found on the way, and where one of
// them is of another format, Next's error tells with *FormatError where that begins. The error wraps container.ErrFormat when r is
// no Ogg file, container.ErrUnsupported when none of its streams is played, container.ErrLimit, or
// r's own error.
func Open(r io.ReaderAt, size int64) (*Demuxer, error) {
	d := &Demuxer{s: source{Window: window.Window{R: r, End: size}}, size: size, cur: &cursor{}, spare: &cursor{}}
	var err error
	if d.s.inOrder = container.InOrder(r); d.s.inOrder {
		d.links, d.tail, err = d.s.readFirst()
	} else {
		d.links, d.tail, err = d.s.readChain()
	}
	if err != nil {
		return nil, err
	}
	first := d.links[0]
	d.serial = first.serial
	d.info = first.m.info()
	d.info.Trim = media.Trim{Start: first.skip}
	if end := d.links[len(d.links)-1].last; end > first.skip {
		d.info.Trim.Length = end - first.skip
	}
	d.cur.start(d.links, 0)
	return d, nil
}

// Info is the format, the trim and the pre-roll. Its Length goes to the end of the chain.
func (d *Demuxer) Info() container.Info { return d.info }

// Offset is where the page begins that the packet given last ends on.
func (d *Demuxer) Offset() int64 { return d.cur.from }

// FormatError is the end of a chain that goes on in a format which the demuxer doesn't give.
type FormatError struct{ Offset int64 } // where in the file that begins

// Error tells where.
func (e *FormatError) Error() string {
	return fmt.Sprintf("ogg: the chain goes on in another format at %d", e.Offset)
}

// Unwrap gives container.ErrUnsupported.
func (e *FormatError) Unwrap() error { return container.ErrUnsupported }

// Next gives the next packet.
func (d *Demuxer) Next(p *media.Packet) error {
	if d.err != nil {
		return d.err
	}
	if d.cur.at == len(d.cur.units) {
		d.err = d.ended(d.cur.load(&d.s))
		if d.links = d.cur.links; d.err != nil {
			return d.err
		}
	}
	u := d.cur.units[d.cur.at]
	d.cur.at++
	*p = media.Packet{Data: u.data, Time: u.time, Duration: u.duration}
	return nil
}

// ended puts in place of io.EOF what is true at the end of the chain.
func (d *Demuxer) ended(err error) error {
	if errors.Is(err, io.EOF) {
		return d.tail
	}
	return err
}
