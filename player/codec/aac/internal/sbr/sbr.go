// Package sbr is spectral band replication (ISO 14496-3, 4.6.18) with parametric stereo, what makes
// HE-AAC of AAC. The core coder leaves out the upper part of the spectrum and runs at half the rate; a
// few bits per frame say how to make it up from the lower part:
//
//   - bands_…: the tables of bands that follow from a header
//   - frame_…: the bitstream of a frame, up to integer scale factors
//   - high_…: levels, generation, adjustment and assembly of the high bands
//
// The filter banks are in qmf, parametric stereo in ps. The low-power variant, which is not exact, and
// the enhancements of USAC are not here.
package sbr

import (
	"fmt"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/aac/internal/ps"
	"github.com/segue-audio/segue/player/codec/aac/internal/qmf"
	"github.com/segue-audio/segue/player/codec/internal/bitstream"
)

// Config says what a decoder is for.
type Config struct {
	CoreRate    int // of the core's samples, in Hz
	FrameLength int // of the core's frames, 1024 or 960
	Channels    int // of the element: 1 or 2

	// Downsampled leaves the output at the core's rate.
	Downsampled bool
	// PS makes two channels of the element's one, by parametric stereo where payloads have it.
	PS bool
}

// Decoder replicates the bands of one element. It allocates nothing after New.
type Decoder struct {
	config  setup
	streams [2]stream // as the payloads left it; the other one is what the next is read into
	now     int       // of streams
	fresh   bool      // a payload came for the frame to be processed
	reset   bool      // the bands are others than in the frame before
	missing int       // frames in a row without a payload

	levels   [2]levels
	channels []*channel
	stereo   *ps.Decoder
	right    []qmf.Slot
	banks    []qmf.Synthesis
}

// setup is a Config and what follows from it.
type setup struct {
	Config
	slots int // QMF slots of a frame
	crc   bool
}

// New makes a decoder, or gives an error that wraps codec.ErrUnsupported.
func New(c Config) (*Decoder, error) {
	switch {
	case c.FrameLength != 1024 && c.FrameLength != 960:
		return nil, fmt.Errorf("%w: spectral band replication for frames of %d samples", codec.ErrUnsupported, c.FrameLength)
	case c.Channels != 1 && (c.Channels != 2 || c.PS):
		return nil, fmt.Errorf("%w: spectral band replication for %d channels", codec.ErrUnsupported, c.Channels)
	case c.CoreRate <= 0:
		return nil, fmt.Errorf("%w: spectral band replication at %d Hz", codec.ErrUnsupported, c.CoreRate)
	}
	d := &Decoder{config: setup{Config: c, slots: c.FrameLength / qmf.Core}}
	outputs := c.Channels
	if c.PS {
		outputs = 2
		d.stereo = ps.New()
		d.right = make([]qmf.Slot, d.config.slots)
	}
	d.banks = make([]qmf.Synthesis, outputs)
	for i := range d.banks {
		d.banks[i].Half = c.Downsampled
	}
	for range c.Channels {
		d.channels = append(d.channels, &channel{})
	}
	d.Reset()
	return d, nil
}

// Reset forgets all earlier frames, all but what headers said: they come once in a while only, and
// until the next the music would be dull. A stream that begins with a header sounds as in a new decoder.
func (d *Decoder) Reset() {
	d.streams[d.now].forget()
	d.fresh, d.reset, d.missing = false, false, 0
	for _, c := range d.channels {
		*c = channel{slots: d.config.slots}
	}
	for i := range d.banks {
		d.banks[i].Reset()
	}
	if d.stereo != nil {
		d.stereo.Reset()
	}
}

// ReadPayload reads what follows the extension type of a fill element, EXT_SBR_DATA or with a checksum
// EXT_SBR_DATA_CRC, and leaves r at its end, bits bits on. An error wraps codec.ErrCorrupt; the payload
// then counts as missing.
func (d *Decoder) ReadPayload(r *bitstream.Reader, bits int, crc bool) error {
	end := r.Pos() + bits
	if bits < 0 || bits > r.Left() {
		return fmt.Errorf("%w: spectral band replication of %d bits", codec.ErrCorrupt, bits)
	}
	next := &d.streams[1-d.now]
	*next = d.streams[d.now]
	c := d.config
	c.crc = crc
	err := next.read(r, bits, &c)
	r.Seek(end)
	if err != nil {
		return err
	}
	d.now = 1 - d.now
	d.fresh = true
	d.reset = d.reset || next.changed
	return nil
}

// Scan tells whether a payload, given as to ReadPayload, carries parametric stereo. c need not say so
// already. Only a payload with a header can be read on its own; any other has none to tell of.
func Scan(r *bitstream.Reader, bits int, crc bool, c Config) (stereo bool, err error) {
	c.PS = false
	d, err := New(c)
	if err != nil {
		return false, err
	}
	err = d.ReadPayload(r, bits, crc)
	return d.streams[d.now].stereo, err
}

// Locate says which frame of the stream is processed next, so that noise after a seek is what it would
// have been without one. Frames may be counted from anywhere in the stream. Without it they are counted
// from the last Reset.
func (d *Decoder) Locate(frame int64) {
	at := int(frame%positions) * d.config.slots % positions
	if at < 0 {
		at += positions
	}
	for _, c := range d.channels {
		c.position = at
	}
}

// maxMissing is how many frames without payload the last envelopes are held for.
const maxMissing = 25

// Process takes the core's samples of a frame, FrameLength for each channel, and makes twice as many
// of them, or as many if Downsampled, for each channel of the output. Full scale is ±1. It is called
// once for each frame, after ReadPayload where the frame has a payload. Without any payload so far it
// only changes the rate; where one is missing, what it would have said is taken from the one before,
// softer from frame to frame.
func (d *Decoder) Process(dst, core [][]float32) {
	s := &d.streams[d.now]
	switch {
	case d.fresh:
		d.missing = 0
	case s.known(len(d.channels)):
		d.missing++
		d.hold(s)
	}
	active := s.known(len(d.channels)) && d.missing <= maxMissing
	if active {
		d.dequantise(s)
	}
	for i, c := range d.channels {
		c.advance(core[i])
		if active {
			c.replicate(s, &s.side[i], &d.levels[i], d.reset)
		} else {
			c.pass()
		}
		c.position = (c.position + c.slots) % positions
	}
	d.fresh, d.reset = false, false
	if d.stereo != nil {
		c := d.channels[0]
		d.stereo.Process(c.frame(), d.right, c.ahead(), &s.params)
		d.banks[0].Process(dst[0], c.frame())
		d.banks[1].Process(dst[1], d.right)
		return
	}
	for i, c := range d.channels {
		d.banks[i].Process(dst[i], c.frame())
	}
}

func (d *Decoder) dequantise(s *stream) {
	if s.coupled {
		decouple(&d.levels, &s.side, &s.bands)
	} else {
		for i := range d.channels {
			d.levels[i].dequantise(&s.side[i], &s.bands)
		}
	}
	if d.missing > 0 {
		for i := range d.levels {
			d.levels[i].fade(d.missing)
		}
	}
}

// hold makes up what a missing payload would have said.
func (d *Decoder) hold(s *stream) {
	for i, c := range d.channels {
		s.side[i].hold(c.over/perSlot, d.config.slots/perSlot)
	}
	s.params.Hold(d.config.slots)
}
