// Package pcm turns uncompressed samples of every encoding that media.Format.Config names into
// float32. Integers of up to 24 bits come out exactly, wider samples as the nearest float32, and what
// isn't a finite number as silence. samples_integer.go, samples_float.go and samples_companded.go have
// one loop for each encoding. It refuses encodings without a name there.
package pcm

import (
	"fmt"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/media"
)

// Decoder converts packets of interleaved samples. It allocates nothing.
type Decoder struct {
	channels int
	rate     int
	encoding encoding
}

var _ codec.Decoder = (*Decoder)(nil)

// New makes a decoder for streams of format f, whose Config names the encoding. The error wraps
// codec.ErrUnsupported.
func New(f media.Format) (*Decoder, error) {
	if f.Codec != media.CodecPCM {
		return nil, fmt.Errorf("pcm: codec %q: %w", f.Codec, codec.ErrUnsupported)
	}
	if f.Channels < 1 || f.Channels > codec.MaxChannels {
		return nil, fmt.Errorf("pcm: %d channels: %w", f.Channels, codec.ErrUnsupported)
	}
	e, ok := encodings[string(f.Config)]
	if !ok {
		return nil, fmt.Errorf("pcm: encoding %q: %w", f.Config, codec.ErrUnsupported)
	}
	return &Decoder{channels: f.Channels, rate: f.SampleRate, encoding: e}, nil
}

// encoding is how samples are stored.
type encoding struct {
	bytes   int // of a sample
	convert func(dst []float32, src []byte)
}

// encodings are those that media.Format.Config names.
var encodings = map[string]encoding{
	"u8":    {1, fromU8},
	"s8":    {1, fromS8},
	"s16le": {2, fromS16LE},
	"s16be": {2, fromS16BE},
	"s24le": {3, fromS24LE},
	"s24be": {3, fromS24BE},
	"s32le": {4, fromS32LE},
	"s32be": {4, fromS32BE},
	"f32le": {4, fromF32LE},
	"f32be": {4, fromF32BE},
	"f64le": {8, fromF64LE},
	"f64be": {8, fromF64BE},
	"alaw":  {1, fromALaw},
	"ulaw":  {1, fromULaw},
}

// Channels is the channel count of the stream.
func (d *Decoder) Channels() int { return d.channels }

// SampleRate is that of the Format.
func (d *Decoder) SampleRate() int { return d.rate }

// Reset does nothing: no sample depends on another.
func (d *Decoder) Reset() {}

// Decode converts a packet of whole frames, at most codec.MaxFrames; else it is codec.ErrCorrupt.
func (d *Decoder) Decode(dst []float32, p *media.Packet) (int, error) {
	size := d.encoding.bytes * d.channels
	n := len(p.Data) / size
	if n == 0 || n > codec.MaxFrames || len(p.Data)%size != 0 || n*d.channels > len(dst) {
		return 0, fmt.Errorf("pcm: packet of %d bytes, frames have %d: %w", len(p.Data), size, codec.ErrCorrupt)
	}
	d.encoding.convert(dst[:n*d.channels], p.Data)
	return n, nil
}
