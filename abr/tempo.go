package abr

import (
	"math"
	"slices"
	"time"
)

// Tempo is the rule that looks furthest ahead. For each rendition it asks how long the next segment may take,
// by a model of how links move, and what the buffer, the link and the listener's ears will be worth after that; and
// takes the best. The same figures decide when a download is broken off and what is upgraded.
//
// It is stochastic optimal control, as Yin et al. pose it in "A Control-Theoretic Approach for Dynamic Adaptive Video
// Streaming over HTTP" (SIGCOMM 2015), solved by value iteration rather than for a few segments, with the
// distribution of download times in place of one prediction as in Yan et al.'s Fugu ("Learning in situ", NSDI 2020).
// That the link's states follow each other in a Markov chain is what Sun et al. found for throughput (CS2P, SIGCOMM
// 2016). The utility is logarithmic as in BOLA (Spiteri et al., INFOCOM 2016).
//
// NewTempo makes one for a ladder; what it has worked out does not change, and many goroutines may share it. The
// zero value, and a state with another ladder than the one it was made for, are answered as Fallback answers.
type Tempo struct {
	renditions []Rendition
	target     time.Duration
	network    Network
	p          plan
	v          *values

	// The lowest and the highest rendition that are coded like each: what may take a segment's place unnoticed.
	floor, above [maxRenditions]int8
}

// Fitter is a Rule that has to be made for a ladder before it is any good.
type Fitter interface {
	Rule

	// Fit gives the rule for the renditions, target, segment duration and network of a state. It may take as long
	// as a hundred decisions or a thousand: it is called once, before the first.
	Fit(s State) Rule
}

// widest is the span of the ladder, as a logarithm, on which the best rendition is worth 1: the highest rate is eight times the lowest.
const widest = 2.1

// maxRenditions is the length of the longest ladder that Tempo takes.
const maxRenditions = 16

// NewTempo makes a rule for the renditions, the target, the segment duration and the network of s. It looks at
// nothing else there. With six renditions it takes some 0.5 s of one processor and 64 KB, 60 of which are tables, and more of
// both with more of them; a phone takes up to five times as long, so that it is best done beside something else.
// Zero weights stand for DefaultWeights. A ladder of fewer than two renditions, or more than 16, is left to Fallback.
func NewTempo(s State, w Weights) *Tempo {
	t := &Tempo{renditions: slices.Clone(s.Renditions), target: s.target(), network: s.Network}
	n := len(s.Renditions)
	if n < 2 || n > maxRenditions || s.Renditions[0].Bitrate <= 0 || s.Renditions[n-1].Bitrate <= s.Renditions[0].Bitrate {
		return t
	}
	p := &t.p
	p.n = n
	p.segment = seconds(s.segment())
	p.latency = float32(usualLatency(s.Network).Seconds())
	p.room = max(seconds(s.target())-p.segment, p.segment)
	p.weights = w.orDefault()
	p.mobile = s.Network.cellular()
	p.drifts = s.Network == Network3G && p.room >= layDeep
	p.moves = matrices(s.Network)
	low := math.Log(float64(s.Renditions[0].Bitrate))
	high := math.Log(float64(s.Renditions[n-1].Bitrate))
	high = max(high, low+widest) // on a narrow ladder less is at stake
	for i, r := range s.Renditions {
		p.bits[i] = float32(r.Bitrate) * p.segment
		p.utility[i] = float32((math.Log(float64(r.Bitrate)) - low) / (high - low))
		alike := func(o Rendition) bool { return o.Codecs == r.Codecs }
		t.floor[i] = int8(slices.IndexFunc(s.Renditions, alike))
		t.above[i] = int8(n - 1)
		for !alike(s.Renditions[t.above[i]]) {
			t.above[i]--
		}
	}
	t.v = new(values)
	t.v.solve(p)
	return t
}

// usualLatency is what a request is expected to take before one was made.
func usualLatency(n Network) time.Duration {
	switch n {
	case Network3G:
		return 100 * time.Millisecond
	case NetworkFixed:
		return 30 * time.Millisecond
	}
	return 50 * time.Millisecond
}

// Fit implements Fitter.
func (t *Tempo) Fit(s State) Rule {
	if t != nil && t.fits(&s) {
		return t
	}
	w := Weights{}
	if t != nil {
		w = t.p.weights
	}
	return NewTempo(s, w)
}

// fits tells whether t was made for a state like s.
func (t *Tempo) fits(s *State) bool {
	return t != nil && t.v != nil && s.target() == t.target && s.Network == t.network && slices.Equal(s.Renditions, t.renditions)
}

// Fallback is the rule that answers for a Tempo that does not fit.
func (t *Tempo) Fallback() Rule { return ThroughputBuffer{} }

// scene is a State as Tempo sees it.
type scene struct {
	*State
	temper  int
	level   float32 // log2 of bits a second
	start   vector  // over the states of the link in the coming four seconds
	buffer  float32 // seconds
	segment float32
	latency float32
	stall   float32 // the price of a second of waiting
	spend   float32 // how much longer than it plays a segment may take
	after   float32 // seconds that are to be fetched after it
	before  int     // the rendition whose sound the next segment follows; −1 where that is nobody's
}

// see puts a state in Tempo's words.
func (t *Tempo) see(s *State, rate float32) scene {
	c := scene{State: s, buffer: seconds(s.Buffer), segment: seconds(s.segment()), before: s.Current}
	c.temper = class(s.Link.Volatility)
	if s.Link.Outages > 0 {
		c.temper += classes
	}
	c.latency = t.latency(s)
	c.stall = t.p.planned(c.temper)
	if s.Current < 0 && s.Buffer <= 0 {
		c.stall = float32(t.p.weights.Start)
	}
	c.spend, c.after = 1, endFar
	if s.Left > 0 {
		c.after = max(0, seconds(s.Left)-c.segment)
	}
	level := max(float64(s.Link.Level), minRate)
	if s.Link.Level <= 0 {
		level = math.Sqrt(float64(t.renditions[0].Bitrate)) * math.Sqrt(float64(t.renditions[t.p.n-1].Bitrate))
	}
	c.level = float32(math.Log2(level))
	if rate <= 0 {
		c.start = unheard()
		return c
	}
	i, f := place(float32(math.Log2(float64(max(rate, minRate)))) - c.level)
	m := &t.p.moves[c.temper]
	for j := range c.start {
		c.start[j] = (1 - f) * m[i][j]
		if f > 0 {
			c.start[j] += f * m[i+1][j]
		}
	}
	return c
}

// latency is what passes between a request and its first byte, in seconds.
func (t *Tempo) latency(s *State) float32 {
	if s.Latency > 0 {
		return seconds(s.Latency)
	}
	return t.p.latency
}

// Next implements Rule.
func (t *Tempo) Next(s State) Decision {
	top := s.ceiling()
	if len(s.Renditions) <= 1 {
		return Decision{top, ReasonOnly}
	}
	if !t.fits(&s) {
		return t.Fallback().Next(s)
	}
	c := t.see(&s, t.heard(&s))
	if t.low(c.before) {
		c.before = t.before(&s)
	}
	best, _ := t.best(&c, top)
	if t.lays(&s, best) {
		return Decision{int(t.floor[best]), ReasonInsure}
	}
	return Decision{best, t.reason(&c, best, top)}
}

// worseMost is how many renditions in a row are looked at that are worth less than a lower one, farWorse by how many seconds
// of the best rendition one may be so before none that is higher is looked at.
const (
	worseMost = 2
	farWorse  = 2
)

// best gives the rendition up to top that is worth most, and its worth.
func (t *Tempo) best(c *scene, top int) (int, float32) {
	var ends outcomes
	best, most := 0, float32(math.Inf(-1))
	for q := 0; q <= top && q <= max(best, c.before)+worseMost; q++ {
		if q > c.before && c.before >= 0 && c.temper%classes == 0 && !t.sustains(c, q) {
			break
		}
		ends.download(&t.p.moves[c.temper], &c.start, c.bits(q), c.level)
		w := t.worth(c, &ends, q, c.latency)
		if w > most {
			best, most = q, w
		} else if w < most-farWorse {
			break
		}
	}
	return best, most
}

// heard is the rate that a choice is made by. In an outage it is that of a bad link: when the link comes back is a matter of
// the link, and not of what one asks for, which would make a choice the bolder the less comes.
func (t *Tempo) heard(s *State) float32 {
	if s.Link.Rate <= 0 {
		return 0
	}
	return max(float32(s.Link.Rate), float32(s.Link.Level)/badShare)
}

const badShare = 8 // of Level, three octaves below

// sustains tells whether the link carries a rendition to the end, as far as one knows. On a calm link, to climb to one
// that it doesn't, and live on the buffer, is to fall again; and on a base that is not raised yet, should the link fail.
func (t *Tempo) sustains(c *scene, q int) bool {
	carries := float32(1)
	if c.Left > 0 {
		carries += max(c.buffer-reserve, 0) / max(c.after, c.segment)
	}
	return c.bits(q) <= float32(c.Link.Level)*c.segment*carries
}

const reserve = 4 // seconds that are not spent towards the end

// bits gives the size of the next segment in a rendition.
func (c *scene) bits(q int) float32 {
	if q < len(c.Sizes) && c.Sizes[q] > 0 {
		return float32(c.Sizes[q]) * 8
	}
	return float32(c.Renditions[q].Bitrate) * c.segment
}

// worth is what a rendition is worth that comes in one of these ways.
func (t *Tempo) worth(c *scene, ends *outcomes, q int, latency float32) float32 {
	sum := t.p.utility[q] * c.segment
	if c.before >= 0 && !c.Seamless {
		sum -= float32(t.p.weights.Switch) * abs(t.p.utility[q]-t.p.utility[min(c.before, t.p.n-1)])
	}
	var then prospect
	then.look(t.v, c.temper, c.level+float32(math.Log2(float64(c.spend))), q, c.after)
	sum -= t.dread(c, ends, latency)
	for _, e := range ends.list[:ends.n] {
		left := c.buffer - e.seconds - latency
		if left < 0 {
			sum += e.p * c.stall * left
			left = 0
		} else {
			left = c.buffer - (e.seconds+latency)/c.spend
		}
		sum += e.p * then.at(min(left+c.segment, t.p.room), e.state)
	}
	return sum
}

// dread is what silence costs beyond its price in the look ahead: as much of it as is all but certain is not put down to
// the link. So much silence comes of any choice, or more, with less in the buffer; hence with more of it no choice is the lower.
func (t *Tempo) dread(c *scene, ends *outcomes, latency float32) float32 {
	bridged := c.buffer - latency
	if c.before < 0 || ends.later(bridged) <= certain {
		return 0
	}
	return max(0, float32(t.p.weights.Stall)-c.stall) * (ends.exceeded(certain) - bridged)
}

const certain = 0.8 // a chance of silence, from which on it is

// reason puts a decision in a word.
func (t *Tempo) reason(c *scene, best, top int) Reason {
	cur := c.Current
	switch {
	case cur < 0:
		return ReasonStart
	case cur > top:
		return ReasonCap
	case best == cur && cur == top && top < len(c.Renditions)-1:
		return ReasonCap
	case best == cur:
		return ReasonHold
	}
	carries := c.bits(max(best, cur)) <= 0.8*float32(c.Link.Rate)*c.segment
	switch {
	case best > cur && carries, best < cur && !carries:
		return ReasonThroughput
	case best > cur:
		return ReasonBufferHigh
	}
	return ReasonBufferLow
}
