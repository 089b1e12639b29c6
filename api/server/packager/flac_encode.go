package packager

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/mewkiz/flac"
	"github.com/mewkiz/flac/frame"
	"github.com/mewkiz/flac/meta"

	"github.com/segue-audio/segue/api/server/encoder"
)

// encodeFLAC makes a FLAC file of a source that isn't one.
func (t *track) encodeFLAC(ctx context.Context, path string) error {
	m, err := openMusic(t.Source)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }() // was only read
	spec := encoder.Spec{SampleRate: t.Source.Format.SampleRate, Channels: t.Source.Format.Channels, Scratch: t.Dir}
	to := encoder.FLACFile{Path: path, Bits: flacBits(t.Source), BlockFrames: flacBlock}
	if e, ok := t.encoder.(encoder.FLACEncoder); ok {
		return e.FLAC(ctx, spec, m, to)
	}
	return writeFLAC(ctx, spec, m, to)
}

// flacBits is how many bits a sample of the lossless rendition has. What is wider in the source is rounded
// to 24, as no encoder here writes more.
func flacBits(s Source) int {
	switch string(s.Format.Config) {
	case "u8", "s8", "s16le", "s16be", "alaw", "ulaw":
		return 16
	}
	return 24
}

// writeFLAC is what encoder.FLACEncoder does, without ffmpeg: slower, and less well packed.
func writeFLAC(ctx context.Context, spec encoder.Spec, pcm encoder.PCM, to encoder.FLACFile) error {
	f, err := os.Create(to.Path)
	if err != nil {
		return err
	}
	enc, err := flac.NewEncoder(f, &meta.StreamInfo{BlockSizeMin: uint16(to.BlockFrames), BlockSizeMax: uint16(to.BlockFrames),
		SampleRate: uint32(spec.SampleRate), NChannels: uint8(spec.Channels), BitsPerSample: uint8(to.Bits)})
	if err != nil {
		return errors.Join(fmt.Errorf("%w: %w", ErrSource, err), f.Close())
	}
	enc.EnablePredictionAnalysis(true)
	w := &blockWriter{enc: enc, spec: spec, bits: to.Bits}
	return errors.Join(w.copy(ctx, pcm, to.BlockFrames), enc.Close()) // closes f
}

// blockWriter gathers PCM into blocks of one size.
type blockWriter struct {
	enc    *flac.Encoder
	spec   encoder.Spec
	bits   int
	number uint64
}

func (w *blockWriter) copy(ctx context.Context, pcm encoder.PCM, block int) error {
	samples, n := make([]float32, block*w.spec.Channels), 0
	for {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		k, err := pcm.Read(samples[n:])
		if n += k; n == len(samples) || errors.Is(err, io.EOF) && n > 0 {
			if err := w.write(samples[:n]); err != nil {
				return err
			}
			n = 0
		}
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func (w *blockWriter) write(pcm []float32) error {
	channels := w.spec.Channels
	n := len(pcm) / channels
	fr := &frame.Frame{Header: frame.Header{HasFixedBlockSize: true, BlockSize: uint16(n), SampleRate: uint32(w.spec.SampleRate),
		Channels: frame.Channels(channels - 1), BitsPerSample: uint8(w.bits), Num: w.number}}
	for c := range channels {
		sub := &frame.Subframe{SubHeader: frame.SubHeader{Pred: frame.PredVerbatim}, Samples: make([]int32, n), NSamples: n}
		for i := range n {
			sub.Samples[i] = whole(pcm[i*channels+c], w.bits)
		}
		fr.Subframes = append(fr.Subframes, sub)
	}
	w.number++
	return w.enc.WriteFrame(fr)
}

// whole is the nearest whole number of so many bits, exactly the one that a sample came from.
func whole(v float32, bits int) int32 {
	full := math.Ldexp(1, bits-1)
	return int32(math.Max(-full, math.Min(full-1, math.RoundToEven(float64(v)*full))))
}
