package metadata

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// MP4 reads what an MP4 file's moov box says, wherever it stands: iTunes's list (udta/meta/ilst), chapters
// (Nero's chpl, or a text track that the audio refers to) and loudness (ISO 14496-12, 12.2.7). A chapter
// track's texts lie elsewhere in the file, and are read only where chpl lists no chapters. The error wraps
// ErrFormat, ErrLimit or that of reading, and concerns what was met behind it.
func (r *Reader) MP4() error {
	v := mp4Movie{r: r}
	fields, before := len(r.m.Fields), r.m.Tags
	err := v.boxes(0, r.size, 0, v.file)
	r.m.join(fields, before)
	if errors.Is(err, errFound) {
		err = nil
	}
	if err == nil && len(r.m.Chapters) == 0 {
		err = v.chapterTrack()
	}
	if err != nil {
		return r.failed(fmt.Errorf("MP4: %w", err))
	}
	return nil
}

// mp4Movie is a moov box that is being read.
type mp4Movie struct {
	r      *Reader
	count  int
	tracks []mp4Track
}

// mp4Box is where a box's body lies.
type mp4Box struct {
	kind     string
	off, end int64
}

const (
	maxBoxDepth = 10
	maxBoxes    = 1 << 14 // in all
)

// boxes visits the boxes between two offsets.
func (v *mp4Movie) boxes(off, end int64, depth int, visit func(mp4Box, int) error) error {
	if depth > maxBoxDepth {
		return fmt.Errorf("boxes %d deep: %w", depth, ErrLimit)
	}
	for off+8 <= end {
		if v.count++; v.count > maxBoxes {
			return fmt.Errorf("more than %d boxes: %w", maxBoxes, ErrLimit)
		}
		h, err := v.r.head(off, end, 16)
		if err != nil {
			return err
		}
		size, head := int64(binary.BigEndian.Uint32(h)), int64(8)
		switch {
		case size == 0:
			size = end - off
		case size == 1 && len(h) == 16:
			size, head = int64(min(binary.BigEndian.Uint64(h[8:]), 1<<62)), 16
		}
		if size < head || size > end-off {
			if depth > 0 && size == 0 {
				return nil // QuickTime ends some lists with a zero
			}
			return fmt.Errorf("box %q of %d bytes, where %d are left: %w", h[4:8], size, end-off, ErrFormat)
		}
		if err := visit(mp4Box{string(h[4:8]), off + head, off + size}, depth); err != nil {
			return err
		}
		off += size
	}
	return nil
}

// errFound ends the walk over a file's boxes: nothing behind moov is wanted.
var errFound = errors.New("moov was read")

func (v *mp4Movie) file(b mp4Box, depth int) error {
	if b.kind != "moov" {
		return nil
	}
	if err := v.boxes(b.off, b.end, depth+1, v.movie); err != nil {
		return err
	}
	return errFound
}

func (v *mp4Movie) movie(b mp4Box, depth int) error {
	switch b.kind {
	case "trak":
		v.tracks = append(v.tracks, mp4Track{})
		return v.boxes(b.off, b.end, depth+1, v.track)
	case "udta":
		return v.boxes(b.off, b.end, depth+1, v.userData)
	case "meta":
		return v.meta(b, depth)
	}
	return nil
}

// userData reads what stands in udta, of the movie or a track.
func (v *mp4Movie) userData(b mp4Box, depth int) error {
	switch b.kind {
	case "meta":
		return v.meta(b, depth)
	case "chpl":
		return v.neroChapters(b)
	case "ludt":
		return v.boxes(b.off, b.end, depth+1, v.loudness)
	}
	return nil
}

// meta is a full box in ISO's files and a plain one in QuickTime's.
func (v *mp4Movie) meta(b mp4Box, depth int) error {
	h, err := v.r.head(b.off, b.end, 8)
	if err != nil || len(h) < 8 {
		return err
	}
	if string(h[4:8]) != "hdlr" {
		b.off += 4
	}
	return v.boxes(b.off, b.end, depth+1, func(b mp4Box, depth int) error {
		if b.kind != "ilst" {
			return nil
		}
		return v.boxes(b.off, b.end, depth+1, v.item)
	})
}

// itemNames are iTunes's items under the names of Vorbis comments.
var itemNames = map[string]string{
	"\xa9nam": "TITLE", "\xa9ART": "ARTIST", "\xa9alb": "ALBUM", "aART": "ALBUMARTIST", "\xa9gen": "GENRE",
	"\xa9day": "DATE", "\xa9wrt": "COMPOSER", "\xa9cmt": "COMMENT", "\xa9grp": "GROUPING", "\xa9too": "ENCODER",
	"\xa9lyr": "LYRICS", "\xa9wrk": "WORK", "\xa9mvn": "MOVEMENTNAME", "\xa9des": "DESCRIPTION", "desc": "DESCRIPTION",
	"ldes": "LONGDESCRIPTION", "cprt": "COPYRIGHT", "\xa9cpy": "COPYRIGHT", "sonm": "TITLESORT", "soar": "ARTISTSORT",
	"soal": "ALBUMSORT", "soaa": "ALBUMARTISTSORT", "soco": "COMPOSERSORT", "tmpo": "BPM", "cpil": "COMPILATION",
	"\xa9mvi": "MOVEMENT", "\xa9mvc": "MOVEMENTTOTAL", "\xa9enc": "ENCODED-BY", "\xa9con": "CONDUCTOR",
	"purd": "PURCHASEDATE", "catg": "CATEGORY", "keyw": "KEYWORDS", "\xa9pub": "ORGANIZATION", "\xa9st3": "SUBTITLE",
}

// item reads one item of the list.
func (v *mp4Movie) item(b mp4Box, depth int) error {
	if b.kind == "----" {
		return v.freeform(b, depth)
	}
	name, known := itemNames[b.kind]
	switch b.kind {
	case "covr", "trkn", "disk", "gnre":
		known = true
	}
	if !known {
		return nil
	}
	return v.boxes(b.off, b.end, depth+1, func(d mp4Box, _ int) error {
		if d.kind != "data" || d.end-d.off < 8 {
			return nil
		}
		h, err := v.r.at(d.off, 8)
		if err != nil {
			return err
		}
		kind := binary.BigEndian.Uint32(h) & 0xff_ffff
		d.off += 8
		if b.kind == "covr" {
			v.r.picture(Picture{Kind: PictureFront}, d.off, d.end-d.off)
			return nil
		}
		value, err := v.r.text(d.off, d.end-d.off)
		if err != nil {
			return err
		}
		v.value(b.kind, name, kind, value)
		return nil
	})
}

// Kinds of data (QuickTime's "well-known types").
const (
	dataBinary  = 0
	dataUTF8    = 1
	dataUTF16   = 2
	dataInteger = 21
)

func (v *mp4Movie) value(atom, name string, kind uint32, b []byte) {
	m := &v.r.m
	switch atom {
	case "trkn", "disk": // two zeros, the number, how many there are
		names := [2]string{"TRACKNUMBER", "TRACKTOTAL"}
		if atom == "disk" {
			names = [2]string{"DISCNUMBER", "DISCTOTAL"}
		}
		for i, name := range names {
			if at := 2 + 2*i; len(b) >= at+2 {
				if n := binary.BigEndian.Uint16(b[at:]); n > 0 {
					m.add(name, strconv.Itoa(int(n)))
				}
			}
		}
	case "gnre": // ID3v1's number and one
		if len(b) >= 2 && m.Tags.Genre == "" {
			m.add("GENRE", genreName(int(binary.BigEndian.Uint16(b))-1))
		}
	default:
		m.add(name, dataText(kind, b))
	}
}

// dataText reads a value as text.
func dataText(kind uint32, b []byte) string {
	switch {
	case kind == dataUTF16:
		return utf16Text(b, binary.BigEndian)
	case (kind == dataInteger || kind == dataBinary) && len(b) > 0 && len(b) <= 8:
		n := int64(int8(b[0]))
		for _, c := range b[1:] {
			n = n<<8 | int64(c)
		}
		return strconv.FormatInt(n, 10)
	case kind == dataUTF8:
		return anyText(b)
	}
	return ""
}

// freeform reads an item that says its own name.
func (v *mp4Movie) freeform(b mp4Box, depth int) error {
	var name string
	return v.boxes(b.off, b.end, depth+1, func(d mp4Box, _ int) error {
		size := d.end - d.off
		switch {
		case d.kind == "name" && size > 4 && size < 1<<10:
			value, err := v.r.at(d.off+4, int(size-4))
			name = anyText(value)
			return err
		case d.kind == "data" && size >= 8 && size <= MaxTextBytes && name != "":
			value, err := v.r.at(d.off, int(size))
			if err != nil {
				return err
			}
			text := dataText(binary.BigEndian.Uint32(value)&0xff_ffff, value[8:])
			if text == "" || strings.EqualFold(name, "iTunSMPB") {
				text = anyText(value[8:]) // some label text as binary
			}
			v.r.m.add(name, text)
		}
		return nil
	})
}
