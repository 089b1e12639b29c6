// Package gomp3 decodes MPEG-1 and MPEG-2 Layer III with hajimehoshi/go-mp3, one frame at a time. It
// refuses MPEG-2.5 (8, 11.025 and 12 kHz) and free format, which that library can't decode, and it
// adds what the library lacks: it survives every packet, and frames whose bit reservoir was never
// seen are silent instead of noise.
package gomp3

import (
	"encoding/binary"
	"fmt"
	"io"

	hajimehoshi "github.com/hajimehoshi/go-mp3"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/media"
)

// outputChannels is what go-mp3 always gives: mono comes out on both.
const outputChannels = 2

// maxSamples is the most frames that one MP3 frame decodes to.
const maxSamples = 1152

// Decoder decodes packets of one MP3 frame each. Its output is the library's 16 bits as float32,
// always two channels.
type Decoder struct {
	in        feed
	rate      int
	lib       *hajimehoshi.Decoder // nil until the next packet starts one
	reservoir reservoir
	pcm       [maxSamples * outputChannels * 2]byte
	seed      []byte
}

var _ codec.Decoder = (*Decoder)(nil)

// New makes a decoder for streams of format f. The error wraps codec.ErrUnsupported when f is of
// another codec or of a sample rate that isn't decoded; a rate of zero stands for any.
func New(f media.Format) (*Decoder, error) {
	if f.Codec != media.CodecMP3 {
		return nil, fmt.Errorf("gomp3: codec %q: %w", f.Codec, codec.ErrUnsupported)
	}
	switch f.SampleRate {
	case 0, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000:
		return &Decoder{rate: f.SampleRate}, nil
	}
	return nil, fmt.Errorf("gomp3: sample rate %d: %w", f.SampleRate, codec.ErrUnsupported)
}

// Channels is 2 for every stream.
func (d *Decoder) Channels() int { return outputChannels }

// SampleRate is that of the Format.
func (d *Decoder) SampleRate() int { return d.rate }

// Reset forgets the overlap and the bit reservoir.
func (d *Decoder) Reset() {
	d.lib = nil
	d.reservoir.clear()
}

// Decode decodes one frame. A frame that needs main data from packets never seen (the first ones
// after Reset, or of a file that was cut) gives silence of its length without an error, and what it
// holds is kept for those that follow. After codec.ErrCorrupt the overlap starts from silence.
// go-mp3 allocates about ten kilobytes a frame.
func (d *Decoder) Decode(dst []float32, p *media.Packet) (int, error) {
	f, err := parseFrame(p.Data)
	if err != nil {
		d.lib = nil // what comes next doesn't follow on what came before
		return 0, err
	}
	if len(dst) < f.samples*outputChannels {
		return 0, fmt.Errorf("gomp3: room for %d samples, frame has %d: %w", len(dst), f.samples*outputChannels, codec.ErrCorrupt)
	}
	defer d.reservoir.push(f.mainData)
	if f.mainDataBegin > d.reservoir.n {
		d.lib = nil
		clear(dst[:f.samples*outputChannels])
		return f.samples, nil
	}
	if d.lib == nil {
		if err := d.start(f); err != nil {
			return 0, err
		}
	}
	pcm := d.pcm[:f.samples*outputChannels*2]
	if err := d.read(p.Data, pcm); err != nil {
		d.lib = nil
		return 0, err
	}
	for i := range dst[:f.samples*outputChannels] {
		dst[i] = float32(int16(binary.LittleEndian.Uint16(pcm[2*i:]))) / 32_768
	}
	return f.samples, nil
}

// read gives the library one frame and takes what it decodes to. It asks for exactly one frame's
// PCM: asking for more would make the library look for another frame and, finding none, forget its
// overlap.
func (d *Decoder) read(frame, pcm []byte) (err error) {
	defer func() {
		// The library trusts the side information and runs off its tables when it is wrong.
		if r := recover(); r != nil {
			err = fmt.Errorf("gomp3: decoder stopped: %v: %w", r, codec.ErrCorrupt)
		}
	}()
	d.in.b = frame
	if d.lib == nil {
		if d.lib, err = hajimehoshi.NewDecoder(&d.in); err != nil {
			d.lib = nil
			return fmt.Errorf("gomp3: %w: %w", codec.ErrCorrupt, err)
		}
	}
	if _, err := io.ReadFull(d.lib, pcm); err != nil {
		return fmt.Errorf("gomp3: %w: %w", codec.ErrCorrupt, err)
	}
	return nil
}

// start makes a new library decoder. A frame of silence goes through it first that carries, as its
// main data, the end of the packets so far: so the frame f may point back into them.
func (d *Decoder) start(f frame) error {
	d.seed = d.reservoir.appendSeed(d.seed[:0], f)
	return d.read(d.seed, d.pcm[:f.samples*outputChannels*2])
}

// feed is the reader under the library: it holds one frame, then ends.
type feed struct{ b []byte }

// Read gives what is left of the frame.
func (f *feed) Read(p []byte) (int, error) {
	if len(f.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, f.b)
	f.b = f.b[n:]
	return n, nil
}
