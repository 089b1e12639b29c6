package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"

	"github.com/segue-audio/segue/api"
	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/metadata"
	"github.com/segue-audio/segue/player/waveform"
)

// script is an engine that writes down what it is told and shows the state that the test sets.
type script struct {
	calls []string
	state player.State
	queue []player.Entry
	next  player.EntryID
	about metadata.Metadata
	wave  waveform.Waveform
}

func (s *script) say(format string, args ...any) {
	s.calls = append(s.calls, fmt.Sprintf(format, args...))
}

func (s *script) told() string {
	all := strings.Join(s.calls, ", ")
	s.calls = nil
	return all
}

func (s *script) add(items []player.Item) (ids []player.EntryID) {
	for _, it := range items {
		s.next++
		ids = append(ids, s.next)
		s.queue = append(s.queue, player.Entry{ID: s.next, Item: it})
	}
	s.list()
	return ids
}

// list shows the queue, with the current entry at the state's index.
func (s *script) list() { s.state.Queue = player.QueueOf(s.state.Current, s.queue...) }

func (s *script) Append(items ...player.Item) []player.EntryID {
	s.say("append %d", len(items))
	return s.add(items)
}

func (s *script) InsertNext(items ...player.Item) []player.EntryID {
	s.say("insert %d", len(items))
	return s.add(items)
}
func (s *script) Remove(ids ...player.EntryID) { s.say("remove %d", ids[0]) }
func (s *script) Play()                        { s.say("play"); s.state.Intent = player.Playing }
func (s *script) Pause()                       { s.say("pause"); s.state.Intent = player.Paused }
func (s *script) Next()                        { s.say("next") }
func (s *script) Previous()                    { s.say("previous") }
func (s *script) SkipTo(id player.EntryID)     { s.say("skip to %d", id) }
func (s *script) Seek(_ context.Context, to time.Duration) error {
	s.say("seek %v", to)
	return nil
}
func (s *script) SetVolume(v float64) { s.say("volume %.2f", v); s.state.Volume = v }
func (s *script) SetSpeed(v float64)  { s.say("speed %g", v); s.state.Speed = v }
func (s *script) State() player.State { return s.state }
func (s *script) Move(id player.EntryID, to player.Place) {
	for _, e := range s.queue {
		switch to {
		case player.Before(e.ID):
			s.say("move %d before %d", id, e.ID)
		case player.After(e.ID):
			s.say("move %d after %d", id, e.ID)
		}
	}
}
func (s *script) SetShuffle(v player.Shuffle) { s.say("shuffle %d", v.Mode); s.state.Shuffle = v }
func (s *script) SetRepeat(v player.Repeat)   { s.say("repeat %d", v); s.state.Repeat = v }
func (s *script) SetSleep(v player.Sleep) {
	s.say("sleep %v/%d", v.After, v.End)
	v.Fade = player.DefaultSleepFade
	s.state.Sleep = player.SleepState{Sleep: v, Remaining: v.After}
}
func (s *script) SetCrossfade(v time.Duration, c dsp.Curve) {
	s.say("fade %v/%d", v, c)
	s.state.Crossfade = v
}
func (s *script) SetSkipSilence(on bool)     { s.say("skip silence %v", on); s.state.SkipSilence = on }
func (s *script) SetLoudness(l dsp.Loudness) { s.say("loudness %d", l.Mode); s.state.Loudness = l }
func (s *script) Mute()                      { s.say("mute"); s.state.Muted = true }
func (s *script) Unmute()                    { s.say("unmute"); s.state.Muted = false }
func (s *script) Metadata(player.EntryID) (metadata.Metadata, bool) {
	return s.about, !s.about.Empty()
}
func (s *script) ReadMetadata(context.Context, player.EntryID) (metadata.Metadata, error) {
	return s.about, nil
}
func (s *script) Waveform(player.EntryID) (waveform.Waveform, bool) {
	return s.wave, len(s.wave.Points) > 0
}
func (s *script) SetRendition(sel player.Selection) {
	s.say("rendition %d/%d", sel.Mode, sel.Index)
	s.state.Selection = sel
}

// stall is a catalogue with two albums.
type stall struct{ broken error }

func (s stall) albums(context.Context) ([]api.Album, error) {
	return []api.Album{{ID: "a1", Title: "First", Artist: "Band", Year: 1999, TrackCount: 2}, {ID: "a2", Title: "Second", TrackCount: 1}}, s.broken
}

func (s stall) album(_ context.Context, id string) (api.Album, error) {
	return api.Album{ID: id, Title: "First", Tracks: []api.Track{{ID: id + "-1", Title: "One", DurationMS: 65000}, {ID: id + "-2", Title: "Two"}}}, s.broken
}

func (s stall) search(_ context.Context, text string) (api.SearchResult, error) {
	return api.SearchResult{Tracks: []api.Track{{ID: "f1", Title: "Found " + text, Artist: "Band"}}, Albums: []api.Album{{ID: "a1", Title: "First"}}}, s.broken
}

func (s stall) trackItems(_ context.Context, ids []string) (items []player.Item, errs []error) {
	for _, id := range ids {
		items = append(items, player.Item{Title: id})
	}
	return items, nil
}

func (s stall) cover(context.Context, player.Item) ([]byte, error) { return nil, errNoCover }

// testTheme is the look on a terminal of a kind, whatever the tests run on.
func testTheme(p termenv.Profile) theme {
	r := lipgloss.NewRenderer(io.Discard)
	r.SetColorProfile(p)
	r.SetHasDarkBackground(true)
	return themeFor(r)
}

func testModel(width, height int) (*model, *script) {
	e := &script{state: player.State{
		Intent: player.Playing, Phase: player.Ready, Current: 3, Index: 2,
		Position: 83400 * time.Millisecond, Duration: 200 * time.Second, Buffered: 24500 * time.Millisecond,
		Renditions: []player.Rendition{{Bitrate: 64000, Codecs: "mp4a.40.34"}, {Bitrate: 128000, Codecs: "mp4a.40.34"},
			{Bitrate: 320000, Codecs: "mp4a.40.34"}, {Bitrate: 880000, Codecs: "fLaC", Lossless: true}},
		Rendition: 2, Loading: 3, Bandwidth: 3_400_000, SampleRate: 44100, Volume: 0.8, Speed: 1,
	}}
	for i := range 30 {
		e.add([]player.Item{{Title: fmt.Sprintf("Track number %d", i+1), Artist: "Some Artist", Album: "The Album", Duration: time.Duration(100+i) * time.Second}})
	}
	e.queue[3].Item = player.Item{Title: "夜の電車に乗って、どこか遠くの町へ行きたいと思うことがある", Artist: "山田", Duration: 3700 * time.Second}
	e.queue[4].Item = player.Item{URL: "http://host/path/stream.m3u8?token=secret"}
	e.list()
	m := newModel(context.Background(), e, stall{}, testTheme(termenv.Ascii))
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	m.now = func() time.Time { return now }
	for i := range 100 { // 50 s of history
		s := e.state
		s.Buffered = time.Duration(15+14*math.Sin(float64(i)/9)) * time.Second
		s.Bandwidth = s.Bandwidth * 100 / media.Bitrate(100+i)
		s.Rendition = min(i/20, 3)
		m.history.add(now.Add(time.Duration(i-100)*historyStep), s)
	}
	m.Update(tea.WindowSizeMsg{Width: width, Height: height})
	m.look()
	return m, e
}

func press(t *testing.T, m *model, keys ...string) {
	t.Helper()
	named := map[string]tea.KeyType{"enter": tea.KeyEnter, "esc": tea.KeyEsc, "tab": tea.KeyTab, "up": tea.KeyUp, "down": tea.KeyDown,
		"left": tea.KeyLeft, "right": tea.KeyRight, "shift+right": tea.KeyShiftRight, "pgdown": tea.KeyPgDown, "end": tea.KeyEnd,
		"home": tea.KeyHome, "ctrl+c": tea.KeyCtrlC, "space": tea.KeySpace, "backspace": tea.KeyBackspace}
	for _, k := range keys {
		msg := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)}
		if kind, ok := named[k]; ok {
			msg = tea.KeyMsg{Type: kind}
			if k == "space" {
				msg.Runes = []rune{' '}
			}
		}
		_, cmd := m.Update(msg)
		if !m.input.Focused() { // what comes of a letter is only that the cursor blinks
			settle(m, cmd)
		}
	}
}

// settle runs commands and gives what comes of them to the model, but for the clock and the
// blinking cursor.
func settle(m *model, cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case tea.BatchMsg:
		for _, c := range msg {
			settle(m, c)
		}
	case browseMsg, addedMsg, seekDoneMsg, coverMsg, gatheredMsg:
		_, next := m.Update(msg)
		settle(m, next)
	}
}

func TestKeysSteerTheMusic(t *testing.T) {
	tests := []struct{ keys, told string }{
		{"space", "pause"}, {"space space", "pause, play"}, {"n", "next"}, {"p", "previous"},
		{"left", "seek 1m18.4s"}, {"right", "seek 1m28.4s"}, {"shift+right", "seek 1m53.4s"},
		{"+", "volume 0.85"}, {"- -", "volume 0.75, volume 0.70"}, {"+ + + + + +", "volume 0.85, volume 0.90, volume 0.95, volume 1.00, volume 1.00, volume 1.00"},
		{"r", "rendition 3/0"}, {"R", "rendition 3/3"}, {"R r", "rendition 3/3, rendition 0/0"},
		{"]", "speed 1.1"}, {"[ =", "speed 0.9, speed 1"},
		{"nn-", "next, next, volume 0.75"},
		{"s s s", "shuffle 1, shuffle 2, shuffle 0"}, {"z z z", "repeat 2, repeat 1, repeat 0"}, {"m m", "mute, unmute"},
		{"x x", "fade 6s/0, fade 0s/0"}, {"i i", "skip silence true, skip silence false"},
		{"t t t t t", "sleep 0s/1, sleep 15m0s/0, sleep 30m0s/0, sleep 1h0m0s/0, sleep 0s/0"},
		{"v v v v", "loudness 1, loudness 2, loudness 3, loudness 0"},
		{"J J", "move 3 after 4, move 4 after 5"}, {"down K", "move 4 before 3"}, {"home K", ""}, {"end J", ""},
		{">", ""}, {"<", ""},
		{"down enter", "skip to 4, play"}, {"down d", "remove 4"}, {"end enter", "skip to 30, play"}, {"home up d", "remove 1"},
	}
	for _, test := range tests {
		m, e := testModel(80, 24)
		press(t, m, strings.Fields(test.keys)...)
		if got := e.told(); got != test.told {
			t.Errorf("%s: %q, want %q", test.keys, got, test.told)
		}
	}
}

func TestSeeksAddUpUntilHeard(t *testing.T) {
	m, e := testModel(80, 24)
	var cmds []tea.Cmd
	for range 3 {
		_, cmd := m.Update(tea.KeyMsg{Type: tea.KeyRight})
		cmds = append(cmds, cmd)
	}
	if !strings.Contains(m.View(), "seeking to 1:38") {
		t.Errorf("%s", m.View())
	}
	settle(m, cmds[0]) // superseded: the newest seek still counts
	if m.position() != 98400*time.Millisecond {
		t.Error(m.position())
	}
	settle(m, cmds[2])
	if e.told() != "seek 1m28.4s, seek 1m38.4s" || m.position() != e.state.Position {
		t.Error(m.position())
	}
}

func TestSeekStaysWithinTheTrack(t *testing.T) {
	m, e := testModel(80, 24)
	e.state.Position = 198 * time.Second
	m.look()
	press(t, m, "right")
	e.state.Position = 2 * time.Second
	m.look()
	press(t, m, "left")
	if got := e.told(); got != "seek 3m19s, seek 0s" {
		t.Error(got)
	}
}

func TestQuitting(t *testing.T) {
	for key, interrupted := range map[string]bool{"q": false, "ctrl+c": true} {
		m, _ := testModel(80, 24)
		msg := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(key)}
		if key == "ctrl+c" {
			msg = tea.KeyMsg{Type: tea.KeyCtrlC}
		}
		_, cmd := m.Update(msg)
		if cmd == nil || m.interrupted != interrupted {
			t.Fatalf("%s: %v", key, m.interrupted)
		}
		if _, ok := cmd().(tea.QuitMsg); !ok {
			t.Errorf("%s does not quit", key)
		}
	}
}

func TestLeavesAtTheEndUnlessBrowsing(t *testing.T) {
	ended := player.Event{What: player.StateChanged{Phase: player.Ended}}
	for _, test := range []struct {
		leave bool
		pane  pane
		quits bool
	}{{true, paneQueue, true}, {false, paneQueue, false}, {true, paneSearch, false}} {
		m, _ := testModel(80, 24)
		m.leaveAtEnd, m.pane = test.leave, test.pane
		cmd := m.event(ended)
		quits := false
		if cmd != nil {
			_, quits = cmd().(tea.QuitMsg)
		}
		if quits != test.quits {
			t.Errorf("%+v: %v", test, quits)
		}
	}
}

func TestCatalogueKeys(t *testing.T) {
	m, e := testModel(80, 24)
	press(t, m, "tab")
	if v := m.View(); !strings.Contains(v, "◉ First") || !strings.Contains(v, "1999 · 2 tracks") {
		t.Fatal(v)
	}
	press(t, m, "enter")
	if v := m.View(); !strings.Contains(v, "One") || !strings.Contains(v, "1:05") || strings.Contains(v, "◉") {
		t.Fatal(v)
	}
	press(t, m, "down", "a")
	if got := e.told(); got != "append 1" {
		t.Error(got)
	}
	press(t, m, "enter")
	if got := e.told(); got != "insert 1, skip to 32, play" {
		t.Error(got)
	}
	press(t, m, "esc", "a")
	if got := e.told(); got != "append 2" || m.browse.above != nil {
		t.Error(got)
	}
	press(t, m, "esc")
	if m.pane != paneQueue {
		t.Error("esc does not lead back")
	}
}

func TestAppendingToNothingPlays(t *testing.T) {
	m, e := testModel(80, 24)
	e.state.Phase, e.state.Queue = player.Ended, player.QueueView{}
	m.look()
	press(t, m, "tab", "a")
	if got := e.told(); got != "append 2, skip to 31, play" {
		t.Error(got)
	}
}

func TestSearchKeys(t *testing.T) {
	m, e := testModel(80, 24)
	press(t, m, "/", "n", "q", " ", "p") // letters, not commands
	if got := e.told(); got != "" || m.input.Value() != "nq p" {
		t.Fatalf("%q, %q", got, m.input.Value())
	}
	press(t, m, "enter")
	if v := m.View(); !strings.Contains(v, "Found nq p") || !strings.Contains(v, "“nq p”") {
		t.Fatal(v)
	}
	press(t, m, "enter")
	if got := e.told(); got != "insert 1, skip to 31, play" {
		t.Error(got)
	}
}

func TestLateAnswersAreDropped(t *testing.T) {
	m, _ := testModel(80, 24)
	first := m.searchFor("first")
	second := m.searchFor("second")
	settle(m, second)
	settle(m, first)
	if m.results.rows[0].title != "Found second" {
		t.Error(m.results.rows)
	}
}

func TestCatalogueFailureIsShown(t *testing.T) {
	m, _ := testModel(80, 24)
	m.shop = stall{broken: errors.New("2001 network error: \x1b[31mrefused")}
	press(t, m, "tab")
	if v := m.View(); !strings.Contains(v, "2001 network error: [31mrefused") {
		t.Error(v)
	}
}

func TestHelpCoversAndGoesAway(t *testing.T) {
	m, e := testModel(80, 24)
	press(t, m, "?")
	if v := m.View(); !strings.Contains(v, "louder, quieter") {
		t.Error(v)
	}
	press(t, m, "n")
	if m.help || e.told() != "" {
		t.Error("the key that closes the help did more")
	}
}

func TestViews(t *testing.T) {
	for _, size := range []struct{ w, h int }{{80, 24}, {60, 15}, {120, 40}, {40, 10}} {
		m, _ := testModel(size.w, size.h)
		golden(t, fmt.Sprintf("view_%dx%d.txt", size.w, size.h), m.View()+"\n")
	}
	m, e := testModel(80, 24)
	e.state.Phase, m.reason = player.Buffering, "rebuffer"
	m.event(player.Event{What: player.Failed{Err: &player.Error{Kind: player.KindServer, Title: "Track number 3", Op: "load segment 7"}}})
	golden(t, "view_trouble.txt", m.View()+"\n")
	m, e = testModel(80, 24)
	e.state = player.State{Index: -1, Rendition: -1, Volume: 1, Speed: 1}
	m.look()
	golden(t, "view_empty.txt", m.View()+"\n")
	m, _ = testModel(80, 24)
	press(t, m, "tab", "down")
	golden(t, "view_catalogue.txt", m.View()+"\n")
}

// TestViewFitsEveryWindow: never more lines than the window has, nor wider ones, whatever is shown.
func TestViewFitsEveryWindow(t *testing.T) {
	for w := 1; w <= 130; w += 1 + w/5 {
		for h := 1; h <= 48; h += 1 + h/6 {
			m, _ := testModel(w, h)
			m.cover = &image.RGBA{Pix: make([]uint8, 4), Stride: 4, Rect: image.Rect(0, 0, 1, 1)}
			m.complain(strings.Repeat("a long complaint ", 20))
			for _, show := range []func(){
				func() {}, func() { m.pane = paneCatalogue; m.browse.failure = strings.Repeat("trouble ", 50) },
				func() { m.pane = paneSearch; m.input.Focus() }, func() { m.help = true },
			} {
				show()
				view := m.View()
				lines := strings.Split(view, "\n")
				if w > 2 && len(lines) != h {
					t.Fatalf("%d×%d: %d lines\n%s", w, h, len(lines), view)
				}
				for _, line := range lines {
					if ansi.StringWidth(line) > w {
						t.Fatalf("%d×%d: %q", w, h, line)
					}
				}
			}
		}
	}
}

func BenchmarkView(b *testing.B) {
	m, _ := testModel(120, 40)
	for b.Loop() {
		m.look()
		_ = m.View()
	}
}
