package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"time"

	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"

	"github.com/segue-audio/segue/api"
	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/metadata"
	"github.com/segue-audio/segue/player/waveform"
)

// engine is what the screen needs of *player.Player.
type engine interface {
	Append(items ...player.Item) []player.EntryID
	InsertNext(items ...player.Item) []player.EntryID
	Move(id player.EntryID, to player.Place)
	Remove(ids ...player.EntryID)
	Play()
	Pause()
	Next()
	Previous()
	SkipTo(id player.EntryID)
	Seek(ctx context.Context, to time.Duration) error
	SetVolume(float64)
	SetRendition(player.Selection)
	SetSpeed(float64)
	SetShuffle(player.Shuffle)
	SetRepeat(player.Repeat)
	SetSleep(player.Sleep)
	SetCrossfade(time.Duration, dsp.Curve)
	SetSkipSilence(bool)
	SetLoudness(dsp.Loudness)
	Mute()
	Unmute()
	State() player.State
	Metadata(id player.EntryID) (metadata.Metadata, bool)
	ReadMetadata(ctx context.Context, id player.EntryID) (metadata.Metadata, error)
	Waveform(id player.EntryID) (waveform.Waveform, bool)
}

// catalogue is what the screen needs of *library.
type catalogue interface {
	albums(ctx context.Context) ([]api.Album, error)
	album(ctx context.Context, id string) (api.Album, error)
	search(ctx context.Context, text string) (api.SearchResult, error)
	trackItems(ctx context.Context, ids []string) ([]player.Item, []error)
	cover(ctx context.Context, it player.Item) ([]byte, error)
}

// pane is which list the lower half of the screen shows.
type pane int

const (
	paneQueue pane = iota
	paneCatalogue
	paneSearch
	paneLyrics
	panes
)

// tick is how often the screen looks at the player.
const tick = 200 * time.Millisecond

const (
	// toastTime is how long a message stays.
	toastTime = 6 * time.Second
	// chosenTime is how long the queue's cursor stays after the last key that moved it.
	chosenTime = 20 * time.Second
)

type (
	tickMsg     time.Time
	leaveMsg    struct{ interrupted bool }
	gatheredMsg []player.Item
	seekDoneMsg int
	coverMsg    struct {
		key   string
		image image.Image // nil for none
	}
)

// model is the screen. Its methods are called from the screen's one goroutine.
type model struct {
	ctx    context.Context // of the questions to the server
	engine engine
	sound  *sound
	shop   catalogue
	theme  theme
	now    func() time.Time

	listen     tea.Cmd              // waits for the next news
	gather     func() []player.Item // makes the first items; nil for none
	leaveAtEnd bool                 // unless the user is looking for more
	fade       time.Duration        // of the crossfade that x switches on
	curve      dsp.Curve
	width      int
	height     int

	state   player.State
	history history
	reason  string // of the last change of state
	pane    pane
	help    bool

	words   words
	wave    wave
	queue   list
	total   total
	chosen  time.Time // until then the queue's cursor stays where the user moved it; else it follows the music
	browse  browser
	results browser
	input   textinput.Model

	toast      string
	toastWrong bool
	toastUntil time.Time

	sought  time.Duration // while seeking > 0
	seeking int           // the number of the newest seek; 0 once it has been heard
	seekSeq int

	coverKey   string
	cover      image.Image
	coverLines []string // of cover at the size last shown

	interrupted bool
}

func newModel(ctx context.Context, e engine, shop catalogue, t theme) *model {
	input := textinput.New()
	input.Prompt = "/ "
	input.Placeholder = "title, artist or album"
	input.CharLimit = api.MaxQuerySize / 4 // characters of up to four bytes
	return &model{ctx: ctx, engine: e, shop: shop, theme: t, now: time.Now, input: input, state: e.State(),
		sound: &sound{now: neutral(), install: func(...dsp.Processor) {}}, fade: defaultFade}
}

// Init starts the clock and fetches what is shown first.
func (m *model) Init() tea.Cmd {
	cmds := []tea.Cmd{m.tick(), m.listen}
	if m.gather != nil {
		cmds = append(cmds, func() tea.Msg { return gatheredMsg(m.gather()) })
	}
	if m.pane == paneCatalogue {
		cmds = append(cmds, m.openCatalogue())
	}
	return tea.Batch(cmds...)
}

func (m *model) tick() tea.Cmd {
	return tea.Tick(tick, func(t time.Time) tea.Msg { return tickMsg(t) })
}

// Update takes one message.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height, m.coverLines = msg.Width, msg.Height, nil
	case tea.KeyMsg:
		return m, m.keys(msg)
	case tickMsg:
		return m, tea.Batch(m.tick(), m.look())
	case leaveMsg:
		m.interrupted = m.interrupted || msg.interrupted
		return m, tea.Quit
	case gatheredMsg:
		if len(msg) == 0 && m.state.Queue.Len() == 0 {
			return m, tea.Quit // the errors are printed after the screen is gone
		}
		if len(msg) > 0 {
			m.engine.Append(msg...)
			m.engine.Play()
		}
		return m, m.look()
	case eventMsg:
		return m, tea.Batch(m.listen, m.event(msg.Event))
	case noticeMsg:
		m.say(string(msg))
		return m, m.listen
	case seekDoneMsg:
		if int(msg) == m.seeking {
			m.seeking = 0
		}
	case coverMsg:
		if msg.key == m.coverKey {
			m.cover, m.coverLines = msg.image, nil
		}
	case browseMsg:
		return m, m.browsed(msg)
	case addedMsg:
		return m, m.added(msg)
	default: // the cursor of the input blinks
		var cmd tea.Cmd
		m.input, cmd = m.input.Update(msg)
		return m, cmd
	}
	return m, nil
}

// look takes a fresh snapshot and does what follows from it.
func (m *model) look() tea.Cmd {
	m.state = m.engine.State()
	m.history.add(m.now(), m.state)
	if !m.choosing() && m.state.Index >= 0 {
		m.queue.cursor = m.state.Index
	}
	m.queue.clamp(m.state.Queue.Len())
	m.learn(false)
	m.lookAtWave()
	if m.toast != "" && m.now().After(m.toastUntil) {
		m.toast = ""
	}
	return m.wantCover()
}

// event shows what the state does not tell.
func (m *model) event(e player.Event) tea.Cmd {
	switch w := e.What.(type) {
	case player.StateChanged:
		m.reason = string(w.Reason)
		if w.Phase == player.Ended && m.leaveAtEnd && m.pane == paneQueue && !m.help {
			return tea.Quit
		}
	case player.Failed:
		m.complain(w.Err.Error())
	case player.RenditionChanged:
		if w.From >= 0 {
			m.say(fmt.Sprintf("now %s %s: %s", w.Bitrate, codecName(w.Codecs), w.Reason))
		}
	case player.MetadataChanged:
		m.learn(true)
	case player.TimedMetadata:
		m.words.stream = timedWords(&w.Metadata)
	case player.WaveformReady:
		m.wave.looked = time.Time{}
	case player.OutputRestored:
		m.say(fmt.Sprintf("the output is back after %.1f s", w.After.Seconds()))
	case player.Rebuffered:
		m.say(fmt.Sprintf("music came too late: %.1f s of silence", w.Length.Seconds()))
	}
	return m.look()
}

func (m *model) say(text string) {
	m.toast, m.toastWrong, m.toastUntil = printable(text), false, m.now().Add(toastTime)
}

func (m *model) complain(text string) {
	m.say(text)
	m.toastWrong, m.toastUntil = true, m.now().Add(2*toastTime)
}

// choosing tells whether the user is moving in the queue.
func (m *model) choosing() bool { return m.now().Before(m.chosen) }

// current is the entry that is heard or will be next.
func (m *model) current() (player.Entry, bool) {
	if i := m.state.Index; i >= 0 && i < m.state.Queue.Len() {
		return m.state.Queue.At(i), true
	}
	return player.Entry{}, false
}

// position is where the music is, or will be once a seek is heard.
func (m *model) position() time.Duration {
	if m.seeking > 0 {
		return m.sought
	}
	return m.state.Position
}

// seekBy moves by d. Seeks that come quickly add up.
func (m *model) seekBy(d time.Duration) tea.Cmd {
	if _, ok := m.current(); !ok {
		return nil
	}
	to := max(m.position()+d, 0)
	if m.state.Duration > 0 {
		to = min(to, max(m.state.Duration-time.Second, 0))
	}
	return m.seekTo(to)
}

// seekTo goes to a moment of the current entry.
func (m *model) seekTo(to time.Duration) tea.Cmd {
	m.seekSeq++
	m.seeking, m.sought = m.seekSeq, to
	number, ctx, e := m.seekSeq, m.ctx, m.engine
	return func() tea.Msg {
		// What goes wrong with a seek comes as an event too.
		_ = e.Seek(ctx, to)
		return seekDoneMsg(number)
	}
}

// wantCover fetches the picture of the current entry if it isn't there.
func (m *model) wantCover() tea.Cmd {
	entry, ok := m.current()
	key := entry.Item.ContentID + "\n" + entry.Item.URL
	if !ok || key == m.coverKey || !m.theme.pictures() || m.shop == nil {
		return nil
	}
	m.coverKey = key
	return func() tea.Msg {
		data, err := m.coverOf(entry)
		if err != nil {
			return coverMsg{key: key}
		}
		img, err := decodeCover(data)
		if err != nil {
			return coverMsg{key: key}
		}
		return coverMsg{key, img}
	}
}

// coverOf gets a picture: from where the entry is from, or else from its file. Any goroutine.
func (m *model) coverOf(entry player.Entry) ([]byte, error) {
	data, err := m.shop.cover(m.ctx, entry.Item)
	if err == nil {
		return data, nil
	}
	about, err := m.engine.ReadMetadata(m.ctx, entry.ID)
	if p := about.Cover(); p != nil && p.Data != nil {
		return p.Data, nil
	}
	return nil, errors.Join(errNoCover, err)
}
