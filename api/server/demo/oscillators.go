package demo

import "math"

// noise is a splitmix64 generator: the standard library's generators may change their output
// between releases, and the piece has to come out the same for ever.
type noise uint64

func (n *noise) next() uint64 {
	*n += 0x9e3779b97f4a7c15
	z := uint64(*n)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// unit is uniform in [0, 1).
func (n *noise) unit() float64 { return float64(n.next()>>11) / (1 << 53) }

// white is uniform in [-1, 1).
func (n *noise) white() float64 { return float64(int64(n.next())>>11) / (1 << 52) }

const (
	sineBits  = 12
	sineSize  = 1 << sineBits
	sawBits   = 12
	sawSize   = 1 << sawBits
	sawLevels = 9
	padBits   = 17 // 2.97 s: long enough that the ear doesn't catch the loop under a filter that moves
	padSize   = 1 << padBits
	padStep   = 5  // semitones from one pad table to the next
	padLow    = 46 // MIDI key of the lowest pad table
	padTables = 8
)

// tables are the waveforms that all voices of one rendering read; immutable once made.
type tables struct {
	sine []float64
	saw  [sawLevels][]float64
	pad  [padTables][]float64
}

func newTables() *tables {
	t := &tables{sine: make([]float64, sineSize+1)}
	for i := range t.sine {
		t.sine[i] = math.Sin(2 * math.Pi * float64(i) / sineSize)
	}
	for level := range t.saw {
		t.saw[level] = sawTable(t.sine, sawHarmonics(level))
	}
	for i := range t.pad {
		t.pad[i] = padTable(hertz(padLow+float64(i*padStep)), noise(0x5e90e+i))
	}
	return t
}

// sin is the sine at phase, where 2^32 is one turn.
func (t *tables) sin(phase uint32) float64 {
	i := phase >> (32 - sineBits)
	frac := float64(phase<<sineBits) / (1 << 32)
	a := t.sine[i]
	return a + (t.sine[i+1]-a)*frac
}

// sawLevel picks the brightest saw table whose partials stay under the Nyquist frequency at freq hertz.
func sawLevel(freq float64) int {
	level := 0
	for f := 40.0; f < freq && level < sawLevels-1; f *= 2 {
		level++
	}
	return level
}

func sawHarmonics(level int) int { return 18000 / (40 << level) }

// sawAt reads a saw table at phase, where 2^32 is one turn.
func sawAt(table []float64, phase uint32) float64 {
	i := phase >> (32 - sawBits)
	frac := float64(phase<<sawBits) / (1 << 32)
	a := table[i]
	return a + (table[i+1]-a)*frac
}

// sawTable sums the partials of a saw wave, tapered so that the last ones don't ring.
func sawTable(sine []float64, harmonics int) []float64 {
	out := make([]float64, sawSize+1)
	for h := 1; h <= harmonics; h++ {
		x := float64(h) / float64(harmonics+1)
		gain := math.Cos(x*math.Pi/2) * 2 / (math.Pi * float64(h))
		for i := range sawSize {
			out[i] += gain * sine[(i*h*(sineSize/sawSize))&(sineSize-1)]
		}
	}
	out[sawSize] = out[0]
	return out
}

// padTable spreads every partial of a tone into a narrow band of random phases and transforms that
// spectrum back to time (the PADsynth idea of Nasca Octavian Paul): a seamless loop that sounds like
// many players at once, at the cost of reading one table.
func padTable(freq float64, random noise) []float64 {
	spectrum := make([]complex128, padSize)
	const spread = 0.0125 // relative bandwidth of a partial: about 22 cents
	for h := 1; freq*float64(h) < 9000; h++ {
		centre := freq * float64(h) / SampleRate * padSize
		width := centre * spread * math.Pow(float64(h), -0.15)
		gain := math.Pow(float64(h), -1.25)
		if h%2 == 0 {
			gain *= 0.75
		}
		for bin := int(centre - 3*width); bin <= int(centre+3*width)+1; bin++ {
			d := (float64(bin) - centre) / width
			level := gain * math.Exp(-d*d) / math.Sqrt(width)
			s, c := math.Sincos(2 * math.Pi * random.unit())
			spectrum[bin] += complex(level*c, level*s)
		}
	}
	fourier(spectrum)
	out := make([]float64, padSize+1)
	var power float64
	for i, z := range spectrum {
		out[i] = real(z)
		power += real(z) * real(z)
	}
	scale := 0.25 / math.Sqrt(power/padSize)
	for i := range out {
		out[i] *= scale
	}
	out[padSize] = out[0]
	return out
}

// fourier is the inverse transform, unscaled, in place; the length is a power of two.
func fourier(x []complex128) {
	n := len(x)
	for i, j := 1, 0; i < n; i++ {
		bit := n >> 1
		for ; j&bit != 0; bit >>= 1 {
			j ^= bit
		}
		j ^= bit
		if i < j {
			x[i], x[j] = x[j], x[i]
		}
	}
	turns := make([]complex128, n/2)
	for i := range turns {
		s, c := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		turns[i] = complex(c, s)
	}
	for size := 2; size <= n; size *= 2 {
		half, stride := size/2, n/size
		for start := 0; start < n; start += size {
			for k := range half {
				a, b := x[start+k], x[start+k+half]*turns[k*stride]
				x[start+k], x[start+k+half] = a+b, a-b
			}
		}
	}
}

// hertz is the frequency of a MIDI key in equal temperament, A4 = 440 Hz.
func hertz(key float64) float64 { return 440 * math.Exp2((key-69)/12) }

// turn is the phase step of one frame at freq hertz, where 2^32 is one turn.
func turn(freq float64) uint32 { return uint32(int64(freq / SampleRate * (1 << 32))) }

// decay is the factor by which a level falls each frame to reach 1/e after seconds.
func decay(seconds float64) float64 { return math.Exp(-1 / (seconds * SampleRate)) }
