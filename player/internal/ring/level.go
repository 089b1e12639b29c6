package ring

import "math"

// level is the listener's gain on its way from one value to another. It moves evenly along the cube
// root of the factor, the scale of dsp.VolumeCurve: steady to the ear over the 60 dB that matter,
// and, unlike a ramp in decibels, with an end at silence. The consumer's own.
type level struct {
	order    uint64 // the last one taken from Ring.volume
	from, to float64
	at, over int64 // frames of the way
}

// follow takes a new order. One that comes before any music was heard, and wants no more than the
// usual ramp, is carried out at once.
func (l *level) follow(order uint64, begun bool, step float32) {
	if order == l.order {
		return
	}
	first := l.order == 0
	l.from, l.at = l.now(), 0
	l.order = order
	l.to = math.Cbrt(max(0, float64(math.Float32frombits(uint32(order>>32)))))
	l.over = int64(order & math.MaxUint32)
	if first || !begun && l.over <= int64(1/step)+1 {
		l.at = l.over
	}
}

// now is the cube root of the factor.
func (l *level) now() float64 {
	if l.at >= l.over {
		return l.to
	}
	return l.from + (l.to-l.from)*float64(l.at)/float64(l.over)
}

// apply multiplies whole frames, the way it goes.
func (l *level) apply(pcm []float32, channels int) {
	for l.at < l.over && len(pcm) > 0 {
		l.at++
		u := l.now()
		g := float32(u * u * u)
		for c := range channels {
			pcm[c] *= g
		}
		pcm = pcm[channels:]
	}
	if len(pcm) == 0 || l.to == 1 {
		return
	}
	g := math.Float32frombits(uint32(l.order >> 32))
	for i := range pcm {
		pcm[i] *= g
	}
}

// pass lets n frames of silence go by: time passes for a ramp in them too.
func (l *level) pass(n int) { l.at = min(l.over, l.at+int64(n)) }
