package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/aac"
	"github.com/segue-audio/segue/player/codec/decoders"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

// depth is how far to look into a stream.
type depth int

const (
	beginning depth = iota // the first packet
	packets                // all packets, without decoding them
	everything
)

// probeStream describes what demux gives, which stands before its first packet. What is known comes with
// the error, which is that of the container or of the decoder where it can't be made; that packets are
// damaged is said in Decoded and is no error, unless all are.
func probeStream(ctx context.Context, demux container.Demuxer, name string, look depth) (*streamReport, error) {
	info := demux.Info()
	s := &streamReport{Container: name, Codec: string(info.Format.Codec), SampleRate: info.Format.SampleRate,
		Channels: info.Format.Channels, BitDepth: info.Format.BitDepth, Lossless: info.Format.Lossless()}
	if info.Trim != (media.Trim{}) {
		s.Trim = &trimReport{int64(info.Trim.Start), int64(max(0, info.Trim.Length))}
	}
	length := info.Trim.Length
	if d, ok := demux.(interface{ Duration() media.Frames }); ok && length <= 0 {
		length = d.Duration()
	}
	s.Duration = secondsOf(max(0, length).Duration(info.Format.SampleRate))
	var p media.Packet
	if err := demux.Next(&p); err != nil {
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("no packets of sound: %w", container.ErrFormat)
		}
		return s, err
	}
	s.Profile = profile(info.Format, p.Data)
	dec, err := decoders.New(info.Format, p.Data)
	if err != nil {
		return s, err
	}
	s.SampleRate, s.Channels = dec.SampleRate(), dec.Channels()
	return s, s.walk(ctx, demux, &walker{p: p, dec: dec, info: info, dst: make([]float32, codec.MaxFrames*codec.MaxChannels)}, look)
}

// walker goes through a stream's packets.
type walker struct {
	p    media.Packet // the first one
	dec  codec.Decoder
	info container.Info
	dst  []float32

	packets int
	bytes   int64
	raw     media.Frames // where the last packet ends, at the container's rate
}

// walk counts, and decodes, as many packets as it is to look at.
func (s *streamReport) walk(ctx context.Context, demux container.Demuxer, w *walker, look depth) error {
	d := &decoded{}
	var end error
	for ; end == nil && ctx.Err() == nil; end = demux.Next(&w.p) {
		w.packets++
		w.bytes += int64(len(w.p.Data))
		w.raw = w.p.Time + w.p.Duration
		if w.packets == 1 || look == everything {
			n, err := w.dec.Decode(w.dst, &w.p)
			if err != nil {
				if d.Damaged++; d.Error == "" {
					d.Error = err.Error()
				}
				n = int(w.p.Duration)
			}
			d.Frames += int64(n)
		}
		if look == beginning {
			return nil
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	s.Packets = w.packets
	if took := w.raw.Duration(w.info.Format.SampleRate); took > 0 {
		s.Bitrate = int64(float64(w.bytes) * 8 / took.Seconds())
		if s.Duration == 0 {
			s.Duration = secondsOf(took)
		}
	}
	if look == everything {
		d.Packets = w.packets
		d.Heard = heard(d.Frames, w.info, w.dec.SampleRate())
		s.Decoded = d
		if d.Damaged == d.Packets && end == io.EOF {
			return fmt.Errorf("all %d packets: %w: %s", d.Packets, codec.ErrCorrupt, d.Error)
		}
	}
	if end == io.EOF {
		return nil
	}
	return end
}

// heard is how many of the decoded frames are music; the decoder's rate may be a multiple of the container's.
func heard(frames int64, info container.Info, rate int) int64 {
	scale := func(n media.Frames) int64 { return media.Rescale(int64(n), int64(info.Format.SampleRate), int64(rate)) }
	frames = max(0, frames-scale(info.Trim.Start))
	if info.Trim.Length > 0 {
		frames = min(frames, scale(info.Trim.Length))
	}
	return frames
}

// profile names the kind of coding within its codec.
func profile(f media.Format, first []byte) string {
	switch f.Codec {
	case media.CodecAAC:
		c, err := aac.ParseConfig(aac.Inspect(f, first).Config)
		switch {
		case err != nil && c.ObjectType != 0:
			return fmt.Sprintf("object type %d", c.ObjectType)
		case err != nil:
			return ""
		case c.PS == aac.Present:
			return "HE-AAC v2"
		case c.SBR == aac.Present:
			return "HE-AAC"
		}
		return "LC"
	case media.CodecMP3:
		switch {
		case f.SampleRate >= 32_000:
			return "MPEG-1 Layer III"
		case f.SampleRate >= 16_000:
			return "MPEG-2 Layer III"
		}
		return "MPEG-2.5 Layer III"
	case media.CodecPCM:
		return string(f.Config)
	}
	return ""
}
