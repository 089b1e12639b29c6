package qmf

// Synthesis is the bank that makes 64 samples of a slot, or 32 where Half is set: of the lower 32
// bands, at the core's rate (4.6.18.4.2 and 4.6.18.4.3, the downsampled bank). Its zero value has
// made silence so far.
type Synthesis struct {
	Half bool

	ring [taps]vector // what the last ten slots were transformed to
	at   int          // the newest of them
	v    vector
}

// Reset forgets the slots so far.
func (s *Synthesis) Reset() { s.ring, s.at = [taps]vector{}, 0 }

// Process writes the samples of the slots, full scale ±1: 64 for each, or 32.
func (s *Synthesis) Process(dst []float32, src []Slot) {
	t := shared()
	for i := range src {
		s.at = (s.at + taps - 1) % taps
		if s.Half {
			s.turn(&src[i], t.half32, t.spread32)
			s.sum(dst[i*Core:][:Core], t.half[:])
		} else {
			s.turn(&src[i], t.full64, t.spread64)
			s.sum(dst[i*Bands:][:Bands], t.synthesis[:])
		}
	}
}

// turn does the sum of the standard, for N bands (64 or 32)
//
//	v[n] = Re Σ X[k]/64 exp(iπ/2N (k+1/2)(2n-4N+N/64)), k below N, n below 2N,
//
// as one complex transform E of N points: of the even k, followed by the conjugates of the odd ones
// from the highest down. Then v[n] = Re E[n] and v[n+N] = -Im E[n].
func (s *Synthesis) turn(x *Slot, before, after complexTable) {
	n := len(before)
	for m := range n / 2 {
		c := before[2*m]
		re, im := x.Re[2*m&63], x.Im[2*m&63]
		s.v.re[m&63], s.v.im[m&63] = re*c[0]-im*c[1], re*c[1]+im*c[0]
		c = before[2*m+1]
		re, im = x.Re[(2*m+1)&63], x.Im[(2*m+1)&63]
		s.v.re[(n-1-m)&63], s.v.im[(n-1-m)&63] = re*c[0]-im*c[1], -re*c[1]-im*c[0]
	}
	t := &shared().fft
	order := t.order64[:]
	if n == Bands {
		s.v.fft64(t)
	} else {
		s.v.fft32(t)
		order = t.order32[:]
	}
	out := &s.ring[s.at]
	order = order[:len(after)]
	for i, c := range after {
		at := order[i] & 63
		re, im := s.v.re[at], s.v.im[at]
		out.re[i&63], out.im[i&63] = re*c[0]-im*c[1], -re*c[1]-im*c[0]
	}
}

// sum windows the first half of every other v and the second half of those between.
func (s *Synthesis) sum(dst, window []float32) {
	n := len(dst)
	var v [taps][]float32
	var w [taps][]float32
	for age := range taps {
		run := &s.ring[(s.at+age)%taps]
		if age%2 == 0 {
			v[age] = run.re[:n]
		} else {
			v[age] = run.im[:n]
		}
		w[age] = window[age*n:][:n]
	}
	v0, v1, v2, v3, v4 := v[0][:n], v[1][:n], v[2][:n], v[3][:n], v[4][:n]
	w0, w1, w2, w3, w4 := w[0][:n], w[1][:n], w[2][:n], w[3][:n], w[4][:n]
	for k := range dst {
		dst[k] = v0[k]*w0[k] + v1[k]*w1[k] + v2[k]*w2[k] + v3[k]*w3[k] + v4[k]*w4[k]
	}
	v0, v1, v2, v3, v4 = v[5][:n], v[6][:n], v[7][:n], v[8][:n], v[9][:n]
	w0, w1, w2, w3, w4 = w[5][:n], w[6][:n], w[7][:n], w[8][:n], w[9][:n]
	for k := range dst {
		dst[k] += v0[k]*w0[k] + v1[k]*w1[k] + v2[k]*w2[k] + v3[k]*w3[k] + v4[k]*w4[k]
	}
}
