package adts

import (
	"errors"
	"io"
	"slices"

	"github.com/segue-audio/segue/player/media"
)

const (
	// indexStep is how many raw_data_blocks lie between two entries of the index at first: one and a half seconds.
	indexStep = 64
	// maxIndex bounds the index: when it is full, every other entry goes and the steps double.
	maxIndex = 1 << 14
)

// index remembers where frames stand, in order.
type index struct {
	entries []cursor
	step    int64
}

func (x *index) note(c cursor) {
	if x.step == 0 {
		x.step = indexStep
	}
	if n := len(x.entries); n > 0 && c.n < x.entries[n-1].n+x.step {
		return
	}
	if len(x.entries) == maxIndex {
		x.step *= 2
		for i := range maxIndex / 2 {
			x.entries[i] = x.entries[2*i]
		}
		x.entries = x.entries[:maxIndex/2]
	}
	x.entries = append(x.entries, c)
}

// before gives the last entry at or before raw_data_block n.
func (x *index) before(n int64) (cursor, bool) {
	i, found := slices.BinarySearchFunc(x.entries, n, func(c cursor, n int64) int { return int(max(-1, min(1, c.n-n))) })
	if !found {
		i--
	}
	if i < 0 {
		return cursor{}, false
	}
	return x.entries[i], true
}

// Seek moves to the packet that holds raw time t less the pre-roll. It is exact at any bit rate: the
// headers up to t are walked once and remembered.
func (d *Demuxer) Seek(t media.Frames) error {
	last, want := int64(max(0, t)/d.block), int64(max(0, t-d.info.Preroll)/d.block)
	_, err := d.walk(last) // whether t is past the end can only be seen there
	var c cursor
	if err == nil {
		c, err = d.walk(want)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	d.packets, d.at, d.err = d.packets[:0], 0, nil
	if err != nil {
		d.err = io.EOF
		return nil
	}
	d.cur, d.skip = c, want-c.n
	return nil
}

// Scan walks to the end of the file, so that Duration is exact. The position stays.
func (d *Demuxer) Scan() error {
	if d.total >= 0 {
		return nil
	}
	c, ok := d.index.before(1 << 62)
	if !ok {
		c = cursor{pos: d.first}
	}
	for {
		if _, err := d.step(&c); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// walk gives the place of the frame that holds raw_data_block n; io.EOF tells that there is none.
func (d *Demuxer) walk(n int64) (cursor, error) {
	if d.total >= 0 && n >= d.total {
		return cursor{}, io.EOF
	}
	c, ok := d.index.before(n)
	if !ok {
		c = cursor{pos: d.first}
	}
	if d.cur.n > c.n && d.cur.n <= n {
		c = d.cur
	}
	for {
		before := c
		if _, err := d.step(&c); err != nil {
			return c, err
		}
		if c.n > n {
			return before, nil
		}
	}
}
