package abr

import (
	"math"
	"time"

	"github.com/segue-audio/segue/player/media"
)

// Sample is one download, or the part of it that came before it was broken off.
type Sample struct {
	Bytes     int64
	Elapsed   time.Duration // from the request to the last byte
	FirstByte time.Duration // from the request to the first; zero where unknown
}

// Estimator turns samples into a throughput and a latency. The zero value is ready and knows nothing.
// It is used by one goroutine at a time. Downloads that share the link at the same time each see only a
// part of it: add them as one sample. What came from a cache is not added.
//
// Two means of different memory run side by side and the lower counts, as in Shaka Player and hls.js: the
// short one notices a collapse, the long one is not carried away by one good download. Both average the
// logarithm of the rate, since links change by factors: after 2 Mbps, two seconds at 96 kbps pull an
// arithmetic mean of one second's half-life to 570 kbps and this one to 205.
type Estimator struct {
	fast, slow logMean
	latency    logMean
}

const (
	fastHalfLife    = time.Second
	slowHalfLife    = 4 * time.Second
	latencyHalfLife = 3 // samples

	// A fast link's samples are so short that by their duration alone they would never outweigh the
	// long ones of a slow time; so each weighs at least this much.
	minWeight = 2 * time.Second

	tinyBytes  = 8 << 10     // less says more about TCP's first round trips than about the link
	tinyTime   = time.Second // unless it took this long
	floorBytes = 512         // what an empty sample counts as

	maxRate = 100_000_000_000 // bits per second; keeps a clock that stood still from mattering
)

// Add takes a sample into account. Samples of less than 8 KiB tell the latency only, unless they took a
// second or more, which does say something of the link. Samples without a positive Elapsed are dropped.
func (e *Estimator) Add(s Sample) {
	if s.Elapsed <= 0 || s.Bytes < 0 {
		return
	}
	first := min(max(s.FirstByte, 0), s.Elapsed)
	if first > 0 && s.Bytes > 0 {
		e.latency.add(first.Seconds(), 1, latencyHalfLife)
	}
	if s.Bytes < tinyBytes && s.Elapsed < tinyTime {
		return
	}
	// When nearly all the time passed before the first byte, the body was waiting in a buffer on the way
	// and the remainder says nothing. Hence never less than a quarter of the whole.
	transfer := max(s.Elapsed-first, s.Elapsed/4)
	rate := float64(rateOf(s.Bytes, transfer))
	weight := max(transfer, minWeight).Seconds()
	e.fast.add(rate, weight, fastHalfLife.Seconds())
	e.slow.add(rate, weight, slowHalfLife.Seconds())
}

// doubtShare is what is left of all that is known when the link has become another one.
const doubtShare = 0.05

// Doubt keeps the estimate but makes it count for little beside the samples that follow: the link may be
// another one.
func (e *Estimator) Doubt() {
	e.fast.scale(doubtShare)
	e.slow.scale(doubtShare)
	e.latency.scale(doubtShare)
}

// Throughput is the rate to expect while bytes flow; zero where nothing is known.
func (e *Estimator) Throughput() media.Bitrate {
	return media.Bitrate(min(e.fast.value(), e.slow.value()))
}

// Latency is the time to expect between a request and its first byte; zero where nothing is known.
func (e *Estimator) Latency() time.Duration {
	return time.Duration(e.latency.value() * float64(time.Second))
}

// rateOf never gives zero: even an empty sample is a finite witness.
func rateOf(bytes int64, d time.Duration) media.Bitrate {
	if d <= 0 {
		return maxRate
	}
	return media.Bitrate(max(1, min(float64(max(bytes, floorBytes))*8/d.Seconds(), maxRate)))
}

// logMean is a geometric mean of exponentially fading memory.
type logMean struct{ sum, weight float64 }

func (m *logMean) add(v, weight, halfLife float64) {
	fade := math.Exp2(-weight / halfLife)
	m.sum = m.sum*fade + math.Log(v)*(1-fade)
	m.weight = m.weight*fade + (1 - fade)
}

func (m *logMean) scale(f float64) {
	m.sum *= f
	m.weight *= f
}

func (m *logMean) value() float64 {
	if m.weight <= 0 {
		return 0
	}
	return math.Exp(m.sum / m.weight)
}
