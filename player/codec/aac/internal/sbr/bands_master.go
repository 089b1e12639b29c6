package sbr

import (
	"fmt"
	"math"
	"slices"

	"github.com/segue-audio/segue/player/codec"
)

const (
	maxMaster = 48 // bands of the master table, k2-k0 at most
	maxHigh   = 48 // QMF bands that are regenerated
	maxNoise  = 5
	maxPatch  = 5
	maxLimit  = 2*maxNoise + maxMaster
)

// bands are all tables that follow from a header (4.6.18.3.2): borders as numbers of QMF bands.
type bands struct {
	rate   int // of the output, as if it weren't downsampled
	master table
	k0     int // first band of the master table
	kx     int // first band that is regenerated
	m      int // how many bands are

	env     [2]table // envelope bands of low and of high resolution
	noise   table    // noise floor bands
	limiter table    // limiter bands
	patch   [maxPatch + 1]patch

	patchCount int
}

// table is a row of borders; it has one band less.
type table struct {
	border [maxLimit]uint8
	n      int // bands
}

func (t *table) set(borders []int) {
	t.n = len(borders) - 1
	for i, b := range borders {
		t.border[i] = uint8(b)
	}
}

// at gives border i.
func (t *table) at(i int) int { return int(t.border[i]) }

// startOffsets shift the start frequency, by bs_start_freq (4.6.18.3.2.1); a row for rates up to each
// of startRates, the last for those above.
var startOffsets = [...][16]int8{
	{-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7},
	{-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 9, 11, 13},
	{-5, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 9, 11, 13, 16},
	{-6, -4, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 9, 11, 13, 16},
	{-4, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 9, 11, 13, 16, 20},
	{-2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 9, 11, 13, 16, 20, 24},
}

var startRates = [...]int{16000, 22050, 24000, 32000, 64000}

// coreRates maps any rate of a core to the one whose tables it uses (table 4.82): the first whose
// lower end it reaches.
var coreRates = [...]struct{ from, rate int }{
	{92017, 96000}, {75132, 88200}, {55426, 64000}, {46009, 48000}, {37566, 44100}, {27713, 32000},
	{23004, 24000}, {18783, 22050}, {13856, 16000}, {11502, 12000}, {9391, 11025}, {0, 8000},
}

func nint(x float64) int { return int(math.Floor(x + 0.5)) }

// makeBands derives the tables of h, or tells why there are none.
func makeBands(h *header, coreRate int) (bands, error) {
	b := bands{rate: outputRate(coreRate)}
	b.k0 = startBand(h, b.rate)
	k2 := stopBand(h, b.rate, b.k0)
	limit := 48
	switch {
	case b.rate >= 48000:
		limit = 32
	case b.rate == 44100:
		limit = 35
	}
	if k2 <= b.k0 || k2-b.k0 > limit {
		return b, fmt.Errorf("%w: replication from band %d to %d at %d Hz", codec.ErrCorrupt, b.k0, k2, b.rate)
	}
	var steps []int
	var room [maxMaster + 1]int
	if h.freqScale == 0 {
		steps = linearSteps(room[:0], b.k0, k2, h.alterScale)
	} else {
		steps = octaveSteps(room[:0], b.k0, k2, h)
	}
	if len(steps) == 0 || slices.Min(steps) <= 0 {
		return b, fmt.Errorf("%w: a band without width", codec.ErrCorrupt)
	}
	b.master.n = len(steps)
	at := b.k0
	for i, s := range steps {
		b.master.border[i] = uint8(at)
		at += s
	}
	b.master.border[len(steps)] = uint8(at)
	return b, b.derive(h)
}

func outputRate(coreRate int) int {
	for _, c := range coreRates {
		if coreRate >= c.from {
			return 2 * c.rate
		}
	}
	return 0
}

// byRate picks the figure for rates below 32 kHz, below 64 kHz and above.
func byRate(rate int, low, middle, high float64) float64 {
	switch {
	case rate < 32000:
		return low
	case rate < 64000:
		return middle
	}
	return high
}

func startBand(h *header, rate int) int {
	row := 0
	for row < len(startRates) && rate > startRates[row] {
		row++
	}
	return nint(byRate(rate, 3000, 4000, 5000)*128/float64(rate)) + int(startOffsets[row][h.startFreq])
}

func stopBand(h *header, rate, k0 int) int {
	switch h.stopFreq {
	case 14:
		return min(64, 2*k0)
	case 15:
		return min(64, 3*k0)
	}
	from := nint(byRate(rate, 6000, 8000, 10000) * 128 / float64(rate))
	var steps [13]int
	geometric(steps[:], from, 64)
	slices.Sort(steps[:])
	k2 := from
	for _, s := range steps[:h.stopFreq] {
		k2 += s
	}
	return min(64, k2)
}

// geometric cuts from…to into steps whose borders form a geometric row.
func geometric(steps []int, from, to int) {
	last := from
	for i := range steps {
		next := nint(float64(from) * math.Pow(float64(to)/float64(from), float64(i+1)/float64(len(steps))))
		steps[i], last = next-last, next
	}
}

// linearSteps are the widths of the master bands where bs_freq_scale is 0 (figure 4.39).
func linearSteps(steps []int, k0, k2 int, alter bool) []int {
	width, n := 1, 2*((k2-k0)/2)
	if alter {
		width, n = 2, 2*nint(float64(k2-k0)/4)
	}
	for range n {
		steps = append(steps, width)
	}
	// What is left over or missing is spread from one end.
	at, by := 0, -1
	rest := k2 - k0 - n*width
	if rest > 0 {
		at, by = n-1, 1
	}
	for ; rest != 0 && at >= 0 && at < n; rest -= by {
		steps[at] += by
		at -= by
	}
	return steps
}

// octaveSteps are the widths where bands are counted per octave (figure 4.40): twelve, ten or eight
// to the octave, and in a second region above 2.2449 × k0 fewer where bs_alter_scale says so.
func octaveSteps(steps []int, k0, k2 int, h *header) []int {
	perOctave := float64(14 - 2*int(h.freqScale))
	two := float64(k2)/float64(k0) > 2.2449
	k1 := k2
	if two {
		k1 = 2 * k0
	}
	count := func(from, to int, warp float64) int {
		return 2 * nint(perOctave*math.Log2(float64(to)/float64(from))/(2*warp))
	}
	n := count(k0, k1, 1)
	if n <= 0 || n > maxMaster {
		return nil
	}
	steps = steps[:n]
	geometric(steps, k0, k1)
	slices.Sort(steps)
	if !two {
		return steps
	}
	warp := 1.0
	if h.alterScale {
		warp = 1.3
	}
	upper := count(k1, k2, warp)
	if upper <= 0 || n+upper > maxMaster {
		return nil
	}
	steps = steps[:n+upper]
	second := steps[n:]
	geometric(second, k1, k2)
	slices.Sort(second)
	// The second region's bands are not to be narrower than the first's.
	if change := steps[n-1] - second[0]; change > 0 {
		change = min(change, (second[upper-1]-second[0])/2)
		second[0] += change
		second[upper-1] -= change
		slices.Sort(second)
	}
	return steps
}
