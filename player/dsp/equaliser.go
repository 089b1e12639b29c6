package dsp

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/player/media"
)

// EqualiserBands is how many bands an Equaliser has: one an octave, at the preferred frequencies of ISO 266.
const EqualiserBands = 10

// EqualiserFrequencies are the middles of the bands, in hertz.
func EqualiserFrequencies() [EqualiserBands]float64 {
	return [EqualiserBands]float64{31.5, 63, 125, 250, 500, 1000, 2000, 4000, 8000, 16000}
}

// Limits on an Equaliser's settings; what is beyond is clamped.
const (
	MaxBandGain media.Decibels = 12 // up and down
	MaxPreGain  media.Decibels = 24 // down and up
)

// EqualiserSettings is a curve.
type EqualiserSettings struct {
	// Gains of the bands, from the lowest.
	Gains [EqualiserBands]media.Decibels

	// PreGain is a gain for all frequencies. With a negative one that is as large as the highest boost,
	// no frequency gets louder, and what was below full scale stays there but for odd peaks. Unclipped
	// gives settings that have it.
	PreGain media.Decibels
}

// Unclipped gives the settings with the PreGain under which no frequency gets louder than it was.
func (s EqualiserSettings) Unclipped() EqualiserSettings {
	s.PreGain = 0
	for _, g := range s.Gains {
		s.PreGain = min(s.PreGain, -g)
	}
	return s
}

// clamped gives settings that can be designed.
func (s EqualiserSettings) clamped() EqualiserSettings {
	clamp := func(g, most media.Decibels) media.Decibels {
		if g != g {
			return 0
		}
		return min(max(g, -most), most)
	}
	for i, g := range s.Gains {
		s.Gains[i] = clamp(g, MaxBandGain)
	}
	s.PreGain = clamp(s.PreGain, MaxPreGain)
	return s
}

// equaliserRamp is how long the way to new settings takes.
const equaliserRamp = 30 * time.Millisecond

// Equaliser is a graphic equaliser: a Processor whose curve goes through each band's gain at the
// band's frequency, within 0.3 dB, and half way between two bands through the mean of both, within
// 1 dB, however the sliders stand. A row of filters at the sliders' gains would not: neighbours add
// up, and ten sliders at +12 dB would make +20. Bands above 0.45 of the rate have no effect.
//
// With all gains at zero every bit passes. New settings are moved to over 30 ms. It needs about
// 0.5 % of a core at 48 kHz.
type Equaliser struct {
	settings atomic.Pointer[EqualiserSettings]

	channels int
	design   *equaliserDesign
	applied  *EqualiserSettings // what goal was made from
	now      equaliserFilters
	goal     equaliserFilters
	step     equaliserFilters
	left     int // frames until goal
	ramp     int // frames
	state    [MaxChannels][EqualiserBands]biquadState
}

// equaliserFilters is the whole curve.
type equaliserFilters struct {
	bands [EqualiserBands]biquad
	gain  float64
	flat  bool
}

// NewEqualiser makes an Equaliser with the given settings; the zero value of those is flat.
func NewEqualiser(s EqualiserSettings) *Equaliser {
	e := &Equaliser{}
	e.Set(s)
	return e
}

// Set moves to other settings; gains beyond the limits are clamped. Any goroutine.
func (e *Equaliser) Set(s EqualiserSettings) {
	s = s.clamped()
	e.settings.Store(&s)
}

// Settings gives what Set was told last. Any goroutine.
func (e *Equaliser) Settings() EqualiserSettings { return *e.settings.Load() }

// Prepare takes 1 to MaxChannels channels at MinRate to MaxRate.
func (e *Equaliser) Prepare(rate, channels int) error {
	if rate < MinRate || rate > MaxRate || channels < 1 || channels > MaxChannels {
		return fmt.Errorf("%w: equalise %d Hz, %d channels", ErrFormat, rate, channels)
	}
	e.channels = channels
	e.design = newEqualiserDesign(float64(rate))
	e.ramp = int(equaliserRamp.Seconds() * float64(rate))
	e.Reset()
	return nil
}

// Reset forgets all frames so far.
func (e *Equaliser) Reset() {
	e.state = [MaxChannels][EqualiserBands]biquadState{}
	e.left = 0
	e.applied = e.settings.Load()
	if e.design != nil {
		e.now = e.design.filters(e.applied)
	}
}

// Process equalises as Processor says. Before Prepare it does nothing.
func (e *Equaliser) Process(frames []float32) {
	if e.design == nil {
		return
	}
	if s := e.settings.Load(); s != e.applied {
		e.applied = s
		e.goal = e.design.filters(s)
		e.left = e.ramp
		e.step = e.now.towards(e.goal, e.ramp)
	}
	c := e.channels
	for e.left > 0 && len(frames) >= c {
		e.now.move(&e.step)
		e.filter(frames[:c])
		frames = frames[c:]
		if e.left--; e.left == 0 {
			e.now = e.goal
		}
	}
	if e.now.flat && e.left == 0 {
		e.state = [MaxChannels][EqualiserBands]biquadState{}
		return
	}
	e.filter(frames)
}

// filter runs frames through the filters as they are now.
func (e *Equaliser) filter(frames []float32) {
	c := e.channels
	for ch := range c {
		for i := ch; i < len(frames); i += c {
			v := frames[i]
			if !(magnitude(v) <= loudest) { // it would never leave the filters' memory
				tame(frames[i : i+1])
				v = frames[i]
			}
			x := float64(v) * e.now.gain
			for b := range e.now.bands {
				f, s := &e.now.bands[b], &e.state[ch][b]
				y := f.b0*x + s.one
				s.one = f.b1*x - f.a1*y + s.two
				s.two = f.b2*x - f.a2*y
				x = y
			}
			frames[i] = float32(x)
		}
		for b := range e.state[ch] {
			e.state[ch][b].settle()
		}
	}
}

// towards gives the step by which the filters reach goal in n frames. All between two stable filters
// are stable: the coefficients of such make a triangle.
func (f *equaliserFilters) towards(goal equaliserFilters, n int) (step equaliserFilters) {
	part := 1 / float64(n)
	for i, a := range f.bands {
		b := goal.bands[i]
		step.bands[i] = biquad{(b.b0 - a.b0) * part, (b.b1 - a.b1) * part, (b.b2 - a.b2) * part, (b.a1 - a.a1) * part, (b.a2 - a.a2) * part}
	}
	step.gain = (goal.gain - f.gain) * part
	return step
}

func (f *equaliserFilters) move(step *equaliserFilters) {
	f.flat = false
	f.gain += step.gain
	for i := range f.bands {
		a, b := &f.bands[i], &step.bands[i]
		a.b0 += b.b0
		a.b1 += b.b1
		a.b2 += b.b2
		a.a1 += b.a1
		a.a2 += b.a2
	}
}
