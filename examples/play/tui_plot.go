package main

import "math"

// Braille cells are two dots wide and four high (Unicode 15, chapter 21): the bits of the dots in
// the left and the right column, from the bottom up.
var (
	brailleLeft  = [4]rune{0x40, 0x04, 0x02, 0x01}
	brailleRight = [4]rune{0x80, 0x20, 0x10, 0x08}
)

const brailleBlank = '\u2800'

// area draws values as a filled curve of width × height cells, two values to a cell, the last
// values rightmost. A value of top fills the height, NaN leaves a gap, and anything above zero shows
// at least one dot.
func area(values []float64, width, height int, top float64) []string {
	return plot(values, width, height, func(v float64) (from, to int) {
		return 0, dots(v, height, top)
	})
}

// steps draws values as a line: what changes in steps reads better unfilled.
func steps(values []float64, width, height int, top float64) []string {
	return plot(values, width, height, func(v float64) (from, to int) {
		n := dots(v, height, top)
		return n - 1, n
	})
}

// dots is how many of the 4 × height dots v fills.
func dots(v float64, height int, top float64) int {
	if !(v > 0) || !(top > 0) {
		return 0
	}
	n := int(math.Round(math.Min(v/top, 1) * float64(4*height)))
	return max(n, 1)
}

// plot sets the dots from ≤ y < to of each value's column, y counted from the bottom.
func plot(values []float64, width, height int, span func(v float64) (from, to int)) []string {
	width, height = max(width, 0), max(height, 0)
	cells := make([][]rune, height)
	for i := range cells {
		cells[i] = make([]rune, width)
		for j := range cells[i] {
			cells[i][j] = brailleBlank
		}
	}
	if n := len(values); n > 2*width {
		values = values[n-2*width:]
	}
	first := 2*width - len(values)
	for i, v := range values {
		if math.IsNaN(v) {
			continue
		}
		from, to := span(v)
		x := first + i
		bits := &brailleLeft
		if x%2 == 1 {
			bits = &brailleRight
		}
		for y := max(from, 0); y < min(to, 4*height); y++ {
			cells[height-1-y/4][x/2] |= bits[y%4]
		}
	}
	rows := make([]string, height)
	for i, row := range cells {
		rows[i] = string(row)
	}
	return rows
}
