// Package pcm turns uncompressed samples of every encoding that media.Format.Config names into
// float32. It refuses other encodings, big-endian ones among them.
package pcm

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/media"
)

// Decoder converts packets of interleaved samples. It allocates nothing.
type Decoder struct {
	channels int
	rate     int
	bytes    int // of a sample
	convert  func(dst []float32, src []byte)
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
	d := &Decoder{channels: f.Channels, rate: f.SampleRate}
	switch string(f.Config) {
	case "u8":
		d.bytes, d.convert = 1, fromU8
	case "s16le":
		d.bytes, d.convert = 2, fromS16
	case "s24le":
		d.bytes, d.convert = 3, fromS24
	case "s32le":
		d.bytes, d.convert = 4, fromS32
	case "f32le":
		d.bytes, d.convert = 4, fromF32
	case "f64le":
		d.bytes, d.convert = 8, fromF64
	case "alaw":
		d.bytes, d.convert = 1, fromTable(alaw)
	case "ulaw":
		d.bytes, d.convert = 1, fromTable(ulaw)
	default:
		return nil, fmt.Errorf("pcm: encoding %q: %w", f.Config, codec.ErrUnsupported)
	}
	return d, nil
}

// Channels is the channel count of the stream.
func (d *Decoder) Channels() int { return d.channels }

// SampleRate is that of the Format.
func (d *Decoder) SampleRate() int { return d.rate }

// Reset does nothing: no sample depends on another.
func (d *Decoder) Reset() {}

// Decode converts a packet of whole frames, at most codec.MaxFrames; else it is codec.ErrCorrupt.
func (d *Decoder) Decode(dst []float32, p *media.Packet) (int, error) {
	size := d.bytes * d.channels
	n := len(p.Data) / size
	if n == 0 || n > codec.MaxFrames || len(p.Data)%size != 0 || n*d.channels > len(dst) {
		return 0, fmt.Errorf("pcm: packet of %d bytes, frames have %d: %w", len(p.Data), size, codec.ErrCorrupt)
	}
	d.convert(dst[:n*d.channels], p.Data)
	return n, nil
}

func fromU8(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = float32(int(src[i])-128) / (1 << 7)
	}
}

func fromS16(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = float32(int16(binary.LittleEndian.Uint16(src[2*i:]))) / (1 << 15)
	}
}

func fromS24(dst []float32, src []byte) {
	for i := range dst {
		b := src[3*i : 3*i+3]
		v := int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24) >> 8
		dst[i] = float32(v) / (1 << 23)
	}
}

func fromS32(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = float32(int32(binary.LittleEndian.Uint32(src[4*i:]))) / (1 << 31)
	}
}

func fromF32(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = finite(math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:])))
	}
}

func fromF64(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = finite(float32(math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:]))))
	}
}

// finite makes silence of what isn't a number: one NaN would stay in every filter behind for ever.
func finite(v float32) float32 {
	if v-v != 0 {
		return 0
	}
	return v
}

func fromTable(law func(byte) int16) func([]float32, []byte) {
	var table [256]float32
	for i := range table {
		table[i] = float32(law(byte(i))) / (1 << 15)
	}
	return func(dst []float32, src []byte) {
		for i := range dst {
			dst[i] = table[src[i]]
		}
	}
}

// alaw expands one byte (ITU-T G.711 table 1) to 16 bits, of which 13 are used.
func alaw(b byte) int16 {
	b ^= 0x55 // every other bit is inverted on the wire
	v := int16(b&0x0f)<<4 + 8
	if exponent := b >> 4 & 7; exponent > 0 {
		v = (v + 0x100) << (exponent - 1)
	}
	if b&0x80 == 0 {
		return -v
	}
	return v
}

// ulaw expands one byte (ITU-T G.711 table 2) to 16 bits, of which 14 are used.
func ulaw(b byte) int16 {
	b = ^b
	const bias = 0x84
	v := (int16(b&0x0f)<<3+bias)<<(b>>4&7) - bias
	if b&0x80 != 0 {
		return -v
	}
	return v
}
