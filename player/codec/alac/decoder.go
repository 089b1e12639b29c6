// Package alac decodes Apple Lossless: 1 to 8 channels of 16, 20, 24 or 32 bits. Up to 24 bits its
// float32 output holds every bit of the source; deeper samples are rounded to the nearest float32.
//
// A packet is a row of elements, each a channel or a pair of them. element.go reads one:
// what its header says; element_residual.go, the noise, in a Golomb code that follows the loudness;
// element_prediction.go, what is added to it by a filter that learns from each sample; and
// element_mixing.go, how a pair becomes left and right. layout.go says which channel is whose.
//
// The format has no checksum: damage that leaves a packet readable is heard.
package alac

import (
	"errors"
	"fmt"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/internal/bitstream"
	"github.com/segue-audio/segue/player/media"
)

// Decoder decodes packets, none of which depends on another.
type Decoder struct {
	config config
	in     bitstream.Reader
	a, b   []int32 // the channels of the current element
}

var _ codec.Decoder = (*Decoder)(nil)

// New makes a decoder for streams of format f, whose Config is ALACSpecificConfig, by itself or with
// a channel layout behind it. The error wraps codec.ErrUnsupported.
func New(f media.Format) (*Decoder, error) {
	if f.Codec != media.CodecALAC {
		return nil, fmt.Errorf("alac: codec %q: %w", f.Codec, codec.ErrUnsupported)
	}
	c, err := parseConfig(f.Config)
	if err != nil {
		return nil, err
	}
	if c.rate == 0 {
		c.rate = f.SampleRate
	}
	return &Decoder{config: c, a: make([]int32, c.frames), b: make([]int32, c.frames)}, nil
}

// Channels is the channel count of the stream.
func (d *Decoder) Channels() int { return d.config.channels }

// SampleRate is what the configuration says.
func (d *Decoder) SampleRate() int { return d.config.rate }

// Reset does nothing: no packet depends on another.
func (d *Decoder) Reset() {}

// Kinds of element, as MPEG-4 names them
const (
	singleChannel = 0
	channelPair   = 1
	lowFrequency  = 3
	dataStream    = 4
	fill          = 6
	end           = 7
)

// Decode decodes one packet.
func (d *Decoder) Decode(dst []float32, p *media.Packet) (n int, err error) {
	r := &d.in
	r.Load(p.Data)
	channel := 0
	for {
		if r.Left() < 3 && channel == d.config.channels {
			return n, nil // some writers leave the end out
		}
		switch kind := r.Read(3); kind {
		case singleChannel, lowFrequency, channelPair:
			e := element{pair: kind == channelPair, first: channel, frames: n}
			if err := d.decodeElement(dst, &e); errors.Is(err, errEmpty) {
				return 0, nil
			} else if err != nil {
				return 0, fmt.Errorf("alac: channel %d: %w", channel, err)
			}
			n = e.frames
			channel += e.channels()
		case dataStream:
			skipData(r)
		case fill:
			skipFill(r)
		case end:
			if channel != d.config.channels {
				return 0, fmt.Errorf("alac: %d channels of %d: %w", channel, d.config.channels, codec.ErrCorrupt)
			}
			return n, nil
		default:
			return 0, fmt.Errorf("alac: element of kind %d: %w", kind, codec.ErrCorrupt)
		}
		if r.Overrun() {
			return 0, fmt.Errorf("alac: packet of %d bytes is cut: %w", len(p.Data), codec.ErrCorrupt)
		}
	}
}

// skipData passes bytes that are no sound.
func skipData(r *bitstream.Reader) {
	r.Skip(4) // the element's number
	aligned := r.Flag()
	n := r.Read(8)
	if n == 255 {
		n += r.Read(8)
	}
	if aligned {
		r.Align()
	}
	r.Skip(8 * int(n))
}

// skipFill passes bytes that make a packet longer.
func skipFill(r *bitstream.Reader) {
	n := r.Read(4)
	if n == 15 {
		n += r.Read(8) - 1
	}
	r.Skip(8 * int(n))
}
