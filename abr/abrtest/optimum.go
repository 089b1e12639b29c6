package abrtest

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Plan is an Algorithm that was made in advance: a rendition for each segment of a playlist.
type Plan []int

// Start implements Algorithm.
func (Plan) Start(*View) {}

// Choose implements Algorithm.
func (p Plan) Choose(v *View) Pick {
	if v.Next < len(p) {
		return Pick{Index: p[v.Next], Reason: "plan"}
	}
	return Pick{}
}

// Done implements Algorithm.
func (Plan) Done(*View, *Download) {}

// Precision says how closely an optimum is looked for. The zero value is the yardstick's: 200 ms buckets of
// six ways each and a slack of 5 ms, which comes within a tenth of a point of what is attainable.
type Precision struct {
	Bucket float64 // milliseconds: ways to have fetched as much at about the same time compete; zero means 200
	Slack  float64 // milliseconds of the best quality that a way must be better by; zero means 5, less means 0
	Keep   int     // ways that a bucket holds for each rendition; zero means 6, less means all that could be best

	// Optimistic lets each segment arrive at the beginning of its bucket, with all ways kept and no slack. Where
	// the latency never changes, no plan of renditions is better than the value that is found; the plan may be
	// worth less.
	Optimistic bool
}

func (p *Precision) defaults() {
	if p.Bucket <= 0 {
		p.Bucket = 200
	}
	if p.Slack == 0 {
		p.Slack = 5
	}
	if p.Keep == 0 {
		p.Keep = 6
	}
	if p.Optimistic || p.Slack < 0 {
		p.Slack = 0
	}
	if p.Optimistic || p.Keep < 0 {
		p.Keep = -1
	}
}

// Optimum finds the renditions that somebody would choose who knew the link's future, and the QoE that
// the search promises for them; what they are worth is what Run says of the Plan. It is a search by dynamic
// programming, segment by segment, over the last rendition, the time and the delay that starting and
// stalling have brought. It knows no skips, breaks nothing off, replaces nothing, and leaves the link idle only
// where there is no room: a rule that upgrades may in rare cases do better.
func (c Client) Optimum(p Precision) (Plan, float64, error) {
	if err := c.plannable(); err != nil {
		return nil, 0, err
	}
	p.defaults()
	s := newSearch(c, p)
	s.begin()
	for i := 1; i < len(c.Playlist.Segments); i++ {
		s.extend(i)
	}
	return s.best()
}

// plannable checks that there is an optimum, and sets what was left open.
func (c *Client) plannable() error {
	if err := c.defaults(); err != nil {
		return err
	}
	if len(c.Playlist.Skips) > 0 {
		return fmt.Errorf("%w: an optimum for a listener who skips", ErrPlaylist)
	}
	return nil
}

// way is how things may stand when a segment has arrived.
type way struct {
	at     float64 // milliseconds, when it arrived
	delay  float64 // milliseconds of silence until now
	value  float64 // utility less faults, in milliseconds of the best quality
	parent int32   // in the column of the segment before
	index  int8    // rendition
}

// whole is the value with the silence forgiven: what counts where other ways still have to wait.
func (w *way) whole(stall float64) float64 { return w.value + stall*w.delay }

// better is what a later way must be better in, in one at least. Somebody who was silent for longer asks
// later, when the buffer is full; that this may be a disadvantage is left out unless all ways are kept.
type better struct{ value, whole, delay float64 }

type search struct {
	Client
	Precision
	penalty []float64  // of a switch, by rendition before and after
	columns [][]way    // the ways that are worth following, of each segment
	buckets [][]way    // of the present segment, by time and rendition
	base    float64    // milliseconds, where the first bucket begins
	front   [][]better // of earlier buckets, by rendition
}

func newSearch(c Client, p Precision) *search {
	n := len(c.Playlist.Ladder)
	s := &search{Client: c, Precision: p, penalty: make([]float64, n*n), front: make([][]better, n)}
	for a, ua := range c.Playlist.Utility {
		for b, ub := range c.Playlist.Utility {
			s.penalty[a*n+b] = c.Weights.Switch * 1000 * math.Abs(ua-ub)
		}
	}
	return s
}

// begin tries each rendition for the first segment.
func (s *search) begin() {
	first := &s.Playlist.Segments[0]
	latency := s.Trace.At(0).Latency
	for q, bits := range first.Bits {
		at := s.Trace.Arrival(latency, bits)
		s.put(way{at, at, s.Playlist.Utility[q]*first.Duration - s.Weights.Start*at, -1, int8(q)})
	}
	s.prune(0)
}

// absurd is so much silence for a better segment, in milliseconds, that it is never worth it.
const absurd = 100e3

// extend tries each rendition for segment i after each way to have come there.
func (s *search) extend(i int) {
	g := &s.Playlist.Segments[i]
	ways := s.columns[i-1]
	s.base = ways[0].at
	for k := range ways {
		s.base = min(s.base, ways[k].at)
	}
	s.base = math.Floor(s.base/s.Bucket) * s.Bucket
	n := len(s.Playlist.Ladder)
	for k := range ways {
		w := &ways[k]
		room := min(g.Start+g.Duration+w.delay-s.Buffer, g.Start+w.delay) // there is, at the latest when all is heard
		asked := max(w.at, room)
		flow := s.Trace.flowFrom(asked + s.Trace.At(asked).Latency)
		had := 0.0
		for q, bits := range g.Bits {
			next := way{0, w.delay, w.value + s.Playlist.Utility[q]*g.Duration, int32(k), int8(q)}
			next.at = flow.arrival(bits - had)
			had = bits
			if !g.First {
				next.value -= s.penalty[int(w.index)*n+q]
			}
			if late := next.at - g.Start; late > w.delay {
				next.delay = late
				next.value -= s.Weights.Stall * (late - w.delay)
				if q > 0 && late-w.delay > absurd {
					break
				}
			}
			s.put(next)
		}
	}
	s.prune(i)
}

// put adds a way to its bucket.
func (s *search) put(w way) {
	if s.Optimistic {
		w.at = math.Floor(w.at/s.Bucket) * s.Bucket
	}
	b := int((w.at-s.base)/s.Bucket)*len(s.Playlist.Ladder) + int(w.index)
	for b >= len(s.buckets) {
		if len(s.buckets) < cap(s.buckets) {
			s.buckets = s.buckets[:len(s.buckets)+1] // with what an earlier segment allocated
		} else {
			s.buckets = append(s.buckets, nil)
		}
	}
	if s.Keep < 0 {
		s.buckets[b] = append(s.buckets[b], w)
		return
	}
	s.buckets[b] = s.compete(s.buckets[b], w)
}

// compete adds a way to others of its rendition and about its time, unless one of them is no worse in any
// respect; and of too many drops one.
func (s *search) compete(held []way, w way) []way {
	stall := s.Weights.Stall
	whole := w.whole(stall)
	kept := held[:0]
	for k := range held {
		x := &held[k]
		xw := x.whole(stall)
		if x.value >= w.value && xw >= whole && (x.at <= w.at || x.value > w.value || xw > whole) {
			return held // whole: what w beats x beats, and would not be here
		}
		if w.value < x.value || whole < xw {
			kept = append(kept, *x)
		}
	}
	if len(kept) < s.Keep {
		return append(kept, w)
	}
	worst := 0
	for k := range kept {
		if kept[k].value < kept[worst].value {
			worst = k
		}
	}
	if w.value > kept[worst].value {
		kept[worst] = w
	}
	return kept
}

// prune makes the column of segment i of what is in the buckets, less what a way that arrived earlier beats
// even after a switch.
func (s *search) prune(i int) {
	for q := range s.front {
		s.front[q] = s.front[q][:0]
	}
	free := i+1 < len(s.Playlist.Segments) && s.Playlist.Segments[i+1].First
	var all, column []way
	for b, held := range s.buckets {
		all = append(all, held...)
		s.buckets[b] = held[:0]
	}
	s.buckets = s.buckets[:0]
	if s.Keep < 0 {
		slices.SortStableFunc(all, func(a, b way) int { return cmp.Compare(a.at, b.at) })
	}
	for k := range all {
		if s.admit(&all[k], free) {
			column = append(column, all[k])
		}
	}
	s.columns = append(s.columns, column)
}

// admit tells whether a way is worth following, and if so makes later ones compete with it. free says that
// the next switch isn't heard.
func (s *search) admit(w *way, free bool) bool {
	n := len(s.front)
	whole := w.whole(s.Weights.Stall)
	for q, list := range s.front {
		penalty := s.penalty[q*n+int(w.index)]
		if free {
			penalty = 0
		}
		for _, x := range list {
			if x.value-penalty >= w.value-s.Slack && x.whole-penalty >= whole-s.Slack && (s.Keep > 0 || x.delay <= w.delay) {
				return false
			}
		}
	}
	list := s.front[w.index]
	kept := list[:0]
	for _, x := range list {
		if w.value < x.value || whole < x.whole || s.Keep < 0 && w.delay > x.delay {
			kept = append(kept, x)
		}
	}
	s.front[w.index] = append(kept, better{w.value, whole, w.delay})
	return true
}

// best follows the best way back to the beginning.
func (s *search) best() (Plan, float64, error) {
	last := len(s.columns) - 1
	best := 0
	for k := range s.columns[last] {
		if s.columns[last][k].value > s.columns[last][best].value {
			best = k
		}
	}
	value := s.columns[last][best].value
	plan := make(Plan, len(s.columns))
	for i := last; i >= 0; i-- {
		w := &s.columns[i][best]
		plan[i] = int(w.index)
		best = int(w.parent)
	}
	return plan, 100 * value / s.Playlist.Duration, nil
}
