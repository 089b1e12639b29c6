package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// meter shows how far the work has come: on a terminal in one line that is written again and again, else in
// a line for each tenth of it.
type meter struct {
	w     io.Writer
	line  bool
	began time.Time
	last  time.Time
	tenth int
}

func newMeter(w io.Writer) *meter {
	f, ok := w.(*os.File)
	return &meter{w: w, line: ok && term.IsTerminal(int(f.Fd())), began: time.Now()}
}

func (m *meter) show(done, total int) {
	now := time.Now()
	spent := now.Sub(m.began)
	left := time.Duration(float64(spent) / float64(done) * float64(total-done)).Round(time.Second)
	text := fmt.Sprintf("%d of %d links in their cells, %v, about %v left", done, total, spent.Round(time.Second), left)
	switch {
	case m.line && now.Sub(m.last) > 100*time.Millisecond:
		m.last = now
		fmt.Fprintf(m.w, "\r%s\x1b[K", text)
	case !m.line && 10*done/total > m.tenth:
		m.tenth = 10 * done / total
		fmt.Fprintln(m.w, text)
	}
}

// end takes the line away.
func (m *meter) end() {
	if m.line {
		fmt.Fprint(m.w, "\r\x1b[K")
	}
}
