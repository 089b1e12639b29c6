// Package ts takes MPEG transport streams apart (ISO 13818-1): the segments of HLS, and whole files. It
// knows AAC, in ADTS and in LATM, and MPEG audio, and takes the first stream of them in the first
// program that has one; bare packets, those of Blu-ray with time stamps, and those with a Reed-Solomon code.
// Damage costs the frames that it touches. It refuses all else by its name: AC-3 and its like, and what is
// scrambled or encrypted with SAMPLE-AES. It follows no tables that change within a file or segment.
package ts

import (
	"bytes"
	"fmt"
	"io"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/window"
	"github.com/segue-audio/segue/player/media"
)

// Demuxer gives the packets of a whole file. Raw time starts with the first of them, in frames at the
// sample rate that the coding's headers tell. A packet without Data stands for one that was damaged.
type Demuxer struct {
	r      io.ReaderAt
	size   int64
	list   []Stream
	sound  Stream
	info   container.Info
	s      *stream
	index  index
	length media.Frames // zero where unknown
	reset  bool         // a clock was set somewhere: time stamps don't say where to seek
	err    error
}

var _ container.Seeker = (*Demuxer)(nil)

// Open starts on the file of size bytes that r reads. The error wraps container.ErrFormat when it is no
// transport stream, container.ErrUnsupported when its sound is none that we take apart,
// container.ErrLimit, or r's own error.
func Open(r io.ReaderAt, size int64) (*Demuxer, error) {
	d := &Demuxer{r: r, size: size}
	p := packets{w: window.Window{R: r, End: size}}
	t, err := readTables(&p)
	if err != nil {
		return nil, err
	}
	if d.sound, _, err = t.choose(); err != nil {
		return nil, err
	}
	d.list = t.list()
	p.pos = 0
	d.s = newStream(p, d.sound)
	if err := d.s.begin(); err != nil {
		return nil, err
	}
	d.info = d.s.info
	d.follow(d.s)
	if err := d.measure(); err != nil {
		return nil, err
	}
	return d, nil
}

// follow keeps the index of what s reads.
func (d *Demuxer) follow(s *stream) {
	s.on = func(m mark, t media.Frames) {
		d.reset = d.reset || s.reset
		d.index.note(place{at: m.file, t: t, anchor: s.anchor}, s.grid)
	}
}

// Info is the stream's format and pre-roll. Transport streams have no place for a trim.
func (d *Demuxer) Info() container.Info { return d.info }

// Streams lists what the file's tables list.
func (d *Demuxer) Streams() []Stream { return d.list }

// Duration counts the frames of the file by its first time stamp and its last; zero where they don't tell.
func (d *Demuxer) Duration() media.Frames { return d.length }

// Next gives the next packet.
func (d *Demuxer) Next(p *media.Packet) error {
	if d.err == nil {
		d.err = d.s.give(p)
	}
	return d.err
}

// Segment gives the packets of one media segment of HLS.
type Segment struct {
	data  []byte
	list  []Stream
	sound Stream
	meta  int // PID of timed ID3
	s     *stream
	base  media.Frames // the time of what the stream calls zero
	ticks int64
	timed bool
	err   error
}

var (
	_ container.Timed     = (*Segment)(nil)
	_ container.Continued = (*Segment)(nil)
)

// OpenSegment starts on a media segment (RFC 8216, 3.2). The time of its packets is that of their time
// stamps, in frames, from the first one's on without a wrap. Frames at its end that are cut, and what belongs
// to a frame of the segment before, are left out, unless Continue joins them. The errors are those of Open.
func OpenSegment(data []byte) (*Segment, error) {
	if len(data) > container.MaxSegmentBytes {
		return nil, fmt.Errorf("ts: segment of %d bytes: %w", len(data), container.ErrLimit)
	}
	p := segmentPackets(data)
	t, err := readTables(&p)
	if err != nil {
		return nil, err
	}
	g := &Segment{data: data, list: t.list()}
	if g.sound, g.meta, err = t.choose(); err != nil {
		return nil, err
	}
	if err := g.begin(newStream(segmentPackets(data), g.sound)); err != nil {
		return nil, err
	}
	return g, nil
}

func segmentPackets(data []byte) packets {
	return packets{w: window.Window{R: bytes.NewReader(data), End: int64(len(data))}}
}

// begin finds the first frame and its time.
func (g *Segment) begin(s *stream) error {
	if err := s.begin(); err != nil {
		return err
	}
	g.s = s
	if err := s.time(); err != nil {
		return err
	}
	if !s.anchor.set {
		return nil // no time stamps: times begin with the segment
	}
	rate, long := int64(s.info.Format.SampleRate), int64(1)<<ticksBits
	at := s.anchor.pts - media.Rescale(int64(s.anchor.t-s.next), rate, clock)
	g.ticks, g.timed = at&ticksMask, true
	g.base = media.Frames(media.Rescale(s.anchor.pts, clock, rate)) - s.anchor.t
	if g.base+s.next < 0 {
		g.base += media.Frames(media.Rescale(long, clock, rate))
	}
	return nil
}

// Continue joins the end of the segment before, which must have been read to its end, with the beginning of
// this one: packagers that cut carelessly leave part of a PES packet, and of a frame, in each. It is called
// before the first Next, and does nothing where there is nothing to join.
func (g *Segment) Continue(before container.Demuxer) {
	b, ok := before.(*Segment)
	if !ok || b.sound.coding != g.sound.coding || b.err != io.EOF || !b.s.es.inPES {
		return
	}
	// Only a run of frames proves that the two belong together: counters often begin anew.
	s := newStream(segmentPackets(g.data), g.sound)
	s.es.inPES = true
	s.es.append(b.s.tail)
	if s.begin() != nil || !s.info.Format.SameDecoder(g.s.info.Format) {
		return
	}
	if err := g.begin(s); err != nil {
		g.err = err
	}
}

// Info is the segment's format and the pre-roll.
func (g *Segment) Info() container.Info { return g.s.info }

// Streams lists what the segment's tables list.
func (g *Segment) Streams() []Stream { return g.list }

// Timestamp is the time of the first packet in ticks of 90 kHz, which wraps at 33 bits; ok is false where
// the segment carries none.
func (g *Segment) Timestamp() (ticks int64, ok bool) { return g.ticks, g.timed }

// Next gives the next packet.
func (g *Segment) Next(p *media.Packet) error {
	if g.err == nil {
		g.err = g.s.give(p)
	}
	if g.err == nil {
		p.Time += g.base
	}
	return g.err
}
