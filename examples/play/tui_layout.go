package main

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// layout is how the screen is shared out, in rows unless it says columns.
type layout struct {
	now   int // title, artist, state, progress; as high as the cover
	bar   int // of these, the rows of the progress bar
	cover int // columns of the cover; zero for none
	plots int // of each plot; zero puts the figures into one line instead
	gap   int // between the parts
	list  int
	keys  bool
}

const (
	plotsFromWidth  = 66
	plotsFromHeight = 20
	coverFromWidth  = 60
	// tallBarFromHeight is from where on the music's outline has two rows.
	tallBarFromHeight = 30
	// fixedRows are the header, the tabs and the message.
	fixedRows = 3
)

// layout fits the parts to the window. The list takes what is left.
func (m *model) layout() layout {
	l := layout{now: 4, bar: 1, keys: m.height >= 12}
	if m.width >= plotsFromWidth && m.height >= plotsFromHeight {
		l.plots = min(2+max(m.height-24, 0)/6, 6)
		l.gap = 1
	}
	if l.gap > 0 && m.height >= tallBarFromHeight && m.shaped() {
		l.now, l.bar = 5, 2
	}
	if l.gap > 0 && m.cover != nil && m.width >= coverFromWidth {
		l.now = 7 + min(max(m.height-28, 0)/3, 7)
		l.cover = 2 * l.now
	}
	used := fixedRows + l.now + 3*l.gap + 1 // one row of labels or figures
	used += l.plots
	if l.keys {
		used++
	}
	l.list = max(m.height-used, 0)
	return l
}

func spaces(n int) string { return strings.Repeat(" ", max(n, 0)) }

// fit cuts or pads styled text to exactly width columns.
func fit(text string, width int) string {
	text = ansi.Truncate(text, max(width, 0), "…")
	return text + spaces(width-ansi.StringWidth(text))
}

// ends puts left and right at the two ends of a line of width columns. Where there is no room for
// both, right is left out.
func ends(left, right string, width int) string {
	room := width - ansi.StringWidth(right)
	if room <= ansi.StringWidth(left) {
		return fit(left, width)
	}
	return fit(left, room) + right
}
