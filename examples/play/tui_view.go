package main

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/media"
)

// margin is left free at both sides of the screen.
const margin = 1

// View draws the screen: exactly as many lines as the window has, none wider than it.
func (m *model) View() string {
	if m.width <= 2*margin || m.height <= 0 {
		return ""
	}
	var lines []string
	if m.help {
		lines = m.helpView()
	} else {
		lines = m.playView()
	}
	for len(lines) < m.height {
		lines = append(lines, "")
	}
	lines = lines[:m.height]
	width := m.width - 2*margin
	for i, line := range lines {
		lines[i] = strings.TrimRight(spaces(margin)+fit(line, width), " ")
	}
	return strings.Join(lines, "\n")
}

func (m *model) playView() []string {
	l, width := m.layout(), m.width-2*margin
	lines := append([]string{m.header(width)}, blank(l.gap)...)
	lines = append(lines, m.nowView(l, width)...)
	switch {
	case l.gap > 0 && m.pane != paneLyrics:
		lines = append(lines, m.lyricLine())
	default:
		lines = append(lines, blank(l.gap)...)
	}
	if l.plots > 0 {
		lines = append(lines, m.plotsView(l.plots, width)...)
	} else {
		lines = append(lines, m.figures())
	}
	lines = append(lines, blank(l.gap)...)
	lines = append(lines, m.tabs(l, width))
	lines = append(lines, m.listView(l.list, width)...)
	if m.toastWrong {
		lines = append(lines, m.theme.wrong.Render(m.toast))
	} else {
		lines = append(lines, m.theme.warn.Render(m.toast))
	}
	if l.keys {
		lines = append(lines, m.keysView(width))
	}
	return lines
}

func blank(n int) []string { return make([]string, n) }

func (m *model) selectionName() string {
	sel := m.state.Selection
	switch sel.Mode {
	case player.ModeLowest:
		return "lowest"
	case player.ModeHighest:
		return "highest"
	case player.ModeFixed:
		if n := len(m.state.Renditions); n > 0 {
			i := min(max(sel.Index, 0), n-1)
			return fmt.Sprintf("%d of %d", i+1, n)
		}
		return fmt.Sprintf("%d", sel.Index+1)
	}
	return "auto"
}

// nowView is the current track: l.now lines, the last of them the progress bar.
func (m *model) nowView(l layout, width int) []string {
	if l.cover > 0 {
		width -= l.cover + 2
	}
	entry, ok := m.current()
	title, by := "nothing playing", ""
	if ok {
		title, by = itemTitle(entry.Item), artistLine(entry.Item)
	}
	state, words := m.stateLine(), ""
	if l.gap == 0 && m.pane != paneLyrics { // elsewhere the lyrics have a line of their own
		words = m.lyricLine()
	}
	lines := []string{m.theme.strong.Render(title), shared(by, m.theme.dim.Render(m.chapter()), width)}
	if extra := l.now - 3 - l.bar; extra > 0 {
		lines = append(lines, m.theme.dim.Render(m.placeLine()))
		lines = append(lines, blank(extra-1)...)
	}
	lines = append(lines, shared(state, words, width))
	lines = append(lines, m.progress(l.bar, width)...)
	if l.cover == 0 {
		return lines
	}
	if len(m.coverLines) != l.now {
		m.coverLines = halfBlocks(m.cover, l.now, m.theme)
	}
	for i := range lines {
		lines[i] = m.coverLines[i] + "  " + fit(lines[i], width)
	}
	return lines
}

// shared is a line with left at its beginning and right at its end. Where there isn't room for both,
// right is cut, down to what makes sense.
func shared(left, right string, width int) string {
	const least, gap = 12, 3
	room := width - ansi.StringWidth(left) - gap
	if right == "" || room < least {
		return left
	}
	return ends(left, ansi.Truncate(right, room, "…"), width)
}

func artistLine(it player.Item) string {
	if it.Artist == "" || it.Album == "" {
		return printable(it.Artist + it.Album)
	}
	return printable(it.Artist) + " · " + printable(it.Album)
}

// placeLine tells where in the queue the music is.
func (m *model) placeLine() string {
	n := m.state.Queue.Len()
	if m.state.Index < 0 || n == 0 {
		return ""
	}
	line := fmt.Sprintf("%d of %d", m.state.Index+1, n)
	for next := range m.state.Queue.Upcoming() {
		line += ", then " + itemTitle(next.Item)
		break
	}
	return line
}

// stateLine tells what the player does and why, and what is heard.
func (m *model) stateLine() string {
	t := m.theme
	var what string
	switch s := m.state; {
	case s.Phase == player.Broken:
		what = t.wrong.Render("✕ no sound")
		if s.Err != nil {
			what = t.wrong.Render("✕ " + printable(s.Err.Error()))
		}
	case s.Index < 0:
		return ""
	case s.Phase == player.Ended:
		what = "■ ended"
	case s.Intent == player.Paused:
		what = t.warn.Render("‖ paused" + because(m.reason))
	case holdLine(s.Holds) != "":
		what = t.warn.Render("◌ " + holdLine(s.Holds))
	case s.Phase == player.Buffering:
		what = t.warn.Render("◌ buffering" + because(m.reason))
	case s.Phase == player.Ready:
		what = t.good.Render("▶ playing")
	default:
		what = t.dim.Render("■ stopped")
	}
	if m.seeking > 0 {
		what = t.warn.Render("» seeking to " + clock(m.sought))
	}
	if heard := renditionName(m.state); heard != "" {
		what += t.dim.Render("  " + heard)
	}
	return what
}

// because words a reason to wait.
func because(reason string) string {
	switch reason {
	case "rebuffer":
		return ": the network is too slow"
	case "start", "play", "skip", "restored":
		return ": starting"
	case "seek":
		return ": after a seek"
	case "error":
		return ": after an error"
	case "sleep":
		return ": the sleep timer"
	case "noisy":
		return ": the headphones are gone"
	case "focus lost":
		return ": another app has the sound"
	case "network":
		return ": no network"
	}
	return ""
}

// renditionName describes the rendition that is heard.
func renditionName(s player.State) string {
	if s.Rendition < 0 || s.Rendition >= len(s.Renditions) {
		return ""
	}
	r := s.Renditions[s.Rendition]
	name := strings.TrimSpace(fmt.Sprintf("%s %s", codecName(r.Codecs), r.Bitrate))
	if r.Lossless {
		name += " lossless"
	}
	if s.SampleRate > 0 {
		name += fmt.Sprintf(" · %g kHz", float64(s.SampleRate)/1000)
	}
	return name
}

// codecName gives an RFC 6381 codecs parameter the name that people use.
func codecName(codecs string) string {
	switch c := strings.ToLower(codecs); {
	case c == "mp4a.40.34", c == "mp4a.6b", c == "mp4a.69", c == "mp3":
		return "MP3"
	case strings.HasPrefix(c, "mp4a"), c == "aac":
		return "AAC"
	default:
		return strings.ToUpper(printable(codecs))
	}
}

// progress is the bar with the time gone and the time left: played, buffered, to come. It has the shape
// of the music where that is known. The times stand in the last of its rows.
func (m *model) progress(rows, width int) []string {
	t, at, total := m.theme, m.position(), m.state.Duration
	lines := blank(rows)
	last := rows - 1
	if _, ok := m.current(); !ok {
		return lines
	}
	if total <= 0 {
		lines[last] = t.strong.Render(clock(at)) + t.dim.Render("  length unknown")
		return lines
	}
	left, right := clock(at), "-"+clock(total.Truncate(time.Second)-at.Truncate(time.Second))
	bar := max(width-len(left)-len(right)-2, 1)
	cells := func(d time.Duration) int {
		return int(min(max(float64(d)/float64(total), 0), 1) * float64(bar))
	}
	played, ready := cells(at), cells(at+m.state.Buffered)
	if shape := m.waveBar(rows, bar, total, played, ready); shape != nil {
		for i, row := range shape {
			lines[i] = spaces(len(left)+1) + row
		}
		lines[last] = left + " " + shape[last] + " " + right
		return lines
	}
	lines[last] = left + " " + t.accent.Render(strings.Repeat("━", played)) +
		t.plain.Render(strings.Repeat("─", ready-played)) +
		t.dim.Render(strings.Repeat("╌", bar-ready)) + " " + right
	return lines
}

// figures is what the plots show, in a line, for small windows.
func (m *model) figures() string {
	f := m.plotFigures()
	parts := make([]string, 0, len(f))
	for _, p := range f {
		parts = append(parts, m.theme.dim.Render(p.label+" ")+p.value)
	}
	return strings.Join(parts, m.theme.dim.Render(" · "))
}

// figure is one plot with its label.
type figure struct {
	label, value string
	scale        string // what the top stands for
	top          float64
	of           func(sample) float64
	draw         func(values []float64, width, height int, top float64) []string
	style        lipgloss.Style
}

func (m *model) plotFigures() [3]figure {
	buffered := func(s sample) float64 { return s.buffered }
	bandwidth := func(s sample) float64 { return s.bandwidth }
	f := [3]figure{
		{label: "buffer", value: fmt.Sprintf("%.1f s", m.state.Buffered.Seconds()), of: buffered,
			top: m.history.top(10, buffered), draw: area, style: m.theme.good},
		{label: "bandwidth", value: "–", of: bandwidth, top: m.history.top(0, bandwidth), draw: area, style: m.theme.accent},
		{label: "quality", value: "–", of: func(s sample) float64 { return s.rendition },
			top: float64(len(m.state.Renditions)), draw: steps, style: m.theme.warn},
	}
	f[0].scale = fmt.Sprintf("%.0f s", f[0].top)
	if m.state.Bandwidth > 0 {
		f[1].value = m.state.Bandwidth.String()
	}
	if f[1].top > 0 {
		f[1].scale = media.Bitrate(f[1].top).String()
	}
	if s := m.state; s.Rendition >= 0 && s.Rendition < len(s.Renditions) {
		f[2].value = s.Renditions[s.Rendition].Bitrate.String()
		f[2].scale = fmt.Sprintf("%d of %d", s.Rendition+1, len(s.Renditions))
	}
	return f
}

// plotsView is the three plots side by side, a line of labels above them.
func (m *model) plotsView(height, width int) []string {
	const gap = 3
	each := (width - 2*gap) / 3
	lines := blank(1 + height)
	for i, f := range m.plotFigures() {
		sep := spaces(gap)
		if i == 0 {
			sep = ""
		}
		lines[0] += sep + ends(m.theme.dim.Render(f.label+" ")+f.value, m.theme.dim.Render(f.scale), each)
		values := m.history.columns(m.now(), 2*each, f.of)
		for y, row := range f.draw(values, each, height, f.top) {
			if y == height-1 {
				lines[1+y] += sep + m.onGround(row, f.style)
				continue
			}
			lines[1+y] += sep + f.style.Render(row)
		}
	}
	return lines
}

// onGround draws a plot's lowest row with a base line under the time of which nothing is known, so
// that an empty plot can be seen to be one.
func (m *model) onGround(row string, style lipgloss.Style) string {
	known := strings.TrimLeft(row, string(brailleBlank))
	unknown := utf8.RuneCountInString(row) - utf8.RuneCountInString(known)
	return m.theme.dim.Render(strings.Repeat("⣀", unknown)) + style.Render(known)
}
