package aac

import (
	"slices"

	"github.com/segue-audio/segue/player/codec/aac/internal/sbr"
	"github.com/segue-audio/segue/player/media"
)

// Inspect looks for what a stream's configuration leaves to be found in its packets: spectral band
// replication and parametric stereo (implicit signalling, 1.6.5), the elements of a channel
// configuration 0 and, as some writers have it, mono announced for stereo or the reverse. first is a
// packet, the first one or any other. The Format that comes back has a Config that says all of it, for
// New; it is f itself where the packet can't be read.
func Inspect(f media.Format, first []byte) media.Format {
	c, err := ParseConfig(f.Config)
	if err != nil {
		return f
	}
	d := newReader(c)
	d.anything = true
	d.r.Load(first[:min(len(first), maxPacket)])
	if d.block() != nil {
		return f
	}
	c.settleChannels(d)
	c.settleSBR(d)
	f.Config = c.Append(nil)
	return f
}

// settleChannels takes the channels from a packet where the configuration doesn't say them, or where
// it says mono or stereo and means the other.
func (c *Config) settleChannels(d *Decoder) {
	if c.ChannelConfig > 2 || c.program != nil {
		return
	}
	if c.ChannelConfig == 0 && d.program != nil {
		c.program = d.program
		return
	}
	var seen []tagged
	for _, e := range d.elements {
		seen = append(seen, tagged{e.kind, e.seenTag})
	}
	sameKind := func(s slot, t tagged) bool { return s.kind == t.kind }
	for config := 1; config < 16; config++ {
		if slots := standardSlots(config); slots != nil && slices.EqualFunc(slots, seen, sameKind) {
			c.ChannelConfig = config
			return
		}
	}
	if len(seen) == 2 && seen[0].kind == kindSingle && seen[1].kind == kindSingle { // two languages, or left and right
		c.ChannelConfig, c.program = 0, &program{front: seen}
	}
}

// settleSBR looks at the fill elements for what may be there without having been announced. Older
// writers announce SBR alone where there is parametric stereo as well: for mono the payload is asked.
func (c *Config) settleSBR(d *Decoder) {
	for _, e := range d.elements {
		if e.payload.bits == 0 || c.SBR == Absent {
			continue
		}
		c.SBR = Present
		if c.PS == Unknown && len(d.elements) == 1 && e.kind == kindSingle && c.mayBeStereo(d, e.payload) {
			c.PS = Present
		}
	}
}

// mayBeStereo tells whether a payload has parametric stereo. One without an SBR header, as after a
// seek, doesn't tell; then it is better to give mono twice than to lose a channel that comes later.
func (c *Config) mayBeStereo(d *Decoder, p payload) bool {
	const checksum = 10
	d.r.Seek(p.pos)
	if p.crc {
		d.r.Skip(checksum)
	}
	header := d.r.Flag()
	d.r.Seek(p.pos)
	mono := sbr.Config{CoreRate: c.SampleRate, FrameLength: c.FrameLength, Channels: 1}
	stereo, err := sbr.Scan(&d.r, p.bits, p.crc, mono)
	return stereo || err != nil || !header
}
