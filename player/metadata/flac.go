package metadata

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/segue-audio/segue/player/media"
)

// Kinds of metadata blocks (RFC 9639, 8.1).
const (
	flacComment = 4
	flacCue     = 5
	flacPicture = 6
	flacLast    = 6
)

// FLAC reads the metadata blocks of the FLAC file, or stream within a file, whose "fLaC" is at off, if it
// is. The rest is as with FLACBlocks.
func (r *Reader) FLAC(off int64, rate int) error {
	magic, err := r.head(off, r.size, 4)
	if err != nil || string(magic) != "fLaC" {
		return r.failed(err)
	}
	return r.FLACBlocks(off+4, rate)
}

// FLACBlocks reads the metadata blocks that begin at off, behind "fLaC"; rate is the sample rate that the
// cue sheet counts in. The error wraps ErrFormat, ErrLimit or that of reading, and concerns the blocks
// from where it was met on.
func (r *Reader) FLACBlocks(off int64, rate int) error {
	for range MaxFields {
		h, err := r.at(off, 4)
		if err != nil {
			return r.failed(fmt.Errorf("FLAC metadata: %w", err))
		}
		last, kind := h[0]&0x80 != 0, h[0]&0x7f
		size := int64(h[1])<<16 | int64(h[2])<<8 | int64(h[3])
		if kind > flacLast {
			return nil // astray; the frames may begin here
		}
		if err := r.FLACBlock(int(kind), off+4, size, rate); err != nil {
			return err
		}
		if off += 4 + size; last {
			return nil
		}
	}
	return r.failed(fmt.Errorf("more than %d FLAC metadata blocks: %w", MaxFields, ErrLimit))
}

// FLACBlock reads the body, of size bytes at off, of one metadata block of a kind; rate is as in
// FLACBlocks. Kinds that say nothing of the music's content are passed over. The errors are those of
// FLACBlocks.
func (r *Reader) FLACBlock(kind int, off, size int64, rate int) error {
	switch kind {
	case flacComment:
		return r.VorbisComment(off, size)
	case flacCue:
		b, err := r.text(off, size)
		if err != nil {
			return r.failed(fmt.Errorf("cue sheet: %w", err))
		}
		r.m.Chapters = append(r.m.Chapters, parseFLACCue(b, rate)...)
	case flacPicture:
		b, err := r.head(off, off+size, pictureHead)
		if err != nil {
			return r.failed(fmt.Errorf("picture: %w", err))
		}
		if p, head, ok := flacPictureHead(b); ok && head < size {
			p = r.loaded(p, off+head, min(p.Size, size-head))
			r.m.addPicture(p)
		}
	}
	return nil
}

// flacPictureHead reads what stands in front of a picture's data (RFC 9639, 8.8) and tells how long that
// is.
func flacPictureHead(b []byte) (p Picture, head int64, ok bool) {
	at := 0
	u32 := func() (v uint32) {
		if len(b)-at < 4 {
			at = len(b) + 1
			return 0
		}
		v = binary.BigEndian.Uint32(b[at:])
		at += 4
		return v
	}
	text := func() (s string) {
		n := u32()
		if at > len(b) || uint64(n) > uint64(len(b)-at) {
			at = len(b) + 1
			return ""
		}
		s = anyText(b[at : at+int(n)])
		at += int(n)
		return s
	}
	p.Kind = PictureKind(min(u32(), maxPictureKind+1))
	p.MIME, p.Description = text(), text()
	if at > len(b) {
		return p, 0, false
	}
	p.Width, p.Height = pixels(u32(), u32())
	u32() // bits a pixel
	u32() // colours
	p.Size = int64(u32())
	return p, int64(at), at <= len(b) && p.MIME != "-->"
}

// parseFLACPicture reads a block that is in memory, or the first of its whole bytes. A picture longer
// than most loses its Data.
func parseFLACPicture(b []byte, whole, most int64) (Picture, bool) {
	p, head, ok := flacPictureHead(b)
	if !ok || head >= int64(len(b)) {
		return p, false
	}
	p.Size = min(p.Size, whole-head)
	data := b[head:min(head+p.Size, int64(len(b)))]
	if p.describe(data); int64(len(data)) == p.Size && p.Size <= most {
		p.Data = data
	}
	return p, true
}

// parseFLACCue reads a cue sheet (RFC 9639, 8.7): a chapter for each track of audio, from its index 1
// on, or its first one.
func parseFLACCue(b []byte, rate int) (chapters []Chapter) {
	const head, track, index = 128 + 8 + 259 + 1, 36, 12
	if len(b) < head || rate <= 0 {
		return nil
	}
	at := func(offset uint64) time.Duration { return media.Frames(min(offset, 1<<40)).Duration(rate) }
	count := int(b[head-1])
	for b = b[head:]; count > 0 && len(b) >= track; count-- {
		offset, number, data := binary.BigEndian.Uint64(b), b[8], b[21]&0x80 != 0
		indexes := int(b[track-1])
		b = b[track:]
		start := offset
		for i := range indexes {
			if len(b) < index {
				return chapters
			}
			if i == 0 || b[8] == 1 {
				start = offset + binary.BigEndian.Uint64(b)
			}
			b = b[index:]
		}
		if n := len(chapters); n > 0 && chapters[n-1].End == 0 {
			chapters[n-1].End = at(start)
		}
		leadOut := indexes == 0 || number == 170 || number == 255
		if !leadOut && !data {
			chapters = append(chapters, Chapter{Start: at(start)})
		}
	}
	return chapters
}
