package mp3

const (
	longBands  = 22
	shortBands = 13
	maxBands   = 3 * shortBands
)

// longStarts are the first lines of the scale factor bands of long blocks, and the end of the last, by
// sample rate (table B.8; 13818-3, table B.2). MPEG-2.5 is in no standard; its tables are what every
// encoder and decoder of it has.
var longStarts = [9][longBands + 1]int{
	{0, 4, 8, 12, 16, 20, 24, 30, 36, 44, 52, 62, 74, 90, 110, 134, 162, 196, 238, 288, 342, 418, 576},
	{0, 4, 8, 12, 16, 20, 24, 30, 36, 42, 50, 60, 72, 88, 106, 128, 156, 190, 230, 276, 330, 384, 576},
	{0, 4, 8, 12, 16, 20, 24, 30, 36, 44, 54, 66, 82, 102, 126, 156, 194, 240, 296, 364, 448, 550, 576},
	{0, 6, 12, 18, 24, 30, 36, 44, 54, 66, 80, 96, 116, 140, 168, 200, 238, 284, 336, 396, 464, 522, 576},
	{0, 6, 12, 18, 24, 30, 36, 44, 54, 66, 80, 96, 114, 136, 162, 194, 232, 278, 332, 394, 464, 540, 576},
	{0, 6, 12, 18, 24, 30, 36, 44, 54, 66, 80, 96, 116, 140, 168, 200, 238, 284, 336, 396, 464, 522, 576},
	{0, 6, 12, 18, 24, 30, 36, 44, 54, 66, 80, 96, 116, 140, 168, 200, 238, 284, 336, 396, 464, 522, 576},
	{0, 6, 12, 18, 24, 30, 36, 44, 54, 66, 80, 96, 116, 140, 168, 200, 238, 284, 336, 396, 464, 522, 576},
	{0, 12, 24, 36, 48, 60, 72, 88, 108, 132, 160, 192, 232, 280, 336, 400, 476, 566, 568, 570, 572, 574, 576},
}

// shortStarts are those of one window of a short block.
var shortStarts = [9][shortBands + 1]int{
	{0, 4, 8, 12, 16, 22, 30, 40, 52, 66, 84, 106, 136, 192},
	{0, 4, 8, 12, 16, 22, 28, 38, 50, 64, 80, 100, 126, 192},
	{0, 4, 8, 12, 16, 22, 30, 42, 58, 78, 104, 138, 180, 192},
	{0, 4, 8, 12, 18, 24, 32, 42, 56, 74, 100, 132, 174, 192},
	{0, 4, 8, 12, 18, 26, 36, 48, 62, 80, 104, 136, 180, 192},
	{0, 4, 8, 12, 18, 26, 36, 48, 62, 80, 104, 134, 174, 192},
	{0, 4, 8, 12, 18, 26, 36, 48, 62, 80, 104, 134, 174, 192},
	{0, 4, 8, 12, 18, 26, 36, 48, 62, 80, 104, 134, 174, 192},
	{0, 8, 16, 24, 36, 52, 72, 96, 124, 160, 162, 164, 166, 192},
}

// The kinds of layout.
const (
	longLayout = iota
	shortLayout
	mixedLayout
)

// layout is how a granule's lines are divided: long bands, then short bands with three windows each, in
// the order of the bits.
type layout struct {
	kind       int
	bands      int
	longBands  int // the first ones
	firstShort int // the short band that follows, by its number in shortStarts
	longLines  int
	starts     [maxBands + 1]int
}

// layouts makes the three layouts of a sample rate.
func layouts(rateIndex int) (l [3]layout) {
	long, short := &longStarts[rateIndex], &shortStarts[rateIndex]
	l[longLayout] = layout{bands: longBands, longBands: longBands, longLines: granuleSamples}
	copy(l[longLayout].starts[:], long[:])

	// A mixed block's long part ends where the third short band starts: at line 36, but for 8 kHz.
	mixed := layout{kind: mixedLayout, firstShort: 3, longLines: 3 * short[3]}
	for long[mixed.longBands] < mixed.longLines {
		mixed.starts[mixed.longBands+1] = long[mixed.longBands+1]
		mixed.longBands++
	}
	mixed.bands = mixed.longBands
	mixed.addShort(short)
	l[mixedLayout] = mixed

	l[shortLayout] = layout{kind: shortLayout}
	l[shortLayout].addShort(short)
	return l
}

// addShort appends the short bands from firstShort on.
func (l *layout) addShort(short *[shortBands + 1]int) {
	for band := l.firstShort; band < shortBands; band++ {
		for range 3 {
			l.bands++
			l.starts[l.bands] = l.starts[l.bands-1] + short[band+1] - short[band]
		}
	}
}
