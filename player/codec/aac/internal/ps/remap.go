package ps

// Parameters come for 10, 20 or 34 bands, level differences and coherences each as they like; mixing
// is done for 20 bands or for 34 (8.6.4.6.1, tables 8.45 to 8.47).

// sources34 says which bands of 20 a band of 34 takes: the mean of both.
var sources34 = [maxBands][2]uint8{
	{0, 0}, {0, 1}, {1, 1}, {2, 2}, {2, 3}, {3, 3}, {4, 4}, {4, 4}, {5, 5}, {5, 5}, {6, 6}, {7, 7},
	{8, 8}, {8, 8}, {9, 9}, {9, 9}, {10, 10}, {11, 11}, {12, 12}, {13, 13}, {14, 14}, {14, 14}, {15, 15},
	{15, 15}, {16, 16}, {16, 16}, {17, 17}, {17, 17}, {18, 18}, {18, 18}, {18, 18}, {18, 18}, {19, 19}, {19, 19},
}

// sources20 says which bands of 34 a band of 20 takes, and in which proportion.
var sources20 = [20]struct{ from, weights []uint8 }{
	{[]uint8{0, 1}, []uint8{2, 1}}, {[]uint8{1, 2}, []uint8{1, 2}}, {[]uint8{3, 4}, []uint8{2, 1}}, {[]uint8{4, 5}, []uint8{1, 2}},
	{[]uint8{6, 7}, []uint8{1, 1}}, {[]uint8{8, 9}, []uint8{1, 1}}, {[]uint8{10}, []uint8{1}}, {[]uint8{11}, []uint8{1}},
	{[]uint8{12, 13}, []uint8{1, 1}}, {[]uint8{14, 15}, []uint8{1, 1}}, {[]uint8{16}, []uint8{1}}, {[]uint8{17}, []uint8{1}},
	{[]uint8{18}, []uint8{1}}, {[]uint8{19}, []uint8{1}}, {[]uint8{20, 21}, []uint8{1, 1}}, {[]uint8{22, 23}, []uint8{1, 1}},
	{[]uint8{24, 25}, []uint8{1, 1}}, {[]uint8{26, 27}, []uint8{1, 1}}, {[]uint8{28, 29, 30, 31}, []uint8{1, 1, 1, 1}},
	{[]uint8{32, 33}, []uint8{1, 1}},
}

// remap gives the parameters for bands bands.
func remap(f *Frame, p *params, bands int) params {
	q := *p
	if f.hasIID {
		remapIndices(q.iid[:], f.iidBands, bands)
	}
	if f.hasICC {
		remapIndices(q.icc[:], f.iccBands, bands)
	}
	if f.hasPhase {
		remapPhases(&q.ipd, f.phaseBands, bands)
		remapPhases(&q.opd, f.phaseBands, bands)
	}
	return q
}

// remapIndices spreads have bands over want, in place. Means are rounded towards zero.
func remapIndices(v []int8, have, want int) {
	if have == bandCounts[0] { // each band of 10 is two of 20
		have = bandCounts[1]
		for b := have - 1; b >= 0; b-- {
			v[b] = v[b/2]
		}
	}
	var out [maxBands]int8
	switch {
	case have == want:
		return
	case want == maxBands:
		for b, s := range sources34 {
			out[b] = (v[s[0]] + v[s[1]]) / 2
		}
	default:
		for b, s := range sources20 {
			sum, weight := 0, 0
			for i, from := range s.from {
				sum += int(s.weights[i]) * int(v[from])
				weight += int(s.weights[i])
			}
			out[b] = int8(sum / weight)
		}
	}
	copy(v, out[:want])
}

// remapPhases does so for the lower bands, which alone have phases.
func remapPhases(v *[maxPhases]int8, have, want int) {
	var all [maxBands]int8
	copy(all[:], v[:have])
	for i, n := range phaseCounts {
		if n == have {
			remapIndices(all[:], bandCounts[i], want)
		}
	}
	copy(v[:], all[:])
}

// remapMixing carries matrices over to the other layout.
func remapMixing(m *mixing, want int) {
	was := *m
	mean := func(out *matrix, v *[maxBands]matrix, from []uint8, weights []uint8) {
		*out = matrix{}
		total := float32(0)
		for _, w := range weights {
			total += float32(w)
		}
		for i, b := range from {
			w := float32(weights[i]) / total
			out.add(&matrix{w * v[b].h11, w * v[b].h12, w * v[b].h21, w * v[b].h22})
		}
	}
	if want == maxBands {
		for b, s := range sources34 {
			mean(&m.re[b], &was.re, s[:], []uint8{1, 1})
			mean(&m.im[b], &was.im, s[:], []uint8{1, 1})
		}
		return
	}
	for b, s := range sources20 {
		mean(&m.re[b], &was.re, s.from, s.weights)
		mean(&m.im[b], &was.im, s.from, s.weights)
	}
}
