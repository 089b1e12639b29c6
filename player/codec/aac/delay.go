package aac

import "github.com/segue-audio/segue/player/media"

// replicationDelay is how much later than its packet music comes out of spectral band replication: 577
// frames for the two filter banks, and six slots of 64 that the envelopes look ahead, plus one. The time
// of a packet is that of the core's music (ISO 14496-24), so the delay isn't in what containers say.
const replicationDelay = 962

// Lag implements codec.Lagging: zero without SBR.
func (d *Decoder) Lag() media.Frames {
	switch {
	case d.config.SBR != Present:
		return 0
	case d.frames() > d.config.FrameLength:
		return replicationDelay
	}
	return replicationDelay / 2 // the output isn't doubled
}

// Drain implements codec.Lagging. Encoders pad far enough that the music is over by then; where one didn't,
// it fades out.
func (d *Decoder) Drain(dst []float32) (frames int) {
	n := int(d.Lag())
	d.Conceal(dst, n)
	return n
}
