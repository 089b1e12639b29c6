package qmf

// Analysis is the bank of 32 bands that the core's signal goes through. The zero value has heard
// silence.
type Analysis struct {
	past [taps*Core - Core]float32 // the samples before the next slot, oldest first
	v    vector
}

// Reset makes the past silent.
func (a *Analysis) Reset() { a.past = [taps*Core - Core]float32{} }

// Process turns each Core samples of src, full scale ±1, into the lower half of a slot; the upper
// half it leaves alone. src holds len(dst) × Core samples (4.6.18.4.1).
func (a *Analysis) Process(dst []Slot, src []float32) {
	t := shared()
	var line [2 * len(a.past)]float32
	// The first slots reach back into the past; the others find all their samples in src.
	copy(line[:], a.past[:])
	reach := copy(line[len(a.past):], src)
	for i := range dst {
		at := i * Core
		var x []float32
		if at < reach && at+taps*Core <= len(a.past)+reach {
			x = line[at:]
		} else {
			x = src[at-len(a.past):]
		}
		a.slot(&dst[i], (*[taps * Core]float32)(x), t)
	}
	if len(src) >= len(a.past) {
		copy(a.past[:], src[len(src)-len(a.past):])
	} else {
		copy(a.past[:], line[len(src):])
	}
}

// slot filters the samples x. The sum of the standard,
//
//	W[k] = 2 Σ u[n] exp(iπ/64 (k+1/2)(2n-1/2)), n below 64, k below 32,
//
// asks a real sequence for odd frequencies. The even k below 64 are a complex transform of 32 points
// of u[n] + i·u[n+32]; the odd ones are the conjugates of the even ones beyond 32.
func (a *Analysis) slot(dst *Slot, x *[taps * Core]float32, t *tables) {
	w := &t.analysis
	// u[n] sums x[319-n-64j]·c[2n+128j]; t.analysis runs backwards like x does.
	for n := range Core {
		m := 63 - n
		u := x[m]*w[m] + x[m+64]*w[m+64] + x[m+128]*w[m+128] + x[m+192]*w[m+192] + x[m+256]*w[m+256]
		m = 31 - n
		v := x[m]*w[m] + x[m+64]*w[m+64] + x[m+128]*w[m+128] + x[m+192]*w[m+192] + x[m+256]*w[m+256]
		c := t.before32[n]
		a.v.re[n], a.v.im[n] = u*c[0]-v*c[1], u*c[1]+v*c[0]
	}
	a.v.fft32(&t.fft)
	for m := range Core / 2 {
		at := t.fft.order32[m] & 31
		re, im := a.v.re[at], a.v.im[at]
		c := t.after32[2*m]
		dst.Re[2*m], dst.Im[2*m] = re*c[0]-im*c[1], re*c[1]+im*c[0]

		at = t.fft.order32[31-m] & 31
		re, im = a.v.re[at], -a.v.im[at]
		c = t.after32[2*m+1]
		dst.Re[2*m+1], dst.Im[2*m+1] = re*c[0]-im*c[1], re*c[1]+im*c[0]
	}
}
