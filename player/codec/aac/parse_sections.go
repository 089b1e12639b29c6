package aac

// parseSections reads section_data (Table 4.52, 4.6.3): runs of bands, each with its codebook.
func (d *Decoder) parseSections(f *frame) error {
	width := 5
	if f.sequence == eightShort {
		width = 3
	}
	escape := 1<<width - 1
	f.noisy = false
	for g := range f.groups {
		for band := 0; band < f.bands; {
			book := uint8(d.r.Read(4))
			if book == bookReserved {
				return corrupt("reserved codebook")
			}
			end := band
			for {
				n := int(d.r.Read(width))
				end += n
				if end > f.bands || d.r.Overrun() {
					return corrupt("a section ends behind the last band")
				}
				if n != escape {
					break
				}
			}
			f.noisy = f.noisy || book == bookNoise && end > band
			for ; band < end; band++ {
				f.books[g*f.bands+band] = book
			}
		}
	}
	return nil
}
