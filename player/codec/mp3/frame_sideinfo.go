package mp3

import (
	"fmt"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/internal/bitstream"
)

// Block types (2.4.2.7): the shape of the window that the transform was taken with.
const (
	longBlock  = 0
	startBlock = 1 // long, and its end fits a short one
	shortBlock = 2 // three short ones
	stopBlock  = 3 // long, and its start fits a short one
)

const maxGranules = 2 // in a frame

// sideInfo is where to find the frame's main data and how to read it (2.4.1.7, 2.4.2.7).
type sideInfo struct {
	mainDataBegin int // bytes back from the end of the side information
	granules      [maxGranules][2]granuleInfo
}

// granuleInfo is the side information of one channel in one granule.
type granuleInfo struct {
	part23Bits   int    // of scale factors and values together
	regions      [3]int // ends of the big values' three regions, in lines
	tables       [3]uint8
	globalGain   int
	compress     int // scalefac_compress: an index to the lengths of the scale factors
	blockType    int
	mixed        bool // the lowest subbands are not switched: they have a long block's window
	subblockGain [3]int
	preflag      bool    // the standard's pretab is added to the scale factors
	coarse       bool    // scalefac_scale: steps of 6 dB, not 3
	quadsB       bool    // count1table_select
	shared       [4]bool // scfsi: groups of scale factors that are those of granule 0
}

// parse reads the side information in b.
func (s *sideInfo) parse(r *bitstream.Reader, h header, b []byte) error {
	r.Load(b)
	var shared [2][4]bool
	if h.lsf() {
		s.mainDataBegin = int(r.Read(8))
		r.Skip(h.channels()) // private bits
	} else {
		s.mainDataBegin = int(r.Read(9))
		r.Skip([2]int{3, 5}[2-h.channels()])
		for ch := range h.channels() {
			for group := range shared[ch] {
				shared[ch][group] = r.Flag()
			}
		}
	}
	for gr := range h.granules() {
		for ch := range h.channels() {
			g := &s.granules[gr][ch]
			if err := g.parse(r, h); err != nil {
				return err
			}
			g.shared = [4]bool{}
			if gr == 1 {
				g.shared = shared[ch]
			}
		}
	}
	return nil
}

func (g *granuleInfo) parse(r *bitstream.Reader, h header) error {
	*g = granuleInfo{part23Bits: int(r.Read(12))}
	bigValues := 2 * int(r.Read(9))
	if bigValues > granuleSamples {
		return fmt.Errorf("mp3: %d big values in a granule: %w", bigValues, codec.ErrCorrupt)
	}
	g.globalGain = int(r.Read(8))
	if h.lsf() {
		g.compress = int(r.Read(9))
	} else {
		g.compress = int(r.Read(4))
	}
	if r.Flag() {
		g.blockType = int(r.Read(2))
		if g.blockType == longBlock {
			return fmt.Errorf("mp3: window switching to no other window: %w", codec.ErrCorrupt)
		}
		g.mixed = r.Flag()
		g.tables = [3]uint8{uint8(r.Read(5)), uint8(r.Read(5))}
		for w := range g.subblockGain {
			g.subblockGain[w] = int(r.Read(3))
		}
		g.regions = [3]int{switchedRegion(h, g.blockType), granuleSamples, granuleSamples}
	} else {
		g.tables = [3]uint8{uint8(r.Read(5)), uint8(r.Read(5)), uint8(r.Read(5))}
		first := int(r.Read(4)) + 1
		second := first + int(r.Read(3)) + 1
		starts := &longStarts[h.rateIndex]
		g.regions = [3]int{starts[first], starts[min(second, longBands)], granuleSamples}
	}
	for i := range g.regions {
		g.regions[i] = min(g.regions[i], bigValues)
	}
	if !h.lsf() {
		g.preflag = r.Flag()
	}
	g.coarse, g.quadsB = r.Flag(), r.Flag()
	return nil
}

// switchedRegion is the end of the first region where it isn't told: behind eight long bands or three
// short ones of all three windows, which is the same 36 lines in MPEG-1.
func switchedRegion(h header, blockType int) int {
	if blockType == shortBlock {
		return 3 * shortStarts[h.rateIndex][3]
	}
	return longStarts[h.rateIndex][8]
}
