package metadata

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/segue-audio/segue/player/media"
)

// mp4Track is what is read of a track: enough to find the texts of one that holds chapters.
type mp4Track struct {
	id       uint32
	text     bool   // its handler is for text
	chapters uint32 // the track that lists its chapters
	scale    uint32

	stts, stsc, stsz, stco, co64 mp4Box
}

func (v *mp4Movie) track(b mp4Box, depth int) error {
	t := &v.tracks[len(v.tracks)-1]
	// version tells how long the times are that stand in front of the field wanted.
	field := func(at0, at1 int64) (uint32, error) {
		h, err := v.r.head(b.off, b.end, int(at1)+4)
		if err != nil || len(h) == 0 {
			return 0, err
		}
		at := at0
		if h[0] == 1 {
			at = at1
		}
		if int64(len(h)) < at+4 {
			return 0, nil
		}
		return binary.BigEndian.Uint32(h[at:]), nil
	}
	var err error
	switch b.kind {
	case "tkhd":
		t.id, err = field(12, 20)
	case "mdhd":
		t.scale, err = field(12, 20)
	case "hdlr":
		var kind uint32
		kind, err = field(8, 8)
		t.text = kind == 0x74657874 || kind == 0x7362746c // "text", "sbtl"
	case "chap":
		t.chapters, err = field(0, 0)
	case "udta":
		return v.boxes(b.off, b.end, depth+1, v.userData)
	case "mdia", "minf", "stbl", "tref":
		return v.boxes(b.off, b.end, depth+1, v.track)
	case "stts":
		t.stts = b
	case "stsc":
		t.stsc = b
	case "stsz":
		t.stsz = b
	case "stco":
		t.stco = b
	case "co64":
		t.co64 = b
	}
	return err
}

// neroChapters reads chpl: times in 100 ns, and titles.
func (v *mp4Movie) neroChapters(b mp4Box) error {
	body, err := v.r.text(b.off, b.end-b.off)
	if err != nil || len(body) < 9 {
		return err
	}
	count := int(body[4])
	rest := body[5:]
	if body[0] != 0 { // version 1 puts four bytes in front
		count, rest = int(body[8]), body[9:]
	}
	for ; count > 0 && len(rest) >= 9; count-- {
		at, n := binary.BigEndian.Uint64(rest), int(rest[8])
		if len(rest) < 9+n || at > 1<<50 {
			return fmt.Errorf("chpl: %w", ErrFormat)
		}
		v.r.m.Chapters = append(v.r.m.Chapters, Chapter{Start: time.Duration(at) * 100, Title: anyText(rest[9 : 9+n])})
		rest = rest[9+n:]
	}
	return nil
}

// chapterTrack reads the text track that another track names as its list of chapters.
func (v *mp4Movie) chapterTrack() error {
	for _, t := range v.tracks {
		for i := range v.tracks {
			if c := &v.tracks[i]; t.chapters != 0 && c.id == t.chapters && c.text && c.scale > 0 {
				return v.chapterTexts(c)
			}
		}
	}
	return nil
}

// table reads a table of 32-bit numbers behind a full box's header and `skip` more of them.
func (v *mp4Movie) table(b mp4Box, skip int) ([]uint32, error) {
	const most = 4 * (3*MaxChapters + 4)
	body, err := v.r.head(b.off, b.end, most)
	if err != nil || len(body) < 4+4*skip {
		return nil, err
	}
	numbers := make([]uint32, 0, len(body)/4)
	for body = body[4+4*skip:]; len(body) >= 4; body = body[4:] {
		numbers = append(numbers, binary.BigEndian.Uint32(body))
	}
	return numbers, nil
}

// chapterTexts reads the samples of a text track: a length, and the text.
func (v *mp4Movie) chapterTexts(t *mp4Track) error {
	places, err := v.samplePlaces(t)
	if err != nil {
		return err
	}
	runs, err := v.table(t.stts, 1)
	if err != nil {
		return err
	}
	var ticks int64
	at := func() time.Duration { return time.Duration(media.Rescale(ticks, int64(t.scale), int64(time.Second))) }
	for len(runs) >= 2 && len(places) > 0 {
		for n := runs[0]; n > 0 && len(places) > 0; n-- {
			p := places[0]
			places = places[1:]
			c := Chapter{Start: at()}
			ticks += int64(runs[1])
			c.End = at()
			if h, err := v.r.head(p.off, p.end, 2); err != nil {
				return err
			} else if len(h) == 2 {
				text, err := v.r.head(p.off+2, p.end, int(binary.BigEndian.Uint16(h)))
				if err != nil {
					return err
				}
				c.Title = sampleText(text)
			}
			v.r.m.Chapters = append(v.r.m.Chapters, c)
		}
		runs = runs[2:]
	}
	return nil
}

// sampleText is UTF-8, or UTF-16 where a mark says so.
func sampleText(b []byte) string {
	if len(b) >= 2 && (b[0] == 0xfe && b[1] == 0xff || b[0] == 0xff && b[1] == 0xfe) {
		return utf16Text(b, binary.BigEndian)
	}
	return anyText(b)
}

// samplePlaces finds where the samples of a track lie.
func (v *mp4Movie) samplePlaces(t *mp4Track) (places []mp4Box, err error) {
	runs, err := v.table(t.stsc, 1)
	if err != nil {
		return nil, err
	}
	sizes, err := v.table(t.stsz, 1) // the common size, how many, each one's
	if err != nil || len(sizes) < 1 {
		return nil, err
	}
	offsets, err := v.chunkOffsets(t)
	if err != nil {
		return nil, err
	}
	same := int64(0)
	if raw, err := v.r.head(t.stsz.off, t.stsz.end, 12); err != nil {
		return nil, err
	} else if len(raw) == 12 {
		same = int64(binary.BigEndian.Uint32(raw[4:]))
	}
	count := min(int(sizes[0]), MaxChapters)
	sizes = sizes[1:]
	for chunk, off := range offsets {
		for len(runs) >= 6 && int(runs[3]) <= chunk+1 {
			runs = runs[3:]
		}
		if len(runs) < 3 {
			break
		}
		for n := runs[1]; n > 0 && len(places) < count; n-- {
			size := same
			if size == 0 {
				if len(places) >= len(sizes) {
					return places, nil
				}
				size = int64(sizes[len(places)])
			}
			places = append(places, mp4Box{off: off, end: off + size})
			off += size
		}
	}
	return places, nil
}

func (v *mp4Movie) chunkOffsets(t *mp4Track) (offsets []int64, err error) {
	if t.co64.end == 0 {
		list, err := v.table(t.stco, 1)
		for _, n := range list {
			offsets = append(offsets, int64(n))
		}
		return offsets, err
	}
	list, err := v.table(t.co64, 1)
	for ; len(list) >= 2; list = list[2:] {
		offsets = append(offsets, int64(list[0])<<32|int64(list[1]))
	}
	return offsets, err
}
