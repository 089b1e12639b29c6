package player

import (
	"time"

	"github.com/segue-audio/segue/player/internal/queue"
)

// DefaultSleepFade is how long the music takes to fade out before the sleep timer ends it.
const DefaultSleepFade = 10 * time.Second

// Sleep says when the music is to end by itself. The zero value is for never; of After, At and End one is
// set, and the earliest counts where there are more.
type Sleep struct {
	After time.Duration // from the call of SetSleep on, pauses included
	At    time.Time     // by the clock on the wall
	End   SleepEnd      // at the end of what is playing

	// Fade is how long the music fades out before, where there is that much left; zero means
	// DefaultSleepFade, negative none.
	Fade time.Duration
}

// SleepEnd is the end of what is playing.
type SleepEnd int

// The ends. Where the entry has no album, SleepAlbum is SleepTrack.
const (
	SleepNever SleepEnd = iota
	SleepTrack          // the end of the entry that is current then
	SleepAlbum          // the end of the last in a row of entries of its album
)

// SleepState is what State shows of the sleep timer.
type SleepState struct {
	Sleep     Sleep         // as set; the zero value while none is
	Remaining time.Duration // until the music ends; zero where that isn't known, or no timer is set
}

// SetSleep sets the sleep timer in place of the one before; the zero value takes it away. When the
// time has come playback is paused with ReasonSleep: the place is kept, at the end of a track that is
// the beginning of the next one, and the volume is what it was, so that Play goes on from there.
func (p *Player) SetSleep(s Sleep) {
	p.mail.post(func() { p.setSleep(s) })
}

// sleepTimer is the actor's part of it.
type sleepTimer struct {
	Sleep
	due time.Time // of After and At; zero for none
}

func (s *Sleep) isSet() bool { return s.After > 0 || !s.At.IsZero() || s.End != SleepNever }

func (p *Player) setSleep(s Sleep) {
	p.sleep = sleepTimer{}
	if s.isSet() {
		p.sleep.Sleep = s
		if s.After > 0 {
			p.sleep.due = time.Now().Add(s.After)
		}
		if at := s.At.Round(0); !s.At.IsZero() && (p.sleep.due.IsZero() || at.Before(p.sleep.due)) {
			p.sleep.due = at
		}
		if p.sleep.Fade == 0 {
			p.sleep.Fade = DefaultSleepFade
		}
	}
	p.sleepLevel(1)
	p.follow() // the end of a track may be the end of all by now, or no longer
	p.tellSleep()
}

func (p *Player) tellSleep() {
	v := p.sleepView()
	s := v.state(time.Now(), p.position())
	p.emit(p.current, SleepChanged(s))
}

// sleepsBetween reports whether the sleep timer ends the music at the end of an entry that next
// would follow.
func (p *Player) sleepsBetween(now, next Entry) bool {
	switch p.sleep.End {
	case SleepTrack:
		return true
	case SleepAlbum:
		return now.Item.Album == "" || now.Item.Album != next.Item.Album || now.ID == next.ID
	}
	return false
}

// sleepDue carries the sleep timer out and says when to look again.
func (p *Player) sleepDue(now time.Time) time.Duration {
	if !p.sleep.isSet() {
		return -1
	}
	if due := p.sleep.due; !due.IsZero() && !now.Before(due) {
		p.fallAsleep()
		return -1
	}
	v := p.sleepView()
	left, known := v.remaining(now, p.position())
	if !known {
		return -1
	}
	if fade := p.sleep.Fade; p.intent == Playing && left < fade {
		p.sleepLevel(float64(left) / float64(fade))
		return min(left, sleepRamp)
	}
	p.sleepLevel(1)
	if p.phase != Ready && p.sleep.due.IsZero() || p.intent != Playing && p.sleep.due.IsZero() {
		return -1 // the end comes no nearer
	}
	// The clock on the wall may be moved, so it is looked at now and then.
	return min(max(left-max(0, p.sleep.Fade), time.Millisecond), time.Minute)
}

// sleepLevel has what is left of the music's level heard, in steps that run together.
func (p *Player) sleepLevel(level float64) {
	if p.listener.sleep != level {
		p.listener.sleep = level
		p.setGain(sleepRamp)
	}
}

// fallAsleep ends the music for the sleep timer.
func (p *Player) fallAsleep() {
	p.pause(ReasonSleep)
	p.setSleep(Sleep{}) // the gain that it gives back is not heard: the pause comes first
}

// over is the end of the music behind the queue's current entry: that of the queue, or the one that the sleep timer
// wanted.
func (p *Player) over() {
	p.mixingEntry, p.heardEntry = nil, nil
	slept := p.sleep.End != SleepNever
	if slept {
		p.intent = Paused
		p.steer()
		p.setSleep(Sleep{})
	}
	next, more := p.next()
	if !more {
		p.showFirst() // the last one may have been none to be heard
		p.finish()
		return
	}
	p.queue.Next(queue.Ended)
	why := ReasonPlay // it came into the queue at the last moment
	if slept {
		why = ReasonSleep
	}
	p.begin(next, next.Item.Start, why)
}

// sleepView is what is needed to tell how long the music has left.
type sleepView struct {
	sleep sleepTimer
	speed float64
	known bool          // the lengths are
	end   time.Duration // of the current entry's timeline
	rest  time.Duration // of the entries behind it
}

func (p *Player) sleepView() sleepView {
	v := sleepView{sleep: p.sleep, speed: p.speed}
	if v.sleep.End == SleepNever {
		return v
	}
	e, ok := p.entry(p.current)
	v.end, v.known = p.duration(), ok && p.duration() > 0
	if stop := e.Item.Stop; stop > 0 && v.known {
		v.end = min(v.end, stop)
	}
	for n := 1; n <= min(sleepLook, p.queue.Len()); n++ {
		next, more := p.later(n)
		if !v.known || !more || p.sleepsBetween(e, next) {
			break
		}
		v.rest += next.Item.Duration
		v.known = next.Item.Duration > 0
		e = next
	}
	return v
}

// sleepLook is how many entries of an album are looked through for its length.
const sleepLook = 200

// remaining is how long the music goes on when it stands at pos.
func (v *sleepView) remaining(now time.Time, pos time.Duration) (left time.Duration, known bool) {
	if v.sleep.End != SleepNever && v.known {
		left, known = time.Duration(float64(v.rest+max(0, v.end-pos))/v.speed), true
	}
	if !v.sleep.due.IsZero() {
		if until := max(0, v.sleep.due.Sub(now)); !known || until < left {
			left, known = until, true
		}
	}
	return left, known
}

// state is what apps see.
func (v *sleepView) state(now time.Time, pos time.Duration) SleepState {
	if !v.sleep.isSet() {
		return SleepState{}
	}
	left, _ := v.remaining(now, pos)
	return SleepState{v.sleep.Sleep, left}
}
