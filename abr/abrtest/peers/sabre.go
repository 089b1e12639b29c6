package peers

import (
	"math"

	"github.com/segue-audio/segue/abr/abrtest"
)

// sabre is what the rules of the simulator Sabre have in common (K. Spiteri, R. Sitaraman and D. Sparacio,
// "From Theory to Practice: Improving Bitrate Adaptation in the DASH Reference Player", MMSys 2018; the
// code as of March 2020): its throughput and latency, each the more careful of two moving averages. Here
// the client goes on in the rendition that an abandonment names, where Sabre's asks the rule again.
type sabre struct {
	rates  [2]ewma // kbps by milliseconds
	delays [2]ewma // milliseconds by segments
}

func sabreStart(v *abrtest.View) sabre {
	var s sabre
	for i, halfLife := range [2]float64{3000, 8000} {
		s.rates[i], s.delays[i] = ewma{halfLife: halfLife}, ewma{halfLife: halfLife / v.Playlist.Segment}
	}
	return s
}

func (s *sabre) known() bool { return s.rates[0].weight > 0 }

func (s *sabre) rate() float64 { return min(s.rates[0].value(), s.rates[1].value()) }

func (s *sabre) latency() float64 { return max(s.delays[0].value(), s.delays[1].value()) }

func (s *sabre) estimate() float64 {
	if !s.known() {
		return 0
	}
	return s.rate()
}

// sample takes note of a request that arrived whole.
func (s *sabre) sample(d *abrtest.Download) {
	took := d.Elapsed - d.FirstByte
	if d.Outcome != abrtest.Complete || took <= 0 {
		return
	}
	for i := range s.rates {
		s.rates[i].add(took, d.Got/took)
		s.delays[i].add(1, d.FirstByte)
	}
}

// carried is the highest rendition whose segment arrives within its own duration.
func (s *sabre) carried(p *abrtest.Playlist, kbps float64) int {
	index, wait := 0, s.latency()
	for index+1 < len(p.Ladder) && wait+p.Segment*p.Ladder[index+1]/kbps <= p.Segment {
		index++
	}
	return index
}

// sabreGuard is the rule against an insufficient buffer. Its safety sinks with each use.
type sabreGuard struct{ safety float64 }

const (
	sabreGuardFirst = 0.9
	sabreGuardFloor = 0.5
)

// limit gives index, or the rendition that the buffer leaves time for.
func (g *sabreGuard) limit(v *abrtest.View, s *sabre, index int) int {
	bits := g.safety * (v.Buffer - s.latency()) * s.rate()
	g.safety = max(g.safety*sabreGuardFirst, sabreGuardFloor)
	for i := range index {
		if v.Playlist.Ladder[i+1]*v.Playlist.Segment > bits {
			return i
		}
	}
	return index
}

// Sabre's client looks every 50 ms.
const sabrePoll = 50

// sabreThroughput is Sabre's ThroughputRule.
type sabreThroughput struct {
	sabre
	guard sabreGuard
}

const (
	sabreSafety       = 0.9
	sabreAbandonTimes = 1.8
	sabreAbandonAfter = 500 - 1e-6 // milliseconds; what rounding may take away does not count
)

func (s *sabreThroughput) Start(v *abrtest.View) {
	*s = sabreThroughput{sabreStart(v), sabreGuard{sabreGuardFirst}}
}

func (s *sabreThroughput) Choose(v *abrtest.View) abrtest.Pick {
	if !s.known() {
		return abrtest.Pick{}
	}
	return abrtest.Pick{Index: s.choose(v, &s.sabre)}
}

func (s *sabreThroughput) choose(v *abrtest.View, e *sabre) int {
	return s.guard.limit(v, e, e.carried(v.Playlist, e.rate()*sabreSafety))
}

func (s *sabreThroughput) Done(_ *abrtest.View, d *abrtest.Download) { s.sample(d) }

// PollEvery implements abrtest.Abandoner.
func (s *sabreThroughput) PollEvery() float64 { return sabrePoll }

func (s *sabreThroughput) Abandon(v *abrtest.View, d *abrtest.Download) (int, bool) {
	return s.abandon(v, d, &s.sabre)
}

func (s *sabreThroughput) abandon(v *abrtest.View, d *abrtest.Download, e *sabre) (int, bool) {
	took := d.Elapsed - d.FirstByte
	if took <= 0 || d.Got <= 0 || d.Elapsed < sabreAbandonAfter || !e.known() {
		return 0, false
	}
	kbps, left := d.Got/took, d.Bits-d.Got
	if d.Elapsed+left/kbps <= sabreAbandonTimes*v.Playlist.Segment {
		return 0, false
	}
	index := e.carried(v.Playlist, kbps*sabreSafety)
	anew := d.Bits * v.Playlist.Ladder[index] / v.Playlist.Ladder[d.Index]
	return index, index < d.Index && anew < left
}

// sabreUtilities is the logarithm of each rate, the lowest at base.
func sabreUtilities(ladder []float64, base float64) []float64 {
	u := make([]float64, len(ladder))
	for i, kbps := range ladder {
		u[i] = math.Log(kbps) - math.Log(ladder[0]) + base
	}
	return u
}
