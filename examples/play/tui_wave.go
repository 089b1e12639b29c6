package main

import (
	"strings"
	"time"

	"github.com/muesli/termenv"

	"github.com/segue-audio/segue/player/waveform"
)

// waveLook is how often an outline is asked for that is still being made.
const waveLook = time.Second

// waveReference is the level, in 127ths of full scale, that fills a bar's height unless a part of the
// track is louder. It is that of most music, so that the heights stay as they are while the outline grows.
const waveReference = 32.0

// wave is the outline of the current entry.
type wave struct {
	outline waveform.Waveform
	looked  time.Time // when it was asked for last
}

// lookAtWave asks for the outline where it may have grown.
func (m *model) lookAtWave() {
	w := &m.wave
	if w.outline.Complete || m.now().Sub(w.looked) < waveLook {
		return
	}
	w.looked = m.now()
	w.outline, _ = m.engine.Waveform(m.state.Current)
}

// shaped tells whether the progress bar has the shape of the music: where that is known, and there are
// colours to draw it with. The shape alone would not tell the position.
func (m *model) shaped() bool {
	return len(m.wave.outline.Points) > 0 && m.theme.renderer.ColorProfile() != termenv.Ascii
}

// waveLevels are a cell's heights, in eighths (Unicode 15, block elements); zero is drawn as a line.
var waveLevels = [...]rune{' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'}

// heights gives the outline's height in each of n columns that span total, in eighths from 1 to full; 0
// where it isn't known.
func (w *wave) heights(n, full int, total time.Duration) []int {
	out := make([]int, n)
	points, step := w.outline.Points, w.outline.Step
	if step <= 0 || total <= 0 {
		return out
	}
	loudness, loudest := make([]float64, n), waveReference
	for i := range out {
		from := int(total * time.Duration(i) / time.Duration(n) / step)
		to := max(int(total*time.Duration(i+1)/time.Duration(n)/step), from+1)
		if to > len(points) {
			to = len(points)
		}
		sum, count := 0.0, 0
		for k := from; k < to; k++ {
			if w.outline.Missing == nil || !w.outline.Missing[k] {
				sum, count = sum+float64(points[k].RMS), count+1
			}
		}
		if count > 0 {
			loudness[i] = sum / float64(count)
			loudest, out[i] = max(loudest, loudness[i]), 1
		}
	}
	for i, v := range loudness {
		if out[i] > 0 {
			out[i] = 1 + int(v/loudest*float64(full-1)+0.5)
		}
	}
	return out
}

// waveBar draws the outline rows high: what has been played in one colour, what is at hand in another,
// the rest dim. Where the outline isn't known the lowest row has the lines of the plain bar. It gives nil
// where the bar is to be a plain one.
func (m *model) waveBar(rows, width int, total time.Duration, played, ready int) []string {
	if !m.shaped() {
		return nil
	}
	heights := m.wave.heights(width, 8*rows, total)
	lines := make([]string, rows)
	for y := range lines {
		var line strings.Builder
		part := func(from, to int, blank rune) string {
			cells := make([]rune, 0, to-from)
			for _, h := range heights[from:to] {
				switch below := 8 * (rows - 1 - y); {
				case h > below:
					cells = append(cells, waveLevels[min(h-below, 8)])
				case h == 0 && below == 0:
					cells = append(cells, blank)
				default:
					cells = append(cells, ' ')
				}
			}
			return string(cells)
		}
		line.WriteString(m.theme.played.Render(part(0, played, '━')))
		line.WriteString(m.theme.plain.Render(part(played, ready, '─')))
		line.WriteString(m.theme.dim.Render(part(ready, width, '╌')))
		lines[y] = line.String()
	}
	return lines
}
