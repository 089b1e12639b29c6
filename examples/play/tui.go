package main

import (
	"context"
	"fmt"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/telemetry"
)

// screenReport passes on what happens to the screen, which takes it in its own time: the player's
// goroutines must never wait for it, nor it for them.
type screenReport struct{ news chan tea.Msg }

// newsBuffer is how much news may wait; what comes on top is lost, and the next look at the
// player's state makes up for it.
const newsBuffer = 256

type (
	eventMsg  struct{ player.Event }
	noticeMsg string
)

func newScreenReport() *screenReport { return &screenReport{news: make(chan tea.Msg, newsBuffer)} }

func (r *screenReport) event(e player.Event) {
	if _, frequent := e.What.(player.Loaded); !frequent {
		r.pass(eventMsg{e})
	}
}

func (r *screenReport) ended(time.Time, telemetry.Track) {}

func (r *screenReport) seeking(time.Duration) {}

func (r *screenReport) notice(text string) { r.pass(noticeMsg(text)) }

func (r *screenReport) finish(summary) {}

func (r *screenReport) pass(m tea.Msg) {
	select {
	case r.news <- m:
	default:
	}
}

// next waits for news; the screen asks again after each.
func (r *screenReport) next(ctx context.Context) tea.Cmd {
	return func() tea.Msg {
		select {
		case m := <-r.news:
			return m
		case <-ctx.Done():
			return nil
		}
	}
}

// runScreen plays with the full-screen player.
func (s *session) runScreen(ctx context.Context) int {
	finishEvents := s.newPlayer()
	s.begin()
	background, cancel := context.WithCancel(ctx)
	defer cancel()
	news, _ := s.report.(*screenReport)
	m := newModel(background, s.player, s.library, newTheme(s.std.out))
	m.listen = news.next(background)
	m.sound, m.curve = s.sound, s.o.curve()
	if s.o.Crossfade > 0 {
		m.fade = time.Duration(s.o.Crossfade)
	}
	m.leaveAtEnd = s.o.namesMusic()
	m.gather = func() []player.Item { return s.gather(background) }
	if !s.o.namesMusic() {
		m.gather, m.pane = nil, paneCatalogue
	}
	program := tea.NewProgram(m, tea.WithAltScreen(), tea.WithInput(s.std.in), tea.WithOutput(s.std.out),
		tea.WithoutSignalHandler())
	stop := context.AfterFunc(ctx, func() { program.Send(leaveMsg{interrupted: true}) })
	defer stop()
	if s.limit != nil {
		go func() {
			if s.limit.wait(background) {
				program.Send(leaveMsg{})
			}
		}()
	}
	_, err := program.Run()
	cancel()
	status := s.end(m.interrupted, finishEvents, nil)
	if err != nil {
		printNotice(s.std.err, fmt.Sprintf("the screen failed: %v", err))
		status = exitFailed
	}
	for _, e := range s.tally.errors {
		printError(s.std.err, e)
	}
	return status
}
