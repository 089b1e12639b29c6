// Package flac decodes the frames of FLAC (RFC 9639): every kind of subframe, 1 to 8 channels,
// blocks of 1 to 65,535 samples and 4 to 32 bits a sample. Up to 24 bits its float32 output holds
// every bit of the source; deeper samples are rounded to the nearest float32.
//
// It reads as a frame is laid out. frame_header.go has what stands before the sound;
// subframe.go, one channel each, has subframe_residual.go for the noise and subframe_prediction.go
// for what is added to it; frame_channels.go turns differences of channels into channels; and
// frame_checksum.go tells whether all of that can be believed.
//
// It refuses streams that change their channel count on the way.
package flac

import (
	"fmt"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/internal/bitstream"
	"github.com/segue-audio/segue/player/media"
)

const (
	streamInfoBytes = 34
	minDepth        = 4
	maxDepth        = 32
)

// Decoder decodes packets of one FLAC frame each. Frames don't depend on each other. Its memory
// grows with the largest block seen, to 2.6 MB at most for eight channels.
type Decoder struct {
	channels int
	rate     int
	depth    int // bits of a sample, for frames that leave it to STREAMINFO

	in bitstream.Reader
	// samples are the current frame's channels, history zeros first.
	samples [codec.MaxChannels][]int32
	// wide is the difference of two channels of 32 bits, which has 33. Few streams need it.
	wide []int64
}

var _ codec.Decoder = (*Decoder)(nil)

// New makes a decoder for streams of format f, whose Config is STREAMINFO's body of 34 bytes or
// empty. The error wraps codec.ErrUnsupported.
func New(f media.Format) (*Decoder, error) {
	if f.Codec != media.CodecFLAC {
		return nil, fmt.Errorf("flac: codec %q: %w", f.Codec, codec.ErrUnsupported)
	}
	if n := len(f.Config); n != 0 && n != streamInfoBytes {
		return nil, fmt.Errorf("flac: STREAMINFO of %d bytes: %w", n, codec.ErrUnsupported)
	}
	d := &Decoder{channels: f.Channels, rate: f.SampleRate, depth: f.BitDepth}
	if len(f.Config) == streamInfoBytes {
		d.depth = int(f.Config[12]&1<<4|f.Config[13]>>4) + 1 // section 8.2
	}
	if d.channels < 1 || d.channels > codec.MaxChannels {
		return nil, fmt.Errorf("flac: %d channels: %w", d.channels, codec.ErrUnsupported)
	}
	if d.depth > maxDepth || f.BitDepth > maxDepth {
		return nil, fmt.Errorf("flac: %d bits: %w", max(d.depth, f.BitDepth), codec.ErrUnsupported)
	}
	return d, nil
}

// Channels is the channel count of the stream.
func (d *Decoder) Channels() int { return d.channels }

// SampleRate is that of the Format.
func (d *Decoder) SampleRate() int { return d.rate }

// Reset does nothing: no frame depends on another.
func (d *Decoder) Reset() {}

// Decode decodes the frame that the packet starts with and checks both its checksums; what follows
// the frame is ignored. A packet without Data stands for frames that were lost and gives
// codec.ErrCorrupt like a damaged one. codec.ErrUnsupported tells of a sound frame with another
// number of channels than the stream started with.
func (d *Decoder) Decode(dst []float32, p *media.Packet) (n int, err error) {
	h, err := d.decodeFrame(p.Data)
	if err != nil {
		return 0, err
	}
	if h.channels != d.channels {
		return 0, fmt.Errorf("flac: %d channels after %d: %w", h.channels, d.channels, codec.ErrUnsupported)
	}
	if want := h.blockSize * h.channels; len(dst) < want {
		return 0, fmt.Errorf("flac: room for %d samples, frame has %d: %w", len(dst), want, codec.ErrCorrupt)
	}
	if err := d.interleave(dst, h); err != nil {
		return 0, err
	}
	return h.blockSize, nil
}

// decodeFrame leaves the frame's samples, whole numbers of h.depth bits, in d.samples behind their
// history. Section 9.
func (d *Decoder) decodeFrame(data []byte) (h frameHeader, err error) {
	d.in.Load(data)
	if h, err = readHeader(&d.in, data, d.depth); err != nil {
		return h, err
	}
	for c := range h.channels {
		depth := h.depth
		d.samples[c] = grow(d.samples[c], h.blockSize)
		if c == h.stereo.side() {
			depth++ // a difference needs a bit more than what it is of
		}
		if depth > maxDepth {
			d.wide = grow(d.wide, h.blockSize)
			err = readSubframe(&d.in, d.wide, depth)
		} else {
			err = readSubframe(&d.in, d.samples[c], depth)
		}
		if err != nil {
			return h, fmt.Errorf("flac: channel %d: %w", c, err)
		}
	}
	d.in.Align()
	end := d.in.Pos() / 8
	d.in.Skip(16)
	if d.in.Overrun() {
		return h, fmt.Errorf("flac: frame is cut after %d bytes: %w", len(data), codec.ErrCorrupt)
	}
	if crc16(data[:end+2]) != 0 {
		return h, fmt.Errorf("flac: checksum of the frame: %w", codec.ErrCorrupt)
	}
	d.separate(h)
	return h, nil
}

// grow gives a buffer for n samples behind history zeros, which nothing ever writes to.
func grow[T sample](b []T, n int) []T {
	if cap(b) < history+n {
		b = make([]T, history+n)
	}
	return b[:history+n]
}
