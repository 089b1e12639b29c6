package mp4

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/bmff"
	"github.com/segue-audio/segue/player/container/internal/window"
	"github.com/segue-audio/segue/player/media"
)

const (
	maxMoof   = 16 << 20 // bytes of a moof or of a table of fragments
	maxPlaces = 1 << 16  // fragments that an index names; further ones are found by walking
)

// fragments gives the samples of a fragmented file, moof by moof. It goes by the headers from one to the
// next; an index in the file (sidx in front, mfra at the end) makes seeks short, and is dropped when it
// proves wrong.
type fragments struct {
	w     window.Window // headers and moofs
	p     bmff.Fragments
	first int64 // offset of the first moof
	pos   int64 // where the next box is looked for
	at    int   // of p.Samples: the next one

	before uint64       // counts: what stands in moov ends there, and fragments go on
	origin media.Frames // what times begin with, where no edit list speaks of it
	places []place      // known so far, in order
	whole  uint64       // counts: the end that an index tells; zero where none does
}

// place is where a moof lies and when it begins.
type place struct {
	time media.Frames
	at   int64
}

// openFragments reads the indexes of a layout and the first moof; before is where the samples in moov end, in
// counts.
func openFragments(w window.Window, track *bmff.Track, l layout, before uint64) (*fragments, error) {
	size := w.End
	f := &fragments{w: w, first: l.first, pos: l.first, before: before}
	f.p = bmff.Fragments{Track: track, End: size, Limit: size, Clock: before}
	for _, at := range l.indexes {
		if err := f.readIndex(at); err != nil {
			return nil, err
		}
	}
	if f.whole == 0 {
		if err := f.readTail(size); err != nil {
			return nil, err
		}
	}
	if err := f.load(); err != nil && err != io.EOF {
		return nil, err
	}
	if !track.Edit.Set && before == 0 && len(f.p.Samples) > 0 {
		f.origin = f.p.Samples[0].Time
	}
	return f, nil
}

// next gives the next sample, or io.EOF.
func (f *fragments) next() (bmff.Sample, error) {
	for f.at >= len(f.p.Samples) {
		if err := f.load(); err != nil {
			return bmff.Sample{}, err
		}
	}
	s := f.p.Samples[f.at]
	f.at++
	s.Time = max(0, s.Time-f.origin)
	return s, nil
}

// snapshot is a copy to go back to; what was learnt stays.
func (f *fragments) snapshot() fragments {
	was := *f
	was.p.Samples = slices.Clone(f.p.Samples)
	return was
}

// restore goes back to a snapshot.
func (f *fragments) restore(was fragments) {
	was.places, was.w = f.places, f.w
	*f = was
}

// ended tells whether no sample follows.
func (f *fragments) ended() bool {
	was := f.snapshot()
	_, err := f.next()
	f.restore(was)
	return err == io.EOF
}

// load reads the next moof.
func (f *fragments) load() error {
	pos, at, err := f.find(f.pos)
	if err != nil {
		return err
	}
	if err := f.moof(pos, at); err != nil {
		return err
	}
	if n := len(f.places); len(f.p.Samples) > 0 && f.whole == 0 && n < maxPlaces {
		if p := (place{f.p.Samples[0].Time, pos}); n == 0 || p.time > f.places[n-1].time && p.at > f.places[n-1].at {
			f.places = append(f.places, p)
		}
	}
	return nil
}

// find gives the first moof at or behind off.
func (f *fragments) find(off int64) (at int64, body span, err error) {
	for range bmff.MaxBoxes {
		if off >= f.w.End {
			return 0, body, io.EOF
		}
		kind, body, whole, err := readHead(&f.w, off, f.w.End)
		if err != nil {
			return 0, body, cutEnd(err, off, f.w.End)
		}
		if kind == bmff.CC("moof") {
			if !whole {
				return 0, body, io.EOF // the file was cut
			}
			return off, body, nil
		}
		off = body.end
	}
	return 0, body, fmt.Errorf("mp4: no moof in %d boxes: %w", bmff.MaxBoxes, container.ErrLimit)
}

// cutEnd takes a few bytes at the file's end for its end.
func cutEnd(err error, off, end int64) error {
	if end-off < 8 {
		return io.EOF
	}
	return err
}

// moof takes the samples out of the moof at pos.
func (f *fragments) moof(pos int64, body span) error {
	if body.end-body.at > maxMoof {
		return fmt.Errorf("mp4: moof of %d bytes: %w", body.end-body.at, container.ErrLimit)
	}
	b, err := f.w.At(body.at, int(body.end-body.at))
	if err != nil {
		return err
	}
	if int64(len(b)) < body.end-body.at {
		return io.EOF
	}
	f.p.Samples, f.at = f.p.Samples[:0], 0
	if err := f.p.Moof(b, pos); err != nil {
		return err
	}
	f.pos = body.end
	return nil
}

// seek implements source.
func (f *fragments) seek(t, back media.Frames) error {
	was := f.snapshot()
	t = max(0, t) + f.origin
	err := f.seekTo(t)
	if err == nil && back > 0 {
		err = f.seekTo(max(t-back, f.origin))
	}
	if err == io.EOF {
		return nil
	}
	if err != nil {
		f.restore(was)
	}
	return err
}

func (f *fragments) seekTo(t media.Frames) error {
	i, found := slices.BinarySearchFunc(f.places, t, func(p place, t media.Frames) int { return int(min(1, max(-1, p.time-t))) })
	if !found {
		i--
	}
	start := f.first
	if i >= 0 {
		start = f.places[i].at
	}
	f.pos, f.p.Clock, f.p.Claims, f.at = start, 0, 0, len(f.p.Samples)
	if start == f.first {
		f.p.Clock = f.before
	}
	if err := f.load(); err != nil || f.late(t) {
		if i < 0 || start == f.first {
			return err
		}
		f.places, f.pos, f.p.Clock, f.p.Claims = nil, f.first, f.before, 0 // the index is wrong
		if err := f.load(); err != nil {
			return err
		}
	}
	return f.walk(t)
}

// late tells whether the samples at hand all lie behind t.
func (f *fragments) late(t media.Frames) bool {
	return len(f.p.Samples) > 0 && f.p.Samples[0].Time > t
}

// walk goes on to the moof that holds t.
func (f *fragments) walk(t media.Frames) error {
	for {
		if n := len(f.p.Samples); n > 0 {
			last := f.p.Samples[n-1]
			if last.Time+last.Duration > t {
				for f.at = 0; f.at+1 < n && f.p.Samples[f.at+1].Time <= t; {
					f.at++
				}
				return nil
			}
			f.at = n
		}
		if err := f.load(); err != nil {
			return err
		}
		if f.late(t) { // t lies in a hole
			return nil
		}
	}
}

// readIndex reads a sidx (ISO 14496-12, 8.16.3) that lists media.
func (f *fragments) readIndex(body span) error {
	if body.end-body.at > maxMoof {
		return nil
	}
	b, err := f.w.At(body.at, int(body.end-body.at))
	if err != nil {
		return err
	}
	x, err := bmff.ParseIndex(b)
	if err != nil || x.Track != f.p.Track.ID {
		return nil // not for this track, or not to be used
	}
	at, tick, scale := body.end+int64(x.First), x.Start, x.Scale
	rate := int64(f.p.Track.Info.Format.SampleRate)
	var places []place
	for _, ref := range x.References {
		if ref.Index { // a list of lists
			return nil
		}
		places = append(places, place{media.Frames(media.Rescale(int64(tick), int64(scale), rate)), at})
		at, tick = at+int64(ref.Size), tick+uint64(ref.Duration)
	}
	if len(places) > 0 && len(f.places) == 0 {
		f.places = places
		f.whole = f.p.Track.At(uint64(media.Rescale(int64(tick), int64(scale), int64(f.p.Track.Timescale))))
	}
	return nil
}

// readTail reads the table of fragments at the end of a file (8.8.9 to 8.8.11).
func (f *fragments) readTail(size int64) error {
	const mfro = 16
	b, err := f.w.At(max(0, size-mfro), mfro)
	if err != nil {
		return err
	}
	if len(b) < mfro || string(b[4:8]) != "mfro" {
		return nil
	}
	n := int64(binary.BigEndian.Uint32(b[12:]))
	if n < mfro || n > min(size, maxMoof) {
		return nil
	}
	if b, err = f.w.At(size-n, int(n)); err != nil {
		return err
	}
	mfra, ok, err := bmff.Child(b, bmff.CC("mfra"))
	if err != nil || !ok {
		return nil // not to be used
	}
	_ = bmff.Boxes(mfra.Body, 0, func(b bmff.Box) (bool, error) {
		if b.Kind == bmff.CC("tfra") {
			f.readPlaces(b.Body)
		}
		return true, nil
	})
	return nil
}

// readPlaces reads tfra.
func (f *fragments) readPlaces(body []byte) {
	r := bmff.Reader{B: body}
	version, _ := r.Full()
	id := r.U32()
	lengths := r.U32()
	count := r.U32()
	skip := int(lengths>>4&3) + int(lengths>>2&3) + int(lengths&3) + 3
	if id != f.p.Track.ID || len(f.places) > 0 {
		return
	}
	var places []place
	for range min(count, maxPlaces) {
		var tick, at uint64
		if version == 1 {
			tick, at = r.U64(), r.U64()
		} else {
			tick, at = uint64(r.U32()), uint64(r.U32())
		}
		r.Take(skip)
		if r.Short || at > 1<<60 {
			return
		}
		p := place{f.p.Track.Media(tick), int64(at)}
		if n := len(places); n > 0 && (p.time <= places[n-1].time || p.at <= places[n-1].at) {
			continue // several samples of one moof
		}
		places = append(places, p)
	}
	f.places = places
}

// end is where the samples end, in counts, as far as an index tells; else zero.
func (f *fragments) end() uint64 {
	if f.p.Track.Edit.Set {
		return f.whole
	}
	start := f.p.Track.At(uint64(media.Rescale(int64(f.origin), int64(f.p.Track.Info.Format.SampleRate), int64(f.p.Track.Timescale))))
	return f.whole - min(f.whole, start)
}
