package player

import (
	"context"
	"errors"

	"github.com/segue-audio/segue/player/internal/pipeline"
)

// failuresKept is how many of the latest failures Wait tells of.
const failuresKept = 256

// Wait waits until the queue has been played and heard, and returns the errors of the entries that
// could not be played (the latest 256), joined; nil where all were. The phase Broken ends it too.
// A pause and the holds don't: what is waited for comes when the music goes on.
func (p *Player) Wait(ctx context.Context) error {
	ended := make(chan error, 1)
	answered, err := p.ask(ctx, "wait", func() { p.await(ended) }, ended)
	if !answered || errors.Is(err, KindNoDevice) || errors.Is(err, KindOutput) {
		return err
	}
	if derr := p.cfg.Sink.Drain(ctx); derr != nil {
		return errors.Join(err, derr)
	}
	return err
}

func (p *Player) await(ended chan error) {
	if p.phase == Ended || p.phase == Broken {
		p.reply(ended, p.outcome())
		return
	}
	p.waiting = append(p.waiting, ended)
}

// answer tells those who wait for the end.
func (p *Player) answer() {
	for _, w := range p.waiting {
		p.reply(w, p.outcome())
	}
	p.waiting = nil
}

func (p *Player) outcome() error {
	return errors.Join(append(p.failures[:len(p.failures):len(p.failures)], p.broken)...)
}

// finish is the end of the queue.
func (p *Player) finish() {
	p.phase = Ended
	p.changed(ReasonEnd)
	p.answer()
}

// breakDown is the end of all playing until the next Play.
func (p *Player) breakDown(fault *Error) {
	p.report(fault) // first: it is why the track ends
	p.answerSeek(fault)
	p.comeBack()
	p.leave(ReasonError)
	p.mixer.Cut(nil)
	p.phase, p.broken = Broken, fault
	p.holds &^= HoldOutput | HoldNetwork
	p.changed(ReasonError)
	p.answer()
}

// fail reports an entry's error. A fatal one counts among the failures that Wait tells of.
func (p *Player) fail(e *pipeline.Entry, err error, severity severity) *Error {
	fault := *classify(err)
	fault.Fatal = severity == fatal
	if t := p.live[e]; t != nil {
		fault.Entry, fault.Title = t.id, t.item.name()
	}
	if fault.Fatal {
		if len(p.failures) >= failuresKept {
			p.failures = p.failures[1:]
		}
		p.failures = append(p.failures, &fault)
	}
	p.report(&fault)
	return &fault
}

// severity tells whether an entry can go on after an error.
type severity int

const (
	survived severity = iota
	fatal
)

// report counts, logs and tells an error.
func (p *Player) report(fault *Error) {
	p.stats.Errors++
	p.log.Warn("playback error", "kind", int(fault.Kind), "err", fault, "fatal", fault.Fatal)
	p.emit(fault.Entry, Failed{fault})
}
