package mp3

// granule is the spectrum of 576 samples of every channel.
type granule struct {
	channels int
	spectra  [2]spectrum
}

// spectrum is one channel's part of a granule. The steps of decoding work on it in place.
type spectrum struct {
	// lines starts as |x|^(4/3) with x's sign, in the order of the bits; it ends as what the inverse
	// transform takes.
	lines     [granuleSamples]float32
	nonzero   int // lines from here on are zero
	blockType int
	plain     int // the lines before have a long block's plain window, whatever the block type
	layout    *layout
	preflag   bool
	scale     [maxBands]uint8 // scale factor of each of layout's bands
	position  [maxBands]uint8 // direction of each band: see positionsMPEG1; the right channel's only
}

// begin makes s ready for the granule that info describes.
func (s *spectrum) begin(t *tables, h header, info *granuleInfo) {
	kind := longLayout
	switch {
	case info.blockType == shortBlock && info.mixed:
		kind = mixedLayout
	case info.blockType == shortBlock:
		kind = shortLayout
	}
	s.plain = 0
	if info.mixed {
		s.plain = t.layouts[h.rateIndex][mixedLayout].longLines
	}
	s.blockType, s.layout = info.blockType, &t.layouts[h.rateIndex][kind]
}

// silence makes s nothing, to be heard with a long window.
func (s *spectrum) silence() {
	clear(s.lines[:])
	s.nonzero, s.blockType = 0, longBlock
}
