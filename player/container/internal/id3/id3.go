// Package id3 steps over the tags that stand around streams of MPEG audio and AAC (ID3v2 in front; ID3v1,
// Lyrics3, APE and ID3v2.4 behind), and reads and writes the timestamp of a packed-audio segment. What else
// they say, the package metadata reads.
package id3

import (
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/smpb"
	"github.com/segue-audio/segue/player/container/internal/window"
	"github.com/segue-audio/segue/player/metadata"
)

const (
	headerBytes = 10
	maxTags     = 16 // in a row, at the head or at the tail
)

// synchsafe reads 28 bits from four bytes of seven (ID3v2.4 section 6.2).
func synchsafe(b []byte) int64 {
	return int64(b[0]&0x7f)<<21 | int64(b[1]&0x7f)<<14 | int64(b[2]&0x7f)<<7 | int64(b[3]&0x7f)
}

// Bytes is the whole length of the ID3v2 tag that b starts with; zero where it starts with none.
func Bytes(b []byte) int64 { return metadata.ID3v2Bytes(b) }

// Skip gives the offset behind the ID3v2 and APEv2 tags at the head. The error wraps container.ErrLimit or that of
// reading.
func Skip(w *window.Window) (int64, error) {
	off := int64(0)
	for range maxTags {
		b, err := w.At(off, headerBytes)
		if err != nil {
			return 0, err
		}
		n := Bytes(b)
		if n == 0 {
			if n, err = headAPE(w, off); err != nil {
				return 0, err
			}
		}
		if n == 0 {
			return off, nil
		}
		if n > container.MaxTagBytes {
			return 0, fmt.Errorf("tag of %d bytes: %w", n, container.ErrLimit)
		}
		off += n
	}
	return 0, fmt.Errorf("more than %d tags: %w", maxTags, container.ErrLimit)
}

// apeBytes is the length of the head and of the foot of an APEv2 tag.
const apeBytes = 32

// headAPE is the length of the APEv2 tag that begins at an offset, which its authors advise against and some
// files have; zero where there is none.
func headAPE(w *window.Window, off int64) (int64, error) {
	b, err := w.At(off, apeBytes)
	if err != nil || len(b) < apeBytes || string(b[:8]) != "APETAGEX" || b[23]&0x20 == 0 { // bit 29 of the flags: a head
		return 0, err
	}
	return apeBytes + int64(binary.LittleEndian.Uint32(b[12:])), nil
}

// End gives the offset of the first tag at the tail of a stream that begins at start (ID3v1, Lyrics3v2,
// APEv2 or ID3v2.4 with a footer), so that no tag is searched for frames.
func End(w *window.Window, start int64) (int64, error) {
	end := w.End
	for range maxTags {
		n, err := tailTag(w, end)
		if err != nil {
			return 0, err
		}
		if n == 0 || end-n < start {
			break
		}
		end -= n
	}
	return end, nil
}

// tailTag is the length of the tag that ends at end; zero where there is none.
func tailTag(w *window.Window, end int64) (int64, error) {
	const most = 128 + 227 // ID3v1 and its extension, the longest of the fixed ones
	from := max(0, end-most)
	b, err := w.At(from, int(end-from))
	if err != nil {
		return 0, err
	}
	n := len(b)
	switch {
	case n >= 128 && string(b[n-128:n-125]) == "TAG":
		if n == most && string(b[:4]) == "TAG+" {
			return most, nil
		}
		return 128, nil
	case n >= 32 && string(b[n-32:n-24]) == "APETAGEX":
		size := int64(binary.LittleEndian.Uint32(b[n-20:]))
		if b[n-9]&0x80 != 0 { // bit 31 of the flags: a header of the same length stands in front
			size += 32
		}
		return size, nil
	case n >= 15 && string(b[n-9:]) == "LYRICS200":
		size, err := strconv.ParseUint(string(b[n-15:n-9]), 10, 32)
		if err != nil {
			return 0, nil // not a tag after all
		}
		return int64(size) + 15, nil
	case n >= headerBytes && string(b[n-10:n-7]) == "3DI":
		return 2*headerBytes + synchsafe(b[n-4:]), nil
	}
	return 0, nil
}

// Behind is the whole length of the APE tag that b starts with, of those that stand behind a stream; zero
// where it starts with none. It is for files whose end wasn't there to be looked at.
func Behind(b []byte) int64 {
	const isHeader = 1 << 29 // else it is the footer, or there is no header
	if len(b) < 32 || string(b[:8]) != "APETAGEX" || binary.LittleEndian.Uint32(b[20:])&isHeader == 0 {
		return 0
	}
	return int64(binary.LittleEndian.Uint32(b[12:])) + 32
}

// Timestamp looks through the ID3v2 tag that b is for the timestamp of a packed-audio segment.
func Timestamp(b []byte) (ticks int64, ok bool) {
	tag, _ := metadata.ParseID3v2(b) // what could be read of it counts
	return tag.TransportTime()
}

// Front looks through the ID3v2 tags that a packed-audio segment starts with: how long they are together,
// and the first timestamp in them; timed is false where there is none. The error wraps
// container.ErrFormat: the segment ends within a tag.
func Front(segment []byte) (size, ticks int64, timed bool, err error) {
	rest := segment
	for n := Bytes(rest); n > 0; n = Bytes(rest) {
		if n > int64(len(rest)) {
			return 0, 0, false, fmt.Errorf("segment ends within its ID3v2 tag: %w", container.ErrFormat)
		}
		if !timed {
			ticks, timed = Timestamp(rest[:n])
		}
		rest = rest[n:]
	}
	return int64(len(segment) - len(rest)), ticks, timed, nil
}

// AppendTimestamp appends the ID3v2.4 tag that a packed-audio segment must start with: the time
// of its first frame in ticks of 90 kHz, of which the low 33 bits are kept (RFC 8216 section 3.4).
func AppendTimestamp(dst []byte, ticks int64) []byte {
	const data = len(metadata.TransportTimestamp) + 1 + 8
	const body = headerBytes + data // both fit seven bits
	dst = append(dst, 'I', 'D', '3', 4, 0, 0, 0, 0, 0, byte(body))
	dst = append(dst, 'P', 'R', 'I', 'V', 0, 0, 0, byte(data), 0, 0)
	dst = append(dst, metadata.TransportTimestamp...)
	dst = append(dst, 0)
	return binary.BigEndian.AppendUint64(dst, uint64(ticks)&(1<<33-1))
}

// Read reads the tags in front of a stream and behind it: the audio begins at start.
func Read(r io.ReaderAt, size, start int64, o metadata.Options) (metadata.Metadata, error) {
	tags := metadata.NewReader(r, size, o)
	off := int64(0)
	for range maxTags {
		n, err := tags.ID3v2(off)
		if n == 0 || err != nil && off+n >= size {
			break
		}
		off += n
	}
	_ = tags.Tail(start, size) // its error is Metadata's
	return tags.Metadata()
}

// Gapless looks for iTunSMPB in the tags in front of a stream that begins at start. What can't be read of
// them says nothing.
func Gapless(w *window.Window, start int64) (smpb.Comment, bool) {
	tags := metadata.NewReader(w.R, start, metadata.Options{PictureBytes: -1})
	off := int64(0)
	for range maxTags {
		n, err := tags.ID3v2(off)
		if n == 0 || err != nil {
			break
		}
		off += n
	}
	m, _ := tags.Metadata()
	return smpb.Parse(m.Field(strings.ToUpper(smpb.Name)))
}

// Timed gives what the tags say that a packed-audio segment starts with, beside its timestamp.
func Timed(front []byte) []metadata.Timed {
	if m, ok := metadata.ParseSegmentTags(front); ok {
		return []metadata.Timed{{Metadata: m}}
	}
	return nil
}
