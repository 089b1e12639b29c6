package player

import (
	"context"
	"errors"
	"time"

	"github.com/segue-audio/segue/player/internal/pipeline"
)

// ErrSuperseded is what a Seek gets whose place was taken by another command before it was reached:
// a later Seek, a skip, a Stop, or the removal of the entry. It is no failure.
var ErrSuperseded = errors.New("superseded by another command")

// seekWait is a Seek that has not arrived.
type seekWait struct {
	entry  *pipeline.Entry // nil until it is started
	answer chan error      // nil for none
}

// Seek goes to a moment of the current entry, counted from its beginning; what lies before it is the
// beginning, and what lies behind its end is the end, so that the next entry follows. In a live stream
// the bounds are State.Live's Start and Edge. It returns
// nil when that is audible or, while playback is paused or held back, ready to be (while the output is
// gone: at once); ErrSuperseded when another command came first; an error where the moment can't be
// reached. When ctx is done it returns, and the seek goes on.
func (p *Player) Seek(ctx context.Context, to time.Duration) error {
	reached := make(chan error, 1)
	_, err := p.ask(ctx, "seek", func() { p.seek(to, reached) }, reached)
	return err
}

// SeekBy is Seek relative to the position, or to where a seek that is under way leads.
func (p *Player) SeekBy(ctx context.Context, by time.Duration) error {
	reached := make(chan error, 1)
	_, err := p.ask(ctx, "seek", func() { p.seek(p.position()+by, reached) }, reached)
	return err
}

func (p *Player) seek(to time.Duration, reached chan error) {
	e, ok := p.entry(p.current)
	if !ok || p.phase == Broken {
		p.reply(reached, &Error{Kind: KindArgument, Op: "seek", Err: errors.New("nothing is playing")})
		return
	}
	if d := p.duration(); d > 0 {
		to = min(to, d)
	}
	p.comeBack()
	p.begin(e, max(0, to), ReasonSeek)
	if p.holds.Has(HoldOutput) {
		p.reply(reached, nil) // nothing can come true before there is an output, and nothing can go wrong
		return
	}
	p.seeking = seekWait{answer: reached}
}

// answerSeek answers whoever waits for a seek.
func (p *Player) answerSeek(err error) {
	if p.seeking.answer != nil {
		p.reply(p.seeking.answer, err)
		p.seeking = seekWait{}
	}
}
