// Package flac decodes FLAC frames with mewkiz/flac. Up to 24 bits its float32 output holds every
// bit of the source. It refuses 32-bit frames, which that library doesn't know, and streams that
// change their channels on the way.
package flac

import (
	"errors"
	"fmt"
	"io"

	"github.com/mewkiz/flac/frame"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/media"
)

const streamInfoBytes = 34

// Decoder decodes packets of one FLAC frame each. Frames don't depend on each other. The library
// allocates a few buffers a frame, and it writes a line to the standard logger for each frame whose
// header says 24 or 176.4 kHz.
type Decoder struct {
	channels int
	rate     int
	depth    uint8 // for frames that leave it to STREAMINFO
	in       feed
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
	d := &Decoder{channels: f.Channels, rate: f.SampleRate, depth: uint8(f.BitDepth)}
	if len(f.Config) == streamInfoBytes {
		d.depth = f.Config[12]&1<<4 | f.Config[13]>>4 + 1
	}
	if d.channels < 1 || d.channels > codec.MaxChannels {
		return nil, fmt.Errorf("flac: %d channels: %w", d.channels, codec.ErrUnsupported)
	}
	if d.depth > 24 || f.BitDepth > 24 {
		return nil, fmt.Errorf("flac: %d bits: %w", max(d.depth, uint8(f.BitDepth)), codec.ErrUnsupported)
	}
	return d, nil
}

// Channels is the channel count of the stream.
func (d *Decoder) Channels() int { return d.channels }

// SampleRate is that of the Format.
func (d *Decoder) SampleRate() int { return d.rate }

// Reset does nothing: no frame depends on another.
func (d *Decoder) Reset() {}

// Decode decodes one frame and checks both its checksums. A packet without Data stands for frames
// that were lost and gives codec.ErrCorrupt like a damaged one. codec.ErrUnsupported tells of a
// frame with another number of channels than the stream started with.
func (d *Decoder) Decode(dst []float32, p *media.Packet) (n int, err error) {
	defer func() {
		// The library indexes by what damaged frames say before their checksum is looked at.
		if r := recover(); r != nil {
			n, err = 0, fmt.Errorf("flac: decoder stopped: %v: %w", r, codec.ErrCorrupt)
		}
	}()
	d.in.b = p.Data
	f, err := frame.New(&d.in)
	if err != nil {
		return 0, corrupt(err)
	}
	if f.BlockSize == 0 { // 65,536 in the library's 16 bits
		return 0, fmt.Errorf("flac: block longer than %d: %w", codec.MaxFrames, codec.ErrCorrupt)
	}
	if f.BitsPerSample == 0 {
		f.BitsPerSample = d.depth
	}
	if f.BitsPerSample == 0 {
		return 0, fmt.Errorf("flac: frame of unknown bit depth: %w", codec.ErrCorrupt)
	}
	if err := f.Parse(); err != nil {
		return 0, corrupt(err)
	}
	if len(f.Subframes) != d.channels {
		return 0, fmt.Errorf("flac: %d channels after %d: %w", len(f.Subframes), d.channels, codec.ErrUnsupported)
	}
	n = int(f.BlockSize)
	if len(dst) < n*d.channels {
		return 0, fmt.Errorf("flac: room for %d samples, frame has %d: %w", len(dst), n*d.channels, codec.ErrCorrupt)
	}
	// A power of two: the product is exact for every sample of up to 24 bits.
	scale := 1 / float32(int32(1)<<(f.BitsPerSample-1))
	for c, sub := range f.Subframes {
		if len(sub.Samples) != n {
			return 0, fmt.Errorf("flac: subframe of %d samples in a block of %d: %w", len(sub.Samples), n, codec.ErrCorrupt)
		}
		out := dst[c:]
		for i, v := range sub.Samples {
			out[i*d.channels] = float32(v) * scale
		}
	}
	return n, nil
}

func corrupt(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // EOF would look like the end of the stream
	}
	return fmt.Errorf("flac: %w: %w", codec.ErrCorrupt, err)
}

// feed is the reader under the library.
type feed struct{ b []byte }

// Read gives what is left of the packet.
func (f *feed) Read(p []byte) (int, error) {
	if len(f.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, f.b)
	f.b = f.b[n:]
	return n, nil
}
