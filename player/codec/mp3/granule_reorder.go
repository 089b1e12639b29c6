package mp3

// reorder brings the lines of short blocks from the order of the bits (band by band, in each band window
// by window) to that of frequency, the three windows' lines side by side (2.4.3.4.8).
func (s *spectrum) reorder() {
	l := s.layout
	if s.blockType != shortBlock {
		return
	}
	var sorted [granuleSamples]float32
	last := l.starts[l.longBands]
	for band := l.longBands; band < l.bands && l.starts[band] < s.nonzero; band += 3 {
		start, width := l.starts[band], l.starts[band+1]-l.starts[band]
		for w := range 3 {
			lines := s.lines[start+w*width:][:width]
			to := sorted[start+w : start+3*width]
			for i, v := range lines {
				to[3*i] = v
			}
		}
		last = start + 3*width
	}
	copy(s.lines[l.longLines:], sorted[l.longLines:last])
	s.nonzero = max(s.nonzero, last)
}
