package aac

import (
	"github.com/segue-audio/segue/player/codec/aac/internal/sbr"
	"github.com/segue-audio/segue/player/media"
)

// addSBR gives every element its spectral band replicator (4.6.18). One that never gets a payload, as
// of an LFE channel, only doubles the rate.
func (d *Decoder) addSBR() error {
	if d.config.SBR != Present {
		return nil
	}
	doubled := d.frames() > d.config.FrameLength
	for i := range d.elements {
		e := &d.elements[i]
		r, err := sbr.New(sbr.Config{
			CoreRate:    d.config.SampleRate,
			FrameLength: d.config.FrameLength,
			Channels:    len(e.channels),
			Downsampled: !doubled,
			PS:          len(e.speakers) > len(e.channels),
		})
		if err != nil {
			return err
		}
		e.sbr, e.planes = r, nil
		for range e.speakers {
			e.planes = append(e.planes, make([]float32, d.frames()))
		}
	}
	return nil
}

func (d *Decoder) resetSBR() {
	for i := range d.elements {
		if e := &d.elements[i]; e.sbr != nil {
			e.sbr.Reset()
		}
	}
}

// replicate makes an element's output from its core samples. A payload that can't be read is as good
// as none: the core's part of the spectrum is heard all the same.
func (d *Decoder) replicate(e *element) {
	if e.sbr == nil {
		return
	}
	if p := e.payload; p.bits > 0 {
		d.r.Seek(p.pos)
		_ = e.sbr.ReadPayload(&d.r, p.bits, p.crc)
	}
	e.sbr.Process(e.planes, e.core)
}

// locate tells the replicators where in the stream block k of a packet is, as far as that is known:
// their noise depends on it and is to be the same after a seek. Without it they count packets.
func (d *Decoder) locate(p *media.Packet, k, blocks int) {
	if p.Duration <= 0 {
		return
	}
	span := media.Frames(blocks * d.frames()) // the last packet's Duration may be cut
	frame := int64(p.Time / span)
	if p.Time < 0 && p.Time%span != 0 {
		frame--
	}
	frame = frame*int64(blocks) + int64(k)
	for i := range d.elements {
		if e := &d.elements[i]; e.sbr != nil {
			e.sbr.Locate(frame)
		}
	}
}
