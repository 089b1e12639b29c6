package main

import (
	"math"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/segue-audio/segue/player"
)

const (
	seekStep   = 5 * time.Second
	seekLeap   = 30 * time.Second
	volumeStep = 0.05
)

// speeds are those that [ and ] step through.
var speeds = [...]float64{0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2}

// keyHelp is shown by ?; the first column is what is pressed.
var keyHelp = [...][2]string{
	{"space", "pause and play"},
	{"← →", "5 s back, forward; with shift 30 s"},
	{"< >", "this chapter's beginning or the one before; the next chapter"},
	{"n p", "next track; this one's beginning or the previous"},
	{"+ - m", "louder, quieter, mute"},
	{"s z", "shuffle: tracks, albums, off; repeat: all, one, off"},
	{"t", "sleep: at the end of the track, in 15, 30, 60 min, never"},
	{"e E", "equaliser: next preset, previous"},
	{"o , .", "mono and back; balance to the left, to the right"},
	{"x i v", "crossfade; skip silence; even loudness: track, album, auto, off"},
	{"r R", "quality: automatic, or each rendition in turn; backwards"},
	{"[ ]", "slower, faster; = for normal"},
	{"↑ ↓", "move in the list; page up, page down, home, end"},
	{"enter", "queue, lyrics: play from here · album: open · track: play now"},
	{"J K d", "queue: move this down, up; remove"},
	{"a A", "append the track or album to the queue; play it next"},
	{"tab", "queue, catalogue, search, lyrics; esc for back"},
	{"L /", "lyrics; search"},
	{"q", "quit"},
}

// keys answers keys. Those that come at once, as from a held key on a slow line, come as one message.
func (m *model) keys(msg tea.KeyMsg) tea.Cmd {
	if msg.Type != tea.KeyRunes || len(msg.Runes) < 2 || m.input.Focused() {
		return m.key(msg)
	}
	if msg.Paste {
		return nil // text is no command
	}
	cmds := make([]tea.Cmd, 0, len(msg.Runes))
	for _, r := range msg.Runes {
		one := msg
		one.Runes = []rune{r}
		cmds = append(cmds, m.key(one))
	}
	return tea.Batch(cmds...)
}

// key answers one key.
func (m *model) key(msg tea.KeyMsg) tea.Cmd {
	pressed := msg.String()
	switch {
	case pressed == "ctrl+c":
		m.interrupted = true
		return tea.Quit
	case pressed == "ctrl+z":
		return tea.Suspend
	case m.help:
		m.help = false
		if pressed == "q" {
			return tea.Quit
		}
		return nil
	case m.input.Focused():
		return m.inputKey(msg)
	}
	if cmd, done := m.listKey(pressed); done {
		return cmd
	}
	return m.playKey(pressed)
}

// inputKey edits the search text.
func (m *model) inputKey(msg tea.KeyMsg) tea.Cmd {
	switch msg.String() {
	case "enter":
		m.input.Blur()
		if text := m.input.Value(); text != "" {
			return m.searchFor(text)
		}
		return nil
	case "esc", "tab":
		m.input.Blur()
		if len(m.results.rows) == 0 {
			m.pane = paneQueue
		}
		return nil
	}
	var cmd tea.Cmd
	m.input, cmd = m.input.Update(msg)
	return cmd
}

// playKey steers the music.
func (m *model) playKey(pressed string) tea.Cmd {
	switch pressed {
	case "q":
		return tea.Quit
	case "?":
		m.help = true
	case "/":
		m.pane = paneSearch
		return m.input.Focus()
	case "tab":
		return m.showPane((m.pane + 1) % panes)
	case "shift+tab":
		return m.showPane((m.pane + panes - 1) % panes)
	case " ":
		m.pauseOrPlay()
	case "n":
		m.engine.Next()
	case "p":
		m.engine.Previous()
	case "left":
		return m.seekBy(-seekStep)
	case "right":
		return m.seekBy(seekStep)
	case "shift+left":
		return m.seekBy(-seekLeap)
	case "shift+right":
		return m.seekBy(seekLeap)
	case "+":
		m.changeVolume(volumeStep)
	case "-":
		m.changeVolume(-volumeStep)
	case "r":
		m.engine.SetRendition(nextSelection(m.state, 1))
	case "R":
		m.engine.SetRendition(nextSelection(m.state, -1))
	case "[":
		m.engine.SetSpeed(nextSpeed(m.state.Speed, -1))
	case "]":
		m.engine.SetSpeed(nextSpeed(m.state.Speed, 1))
	case "=":
		m.engine.SetSpeed(1)
	case "<", ">":
		if to, ok := m.seekChapter(strings.Index("<>", pressed)*2 - 1); ok {
			return m.seekTo(to)
		}
	case "L":
		if m.pane == paneLyrics {
			return m.showPane(paneQueue)
		}
		return m.showPane(paneLyrics)
	default:
		if !m.modeKey(pressed) {
			return nil
		}
	}
	return m.look()
}

// listKey moves in the list that is shown and acts on its row. done is false for other keys.
func (m *model) listKey(pressed string) (cmd tea.Cmd, done bool) {
	switch m.pane {
	case paneLyrics:
		to, seek, done := m.lyricsKey(pressed)
		if seek {
			cmd = m.seekTo(to)
		}
		return cmd, done
	case paneQueue:
		if m.scroll(&m.queue, m.state.Queue.Len(), pressed) {
			m.chosen = m.now().Add(chosenTime)
			return nil, true
		}
		return m.queueKey(pressed)
	}
	b := m.at(m.pane)
	if m.scroll(&b.list, len(b.rows), pressed) {
		return nil, true
	}
	return m.browserKey(pressed)
}

// scroll moves in a list of n rows. done is false for other keys.
func (m *model) scroll(l *list, n int, pressed string) (done bool) {
	page := max(m.layout().list-1, 1)
	switch pressed {
	case "up", "k":
		l.move(-1, n)
	case "down", "j":
		l.move(1, n)
	case "pgup":
		l.move(-page, n)
	case "pgdown":
		l.move(page, n)
	case "home", "g":
		l.move(-n, n)
	case "end", "G":
		l.move(n, n)
	default:
		return false
	}
	return true
}

// queueKey acts on the queue's row under the cursor.
func (m *model) queueKey(pressed string) (cmd tea.Cmd, done bool) {
	if m.queue.cursor >= m.state.Queue.Len() {
		return nil, false
	}
	id := m.state.Queue.At(m.queue.cursor).ID
	switch pressed {
	case "enter":
		m.chosen = time.Time{}
		m.engine.SkipTo(id)
		m.engine.Play()
	case "d", "delete":
		m.engine.Remove(id)
	case "J":
		m.moveRow(id, 1)
	case "K":
		m.moveRow(id, -1)
	case "esc":
		m.chosen = time.Time{}
	default:
		return nil, false
	}
	return m.look(), true
}

// moveRow moves the row under the cursor by one, and the cursor with it.
func (m *model) moveRow(id player.EntryID, by int) {
	to := m.queue.cursor + by
	if to < 0 || to >= m.state.Queue.Len() {
		return
	}
	place := player.After(m.state.Queue.At(to).ID)
	if by < 0 {
		place = player.Before(m.state.Queue.At(to).ID)
	}
	m.engine.Move(id, place)
	m.queue.cursor = to
	m.chosen = m.now().Add(chosenTime)
}

// browserKey acts on the catalogue's row under the cursor.
func (m *model) browserKey(pressed string) (cmd tea.Cmd, done bool) {
	b := m.at(m.pane)
	if pressed == "esc" || pressed == "backspace" {
		if b.above == nil {
			m.pane = paneQueue
		}
		b.goBack()
		return nil, true
	}
	if b.list.cursor >= len(b.rows) {
		return nil, false
	}
	r := b.rows[b.list.cursor]
	switch {
	case pressed == "enter" && r.album:
		return m.openAlbum(m.pane, r), true
	case pressed == "enter":
		return m.add(r, addNow), true
	case pressed == "a":
		return m.add(r, addLast), true
	case pressed == "A":
		return m.add(r, addNext), true
	}
	return nil, false
}

func (m *model) showPane(p pane) tea.Cmd {
	m.pane = p
	if p == paneCatalogue && len(m.browse.rows) == 0 && !m.browse.loading {
		return m.openCatalogue()
	}
	if p == paneSearch && len(m.results.rows) == 0 {
		return m.input.Focus()
	}
	return nil
}

func (m *model) pauseOrPlay() {
	if m.state.Intent == player.Playing && m.state.Phase != player.Ended {
		m.engine.Pause()
		return
	}
	if m.state.Phase == player.Ended && m.state.Queue.Len() > 0 {
		m.engine.SkipTo(m.state.Queue.At(0).ID)
	}
	m.engine.Play()
}

func (m *model) changeVolume(by float64) {
	steps := math.Round((m.state.Volume + by) / volumeStep) // whole steps, so that errors don't add up
	m.engine.SetVolume(min(max(steps*volumeStep, 0), 1))
}

// nextSelection steps through automatic and each of the renditions.
func nextSelection(s player.State, by int) player.Selection {
	n := len(s.Renditions)
	place := 0 // automatic
	switch s.Selection.Mode {
	case player.ModeLowest:
		place = min(1, n)
	case player.ModeHighest:
		place = n
	case player.ModeFixed:
		place = min(s.Selection.Index, n-1) + 1
	}
	place = (place + by + n + 1) % (n + 1)
	if place == 0 {
		return player.Selection{}
	}
	return player.Selection{Mode: player.ModeFixed, Index: place - 1}
}

// nextSpeed is the neighbour of a speed among those offered.
func nextSpeed(now float64, by int) float64 {
	at, exact := slices.BinarySearch(speeds[:], now)
	if !exact && by > 0 {
		at-- // at is the first above now already
	}
	return speeds[min(max(at+by, 0), len(speeds)-1)]
}
