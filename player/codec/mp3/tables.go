package mp3

import (
	"math"
	"sync"
)

// tables is all that is computed from the standard's formulas and laid out for speed: once, for all
// decoders.
type tables struct {
	layouts     [9][3]layout // by sample rate and kind
	pairs       [32]pairTable
	quads       [2][1 << quadBits]uint16
	fourThirds  [maxValue + 1]float32   // n^(4/3)
	signed      [2 * signedZero]float32 // of small values, signs included
	gains       [greatestGain - leastGain + 1]float32
	ratiosMPEG1 [maxDirections]ratio
	ratiosLSF   [2][maxDirections]ratio
	butterflies [8]butterfly
	longWindows [4][2]longWindow
	shortWindow shortWindow
	oddHalves9  [9]float32
	oddHalves3  [9]float32
	dct         dctDivisors
	window      synthesisWindow
}

// maxValue is the greatest |x|: 15 and thirteen linbits.
const maxValue = 15 + 1<<13 - 1

var theTables = sync.OnceValue(func() *tables {
	t := &tables{
		pairs:       pairTables(),
		quads:       quadTables(),
		gains:       gains(),
		ratiosMPEG1: ratiosMPEG1(),
		ratiosLSF:   [2][maxDirections]ratio{ratiosLSF(math.Pow(2, -0.25)), ratiosLSF(math.Pow(2, -0.5))},
		butterflies: butterflies(),
		longWindows: longWindows(),
		shortWindow: newShortWindow(),
		oddHalves9:  oddHalves(9),
		oddHalves3:  oddHalves(3),
		dct:         newDCTDivisors(),
		window:      newSynthesisWindow(),
	}
	for i := range t.layouts {
		t.layouts[i] = layouts(i)
	}
	for n := range t.fourThirds {
		t.fourThirds[n] = float32(math.Pow(float64(n), 4.0/3))
	}
	for n := range signedZero {
		t.signed[signedZero+n], t.signed[signedZero-n] = t.fourThirds[n], -t.fourThirds[n]
	}
	t.signed[signedZero] = 0
	return t
})
