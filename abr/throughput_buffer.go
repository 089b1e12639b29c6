package abr

import (
	"time"

	"github.com/segue-audio/segue/player/media"
)

// ThroughputBuffer is the default rule: what the link carries, less a margin that is wide while the
// buffer is thin. The zero value works.
//
// A rendition's cost is the time that its next segment takes to fetch, latency included, and it is
// compared with the time that the segment plays. Three thresholds keep it calm:
//
//   - take, the share of the segment's time that a new choice may cost, grows with the buffer from
//     0.6 × Safety to Safety;
//   - keep, the share that the present choice may cost, lies above every take, so that a link of constant
//     rate never makes it swing;
//   - a climb must also cost less than a third of the buffer, so that a link three times slower than
//     believed still delivers before the music stops; and above keep the present choice is still held
//     while fetching it leaves half of the target.
//
// Weighing throughput by the buffer follows Huang et al., "A Buffer-Based Approach to Rate Adaptation"
// (SIGCOMM 2014), and the start by throughput alone what that paper says of the start-up phase; climbing
// more reluctantly than falling follows FESTIVE (Jiang et al., CoNEXT 2012); breaking off a download that
// would be late is the idea of dash.js's AbandonRequestsRule.
type ThroughputBuffer struct {
	// Safety is the share of the measured throughput that is trusted with a full buffer. Zero means
	// 0.8; above 0.8 it would pass what keeps it from swinging, and counts as 0.8.
	Safety float64

	// Prior is the throughput to expect before anything is measured, say the last session's. Zero
	// starts at the lowest rendition.
	Prior media.Bitrate
}

const (
	defaultSafety = 0.8
	thinShare     = 0.6  // of take, while the buffer is empty
	keepThin      = 0.85 // keep while the buffer is empty: not below the greatest take
	keepFull      = 0.95 // keep while the buffer is full: below 1, so that it does not drain
	climbReserve  = 3    // the buffer that a climb needs, in fetch times
	holdShare     = 0.5  // of the target that holding a choice too dear must leave
)

// Next implements Rule.
func (r ThroughputBuffer) Next(s State) Decision {
	top := s.ceiling()
	if len(s.Renditions) <= 1 {
		return Decision{top, ReasonOnly}
	}
	if s.Current < 0 {
		return r.start(&s, top)
	}
	cur := min(s.Current, top)
	if s.Throughput <= 0 {
		return r.stay(&s, cur, top)
	}
	fill := fillOf(&s)
	if up := r.climb(&s, cur, top, fill); up > cur {
		if s.fetchTime(up, s.Throughput) > r.take(&s, 0) {
			return Decision{up, ReasonBufferHigh}
		}
		return Decision{up, ReasonThroughput}
	}
	cost := s.fetchTime(cur, s.Throughput)
	keep := share(s.segment(), keepThin+(keepFull-keepThin)*fill)
	held := s.Buffer-cost >= share(s.target(), holdShare)
	if cur == 0 || cost <= keep || held {
		return r.stay(&s, cur, top)
	}
	down := r.best(&s, cur-1, r.take(&s, fill))
	if cost > s.segment() {
		return Decision{down, ReasonThroughput}
	}
	return Decision{down, ReasonBufferLow}
}

// startWithin is what the first choice may cost where more than the lowest rendition would take: music
// that begins at once is worth more than its first seconds in the best quality.
const startWithin = 300 * time.Millisecond

// start chooses what begins: at once where silence waits for it, else by the buffer that is left to
// lean on.
func (r ThroughputBuffer) start(s *State, top int) Decision {
	rate := s.Throughput
	if rate <= 0 {
		rate = r.Prior
	}
	if rate <= 0 {
		return Decision{0, ReasonStart}
	}
	i, limit := 0, max(startWithin, s.Buffer/climbReserve)
	for j := 1; j <= top; j++ {
		if s.fetchTime(j, rate) <= min(r.take(s, fillOf(s)), limit) {
			i = j
		}
	}
	return Decision{i, ReasonStart}
}

func (r ThroughputBuffer) stay(s *State, cur, top int) Decision {
	if cur == top && top < len(s.Renditions)-1 {
		return Decision{cur, ReasonCap}
	}
	return Decision{cur, ReasonHold}
}

// climb gives the highest rendition above cur that may be climbed to, or cur.
func (r ThroughputBuffer) climb(s *State, cur, top int, fill float64) int {
	return max(cur, r.best(s, top, min(r.take(s, fill), s.Buffer/climbReserve)))
}

// best gives the highest rendition up to top that costs no more than limit, or the lowest.
func (r ThroughputBuffer) best(s *State, top int, limit time.Duration) int {
	for i := top; i > 0; i-- {
		if s.fetchTime(i, s.Throughput) <= limit {
			return i
		}
	}
	return 0
}

// take is what a new choice may cost.
func (r ThroughputBuffer) take(s *State, fill float64) time.Duration {
	safety := r.Safety
	if !(safety > 0 && safety <= defaultSafety) {
		safety = defaultSafety
	}
	return share(s.segment(), safety*(thinShare+(1-thinShare)*fill))
}

// fillOf gives the buffer as a share of its target, 0 to 1.
func fillOf(s *State) float64 {
	return min(max(float64(s.Buffer)/float64(s.target()), 0), 1)
}

func share(d time.Duration, f float64) time.Duration { return time.Duration(float64(d) * f) }
