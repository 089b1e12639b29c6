package demo

import "math"

// loudness measures a programme after ITU-R BS.1770-4 with both gates, in LUFS, and its sample peak.
type loudness struct {
	shelf, highPass [2]biquad
	step            int       // frames gathered of the current 100 ms
	sum             float64   // their power, both channels
	hundreds        []float64 // power of each 100 ms
	peak            float64
}

// biquad is a filter in direct form II.
type biquad struct{ b0, b1, b2, a1, a2, s1, s2 float64 }

func (q *biquad) step(x float64) float64 {
	v := x - q.a1*q.s1 - q.a2*q.s2
	y := q.b0*v + q.b1*q.s1 + q.b2*q.s2
	q.s2, q.s1 = q.s1, v
	return y
}

// newLoudness works the two filters of BS.1770's annex 1 out for our rate: the recommendation gives
// them for 48 kHz only, the analogue prototypes behind those figures fit any.
func newLoudness() *loudness {
	m := &loudness{}
	k := math.Tan(math.Pi * 1681.974450955533 / SampleRate)
	q, vh := 0.7071752369554196, math.Pow(10, 3.999843853973347/20)
	vb := math.Pow(vh, 0.4996667741545416)
	a0 := 1 + k/q + k*k
	shelf := biquad{
		b0: (vh + vb*k/q + k*k) / a0, b1: 2 * (k*k - vh) / a0, b2: (vh - vb*k/q + k*k) / a0,
		a1: 2 * (k*k - 1) / a0, a2: (1 - k/q + k*k) / a0,
	}
	k, q = math.Tan(math.Pi*38.13547087602444/SampleRate), 0.5003270373238773
	a0 = 1 + k/q + k*k
	high := biquad{b0: 1, b1: -2, b2: 1, a1: 2 * (k*k - 1) / a0, a2: (1 - k/q + k*k) / a0}
	m.shelf, m.highPass = [2]biquad{shelf, shelf}, [2]biquad{high, high}
	return m
}

func (m *loudness) frame(l, r float64) {
	for side, x := range [2]float64{l, r} {
		m.peak = max(m.peak, math.Abs(x))
		y := m.highPass[side].step(m.shelf[side].step(x))
		m.sum += y * y
	}
	if m.step++; m.step == SampleRate/10 {
		m.hundreds = append(m.hundreds, m.sum)
		m.step, m.sum = 0, 0
	}
}

// integrated is the gated loudness in LUFS; -70 for silence.
func (m *loudness) integrated() float64 {
	var blocks []float64 // of 400 ms, overlapping by three quarters
	for i := 3; i < len(m.hundreds); i++ {
		p := (m.hundreds[i-3] + m.hundreds[i-2] + m.hundreds[i-1] + m.hundreds[i]) / (4 * SampleRate / 10)
		blocks = append(blocks, p)
	}
	const floor = -70.0
	mean := gated(blocks, floor)
	if mean == 0 {
		return floor
	}
	return lufs(gated(blocks, lufs(mean)-10))
}

// gated is the mean power of the blocks louder than gate LUFS.
func gated(blocks []float64, gate float64) float64 {
	var sum float64
	var n int
	for _, p := range blocks {
		if p > 0 && lufs(p) > gate {
			sum += p
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

func lufs(power float64) float64 { return -0.691 + 10*math.Log10(power) }
