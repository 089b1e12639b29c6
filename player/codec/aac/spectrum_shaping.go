package aac

// applyShaping filters along the spectrum: where the encoder predicted lines from their neighbours, the
// quantisation noise takes the envelope of the sound in time (temporal noise shaping, 4.6.9).
func (f *frame) applyShaping(limit int) error {
	for i := range f.shaping.count {
		t := &f.shaping.filters[i]
		last := min(limit, f.bands)
		first, end := f.offsets[min(t.bottom, last)], f.offsets[min(t.top, last)]
		if first >= end {
			continue
		}
		at := t.window * (len(f.spectrum) / shortWindows)
		lines := f.spectrum[at+first : at+end]
		if t.downwards {
			filterDown(lines, t.lpc[:t.order])
		} else {
			filterUp(lines, t.lpc[:t.order])
		}
		if !sane(lines) {
			return corrupt("noise shaping beyond all loudness")
		}
	}
	return nil
}

// filterUp is y[n] = x[n] − Σ lpc[k]·y[n−1−k] in place.
func filterUp(y, lpc []float32) {
	for n := range y {
		v := y[n]
		past := y[max(n-len(lpc), 0):n]
		for k := range past {
			v -= lpc[k] * past[len(past)-1-k]
		}
		y[n] = v
	}
}

// filterDown is filterUp from the end.
func filterDown(y, lpc []float32) {
	for n := len(y) - 1; n >= 0; n-- {
		v := y[n]
		past := y[n+1 : min(n+1+len(lpc), len(y))]
		for k, p := range past {
			v -= lpc[k] * p
		}
		y[n] = v
	}
}

// sane tells whether all lines are numbers below loudest.
func sane(lines []float32) bool {
	for _, v := range lines {
		if !(v < loudest && v > -loudest) {
			return false
		}
	}
	return true
}
