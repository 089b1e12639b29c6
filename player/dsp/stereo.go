package dsp

import (
	"fmt"
	"math"
	"sync/atomic"
	"time"
)

// stereoRamp is how long the way to another width or balance takes.
const stereoRamp = 20 * time.Millisecond

// Stereo is a Processor for the width and the balance of two channels. Made new, it lets every bit
// pass.
type Stereo struct {
	width, balance atomic.Uint64 // bits of a float64

	gains [4]float64 // left and right into the left, left and right into the right
	goal  [4]float64
	step  [4]float64
	left  int // frames until goal
	ramp  int // frames
	seen  [2]uint64
}

// NewStereo makes a Stereo that changes nothing.
func NewStereo() *Stereo {
	s := &Stereo{}
	s.SetWidth(1)
	s.SetBalance(0)
	s.Reset()
	return s
}

// SetWidth says how far the channels are apart: the factor on their difference (the side), while
// their mean (the middle) stays. 0 is mono, 1 leaves them as they are, 2 is as wide as it goes; what
// is beyond is clamped. Above 1 a channel can get louder by up to 6 dB, so that a limiter should
// follow. Any goroutine.
func (s *Stereo) SetWidth(w float64) {
	if !(w >= 0) {
		w = 0
	}
	s.width.Store(math.Float64bits(min(w, 2)))
}

// SetBalance makes one side softer: −1 leaves only the left channel, +1 only the right, 0 both as they
// are; what is beyond is clamped. The law is linear: at ±0.5 the other channel is at half its amplitude
// and this one at its whole, so that nothing gets louder. Any goroutine.
func (s *Stereo) SetBalance(b float64) {
	if b != b {
		b = 0
	}
	s.balance.Store(math.Float64bits(min(max(b, -1), 1)))
}

// Prepare takes two channels at MinRate to MaxRate.
func (s *Stereo) Prepare(rate, channels int) error {
	if rate < MinRate || rate > MaxRate || channels != 2 {
		return fmt.Errorf("%w: width and balance of %d channels at %d Hz", ErrFormat, channels, rate)
	}
	s.ramp = int(stereoRamp.Seconds() * float64(rate))
	s.Reset()
	return nil
}

// Reset finishes what moves.
func (s *Stereo) Reset() {
	s.aim()
	s.gains, s.left = s.goal, 0
}

// aim takes the parameters as they are now.
func (s *Stereo) aim() {
	s.seen = [2]uint64{s.width.Load(), s.balance.Load()}
	w, b := math.Float64frombits(s.seen[0]), math.Float64frombits(s.seen[1])
	l, r := min(1, 1-b), min(1, 1+b)
	s.goal = [4]float64{l * (1 + w) / 2, l * (1 - w) / 2, r * (1 - w) / 2, r * (1 + w) / 2}
}

// Process widens and balances as Processor says.
func (s *Stereo) Process(frames []float32) {
	if s.seen != [2]uint64{s.width.Load(), s.balance.Load()} {
		s.aim()
		s.left = s.ramp
		for i := range s.step {
			s.step[i] = (s.goal[i] - s.gains[i]) / float64(max(1, s.ramp))
		}
	}
	for ; s.left > 0 && len(frames) >= 2; frames = frames[2:] {
		for i := range s.gains {
			s.gains[i] += s.step[i]
		}
		if s.left--; s.left == 0 {
			s.gains = s.goal
		}
		s.mix(frames[:2])
	}
	if s.left == 0 && s.gains == [4]float64{1, 0, 0, 1} {
		return
	}
	s.mix(frames)
}

func (s *Stereo) mix(frames []float32) {
	ll, rl, lr, rr := float32(s.gains[0]), float32(s.gains[1]), float32(s.gains[2]), float32(s.gains[3])
	for ; len(frames) >= 2; frames = frames[2:] {
		l, r := frames[0], frames[1]
		frames[0], frames[1] = ll*l+rl*r, lr*l+rr*r
	}
}
