package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/metadata"
)

// words is what the current entry says of itself, as the screen last heard of it.
type words struct {
	entry  player.EntryID
	about  metadata.Metadata
	stream string // what the stream said last
	lines  list   // of the lyrics' pane
	chosen time.Time
}

// learn keeps up with what the current entry says of itself.
func (m *model) learn(again bool) {
	if m.words.entry == m.state.Current && !again {
		return
	}
	if m.words.entry != m.state.Current {
		m.words = words{entry: m.state.Current}
		m.wave = wave{}
	}
	m.words.about, _ = m.engine.Metadata(m.state.Current)
}

// chapter words the chapter that is heard; empty where none is.
func (m *model) chapter() string {
	about := &m.words.about
	i := about.ChapterAt(m.position())
	if i < 0 {
		return ""
	}
	name := printable(about.Chapters[i].Title)
	if name == "" {
		name = "chapter"
	}
	return fmt.Sprintf("%d/%d %s", i+1, len(about.Chapters), name)
}

// seekChapter goes to the next chapter's beginning, or to this one's or, within its first three seconds,
// the one before.
func (m *model) seekChapter(by int) (to time.Duration, ok bool) {
	chapters := m.words.about.Chapters
	if len(chapters) == 0 {
		m.say("no chapters")
		return 0, false
	}
	const near = 3 * time.Second
	at := m.position()
	if by > 0 {
		for _, c := range chapters {
			if c.Start > at {
				return c.Start, true
			}
		}
		return 0, false
	}
	for _, c := range chapters {
		if c.Start <= max(at-near, 0) {
			to = c.Start
		}
	}
	return to, true
}

// lyricLine is the line that is sung, or what the stream says of this moment; empty for neither.
func (m *model) lyricLine() string {
	text := m.words.stream
	if l := m.words.about.SyncedLyrics(); l != nil {
		if i := l.At(m.position()); i >= 0 {
			text = printable(l.Lines[i].Text)
		} else {
			text = ""
		}
	}
	if text == "" {
		return ""
	}
	return m.theme.accent.Render("♪ ") + m.theme.plain.Render(text)
}

// lyrics gives all lines, with times or without, and the one that is sung, −1 for none.
func (m *model) lyrics() (lines []string, current int, synced *metadata.Lyrics) {
	about := &m.words.about
	if synced = about.SyncedLyrics(); synced != nil {
		for _, line := range synced.Lines {
			lines = append(lines, printable(line.Text))
		}
		return lines, synced.At(m.position()), synced
	}
	for _, l := range about.Lyrics {
		if l.Plain != "" {
			for line := range strings.Lines(l.Plain) {
				lines = append(lines, printable(line))
			}
			return lines, -1, nil
		}
	}
	return nil, -1, nil
}

// lyricsView is the lyrics' pane: the line that is sung in the middle, or what the user has scrolled to.
func (m *model) lyricsView(height, width int) []string {
	lines, current, synced := m.lyrics()
	if len(lines) == 0 {
		return []string{m.theme.dim.Render("no lyrics: put them beside the file, under its name with .lrc")}
	}
	scrolled := m.now().Before(m.words.chosen)
	l := &m.words.lines
	if synced != nil && !scrolled {
		l.cursor = max(current, 0)
		l.offset = l.cursor - height/2
	}
	from, to := l.window(len(lines), height)
	out := make([]string, 0, to-from)
	for i := from; i < to; i++ {
		mark, text := "  ", ansi.Truncate(lines[i], max(width-2, 0), "…")
		switch {
		case i == current:
			mark, text = m.theme.accent.Render("♪ "), m.theme.accent.Render(text)
		case synced != nil && i < current:
			text = m.theme.dim.Render(text)
		}
		if scrolled && i == l.cursor {
			mark = cursorMark + " "
		}
		out = append(out, mark+text)
	}
	return out
}

// lyricsKey scrolls, and seeks to the line under the cursor.
func (m *model) lyricsKey(pressed string) (to time.Duration, seek, done bool) {
	lines, _, synced := m.lyrics()
	l := &m.words.lines
	switch pressed {
	case "enter":
		if synced == nil || l.cursor >= len(synced.Lines) {
			return 0, false, true
		}
		m.words.chosen = time.Time{}
		return synced.Lines[l.cursor].Start, true, true
	case "esc":
		m.words.chosen, m.pane = time.Time{}, paneQueue
		return 0, false, true
	}
	if !m.scroll(l, len(lines), pressed) {
		return 0, false, false
	}
	m.words.chosen = m.now().Add(chosenTime)
	return 0, false, true
}
