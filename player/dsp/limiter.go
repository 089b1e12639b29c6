package dsp

import (
	"fmt"
	"math"
	"time"

	"github.com/segue-audio/segue/player/media"
)

// Times of a Limiter.
const (
	limiterAhead   = 5 * time.Millisecond   // the gain goes down over this long before a peak
	limiterRelease = 120 * time.Millisecond // the gain comes back by 63 % of the way in this long
)

// Limiter keeps peaks at or below a ceiling. It looks ahead, so that the gain is down by the time a
// loud frame comes out, and treats all channels alike, so that the image stays. While nothing passes
// the ceiling, every bit goes through. It implements Stream: it holds Latency frames back, and gives
// as many frames as it took.
type Limiter struct {
	channels int
	ceiling  float32
	release  float64 // the part of the way back to 1 that a frame keeps

	ahead int       // frames held back
	ring  []float32 // the frames held back
	at    int       // next frame of ring
	held  int       // frames in ring

	// The least gain that any frame in the window needs: a queue of candidates, rising from the
	// front, each with the frame that it belongs to.
	minGain []float64
	minAt   []int64
	head    int
	count   int

	now     int64     // frames taken
	env     float64   // the minimum, with the release applied
	smooth  []float64 // the last envelopes; the gain is their mean
	sum     float64
	reduced int // entries of smooth below 1
}

// NewLimiter makes a Limiter whose output stays within ±ceiling, of 0 dB or less for full scale.
func NewLimiter(rate, channels int, ceiling media.Decibels) (*Limiter, error) {
	if rate < MinRate || rate > MaxRate || channels < 1 || channels > MaxChannels {
		return nil, fmt.Errorf("%w: limit %d Hz, %d channels", ErrFormat, rate, channels)
	}
	ahead := int(limiterAhead.Seconds() * float64(rate))
	l := &Limiter{
		channels: channels,
		ceiling:  float32(ceiling.Amplitude()),
		release:  math.Exp(-1 / (limiterRelease.Seconds() * float64(rate))),
		ahead:    ahead,
		ring:     make([]float32, ahead*channels),
		minGain:  make([]float64, ahead+1),
		minAt:    make([]int64, ahead+1),
		smooth:   make([]float64, ahead+1),
	}
	l.Reset()
	return l, nil
}

// Latency counts the frames held back.
func (l *Limiter) Latency() media.Frames { return media.Frames(l.ahead) }

// Reset forgets all frames taken so far.
func (l *Limiter) Reset() {
	l.at, l.held, l.head, l.count, l.now, l.reduced = 0, 0, 0, 0, 0, 0
	for i := range l.smooth {
		l.smooth[i] = 1
	}
	l.env, l.sum = 1, float64(len(l.smooth))
}

// Process limits as Stream says.
func (l *Limiter) Process(dst, src []float32) (consumed, produced int) {
	c := l.channels
	for len(src) >= c {
		full := l.held == l.ahead
		if full && len(dst) < c {
			break
		}
		gain := l.advance(src[:c])
		slot := l.ring[l.at*c : (l.at+1)*c]
		if full {
			l.emit(dst[:c], slot, gain)
			dst = dst[c:]
			produced++
		} else {
			l.held++
		}
		copy(slot, src)
		if l.at++; l.at == l.ahead {
			l.at = 0
		}
		src = src[c:]
		consumed++
	}
	return consumed, produced
}

// Flush gives the frames held back.
func (l *Limiter) Flush(dst []float32) (produced int, done bool) {
	c := l.channels
	for l.held > 0 {
		if len(dst) < c {
			return produced, false
		}
		gain := l.advance(nil)
		oldest := l.at - l.held
		if oldest < 0 {
			oldest += l.ahead
		}
		l.emit(dst[:c], l.ring[oldest*c:(oldest+1)*c], gain)
		dst = dst[c:]
		produced++
		l.held--
	}
	l.Reset()
	return produced, true
}

// emit writes one frame at the gain. The clamp takes away the last bit by which rounding may pass
// the ceiling.
func (l *Limiter) emit(dst, frame []float32, gain float64) {
	if gain == 1 {
		copy(dst, frame)
		return
	}
	g := float32(gain)
	for i, v := range frame {
		dst[i] = min(max(v*g, -l.ceiling), l.ceiling)
	}
}

// advance takes one frame (silence where nil) into the window and returns the gain for the frame
// that came Latency frames before.
//
// The window's minimum falls as soon as a peak enters and stays until it leaves; the mean over the
// same length turns that step into a ramp which has arrived exactly when the peak comes out. Every
// value under the mean then is at or below what the peak needs, and so is the mean.
func (l *Limiter) advance(frame []float32) float64 {
	var peak float32
	for _, v := range frame {
		if v < 0 {
			v = -v
		}
		if v > peak { // never true for what is not a number
			peak = v
		}
	}
	need := 1.0
	if peak > l.ceiling {
		need = float64(l.ceiling) / float64(peak)
	}
	least := l.slideMinimum(need)
	l.env = 1 - (1-l.env)*l.release
	if l.env > 1-1e-6 { // −120 dB: from here on exactly 1
		l.env = 1
	}
	l.env = min(l.env, least)

	i := int(l.now % int64(len(l.smooth)))
	l.now++
	old := l.smooth[i]
	l.smooth[i] = l.env
	if old < 1 {
		l.reduced--
	}
	if l.env < 1 {
		l.reduced++
	}
	l.sum += l.env - old
	if l.reduced == 0 {
		l.sum = float64(len(l.smooth)) // no rounding error stays behind
		return 1
	}
	return min(1, l.sum/float64(len(l.smooth)))
}

// slideMinimum is the least of need and its predecessors in the window, in constant time a frame on
// average (a monotonic queue).
func (l *Limiter) slideMinimum(need float64) float64 {
	size := len(l.minGain)
	if l.count > 0 && l.minAt[l.head] <= l.now-int64(size) {
		l.head = (l.head + 1) % size
		l.count--
	}
	for l.count > 0 && l.minGain[(l.head+l.count-1)%size] >= need {
		l.count--
	}
	tail := (l.head + l.count) % size
	l.minGain[tail], l.minAt[tail] = need, l.now
	l.count++
	return l.minGain[l.head]
}
