package flac

import (
	"errors"
	"io"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

// walkBytes is how near the halving comes before frames are walked one by one.
const walkBytes = 64 << 10

// Seek moves to the frame that holds raw time t. The seek table only narrows the search; it may be
// missing or wrong.
func (d *Demuxer) Seek(t media.Frames) error {
	target := max(0, t) + d.base
	lo, err := d.near(target)
	if err != nil {
		return err
	}
	c := cursor{pos: lo.pos, expected: lo.expected, known: lo.known}
	for {
		before := c
		u, err := d.step(&c)
		if errors.Is(err, io.EOF) {
			d.cur, d.err = c, nil
			return nil
		}
		if err != nil {
			return err
		}
		if u.time+d.base+u.duration > target {
			d.cur, d.err = before, nil
			return nil
		}
	}
}

// near gives the position of a sound frame at or before target, close to it: by halving the bytes
// between two known frames and reading the number of the first sound frame behind the middle.
func (d *Demuxer) near(target media.Frames) (cursor, error) {
	lo, hi := d.start(), d.s.End
	if a, ok := d.s.R.(container.Arriving); ok && a.InOrder() {
		hi = min(hi, lo.pos+a.Held(lo.pos)) // what lies behind is walked to
	}
	if err := d.narrow(target, &lo, &hi); err != nil {
		return lo, err
	}
	for hi-lo.pos > walkBytes {
		mid := lo.pos + (hi-lo.pos)/2
		at, h, err := d.s.resync(mid, hi)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, container.ErrLimit) {
			return lo, err
		}
		if err != nil || h.Sample > target || h.Sample < lo.expected {
			hi = mid
			continue
		}
		lo = cursor{pos: at, expected: h.Sample, known: true}
	}
	return lo, nil
}

// narrow moves lo and hi to points of the seek table whose frames are there.
func (d *Demuxer) narrow(target media.Frames, lo *cursor, hi *int64) error {
	for _, p := range d.meta.seeks {
		at, sample := d.first+p.offset, media.Frames(p.sample)
		better := sample <= target && at > lo.pos && sample >= lo.expected
		if !better && (sample <= target || at >= *hi || at <= lo.pos) {
			continue
		}
		h, ok, err := d.s.header(at)
		if err != nil {
			return err
		}
		switch {
		case !ok || !d.s.like(h) || h.Sample != sample:
		case better:
			*lo = cursor{pos: at, expected: sample, known: true}
		default:
			*hi = at
		}
	}
	return nil
}
