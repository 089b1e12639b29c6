package abr

import "time"

// Music is small, so silence can be insured against by laying a base: the buffer is filled with the lowest rendition,
// which takes a moment, and while it is full its segments are raised, in the order in which they will be heard, each to
// what Tempo chooses for the time that is left until then. An outage then finds a full buffer, and a choice that was too
// bold costs a segment in the lowest rendition rather than silence.
//
// The idea is that of layered video (Rejaie, Handley and Estrin, "Quality Adaptation for Congestion Controlled Video
// Playback over the Internet", SIGCOMM 1999), with whole renditions for layers: the lower is thrown away. That
// costs the base's bytes, a second request for each segment, and while the base is laid time. So it is done on cellular
// links, on any that has had an outage, and never where bytes cost, where the link is little faster than the base, or so
// fast that nothing takes long. A deep buffer bridges most outages without.
const (
	layLeast     = 8                      // times the base's bit rate, that the link must carry
	layLeastDeep = 12                     // the same for a deep buffer, and
	layLeastYet  = 50                     // before the first outage: then the base costs next to nothing
	layDeep      = 60                     // seconds from which a buffer is deep, unless on 3G
	layAtOnce    = 300 * time.Millisecond // what takes less in the best rendition is hardly hit by an outage
	layAfter     = 3                      // seconds that are in a better rendition when the base is begun, and
	layPace      = 1.5                    // times what the base takes in all
	lateShare    = 0.1                    // of what a second of silence costs: a second by which a segment is raised too late

	hopeless = 2 // times the time until a segment is heard: what takes longer at today's rate is not raised

	spendLeast = 0.5 // times as long as it plays, and
	spendMost  = 8   // that raising a segment may take

	// Where nothing is raised once the last segment is fetched, no base is laid for the last seconds: they are fetched as
	// they will be heard, and what the buffer holds beyond what must be safe is spent on them; until then all has to be raised.
	endSafe3G = 26 // seconds
	endSafe   = 6
	endTwice  = 2   // for each second that the buffer holds beyond; on 3G one
	endAnyway = 0.3 // of the seconds beyond: from then on what waits is left as it is
)

// layers tells whether a base is laid on such a link, where q is what the next segment would else be fetched in.
func (t *Tempo) layers(s *State, q int) bool {
	base, top := t.floor[q], min(s.ceiling(), int(t.above[q]))
	least := float32(layLeast)
	switch deep := t.p.room >= layDeep && t.network != Network3G; {
	case deep && s.Link.Outages == 0:
		least = layLeastYet
	case deep:
		least = layLeastDeep
	}
	switch {
	case s.Metered, int(base) >= top, float32(s.Link.Level) < least*float32(t.renditions[base].Bitrate):
		return false
	case t.p.bits[top] < t.safeRate(s)*seconds(layAtOnce):
		return false
	}
	return s.Link.Outages > 0 || t.p.mobile
}

// safeRate is what the link carries at least, as long as it does not change.
func (t *Tempo) safeRate(s *State) float32 {
	return max(minRate, min(float32(s.Link.Rate), float32(s.Link.Level)))
}

// lays tells whether the next segment is to be one of the base rather than in rendition q. Where nothing waits, nobody
// may be there to raise it.
func (t *Tempo) lays(s *State, q int) bool {
	n := len(s.Queue)
	if n == 0 || !t.layers(s, q) {
		return false
	}
	begun := t.low(s.Queue[n-1].Index)
	if s.Left > 0 && !s.Finishes {
		left, end := seconds(s.Left), t.end()
		raised := !begun || t.lows(s.Queue) <= s.segment()
		if left <= end && raised || left <= endAnyway*max(0, t.p.room-endSafe) {
			return false
		}
	}
	if begun {
		return true
	}
	segments := max(1, seconds(s.target()-s.Buffer)/seconds(s.segment()))
	takes := segments * (t.p.bits[t.floor[q]]/t.safeRate(s) + t.latency(s))
	return seconds(t.lead(s)) >= layAfter+layPace*takes
}

// low tells whether a rendition is a base: something better can take its place.
func (t *Tempo) low(i int) bool {
	return i >= 0 && i < t.p.n && int(t.floor[i]) == i && int(t.above[i]) > i
}

// lows adds up what of a queue is base.
func (t *Tempo) lows(queue []Queued) (sum time.Duration) {
	for i := range queue {
		if t.low(queue[i].Index) {
			sum += queue[i].Duration
		}
	}
	return sum
}

// before is the rendition whose sound the next segment follows: what is base will be raised.
func (t *Tempo) before(s *State) int {
	for i := len(s.Queue) - 1; i >= 0; i-- {
		if q := s.Queue[i].Index; !t.low(q) {
			return q
		}
	}
	return s.Current
}

// lead is for how long there is music before the first segment of the base.
func (t *Tempo) lead(s *State) time.Duration {
	for i := range s.Queue {
		if t.low(s.Queue[i].Index) {
			return s.Queue[i].Starts
		}
	}
	return s.Buffer
}

// end is how many seconds at the end no base is laid for, where nothing is raised later.
func (t *Tempo) end() float32 {
	if t.network == Network3G {
		return max(0, t.p.room-endSafe3G)
	}
	return endTwice * max(0, t.p.room-endSafe)
}

// raise finds what of the base to fetch next in a better rendition: the first that can be there in time. Where one can't,
// four times as far ahead is looked next, since each look costs as much as a decision.
func (t *Tempo) raise(s *State, queue []Queued) (Upgrade, bool) {
	spend := t.spend(s, seconds(t.lows(queue)))
	n, look := 0, 1
	for i := 1; i < len(queue); i++ {
		x := &queue[i]
		if !t.low(x.Index) {
			continue
		}
		if t.queuedBits(x, x.Index+1) > hopeless*float64(s.Link.Rate)*x.Starts.Seconds() {
			continue
		}
		if n++; n < look {
			continue
		}
		look *= 4
		v := *s
		v.Buffer, v.Current, v.SegmentDuration, v.Sizes, v.Seamless = x.Starts, queue[i-1].Index, x.Duration, x.Bytes, x.Seamless
		v.Left = 0
		c := t.see(&v, float32(s.Link.Rate))
		c.stall = lateShare * float32(t.p.weights.Stall)
		c.spend = spend
		if q, _ := t.best(&c, min(s.ceiling(), int(t.above[x.Index]))); q > x.Index {
			return Upgrade{Place: i, Decision: Decision{q, ReasonUpgrade}}, true
		}
	}
	return Upgrade{}, false
}

// spend is how many times as long as it plays raising a segment may take, with so many seconds of base. Where an end is known,
// all has to be raised before it is heard; or, where nobody raises so long, before the last segment is fetched, when the
// buffer is still full.
func (t *Tempo) spend(s *State, base float32) float32 {
	left, buffer := seconds(s.Left), seconds(s.Buffer)
	var until, todo float32
	switch {
	case s.Finishes && (s.AllIn || s.Left > 0):
		until, todo = buffer+left-reserve, left+base
	case s.Left > 0:
		until, todo = buffer+left-t.p.room-t.end(), left+base-t.end()
	default:
		return 1
	}
	return min(max(until/max(todo, t.p.segment), spendLeast), spendMost)
}
