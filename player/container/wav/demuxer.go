// Package wav reads RIFF/WAVE and RF64 files of PCM, floating point, A-law and µ-law. It refuses
// compressed codings (ADPCM) and big-endian RIFX, and reads no chunk but fmt, ds64 and data.
package wav

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/window"
	"github.com/segue-audio/segue/player/media"
)

const (
	packetFrames = 4096
	maxChannels  = 8
	maxChunks    = 4096 // in front of the data
	maxFmtBytes  = 4096
)

// Demuxer gives a WAVE file's samples in packets of 4096 frames, the last one shorter.
type Demuxer struct {
	w     window.Window
	info  container.Info
	start int64 // of the samples
	total media.Frames
	bytes int64 // of a frame
	next  media.Frames
	err   error
}

var _ container.Seeker = (*Demuxer)(nil)

// Open starts on the file of size bytes that r reads. A data chunk that claims more than the file
// holds, as recorders leave it that were stopped hard, plays as far as it goes. The error wraps
// container.ErrFormat, container.ErrUnsupported, container.ErrLimit or r's own.
func Open(r io.ReaderAt, size int64) (*Demuxer, error) {
	d := &Demuxer{w: window.Window{R: r, End: size}}
	head, err := d.w.At(0, 12)
	if err != nil {
		return nil, err
	}
	if len(head) < 12 || string(head[8:12]) != "WAVE" {
		return nil, fmt.Errorf("wav: no RIFF/WAVE header: %w", container.ErrFormat)
	}
	switch string(head[:4]) {
	case "RIFF", "RF64", "BW64":
	case "RIFX":
		return nil, fmt.Errorf("wav: big-endian RIFX: %w", container.ErrUnsupported)
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
	data64 := int64(-1) // what ds64 says of the data chunk's length (EBU Tech 3306)
	for range maxChunks {
		head, err := d.w.At(off, 8)
		if err != nil {
			return err
		}
		if len(head) < 8 {
			return fmt.Errorf("wav: no data chunk: %w", container.ErrFormat)
		}
		kind, size := string(head[:4]), int64(binary.LittleEndian.Uint32(head[4:]))
		off += 8
		switch kind {
		case "ds64":
			body, err := d.w.At(off, 16)
			if err != nil {
				return err
			}
			if len(body) == 16 {
				data64 = int64(binary.LittleEndian.Uint64(body[8:]) & (1<<62 - 1))
			}
		case "fmt ":
			if size > maxFmtBytes {
				return fmt.Errorf("wav: fmt chunk of %d bytes: %w", size, container.ErrLimit)
			}
			body, err := d.w.At(off, int(size))
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
			return d.data(off, size)
		}
		off += size + size&1 // chunks start at even offsets
	}
	return fmt.Errorf("wav: more than %d chunks: %w", maxChunks, container.ErrLimit)
}

func (d *Demuxer) data(off, size int64) error {
	if d.bytes == 0 {
		return fmt.Errorf("wav: no fmt chunk in front of the data: %w", container.ErrFormat)
	}
	left := max(0, d.w.End-off)
	if size == 0 || size > left {
		size = left // zero is what a writer leaves that was stopped before it knew
	}
	d.start, d.total = off, media.Frames(size/d.bytes)
	d.w.End = off + int64(d.total)*d.bytes
	d.info.Trim.Length = d.total
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
	tag, channels := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
	rate, align := binary.LittleEndian.Uint32(b[4:]), int(binary.LittleEndian.Uint16(b[12:]))
	depth := 8
	if len(b) >= 16 {
		depth = int(binary.LittleEndian.Uint16(b[14:]))
	}
	valid := depth
	if tag == tagExtensible && len(b) >= 40 {
		valid = int(binary.LittleEndian.Uint16(b[18:]))
		tag = binary.LittleEndian.Uint16(b[24:]) // the head of the sub-format's GUID
	}
	if channels < 1 || channels > maxChannels || rate == 0 || rate > 1<<22 {
		return fmt.Errorf("wav: %d channels at %d Hz: %w", channels, rate, container.ErrUnsupported)
	}
	// Depths between bytes (12, 20) are stored in whole bytes, at their high end.
	size := (depth + 7) / 8
	encoding, err := encoding(tag, size)
	if err != nil {
		return err
	}
	if align != 0 && align != size*channels {
		return fmt.Errorf("wav: blocks of %d bytes for %d channels of %d bits: %w", align, channels, depth, container.ErrFormat)
	}
	if valid < 1 || valid > depth {
		valid = depth
	}
	d.bytes = int64(size * channels)
	d.info.Format = media.Format{Codec: media.CodecPCM, SampleRate: int(rate), Channels: channels,
		BitDepth: valid, Config: []byte(encoding)}
	return nil
}

// encoding names what media.Format.Config names for samples of size bytes.
func encoding(tag uint16, size int) (string, error) {
	switch {
	case tag == tagPCM && size == 1:
		return "u8", nil
	case tag == tagPCM && size == 2:
		return "s16le", nil
	case tag == tagPCM && size == 3:
		return "s24le", nil
	case tag == tagPCM && size == 4:
		return "s32le", nil
	case tag == tagFloat && size == 4:
		return "f32le", nil
	case tag == tagFloat && size == 8:
		return "f64le", nil
	case tag == tagALaw && size == 1:
		return "alaw", nil
	case tag == tagULaw && size == 1:
		return "ulaw", nil
	}
	return "", fmt.Errorf("wav: format %#x with samples of %d bytes: %w", tag, size, container.ErrUnsupported)
}

// Info is the file's format and length.
func (d *Demuxer) Info() container.Info { return d.info }

// Next gives the next packet.
func (d *Demuxer) Next(p *media.Packet) error {
	if d.err != nil {
		return d.err
	}
	n := min(packetFrames, d.total-d.next)
	if n <= 0 {
		d.err = io.EOF
		return d.err
	}
	b, err := d.w.At(d.start+int64(d.next)*d.bytes, int(int64(n)*d.bytes))
	if err != nil {
		d.err = fmt.Errorf("wav: %w", err)
		return d.err
	}
	if got := media.Frames(int64(len(b)) / d.bytes); got < n { // shorter than its size said
		n, d.total = got, d.next+got
		if n == 0 {
			d.err = io.EOF
			return d.err
		}
	}
	*p = media.Packet{Data: b[:int64(n)*d.bytes], Time: d.next, Duration: n}
	d.next += n
	return nil
}

// Seek moves to the packet that holds raw time t. Packets start at multiples of 4096 frames.
func (d *Demuxer) Seek(t media.Frames) error {
	d.err = nil
	if t >= d.total {
		d.next = d.total
		return nil
	}
	d.next = max(0, t) / packetFrames * packetFrames
	return nil
}
