package host

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/media"
)

// Limits on what a platform's decoder may do.
const (
	MaxLag = 1 << 16 // frames that its output lies behind its input
)

// Decoder is a codec.Decoder that hands its packets to the platform. How fast and with how many
// allocations is up to the app.
type Decoder struct {
	lent     Codec
	channels int
	rate     int // of the output
	float    bool
	broken   error // what the platform's Reset gave

	ready []float32 // decoded and not given yet
	lag   media.Frames
}

var _ codec.Lagging = (*Decoder)(nil)

// New asks open for a decoder. Its refusal wraps codec.ErrUnsupported, as does an output that makes
// no sense.
func New(f media.Format, open Opener) (*Decoder, error) {
	lent, err := open.Open(&Stream{Codec: string(f.Codec), SampleRate: int32(f.SampleRate), Channels: int32(f.Channels),
		BitDepth: int32(f.BitDepth), Config: f.Config})
	if err != nil {
		return nil, fmt.Errorf("host: %w: %w", codec.ErrUnsupported, err)
	}
	if lent == nil {
		return nil, fmt.Errorf("host: no decoder for %q: %w", f.Codec, codec.ErrUnsupported)
	}
	d := &Decoder{lent: lent, channels: int(lent.Channels()), rate: int(lent.SampleRate()), float: lent.IsFloat()}
	if d.channels < 1 || d.channels > codec.MaxChannels || d.rate <= 0 {
		_ = lent.Close()
		return nil, fmt.Errorf("host: decoder of %d channels at %d Hz: %w", d.channels, d.rate, codec.ErrUnsupported)
	}
	return d, nil
}

// Channels is what the platform's decoder gives.
func (d *Decoder) Channels() int { return d.channels }

// SampleRate is what the platform's decoder gives.
func (d *Decoder) SampleRate() int { return d.rate }

// Lag is how many frames of silence stand before the music since Reset.
func (d *Decoder) Lag() media.Frames { return d.lag }

// Reset forgets the packets so far.
func (d *Decoder) Reset() {
	d.broken = d.lent.Reset()
	d.ready, d.lag = d.ready[:0], 0
}

// Close gives the platform's decoder back.
func (d *Decoder) Close() error {
	return d.lent.Close()
}

// Decode gives as many frames as the packet lasts; what the platform holds back comes later, and
// silence takes its place. A packet of unknown duration gives what is ready. A platform's error, or
// PCM that is not whole frames, is codec.ErrCorrupt; with it goes what lagged.
func (d *Decoder) Decode(dst []float32, p *media.Packet) (int, error) {
	if d.broken != nil {
		return 0, fmt.Errorf("host: reset: %w: %w", codec.ErrUnsupported, d.broken)
	}
	if len(p.Data) == 0 {
		return 0, fmt.Errorf("host: empty packet: %w", codec.ErrCorrupt)
	}
	want := int(min(max(0, p.Duration), codec.MaxFrames+1))
	if want > codec.MaxFrames || want*d.channels > len(dst) {
		return 0, fmt.Errorf("host: packet of %d frames: %w", want, codec.ErrCorrupt)
	}
	pcm, err := d.lent.Decode(p.Data)
	if err != nil {
		err = fmt.Errorf("host: %w: %w", codec.ErrCorrupt, err)
	} else {
		err = d.take(pcm)
	}
	if err != nil {
		if d.lag > 0 { // nobody knows which packets the platform still holds
			d.Reset()
		}
		return 0, err
	}
	if want <= 0 {
		want = min(len(d.ready), len(dst), codec.MaxFrames*d.channels) / d.channels
	}
	if missing := want - len(d.ready)/d.channels; missing > 0 {
		if d.lag+media.Frames(missing) > MaxLag {
			return 0, fmt.Errorf("host: decoder lags by more than %d frames: %w", MaxLag, codec.ErrCorrupt)
		}
		d.lag += media.Frames(missing)
		d.ready = append(d.ready, make([]float32, missing*d.channels)...)
		copy(d.ready[missing*d.channels:], d.ready)
		clear(d.ready[:missing*d.channels])
	}
	n := d.give(dst[:want*d.channels])
	if p.Duration > 0 { // more than the packet lasts is no music of it
		d.ready = d.ready[:min(len(d.ready), int(d.lag)*d.channels)]
	}
	return n, nil
}

// Drain gives what the platform still holds back, up to Lag frames.
func (d *Decoder) Drain(dst []float32) int {
	if pcm, err := d.lent.Drain(); err == nil {
		_ = d.take(pcm) // what isn't whole frames is no music
	}
	n := min(int(d.lag)*d.channels, len(d.ready), len(dst)/d.channels*d.channels)
	return d.give(dst[:n])
}

// give moves len(dst) samples out of those that are ready and returns the count of frames.
func (d *Decoder) give(dst []float32) int {
	n := copy(dst, d.ready)
	d.ready = d.ready[:copy(d.ready, d.ready[n:])]
	return n / d.channels
}

// take converts the platform's PCM and puts it behind what is ready.
func (d *Decoder) take(pcm []byte) error {
	size := 2
	if d.float {
		size = 4
	}
	frames := len(pcm) / (size * d.channels)
	if len(pcm)%(size*d.channels) != 0 || frames > codec.MaxFrames || len(d.ready)/d.channels+frames > MaxLag+codec.MaxFrames {
		return fmt.Errorf("host: %d bytes of PCM for %d channels: %w", len(pcm), d.channels, codec.ErrCorrupt)
	}
	for ; len(pcm) > 0; pcm = pcm[size:] {
		v := float32(int16(binary.LittleEndian.Uint16(pcm))) / (1 << 15)
		if d.float {
			if v = math.Float32frombits(binary.LittleEndian.Uint32(pcm)); v-v != 0 {
				v = 0 // NaN or infinity would stay in every filter that follows
			}
		}
		d.ready = append(d.ready, v)
	}
	return nil
}
