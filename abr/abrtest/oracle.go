package abrtest

import "math"

// Oracle is what the best of all causal rules could reach on a link that is steady but for tunnels as Tunnelled
// digs them. It knows the rate and the odds of a tunnel at each moment, and sees at once that one has begun; it doesn't
// know when the next one begins, nor when the present one ends. Nobody who can't see into the future does better on
// average, unless by upgrading what is queued.
type Oracle struct {
	Kbps, Latency float64 // the link's; milliseconds
	Playlist      *Playlist
	Buffer        float64 // milliseconds of media that there is room for
	Weights       Weights // zero means MusicWeights
}

// odds are those of the next tunnel: evenly between two moments after the last one, or after the start.
type odds struct{ from, to float64 } // seconds

// Tunnelled's odds, in seconds, and the middles of the lengths that are reckoned with.
func firstTunnel() odds        { return odds{45, 105} }
func nextTunnel() odds         { return odds{110, 220} }
func tunnelLengths() []float64 { return []float64{15, 25, 35, 45, 55} }

// before is the chance that a tunnel begins before a moment, if none has begun until age.
func (o odds) before(age, moment float64) float64 {
	left := o.to - max(age, o.from)
	if left <= 1e-9 {
		return 1
	}
	return min(1, max(0, moment-max(age, o.from))/left)
}

// The grid of the oracle's states, in seconds.
const (
	ageStep = 5
	moments = 4 // at which a tunnel may begin within a step
)

// oracle is an Oracle at work. All times are seconds, and values seconds of the best quality.
type oracle struct {
	Oracle
	room    float64
	step    float64 // of the grid of buffers
	buffers int
	ages    [2]int // by phase: before the first tunnel, and after one
	odds    [2]odds
	after   [2][]float64 // the value behind the present segment, by phase, age, buffer and rendition
	fresh   []float64    // that of beginning it anew when a tunnel has ended, by what is left of the buffer and the rendition before
}

// QoE is the mean that the oracle reaches. It takes seconds.
func (o Oracle) QoE() (float64, error) {
	if err := o.Playlist.Check(); err != nil {
		return 0, err
	}
	if o.Weights == (Weights{}) {
		o.Weights = MusicWeights()
	}
	s := oracle{Oracle: o, room: o.Buffer / 1000, odds: [2]odds{firstTunnel(), nextTunnel()}}
	s.step = max(1, s.room/60)
	s.buffers = int(s.room/s.step) + 2
	n := len(o.Playlist.Ladder)
	for phase, odds := range s.odds {
		s.ages[phase] = int(odds.to/ageStep) + 1
		s.after[phase] = make([]float64, s.ages[phase]*s.buffers*n)
	}
	for i := len(o.Playlist.Segments) - 1; i > 0; i-- {
		s.back(i)
	}
	best := math.Inf(-1)
	for q := range n {
		wait := s.takes(0, q)
		v := o.Playlist.Utility[q]*s.length(0) - o.Weights.Start*wait + s.value(0, wait, s.length(0), q)
		best = max(best, v)
	}
	return 100 * best / (o.Playlist.Duration / 1000), nil
}

func (s *oracle) length(i int) float64 { return s.Playlist.Segments[i].Duration / 1000 }

// takes is how long a segment takes without a tunnel.
func (s *oracle) takes(i, q int) float64 {
	return s.Playlist.Segments[i].Bits[q]/s.Kbps/1000 + s.Latency/1000
}

// value looks up what follows, between the points of the grid.
func (s *oracle) value(phase int, age, buffer float64, q int) float64 {
	n, table := len(s.Playlist.Ladder), s.after[phase]
	x, y := min(max(age/ageStep, 0), float64(s.ages[phase]-1)), min(max(buffer/s.step, 0), float64(s.buffers-1))
	a, b := min(int(x), s.ages[phase]-2), min(int(y), s.buffers-2)
	fa, fb := x-float64(a), y-float64(b)
	at := (a*s.buffers+b)*n + q
	low := table[at] + fb*(table[at+n]-table[at])
	at += s.buffers * n
	high := table[at] + fb*(table[at+n]-table[at])
	return low + fa*(high-low)
}

// arrives is the value of segment i in rendition q after one in rendition was, that comes after so long.
func (s *oracle) arrives(i, q, was int, buffer, after float64) (value, left float64) {
	value = s.Playlist.Utility[q] * s.length(i)
	if !s.Playlist.Segments[i].First {
		value -= s.Weights.Switch * math.Abs(s.Playlist.Utility[q]-s.Playlist.Utility[was])
	}
	return value - s.Weights.Stall*max(0, after-buffer), max(0, buffer-after) + s.length(i)
}

// back makes the values before segment i of those behind it.
func (s *oracle) back(i int) {
	n := len(s.Playlist.Ladder)
	s.fresh = make([]float64, s.buffers*n)
	for b := range s.buffers {
		for was := range n {
			best := math.Inf(-1)
			for q := range n {
				v, left := s.arrives(i, q, was, float64(b)*s.step, s.takes(i, q))
				best = max(best, v+s.value(1, s.takes(i, q), left, q))
			}
			s.fresh[b*n+was] = best
		}
	}
	var before [2][]float64
	for phase := range before {
		before[phase] = make([]float64, len(s.after[phase]))
		for a := range s.ages[phase] {
			for b := range s.buffers {
				for was := range n {
					best := math.Inf(-1)
					for q := range n {
						best = max(best, s.choose(i, q, was, phase, float64(a)*ageStep, float64(b)*s.step))
					}
					before[phase][(a*s.buffers+b)*n+was] = best
				}
			}
		}
	}
	s.after = before
}

// choose is the value of asking for segment i in rendition q.
func (s *oracle) choose(i, q, was, phase int, age, buffer float64) float64 {
	rest := max(0, min(buffer, buffer+s.length(i)-s.room))
	until := rest + s.takes(i, q)
	sure, left := s.arrives(i, q, was, buffer, until)
	tunnel := s.odds[phase].before(age, age+until)
	value := 0.0
	if tunnel < 1 {
		value = (1 - tunnel) * (sure + s.value(phase, age+until, left, q))
	}
	if tunnel <= 0 {
		return value
	}
	from := max(0, s.odds[phase].from-age) // the first moment at which it may begin
	for k := range moments {
		begins := from + (until-from)*(float64(k)+0.5)/moments
		for _, length := range tunnelLengths() {
			value += tunnel / moments / float64(len(tunnelLengths())) * s.tunnel(i, q, was, buffer, rest, begins, length)
		}
	}
	return value
}

// tunnel is the value of a request during whose wait a tunnel begins: when it has ended, the request goes on, or
// another one is made.
func (s *oracle) tunnel(i, q, was int, buffer, rest, begins, length float64) float64 {
	ends := begins + length
	if ends < rest { // while there was no room
		v, left := s.arrives(i, q, was, buffer, rest+s.takes(i, q))
		return v + s.value(1, rest+s.takes(i, q)-ends, left, q)
	}
	over := ends - buffer // silence until then
	anew := s.freshAt(max(0, -over), was) - s.Weights.Stall*max(0, over)
	if begins <= rest {
		return anew
	}
	still := rest + s.takes(i, q) - begins
	v, left := s.arrives(i, q, was, buffer, ends+still)
	return max(anew, v+s.value(1, still, left, q))
}

func (s *oracle) freshAt(buffer float64, was int) float64 {
	n := len(s.Playlist.Ladder)
	y := min(buffer/s.step, float64(s.buffers-1))
	b := min(int(y), s.buffers-2)
	at := b*n + was
	return s.fresh[at] + (y-float64(b))*(s.fresh[at+n]-s.fresh[at])
}
