package peers

import (
	"math"
	"slices"

	"github.com/segue-audio/segue/abr/abrtest"
)

// robustMPC is model predictive control (X. Yin, A. Jindal, V. Sekar and B. Sinopoli, "A Control-Theoretic
// Approach for Dynamic Adaptive Video Streaming over HTTP", SIGCOMM 2015) as Pensieve's authors published
// it as their baseline (H. Mao, R. Netravali and M. Alizadeh, SIGCOMM 2017): of all plans for the next five
// segments the one with the best outcome, at the harmonic mean of the last five throughputs, latency
// included, divided by one plus the greatest of its last five relative errors.
//
// The outcome is counted in the session's own weights and utilities, not in Pensieve's: it is the one peer
// that knows what it is measured by. Many plans are exactly as good as each other, such as those that go
// down for one segment, sooner or later; of these the last in order counts, as it does there but for
// rounding. The paper doesn't say which; with low set it is the one that begins lowest, and that often does
// better.
type robustMPC struct {
	low      bool
	rates    []float64 // kbps, of the last five
	errors   []float64
	expected float64 // kbps, the harmonic mean of last time; zero for none
	plan     mpcPlan
}

const (
	mpcPast  = 5
	mpcAhead = 5
	mpcTie   = 1e-6 // milliseconds of utility
)

func (m *robustMPC) Start(*abrtest.View) { *m = robustMPC{low: m.low} }

func (m *robustMPC) estimate() float64 { return m.expected }

func (m *robustMPC) Done(_ *abrtest.View, d *abrtest.Download) {
	if d.Outcome != abrtest.Complete || d.Elapsed <= 0 {
		return
	}
	rate, miss := d.Got/d.Elapsed, 0.0
	if m.expected > 0 {
		miss = math.Abs(m.expected-rate) / rate
	}
	m.rates, m.errors = lastOf(m.rates, rate), lastOf(m.errors, miss)
}

// lastOf appends to a list that keeps the last five.
func lastOf(list []float64, x float64) []float64 {
	if len(list) == mpcPast {
		copy(list, list[1:])
		list = list[:mpcPast-1]
	}
	return append(list, x)
}

func (m *robustMPC) Choose(v *abrtest.View) abrtest.Pick {
	if len(m.rates) == 0 {
		return abrtest.Pick{}
	}
	sum := 0.0
	for _, r := range m.rates {
		sum += 1 / r
	}
	m.expected = float64(len(m.rates)) / sum
	m.plan.search(v, m.expected/(1+slices.Max(m.errors)))
	best := slices.Max(m.plan.values)
	isBest := func(value float64) bool { return value >= best-mpcTie }
	index := slices.IndexFunc(m.plan.values, isBest)
	if m.low {
		return abrtest.Pick{Index: index}
	}
	for i := index; i < len(m.plan.values); i++ {
		if isBest(m.plan.values[i]) {
			index = i
		}
	}
	return abrtest.Pick{Index: index}
}

// mpcPlan is a search through all plans.
type mpcPlan struct {
	list       *abrtest.Playlist
	weights    abrtest.Weights
	rate       float64   // kbps
	begin, end int       // segments
	first      int       // the rendition that the plan being tried begins with
	values     []float64 // of the best plan that begins with each rendition
}

func (p *mpcPlan) search(v *abrtest.View, rate float64) {
	p.list, p.weights, p.rate = v.Playlist, v.Weights, rate
	p.begin, p.end = v.Next, min(v.Next+mpcAhead, len(v.Playlist.Segments))
	p.values = p.values[:0]
	for range v.Playlist.Ladder {
		p.values = append(p.values, math.Inf(-1))
	}
	p.try(v.Next, v.Last, v.Buffer, 0)
}

// try goes through all that may follow. Times are in milliseconds.
func (p *mpcPlan) try(segment, last int, buffer, value float64) {
	if segment == p.end {
		p.values[p.first] = max(p.values[p.first], value)
		return
	}
	s := &p.list.Segments[segment]
	for i, utility := range p.list.Utility {
		if segment == p.begin {
			p.first = i
		}
		take := s.Bits[i] / p.rate
		next := value + utility*s.Duration - p.weights.Stall*max(0, take-buffer)
		if last >= 0 && !s.First {
			next -= 1000 * p.weights.Switch * math.Abs(utility-p.list.Utility[last])
		}
		p.try(segment+1, i, max(0, buffer-take)+s.Duration, next)
	}
}
