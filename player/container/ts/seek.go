package ts

import (
	"errors"
	"io"
	"slices"

	"github.com/segue-audio/segue/player/container/internal/window"
	"github.com/segue-audio/segue/player/media"
)

const (
	indexStep  = 64 // frames between two entries of the index at first: a second and a half
	maxIndex   = 1 << 14
	nearBytes  = 128 << 10 // so close is read rather than halved
	tailBytes  = 256 << 10 // where the last time stamp is looked for
	probeBytes = 4 << 20   // where the next one is
)

// place is where a PES packet begins whose time is known.
type place struct {
	at     int64
	t      media.Frames
	anchor anchor
}

// index remembers places in order.
type index struct {
	places []place
	step   media.Frames
}

func (x *index) note(p place, grid media.Frames) {
	if x.step == 0 {
		x.step = indexStep * grid
	}
	if n := len(x.places); n > 0 && (p.t < x.places[n-1].t+x.step || p.at <= x.places[n-1].at) {
		return
	}
	if len(x.places) == maxIndex {
		x.step *= 2
		for i := range maxIndex / 2 {
			x.places[i] = x.places[2*i]
		}
		x.places = x.places[:maxIndex/2]
	}
	x.places = append(x.places, p)
}

// before gives the last place at or before t.
func (x *index) before(t media.Frames) (place, bool) {
	i, found := slices.BinarySearchFunc(x.places, t, func(p place, t media.Frames) int { return int(max(-1, min(1, p.t-t))) })
	if !found {
		i--
	}
	if i < 0 {
		return place{}, false
	}
	return x.places[i], true
}

// packetsAt reads the file from an offset on.
func (d *Demuxer) packetsAt(at int64) packets {
	p := packets{w: window.Window{R: d.r, End: min(d.size, d.s.es.p.w.End)}, l: d.s.es.p.l}
	p.pos = max(0, at-int64(p.l.lead))
	return p
}

// measure finds the length by the last time stamp.
func (d *Demuxer) measure() error {
	if err := d.s.time(); err != nil {
		return err
	}
	p := d.packetsAt(d.size - tailBytes)
	p.l.stride = 0
	s := newStream(p, d.sound)
	last := media.Frames(-1)
	err := s.begin()
	if err == nil && p.pos > 0 {
		s.anchor, s.exact = d.s.anchor, true
		s.on = func(m mark, _ media.Frames) {
			last = max(last, s.anchor.time(m.pts, int64(s.info.Format.SampleRate), s.grid))
			s.next, s.exact = last, true
		}
	}
	for err == nil {
		err = s.load()
	}
	if errors.Is(err, io.EOF) && (last >= 0 || p.pos == 0) {
		d.length = max(0, s.next)
	}
	if errors.Is(err, io.EOF) || isOurs(err) {
		return nil
	}
	return err
}

// Seek moves to the packet that holds raw time t less the pre-roll, by halving the file between time stamps;
// a file whose clock was set somewhere is read from the last known place before. It is exact, unless the
// file holds a clock that was set where nothing was read yet.
func (d *Demuxer) Seek(t media.Frames) error {
	t = max(0, t)
	want := max(0, t-d.info.Preroll)
	s, err := d.land(t) // whether t is past the end can only be seen there
	if err == nil && want != t {
		s, err = d.land(want)
	}
	if errors.Is(err, io.EOF) {
		d.err = io.EOF
		return nil
	}
	if err != nil {
		return err
	}
	d.s, d.err = s, nil
	return nil
}

// land gives a stream whose next packet holds t; io.EOF tells that there is none.
func (d *Demuxer) land(t media.Frames) (*stream, error) {
	from, ok := d.index.before(t)
	if !ok {
		from = place{at: 0, anchor: anchor{}}
	}
	if ok && !d.reset {
		near, err := d.halve(from, t)
		if err != nil {
			return nil, err
		}
		from = near
	}
	s, err := d.walk(from, t)
	if errors.Is(err, errLate) && len(d.index.places) > 0 { // time stamps lead astray
		first := d.index.places[0]
		s, err = d.walk(first, t)
	}
	return s, err
}

// errLate: all packets lie behind what is looked for.
var errLate = errors.New("begun too late")

// walk reads on from a place to the packet that holds t.
func (d *Demuxer) walk(from place, t media.Frames) (*stream, error) {
	s := newStream(d.packetsAt(from.at), d.sound)
	if err := s.begin(); err != nil {
		if isOurs(err) {
			err = io.EOF
		}
		return nil, err
	}
	s.info = d.info
	s.anchor, s.next, s.exact = from.anchor, from.t, from.anchor.set
	d.follow(s)
	for first := true; ; first = false {
		if err := s.load(); err != nil {
			return nil, err
		}
		if first && s.start > t && t > 0 && from.t > 0 {
			return nil, errLate
		}
		if s.next > t {
			for s.at+1 < len(s.packets) && s.start+media.Frames(s.at+1)*s.span <= t {
				s.at++
			}
			return s, nil
		}
	}
}

// halve finds a place before t and near to it, from one before on.
func (d *Demuxer) halve(lo place, t media.Frames) (place, error) {
	hi, end := d.size, media.Frames(1)<<62
	if next, ok := d.after(t); ok {
		hi, end = next.at, next.t
	}
	for hi-lo.at > nearBytes {
		mid := lo.at + (hi-lo.at)/2
		m, ok, err := d.probe(mid, lo)
		switch {
		case err != nil:
			return lo, err
		case !ok || m.at >= hi:
			hi = mid
		case m.t < lo.t || m.t > end:
			d.reset = true
			return lo, nil
		case m.t > t:
			hi, end = mid, m.t
		default:
			lo = m
		}
	}
	return lo, nil
}

// after gives the first known place behind t.
func (d *Demuxer) after(t media.Frames) (place, bool) {
	for _, p := range d.index.places {
		if p.t > t {
			return p, true
		}
	}
	return place{}, false
}

// probe finds the first time stamp at or behind an offset.
func (d *Demuxer) probe(at int64, lo place) (place, bool, error) {
	p := d.packetsAt(at)
	p.l.stride = 0
	p.w.End = min(p.w.End, at+probeBytes)
	e := elementary{p: p, pid: d.sound.PID, counter: -1}
	for len(e.marks) == 0 {
		if err := e.pull(); errors.Is(err, io.EOF) || isOurs(err) {
			return place{}, false, nil
		} else if err != nil && !errors.Is(err, errHole) {
			return place{}, false, err
		}
		e.skip(len(e.rest()))
	}
	m := e.marks[0]
	t := lo.anchor.time(m.pts, int64(d.info.Format.SampleRate), d.s.grid)
	return place{at: m.file, t: t, anchor: lo.anchor}, true, nil
}
