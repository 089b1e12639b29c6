package ts

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/adts"
	"github.com/segue-audio/segue/player/container/internal/framing"
	"github.com/segue-audio/segue/player/container/mp3"
	"github.com/segue-audio/segue/player/media"
)

// maxHole is the longest hole in the time stamps that is believed; a longer one, and any step back, is a
// clock that was set.
const maxHole = 10 * time.Second

func newFramer(c coding) framing.Framer {
	switch c {
	case aacLATM:
		return adts.NewLOAS()
	case mpegAudio:
		return mp3.NewFramer()
	}
	return adts.NewADTS()
}

// stream gives the packets of one elementary stream of sound with their times. Frames follow each other
// without a gap; where a time stamp lies half a frame or more behind, it is believed. So the rounding of
// the stamps adds up nowhere.
type stream struct {
	es     elementary
	coding coding
	f      framing.Framer
	tail   []byte // what is left at the end: the beginning of a frame
	end    error  // why no more can be pulled now: errHole, io.EOF, or what it is; nil
	info   container.Info
	grid   media.Frames // what all lengths are multiples of; zero before the first frame

	anchor anchor
	next   media.Frames // the time of the next frame, where timed
	timed  bool
	exact  bool // the next time stamp goes with next, whatever it says
	reset  bool // a clock was set: times aren't a function of the stamps

	packets [][]byte
	start   media.Frames // of the first of packets
	span    media.Frames // of each
	at      int
	passed  int64 // bytes of rubbish since the last frame

	// on tells of each frame that a time stamp goes with.
	on func(m mark, t media.Frames)
}

// anchor is a time stamp and the time that goes with it.
type anchor struct {
	pts int64 // 33 bits
	t   media.Frames
	set bool
}

func newStream(p packets, sound Stream) *stream {
	return &stream{es: elementary{p: p, pid: sound.PID, counter: -1}, coding: sound.coding, f: newFramer(sound.coding)}
}

// begin finds the first frame.
func (s *stream) begin() error {
	for {
		size, err := s.find()
		if errors.Is(err, io.EOF) || errors.Is(err, container.ErrLimit) {
			return s.whyNone(err)
		}
		if err != nil {
			return err
		}
		info, ok, err := s.f.Begin(s.es.rest()[:size])
		if err != nil {
			return err
		}
		if ok {
			s.info, s.grid = info, s.f.Grid()
			return nil
		}
		s.es.marked(s.es.at()) // its time is no other frame's
		s.es.skip(size)
	}
}

// whyNone turns the failure to find a first frame into an error that tells what the stream is.
func (s *stream) whyNone(err error) error {
	if _, perr := mp3.ParseHeader(s.es.first); s.coding == mpegAudio && errors.Is(perr, container.ErrUnsupported) {
		return fmt.Errorf("ts: %w", perr)
	}
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("ts: no frames of sound: %w", container.ErrFormat)
	}
	return err
}

// find gives the length of the next frame, which the bytes that aren't taken begin with then. io.EOF tells
// that there is none.
func (s *stream) find() (size int, err error) {
	for {
		rest := s.es.rest()
		skip, size := s.f.Find(rest, s.follows())
		if size == 0 && s.tail == nil && errors.Is(s.end, io.EOF) {
			s.tail = rest
		}
		s.es.skip(skip)
		if s.passed += int64(skip); s.passed > container.MaxResyncBytes {
			return 0, fmt.Errorf("ts: no frame in %d bytes: %w", s.passed, container.ErrLimit)
		}
		if size > 0 {
			s.passed = 0
			return size, nil
		}
		if errors.Is(s.end, errHole) {
			s.es.clear()
			s.f.Lost()
			s.timed, s.end = false, nil
		}
		if s.end == nil {
			s.end = s.es.pull()
		} else {
			return 0, s.end
		}
	}
}

// follows tells whether more bytes can be pulled now.
func (s *stream) follows() framing.Rest {
	if s.end != nil {
		return framing.None
	}
	return framing.More
}

// load takes the next frame apart.
func (s *stream) load() error {
	size, err := s.find()
	if err != nil {
		return err
	}
	if err := s.time(); err != nil {
		return err
	}
	frame := s.es.rest()[:size]
	if s.packets, err = s.f.Packets(s.packets[:0], frame); err != nil {
		return err
	}
	long := s.f.Frames(frame)
	s.start, s.span, s.at = s.next, long/media.Frames(max(1, len(s.packets))), 0
	s.next += long
	s.es.skip(size)
	return nil
}

// time finds out when the frame at hand begins.
func (s *stream) time() error {
	if m, ok := s.es.marked(s.es.at()); ok {
		s.stamp(m)
		return nil
	}
	if s.timed {
		return nil
	}
	// Bytes are missing in front of it: what follows will tell.
	before, m, ok, err := s.ahead()
	if err != nil {
		return err
	}
	if ok {
		s.next += before
		s.stamp(m)
		s.next -= before
	}
	s.timed = true
	return nil
}

// maxAhead is how many bytes are looked through for a time stamp.
const maxAhead = 1 << 20

// ahead looks for the next frame that a time stamp goes with, and says how long those are that come before
// it.
func (s *stream) ahead() (before media.Frames, m mark, ok bool, err error) {
	for off := 0; off < maxAhead; {
		skip, size := s.f.Find(s.es.rest()[off:], s.follows())
		off += skip
		switch {
		case size > 0 && len(s.es.marks) > 0 && s.es.marks[0].at <= s.es.at()+int64(off):
			return before, s.es.marks[0], true, nil
		case size > 0:
			before += s.f.Frames(s.es.rest()[off:])
			off += size
		case s.end != nil:
			return 0, m, false, nil
		default:
			if s.end = s.es.pull(); s.end != nil && !errors.Is(s.end, io.EOF) && !errors.Is(s.end, errHole) {
				return 0, m, false, s.end
			}
		}
	}
	return 0, m, false, nil
}

// stamp sets the time of the next frame by a time stamp.
func (s *stream) stamp(m mark) {
	switch {
	case !s.anchor.set:
		s.anchor = anchor{pts: m.pts, t: s.next, set: true}
	case s.exact:
	default:
		s.follow(m)
	}
	s.timed, s.exact = true, false
	if s.on != nil {
		s.on(m, s.next)
	}
}

// follow believes a time stamp, or sets the anchor by it.
func (s *stream) follow(m mark) {
	rate := int64(s.info.Format.SampleRate)
	t := s.anchor.time(m.pts, rate, s.grid)
	hole := t - s.next
	if hole == 0 {
		return
	}
	if hole > 0 && hole.Duration(int(rate)) <= maxHole && !m.jump {
		s.next = t
		return
	}
	s.anchor = anchor{pts: m.pts, t: s.next, set: true}
	s.reset = true
}

// time gives the time that goes with a time stamp: whole frames from the anchor's.
func (a anchor) time(pts, rate int64, grid media.Frames) media.Frames {
	ticks := since(a.pts, pts)
	return a.t + media.Frames(media.Rescale(ticks*rate, clock*int64(grid), 1))*grid
}

// since counts the ticks from one time stamp to another: they wrap at 33 bits.
func since(from, to int64) int64 {
	d := (to - from) & ticksMask
	if d > ticksMask/2 {
		d -= ticksMask + 1
	}
	return d
}

// give fills p with the next packet.
func (s *stream) give(p *media.Packet) error {
	for s.at >= len(s.packets) {
		if err := s.load(); err != nil {
			return err
		}
	}
	*p = media.Packet{Data: s.packets[s.at], Time: s.start + media.Frames(s.at)*s.span, Duration: s.span}
	s.at++
	return nil
}
