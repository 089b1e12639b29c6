package pipeline

import (
	"context"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/aac"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/internal/loader"
	"github.com/segue-audio/segue/player/media"
)

// lag is how much later than its packets the decoder's music comes.
func (d *decoderStage) lag() media.Frames {
	if l, ok := d.dec.(codec.Lagging); ok && !d.counts {
		return l.Lag()
	}
	return 0
}

// countsDelay tells whether a stream's trimming begins behind the decoder's own delay. By the standard that
// of SBR is left out of it, and iTunes and fdkaac do so; ffmpeg with libfdk_aac counts it in. What was
// counted shows: the encoders' own delays are two packets (fdk) or 2112 frames of the core (Apple).
func (d *decoderStage) countsDelay(start media.Frames) bool {
	a, ok := d.dec.(*aac.Decoder)
	if !ok || a.Lag() == 0 {
		return false
	}
	const apple = 2112
	own := start - a.Lag()
	double := media.Frames(d.outRate / max(1, d.fmt.SampleRate))
	return own > 0 && (own%1024 == 0 || own == apple || own == 2*apple || own == double*apple)
}

// keepTrim gives all segments of packed audio the trim of the first: an Info frame of LAME's stands in that
// alone.
func (d *decoderStage) keepTrim(info container.Info, demux container.Demuxer) container.Info {
	if _, packed := demux.(interface{ Timestamp() (int64, bool) }); !packed {
		return info
	}
	if d.packed == nil || d.packed.Format.Codec != info.Format.Codec || d.packed.Format.SampleRate != info.Format.SampleRate {
		d.packed = &info
	}
	info.Trim = d.packed.Trim
	return info
}

// cut takes off what a decoder gives beyond the end of its packet: streams end within their last one. Of
// what lags the end comes later.
func (d *decoderStage) cut(n int, duration media.Frames) int {
	d.over = 0
	if duration > 0 {
		d.over = max(0, media.Frames(n)-duration)
	}
	return n - int(max(0, d.over-d.lag()))
}

// covers tells whether a run begins early enough to go on where the decoder's music stops, without what lags
// in it.
func (d *decoderStage) covers(r *loader.Run, info container.Info) bool {
	if d.dec == nil || r.IsFile() || r.Origin != nil && r.Origin.At != d.place.at {
		return false
	}
	rate := info.Format.SampleRate
	at := media.FramesIn(r.Start, rate) - d.trim(info, r).Start
	return at.Duration(rate) <= d.next.Duration(d.rate)
}

// drain gives out what lags behind the last packet of all.
func (d *decoderStage) drain(ctx context.Context) error {
	l, ok := d.dec.(codec.Lagging)
	lag := d.lag()
	if !ok || lag == 0 || d.rawNext < 0 {
		return nil
	}
	n := max(0, l.Drain(d.pcm)-int(d.over))
	d.mix.Process(d.two, d.pcm[:n*l.Channels()])
	return d.give(ctx, d.two[:n*Channels], d.next, d.last)
}
