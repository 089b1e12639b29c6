package dsp

import (
	"math"
	"sync/atomic"
	"time"
)

// DefaultRamp is how long a change of gain takes: long enough to hide the step, short enough to
// feel immediate.
const DefaultRamp = 15 * time.Millisecond

// Ramp multiplies by a gain that moves to a new target in a straight line, frame by frame. At gain
// 1 it leaves every bit as it is.
type Ramp struct {
	target  atomic.Uint32 // bits of a float32
	heading float32       // the target that the running ramp goes to
	now     float64
	step    float64 // per frame
	left    int     // frames of the running ramp
	length  int     // frames of a whole ramp
}

// NewRamp makes a Ramp of gain 1 for the given rate. A length of zero means DefaultRamp.
func NewRamp(rate int, length time.Duration) *Ramp {
	if length <= 0 {
		length = DefaultRamp
	}
	r := &Ramp{length: max(1, int(length.Seconds()*float64(rate)))}
	r.Jump(1)
	return r
}

// Set gives the gain to move to. It may be called from any goroutine while another runs Process.
// What is not a number counts as 0.
func (r *Ramp) Set(gain float64) {
	if math.IsNaN(gain) {
		gain = 0
	}
	r.target.Store(math.Float32bits(float32(gain)))
}

// Target is the gain last set.
func (r *Ramp) Target() float64 { return float64(math.Float32frombits(r.target.Load())) }

// Jump sets the gain at once, without a ramp. Only the goroutine that runs Process may call it.
func (r *Ramp) Jump(gain float64) {
	r.Set(gain)
	r.heading = float32(r.Target())
	r.now, r.step, r.left = float64(r.heading), 0, 0
}

// Settled tells whether the gain has reached its target. Only the goroutine that runs Process may
// call it.
func (r *Ramp) Settled() bool {
	return r.left == 0 && r.heading == math.Float32frombits(r.target.Load())
}

// Process applies the gain to the interleaved frames of buf, in place.
func (r *Ramp) Process(buf []float32, channels int) {
	if t := math.Float32frombits(r.target.Load()); t != r.heading {
		r.heading, r.left = t, r.length
		r.step = (float64(t) - r.now) / float64(r.length)
	}
	for r.left > 0 && len(buf) >= channels {
		r.left--
		r.now += r.step
		if r.left == 0 {
			r.now = float64(r.heading) // no rounding error stays behind
		}
		g := float32(r.now)
		for i := range buf[:channels] {
			buf[i] *= g
		}
		buf = buf[channels:]
	}
	if r.left > 0 || r.heading == 1 {
		return
	}
	g := r.heading
	for i := range buf {
		buf[i] *= g
	}
}

// VolumeCurve is the gain for the position of a volume control, 0 to 1: the cube, which loudness
// follows closely over the upper 60 dB. Half way is −18 dB; 0 is silence and 1 exactly 1.
// Positions outside are clamped.
func VolumeCurve(position float64) float64 {
	if !(position > 0) { // not a number counts as silence
		return 0
	}
	position = min(position, 1)
	return position * position * position
}
