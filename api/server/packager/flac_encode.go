package packager

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/mewkiz/flac"
	"github.com/mewkiz/flac/frame"
	"github.com/mewkiz/flac/meta"

	"github.com/segue-audio/segue/player/container/wav"
	"github.com/segue-audio/segue/player/media"
)

const flacBlock = 4096 // PCM frames in a FLAC frame, as other encoders have it

// encodeFLAC makes a FLAC file of a WAV without ffmpeg: slower, and less well packed.
func encodeFLAC(ctx context.Context, s Source, out string) (err error) {
	width, bits := sampleSize(s.Format)
	if width == 0 || s.Format.Channels > 2 {
		return fmt.Errorf("%w: a WAV of %s in %d channels needs ffmpeg", ErrSource, s.Format.Config, s.Format.Channels)
	}
	in, err := os.Open(s.Path)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // was only read
	st, err := in.Stat()
	if err != nil {
		return err
	}
	d, err := wav.Open(in, st.Size())
	if err != nil {
		return refused(err)
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	enc, err := flac.NewEncoder(f, &meta.StreamInfo{BlockSizeMin: flacBlock, BlockSizeMax: flacBlock,
		SampleRate: uint32(s.Format.SampleRate), NChannels: uint8(s.Format.Channels), BitsPerSample: uint8(bits)})
	if err != nil {
		return errors.Join(err, f.Close())
	}
	enc.EnablePredictionAnalysis(true)
	w := &blockWriter{enc: enc, format: s.Format, width: width, bits: bits}
	err = w.copy(ctx, d)
	return errors.Join(err, enc.Close()) // closes f
}

// sampleSize gives the bytes of a sample and the bits that FLAC keeps of it; zero for what this
// encoder doesn't take.
func sampleSize(f media.Format) (width, bits int) {
	switch string(f.Config) {
	case "u8":
		return 1, 8
	case "s16le":
		return 2, 16
	case "s24le":
		return 3, 24
	}
	return 0, 0
}

// blockWriter gathers PCM into blocks of one size: packets of a WAV end where they like.
type blockWriter struct {
	enc         *flac.Encoder
	format      media.Format
	width, bits int
	pending     []byte
	number      uint64
}

func (w *blockWriter) copy(ctx context.Context, d *wav.Demuxer) error {
	block := flacBlock * w.width * w.format.Channels
	var p media.Packet
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := d.Next(&p)
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		w.pending = append(w.pending, p.Data...)
		for len(w.pending) >= block {
			if err := w.write(w.pending[:block]); err != nil {
				return err
			}
			w.pending = append(w.pending[:0], w.pending[block:]...)
		}
	}
	if len(w.pending) == 0 {
		return nil
	}
	return w.write(w.pending)
}

func (w *blockWriter) write(pcm []byte) error {
	channels := w.format.Channels
	n := len(pcm) / (w.width * channels)
	fr := &frame.Frame{Header: frame.Header{HasFixedBlockSize: true, BlockSize: uint16(n), SampleRate: uint32(w.format.SampleRate),
		Channels: frame.Channels(channels - 1), BitsPerSample: uint8(w.bits), Num: w.number}}
	for c := range channels {
		sub := &frame.Subframe{SubHeader: frame.SubHeader{Pred: frame.PredVerbatim}, Samples: make([]int32, n), NSamples: n}
		for i := range n {
			sub.Samples[i] = sample(pcm[(i*channels+c)*w.width:], w.width)
		}
		fr.Subframes = append(fr.Subframes, sub)
	}
	w.number++
	return w.enc.WriteFrame(fr)
}

func sample(b []byte, width int) int32 {
	switch width {
	case 1:
		return int32(b[0]) - 128
	case 2:
		return int32(int16(uint16(b[0]) | uint16(b[1])<<8))
	}
	return int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24) >> 8
}
