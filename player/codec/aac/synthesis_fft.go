package aac

import "math"

// fft is a complex Fourier transform, Σ z[n]·e^(−2πi·nk/N), decimated in time: passes of butterflies
// over ever longer blocks. Lengths are products of 8, 4, 5 and 3.
type fft struct {
	order  []uint16 // where input n goes before the first pass
	passes []pass
}

// pass joins radix blocks of span values each into one.
type pass struct {
	radix, span int
	twiddles    []complex64 // for each of span places radix−1 factors; nil for the first pass
}

// newFFT makes a transform whose length is the product of radices, the first pass's first.
func newFFT(radices ...int) *fft {
	f := &fft{}
	length := 1
	for _, r := range radices {
		p := pass{radix: r, span: length}
		length *= r
		if p.span > 1 {
			for k := range p.span {
				for j := 1; j < r; j++ {
					p.twiddles = append(p.twiddles, rotation(-float64(j*k)/float64(length)))
				}
			}
		}
		f.passes = append(f.passes, p)
	}
	f.order = make([]uint16, length)
	for n := range f.order {
		at, rest, block := 0, n, length
		for i := len(radices) - 1; i >= 0; i-- {
			block /= radices[i]
			at += rest % radices[i] * block
			rest /= radices[i]
		}
		f.order[n] = uint16(at)
	}
	return f
}

// rotation is e^(2πi·turns).
func rotation(turns float64) complex64 {
	sin, cos := math.Sincos(2 * math.Pi * turns)
	return complex(float32(cos), float32(sin))
}

// transform works in place on values that lie where order put them.
func (f *fft) transform(z []complex64) {
	for i := range f.passes {
		p := &f.passes[i]
		switch {
		case p.radix == 8:
			pass8(z)
		case p.radix == 4 && p.span == 1:
			pass4first(z)
		case p.radix == 4:
			pass4(z, p.span, p.twiddles)
		case p.radix == 5:
			pass5(z, p.span, p.twiddles)
		case p.radix == 3:
			pass3(z, p.span, p.twiddles)
		}
	}
}

// timesMinusI is −i·v.
func timesMinusI(v complex64) complex64 { return complex(imag(v), -real(v)) }

func pass4first(z []complex64) {
	for ; len(z) >= 4; z = z[4:] {
		a, b, c, d := z[0], z[1], z[2], z[3]
		s, t := a+c, a-c
		u, v := b+d, timesMinusI(b-d)
		z[0], z[1], z[2], z[3] = s+u, t+v, s-u, t-v
	}
}

// pass8 is a first pass.
func pass8(z []complex64) {
	const h = math.Sqrt2 / 2
	for ; len(z) >= 8; z = z[8:] {
		s, t := z[0]+z[4], z[0]-z[4]
		u, v := z[2]+z[6], timesMinusI(z[2]-z[6])
		e0, e1, e2, e3 := s+u, t+v, s-u, t-v
		s, t = z[1]+z[5], z[1]-z[5]
		u, v = z[3]+z[7], timesMinusI(z[3]-z[7])
		o0, o1, o2, o3 := s+u, t+v, s-u, t-v
		o1 = complex(h*(real(o1)+imag(o1)), h*(imag(o1)-real(o1)))
		o2 = timesMinusI(o2)
		o3 = complex(h*(imag(o3)-real(o3)), -h*(imag(o3)+real(o3)))
		z[0], z[4] = e0+o0, e0-o0
		z[1], z[5] = e1+o1, e1-o1
		z[2], z[6] = e2+o2, e2-o2
		z[3], z[7] = e3+o3, e3-o3
	}
}

func pass4(z []complex64, span int, twiddles []complex64) {
	for ; len(z) >= 4*span; z = z[4*span:] {
		za, zb, zc, zd := z[:span], z[span:][:span], z[2*span:][:span], z[3*span:][:span]
		w := twiddles[:3*span]
		for k := range za {
			if len(w) < 3 {
				return
			}
			a, b, c, d := za[k], zb[k]*w[0], zc[k]*w[1], zd[k]*w[2]
			w = w[3:]
			s, t := a+c, a-c
			u, v := b+d, timesMinusI(b-d)
			za[k], zb[k], zc[k], zd[k] = s+u, t+v, s-u, t-v
		}
	}
}

func pass3(z []complex64, span int, twiddles []complex64) {
	const sin = 0.86602540378443864676 // of a third of a turn
	for ; len(z) >= 3*span; z = z[3*span:] {
		za, zb, zc := z[:span], z[span:][:span], z[2*span:][:span]
		for k := range za {
			w := twiddles[2*k:][:2]
			a, b, c := za[k], zb[k]*w[0], zc[k]*w[1]
			s, t := b+c, b-c
			m := complex(real(a)-0.5*real(s), imag(a)-0.5*imag(s))
			t = complex(sin*imag(t), -sin*real(t))
			za[k], zb[k], zc[k] = a+s, m+t, m-t
		}
	}
}

func pass5(z []complex64, span int, twiddles []complex64) {
	const ( // cosine and sine of one and two fifths of a turn
		c1, s1 = 0.30901699437494742410, 0.95105651629515357212
		c2, s2 = -0.80901699437494742410, 0.58778525229247312917
	)
	for ; len(z) >= 5*span; z = z[5*span:] {
		za, zb, zc := z[:span], z[span:][:span], z[2*span:][:span]
		zd, ze := z[3*span:][:span], z[4*span:][:span]
		for k := range za {
			w := twiddles[4*k:][:4]
			a, b, c, d, e := za[k], zb[k]*w[0], zc[k]*w[1], zd[k]*w[2], ze[k]*w[3]
			p, q := b+e, b-e
			r, s := c+d, c-d
			m1 := complex(real(a)+c1*real(p)+c2*real(r), imag(a)+c1*imag(p)+c2*imag(r))
			m2 := complex(real(a)+c2*real(p)+c1*real(r), imag(a)+c2*imag(p)+c1*imag(r))
			n1 := complex(s1*imag(q)+s2*imag(s), -(s1*real(q) + s2*real(s)))
			n2 := complex(s2*imag(q)-s1*imag(s), -(s2*real(q) - s1*real(s)))
			za[k] = a + p + r
			zb[k], ze[k] = m1+n1, m1-n1
			zc[k], zd[k] = m2+n2, m2-n2
		}
	}
}
