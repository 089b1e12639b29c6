package aac

// stereo undoes what a pair coded together: noise that both share, middle and side, intensity.
func (e *element) stereo(c chance) error {
	number := e.channels[0].number
	own := func(int) int { return number }
	left := e.channels[0].next
	if left.noisy {
		left.addNoise(c, own)
	}
	if len(e.channels) == 1 {
		return nil
	}
	right := e.channels[1].next
	if e.mono {
		right.copy(left)
		return nil
	}
	if right.noisy {
		right.addNoise(c, func(i int) int {
			if e.common && e.isMiddleSide[i] && left.books[i] == bookNoise {
				return number
			}
			return number + 1
		})
	}
	if !e.common {
		return nil
	}
	return e.jointStereo(left, right)
}

// jointStereo goes through the bands of a pair of common windows. Intensity is there without a common
// window too in the syntax, but has no meaning then.
func (e *element) jointStereo(left, right *frame) error {
	window := 0
	for g := range left.groups {
		for b := range left.bands {
			i := g*left.bands + b
			book := right.books[i]
			intense := book == bookInPhase || book == bookOutOfPhase
			both := e.isMiddleSide[i] && left.books[i] < bookReserved && book < bookReserved
			if !intense && !both {
				continue
			}
			gain := right.gains[i]
			if e.isMiddleSide[i] {
				// The mask, of no other use here, turns the phase (4.6.8.2.3). The standard's text
				// excepts a mask of all bands; writers and readers of today don't.
				gain = -gain
			}
			for w := range left.grouped[g] {
				at := (window + w) * (len(left.spectrum) / shortWindows)
				first, end := at+left.offsets[b], at+left.offsets[b+1]
				l, r := left.spectrum[first:end], right.spectrum[first:end]
				if !intense {
					middleSide(l, r)
					continue
				}
				intensity(l, r, gain)
				if max(gain, -gain) > 1 && !sane(r) {
					return corrupt("intensity beyond all loudness")
				}
			}
		}
		window += left.grouped[g]
	}
	return nil
}

// middleSide turns the mean and half the difference of two channels into the channels (4.6.8.1.3).
func middleSide(l, r []float32) {
	r = r[:len(l)]
	for i, m := range l {
		s := r[i]
		l[i], r[i] = m+s, m-s
	}
}

// intensity gives the right channel the left one's lines at another level (4.6.8.2.3).
func intensity(l, r []float32, gain float32) {
	r = r[:len(l)]
	for i, v := range l {
		r[i] = v * gain
	}
}
