package player

import (
	"errors"
	"time"

	"github.com/segue-audio/segue/player/sink"
)

// output is the actor's view of the sink.
type output struct {
	opened bool      // it was there once
	lostAt time.Time // since when it is gone
	tries  int       // to open it again
	at     time.Time // of the next try
	trying bool      // the mixer is at it
	stuck  int       // times in a row that it was there and took nothing
}

// reopenPauses are the pauses before the tries to open an output again; the last one counts for all
// that follow.
var reopenPauses = [...]time.Duration{0, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second}

// OutputChanged tells the player that a device has appeared, so that an output that is gone is tried
// at once. Host apps call it when the system says so; otherwise the player tries every few seconds.
func (p *Player) OutputChanged() {
	p.mail.post(func() {
		p.output.at = time.Time{}
		if p.phase == Broken && p.intent == Playing && p.broken != nil && errors.Is(p.broken, KindNoDevice) {
			p.play()
		}
	})
}

// onLost: the output failed, or could not be opened. One that was there, and is gone as devices go,
// comes back; what else went wrong stays wrong.
func (p *Player) onLost(err error) {
	p.output.trying = false
	if !p.output.opened || !errors.Is(err, sink.ErrNoDevice) {
		p.breakDown(classify(err))
		return
	}
	p.loseOutput(classify(err))
}

func (p *Player) loseOutput(fault *Error) {
	now := time.Now()
	o := &p.output
	if p.holds.Has(HoldOutput) {
		o.tries++
		o.at = now.Add(reopenPauses[min(o.tries, len(reopenPauses)-1)])
		p.log.Debug("output still gone", "tries", o.tries, "err", fault)
		return
	}
	o.lostAt, o.tries, o.at = now, 0, now
	fault.Fatal = false
	p.stats.OutputLosses++
	p.log.Warn("output lost", "err", fault)
	p.emit(p.current, OutputLost{fault, p.position()})
	p.hold(HoldOutput, ReasonOutput)
	p.answerSeek(nil) // as a seek is that comes while the output is gone
}

// onStarted: the output runs.
func (p *Player) onStarted(rate int) {
	o := &p.output
	o.opened, o.trying = true, false
	if p.holds.Has(HoldOutput) {
		p.emit(p.current, OutputRestored{rate, time.Since(o.lostAt)})
		p.unhold(HoldOutput, ReasonOutput)
	}
}

// reopenDue opens an output again that is gone, as long as somebody wants to hear it, and says when to
// look again.
func (p *Player) reopenDue(now time.Time) time.Duration {
	o := &p.output
	if !p.holds.Has(HoldOutput) || p.intent != Playing || o.trying {
		return -1
	}
	if wait := o.at.Sub(now); wait > 0 {
		return wait
	}
	o.trying = true
	p.mixer.Reopen()
	return -1
}

// forget is for a new beginning.
func (o *output) forget() { *o = output{opened: o.opened} }
