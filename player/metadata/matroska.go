package metadata

import (
	"errors"
	"fmt"
	"math/bits"
	"strings"
)

// IDs of the elements of Matroska that say something of the music (RFC 9559, section 5), marker bits and all.
const (
	mkaSegment     = 0x18538067
	mkaCluster     = 0x1f43b675
	mkaSeekHead    = 0x114d9b74
	mkaSeek        = 0x4dbb
	mkaSeekID      = 0x53ab
	mkaSeekAt      = 0x53ac
	mkaInfo        = 0x1549a966
	mkaTitle       = 0x7ba9
	mkaTags        = 0x1254c367
	mkaTag         = 0x7373
	mkaTargets     = 0x63c0
	mkaTargetValue = 0x68ca
	mkaSimple      = 0x67c8
	mkaName        = 0x45a3
	mkaString      = 0x4487
	mkaAttachments = 0x1941a469
	mkaFile        = 0x61a7
	mkaMediaType   = 0x4660
	mkaFileName    = 0x466e
	mkaFileData    = 0x465c
)

// maxElements bounds those that are looked at in one.
const maxElements = 1 << 14

// errStop ends a walk early.
var errStop = errors.New("stop")

// Matroska reads a Matroska or WebM file's title, tags and attached pictures, in front of the music and where
// the file's index says that more stand. The error wraps ErrFormat, ErrLimit or that of reading.
func (r *Reader) Matroska() error {
	elsewhere := map[uint64]int64{}
	segment := int64(-1)
	err := r.elements(0, r.size, func(id uint64, off, size int64) error {
		if id != mkaSegment {
			return nil
		}
		segment = off
		err := r.elements(off, min(r.size, off+size), func(id uint64, off, size int64) error {
			switch id {
			case mkaCluster:
				return errStop
			case mkaSeekHead:
				return r.mkaSeeks(off, off+size, elsewhere)
			}
			delete(elsewhere, id) // it stands here
			return r.mkaPart(id, off, off+size)
		})
		if err == nil {
			err = errStop
		}
		return err
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	for _, id := range []uint64{mkaTags, mkaAttachments} {
		at, ok := elsewhere[id]
		if !ok || err != nil {
			continue
		}
		found, off, size, herr := r.element(segment+at, r.size)
		if herr == nil && found == id {
			err = r.mkaPart(id, off, off+size)
		}
	}
	if err != nil {
		return r.failed(fmt.Errorf("tags (Matroska): %w", err))
	}
	return nil
}

// element reads the head of the one at off. One of unknown size goes to end.
func (r *Reader) element(off, end int64) (id uint64, body, size int64, err error) {
	b, err := r.head(off, end, 12)
	if err != nil {
		return 0, 0, 0, err
	}
	number := func(most int, marker bool) (v uint64, full bool) {
		if len(b) == 0 {
			return 0, false
		}
		n := bits.LeadingZeros8(b[0]) + 1
		if n > most || n > len(b) {
			b = nil
			return 0, false
		}
		v = uint64(b[0])
		if !marker {
			v &= 1<<(8-n) - 1
		}
		for _, c := range b[1:n] {
			v = v<<8 | uint64(c)
		}
		off, b = off+int64(n), b[n:]
		return v, !marker && v == 1<<(7*n)-1
	}
	id, _ = number(4, true)
	v, unknown := number(8, false)
	if b == nil || id == 0 {
		return 0, 0, 0, fmt.Errorf("no element at %d: %w", off, ErrFormat)
	}
	size = int64(min(v, 1<<60))
	if unknown {
		size = end - off
	}
	return id, off, size, nil
}

// elements walks over those from off to end.
func (r *Reader) elements(off, end int64, fn func(id uint64, off, size int64) error) error {
	for n := 0; end-off >= 2; n++ {
		if n == maxElements {
			return fmt.Errorf("more than %d elements: %w", maxElements, ErrLimit)
		}
		id, body, size, err := r.element(off, end)
		if err != nil {
			return err
		}
		if err := fn(id, body, size); err != nil {
			return err
		}
		off = body + size
	}
	return nil
}

// mkaSeeks notes where parts stand that follow the music.
func (r *Reader) mkaSeeks(off, end int64, places map[uint64]int64) error {
	return r.elements(off, end, func(id uint64, off, size int64) error {
		if id != mkaSeek {
			return nil
		}
		what, at := uint64(0), int64(0)
		err := r.elements(off, off+size, func(id uint64, off, size int64) error {
			b, err := r.head(off, off+size, 8)
			v := uint64(0)
			for _, c := range b {
				v = v<<8 | uint64(c)
			}
			switch id {
			case mkaSeekID:
				what = v
			case mkaSeekAt:
				at = int64(v & (1<<60 - 1))
			}
			return err
		})
		if len(places) < MaxFields {
			places[what] = at
		}
		return err
	})
}

// mkaPart reads what one of the segment's parts says.
func (r *Reader) mkaPart(id uint64, off, end int64) error {
	switch id {
	case mkaInfo:
		return r.elements(off, end, func(id uint64, off, size int64) error {
			if id != mkaTitle {
				return nil
			}
			b, err := r.text(off, size)
			r.m.add("TITLE", string(b))
			return err
		})
	case mkaTags, mkaAttachments:
		return r.elements(off, end, func(id uint64, off, size int64) error {
			switch id {
			case mkaTag:
				return r.mkaTag(off, off+size)
			case mkaFile:
				return r.mkaFile(off, off+size)
			}
			return nil
		})
	}
	return nil
}

// mkaField translates Matroska's own names of fields, those of an album in a tag that is of one.
func mkaField(name string, album bool) string {
	if album {
		switch name {
		case "TITLE":
			return "ALBUM"
		case "ARTIST":
			return "ALBUMARTIST"
		case "TOTAL_PARTS":
			return "TRACKTOTAL"
		}
	}
	switch name {
	case "PART_NUMBER":
		return "TRACKNUMBER"
	case "DATE_RELEASED", "DATE_RECORDED":
		return "DATE"
	}
	return name
}

// mkaTag reads the fields of one tag. One that says of no less than an album, and has no album's name among
// its fields, is the album's; writers that say nothing mean the file.
func (r *Reader) mkaTag(off, end int64) error {
	const albums = 50
	type field struct{ name, value string }
	var all []field
	album := false
	err := r.elements(off, end, func(id uint64, off, size int64) error {
		switch id {
		case mkaTargets:
			return r.elements(off, off+size, func(id uint64, off, size int64) error {
				if id == mkaTargetValue && size == 1 {
					b, err := r.at(off, 1)
					album = err == nil && b[0] == albums
					return err
				}
				return nil
			})
		case mkaSimple:
			var f field
			err := r.elements(off, off+size, func(id uint64, off, size int64) error {
				if id != mkaName && id != mkaString || size > MaxTextBytes {
					return nil
				}
				b, err := r.text(off, size)
				if id == mkaName {
					f.name = strings.ToUpper(string(b))
				} else {
					f.value = anyText(b)
				}
				return err
			})
			if len(all) < MaxFields {
				all = append(all, f)
			}
			return err
		}
		return nil
	})
	for _, f := range all {
		album = album && f.name != "ALBUM"
	}
	for _, f := range all {
		r.m.add(mkaField(f.name, album), f.value)
	}
	return err
}

// mkaFile reads an attached file, if it is a picture.
func (r *Reader) mkaFile(off, end int64) error {
	var p Picture
	at, size := int64(-1), int64(0)
	err := r.elements(off, end, func(id uint64, o, n int64) error {
		switch id {
		case mkaMediaType:
			b, err := r.text(o, n)
			p.MIME = string(b)
			return err
		case mkaFileName:
			b, err := r.text(o, n)
			if p.Description = anyText(b); strings.HasPrefix(p.Description, "cover") { // as the specification names them
				p.Kind = PictureFront
			}
			return err
		case mkaFileData:
			at, size = o, n
		}
		return nil
	})
	if at >= 0 && strings.HasPrefix(p.MIME, "image/") {
		r.picture(p, at, size)
	}
	return err
}
