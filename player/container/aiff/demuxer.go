// Package aiff reads AIFF and AIFF-C files of PCM, floating point, A-law and µ-law. It refuses
// compressed codings (MACE, IMA, G.722).
package aiff

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/frames"
	"github.com/segue-audio/segue/player/container/internal/window"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/metadata"
)

const (
	maxChannels = 8
	maxChunks   = 4096
	commBytes   = 18 // of AIFF; AIFF-C goes on with the coding
)

// Demuxer gives an AIFF file's samples in packets of 4096 frames, the last one shorter.
type Demuxer struct {
	frames frames.Reader
	size   int64
	info   container.Info
}

var (
	_ container.Seeker = (*Demuxer)(nil)
	_ container.Tagged = (*Demuxer)(nil)
)

// Open starts on the file of size bytes that r reads. Samples that are fewer than the file claims, as
// recorders leave them that were stopped hard, play as far as they go. The error wraps
// container.ErrFormat, container.ErrUnsupported, container.ErrLimit or r's own.
func Open(r io.ReaderAt, size int64) (*Demuxer, error) {
	d := &Demuxer{frames: frames.Reader{Window: window.Window{R: r, End: size}}, size: size}
	head, err := d.frames.Window.At(0, 12)
	if err != nil {
		return nil, err
	}
	if len(head) < 12 || string(head[:4]) != "FORM" || string(head[8:11]) != "AIF" || head[11] != 'F' && head[11] != 'C' {
		return nil, fmt.Errorf("aiff: no FORM of AIFF or AIFC: %w", container.ErrFormat)
	}
	if err := d.chunks(head[11] == 'C'); err != nil {
		return nil, err
	}
	return d, nil
}

// sound is where the samples lie, by SSND.
type sound struct {
	found       bool
	start, size int64
}

// chunks walks over the chunks until COMM and SSND are found, which may come in any order.
func (d *Demuxer) chunks(coded bool) error {
	var (
		comm common
		ssnd sound
	)
	w := &d.frames.Window
	off := int64(12)
	for range maxChunks {
		head, err := w.At(off, 8)
		if err != nil {
			return err
		}
		if len(head) < 8 {
			break
		}
		kind, size := string(head[:4]), int64(binary.BigEndian.Uint32(head[4:]))
		off += 8
		switch kind {
		case "COMM":
			body, err := w.At(off, int(min(size, commBytes+4)))
			if err != nil {
				return err
			}
			if comm, err = parseCommon(body, coded); err != nil {
				return err
			}
		case "SSND":
			if ssnd, err = parseSound(w, off, size); err != nil {
				return err
			}
		}
		if comm.bytes > 0 && ssnd.found {
			d.describe(comm, ssnd)
			return nil
		}
		off += size + size&1 // chunks start at even offsets
		if off > w.End && ssnd.found {
			break
		}
	}
	return fmt.Errorf("aiff: no COMM chunk or no SSND chunk: %w", container.ErrFormat)
}

// parseSound reads the head of SSND: samples start offset bytes behind it.
func parseSound(w *window.Window, off, size int64) (s sound, err error) {
	head, err := w.At(off, 8)
	if err != nil {
		return s, err
	}
	if len(head) < 8 {
		return s, fmt.Errorf("aiff: cut SSND chunk: %w", container.ErrFormat)
	}
	skip := 8 + int64(binary.BigEndian.Uint32(head))
	s = sound{found: true, start: off + skip, size: size - skip}
	if size < 8 { // what a writer leaves that was stopped before it knew
		s.size = max(0, w.End-s.start)
	}
	return s, nil
}

func (d *Demuxer) describe(c common, s sound) {
	d.frames.Start, d.frames.Bytes = s.start, int64(c.bytes*c.channels)
	size := s.size
	if claim := int64(c.frames) * d.frames.Bytes; c.frames > 0 && claim < size {
		size = claim
	}
	d.frames.Limit(size)
	d.info = container.Info{
		Format: media.Format{Codec: media.CodecPCM, SampleRate: c.rate, Channels: c.channels,
			BitDepth: c.depth, Config: []byte(c.encoding)},
		Trim: media.Trim{Length: d.frames.Total},
	}
}

// Info is the file's format and length.
func (d *Demuxer) Info() container.Info { return d.info }

// ReadMetadata reads the text chunks and an ID3 chunk, in front of the samples or behind; see container.Tagged.
func (d *Demuxer) ReadMetadata(r io.ReaderAt, o metadata.Options) (metadata.Metadata, error) {
	tags := metadata.NewReader(r, d.size, o)
	_ = tags.AIFF() // its error is Metadata's
	return tags.Metadata()
}

// Next gives the next packet.
func (d *Demuxer) Next(p *media.Packet) error { return d.frames.Next(p) }

// Seek moves to the packet that holds raw time t. Packets start at multiples of 4096 frames.
func (d *Demuxer) Seek(t media.Frames) error { return d.frames.Seek(t) }
