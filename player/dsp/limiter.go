package dsp

import (
	"fmt"
	"math"
	"time"

	"github.com/segue-audio/segue/player/media"
)

// Times of a Limiter.
const (
	limiterAttack = 5 * time.Millisecond   // the gain goes down over this long before a peak
	limiterFast   = 80 * time.Millisecond  // the gain comes back by 63 % in this long after a single peak
	limiterSlow   = 300 * time.Millisecond // and where peaks are many, their mean fades over this long
)

// Limiter keeps peaks at or below a ceiling: those of the samples always, and those of the curve
// between them, which a converter will make (true peaks, ITU-R BS.1770-5), to within 0.05 dB for
// music, 0.2 dB for noise up to half the rate and 0.4 dB for random full-scale signs. It looks ahead,
// so that the gain is down by the time a loud frame comes out, and treats all channels alike, so that
// the image stays. After a single peak the gain is back within 0.5 s; while peaks follow each other it
// stays near their mean, so that it neither pumps nor distorts the bass: a 40 Hz tone that is 6 dB too
// loud comes out with 0.1 % of distortion.
//
// While nothing passes the ceiling, every bit goes through. What is not a number becomes silence.
// It implements Stream: it holds Latency frames back, and gives as many frames as it took.
type Limiter struct {
	channels int
	ceiling  float32
	peaks    *interpolator

	// The frames held back stand in buf from from on, latency of them; the window of the next interval
	// to be looked at ends with the next frame that comes.
	buf     []float32
	from    int // frames
	latency int
	skip    int // frames of buf that precede the music
	owed    int // frames that Flush has yet to give; −1 before it

	// The least gain that any interval in the window needs, where one needs less than 1: a queue of
	// candidates, rising from the front, each with the number of its interval.
	window  int
	minGain []float64
	minAt   []int64
	head    int
	count   int

	now        int64 // intervals looked at
	fast, slow float64
	down       float64   // how much less than 1 the gain is, before it is smoothed
	mean       float64   // what down comes back to while peaks are many
	smooth     []float64 // the last downs; the gain is 1 less their mean
	sum        float64
	reduced    int // entries of smooth above 0
}

const (
	limiterBatch = 512 // frames at a time

	// limiterGuard is how many frames around a peak have its gain, so that a converter's filter sees
	// one gain there.
	limiterGuard = interpolatorTaps / 2

	// limiterSettled is where the gain's way back ends: 0.009 dB from 1, and smoothed over 5 ms.
	limiterSettled = 1e-3

	// limiterRounding is what the curve may pass the ceiling by, 0.0009 dB: the error of its own
	// reckoning must not make music that just fits softer.
	limiterRounding = 1 + 1e-4

	limiterStep = 16 // frames whose bends are taken together
)

// NewLimiter makes a Limiter whose output stays within ±ceiling, of 0 dB or less for full scale.
func NewLimiter(rate, channels int, ceiling media.Decibels) (*Limiter, error) {
	if rate < MinRate || rate > MaxRate || channels < 1 || channels > MaxChannels {
		return nil, fmt.Errorf("%w: limit %d Hz, %d channels", ErrFormat, rate, channels)
	}
	attack := int(limiterAttack.Seconds() * float64(rate))
	l := &Limiter{
		channels: channels,
		ceiling:  float32(ceiling.Amplitude()),
		peaks:    newInterpolator(),
		latency:  attack - 1 + limiterGuard + interpolatorTaps/2,
		window:   attack + 2*limiterGuard + 1,
		fast:     math.Exp(-1 / (limiterFast.Seconds() * float64(rate))),
		slow:     1 - math.Exp(-1/(limiterSlow.Seconds()*float64(rate))),
		smooth:   make([]float64, attack),
	}
	l.minGain, l.minAt = make([]float64, l.window), make([]int64, l.window)
	l.buf = make([]float32, (l.latency+4*limiterBatch)*channels)
	l.Reset()
	return l, nil
}

// Latency counts the frames held back.
func (l *Limiter) Latency() media.Frames { return media.Frames(l.latency) }

// Reset forgets all frames taken so far.
func (l *Limiter) Reset() {
	l.from, l.skip, l.owed = 0, l.latency, -1
	l.head, l.count, l.now, l.reduced = 0, 0, 0, 0
	l.down, l.mean, l.sum = 0, 0, 0
	clear(l.smooth)
	clear(l.buf[:l.latency*l.channels])
}

// Process limits as Stream says.
func (l *Limiter) Process(dst, src []float32) (consumed, produced int) {
	c := l.channels
	for {
		n := min(len(src)/c, limiterBatch, l.skip+len(dst)/c)
		if n == 0 {
			return consumed, produced
		}
		made := l.run(dst, src[:n*c], n)
		dst, src = dst[made*c:], src[n*c:]
		consumed += n
		produced += made
	}
}

// Flush gives the frames held back.
func (l *Limiter) Flush(dst []float32) (produced int, done bool) {
	c := l.channels
	if l.owed < 0 {
		l.owed = l.latency - l.skip
	}
	for l.owed > 0 {
		n := min(limiterBatch, l.skip+min(l.owed, len(dst)/c))
		if n == 0 {
			return produced, false
		}
		made := l.run(dst, nil, n)
		dst = dst[made*c:]
		produced += made
		l.owed -= made
	}
	l.Reset()
	return produced, true
}

// run takes n frames, of silence where src is nil, and writes as many but for those that precede the
// music.
func (l *Limiter) run(dst, src []float32, n int) (made int) {
	c := l.channels
	if (l.from+l.latency+n)*c > len(l.buf) {
		copy(l.buf, l.buf[l.from*c:(l.from+l.latency)*c])
		l.from = 0
	}
	buf := l.buf[l.from*c : (l.from+l.latency+n)*c]
	fresh := buf[l.latency*c:]
	if src == nil {
		clear(fresh)
	} else {
		copy(fresh, src)
		tame(fresh)
	}
	l.from += n
	first := min(l.skip, n)
	l.skip -= first
	seen := buf[(l.latency-interpolatorTaps+1)*c:]
	if peak, bend := survey(seen, c); l.Idle() && peak+l.peaks.slack*bend <= l.ceiling {
		l.now += int64(n)
		return copy(dst, buf[first*c:n*c]) / c
	}
	for i := 0; i < n; i += limiterStep {
		k := min(limiterStep, n-i)
		_, bend := survey(seen[i*c:(i+k+interpolatorTaps-1)*c], c)
		for j := i; j < i+k; j++ {
			gain := l.advance(l.need(seen[j*c:], bend*l.peaks.slack))
			if j >= first {
				l.emit(dst[(j-first)*c:(j-first+1)*c], buf[j*c:], gain)
			}
		}
	}
	return n - first
}

// Idle reports whether the gain is 1 and stays so until a peak comes: then what is held back comes out
// bit for bit, and a Flush takes the limiter out of the way unheard.
func (l *Limiter) Idle() bool { return l.count == 0 && l.down == 0 && l.mean == 0 && l.reduced == 0 }

// need is the gain that the interval in the middle of a window needs. bow is how much the curve may
// rise above the samples.
func (l *Limiter) need(x []float32, bow float32) float64 {
	var top, sample float32
	for ch := range l.channels {
		ends := l.peaks.ends(x[ch:], l.channels)
		sample = max(sample, ends)
		if ends+bow > max(l.ceiling, top) {
			top = max(top, l.peaks.between(x[ch:], l.channels))
		}
	}
	if sample <= l.ceiling && top <= l.ceiling*limiterRounding {
		return 1
	}
	return float64(l.ceiling) / float64(top)
}

// emit writes one frame at the gain. The clamp takes away the last bit by which rounding may pass
// the ceiling.
func (l *Limiter) emit(dst, frame []float32, gain float64) {
	if gain == 1 {
		copy(dst, frame)
		return
	}
	g := float32(gain)
	for i := range dst {
		dst[i] = min(max(frame[i]*g, -l.ceiling), l.ceiling)
	}
}

// advance takes what the next interval needs and returns the gain of the next frame to come out.
//
// The least need falls as soon as a peak is seen and stays until it is out; the mean over a part of
// that time turns the step into a ramp, which has arrived limiterGuard frames before the peak comes
// out and lasts until as many are behind it. Every value under the mean then is at or below what the
// peak needs, and so is the mean.
func (l *Limiter) advance(need float64) float64 {
	least := 1 - l.slideMinimum(need)
	l.down = l.mean + (l.down-l.mean)*l.fast
	l.down = max(l.down, least)
	l.mean += (least - l.mean) * l.slow
	if max(l.down, l.mean) < limiterSettled && least == 0 {
		l.down, l.mean = 0, 0
	}
	i := int(l.now % int64(len(l.smooth)))
	l.now++
	old := l.smooth[i]
	l.smooth[i] = l.down
	if old > 0 {
		l.reduced--
	}
	if l.down > 0 {
		l.reduced++
	}
	l.sum += l.down - old
	if l.reduced == 0 {
		l.sum = 0 // no rounding error stays behind
		return 1
	}
	return min(1, 1-l.sum/float64(len(l.smooth)))
}

// slideMinimum is the least of need and its predecessors in the window, in constant time a frame on
// average (a monotonic queue).
func (l *Limiter) slideMinimum(need float64) float64 {
	if l.count > 0 && l.minAt[l.head] <= l.now-int64(l.window) {
		l.head = (l.head + 1) % l.window
		l.count--
	}
	if need < 1 {
		for l.count > 0 && l.minGain[(l.head+l.count-1)%l.window] >= need {
			l.count--
		}
		tail := (l.head + l.count) % l.window
		l.minGain[tail], l.minAt[tail] = need, l.now
		l.count++
	}
	if l.count == 0 {
		return 1
	}
	return l.minGain[l.head]
}
