package metadata

import (
	"bytes"
	"encoding/binary"
	"slices"
	"time"
)

// id3Contents is what CHAP and CTOC frames say (ID3v2 chapter frame addendum).
type id3Contents struct {
	ids      []string // of chapters
	chapters []Chapter
	tables   map[string][]string // the children of each table of contents
	root     string
}

// maxContentsDepth bounds tables within tables.
const maxContentsDepth = 8

// chapter reads CHAP: an id, the times in milliseconds, and frames of its own.
func (t *id3Tag) chapter(f id3Frame) error {
	const times = 16
	b, err := t.r.head(f.off, f.end, 256+times)
	if err != nil {
		return err
	}
	id, rest, ok := bytes.Cut(b, []byte{0})
	if !ok || len(rest) < times || len(t.toc.chapters) >= MaxChapters {
		return nil
	}
	c := Chapter{Start: milliseconds(rest), End: milliseconds(rest[4:])}
	if binary.BigEndian.Uint32(rest[4:]) == 1<<32-1 || c.End <= c.Start {
		c.End = 0
	}
	err = t.walk(f.off+int64(len(id))+1+times, f.end, func(sub id3Frame) error {
		switch sub.id {
		case "TIT2":
			b, err := t.r.text(sub.off, sub.end-sub.off)
			if err == nil && len(b) > 0 {
				c.Title = decodeText(b[0], b[1:])
			}
			return err
		case "APIC":
			if p, err := t.picture(sub); err == nil {
				c.Picture = &p
			}
		}
		return nil
	})
	t.toc.ids, t.toc.chapters = append(t.toc.ids, string(id)), append(t.toc.chapters, c)
	return err
}

func milliseconds(b []byte) time.Duration {
	return time.Duration(binary.BigEndian.Uint32(b)) * time.Millisecond
}

// contents reads CTOC: an id, flags, and the ids of what it holds.
func (t *id3Tag) contents(f id3Frame) error {
	b, err := t.r.text(f.off, f.end-f.off)
	if err != nil {
		return err
	}
	id, rest, ok := bytes.Cut(b, []byte{0})
	if !ok || len(rest) < 2 || len(t.toc.tables) >= MaxChapters {
		return nil
	}
	top, count := rest[0]&2 != 0, int(rest[1])
	var children []string
	for rest = rest[2:]; count > 0 && len(rest) > 0; count-- {
		var child []byte
		child, rest, _ = bytes.Cut(rest, []byte{0})
		children = append(children, string(child))
	}
	if t.toc.tables == nil {
		t.toc.tables = map[string][]string{}
	}
	t.toc.tables[string(id)] = children
	if top || t.toc.root == "" {
		t.toc.root = string(id)
	}
	return nil
}

// chapters gives out the chapters that the table of contents lists: others are meant to be hidden. Where
// it lists none that is there, all are shown.
func (t *id3Tag) chapters() {
	seen := map[string]bool{}
	var list func(id string, depth int)
	list = func(id string, depth int) {
		if seen[id] || depth > maxContentsDepth {
			return
		}
		seen[id] = true
		for _, child := range t.toc.tables[id] {
			list(child, depth+1)
		}
	}
	list(t.toc.root, 0)
	shown := func(i int) bool { return seen[t.toc.ids[i]] }
	any := slices.ContainsFunc(t.toc.ids, func(id string) bool { return seen[id] })
	for i, c := range t.toc.chapters {
		if !any || shown(i) {
			t.out.m.Chapters = append(t.out.m.Chapters, c)
		}
	}
}
