package mp3

import "github.com/segue-audio/segue/player/codec/internal/bitstream"

// noPosition marks a band that intensity stereo leaves alone.
const noPosition = 255

// scaleLengths has the bits of a scale factor in the lower and the upper bands by scalefac_compress
// (2.4.2.7).
var scaleLengths = [16][2]int{
	{0, 0}, {0, 1}, {0, 2}, {0, 3}, {3, 0}, {1, 1}, {1, 2}, {1, 3},
	{2, 1}, {2, 2}, {2, 3}, {3, 1}, {3, 2}, {3, 3}, {4, 2}, {4, 3},
}

// longGroups are the ends of the four groups of long bands that scfsi speaks of.
var longGroups = [4]int{6, 11, 16, 21}

// readScaleFactors reads the scale factors of MPEG-1 (2.4.1.7). Those of a second granule may be the
// first's, which s has already. The last band has none, nor have the last three of short blocks.
func (s *spectrum) readScaleFactors(r *bitstream.Reader, info *granuleInfo) {
	lengths := scaleLengths[info.compress]
	s.preflag = info.preflag
	if info.blockType != shortBlock {
		band := 0
		for group, end := range longGroups {
			if info.shared[group] {
				band = end
				continue
			}
			band = s.readGroup(r, band, end, lengths[group/2])
		}
		s.clearFrom(band)
		return
	}
	lower := s.layout.longBands + 3*(6-s.layout.firstShort)
	band := s.readGroup(r, 0, lower, lengths[0])
	s.clearFrom(s.readGroup(r, band, band+18, lengths[1]))
}

// readGroup reads the scale factors of bands from up to end, of so many bits each.
func (s *spectrum) readGroup(r *bitstream.Reader, from, end, bits int) int {
	for band := from; band < end; band++ {
		s.scale[band] = uint8(r.Read(bits))
	}
	return end
}

func (s *spectrum) clearFrom(band int) { clear(s.scale[band:]) }

// positionsMPEG1 takes the right channel's scale factors for directions: 7 stands for none
// (2.4.3.4.9.3), and so do those that only damage can put there.
func (s *spectrum) positionsMPEG1() {
	s.position = s.scale
	for band, p := range s.position {
		if p >= 7 {
			s.position[band] = noPosition
		}
	}
}

// lsfGroups has the count of bands in each of four groups whose scale factors have the same length, by
// the range that scalefac_compress lies in and by block: long, short, mixed (13818-3, 2.4.3.2).
var lsfGroups = [6][3][4]int{
	{{6, 5, 5, 5}, {9, 9, 9, 9}, {6, 9, 9, 9}},
	{{6, 5, 7, 3}, {9, 9, 12, 6}, {6, 9, 12, 6}},
	{{11, 10, 0, 0}, {18, 18, 0, 0}, {15, 18, 0, 0}},
	{{7, 7, 7, 0}, {12, 12, 12, 0}, {6, 15, 12, 0}},
	{{6, 6, 6, 3}, {12, 9, 9, 6}, {6, 12, 9, 6}},
	{{8, 8, 5, 0}, {15, 12, 9, 0}, {6, 18, 9, 0}},
}

// lsfLengths takes scalefac_compress apart: the bits of a scale factor in each group, and which row of
// lsfGroups has the groups (13818-3, 2.4.3.2). The right channel of intensity stereo has a code of its
// own, whose lowest bit says how coarse the directions are.
func lsfLengths(compress int, directions bool) (bits [4]int, row int) {
	c := compress
	if directions {
		switch c >>= 1; {
		case c < 180:
			return [4]int{c / 36, c % 36 / 6, c % 6, 0}, 3
		case c < 244:
			c -= 180
			return [4]int{c >> 4, c >> 2 & 3, c & 3, 0}, 4
		}
		c -= 244
		return [4]int{c / 3, c % 3, 0, 0}, 5
	}
	switch {
	case c < 400:
		return [4]int{(c >> 4) / 5, (c >> 4) % 5, c >> 2 & 3, c & 3}, 0
	case c < 500:
		c -= 400
		return [4]int{(c >> 2) / 5, (c >> 2) % 5, c & 3, 0}, 1
	}
	c -= 500
	return [4]int{c / 3, c % 3, 0, 0}, 2
}

// readScaleFactorsLSF reads the scale factors of the lower sampling frequencies (13818-3, 2.4.1.7). With
// directions they are also the directions of intensity stereo, among which the greatest that a group's
// length can say stands for none.
func (s *spectrum) readScaleFactorsLSF(r *bitstream.Reader, info *granuleInfo, directions bool) {
	bits, row := lsfLengths(info.compress, directions)
	s.preflag = row == 2
	band := 0
	for group, n := range lsfGroups[row][s.layout.kind] {
		from := band
		band = s.readGroup(r, band, band+n, bits[group])
		if !directions {
			continue
		}
		for i := from; i < band; i++ {
			s.position[i] = s.scale[i]
			if bits[group] > 0 && int(s.scale[i]) == 1<<bits[group]-1 {
				s.position[i] = noPosition
			}
		}
	}
	s.clearFrom(band)
}
