package peers

import (
	"math"

	"github.com/segue-audio/segue/abr/abrtest"
)

// hlsjs is the rule of hls.js 1.7.4: AbrController with EwmaBandWidthEstimator, in the default
// configuration.
//
// The highest rendition is chosen whose rate lies below the estimate (× 0.95 to stay, × 0.7 to climb) and
// whose segment would be here before the buffer is empty; where there is none, with up to four seconds of
// silence allowed. A request that half of its segment's duration has passed over is abandoned when the
// rest would come too late and a lower rendition at least before that. When that would take less than half
// as long, hls.js doesn't go to the rendition that it found but to the lowest, and forgets its estimate.
//
// Media playlists count as loaded, and bit rates as both average and peak. Left out is what a music player
// of one codec has no use for: codec and HDR tiers, media capabilities, live streams and parts, and bit
// rate tests, which are off by default in the sense that the first rendition is chosen by the default
// estimate.
type hlsjs struct {
	fast, slow ewma    // bits a second by seconds
	firstByte  ewma    // milliseconds
	fallback   float64 // bits a second, as long as nothing is known
	last       int     // the rendition of the segment that came in last
	fragment   float64 // the duration of the segment asked for last, in seconds
}

// The configuration, as hls.js's config.ts has it.
const (
	hlsFastHalfLife  = 3   // seconds
	hlsSlowHalfLife  = 9   // seconds
	hlsDefault       = 5e5 // bits a second
	hlsFirstByte     = 100 // milliseconds, as long as nothing is known
	hlsKnows         = 0.001
	hlsStay          = 0.95
	hlsClimb         = 0.7
	hlsMaxStarvation = 4 // seconds
	hlsHopeless      = 10
)

func (h *hlsjs) Start(v *abrtest.View) {
	*h = hlsjs{last: -1}
	h.forget(hlsDefault * v.Scale)
}

func (h *hlsjs) forget(fallback float64) {
	h.fast, h.slow = ewma{halfLife: hlsFastHalfLife}, ewma{halfLife: hlsSlowHalfLife}
	h.firstByte = ewma{halfLife: hlsSlowHalfLife}
	h.fallback = fallback
}

func (h *hlsjs) estimate() float64 {
	if h.fast.weight < hlsKnows {
		return h.fallback
	}
	return min(h.fast.value(), h.slow.value())
}

// firstByteSeconds is the time to expect until the first byte.
func (h *hlsjs) firstByteSeconds() float64 {
	if h.firstByte.weight < hlsKnows {
		return hlsFirstByte / 1000.0
	}
	return h.firstByte.value() / 1000
}

func (h *hlsjs) sample(milliseconds, bytes float64) {
	if bytes <= 0 {
		return
	}
	seconds := max(milliseconds, min(50, bytes/100_000)) / 1000
	h.fast.add(seconds, 8*bytes/seconds)
	h.slow.add(seconds, 8*bytes/seconds)
}

// sampleFirstByte gives long times less weight.
func (h *hlsjs) sampleFirstByte(milliseconds float64) {
	seconds := milliseconds / 1000
	h.firstByte.add(math.Sqrt2*math.Exp(-seconds*seconds/2), max(milliseconds, 5))
}

// hlsSearch is what findBestLevel is asked: bits a second, and seconds.
type hlsSearch struct {
	rate        float64
	top         int
	starve      float64 // until the buffer is empty
	allowed     float64 // of silence
	stay, climb float64
	duration    float64 // of an average segment
	playlist    bool    // that has to be loaded first
}

// best gives the highest rendition that fits, or −1.
func (h *hlsjs) best(ladder []float64, q hlsSearch) int {
	wait := h.firstByteSeconds()
	for i := q.top; i >= 0; i-- {
		rate, need := q.stay*q.rate, ladder[i]*1000
		if i > max(h.last, 0) {
			rate = q.climb * q.rate
		}
		fetch := wait + need*q.duration/rate
		if q.playlist {
			fetch += wait
		}
		if rate >= need && (fetch <= wait || fetch < q.starve+q.allowed) {
			return i
		}
	}
	return -1
}

func (h *hlsjs) Choose(v *abrtest.View) abrtest.Pick {
	ladder := v.Playlist.Ladder
	q := hlsSearch{
		rate: h.estimate(), top: len(ladder) - 1, starve: v.Buffer / 1000,
		stay: hlsStay, climb: hlsClimb, duration: v.Playlist.Segment / 1000,
	}
	first := h.last < 0
	if first || h.fast.weight < hlsKnows { // firstAutoLevel
		q.starve, q.allowed, q.stay, q.climb = q.starve/2, hlsMaxStarvation, 1, 1
		if first { // no playlist is here, so nothing is known of durations; and any rate carries the lowest
			q.duration, q.playlist, q.rate = 1, true, max(q.rate, ladder[0]*1000)
		}
		return h.pick(v, h.best(ladder, q))
	}
	if q.starve > 0 {
		if i := h.best(ladder, q); i >= 0 {
			return h.pick(v, i)
		}
	}
	q.allowed = min(h.fragment, hlsMaxStarvation)
	return h.pick(v, h.best(ladder, q))
}

func (h *hlsjs) pick(v *abrtest.View, index int) abrtest.Pick {
	h.fragment = v.Playlist.Segments[v.Next].Duration / 1000
	return abrtest.Pick{Index: max(index, 0)}
}

func (h *hlsjs) Done(_ *abrtest.View, d *abrtest.Download) {
	if d.Outcome != abrtest.Complete {
		return
	}
	h.sampleFirstByte(d.FirstByte)
	h.last = d.Index
	h.sample(d.Elapsed-min(d.FirstByte, 1000*h.firstByteSeconds()), d.Got/8)
}

// PollEvery implements abrtest.Abandoner.
func (h *hlsjs) PollEvery() float64 { return 100 }

// Abandon is _abandonRulesCheck. Times are in seconds where nothing else is said.
func (h *hlsjs) Abandon(v *abrtest.View, d *abrtest.Download) (index int, ok bool) {
	ladder, duration, wait := v.Playlist.Ladder, v.Playlist.Segments[d.Segment].Duration/1000, h.firstByteSeconds()
	if d.Index <= 0 || !v.Started || d.Elapsed <= max(1000*wait, 1000*duration/2) {
		return 0, false
	}
	starve := v.Buffer / 1000
	left, rate := h.left(d, ladder[d.Index], duration)
	if left <= starve {
		return 0, false
	}
	fetch := math.Inf(1)
	lower := d.Index - 1
	for ; lower > 0; lower-- {
		fetch = wait + duration*ladder[lower]*1000/rate
		if fetch < min(starve, duration+wait) {
			break
		}
	}
	if fetch >= left || fetch > duration*hlsHopeless {
		return 0, false
	}
	if d.Got > 0 {
		h.sample(d.Elapsed-min(1000*wait, d.FirstByte), d.Got/8)
	} else {
		h.sampleFirstByte(d.Elapsed)
	}
	need := ladder[lower] * 1000
	if h.estimate()*hlsClimb > need {
		h.forget(need)
	}
	q := hlsSearch{rate: need, top: lower, allowed: starve, stay: 1, climb: 1, duration: v.Playlist.Segment / 1000}
	if i := h.best(ladder, q); i >= 0 {
		lower = i
	}
	if left > 2*fetch && lower > 0 {
		lower = 0
		h.forget(ladder[0] * 1000)
	}
	return lower, true
}

// left is how many seconds the rest of a request takes, at which bits a second.
func (h *hlsjs) left(d *abrtest.Download, kbps, duration float64) (seconds, rate float64) {
	bytes := d.Got / 8
	expected := max(bytes, jsRound(duration*kbps*1000/8))
	if bytes <= 0 {
		rate = h.estimate()
		return expected*8/rate + h.firstByteSeconds(), rate
	}
	streaming := d.Elapsed - d.FirstByte
	if streaming < 1 {
		streaming = min(d.Elapsed, bytes*8/h.estimate())
	}
	perSecond := bytes * 1000 / streaming
	return (expected - bytes) / perSecond, 8 * perSecond
}
