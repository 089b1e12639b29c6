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

	Wait   time.Duration // of FirstByte, what the server says that it took to think
	Others int64         // bytes that other downloads got over the same link meanwhile
	Cached bool          // it came from a cache, and says nothing of the link
	Again  bool          // a stretch of a download that is another sample already: lets the mean notice sooner
}

// Estimator turns samples into a throughput and a latency. The zero value is ready and knows nothing.
// It is used by one goroutine at a time. Downloads that share the link at the same time each see only a
// part of it: add them as one sample, or say in each what the others got. What came from a cache is left out.
//
// Two means of different memory run side by side and the lower counts, as in Shaka Player and hls.js: the
// short one notices a collapse, the long one is not carried away by one good download. Both average the
// logarithm of the rate, since links change by factors: after 2 Mbps, two seconds at 96 kbps pull an
// arithmetic mean of one second's half-life to 570 kbps and this one to 205.
type Estimator struct {
	fast, slow logMean
	latency    logMean

	link   tracker
	flight flight
}

// flight is what is known already of the download in flight.
type flight struct {
	bytes   int64
	elapsed time.Duration
}

// Expect puts a prior in the place of all that is known.
func (e *Estimator) Expect(p Prior) {
	*e = Estimator{}
	e.link.begin(p)
}

// Flow takes into account what has come so far of a download in flight, so that Link knows before it ends. The
// download's own sample, which must be the next, then adds only what came after.
func (e *Estimator) Flow(p Progress) {
	if p.BytesDone < e.flight.bytes || p.Elapsed < e.flight.elapsed { // another one
		e.flight = flight{}
	}
	from := e.flight.elapsed
	if e.flight.bytes == 0 {
		from = max(from, min(e.Latency(), p.Elapsed))
	}
	e.link.add(flow{float64(p.BytesDone-e.flight.bytes) * 8, p.Elapsed - from})
	e.flight = flight{p.BytesDone, p.Elapsed}
}

// Link is what is known of the link.
func (e *Estimator) Link() Link {
	l := e.link.link()
	l.Flowing = e.flight.elapsed > 0
	return l
}

// Learned is what the next session on this network may begin with. What was learned in a short session is
// little, and so is what it changes.
func (e *Estimator) Learned() Prior {
	l := e.link.link()
	return Prior{Level: l.Level, Volatility: l.Volatility, Outages: min(l.Outages, 2)}
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
	if s.Elapsed <= 0 || s.Bytes < 0 || s.Cached {
		return
	}
	first := min(max(s.FirstByte, 0), s.Elapsed)
	if first > 0 && s.Bytes > 0 {
		e.latency.add(max(first-max(s.Wait, 0), time.Millisecond).Seconds(), 1, latencyHalfLife)
	}
	s.Bytes += max(s.Others, 0)
	if !s.Again {
		e.track(s, first)
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

// track tells the tracker what Flow did not.
func (e *Estimator) track(s Sample, first time.Duration) {
	seen := e.flight
	e.flight = flight{}
	if seen.bytes > s.Bytes || seen.elapsed > s.Elapsed {
		seen = flight{}
	}
	from := max(seen.elapsed, first)
	if seen.elapsed == 0 && s.Elapsed-first < s.Elapsed/4 && s.Elapsed < tinyTime {
		from = s.Elapsed - s.Elapsed/4 // see Add
	}
	e.link.add(flow{float64(s.Bytes-seen.bytes) * 8, s.Elapsed - from})
	e.link.done()
}

// doubtShare is what is left of all that is known when the link has become another one.
const doubtShare = 0.05

// Doubt keeps the estimate but makes it count for little beside the samples that follow: the link may be
// another one.
func (e *Estimator) Doubt() {
	e.fast.scale(doubtShare)
	e.slow.scale(doubtShare)
	e.latency.scale(doubtShare)
	e.link.begin(e.Learned())
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
