package abr

import (
	"math"
	"slices"
	"time"

	"github.com/segue-audio/segue/player/media"
)

// Link is what is known of the link, in the words that Tempo thinks in. The Estimator gives it. The zero value knows
// nothing.
//
// A link is described relative to itself: Level is where it mostly is, Rate where it is now, Volatility how far
// it moves in four seconds, and Outages how often it all but stopped. So what holds for a slow link holds for a fast
// one, and one model serves both.
type Link struct {
	Level      media.Bitrate // a little above the median of the last minute; what an outage does to it is softened
	Rate       media.Bitrate // over the last seconds, or since it last changed at a stroke; zero where nothing is known
	Volatility float64       // octaves between one four seconds and the next, on average
	Outages    int           // how often less than a sixteenth of Level came for ten seconds or more
	Flowing    bool          // what has come so far of the download in flight is in Rate
}

const (
	step = 4 * time.Second // what the model of a link counts in

	levels       = 8    // steps that Level looks back
	readings     = 31   // as many as they may be where they are of outages
	levelShare   = 0.6  // of them lie below it
	outageWeight = 0.25 // of a step that lies two octaves or more below
	priorWeight  = 0.25 // in steps
	priorPull    = 1    // octaves, no further than which it is taken to be from what is measured
	priorSteps   = 3    // that the prior of the volatility counts as
	jumpMax      = 2    // octaves; a greater step counts as this
	abyss        = 7    // octaves below Level, and no further

	rateSpan    = 4 * time.Second        // what Rate looks back at most
	changeSpan  = 500 * time.Millisecond // what is enough to tell a change
	change      = 4                      // octaves
	flows       = 32                     // stretches that are kept for it
	deadRate    = 500                    // bits a second, below which a link is dead rather than slow
	deadSteps   = 8                      // that are taken into account in a row
	outageDepth = 4                      // octaves
	outageSpan  = 10 * time.Second
)

// tracker makes a Link of what flows.
type tracker struct {
	prior Prior

	recent [flows]flow // a ring; the newest is at newest
	newest int
	count  int

	step     flow // being filled
	requests int  // that went into it
	dead     int  // steps in a row in which as good as nothing came

	steps  [readings]reading // oldest first
	n      int
	level  float64 // log2 of bits per second
	shaken float64 // Volatility

	low     time.Duration // of the present outage
	outages int
}

// flow is an amount that came in a time.
type flow struct {
	bits    float64
	elapsed time.Duration
}

type reading struct{ octave, weight float32 }

func (f flow) octave() float64 {
	return math.Log2(min(max(f.bits/max(f.elapsed.Seconds(), 1e-9), minRate), maxRate))
}

const minRate = 10 // bits per second

// begin puts the prior in its place.
func (t *tracker) begin(p Prior) {
	*t = tracker{prior: p}
	t.refresh()
}

// add takes what came in a stretch of time in which bytes could flow.
func (t *tracker) add(f flow) {
	if f.elapsed <= 0 {
		return
	}
	if t.level == 0 {
		t.refresh()
	}
	t.watch(f)
	t.newest = (t.newest + 1) % flows
	t.recent[t.newest] = f
	t.count = min(t.count+1, flows)
	for f.elapsed > 0 {
		part := min(f.elapsed, step-t.step.elapsed)
		bits := f.bits * float64(part) / float64(f.elapsed)
		t.step.bits += bits
		t.step.elapsed += part
		f.bits -= bits
		f.elapsed -= part
		if t.step.elapsed >= step {
			t.close()
		}
	}
}

// watch counts outages.
func (t *tracker) watch(f flow) {
	if f.octave() >= t.level-outageDepth {
		if f.elapsed > changeSpan/10 {
			t.low = 0
		}
		return
	}
	before := t.low
	t.low += f.elapsed
	if before < outageSpan && t.low >= outageSpan && t.n > 0 {
		t.outages++
	}
}

// done says that a request is over. A fast link's would take too long to fill a step.
func (t *tracker) done() {
	t.requests++
	filled := t.step.elapsed
	if filled >= step/4 || filled > step/40 && (t.n == 0 || t.requests > 2) || filled > 0 && t.requests > 8 {
		t.close()
	}
}

// close ends a step.
func (t *tracker) close() {
	r := reading{float32(max(t.step.octave(), t.level-abyss)), 1}
	if t.n > 0 && float64(r.octave) < t.level-jumpMax {
		r.weight = outageWeight
	}
	t.dead++
	if t.step.bits > deadRate*t.step.elapsed.Seconds() {
		t.dead = 0
	}
	if t.dead > deadSteps { // no news of what the link is when it is one
		t.step, t.requests = flow{}, 0
		return
	}
	t.step, t.requests = flow{}, 0
	total, drop := r.weight, 0
	for _, s := range t.steps[:t.n] {
		total += s.weight
	}
	for drop < t.n && (total-t.steps[drop].weight >= levels || t.n-drop == readings) {
		total -= t.steps[drop].weight
		drop++
	}
	copy(t.steps[:], t.steps[drop:t.n])
	t.n -= drop
	t.steps[t.n] = r
	t.n++
	t.refresh()
}

// refresh works out level and volatility anew.
func (t *tracker) refresh() {
	moved, count := float32(t.prior.volatility()*priorSteps), float32(priorSteps)
	total := float32(0)
	var sorted [readings]reading
	for i, r := range t.steps[:t.n] {
		total += r.weight
		sorted[i] = r
		if i > max(0, t.n-levels) {
			moved += min(jumpMax, abs(r.octave-t.steps[i-1].octave))
			count++
		}
	}
	t.shaken = float64(moved / count)
	t.level = t.prior.octave()
	if t.n == 0 {
		return
	}
	slices.SortFunc(sorted[:t.n], func(a, b reading) int {
		switch {
		case a.octave < b.octave:
			return -1
		case a.octave > b.octave:
			return 1
		}
		return 0
	})
	q := quantile(sorted[:t.n], levelShare*total)
	weight := float32(priorWeight)
	if !t.prior.known() {
		weight = 0
	}
	prior := min(max(float32(t.level), q-priorPull), q+priorPull)
	t.level = float64((weight*prior + total*q) / (weight + total))
}

// quantile gives the value below which readings of the given weight lie, in between two of them by proportion.
func quantile(sorted []reading, weight float32) float32 {
	sum := float32(0)
	for i, r := range sorted {
		if sum+r.weight < weight {
			sum += r.weight
			continue
		}
		if i == 0 || r.octave-sorted[i-1].octave > jumpMax {
			return r.octave
		}
		return sorted[i-1].octave + (r.octave-sorted[i-1].octave)*(weight-sum)/r.weight
	}
	return sorted[len(sorted)-1].octave
}

// at gives the i-th newest stretch.
func (t *tracker) at(i int) flow { return t.recent[(t.newest-i+flows)%flows] }

// now gives what came lately: no longer ago than rateSpan, and nothing from before a change at a stroke.
func (t *tracker) now() flow {
	var sum flow
	for i := range t.count {
		f := t.at(i)
		if sum.elapsed >= rateSpan || sum.elapsed >= changeSpan && t.changed(sum, i) || t.revived(sum, i) {
			break
		}
		if over := sum.elapsed + f.elapsed - rateSpan; over > 0 {
			f.bits *= float64(f.elapsed-over) / float64(f.elapsed)
			f.elapsed -= over
		}
		sum.bits += f.bits
		sum.elapsed += f.elapsed
	}
	return sum
}

// changed tells whether what came in the time before the i-th newest stretch was of another kind.
func (t *tracker) changed(since flow, i int) bool {
	return math.Abs(since.octave()-t.before(i, changeSpan).octave()) > change
}

// revived tells whether an outage has ended with since: then little is enough to know it.
func (t *tracker) revived(since flow, i int) bool {
	if since.elapsed < changeSpan/25 || since.octave() < t.level-outageDepth+1 {
		return false
	}
	old := t.before(i, time.Second)
	return old.elapsed >= time.Second && old.octave() < t.level-outageDepth-1
}

// before sums up from the i-th newest stretch back, for at least a span where there is as much.
func (t *tracker) before(i int, span time.Duration) (sum flow) {
	for ; i < t.count && sum.elapsed < span; i++ {
		f := t.at(i)
		sum.bits += f.bits
		sum.elapsed += f.elapsed
	}
	return sum
}

func (t *tracker) link() Link {
	if t.level == 0 {
		t.refresh()
	}
	l := Link{Volatility: t.shaken, Outages: t.outages}
	if t.n > 0 || t.prior.known() {
		l.Level = bitrate(t.level)
	}
	if now := t.now(); now.elapsed > 0 {
		l.Rate = bitrate(now.octave())
		if l.Level == 0 {
			l.Level = l.Rate
		}
	}
	return l
}

func bitrate(octave float64) media.Bitrate {
	return media.Bitrate(max(1, min(math.Exp2(octave), maxRate)))
}
