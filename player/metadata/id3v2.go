package metadata

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
)

const id3Header = 10

// synchsafe reads 28 bits from four bytes of seven (ID3v2.4 structure, 6.2).
func synchsafe(b []byte) int64 {
	return int64(b[0]&0x7f)<<21 | int64(b[1]&0x7f)<<14 | int64(b[2]&0x7f)<<7 | int64(b[3]&0x7f)
}

// ID3v2Bytes is the whole length of the ID3v2 tag that b, of ten bytes or more, starts with; zero where
// it starts with none.
func ID3v2Bytes(b []byte) int64 {
	if len(b) < id3Header || string(b[:3]) != "ID3" || b[3] == 0xff || b[4] == 0xff || (b[6]|b[7]|b[8]|b[9])&0x80 != 0 {
		return 0
	}
	n := id3Header + synchsafe(b[6:])
	if b[5]&0x10 != 0 {
		n += id3Header // the footer
	}
	return n
}

// id3Tag is an ID3v2 tag that is being read.
type id3Tag struct {
	r       *Reader // the file, or the tag itself where it had to be rewritten
	out     *Reader // what was found goes there
	version byte
	unsync  bool // of frames, in version 4
	frames  int
	toc     id3Contents
}

// ParseID3v2 reads the ID3v2 tag that data is, as in a segment of HLS. The errors are those of
// Reader.ID3v2.
func ParseID3v2(data []byte) (Metadata, error) {
	r := NewReader(bytes.NewReader(data), int64(len(data)), Options{})
	if _, err := r.ID3v2(0); err != nil {
		return r.m, err
	}
	return r.Metadata()
}

// ID3v2 reads the ID3v2.2, 2.3 or 2.4 tag at off and tells how long it is; zero where there is none. The
// error wraps ErrFormat, ErrLimit, ErrUnsupported or that of reading, and concerns the rest of the tag.
func (r *Reader) ID3v2(off int64) (size int64, err error) {
	h, err := r.head(off, r.size, id3Header)
	if err != nil {
		return 0, r.failed(err)
	}
	if size = ID3v2Bytes(h); size == 0 {
		return 0, nil
	}
	t := &id3Tag{r: r, out: r, version: h[3]}
	end := min(off+id3Header+synchsafe(h[6:]), r.size)
	switch {
	case size > MaxTagBytes:
		err = fmt.Errorf("ID3v2 tag of %d bytes: %w", size, ErrLimit)
	case t.version < 2 || t.version > 4:
		err = fmt.Errorf("ID3v2.%d: %w", t.version, ErrUnsupported)
	case t.version == 2 && h[5]&0x40 != 0:
		err = fmt.Errorf("compressed ID3v2.2 tag: %w", ErrUnsupported)
	default:
		err = t.read(off+id3Header, end, h[5])
	}
	if err != nil {
		err = fmt.Errorf("ID3v2: %w", err)
	}
	return size, r.failed(err)
}

func (t *id3Tag) read(off, end int64, flags byte) (err error) {
	t.unsync = flags&0x80 != 0
	if t.unsync && t.version < 4 { // of the whole, sizes not counting what was put in
		if off, end, err = t.resync(off, end); err != nil {
			return err
		}
	}
	if flags&0x40 != 0 {
		b, err := t.r.head(off, end, 4)
		if err != nil || len(b) < 4 {
			return fmt.Errorf("extended header: %w", ErrFormat)
		}
		n := synchsafe(b)
		if t.version == 3 {
			n = int64(binary.BigEndian.Uint32(b)) + 4 // 2.3 leaves the size's own bytes out
		}
		off = min(off+n, end)
	}
	fields, before := len(t.out.m.Fields), t.out.m.Tags
	err = t.walk(off, end, t.top)
	t.out.m.join(fields, before)
	t.chapters()
	return err
}

// resync takes out the zeros that were put behind each FF (ID3v2.3, 5). Since they can lie anywhere, the
// tag is read from its start: of one with a long picture no more than the picture's limit.
func (t *id3Tag) resync(off, end int64) (from, to int64, err error) {
	n := min(end-off, max(0, t.out.opt.PictureBytes)+MaxTextBytes)
	b, err := t.out.at(off, int(n))
	if err != nil {
		return 0, 0, err
	}
	b = bytes.ReplaceAll(b, []byte{0xff, 0}, []byte{0xff})
	t.r = &Reader{r: bytes.NewReader(b), size: int64(len(b)), opt: t.out.opt}
	return 0, int64(len(b)), nil
}

// id3Frame is where a frame lies in t.r.
type id3Frame struct {
	id       string
	off, end int64
}

// walk visits the frames between two offsets.
func (t *id3Tag) walk(off, end int64, visit func(id3Frame) error) error {
	head := int64(id3Header)
	if t.version == 2 {
		head = 6
	}
	for off+head <= end {
		b, err := t.r.at(off, int(head))
		if err != nil {
			return err
		}
		if b[0] == 0 {
			return nil // padding
		}
		if t.frames++; t.frames > MaxFields {
			return fmt.Errorf("more than %d frames: %w", MaxFields, ErrLimit)
		}
		f := id3Frame{id: string(b[:min(4, head-2)]), off: off + head}
		var size int64
		var flags byte
		switch t.version {
		case 2:
			f.id, size = string(b[:3]), int64(b[3])<<16|int64(b[4])<<8|int64(b[5])
		case 3:
			size, flags = int64(binary.BigEndian.Uint32(b[4:])), b[9]
		default:
			size, flags = t.size4(b, f.off, end), b[9]
		}
		if !frameName(f.id) || size > end-f.off {
			return fmt.Errorf("frame %q of %d bytes, where %d are left: %w", f.id, size, end-f.off, ErrFormat)
		}
		f.end = f.off + size
		off = f.end
		if err := t.open(f, flags, visit); err != nil {
			return err
		}
	}
	return nil
}

// size4 reads a size of version 4. iTunes used to write it in eight bits a byte: that is seen where the
// next frame begins.
func (t *id3Tag) size4(b []byte, off, end int64) int64 {
	right, plain := synchsafe(b[4:]), int64(binary.BigEndian.Uint32(b[4:]))
	if plain == right || plain > end-off || t.follows(off+right, end) && b[4]|b[5]|b[6]|b[7] < 0x80 {
		return right
	}
	if t.follows(off+plain, end) || b[4]|b[5]|b[6]|b[7] >= 0x80 {
		return plain
	}
	return right
}

// follows tells whether a frame, padding or the end is at off.
func (t *id3Tag) follows(off, end int64) bool {
	if off+id3Header > end {
		return off <= end
	}
	b, err := t.r.at(off, 4)
	return err == nil && (b[0] == 0 || frameName(string(b)))
}

func frameName(id string) bool {
	for i := range len(id) {
		if c := id[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') && (c != ' ' || i != len(id)-1) {
			return false // some write three letters and a space
		}
	}
	return len(id) > 0
}

// open takes off what a frame's flags say was put around it, and visits it. What is encrypted, or can't
// be unpacked, is passed over.
func (t *id3Tag) open(f id3Frame, flags byte, visit func(id3Frame) error) error {
	var packed, encrypted, unsync, length, grouped bool
	switch t.version {
	case 3:
		packed, encrypted, grouped = flags&0x80 != 0, flags&0x40 != 0, flags&0x20 != 0
		length = packed
	case 4:
		grouped, packed, encrypted = flags&0x40 != 0, flags&8 != 0, flags&4 != 0
		unsync, length = flags&2 != 0 || t.unsync, flags&1 != 0
	}
	if length && t.version == 3 {
		f.off += 4
	}
	if grouped {
		f.off++
	}
	if length && t.version == 4 {
		f.off += 4
	}
	if encrypted || f.off > f.end {
		return nil
	}
	if !packed && !unsync {
		return visit(f)
	}
	return t.unpack(f, unsync, packed, visit)
}

// unpack visits a frame that has to be rewritten before it is read.
func (t *id3Tag) unpack(f id3Frame, unsync, packed bool, visit func(id3Frame) error) error {
	limit := max(0, t.out.opt.PictureBytes) + MaxTextBytes
	if f.end-f.off > limit {
		if f.id == "APIC" && !packed {
			return visit(f) // what is read of it in front has hardly an FF in it
		}
		return nil
	}
	b, err := t.r.at(f.off, int(f.end-f.off))
	if err != nil {
		return err
	}
	if unsync {
		b = bytes.ReplaceAll(b, []byte{0xff, 0}, []byte{0xff})
	}
	if packed {
		z, err := zlib.NewReader(bytes.NewReader(b))
		if err != nil {
			return nil
		}
		if b, err = io.ReadAll(io.LimitReader(z, limit+1)); err != nil || int64(len(b)) > limit {
			return nil
		}
	}
	was := t.r
	t.r = &Reader{r: bytes.NewReader(b), size: int64(len(b)), opt: t.out.opt}
	defer func() { t.r = was }()
	return visit(id3Frame{f.id, 0, int64(len(b))})
}
