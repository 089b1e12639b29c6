package aac

// sequence says into which windows a frame is divided (Table 4.109).
type sequence uint8

const (
	onlyLong   sequence = iota
	longStart           // long, with a short slope at its end
	eightShort          //
	longStop            // long, with a short slope at its beginning
)

// Window shapes (4.6.11.3.2).
const (
	shapeSine = iota
	shapeKBD  // Kaiser-Bessel derived
)

// window is ics_info.
type window struct {
	sequence sequence
	shape    uint8
	bands    int // scale factor bands that are transmitted, of each group
	groups   int // of short windows that share scale factors; 1 for a long window
	grouped  [shortWindows]int
	offsets  []int // where each band begins in a window
}

// parseWindow reads ics_info (Table 4.6).
func (d *Decoder) parseWindow(f *frame) error {
	w := &f.window
	d.r.Skip(1) // ics_reserved_bit
	w.sequence = sequence(d.r.Read(2))
	w.shape = uint8(d.r.Read(1))
	w.groups, w.grouped[0] = 1, 1
	if w.sequence == eightShort {
		w.bands = int(d.r.Read(4))
		w.offsets = d.bands.offsets[1]
		for range shortWindows - 1 { // scale_factor_grouping
			if d.r.Flag() {
				w.grouped[w.groups-1]++
				continue
			}
			w.grouped[w.groups] = 1
			w.groups++
		}
	} else {
		w.bands = int(d.r.Read(6))
		w.offsets = d.bands.offsets[0]
		if d.r.Flag() {
			return corrupt("prediction isn't of the Low Complexity profile")
		}
	}
	if w.bands > len(w.offsets)-1 {
		return corrupt("more scale factor bands than there are")
	}
	return nil
}
