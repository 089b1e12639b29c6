package fmp4

import (
	"fmt"
	"slices"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/bmff"
)

// MaxIndexEntries bounds the entries of an index: a day of pieces of one second.
const MaxIndexEntries = 100_000

// IndexEntry is one piece of a file.
type IndexEntry struct {
	Offset, Size int64 // of its bytes in the file
	Start        int64 // of its sound on the track's own clock, in ticks
	Duration     int64 // in ticks
	Scale        int64 // ticks a second; never zero

	// Nested tells that the bytes are a further index and not media: fetch them, and give them to ParseIndex.
	Nested bool
}

// ParseIndex reads a segment index, sidx (ISO 14496-12, 8.16.3). data are the bytes of the file from
// offset on: the index stands first in them, or behind other boxes (an init section); what is cut behind it
// doesn't matter. Indexes that it refers to are read too where they lie within data, else reported as
// Nested. The error wraps container.ErrFormat, also where there is no index, or container.ErrLimit.
func ParseIndex(data []byte, offset int64) ([]IndexEntry, error) {
	box, ok, err := bmff.Child(data, bmff.CC("sidx"))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("fmp4: no sidx box: %w", container.ErrFormat)
	}
	if offset < 0 || offset > 1<<60 {
		return nil, fmt.Errorf("fmp4: index at %d: %w", offset, container.ErrFormat)
	}
	p := indexReader{data: data, offset: offset}
	if err := p.read(box); err != nil {
		return nil, err
	}
	var all []IndexEntry
	for len(p.todo) > 0 {
		e := p.todo[len(p.todo)-1]
		p.todo = p.todo[:len(p.todo)-1]
		if inner, ok := p.within(e); !ok {
			all = append(all, e)
		} else if err := p.read(inner); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// indexReader follows the references of one index to others in the same bytes.
type indexReader struct {
	data   []byte
	offset int64
	claims int
	todo   []IndexEntry // the last comes first
}

// read adds what one sidx refers to.
func (p *indexReader) read(box bmff.Box) error {
	x, err := bmff.ParseIndex(box.Body)
	if err != nil {
		return err
	}
	if p.claims += len(x.References) + 1; p.claims > MaxIndexEntries {
		return fmt.Errorf("fmp4: index of more than %d entries: %w", MaxIndexEntries, container.ErrLimit)
	}
	at := p.offset + int64(box.At+len(box.Body)) + int64(x.First)
	start, before := int64(x.Start), len(p.todo)
	for _, ref := range x.References {
		p.todo = append(p.todo, IndexEntry{
			Offset: at, Size: int64(ref.Size), Start: start, Duration: int64(ref.Duration), Scale: int64(x.Scale), Nested: ref.Index,
		})
		at, start = at+int64(ref.Size), start+int64(ref.Duration)
	}
	slices.Reverse(p.todo[before:])
	return nil
}

// within finds the sidx that e begins with, where it is at hand. It lies behind the one that refers to it,
// so that no chain of them ends where it began.
func (p *indexReader) within(e IndexEntry) (box bmff.Box, ok bool) {
	from := e.Offset - p.offset
	if !e.Nested || from >= int64(len(p.data)) {
		return box, false
	}
	err := bmff.Boxes(p.data[from:], int(from), func(b bmff.Box) (bool, error) {
		box, ok = b, b.Kind == bmff.CC("sidx")
		return false, nil
	})
	return box, ok && err == nil
}
