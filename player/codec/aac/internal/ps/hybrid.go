package ps

import (
	"math"
	"sync"

	"github.com/segue-audio/segue/player/codec/aac/internal/qmf"
)

// The lowest bands of the QMF bank are too wide for hearing's resolution there, so short filters split
// them further, into lines (8.6.4.3). A layout counts lines from the lowest split band on; those beyond
// the split ones are QMF bands as they are.

const (
	reach    = 6 // slots that a filter looks ahead, and back
	maxSplit = 5 // QMF bands that are split, at most
	maxSub   = 32
	maxLines = maxSub + qmf.Bands - maxSplit
)

// prototypes of the splitting filters, up to the middle tap (8.B, tables 8.39 and 8.40): of 8 and 2
// lines in the layout of 20 bands, of 12, 8 and 4 in that of 34.
var (
	prototype20of8  = [reach + 1]float64{0.00746082949812, 0.02270420949825, 0.04546865930473, 0.07266113929591, 0.09885108575264, 0.11793710567217, 0.125}
	prototype20of2  = [reach + 1]float64{0, 0.01899487526049, 0, -0.07293139167538, 0, 0.30596630545168, 0.5}
	prototype34of12 = [reach + 1]float64{0.04081179924692, 0.03812810994926, 0.05144908135699, 0.06399831151592, 0.07428313801106, 0.08100347892914, 0.08333333333333}
	prototype34of8  = [reach + 1]float64{0.01565675600122, 0.03752716391991, 0.05417891378782, 0.08417044116767, 0.10307344158036, 0.12222452249753, 0.125}
	prototype34of4  = [reach + 1]float64{-0.05908211155639, -0.04871498374946, 0, 0.07778723915851, 0.16486303567403, 0.23279856662996, 0.25}
)

// tap is a filter's factor for the slots that lie so far ahead and so far back.
type tap struct{ re, im float32 }

// filter makes one line of a QMF band.
type filter struct {
	band, line int
	taps       [reach + 1]tap // [reach] is the middle
}

// newFilters splits a QMF band into count lines, the q-th of which is centred at q+1/2 of a turn over
// count slots; lines[q] says where it goes, and two that go to one place add up. Two lines are split
// by a real filter, centred at 0 and at half a turn.
func newFilters(band int, h *[reach + 1]float64, lines ...int) (list []filter) {
	count := len(lines)
	for q, line := range lines {
		f := filter{band: band, line: line}
		for n := range f.taps {
			turn := 2 * math.Pi / float64(count) * (float64(q) + 0.5) * float64(n-reach)
			if count == 2 {
				turn = math.Pi * float64(q*(n-reach))
			}
			f.taps[n] = tap{float32(h[n] * math.Cos(turn)), float32(h[n] * math.Sin(turn))}
		}
		at := len(list)
		for i := range list {
			if list[i].line == line {
				at = i
			}
		}
		if at == len(list) {
			list = append(list, f)
			continue
		}
		for n := range f.taps {
			list[at].taps[n].re += f.taps[n].re
			list[at].taps[n].im += f.taps[n].im
		}
	}
	return list
}

// layout is one of the two ways to split.
type layout struct {
	bands   int // that parameters are given for
	split   int // QMF bands that are split
	sub     int // lines that they become
	filters []filter

	line    [maxSub]uint8       // the parameter band of a split line
	turned  [maxSub]bool        // it belongs to negative frequencies: phases turn the other way
	border  [maxBands + 1]uint8 // QMF bands that parameter band b begins at, beyond the split ones
	allPass int                 // lines below are decorrelated by all-pass filters
	links   [maxLines]allPass
}

// line20 and line34 are the parameter bands of the split lines, and border20 and border34 the first QMF
// bands of the parameter bands from the first unsplit one on (tables 8.48 and 8.49).
var (
	line20   = [...]uint8{1, 0, 0, 1, 2, 3, 4, 5, 6, 7}
	line34   = [...]uint8{0, 1, 2, 3, 4, 5, 6, 6, 7, 2, 1, 0, 10, 10, 4, 5, 6, 7, 8, 9, 10, 11, 12, 9, 14, 11, 12, 13, 14, 15, 16, 13}
	border20 = [...]uint8{3, 4, 5, 6, 7, 8, 9, 11, 14, 18, 23, 35, 64}
	border34 = [...]uint8{5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 21, 24, 27, 30, 33, 37, 41, 64}
)

var layout20 = sync.OnceValue(func() *layout {
	l := &layout{bands: 20, split: 3, sub: 10, allPass: 30}
	// Of the eight lines of the lowest band four pairs lie where the band is silent or nearly; the two
	// lines of an odd QMF band lie the other way round.
	l.filters = append(l.filters, newFilters(0, &prototype20of8, 2, 3, 4, 5, 5, 4, 0, 1)...)
	l.filters = append(l.filters, newFilters(1, &prototype20of2, 7, 6)...)
	l.filters = append(l.filters, newFilters(2, &prototype20of2, 8, 9)...)
	copy(l.line[:], line20[:])
	copy(l.border[l.bands+1-len(border20):], border20[:])
	l.turned[0], l.turned[1] = true, true
	l.makeLinks(centres20[:], 10, 6.5)
	return l
})

var layout34 = sync.OnceValue(func() *layout {
	l := &layout{bands: 34, split: 5, sub: 32, allPass: 50}
	at := 0
	row := func(n int) (lines []int) {
		for range n {
			lines = append(lines, at)
			at++
		}
		return lines
	}
	l.filters = append(l.filters, newFilters(0, &prototype34of12, row(12)...)...)
	l.filters = append(l.filters, newFilters(1, &prototype34of8, row(8)...)...)
	for band := 2; band < 5; band++ {
		l.filters = append(l.filters, newFilters(band, &prototype34of4, row(4)...)...)
	}
	copy(l.line[:], line34[:])
	copy(l.border[l.bands+1-len(border34):], border34[:])
	for i := 9; i <= 13; i++ {
		l.turned[i] = true
	}
	l.makeLinks(centres34[:], 32, 26.5)
	return l
})

// spectrum is a slot by lines.
type spectrum struct{ re, im [maxLines]float32 }

// history is the lowest bands of a frame, with the slots before and after that the filters reach for.
type history [maxSplit]struct{ re, im [maxSlots + 2*reach]float32 }

// load moves on by a frame.
func (h *history) load(frame, ahead []qmf.Slot) {
	n := len(frame)
	for b := range h {
		band := &h[b]
		copy(band.re[:reach], band.re[n:])
		copy(band.im[:reach], band.im[n:])
		for i := range frame {
			band.re[reach+i], band.im[reach+i] = frame[i].Re[b], frame[i].Im[b]
		}
		for i := range ahead {
			band.re[reach+n+i], band.im[reach+n+i] = ahead[i].Re[b], ahead[i].Im[b]
		}
	}
}

// split fills in the split lines of slot n. Filters are symmetric, up to the sign of what is imaginary.
func (l *layout) splitSlot(s *spectrum, h *history, n int) {
	for i := range l.filters {
		f := &l.filters[i]
		re, im := (*[2*reach + 1]float32)(h[f.band].re[n:]), (*[2*reach + 1]float32)(h[f.band].im[n:])
		sr, si := re[reach]*f.taps[reach].re, im[reach]*f.taps[reach].re
		for j := range reach {
			// Tap j is for the slot reach-j ahead, its mirror for the one so far back.
			t := f.taps[j]
			ar, ai := re[2*reach-j], im[2*reach-j]
			br, bi := re[j], im[j]
			sr += t.re*(ar+br) - t.im*(ai-bi)
			si += t.re*(ai+bi) + t.im*(ar-br)
		}
		s.re[f.line], s.im[f.line] = sr, si
	}
}

// joinSlot adds the split lines up to bands again.
func (l *layout) joinSlot(x *qmf.Slot, s *spectrum) {
	for b := range l.split {
		x.Re[b], x.Im[b] = 0, 0
	}
	for i := range l.filters {
		f := &l.filters[i]
		x.Re[f.band] += s.re[f.line]
		x.Im[f.band] += s.im[f.line]
	}
}
