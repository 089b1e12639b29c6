package mka

import (
	"cmp"
	"errors"
	"io"
	"slices"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/window"
	"github.com/segue-audio/segue/player/media"
)

// maxPlaces bounds the index: a day of clusters of a second.
const maxPlaces = 100_000

// note keeps the place of a cluster that was begun.
func (d *Demuxer) note() {
	c := d.c
	if !c.start || len(c.packets) == 0 || len(d.index) >= maxPlaces {
		return
	}
	p := place{c.cluster, c.packets[0].Time}
	if i, found := slices.BinarySearchFunc(d.index, p, byTime); !found {
		d.index = slices.Insert(d.index, i, p)
	}
}

func byTime(a, b place) int { return cmp.Compare(a.t, b.t) }

// cues reads the file's index (RFC 9559, 5.1.5), once.
func (d *Demuxer) cues() error {
	if d.haveCues || d.cuesAt == 0 {
		return nil
	}
	w := window.Window{R: d.r, End: d.size}
	e, ok, err := readHead(&w, d.cuesAt)
	if err == io.EOF || err == nil && (!ok || e.id != idCues) {
		d.haveCues = true // there is none
		return nil
	}
	if err != nil {
		return err
	}
	b, err := readBody(&w, e)
	if err != nil && !errors.Is(err, container.ErrLimit) && !errors.Is(err, container.ErrFormat) {
		return err
	}
	d.haveCues = true
	each(b, func(id uint32, body []byte) bool {
		if id == idCue {
			d.cue(body)
		}
		return len(d.index) < maxPlaces
	})
	slices.SortStableFunc(d.index, byTime)
	d.index = slices.CompactFunc(d.index, func(a, b place) bool { return a.t == b.t })
	return nil
}

// cue reads one line of it.
func (d *Demuxer) cue(b []byte) {
	time := int64(0)
	each(b, func(id uint32, body []byte) bool {
		switch id {
		case idCueTime:
			time = number(body)
		case idCuePlaces:
			at, track := int64(-1), d.track.number
			each(body, func(id uint32, body []byte) bool {
				switch id {
				case idCueTrack:
					track = number(body)
				case idCueAt:
					at = number(body)
				}
				return true
			})
			if track == d.track.number && at >= 0 && at < d.size && d.segment+at >= d.first {
				d.index = append(d.index, place{d.segment + at, d.position(time) - d.origin})
			}
		}
		return true
	})
}

// Seek moves to the packet that holds raw time t less the pre-roll, by the file's index where it has one.
func (d *Demuxer) Seek(t media.Frames) error {
	t = max(0, t)
	if err := d.cues(); err != nil {
		return err
	}
	c, err := d.land(t) // whether t is past the end can only be seen there
	if want := max(0, t-d.track.info.Preroll); err == nil && want != t {
		c, err = d.land(want)
	}
	if errors.Is(err, io.EOF) {
		d.err = io.EOF
		return nil
	}
	if err != nil {
		return err
	}
	d.c, d.err = c, nil
	return nil
}

// land gives a cursor whose next packet holds t; io.EOF tells that there is none.
func (d *Demuxer) land(t media.Frames) (*cursor, error) {
	i, _ := slices.BinarySearchFunc(d.index, t+1, func(p place, t media.Frames) int { return cmp.Compare(p.t, t) })
	for back := 2; ; back *= 4 { // one cluster more: a packet's length may hang on the one before it
		at := d.first
		if i >= back {
			at = d.index[i-back].at
		}
		c := d.at(at)
		ok, err := c.walk(t)
		if ok || err != nil || at == d.first {
			return c, err
		}
	}
}

// walk goes on to the packet that holds t; false tells that all lie behind it.
func (c *cursor) walk(t media.Frames) (bool, error) {
	for first := true; ; first = false {
		if err := c.load(); err != nil {
			return false, err
		}
		if first && c.packets[0].Time > t {
			return false, nil
		}
		for i, p := range c.packets {
			if p.Time+p.Duration > t {
				c.next = i
				return true, nil
			}
		}
	}
}
