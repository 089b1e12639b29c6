// Package wav reads RIFF/WAVE files of PCM, floating point, A-law and µ-law, those longer than 4 GB
// (RF64, BW64) and big-endian ones (RIFX) among them. It refuses compressed codings (ADPCM).
package wav

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
	maxChunks   = 4096 // in front of the data
	maxFmtBytes = 4096
	maxRate     = 1 << 22
)

// Demuxer gives a WAVE file's samples in packets of 4096 frames, the last one shorter.
type Demuxer struct {
	frames frames.Reader
	size   int64
	info   container.Info
	order  binary.ByteOrder // of everything
}

var (
	_ container.Seeker = (*Demuxer)(nil)
	_ container.Tagged = (*Demuxer)(nil)
	_ container.Placed = (*Demuxer)(nil)
)

// Open starts on the file of size bytes that r reads. A data chunk that claims more than the file
// holds, as recorders leave it that were stopped hard, plays as far as it goes. The error wraps
// container.ErrFormat, container.ErrUnsupported, container.ErrLimit or r's own.
func Open(r io.ReaderAt, size int64) (*Demuxer, error) {
	d := &Demuxer{frames: frames.Reader{Window: window.Window{R: r, End: size}}, size: size, order: binary.LittleEndian}
	head, err := d.frames.Window.At(0, 12)
	if err != nil {
		return nil, err
	}
	if len(head) < 12 || string(head[8:12]) != "WAVE" {
		return nil, fmt.Errorf("wav: no RIFF/WAVE header: %w", container.ErrFormat)
	}
	switch string(head[:4]) {
	case "RIFF", "RF64", "BW64":
	case "RIFX":
		d.order = binary.BigEndian
	default:
		return nil, fmt.Errorf("wav: no RIFF/WAVE header: %w", container.ErrFormat)
	}
	if err := d.chunks(12); err != nil {
		return nil, err
	}
	return d, nil
}

// chunks walks to the data chunk.
func (d *Demuxer) chunks(off int64) error {
	w := &d.frames.Window
	data64 := int64(-1) // what ds64 says of the data chunk's length (EBU Tech 3306)
	for range maxChunks {
		head, err := w.At(off, 8)
		if err != nil {
			return err
		}
		if len(head) < 8 {
			return fmt.Errorf("wav: no data chunk: %w", container.ErrFormat)
		}
		kind, size := string(head[:4]), int64(d.order.Uint32(head[4:]))
		off += 8
		switch kind {
		case "ds64":
			body, err := w.At(off, 16)
			if err != nil {
				return err
			}
			if len(body) == 16 {
				data64 = int64(d.order.Uint64(body[8:]) & (1<<62 - 1))
			}
		case "fmt ":
			if size > maxFmtBytes {
				return fmt.Errorf("wav: fmt chunk of %d bytes: %w", size, container.ErrLimit)
			}
			body, err := w.At(off, int(size))
			if err != nil {
				return err
			}
			if err := d.format(body); err != nil {
				return err
			}
		case "data":
			if size == 0xffff_ffff && data64 >= 0 {
				size = data64
			}
			return d.data(off, size, data64)
		}
		off += size + size&1 // chunks start at even offsets
	}
	return fmt.Errorf("wav: more than %d chunks: %w", maxChunks, container.ErrLimit)
}

func (d *Demuxer) data(off, size, data64 int64) error {
	if d.frames.Bytes == 0 {
		return fmt.Errorf("wav: no fmt chunk in front of the data: %w", container.ErrFormat)
	}
	if size == 0 {
		size = d.frames.Window.End // zero is what a writer leaves that was stopped before it knew
	}
	// One that writes into a pipe claims as much as it can.
	unknown := d.frames.Window.End == container.Unknown && size >= 0x7fff_0000 && size != data64
	if unknown {
		size = d.frames.Window.End
	}
	d.frames.Start = off
	d.frames.Limit(size)
	if !unknown {
		d.info.Trim.Length = d.frames.Total
	}
	return nil
}

// WAVE format tags (RFC 2361)
const (
	tagPCM        = 1
	tagFloat      = 3
	tagALaw       = 6
	tagULaw       = 7
	tagExtensible = 0xfffe
)

func (d *Demuxer) format(b []byte) error {
	if len(b) < 14 {
		return fmt.Errorf("wav: fmt chunk of %d bytes: %w", len(b), container.ErrFormat)
	}
	tag, channels := d.order.Uint16(b), int(d.order.Uint16(b[2:]))
	rate, align := d.order.Uint32(b[4:]), int(d.order.Uint16(b[12:]))
	depth := 8
	if len(b) >= 16 {
		depth = int(d.order.Uint16(b[14:]))
	}
	valid := depth
	if tag == tagExtensible && len(b) >= 40 {
		valid = int(d.order.Uint16(b[18:]))
		tag = d.order.Uint16(b[24:]) // the head of the sub-format's GUID
	}
	if channels < 1 || channels > maxChannels || rate == 0 || rate > maxRate {
		return fmt.Errorf("wav: %d channels at %d Hz: %w", channels, rate, container.ErrUnsupported)
	}
	// Depths between bytes (12, 20) are stored in whole bytes, at their high end. So are those of 24 bits
	// that are given four bytes, which only the size of a frame tells.
	size := (depth + 7) / 8
	if align > 0 && align%channels == 0 && align/channels > size {
		size = align / channels
	}
	if align != 0 && align != size*channels {
		return fmt.Errorf("wav: blocks of %d bytes for %d channels of %d bits: %w", align, channels, depth, container.ErrFormat)
	}
	encoding, err := d.encoding(tag, size)
	if err != nil {
		return err
	}
	if valid < 1 || valid > depth {
		valid = depth
	}
	d.frames.Bytes = int64(size * channels)
	d.info.Format = media.Format{Codec: media.CodecPCM, SampleRate: int(rate), Channels: channels,
		BitDepth: valid, Config: []byte(encoding)}
	return nil
}

// encoding names what media.Format.Config names for samples of size bytes.
func (d *Demuxer) encoding(tag uint16, size int) (string, error) {
	order := "le"
	if d.order == binary.BigEndian {
		order = "be"
	}
	switch {
	case tag == tagPCM && size == 1:
		return "u8", nil
	case tag == tagPCM && size >= 2 && size <= 4:
		return fmt.Sprintf("s%d%s", 8*size, order), nil
	case tag == tagFloat && (size == 4 || size == 8):
		return fmt.Sprintf("f%d%s", 8*size, order), nil
	case tag == tagALaw && size == 1:
		return "alaw", nil
	case tag == tagULaw && size == 1:
		return "ulaw", nil
	}
	return "", fmt.Errorf("wav: format %#x with samples of %d bytes: %w", tag, size, container.ErrCoding)
}

// Info is the file's format and length.
func (d *Demuxer) Info() container.Info { return d.info }

// ReadMetadata reads the INFO list and an ID3 chunk, in front of the samples or behind; see container.Tagged.
func (d *Demuxer) ReadMetadata(r io.ReaderAt, o metadata.Options) (metadata.Metadata, error) {
	tags := metadata.NewReader(r, d.size, o)
	_ = tags.RIFF() // its error is Metadata's
	return tags.Metadata()
}

// Offset is where the packet that Next gave last begins.
func (d *Demuxer) Offset() int64 { return d.frames.Offset() }

// Next gives the next packet.
func (d *Demuxer) Next(p *media.Packet) error { return d.frames.Next(p) }

// Seek moves to the packet that holds raw time t. Packets start at multiples of 4096 frames.
func (d *Demuxer) Seek(t media.Frames) error { return d.frames.Seek(t) }
