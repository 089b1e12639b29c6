package aac

// How much of a pair is coded as middle and side (ms_mask_present, 4.6.8.1).
const (
	middleSideNone = iota
	middleSideSome
	middleSideAll
)

// parsePair reads a channel_pair_element behind its tag (Table 4.5).
func (d *Decoder) parsePair(e *element) error {
	left, right := e.channels[0].next, e.channels[1].next
	e.common = d.r.Flag()
	if e.common {
		if err := d.parseWindow(left); err != nil {
			return err
		}
		right.window = left.window
		if err := d.parseMiddleSide(e, left.groups*left.bands); err != nil {
			return err
		}
	}
	if err := d.parseStream(left, e.common); err != nil {
		return err
	}
	return d.parseStream(right, e.common)
}

func (d *Decoder) parseMiddleSide(e *element, bands int) error {
	switch d.r.Read(2) {
	case middleSideNone:
		clear(e.isMiddleSide[:bands])
	case middleSideSome:
		for i := range bands {
			e.isMiddleSide[i] = d.r.Flag()
		}
	case middleSideAll:
		for i := range bands {
			e.isMiddleSide[i] = true
		}
	default:
		return corrupt("reserved ms_mask_present")
	}
	return nil
}
