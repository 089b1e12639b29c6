package ogg

import (
	"bytes"
	"errors"
	"io"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/window"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/metadata"
)

// maxComments bounds the header packets that are held to be read: a picture of the longest kind in base64,
// and texts.
const maxComments = metadata.MaxPictureBytes/3*4 + 2*metadata.MaxTextBytes

// ReadMetadata reads the comment header of the file's first stream, and in FLAC the other metadata blocks;
// see container.Tagged.
func (d *Demuxer) ReadMetadata(r io.ReaderAt, o metadata.Options) (metadata.Metadata, error) {
	var held []byte // what is to be read of the headers
	s := source{Window: window.Window{R: r, End: d.size}}
	codec := d.info.Format.Codec
	begins := true
	err := s.headers(d.serial, func(n int, part []byte, whole bool) bool {
		if n == 0 {
			return true
		}
		if begins && len(part) > 0 && codec == media.CodecFLAC && part[0] == 0xff || len(held)+len(part) > maxComments {
			return false // audio
		}
		held = append(held, part...)
		begins = whole
		return !whole || codec == media.CodecFLAC
	})
	tags := metadata.NewReader(bytes.NewReader(held), int64(len(held)), o)
	switch codec {
	case media.CodecOpus:
		comments(tags, held, opusTags)
	case media.CodecVorbis:
		comments(tags, held, vorbisTags)
	case media.CodecFLAC:
		_ = tags.FLACBlocks(0, d.info.Format.SampleRate) // its error is Metadata's
	}
	m, why := tags.Metadata()
	if err != nil {
		why = err // that of reading is the cause of the other
	}
	return m, why
}

func comments(tags *metadata.Reader, packet []byte, magic string) {
	if bytes.HasPrefix(packet, []byte(magic)) {
		_ = tags.VorbisComment(int64(len(magic)), int64(len(packet)-len(magic)))
	}
}

// headers gives the packets of a stream from the file's start on, part by part: n counts them from the
// identification header on, and whole tells that one ends. It ends where visit says so.
func (s *source) headers(serial uint32, visit func(n int, part []byte, whole bool) bool) error {
	n := 0
	for off := int64(0); ; {
		p, err := s.next(off, s.End)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		off = p.end()
		if p.serial != serial {
			continue
		}
		body, from, to := p.body, 0, 0
		for i, v := range p.lacing {
			to += int(v)
			if v == 255 && i < len(p.lacing)-1 {
				continue
			}
			if !visit(n, body[from:to], v < 255) {
				return nil
			}
			if from = to; v < 255 {
				n++
			}
		}
	}
}

// Says gives the comments of the link that the packet given last is of, once: of a file that comes in in order,
// which may have no end. Of others ReadMetadata gives the first link's.
func (d *Demuxer) Says() (m metadata.Metadata, ok bool) {
	l := d.cur.links[d.cur.link]
	if l == d.said || l.says == nil {
		return m, false
	}
	d.said = l
	tags := metadata.NewReader(bytes.NewReader(l.says), int64(len(l.says)), metadata.Options{})
	switch d.info.Format.Codec {
	case media.CodecOpus:
		comments(tags, l.says, opusTags)
	case media.CodecVorbis:
		comments(tags, l.says, vorbisTags)
	case media.CodecFLAC:
		const head = 4 // of a metadata block
		_ = tags.VorbisComment(head, int64(len(l.says)-head))
	}
	m, _ = tags.Metadata() // what could be read counts
	return m, !m.Empty()
}

// What the comment headers of Opus and Vorbis begin with; that of FLAC is a metadata block of kind 4.
const (
	opusTags   = "OpusTags"
	vorbisTags = "\x03vorbis"
)

func isComment(packet []byte) bool {
	return bytes.HasPrefix(packet, []byte(opusTags)) || bytes.HasPrefix(packet, []byte(vorbisTags)) ||
		len(packet) > 4 && packet[0]&0x7f == 4
}

var (
	_ container.Tagged = (*Demuxer)(nil)
	_ container.Saying = (*Demuxer)(nil)
)
