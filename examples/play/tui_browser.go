package main

import (
	"fmt"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/segue-audio/segue/api"
	"github.com/segue-audio/segue/player"
)

// row is a line of the catalogue or of search results.
type row struct {
	id, title, artist, note string
	album                   bool
}

// browser is a list of the server's albums or tracks that is being looked through.
type browser struct {
	title   string // of what is listed
	rows    []row
	list    list
	loading bool
	failure string
	above   *browser // what is gone back to
	asked   int      // the number of the newest question
}

// browseMsg is the answer to a question of a browser.
type browseMsg struct {
	pane   pane
	number int
	title  string
	rows   []row
	err    error
}

// addedMsg brings tracks for the queue.
type addedMsg struct {
	items []player.Item
	errs  []error
	when  addWhen
}

// addWhen is when what is added to the queue is played.
type addWhen int

const (
	addLast addWhen = iota // behind all others
	addNext                // behind the current track
	addNow                 // at once
)

func albumRow(a api.Album) row {
	note := fmt.Sprintf("%d tracks", a.TrackCount)
	if a.TrackCount == 1 {
		note = "1 track"
	}
	if a.Year > 0 {
		note = fmt.Sprintf("%d · %s", a.Year, note)
	}
	return row{id: a.ID, title: printable(a.Title), artist: printable(a.Artist), note: note, album: true}
}

func trackRow(t api.Track) row {
	return row{id: t.ID, title: printable(t.Title), artist: printable(t.Artist), note: clock(t.Duration())}
}

// at is the browser of a pane.
func (m *model) at(p pane) *browser {
	if p == paneSearch {
		return &m.results
	}
	return &m.browse
}

// question asks the server for rows of a pane in the background.
func (m *model) question(p pane, ask func() (title string, rows []row, err error)) tea.Cmd {
	b := m.at(p)
	b.asked++
	b.loading, b.failure = true, ""
	number := b.asked
	return func() tea.Msg {
		title, rows, err := ask()
		return browseMsg{p, number, title, rows, err}
	}
}

// browsed shows an answer, unless another question was asked since.
func (m *model) browsed(msg browseMsg) tea.Cmd {
	b := m.at(msg.pane)
	if msg.number != b.asked {
		return nil
	}
	b.loading = false
	if msg.err != nil {
		b.failure = printable(msg.err.Error())
		return nil
	}
	b.title, b.rows, b.list = msg.title, msg.rows, list{}
	return nil
}

// openCatalogue lists the albums.
func (m *model) openCatalogue() tea.Cmd {
	ctx, shop := m.ctx, m.shop
	return m.question(paneCatalogue, func() (string, []row, error) {
		albums, err := shop.albums(ctx)
		rows := make([]row, len(albums))
		for i, a := range albums {
			rows[i] = albumRow(a)
		}
		return "albums", rows, err
	})
}

// openAlbum lists an album's tracks in place of the pane's list.
func (m *model) openAlbum(p pane, r row) tea.Cmd {
	b := m.at(p)
	above := *b
	*b = browser{title: r.title, above: &above, asked: b.asked}
	ctx, shop := m.ctx, m.shop
	return m.question(p, func() (string, []row, error) {
		album, err := shop.album(ctx, r.id)
		rows := make([]row, len(album.Tracks))
		for i, t := range album.Tracks {
			rows[i] = trackRow(t)
		}
		return r.title, rows, err
	})
}

// goBack returns to the list above.
func (b *browser) goBack() {
	if b.above != nil {
		asked := b.asked + 1 // an answer that is under way comes too late
		*b = *b.above
		b.asked, b.loading = asked, false
	}
}

// searchFor lists what matches, tracks first.
func (m *model) searchFor(text string) tea.Cmd {
	m.results = browser{title: fmt.Sprintf("“%s”", printable(text)), asked: m.results.asked}
	ctx, shop, title := m.ctx, m.shop, m.results.title
	return m.question(paneSearch, func() (string, []row, error) {
		found, err := shop.search(ctx, text)
		rows := make([]row, 0, len(found.Tracks)+len(found.Albums))
		for _, t := range found.Tracks {
			rows = append(rows, trackRow(t))
		}
		for _, a := range found.Albums {
			rows = append(rows, albumRow(a))
		}
		return title, rows, err
	})
}

// add brings a row's track, or all of its album, into the queue.
func (m *model) add(r row, when addWhen) tea.Cmd {
	m.say("adding " + r.title)
	ctx, shop := m.ctx, m.shop
	return func() tea.Msg {
		ids := []string{r.id}
		if r.album {
			album, err := shop.album(ctx, r.id)
			if err != nil {
				return addedMsg{errs: []error{err}}
			}
			ids = ids[:0]
			for _, t := range album.Tracks {
				ids = append(ids, t.ID)
			}
		}
		items, errs := shop.trackItems(ctx, ids)
		return addedMsg{items, errs, when}
	}
}

// added puts tracks into the queue.
func (m *model) added(msg addedMsg) tea.Cmd {
	if len(msg.items) > 0 {
		idle := m.state.Phase == player.Idle || m.state.Phase == player.Ended
		var ids []player.EntryID
		if msg.when != addLast {
			ids = m.engine.InsertNext(msg.items...)
		} else {
			ids = m.engine.Append(msg.items...)
		}
		if (msg.when == addNow || idle) && len(ids) > 0 {
			m.engine.SkipTo(ids[0])
			m.engine.Play()
		}
		m.say(fmt.Sprintf("%s added", plural(len(msg.items), "track")))
		if len(msg.items) == 1 {
			m.say(itemTitle(msg.items[0]) + " added")
		}
	}
	for _, err := range msg.errs {
		m.complain(err.Error())
	}
	return m.look()
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// total is how long the queue plays, worked out anew only when it is another queue.
type total struct {
	version int64
	length  int
	sum     time.Duration // zero where it isn't known of every entry
}

func (t *total) of(queue player.QueueView) time.Duration {
	if t.version == queue.Version() && t.length == queue.Len() {
		return t.sum
	}
	*t = total{version: queue.Version(), length: queue.Len()}
	for _, e := range queue.All() {
		if e.Item.Duration <= 0 {
			t.sum = 0
			break
		}
		t.sum += e.Item.Duration
	}
	return t.sum
}
