package peers

import (
	"math"

	"github.com/segue-audio/segue/abr/abrtest"
)

// dashBola is dash.js's BolaRule for audio: BOLA-E with the caution of BOLA-O. Times are in seconds. An empty
// buffer doesn't take the placeholder away: the rule means to, but for audio it looks under a wrong key.
type dashBola struct {
	state       bolaState
	utilities   []float64
	vp, gp      float64
	placeholder float64
	current     int

	loadedOne bool    // a segment came in, in this period
	lastOne   float64 // its duration
	ended     float64 // when it was in
	fresh     bool    // and the rule was not asked since
	asked     float64 // when the rule was asked last
	wasAsked  bool
}

type bolaState uint8

const (
	bolaNone bolaState = iota
	bolaStartup
	bolaSteady
	bolaOneBitrate
)

const (
	dashBolaMinimum  = 10 // seconds
	dashBolaPerLevel = 2  // seconds
	dashBolaDecay    = 0.99
)

func (b *dashBola) begin(ladder []float64, goal float64) {
	n := len(ladder)
	*b = dashBola{state: bolaStartup, current: b.current}
	if n == 1 {
		b.state = bolaOneBitrate
		return
	}
	for _, kbps := range ladder {
		b.utilities = append(b.utilities, math.Log(kbps*1000)-math.Log(ladder[0]*1000)+1)
	}
	goal = max(goal, dashBolaMinimum+dashBolaPerLevel*float64(n))
	b.gp = (b.utilities[n-1] - 1) / (goal/dashBolaMinimum - 1)
	b.vp = dashBolaMinimum / b.gp
}

func (b *dashBola) running() bool { return b.state == bolaStartup || b.state == bolaSteady }

// least is the level from which on a representation is preferred to those below it.
func (b *dashBola) least(ladder []float64, index int) float64 {
	level := 0.0
	for i := range index {
		if b.utilities[i] < b.utilities[index] {
			own, other := ladder[index], ladder[i]
			level = max(level, b.vp*(b.gp+(float64(own*b.utilities[i])-float64(other*b.utilities[index]))/(own-other)))
		}
	}
	return level
}

// most is the level from which on nothing is to be fetched in a representation.
func (b *dashBola) most(index int) float64 { return b.vp * (b.utilities[index] + b.gp) }

// choose is getSwitchRequest; the delay is in milliseconds.
func (b *dashBola) choose(v *abrtest.View, kbps float64) (index int, delay float64) {
	switch b.state {
	case bolaStartup:
		return b.startUp(v, kbps), 0
	case bolaSteady:
		return b.steady(v, kbps)
	}
	return unasked, 0
}

func (b *dashBola) startUp(v *abrtest.View, kbps float64) int {
	if math.IsNaN(kbps) {
		return unasked
	}
	level := v.Buffer / 1000
	b.current = highest(v.Playlist.Ladder, kbps)
	b.placeholder = max(0, b.least(v.Playlist.Ladder, b.current)-level)
	if b.loadedOne && level >= b.lastOne {
		b.state = bolaSteady
	}
	return b.current
}

func (b *dashBola) steady(v *abrtest.View, kbps float64) (index int, delay float64) {
	ladder, level, now := v.Playlist.Ladder, v.Buffer/1000, v.Now/1000
	if b.fresh {
		b.placeholder += max(0, now-b.ended)
	} else if b.wasAsked {
		b.placeholder += max(0, now-b.asked)
	}
	b.asked, b.wasAsked, b.fresh = now, true, false
	best := math.Inf(-1)
	for i := range b.utilities {
		// The product is rounded by itself: see sabreBolaE.
		if s := (float64(b.vp*(b.utilities[i]-1+b.gp)) - (level + b.placeholder)) / ladder[i]; s >= best {
			index, best = i, s
		}
	}
	if sustained := highest(ladder, kbps); index > b.current && index > sustained {
		index = max(sustained, b.current)
	}
	over := max(0, level+b.placeholder-b.most(index))
	if over <= b.placeholder {
		b.placeholder -= over
		over = 0
	} else {
		over -= b.placeholder
		b.placeholder = 0
	}
	if index == len(ladder)-1 {
		over = 0
	}
	b.current = index
	return index, 1000 * over
}

// loaded tells of a segment, before it is appended to the buffer.
func (b *dashBola) loaded(now, buffer float64, r *abrtest.Download, duration float64) {
	if !b.running() {
		return
	}
	b.current, b.loadedOne, b.lastOne = r.Index, true, duration/1000
	b.ended, b.fresh = now/1000, true
	b.placeholder *= dashBolaDecay
	asked := (buffer + r.Elapsed) / 1000 // the level when it was asked for, at most
	b.placeholder = min(b.placeholder, max(0, b.most(b.current)-asked))
}

// abandoned tells that a request was.
func (b *dashBola) abandoned(v *abrtest.View) {
	if !b.running() {
		return
	}
	want := float64(dashBolaMinimum)
	if b.current > 0 {
		want = b.least(v.Playlist.Ladder, b.current)
	}
	b.placeholder = min(b.placeholder, max(0, want-v.Buffer/1000))
}
