package aac

import (
	"fmt"

	"github.com/segue-audio/segue/player/codec"
)

// corrupt is a packet that can't be.
func corrupt(what string) error { return fmt.Errorf("%w: AAC: %s", codec.ErrCorrupt, what) }

// block reads a raw_data_block (Table 4.3): elements, each with its kind first, to the end mark. What
// belongs to no channel is passed.
func (d *Decoder) block() error {
	for i := range d.elements {
		d.elements[i].found, d.elements[i].payload = false, payload{}
	}
	for i := range d.couplings {
		d.couplings[i].found = false
	}
	var last *element // whose fill elements come next
	found := false
	for {
		if d.r.Left() < 3 && found { // the end mark was cut off with the padding
			return nil
		}
		k := kind(d.r.Read(3))
		var err error
		switch k {
		case kindSingle, kindPair, kindLFE:
			if last, err = d.parseElement(k); err == nil {
				found = true
			}
		case kindCoupling:
			last, err = nil, d.parseCoupling()
		case kindData:
			d.skipData()
		case kindProgram:
			d.r.Skip(4) // its tag stands where a configuration has it as well
			err = d.passProgram()
		case kindFill:
			d.parseFill(last)
		case kindEnd:
			if !found {
				return corrupt("no channels")
			}
			return nil
		}
		if err != nil {
			return err
		}
		if d.r.Overrun() {
			return corrupt("the packet ends too early")
		}
	}
}

// parseElement reads a single_channel_element, channel_pair_element or lfe_channel_element.
func (d *Decoder) parseElement(k kind) (*element, error) {
	tag := uint8(d.r.Read(4))
	e := d.place(k, tag)
	if e == nil {
		return nil, fmt.Errorf("%w: AAC: element %d.%d isn't in the configuration", codec.ErrCorrupt, k, tag)
	}
	e.found, e.seenTag = true, tag
	if k == kindPair {
		e.mono = false
		return e, d.parsePair(e)
	}
	e.common = false
	e.mono = len(e.channels) == 2
	return e, d.parseStream(e.channels[0].next, false)
}

// maxElements bounds what a packet of unknown configuration holds: one of each kind and tag.
const maxElements = 3 * 16

// place finds the element of the configuration that a packet's element fills. A configuration that
// lists its elements names them by tag. The standard ones go by order alone, since writers number
// their tags in more than one way.
func (d *Decoder) place(k kind, tag uint8) *element {
	if d.anything {
		if len(d.elements) == maxElements {
			return nil
		}
		d.addElement(slot{tagged: tagged{k, tag}})
		return &d.elements[len(d.elements)-1]
	}
	if d.byTag {
		for i := range d.elements {
			if e := &d.elements[i]; e.kind == k && e.tag == tag && !e.found {
				return e
			}
		}
		return nil
	}
	for i := range d.elements {
		if e := &d.elements[i]; e.kind == k && !e.found {
			return e
		}
	}
	for i := range d.elements { // an LFE channel written as a single one, or mono in stereo
		if e := &d.elements[i]; !e.found && k == kindSingle && (e.kind == kindLFE || len(d.elements) == 1) {
			return e
		}
	}
	return nil
}

// skipData passes a data_stream_element.
func (d *Decoder) skipData() {
	d.r.Skip(4)
	align := d.r.Flag()
	count := int(d.r.Read(8))
	if count == 255 {
		count += int(d.r.Read(8))
	}
	if align {
		d.r.Align()
	}
	d.r.Skip(8 * count)
}

// passProgram reads a program_config_element in the packet. The channels were settled before the
// first packet (see Inspect), so that one that differs changes nothing.
func (d *Decoder) passProgram() error {
	d.r.Seek(d.r.Pos() - 4)
	p, err := parseProgram(&d.r)
	if d.anything {
		d.program = p
	}
	return err
}

// Extension types of a fill element (Table 4.121).
const (
	extensionSBR    = 13
	extensionSBRCRC = 14
)

// parseFill reads a fill_element. Dynamic range information and plain padding are passed; an SBR
// payload is kept in mind until the whole packet is known to be sound.
func (d *Decoder) parseFill(e *element) {
	count := int(d.r.Read(4))
	if count == 15 {
		count += int(d.r.Read(8)) - 1
	}
	end := d.r.Pos() + 8*count
	if count > 0 && e != nil {
		t := d.r.Read(4)
		if t == extensionSBR || t == extensionSBRCRC {
			e.payload = payload{pos: d.r.Pos(), bits: 8*count - 4, crc: t == extensionSBRCRC}
		}
	}
	d.r.Skip(end - d.r.Pos())
}
