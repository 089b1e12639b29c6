package pipeline

import (
	"math"
	"time"

	"github.com/segue-audio/segue/player/dsp"
)

// stages is what the mixed signal goes through on its way to the ring:
//
//	mixed → skip silence → speed → processors → limiter → pending
//
// Skipping and speed change how many frames there are, so what has to be said of a mixed frame is
// stamped with its number and rides along until the frame comes out. The limiter gives a frame for
// each that it takes, so from there on the number is final: it is that of the mixer's output, whatever
// the limiter holds back.
type stages struct {
	skip    *skipper // nil while nothing is skipped
	speed   float64
	stretch *dsp.Stretcher
	through bool      // the signal goes through stretch: the speed isn't 1, or wasn't and some is in there yet
	asked   dsp.Chain // the processors, as they were given
	chain   dsp.Chain // those of them that can do the rate
	guard   *guard
	limit   bool // peaks may have been raised

	mixed  int64 // the number of the next mixed frame
	left   int64 // mixed frames that have left skip, given or dropped
	passed int64 // frames that skip has given
	made   int64 // frames that stretch has given: the number of the next frame of the output

	stamps  []stamp // by number of the mixed frame, waiting to leave skip
	passing []stamp // by number of the passed frame, waiting to leave stretch
	skipped line    // the timeline where skip stands, in mixed frames
	paced   line    // the timeline where stretch stands, in passed frames

	begun     int64  // the passed frame that stretch began with
	at, turn  anchor // stretch's course, and the one it will take
	turning   bool   // turn is still to come
	rate      int
	emit      func(Marker)
	pending   []float32 // what has come out
	gone      []float32 // what skip gives
	stretched []float32
}

// stamp is a marker for a frame that has not come out yet.
type stamp struct {
	at int64
	k  Marker
}

// line says which moment of which entry's timeline a frame is.
type line struct {
	at       int64
	position time.Duration
	e        *Entry
}

// anchor says which frame of the input a frame of stretch's output is, and how they go on.
type anchor struct {
	in    float64
	out   int64
	speed float64
}

func newStages(emit func(Marker)) stages {
	return stages{
		speed: 1, emit: emit, at: anchor{speed: 1},
		stamps: make([]stamp, 0, 64), passing: make([]stamp, 0, 64),
		pending:   make([]float32, 0, 8*chunk*Channels),
		gone:      make([]float32, chunk*Channels),
		stretched: make([]float32, chunk*Channels),
	}
}

// prepare readies the stages for a rate.
func (s *stages) prepare(rate int) (err error) {
	s.rate = rate
	if s.stretch, err = dsp.NewStretcher(rate, Channels); err != nil {
		return err
	}
	if s.guard, err = newGuard(rate); err != nil {
		return err
	}
	if s.skip != nil {
		s.skip = newSkipper(rate)
	}
	s.prepareChain()
	s.reset(s.made)
	return nil
}

// prepareChain readies the processors, and leaves out those that can't do the rate.
func (s *stages) prepareChain() {
	s.chain = nil
	for _, p := range s.asked {
		if p != nil && s.rate > 0 && p.Prepare(s.rate, Channels) == nil {
			s.chain = append(s.chain, p)
		}
	}
}

// reset forgets all frames that have not come out, and numbers the next one.
func (s *stages) reset(next int64) {
	s.pending = s.pending[:0]
	s.stamps, s.passing = s.stamps[:0], s.passing[:0]
	s.skipped, s.paced = line{}, line{}
	s.left, s.passed, s.made = s.mixed, 0, next
	if s.skip != nil {
		s.skip.reset()
	}
	if s.stretch != nil {
		s.guard.reset()
		s.chain.Reset()
		s.enter()
	}
}

// enter begins to stretch, or not to, with the next frame that is passed.
func (s *stages) enter() {
	s.stretch.Reset()
	s.stretch.SetSpeed(s.speed)
	s.through, s.turning = s.speed != 1, false
	s.begun = s.passed
	s.at = anchor{float64(s.passed), s.made, s.speed}
}

// stamp marks a frame that is mixed now or later.
func (s *stages) stamp(at int64, k Marker) { s.stamps = append(s.stamps, stamp{at, k}) }

// hurry sends the stamps on that wait for nothing but the next frame: what is over is over, however
// late the next music is.
func (s *stages) hurry() {
	s.leave(0, 0)
	if s.through {
		s.settle(float64(s.begun) + s.stretch.InputPosition())
	} else {
		s.settle(float64(s.passed))
	}
}

// push takes mixed frames.
func (s *stages) push(src []float32) {
	s.mixed += int64(len(src) / Channels)
	if s.skip == nil {
		s.leave(0, int64(len(src)/Channels))
		s.pace(src)
		return
	}
	for {
		c, p, dropped := s.skip.process(s.gone, src)
		src = src[c*Channels:]
		if p == 0 && c == 0 {
			return
		}
		s.leave(dropped, int64(p))
		s.pace(s.gone[:p*Channels])
	}
}

// leave says that dropped frames and then n given ones have left skip.
func (s *stages) leave(dropped, n int64) {
	if dropped > 0 {
		s.pass(s.left+dropped-1, s.left)
		s.left += dropped
		if s.skipped.e != nil {
			s.passing = append(s.passing, stamp{s.passed, Marker{
				Kind: Jumped, Entry: s.skipped.e, Position: s.skipped.moment(float64(s.left), s.rate),
			}})
		}
	}
	s.pass(s.left+n, math.MaxInt64)
	s.left += n
	s.passed += n
}

// pass sends the stamps of the mixed frames up to last on to stretch. Those past from are for the
// frame from: the one that comes instead of theirs.
func (s *stages) pass(last, from int64) {
	n := 0
	for n < len(s.stamps) && s.stamps[n].at <= last {
		t := s.stamps[n]
		s.skipped.follow(t)
		t.at = s.passed + min(t.at, from) - s.left
		s.passing = append(s.passing, t)
		n++
	}
	s.stamps = s.stamps[:copy(s.stamps, s.stamps[n:])]
}

// follow takes note of what a stamp says of the timeline.
func (l *line) follow(t stamp) {
	switch t.k.Kind {
	case Began, Switched, Jumped, Moved:
		*l = line{t.at, t.k.Position, t.k.Entry}
	}
}

// moment is the moment of the entry's timeline that a frame is.
func (l *line) moment(frame float64, rate int) time.Duration {
	return l.position + time.Duration(math.Round((frame-float64(l.at))*float64(time.Second)/float64(rate)))
}

// pace sends frames through the change of speed; they have been counted as passed already.
func (s *stages) pace(src []float32) {
	if !s.through {
		s.made += int64(len(src) / Channels)
		s.at = anchor{float64(s.passed), s.made, 1}
		s.settle(float64(s.passed))
		s.process(src)
		return
	}
	for {
		c, p := s.stretch.Process(s.stretched, src)
		if c == 0 && p == 0 {
			break
		}
		src = src[c*Channels:]
		s.stretchedOut(p)
	}
	if s.speed == 1 { // at speed 1 the stretcher keeps nothing back
		s.through, s.turning = false, false
		s.at = anchor{float64(s.passed), s.made, 1}
		s.settle(float64(s.passed))
	}
}

// stretchedOut takes note of frames that stretch has given, and sends them on.
func (s *stages) stretchedOut(n int) {
	s.made += int64(n)
	s.settle(float64(s.begun) + s.stretch.InputPosition())
	if s.turning && s.made >= s.turn.out {
		s.at, s.turning = s.turn, false
	}
	s.process(s.stretched[:n*Channels])
}

// settle emits the markers of the passed frames up to one.
func (s *stages) settle(upto float64) {
	n := 0
	for n < len(s.passing) && float64(s.passing[n].at) <= upto {
		t := s.passing[n]
		s.paced.follow(t)
		at := s.at
		if s.turning && float64(t.at) >= s.turn.in {
			at = s.turn
		}
		t.k.Speed = at.speed
		t.k.Frame = at.out + int64(math.Ceil((float64(t.at)-at.in)/at.speed-1e-6))
		if s.turning && at != s.turn {
			t.k.Frame = min(t.k.Frame, s.turn.out)
		}
		s.emit(t.k)
		n++
	}
	s.passing = s.passing[:copy(s.passing, s.passing[n:])]
}

// setSpeed changes the speed with the next segment that stretch makes.
func (s *stages) setSpeed(speed float64) {
	s.speed = speed
	switch {
	case s.stretch == nil || !s.through && speed == 1:
		return
	case !s.through:
		s.enter()
		s.turn = s.at
	default:
		s.stretch.SetSpeed(speed)
		after, in := s.stretch.Turn()
		s.turn = anchor{float64(s.begun) + in, s.made + int64(after), speed}
		s.turning = after > 0
		if !s.turning {
			s.at = s.turn
		}
	}
	now := s.paced
	for _, t := range s.passing {
		if float64(t.at) <= s.turn.in {
			now.follow(t)
		}
	}
	if now.e != nil {
		s.emit(Marker{
			Kind: Sped, Frame: s.turn.out, Entry: now.e, Position: now.moment(s.turn.in, s.rate), Speed: speed,
		})
	}
}

// process runs frames through the processors and the limiter.
func (s *stages) process(src []float32) {
	if len(src) > 0 {
		s.chain.Process(src)
		s.pending = s.guard.process(s.pending, src, s.limit)
	}
}

// setSkip begins or ends to skip silence.
func (s *stages) setSkip(skip bool) {
	switch {
	case skip == (s.skip != nil):
	case skip:
		s.skip = newSkipper(max(s.rate, 1))
		s.left = s.mixed
	default:
		s.flushSkip()
		s.skip = nil
	}
}

// flushSkip gives out what skip holds back.
func (s *stages) flushSkip() {
	for s.skip != nil && s.skip.waiting() > 0 {
		s.skip.release()
		_, p, dropped := s.skip.process(s.gone, nil)
		s.leave(dropped, int64(p))
		s.pace(s.gone[:p*Channels])
	}
}

// finish gives out a part of what the stages hold back at the end of all music, and is done when they
// are empty.
func (s *stages) finish() (done bool) {
	s.flushSkip()
	s.leave(0, 0)
	if s.through {
		n, done := s.stretch.Flush(s.stretched)
		if !done || n > 0 {
			s.stretchedOut(n)
			return false
		}
		s.enter()
	}
	if s.guard != nil {
		s.pending = s.guard.flush(s.pending)
	}
	s.settle(float64(s.passed))
	return true
}
