package aac

// widths are runs of scale factor bands: {how many, how wide}.
type widths [][2]int

// longBands are the scale factor bands of a long window (Tables 4.129 to 4.147), by index of the
// sampling frequency; for 960 frames the last ones are cut off.
var longBands = [...]widths{
	0: {{14, 4}, {5, 8}, {5, 12}, {2, 16}, {1, 24}, {1, 28}, {1, 36}, {1, 44}, {11, 64}}, // 96 kHz
	1: {{14, 4}, {5, 8}, {5, 12}, {2, 16}, {1, 24}, {1, 28}, {1, 36}, {1, 44}, {11, 64}},
	2: {{14, 4}, {4, 8}, {3, 12}, {3, 16}, {1, 20}, {2, 24}, {1, 28}, {1, 36}, {18, 40}}, // 64 kHz
	3: {{10, 4}, {7, 8}, {4, 12}, {2, 16}, {2, 20}, {2, 24}, {2, 28}, {19, 32}, {1, 96}}, // 48 kHz
	4: {{10, 4}, {7, 8}, {4, 12}, {2, 16}, {2, 20}, {2, 24}, {2, 28}, {19, 32}, {1, 96}},
	5: {{10, 4}, {7, 8}, {4, 12}, {2, 16}, {2, 20}, {2, 24}, {2, 28}, {22, 32}}, // 32 kHz
	6: {{11, 4}, {10, 8}, {4, 12}, {3, 16}, {2, 20}, {2, 24}, {2, 28}, {1, 32}, {2, 36}, {1, 40}, {1, 44},
		{1, 48}, {2, 52}, {5, 64}}, // 24 kHz
	7: {{11, 4}, {10, 8}, {4, 12}, {3, 16}, {2, 20}, {2, 24}, {2, 28}, {1, 32}, {2, 36}, {1, 40}, {1, 44},
		{1, 48}, {2, 52}, {5, 64}},
	8: {{11, 8}, {9, 12}, {4, 16}, {3, 20}, {2, 24}, {2, 28}, {1, 32}, {1, 36}, {2, 40}, {1, 44}, {1, 48},
		{1, 52}, {1, 56}, {1, 60}, {3, 64}}, // 16 kHz
	9: {{11, 8}, {9, 12}, {4, 16}, {3, 20}, {2, 24}, {2, 28}, {1, 32}, {1, 36}, {2, 40}, {1, 44}, {1, 48},
		{1, 52}, {1, 56}, {1, 60}, {3, 64}},
	10: {{11, 8}, {9, 12}, {4, 16}, {3, 20}, {2, 24}, {2, 28}, {1, 32}, {1, 36}, {2, 40}, {1, 44}, {1, 48},
		{1, 52}, {1, 56}, {1, 60}, {3, 64}},
	11: {{13, 12}, {7, 16}, {4, 20}, {3, 24}, {2, 28}, {1, 32}, {2, 36}, {1, 40}, {1, 44}, {1, 48}, {1, 52},
		{1, 56}, {1, 60}, {1, 64}, {1, 80}}, // 8 kHz
}

// shortBands are the same of a short window.
var shortBands = [...]widths{
	0:  {{6, 4}, {3, 8}, {1, 16}, {1, 28}, {1, 36}},
	1:  {{6, 4}, {3, 8}, {1, 16}, {1, 28}, {1, 36}},
	2:  {{6, 4}, {3, 8}, {1, 16}, {1, 28}, {1, 36}},
	3:  {{5, 4}, {3, 8}, {3, 12}, {3, 16}},
	4:  {{5, 4}, {3, 8}, {3, 12}, {3, 16}},
	5:  {{5, 4}, {3, 8}, {3, 12}, {3, 16}},
	6:  {{7, 4}, {3, 8}, {2, 12}, {2, 16}, {1, 20}},
	7:  {{7, 4}, {3, 8}, {2, 12}, {2, 16}, {1, 20}},
	8:  {{8, 4}, {2, 8}, {2, 12}, {1, 16}, {2, 20}},
	9:  {{8, 4}, {2, 8}, {2, 12}, {1, 16}, {2, 20}},
	10: {{8, 4}, {2, 8}, {2, 12}, {1, 16}, {2, 20}},
	11: {{7, 4}, {4, 8}, {1, 12}, {1, 16}, {2, 20}},
}

// shapedBands are the first bands that temporal noise shaping leaves alone, of long and of short
// windows (Table 4.156 for Low Complexity).
var shapedBands = [...][2]int{
	{31, 9}, {31, 9}, {34, 10}, {40, 14}, {42, 14}, {51, 14},
	{46, 14}, {46, 14}, {42, 14}, {42, 14}, {42, 14}, {39, 14},
}

// rateLimits are the lowest rates that use the tables of each index (Table 4.82).
var rateLimits = [...]int{92017, 75132, 55426, 46009, 37566, 27713, 23004, 18783, 13856, 11502, 9391, 0}

// bandRate is the index into the tables above for a rate.
func bandRate(rate int) int {
	i := 0
	for rate < rateLimits[i] {
		i++
	}
	return i
}

// offsets turns widths into where each band begins and, last, where the window ends.
func (w widths) offsets(length int) []int {
	list := []int{0}
	at := 0
	for _, run := range w {
		for range run[0] {
			if at < length {
				at = min(at+run[1], length)
				list = append(list, at)
			}
		}
	}
	return list
}

// bandTables are the offsets and limits for a stream; index 1 is for short windows.
type bandTables struct {
	offsets [2][]int
	shaped  [2]int
}

// shortWindows is how many short windows take the place of a long one.
const shortWindows = 8

func newBandTables(rate, frameLength int) *bandTables {
	i := bandRate(rate)
	return &bandTables{
		offsets: [2][]int{longBands[i].offsets(frameLength), shortBands[i].offsets(frameLength / shortWindows)},
		shaped:  shapedBands[i],
	}
}
