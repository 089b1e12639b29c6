package packager

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/segue-audio/segue/api/server/encoder"
	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/decoders"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/media"
)

// music is what is to be heard of a source, decoded: exactly Source.Frames of it.
type music struct {
	source Source
	file   *os.File
	demux  container.Demuxer
	dec    codec.Decoder
	pcm    []float32 // of one packet
	rest   []float32 // of pcm, not given yet
	left   media.Frames
}

var _ encoder.PCM = (*music)(nil)

// openMusic opens the source's file. Close closes it.
func openMusic(s Source) (m *music, err error) {
	m = &music{source: s, left: s.Frames}
	if m.file, err = os.Open(s.Path); err != nil {
		return nil, err
	}
	st, err := m.file.Stat()
	if err == nil {
		m.demux, err = openSource(s.Kind, m.file, st.Size())
	}
	if err != nil {
		return nil, errors.Join(refused(err), m.Close())
	}
	return m, nil
}

// Close closes the file. Reading on then fails.
func (m *music) Close() error { return m.file.Close() }

// Read is encoder.PCM's.
func (m *music) Read(dst []float32) (int, error) {
	channels := m.source.Format.Channels
	for len(m.rest) == 0 && m.left > 0 {
		if err := m.decode(); err != nil {
			return 0, err
		}
	}
	if m.left <= 0 {
		return 0, io.EOF
	}
	n := copy(dst[:len(dst)/channels*channels], m.rest)
	if most := int(min(m.left, media.Frames(len(dst)))) * channels; n > most {
		n = most
	}
	m.rest = m.rest[n:]
	m.left -= media.Frames(n / channels)
	return n, nil
}

// decode fills rest with what is to be heard of the next packet.
func (m *music) decode() error {
	var p media.Packet
	if err := m.demux.Next(&p); errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the file is damaged: %d of %d frames can be decoded", ErrSource, m.source.Frames-m.left, m.source.Frames)
	} else if err != nil {
		return refused(err)
	}
	channels := m.source.Format.Channels
	if m.dec == nil {
		d, err := decoders.New(m.source.Format, p.Data)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrSource, err)
		}
		if d.Channels() != channels || d.SampleRate() != m.source.Format.SampleRate && d.SampleRate() != 0 {
			return fmt.Errorf("%w: decodes to %d channels at %d Hz", ErrSource, d.Channels(), d.SampleRate())
		}
		m.dec, m.pcm = d, make([]float32, codec.MaxFrames*channels)
	}
	n, err := m.dec.Decode(m.pcm, &p)
	if errors.Is(err, codec.ErrCorrupt) && m.source.Kind == MP3 {
		n = int(min(p.Duration, codec.MaxFrames)) // as a player has it: silence, or what hides the loss
		if c, ok := m.dec.(codec.Concealer); ok {
			c.Conceal(m.pcm, n)
		} else {
			clear(m.pcm[:n*channels])
		}
	} else if err != nil {
		return fmt.Errorf("%w: the file is damaged at %v: %w", ErrSource, p.Time.Duration(m.source.Format.SampleRate), err)
	}
	m.rest = m.pcm[:n*channels]
	if early := m.source.Trim.Start - p.Time; early > 0 {
		m.rest = m.rest[min(int(early)*channels, len(m.rest)):]
	}
	return nil
}

// converted is music in stereo and at another rate: exactly `left` frames of it.
type converted struct {
	from     encoder.PCM
	channels int // of from
	remix    *dsp.Remix
	resample *dsp.Resampler
	in       []float32 // as from gives it
	two      []float32 // the same in stereo
	waiting  []float32 // of two
	ended    bool
	left     media.Frames
}

const stereo = 2

// convert makes stereo at a rate out of music; frames is how many of them the piece has then.
func convert(from encoder.PCM, f media.Format, rate int, frames media.Frames) (*converted, error) {
	c := &converted{from: from, channels: f.Channels, left: frames, in: make([]float32, 4096*f.Channels), two: make([]float32, 4096*stereo)}
	var err error
	if c.remix, err = dsp.NewRemix(f.Channels, stereo); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSource, err)
	}
	if c.resample, err = dsp.NewResampler(f.SampleRate, rate, stereo, dsp.Best); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSource, err)
	}
	return c, nil
}

// Read is encoder.PCM's.
func (c *converted) Read(dst []float32) (int, error) {
	dst = dst[:min(len(dst)/stereo, int(min(c.left, media.Frames(len(dst)))))*stereo]
	if c.left <= 0 {
		return 0, io.EOF
	}
	for {
		if len(c.waiting) == 0 && !c.ended {
			if err := c.fill(); err != nil {
				return 0, err
			}
		}
		var produced int
		if len(c.waiting) > 0 {
			var consumed int
			consumed, produced = c.resample.Process(dst, c.waiting)
			c.waiting = c.waiting[consumed*stereo:]
		} else {
			var done bool
			if produced, done = c.resample.Flush(dst); done && produced == 0 {
				return 0, fmt.Errorf("packager: resampling ended %d frames early", c.left)
			}
		}
		if produced > 0 {
			c.left -= media.Frames(produced)
			return produced * stereo, nil
		}
	}
}

func (c *converted) fill() error {
	n, err := c.from.Read(c.in)
	if errors.Is(err, io.EOF) {
		c.ended = true
	} else if err != nil {
		return err
	}
	c.waiting = c.two[:c.remix.Process(c.two, c.in[:n])*stereo]
	return nil
}
