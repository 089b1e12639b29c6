package flac

// fixedWeights are those of the fixed predictors (section 9.2.5): the polynomials of degree
// order − 1 through the last samples, gone on with.
var fixedWeights = [maxFixed + 1][maxOrder]int64{
	{},
	{1},
	{2, -1},
	{3, -3, 1},
	{4, -6, 4, -1},
}

// predict adds to each residual of the block behind s's history what p predicts from the samples in
// front of it (section 9.2.6). Sums have 64 bits, which the largest, 33-bit samples under 32 weights
// of 15 bits, doesn't fill.
//
// There is one loop for every few orders, with the weights beyond the order zero: written out, so
// that a sample takes little more than its multiplications. Each loop keeps the last sample
// in a register and adds it last, since it is the one that has to be waited for.
func predict[T sample](s []T, p *prediction) {
	w := &p.weights
	switch order := p.order; {
	case order == 0:
	case order <= 4:
		predict4(s[history+order-4:], w, p.shift)
	case order <= 8:
		predict8(s[history+order-8:], w, p.shift)
	case order <= 12:
		predict12(s[history+order-12:], w, p.shift)
	case order <= 16:
		predict16(s[history+order-16:], w, p.shift)
	default:
		predict32(s[history+order-32:], w, p.shift)
	}
}

func predict4[T sample](s []T, w *[maxOrder]int64, shift uint) {
	w0, w1, w2, w3 := w[0], w[1], w[2], w[3]
	last := int64(s[3])
	for i := 4; i < len(s); i++ {
		h := (*[5]T)(s[i-4:])
		sum := w3*int64(h[0]) + w2*int64(h[1]) + w1*int64(h[2]) + w0*last
		v := h[4] + T(sum>>(shift&63))
		h[4], last = v, int64(v)
	}
}

func predict8[T sample](s []T, w *[maxOrder]int64, shift uint) {
	last := int64(s[7])
	for i := 8; i < len(s); i++ {
		h := (*[9]T)(s[i-8:])
		sum := w[7]*int64(h[0]) + w[6]*int64(h[1]) + w[5]*int64(h[2]) + w[4]*int64(h[3]) +
			w[3]*int64(h[4]) + w[2]*int64(h[5]) + w[1]*int64(h[6]) + w[0]*last
		v := h[8] + T(sum>>(shift&63))
		h[8], last = v, int64(v)
	}
}

func predict12[T sample](s []T, w *[maxOrder]int64, shift uint) {
	last := int64(s[11])
	for i := 12; i < len(s); i++ {
		h := (*[13]T)(s[i-12:])
		sum := w[11]*int64(h[0]) + w[10]*int64(h[1]) + w[9]*int64(h[2]) + w[8]*int64(h[3]) +
			w[7]*int64(h[4]) + w[6]*int64(h[5]) + w[5]*int64(h[6]) + w[4]*int64(h[7]) +
			w[3]*int64(h[8]) + w[2]*int64(h[9]) + w[1]*int64(h[10]) + w[0]*last
		v := h[12] + T(sum>>(shift&63))
		h[12], last = v, int64(v)
	}
}

func predict16[T sample](s []T, w *[maxOrder]int64, shift uint) {
	last := int64(s[15])
	for i := 16; i < len(s); i++ {
		h := (*[17]T)(s[i-16:])
		sum := w[15]*int64(h[0]) + w[14]*int64(h[1]) + w[13]*int64(h[2]) + w[12]*int64(h[3]) +
			w[11]*int64(h[4]) + w[10]*int64(h[5]) + w[9]*int64(h[6]) + w[8]*int64(h[7]) +
			w[7]*int64(h[8]) + w[6]*int64(h[9]) + w[5]*int64(h[10]) + w[4]*int64(h[11]) +
			w[3]*int64(h[12]) + w[2]*int64(h[13]) + w[1]*int64(h[14]) + w[0]*last
		v := h[16] + T(sum>>(shift&63))
		h[16], last = v, int64(v)
	}
}

func predict32[T sample](s []T, w *[maxOrder]int64, shift uint) {
	last := int64(s[31])
	for i := 32; i < len(s); i++ {
		h := (*[33]T)(s[i-32:])
		sum := w[31]*int64(h[0]) + w[30]*int64(h[1]) + w[29]*int64(h[2]) + w[28]*int64(h[3]) +
			w[27]*int64(h[4]) + w[26]*int64(h[5]) + w[25]*int64(h[6]) + w[24]*int64(h[7]) +
			w[23]*int64(h[8]) + w[22]*int64(h[9]) + w[21]*int64(h[10]) + w[20]*int64(h[11]) +
			w[19]*int64(h[12]) + w[18]*int64(h[13]) + w[17]*int64(h[14]) + w[16]*int64(h[15]) +
			w[15]*int64(h[16]) + w[14]*int64(h[17]) + w[13]*int64(h[18]) + w[12]*int64(h[19]) +
			w[11]*int64(h[20]) + w[10]*int64(h[21]) + w[9]*int64(h[22]) + w[8]*int64(h[23]) +
			w[7]*int64(h[24]) + w[6]*int64(h[25]) + w[5]*int64(h[26]) + w[4]*int64(h[27]) +
			w[3]*int64(h[28]) + w[2]*int64(h[29]) + w[1]*int64(h[30]) + w[0]*last
		v := h[32] + T(sum>>(shift&63))
		h[32], last = v, int64(v)
	}
}
