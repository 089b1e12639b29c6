package main

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/segue-audio/segue/player"
)

// cursorMark stands before the row under the cursor: colours alone would not do for everyone.
const cursorMark = "›"

// tabs names the panes and tells which part of the list is seen.
func (m *model) tabs(l layout, width int) string {
	names := [panes]string{"queue", "catalogue", "search", "lyrics"}
	for i, name := range names {
		if pane(i) == m.pane {
			names[i] = m.theme.strong.Render("[" + name + "]")
		} else {
			names[i] = m.theme.dim.Render(" " + name + " ")
		}
	}
	left := strings.Join(names[:], " ")
	n, note := m.state.Queue.Len(), ""
	cursor := &m.queue
	switch m.pane {
	case paneQueue:
		note = plural(n, "track")
		if sum := m.total.of(m.state.Queue); sum > 0 {
			note += ", " + clock(sum)
		}
	case paneLyrics:
		n = 0
	default:
		b := m.at(m.pane)
		n, cursor, note = len(b.rows), &b.list, b.title
	}
	if from, to := cursor.window(n, l.list); n > to-from {
		note += fmt.Sprintf("  %d–%d of %d", from+1, to, n)
	}
	return ends(left, m.theme.dim.Render(note), width)
}

// listView is the pane's list: exactly height lines.
func (m *model) listView(height, width int) []string {
	var lines []string
	switch {
	case height == 0:
		return nil
	case m.pane == paneQueue:
		lines = m.queueView(height, width)
	case m.pane == paneLyrics:
		lines = m.lyricsView(height, width)
	case m.pane == paneSearch:
		if m.input.Focused() || len(m.results.rows) == 0 && !m.results.loading {
			m.input.Width = max(width-4, 1)
			lines = append(lines, m.input.View())
		}
		lines = append(lines, m.browserView(height-len(lines), width)...)
	default:
		lines = m.browserView(height, width)
	}
	for len(lines) < height {
		lines = append(lines, "")
	}
	return lines[:height]
}

func (m *model) queueView(height, width int) []string {
	queue := m.state.Queue
	if queue.Len() == 0 {
		return []string{m.theme.dim.Render("empty: tab for the catalogue, / to search")}
	}
	from, to := m.queue.window(queue.Len(), height)
	digits, longest := len(fmt.Sprint(queue.Len())), len("0:00")
	for i := from; i < to; i++ {
		longest = max(longest, len(clock(queue.At(i).Item.Duration)))
	}
	lines := make([]string, 0, to-from)
	for i := from; i < to; i++ {
		it := queue.At(i).Item
		under, mark := " ", " "
		if i == m.queue.cursor && m.choosing() {
			under = cursorMark
		}
		if i == m.state.Index {
			mark = "▶"
			if m.state.Intent == player.Paused {
				mark = "‖"
			}
		}
		length := ""
		if it.Duration > 0 {
			length = clock(it.Duration)
		} else if i == m.state.Index && m.state.Duration > 0 {
			length = clock(m.state.Duration)
		}
		number := fmt.Sprintf("%s%s %*d  ", under, mark, digits, i+1)
		line := tableRow(number, itemTitle(it), printable(it.Artist), length, longest, width)
		switch {
		case i == m.queue.cursor && m.choosing():
			line = m.theme.selected.Render(line)
		case i == m.state.Index:
			line = m.theme.accent.Render(line)
		}
		lines = append(lines, line)
	}
	return lines
}

func (m *model) browserView(height, width int) []string {
	b := m.at(m.pane)
	switch {
	case b.loading:
		return []string{m.theme.dim.Render("asking the server …")}
	case b.failure != "":
		return strings.Split(m.theme.wrong.Render(ansi.Wrap(b.failure, max(width, 1), "")), "\n")
	case len(b.rows) == 0 && b.title == "":
		return nil
	case len(b.rows) == 0:
		return []string{m.theme.dim.Render("nothing found")}
	}
	from, to := b.list.window(len(b.rows), height)
	longest := 0
	for _, r := range b.rows[from:to] {
		longest = max(longest, ansi.StringWidth(r.note))
	}
	lines := make([]string, 0, to-from)
	for i := from; i < to; i++ {
		r := b.rows[i]
		under, mark := " ", " "
		if r.album {
			mark = "◉"
		}
		chosen := i == b.list.cursor && !m.input.Focused()
		if chosen {
			under = cursorMark
		}
		line := tableRow(under+mark+" ", r.title, r.artist, r.note, longest, width)
		if chosen {
			line = m.theme.selected.Render(line)
		}
		lines = append(lines, line)
	}
	return lines
}

// tableRow is a row of a list: title and artist share what the ends leave, note has notes columns.
// In narrow windows the artist gives way.
func tableRow(mark, title, artist, note string, notes, width int) string {
	const gap = 2
	note = spaces(notes-ansi.StringWidth(note)) + note
	room := width - ansi.StringWidth(mark) - notes - gap
	if room < 34 {
		return mark + fit(title, room) + spaces(gap) + note
	}
	second := room * 2 / 5
	return mark + fit(title, room-second-gap) + spaces(gap) + fit(artist, second) + spaces(gap) + note
}

// keysView is a reminder of the keys that matter here, as many as fit.
func (m *model) keysView(width int) string {
	hints := [][2]string{{"space", "pause"}, {"←→", "seek"}, {"n/p", "track"}, {"/", "search"}, {"tab", "browse"},
		{"?", "help"}, {"q", "quit"}, {"s", "shuffle"}, {"z", "repeat"}, {"+/-", "volume"}, {"r", "quality"}}
	switch {
	case m.input.Focused():
		hints = [][2]string{{"enter", "search"}, {"esc", "back"}}
	case m.pane == paneLyrics:
		hints = [][2]string{{"↑↓", "scroll"}, {"enter", "play from here"}, {"esc", "back"}, {"space", "pause"}, {"?", "help"}, {"q", "quit"}}
	case m.pane != paneQueue:
		hints = [][2]string{{"enter", "open or play"}, {"a", "append"}, {"esc", "back"}, {"/", "search"}, {"tab", "switch"},
			{"?", "help"}, {"q", "quit"}, {"space", "pause"}}
	}
	line := ""
	for _, h := range hints {
		part := h[0] + " " + m.theme.dim.Render(h[1])
		if line != "" {
			part = "  " + part
		}
		if ansi.StringWidth(line)+ansi.StringWidth(part) > width {
			break
		}
		line += part
	}
	return line
}

// helpView is what ? shows.
func (m *model) helpView() []string {
	lines := []string{m.theme.accent.Render("segue") + m.theme.dim.Render("  keys · any key goes back"), ""}
	if m.height < len(keyHelp)+len(lines) {
		lines = lines[:1]
	}
	for _, k := range keyHelp {
		lines = append(lines, m.theme.strong.Render(fit(k[0], 7))+k[1])
	}
	return append(lines, "", m.theme.dim.Render("The plots show two minutes; the figure at their right is the top of the scale."))
}
