// Package opus decodes Opus (RFC 6716, 8251) with thesyncim/gopus, which gives what the reference
// decoder gives in every mode, allocates nothing while it decodes, and hides losses. Around it stand
// the identification header with its output gain, streams of several channels (one library decoder for
// each of their streams), a way around a slip of the library's, and a limit to how long a loss is hidden.
// It refuses channel mappings other than families 0 and 1.
package opus

import (
	"fmt"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/media"
)

// Decoder decodes one Opus packet at a time, always to 48 kHz. What it remembers of earlier packets
// fades in some packets and not at once: the 80 ms of pre-roll that RFC 7845, 4.6 asks for bring it
// within 10 to 20 dB of uninterrupted decoding, 320 ms within 35 dB (SILK) to 95 dB (CELT).
type Decoder struct {
	head    head
	streams []*stream
	packet  []byte // of one stream
	hidden  hiding
}

var _ codec.Concealer = (*Decoder)(nil)

// New makes a decoder for streams of format f, whose Config is the identification header (RFC 7845,
// 5.1). The error wraps codec.ErrUnsupported.
func New(f media.Format) (*Decoder, error) {
	if f.Codec != media.CodecOpus {
		return nil, fmt.Errorf("opus: codec %q: %w", f.Codec, codec.ErrUnsupported)
	}
	h, err := parseHead(f.Config)
	if err != nil {
		return nil, err
	}
	d := &Decoder{head: h}
	for i := range h.streams {
		width := 1
		if i < h.coupled {
			width = 2
		}
		stream, err := newStream(width, h.gain)
		if err != nil {
			return nil, err
		}
		d.streams = append(d.streams, stream)
	}
	return d, nil
}

// Channels is the channel count of the stream.
func (d *Decoder) Channels() int { return d.head.channels }

// SampleRate is 48000, whatever was encoded.
func (d *Decoder) SampleRate() int { return rate }

// Reset forgets all earlier packets.
func (d *Decoder) Reset() {
	for _, s := range d.streams {
		s.reset()
	}
	d.hidden = hiding{}
}

// Decode decodes one packet. It gives no more frames than p.Duration tells, where that is positive: the
// last packet of a link in a chain of streams, or of a fragmented file, is cut so.
func (d *Decoder) Decode(dst []float32, p *media.Packet) (int, error) {
	n, err := frames(p.Data)
	if err != nil {
		return 0, err
	}
	told := n
	if p.Duration > 0 {
		told = int(min(p.Duration, media.Frames(n)))
	}
	if len(dst) < told*d.head.channels {
		return 0, fmt.Errorf("opus: room for %d samples, packet has %d: %w", len(dst), told*d.head.channels, codec.ErrCorrupt)
	}
	rest := p.Data
	for i, s := range d.streams {
		packet := rest
		if i < len(d.streams)-1 {
			if packet, rest, err = undelimit(d.packet[:0], rest); err != nil {
				return 0, err
			}
			d.packet = packet
		}
		if err := s.decode(packet, n); err != nil {
			return 0, err
		}
	}
	d.weave(dst, told)
	d.hidden.leave(dst[:told*d.head.channels], d.head.channels)
	return told, nil
}

// weave puts the first n frames of all streams into dst, channel by channel.
func (d *Decoder) weave(dst []float32, n int) {
	channels := d.head.channels
	for c, from := range d.head.mapping {
		out := dst[c : n*channels]
		if from == silent {
			for i := 0; i < len(out); i += channels {
				out[i] = 0
			}
			continue
		}
		stream, at := from/2, from%2
		if from >= 2*d.head.coupled {
			stream, at = from-d.head.coupled, 0
		}
		in, width := d.streams[stream].pcm[at:], d.streams[stream].width
		for i := range n {
			out[i*channels] = in[i*width]
		}
	}
}
