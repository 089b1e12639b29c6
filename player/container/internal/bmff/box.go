// Package bmff reads the boxes of ISO 14496-12 that MP4 files, whole and fragmented, are made of: a
// walk over boxes, a reader of their fields, what a track says of itself, and fragments. It trusts
// nothing in them, and recurses nowhere.
package bmff

import (
	"encoding/binary"
	"fmt"

	"github.com/segue-audio/segue/player/container"
)

// FourCC is a box type.
type FourCC [4]byte

// CC makes a FourCC of four letters.
func CC(s string) FourCC { return FourCC([]byte(s)) }

// String quotes the letters.
func (c FourCC) String() string { return fmt.Sprintf("%q", string(c[:])) }

// Box is one box of ISO 14496-12 section 4.2.
type Box struct {
	Kind FourCC
	Body []byte
	At   int // offset of body in the data that the walk started with
}

// MaxBoxes bounds the boxes of one level, so that megabytes of empty ones cost little.
const MaxBoxes = 1 << 16

// Boxes walks over the boxes in data, which starts at offset base. fn returns false to stop. A box
// that runs past its parent is container.ErrFormat.
func Boxes(data []byte, base int, fn func(Box) (bool, error)) error {
	for off, count := 0, 0; off < len(data); count++ {
		if count == MaxBoxes {
			return fmt.Errorf("mp4: more than %d boxes in one: %w", MaxBoxes, container.ErrLimit)
		}
		rest := data[off:]
		if len(rest) < 8 {
			return fmt.Errorf("mp4: %d stray bytes at %d: %w", len(rest), base+off, container.ErrFormat)
		}
		size, head := uint64(binary.BigEndian.Uint32(rest)), 8
		switch size {
		case 0: // to the end of the file
			size = uint64(len(rest))
		case 1:
			if len(rest) < 16 {
				return fmt.Errorf("mp4: cut box at %d: %w", base+off, container.ErrFormat)
			}
			size, head = binary.BigEndian.Uint64(rest[8:]), 16
		}
		b := Box{Kind: FourCC(rest[4:8]), At: base + off + head}
		if size < uint64(head) || size > uint64(len(rest)) {
			return fmt.Errorf("mp4: box %v of %d bytes at %d, where %d are left: %w",
				b.Kind, size, base+off, len(rest), container.ErrFormat)
		}
		b.Body = rest[head:size]
		if more, err := fn(b); err != nil || !more {
			return err
		}
		off += int(size)
	}
	return nil
}

// Whole is the length of the boxes in data that are there as a whole, up to the first that isn't.
func Whole(data []byte) int {
	off := 0
	for len(data)-off >= 8 {
		rest := data[off:]
		size := uint64(binary.BigEndian.Uint32(rest))
		if size == 1 && len(rest) >= 16 {
			size = binary.BigEndian.Uint64(rest[8:])
		}
		if size < 8 || size > uint64(len(rest)) {
			break
		}
		off += int(size)
	}
	return off
}

// Child gives the first box of a kind in data; ok is false where there is none.
func Child(data []byte, kind FourCC) (found Box, ok bool, err error) {
	err = Boxes(data, 0, func(b Box) (bool, error) {
		if b.Kind == kind {
			found, ok = b, true
		}
		return !ok, nil
	})
	return found, ok, err
}

// Descend follows a path of box kinds; a missing one is container.ErrFormat. The paths asked for are
// shorter than container.MaxBoxDepth, and nothing here recurses.
func Descend(data []byte, path ...string) ([]byte, error) {
	for _, name := range path {
		b, ok, err := Child(data, CC(name))
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fmt.Errorf("mp4: no %s box: %w", name, container.ErrFormat)
		}
		data = b.Body
	}
	return data, nil
}

// Reader takes fields from a box's body. Reading past the end gives zeros and sets Short, so that a
// parser checks once, at its end.
type Reader struct {
	B     []byte // what is left
	Short bool
}

// Take gives the next n bytes.
func (r *Reader) Take(n int) []byte {
	if n < 0 || n > len(r.B) {
		r.Short = true
		r.B = nil
		return nil
	}
	b := r.B[:n]
	r.B = r.B[n:]
	return b
}

// Uint gives a number of n bytes.
func (r *Reader) Uint(n int) uint64 {
	var v uint64
	for _, c := range r.Take(n) {
		v = v<<8 | uint64(c)
	}
	return v
}

// U8 and its siblings give numbers of so many bits.
func (r *Reader) U8() uint8 { return uint8(r.Uint(1)) }

// U16 is U8 of as many bits.
func (r *Reader) U16() uint16 { return uint16(r.Uint(2)) }

// U32 is U8 of as many bits.
func (r *Reader) U32() uint32 { return uint32(r.Uint(4)) }

// U64 is U8 of as many bits.
func (r *Reader) U64() uint64 { return r.Uint(8) }

// Full reads the version and flags of a full box.
func (r *Reader) Full() (version uint8, flags uint32) {
	v := r.U32()
	return uint8(v >> 24), v & 0xff_ffff
}

// Err tells of reading past the end of the box named.
func (r *Reader) Err(name string) error {
	if r.Short {
		return fmt.Errorf("mp4: %s box cut: %w", name, container.ErrFormat)
	}
	return nil
}
