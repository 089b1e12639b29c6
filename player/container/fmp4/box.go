// Package fmp4 reads and writes fragmented MP4 (ISO 14496-12, CMAF): an init segment that says
// what the stream is, then media segments of moof and mdat. It knows one audio track a file, clear
// samples, and FLAC, ALAC, Opus, AAC, MP3 and PCM as codings; whole (unfragmented) MP4 files and
// encrypted sample entries are refused.
package fmp4

import (
	"encoding/binary"
	"fmt"

	"github.com/segue-audio/segue/player/container"
)

// fourCC is a box type.
type fourCC [4]byte

func cc(s string) fourCC { return fourCC([]byte(s)) }

func (c fourCC) String() string { return fmt.Sprintf("%q", string(c[:])) }

// box is one box of ISO 14496-12 section 4.2.
type box struct {
	kind fourCC
	body []byte
	at   int // offset of body in the data that the walk started with
}

// maxBoxes bounds the boxes of one level, so that megabytes of empty ones cost little.
const maxBoxes = 1 << 16

// boxes walks over the boxes in data, which starts at offset base. fn returns false to stop. A box
// that runs past its parent is container.ErrFormat.
func boxes(data []byte, base int, fn func(box) (bool, error)) error {
	for off, count := 0, 0; off < len(data); count++ {
		if count == maxBoxes {
			return fmt.Errorf("fmp4: more than %d boxes in one: %w", maxBoxes, container.ErrLimit)
		}
		rest := data[off:]
		if len(rest) < 8 {
			return fmt.Errorf("fmp4: %d stray bytes at %d: %w", len(rest), base+off, container.ErrFormat)
		}
		size, head := uint64(binary.BigEndian.Uint32(rest)), 8
		switch size {
		case 0: // to the end of the file
			size = uint64(len(rest))
		case 1:
			if len(rest) < 16 {
				return fmt.Errorf("fmp4: cut box at %d: %w", base+off, container.ErrFormat)
			}
			size, head = binary.BigEndian.Uint64(rest[8:]), 16
		}
		b := box{kind: fourCC(rest[4:8]), at: base + off + head}
		if size < uint64(head) || size > uint64(len(rest)) {
			return fmt.Errorf("fmp4: box %v of %d bytes at %d, where %d are left: %w",
				b.kind, size, base+off, len(rest), container.ErrFormat)
		}
		b.body = rest[head:size]
		if more, err := fn(b); err != nil || !more {
			return err
		}
		off += int(size)
	}
	return nil
}

// child gives the first box of a kind in data; ok is false where there is none.
func child(data []byte, kind fourCC) (found box, ok bool, err error) {
	err = boxes(data, 0, func(b box) (bool, error) {
		if b.kind == kind {
			found, ok = b, true
		}
		return !ok, nil
	})
	return found, ok, err
}

// descend follows a path of box kinds; a missing one is container.ErrFormat. The paths asked for are
// shorter than container.MaxBoxDepth, and nothing here recurses.
func descend(data []byte, path ...string) ([]byte, error) {
	for _, name := range path {
		b, ok, err := child(data, cc(name))
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fmt.Errorf("fmp4: no %s box: %w", name, container.ErrFormat)
		}
		data = b.body
	}
	return data, nil
}

// reader takes fields from a box's body. Reading past the end gives zeros and sets short, so that a
// parser checks once, at its end.
type reader struct {
	b     []byte
	short bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.short = true
		r.b = nil
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) uint(n int) uint64 {
	var v uint64
	for _, c := range r.take(n) {
		v = v<<8 | uint64(c)
	}
	return v
}

func (r *reader) u8() uint8   { return uint8(r.uint(1)) }
func (r *reader) u16() uint16 { return uint16(r.uint(2)) }
func (r *reader) u32() uint32 { return uint32(r.uint(4)) }
func (r *reader) u64() uint64 { return r.uint(8) }

// full reads the version and flags of a full box.
func (r *reader) full() (version uint8, flags uint32) {
	v := r.u32()
	return uint8(v >> 24), v & 0xff_ffff
}

// err tells of reading past the end of the box named.
func (r *reader) err(name string) error {
	if r.short {
		return fmt.Errorf("fmp4: %s box cut: %w", name, container.ErrFormat)
	}
	return nil
}
