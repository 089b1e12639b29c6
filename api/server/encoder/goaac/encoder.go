// Package goaac encodes AAC-LC within the process, by github.com/tphakala/go-aac, so that a server is
// one binary. That module is under the LGPL, which a server can fulfil and an app in a store can't: it
// is imported here and nowhere else. It takes 44,100 and 48,000 Hz, mono and stereo.
package goaac

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tphakala/go-aac"

	"github.com/segue-audio/segue/api/server/encoder"
	"github.com/segue-audio/segue/player/media"
)

// Effort is how long the encoder looks for the best use of its bits.
type Effort string

// The efforts. Thorough takes three times the CPU time and comes out 2 to 8 dB better against the mask.
const (
	Thorough Effort = "go-aac"
	Fast     Effort = "go-aac-fast"
)

// Encoder is the encoder at one effort.
type Encoder struct{ effort Effort }

var _ encoder.Encoder = Encoder{}

// New makes an encoder.
func New(e Effort) Encoder { return Encoder{e} }

// Name is the effort's.
func (e Encoder) Name() string { return string(e.effort) }

// Delay is one access unit: the encoder holds the first block back, and never more.
func (Encoder) Delay() media.Frames { return aac.EncoderDelay }

// Encode is encoder.Encoder's.
func (e Encoder) Encode(ctx context.Context, spec encoder.Spec, pcm encoder.PCM, emit encoder.Emit) error {
	l := &ladder{spec: spec, emit: emit, planar: make([][]float32, spec.Channels)}
	coder := aac.CoderNMR
	if e.effort == Fast {
		coder = aac.CoderFast
	}
	for _, b := range spec.Bitrates {
		rung, err := aac.NewEncoder(aac.EncoderConfig{SampleRate: spec.SampleRate, Channels: spec.Channels, Bitrate: int(b), Coder: coder})
		if err != nil {
			return fmt.Errorf("%w: %w", encoder.ErrUnsupported, err)
		}
		l.rungs = append(l.rungs, rung)
	}
	block := make([]float32, encoder.UnitFrames*spec.Channels)
	for {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		n, err := fill(pcm, block)
		if err != nil {
			return err
		}
		if n > 0 {
			if err := l.encode(block[:n]); err != nil {
				return err
			}
		}
		if n < len(block) {
			return l.drain()
		}
	}
}

// fill reads until the block is full or the music ends.
func fill(pcm encoder.PCM, block []float32) (n int, err error) {
	for n < len(block) {
		k, err := pcm.Read(block[n:])
		n += k
		if errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return n, err
		}
	}
	return n, nil
}

// ladder is one piece of music on its way into all streams.
type ladder struct {
	spec   encoder.Spec
	rungs  []*aac.Encoder
	emit   encoder.Emit
	planar [][]float32
	unit   []byte // reused
}

// encode feeds up to one access unit of interleaved samples; only the last block may be shorter.
func (l *ladder) encode(block []float32) error {
	channels := l.spec.Channels
	for c := range l.planar {
		l.planar[c] = l.planar[c][:0]
		for i := c; i < len(block); i += channels {
			l.planar[c] = append(l.planar[c], block[i])
		}
	}
	return l.each(l.planar)
}

// drain gives out what the encoders hold back.
func (l *ladder) drain() error {
	for !l.rungs[0].Drained() {
		if err := l.each(nil); err != nil {
			return err
		}
	}
	return nil
}

func (l *ladder) each(planar [][]float32) (err error) {
	for i, r := range l.rungs {
		if l.unit, err = r.EncodeFrame(l.unit[:0], planar); err != nil {
			return fmt.Errorf("go-aac: %w", err)
		}
		if len(l.unit) == 0 {
			continue // the first block
		}
		if err := l.emit(i, l.unit); err != nil {
			return err
		}
	}
	return nil
}
