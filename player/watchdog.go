package player

import (
	"context"
	"errors"
	"time"

	"github.com/segue-audio/segue/player/internal/pipeline"
	"github.com/segue-audio/segue/player/internal/queue"
	"github.com/segue-audio/segue/player/sink"
)

// Limits say what is no good operation any more. For each, zero means the default and negative that
// nothing is watched. What goes beyond one is told by a Failed of the Kind named.
type Limits struct {
	// Buffering is how long playback may wait for music while no byte arrives and nothing is known to
	// be waited for (see HoldNetwork); zero means 60 s, four times what a request is retried for. Beyond
	// it the entry fails with KindStuck, and the next one plays.
	Buffering time.Duration

	// Advance is how long an output may take nothing of the music that is there; zero means 5 s. Beyond it
	// KindOutputStuck is told and the output is opened anew. A sink.Paced output takes what it likes
	// when it likes.
	Advance time.Duration

	// Ending is how far an entry may go beyond twice the length that its media claims; zero means 30 s.
	// Beyond it the entry fails with KindEndless, and the next one plays.
	Ending time.Duration

	// Answer is how long a command may lie before the player looks at it; zero means 10 s. Beyond it Seek,
	// SeekBy, Wait and Close give KindUnanswered: something that the player was given (a sink, a
	// logger) holds it up.
	Answer time.Duration

	// Failures is how many entries in a row may fail before a frame of one is heard; zero means 20. Then, or
	// when all of a queue that is repeated have failed, the phase is Broken, with KindNothingPlays.
	Failures int
}

// Defaults of Limits.
const (
	DefaultBufferingLimit = 60 * time.Second
	DefaultAdvanceLimit   = 5 * time.Second
	DefaultEndingLimit    = 30 * time.Second
	DefaultAnswerLimit    = 10 * time.Second
	DefaultFailuresLimit  = 20
)

func (l Limits) withDefaults() Limits {
	set := func(d *time.Duration, def time.Duration) {
		if *d == 0 {
			*d = def
		}
	}
	set(&l.Buffering, DefaultBufferingLimit)
	set(&l.Advance, DefaultAdvanceLimit)
	set(&l.Ending, DefaultEndingLimit)
	set(&l.Answer, DefaultAnswerLimit)
	if l.Failures == 0 {
		l.Failures = DefaultFailuresLimit
	}
	return l
}

// What the watchdogs say.
var (
	errStuck   = errors.New("no byte has arrived")
	errIdle    = errors.New("the output takes nothing")
	errEndless = errors.New("the music goes on far beyond its length")
	errLate    = errors.New("the player doesn't come to it")
)

// watchPeriod is how often the watchdogs look.
const watchPeriod = time.Second

// maxStuck is how often in a row an output is opened anew because it takes nothing.
const maxStuck = 3

// watch is what the watchdogs have seen.
type watch struct {
	doing doing
	of    *pipeline.Entry // with which entry
	mark  int64           // of progress in it
	since time.Time       // there was none

	underruns   int64     // told so far
	underrunsAt time.Time // when more were seen; zero for none
	toldAt      time.Time
}

// doing is what ought to make progress.
type doing int

const (
	resting doing = iota
	fetching
	sounding
)

// watchDue looks for what is stuck, and says when to look again.
func (p *Player) watchDue(now time.Time) time.Duration {
	next := p.tellUnderruns(now)
	what, mark, limit := p.expected()
	w := &p.watch
	if what != w.doing || mark != w.mark || what == fetching && p.mixingEntry != w.of {
		if what == sounding && w.doing == sounding {
			p.output.stuck = 0
		}
		w.doing, w.of, w.mark, w.since = what, p.mixingEntry, mark, now
	}
	if what == resting {
		return next
	}
	switch late := limit > 0 && now.Sub(w.since) >= limit; {
	case late && what == fetching:
		p.giveUp(&Error{Kind: KindStuck, Op: "wait for music", Err: errStuck})
	case late:
		p.restartOutput()
	case p.endless():
		p.giveUp(&Error{Kind: KindEndless, Op: "play", Err: errEndless})
	}
	return sooner(next, watchPeriod)
}

// expected is what ought to make progress now, a mark that moves with it, and how long that may stand
// still.
func (p *Player) expected() (what doing, mark int64, limit time.Duration) {
	switch {
	case p.intent != Playing || p.holds != 0:
	case p.phase == Buffering:
		return fetching, p.arrived(), p.cfg.Limits.Buffering
	case p.phase == Ready && p.mixer.Ahead() > 0 && !p.ownPace():
		return sounding, p.mixer.Audible(), p.cfg.Limits.Advance
	}
	return resting, 0, 0
}

// arrived moves with every byte that comes in, from wherever.
func (p *Player) arrived() int64 {
	c := p.env.Counters
	return c.Arrived.Load() + c.Hits.Load() + c.Misses.Load() + p.mixer.Audible()
}

// ownPace reports whether the output takes music when it likes.
func (p *Player) ownPace() bool {
	_, pulled := p.cfg.Sink.(sink.Pulled)
	return pulled || p.mixer.Patient()
}

// endless reports whether what is heard lies far behind the end that its media claims.
func (p *Player) endless() bool {
	t, limit := p.started, p.cfg.Limits.Ending
	return limit > 0 && t != nil && t.measured && p.live[p.heardEntry] == t &&
		p.at(p.map0) > 2*t.duration+limit
}

// giveUp ends an entry that would not end by itself, and goes on behind it.
func (p *Player) giveUp(fault *Error) {
	e := p.heardEntry
	if e == nil {
		e = p.mixingEntry
	}
	t := p.live[e]
	if t == nil {
		return
	}
	fault = p.fail(e, fault, fatal)
	p.answerSeek(fault)
	if p.started != t {
		p.failedRun++
		p.countFailures()
	}
	if p.phase == Broken {
		return
	}
	if t == p.started {
		p.comeBack()
	}
	if next, ok := p.upcoming(); ok {
		p.queue.Next(queue.Ended)
		p.begin(next, next.Item.Start, ReasonError)
		return
	}
	p.leave(ReasonError)
	p.mixer.Cut(nil)
	p.over()
}

// restartOutput opens an output anew that takes nothing.
func (p *Player) restartOutput() {
	fault := &Error{Kind: KindOutputStuck, Op: "play", Err: errIdle}
	if p.output.stuck++; p.output.stuck > maxStuck {
		fault.Fatal = true
		p.breakDown(fault)
		return
	}
	p.report(fault)
	p.loseOutput(fault)
}

// Bounds on the telling of underruns.
const (
	underrunPause = 5 * time.Second        // between two of them, at least
	underrunDelay = 200 * time.Millisecond // until the mixer knows whether it is the music that ran dry
)

// tellUnderruns tells, now and then, that the output found too little, and says when to look again.
func (p *Player) tellUnderruns(now time.Time) time.Duration {
	w := &p.watch
	n := p.mixer.Underruns() - w.underruns
	if n <= 0 {
		w.underrunsAt = time.Time{}
		return -1
	}
	if w.underrunsAt.IsZero() {
		w.underrunsAt = now
	}
	if wait := max(underrunDelay-now.Sub(w.underrunsAt), underrunPause-now.Sub(w.toldAt)); wait > 0 {
		return wait
	}
	w.underruns += n
	w.underrunsAt, w.toldAt = time.Time{}, now
	p.emit(p.current, Underrun{int(n)})
	return -1
}

// ask posts a command and waits for its answer; answered is false where err says why there is none.
func (p *Player) ask(ctx context.Context, op string, f func(), answer <-chan error) (answered bool, err error) {
	taken := make(chan struct{})
	p.mail.post(func() { close(taken); f() })
	var late <-chan time.Time
	if limit := p.cfg.Limits.Answer; limit > 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		late = timer.C
	}
	for {
		select {
		case err := <-answer:
			return err != ErrClosed, err
		case <-taken:
			taken, late = nil, nil
		case <-late:
			return false, p.unanswered(op)
		case <-ctx.Done():
			return false, context.Cause(ctx)
		case <-p.done:
			return false, ErrClosed
		}
	}
}

// unanswered makes the error of a command that lies there. The actor can't tell of it, so its caller does.
func (p *Player) unanswered(op string) error {
	fault := &Error{Kind: KindUnanswered, Op: op, Err: errLate}
	p.subs.send(Event{Time: time.Now(), What: Failed{fault}})
	return fault
}
