package packager

import (
	"context"
	"fmt"

	"github.com/segue-audio/segue/api/server/encoder"
	"github.com/segue-audio/segue/player/media"
)

const aacCodecs = "mp4a.40.2" // RFC 6381: AAC-LC

// aacConfig is the AudioSpecificConfig of AAC-LC in stereo (ISO 14496-3, 1.6.2.1).
func aacConfig(rate int) []byte {
	index := byte(3)
	if rate == 44100 {
		index = 4
	}
	return []byte{2<<3 | index>>1, index<<7 | stereo<<3}
}

// lossy makes the AAC renditions, all from one decoding of the source.
func (t *track) lossy(ctx context.Context) (made []*rendition, err error) {
	s := t.Source
	rate := t.plan.lossy.rate
	heard := max(1, media.Frames(media.Rescale(int64(s.Frames), int64(s.Format.SampleRate), int64(rate))))
	trim := media.Trim{Start: t.encoder.Delay(), Length: heard}
	spec := encoder.Spec{SampleRate: rate, Channels: stereo, Scratch: t.Dir}
	var rungs []*rung
	for _, kbps := range ladder(s) {
		f := media.Format{Codec: media.CodecAAC, SampleRate: rate, Channels: stereo, Config: aacConfig(rate)}
		r, err := t.rendition(aacName(kbps), aacCodecs, f, trim)
		if err != nil {
			return nil, err
		}
		made = append(made, r)
		rungs = append(rungs, &rung{r: r, grid: t.plan.grid(t.plan.lossy, trim.Start)})
		spec.Bitrates = append(spec.Bitrates, media.Kbps(kbps))
	}
	m, err := openMusic(s)
	if err != nil {
		return nil, err
	}
	defer func() { _ = m.Close() }() // was only read
	pcm, err := convert(m, s.Format, rate, heard)
	if err != nil {
		return nil, err
	}
	if err := t.encoder.Encode(ctx, spec, pcm, func(i int, unit []byte) error { return rungs[i].add(unit) }); err != nil {
		return nil, err
	}
	for _, g := range rungs {
		if err := g.end(); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// rung is one stream on its way into segments.
type rung struct {
	r       *rendition
	grid    *grid
	raw     media.Frames // raw time where the last unit ended
	pending fragment
}

// add takes the next access unit. What an encoder gives past the end of the music is left out.
func (g *rung) add(unit []byte) error {
	if g.raw >= g.r.trim.Start+g.r.trim.Length {
		return nil
	}
	g.pending.add(media.Packet{Data: unit, Time: g.raw, Duration: encoder.UnitFrames})
	g.raw += encoder.UnitFrames
	if g.grid.cut(g.raw) {
		return g.r.flush(&g.pending)
	}
	return nil
}

func (g *rung) end() error {
	if want := g.r.trim.Start + g.r.trim.Length; g.raw < want {
		return fmt.Errorf("packager: the encoder gave %d frames of %d", g.raw, want)
	}
	if err := g.r.flush(&g.pending); err != nil {
		return err
	}
	return g.r.finish()
}
