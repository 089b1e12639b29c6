// Package vorbis decodes Vorbis I with jfreymuth/vorbis. Before the library sees a stream's headers they
// are judged, since it trusts them; and what it doesn't do is added: channels in the order of WAV,
// frames of a known count after a seek, an end to every bad packet. It refuses what that library gets
// wrong (floors of type 0, a few sizes of codebooks, both unknown in the wild), more than eight
// channels, and incomplete codes.
package vorbis

import (
	"fmt"

	lib "github.com/jfreymuth/vorbis"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/internal/xiph"
	"github.com/segue-audio/segue/player/media"
)

// loudest is the largest sample that is taken for music. A sound stream stays within a few times full
// scale; only damage passes this.
const loudest = 64

// Decoder decodes one Vorbis packet at a time. Its first packet, and the first after Reset or after one
// that was lost, has nothing to overlap with: it gives silence of the packet's Duration, so nothing
// where that is zero, and the second one sounds. The library allocates a few small slices a packet.
type Decoder struct {
	lib   lib.Decoder
	id    identification
	order []int     // see xiph.WAVOrder
	buf   []float32 // one packet in the order of Vorbis
	fresh bool      // there is nothing to overlap with
}

var _ codec.Decoder = (*Decoder)(nil)

// New makes a decoder for streams of format f, whose Config is the three header packets in Xiph
// lacing; the second of them may be anything. The error wraps codec.ErrUnsupported.
func New(f media.Format) (d *Decoder, err error) {
	if f.Codec != media.CodecVorbis {
		return nil, fmt.Errorf("vorbis: codec %q: %w", f.Codec, codec.ErrUnsupported)
	}
	headers, err := xiph.Unlace(f.Config)
	if err != nil {
		return nil, fmt.Errorf("vorbis: %w", err)
	}
	if len(headers) != 3 {
		return nil, fmt.Errorf("vorbis: %d headers: %w", len(headers), codec.ErrUnsupported)
	}
	d = &Decoder{fresh: true}
	if d.id, err = parseIdentification(headers[0]); err != nil {
		return nil, err
	}
	setup, err := checkSetup(headers[2], d.id)
	if err != nil {
		return nil, err
	}
	defer func() {
		if r := recover(); r != nil {
			d, err = nil, fmt.Errorf("vorbis: headers: %v: %w", r, codec.ErrUnsupported)
		}
	}()
	for _, h := range [][]byte{headers[0], setup} {
		if err := d.lib.ReadHeader(h); err != nil {
			return nil, fmt.Errorf("vorbis: headers: %w: %w", codec.ErrUnsupported, err)
		}
	}
	d.order = xiph.WAVOrder(d.id.channels)
	d.buf = make([]float32, d.lib.BufferSize())
	return d, nil
}

// Channels is the channel count of the stream.
func (d *Decoder) Channels() int { return d.id.channels }

// SampleRate is that of the stream's identification header.
func (d *Decoder) SampleRate() int { return d.id.rate }

// Reset forgets the block that the next one would overlap with.
func (d *Decoder) Reset() {
	d.lib.Clear()
	d.fresh = true
}

// Decode decodes one packet. It gives no more frames than p.Duration tells, where that is positive: the
// last packet of a link in a chain of streams is cut so. After codec.ErrCorrupt, and after a packet
// without Data, decoding starts anew with the next packet.
func (d *Decoder) Decode(dst []float32, p *media.Packet) (int, error) {
	fresh := d.fresh
	out, err := d.block(p.Data)
	if err != nil {
		d.Reset()
		return 0, err
	}
	d.fresh = false
	n := len(out) / d.id.channels
	if told := int(min(p.Duration, media.Frames(d.id.block[1]))); told > 0 && (fresh || n > told) {
		n = told
	}
	if len(dst) < n*d.id.channels {
		d.Reset()
		return 0, fmt.Errorf("vorbis: room for %d samples, packet has %d: %w", len(dst), n*d.id.channels, codec.ErrCorrupt)
	}
	if fresh {
		clear(dst[:n*d.id.channels])
		return n, nil
	}
	for c, from := range d.order {
		for i := range n {
			dst[i*d.id.channels+c] = out[i*d.id.channels+from]
		}
	}
	return n, nil
}

// block gives what the library makes of a packet, or why that is no music.
func (d *Decoder) block(data []byte) (out []float32, err error) {
	defer func() {
		// The library indexes by what damaged packets say.
		if r := recover(); r != nil {
			out, err = nil, fmt.Errorf("vorbis: decoder stopped: %v: %w", r, codec.ErrCorrupt)
		}
	}()
	if len(data) == 0 {
		return nil, fmt.Errorf("vorbis: empty packet: %w", codec.ErrCorrupt)
	}
	if out, err = d.lib.DecodeInto(data, d.buf); err != nil {
		return nil, fmt.Errorf("vorbis: %w: %w", codec.ErrCorrupt, err)
	}
	for _, v := range out {
		if !(v >= -loudest && v <= loudest) { // catches what is no number, too
			return nil, fmt.Errorf("vorbis: a sample of %v: %w", v, codec.ErrCorrupt)
		}
	}
	return out, nil
}
