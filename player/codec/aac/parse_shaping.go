package aac

import "math"

// Limits of temporal noise shaping in the Low Complexity profile (4.6.9).
const (
	maxFilters = shortWindows // one for each short window, or three for a long one
	maxOrder   = 12
)

// filter is an all-pole filter along the spectrum of a window. It is to run over all bands from
// bottom up to, not including, top.
type filter struct {
	window      int
	bottom, top int
	downwards   bool // from the highest line to the lowest
	order       int
	lpc         [maxOrder]float32
}

// shaping is what tns_data says of a frame.
type shaping struct {
	present bool
	count   int
	filters [maxFilters]filter
}

// parseShaping reads tns_data (Table 4.54). Filters are listed from the highest band down.
func (d *Decoder) parseShaping(f *frame) error {
	s := &f.shaping
	s.count = 0
	windows, countBits, lengthBits, orderBits := 1, 2, 6, 5
	if f.sequence == eightShort {
		windows, countBits, lengthBits, orderBits = shortWindows, 1, 4, 3
	}
	for w := range windows {
		n := int(d.r.Read(countBits))
		resolution := 0
		if n > 0 {
			resolution = int(d.r.Read(1))
		}
		top := len(f.offsets) - 1
		for range n {
			t := filter{window: w, top: top}
			t.bottom = max(top-int(d.r.Read(lengthBits)), 0)
			t.order = int(d.r.Read(orderBits))
			top = t.bottom
			if t.order > maxOrder {
				return corrupt("the order of a noise shaping filter")
			}
			if t.order == 0 {
				continue
			}
			t.downwards = d.r.Flag()
			compressed := int(d.r.Read(1))
			table := &d.tables.reflections[resolution][compressed]
			var reflection [maxOrder]float32
			for i := range t.order {
				reflection[i] = table[d.r.Read(3+resolution-compressed)]
			}
			t.lpc = predictor(reflection[:t.order])
			s.filters[s.count] = t
			s.count++
		}
	}
	return nil
}

// predictor turns reflection coefficients into the filter's (4.6.9.3).
func predictor(reflection []float32) (lpc [maxOrder]float32) {
	for m, k := range reflection {
		for i := 0; i < (m+1)/2; i++ {
			a, b := lpc[i], lpc[m-1-i]
			lpc[i], lpc[m-1-i] = a+k*b, b+k*a
		}
		lpc[m] = k
	}
	return lpc
}

// newReflections computes the coefficients for each code, by resolution (3 or 4 bits) and by whether
// the code is compressed, that is, written without its highest bit: the sine of equal steps, of
// which there is half a step more on the positive side (4.6.9.3).
func newReflections() (t [2][2][1 << 4]float32) {
	for resolution := range 2 {
		half := float64(int(1) << (2 + resolution))
		for compressed := range 2 {
			width := 3 + resolution - compressed
			for code := range 1 << width {
				q := code
				if code >= 1<<(width-1) {
					q -= 1 << width
				}
				step := half - 0.5
				if q < 0 {
					step = half + 0.5
				}
				t[resolution][compressed][code] = float32(math.Sin(float64(q) * math.Pi / 2 / step))
			}
		}
	}
	return t
}
