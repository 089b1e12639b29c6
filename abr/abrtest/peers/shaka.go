package peers

import (
	"math"

	"github.com/segue-audio/segue/abr/abrtest"
)

// shaka is the rule of Shaka Player 5.2.12: SimpleAbrManager with EwmaBandwidthEstimator, and of
// StreamingEngine the decision whether a switch aborts the request in flight; all in the default
// configuration, but with the buffer that the session has (Shaka's own goal is 10 s).
//
// A rendition is chosen by the estimate alone: the highest that needs at most 0.95 of it, where the next
// one needs more than 0.85. It is looked at with every stretch of a download, but after a change not for
// eight seconds. The estimate counts from the request on, so latency lowers it; stretches below 16 kB are
// passed over, and until 128 kB are in the default of 1 Mbps stands.
//
// Left out: the browser's Network Information, screen sizes, dropped frames. Date.now's whole
// milliseconds are exact ones here.
type shaka struct {
	fast, slow ewma // bits a second by seconds
	bytes      float64
	fallback   float64 // bits a second
	started    bool    // startupComplete: the estimate is good
	chosen     float64 // when it was chosen last
	current    int     // the variant that is to be fetched

	seen     int // marks of the request in flight
	at, bits float64
}

// The configuration, as Shaka's player_configuration.js has it.
const (
	shakaFastHalfLife = 2   // seconds
	shakaSlowHalfLife = 5   // seconds
	shakaDefault      = 1e6 // bits a second
	shakaTrust        = 128e3
	shakaTiny         = 16e3 // bytes
	shakaStretch      = 100  // milliseconds
	shakaCached       = 5    // milliseconds
	shakaInterval     = 8000 // milliseconds
	shakaNothing      = 1e-6 // milliseconds: what rounding may add to two looks
	shakaUpgrade      = 0.85
	shakaDowngrade    = 0.95
)

func (s *shaka) Start(v *abrtest.View) {
	*s = shaka{fast: ewma{halfLife: shakaFastHalfLife}, slow: ewma{halfLife: shakaSlowHalfLife}, fallback: shakaDefault * v.Scale}
	s.choose(v)
}

func (s *shaka) estimate() float64 {
	if s.bytes < shakaTrust {
		return s.fallback
	}
	return min(s.fast.value(), s.slow.value())
}

// choose is chooseVariant.
func (s *shaka) choose(v *abrtest.View) {
	ladder, rate := v.Playlist.Ladder, s.estimate()
	s.current = 0
	for i, kbps := range ladder {
		most := math.Inf(1)
		if i+1 < len(ladder) {
			most = ladder[i+1] * 1000 / shakaUpgrade
		}
		if rate >= kbps*1000/shakaDowngrade && rate <= most {
			s.current = i
		}
	}
	s.chosen = v.Now
}

// suggest is suggestStreams_.
func (s *shaka) suggest(v *abrtest.View) {
	if !s.started {
		if s.bytes < shakaTrust {
			return
		}
		s.started = true
		s.chosen -= shakaInterval
	}
	if v.Now-s.chosen >= shakaInterval {
		s.choose(v)
	}
}

// read takes note of what has come in since, as the fetch plugin reports it.
func (s *shaka) read(v *abrtest.View, d *abrtest.Download) {
	for ; s.seen < len(d.Marks); s.seen++ {
		m := d.Marks[s.seen]
		last := d.Outcome == abrtest.Complete && s.seen == len(d.Marks)-1
		took, bytes := m.Elapsed-s.at, (m.Bits-s.bits)/8
		if !last && (took <= shakaStretch+shakaNothing || bytes < shakaTiny) {
			continue
		}
		if took >= shakaCached && bytes >= shakaTiny {
			s.bytes += bytes
			s.fast.add(took/1000, 8000*bytes/took)
			s.slow.add(took/1000, 8000*bytes/took)
		}
		s.at, s.bits = m.Elapsed, m.Bits
		s.suggest(v)
	}
}

func (s *shaka) fresh() { s.seen, s.at, s.bits = 0, 0, 0 }

func (s *shaka) Choose(*abrtest.View) abrtest.Pick {
	s.fresh()
	return abrtest.Pick{Index: s.current}
}

func (s *shaka) Done(v *abrtest.View, d *abrtest.Download) {
	if d.Outcome == abrtest.Complete {
		s.read(v, d)
	}
	s.fresh()
}

// PollEvery implements abrtest.Abandoner: how often a browser hands over what came in.
func (s *shaka) PollEvery() float64 { return 50 }

// Abandon is shouldAbortCurrentRequest_, which is asked at the moment of a switch alone.
func (s *shaka) Abandon(v *abrtest.View, d *abrtest.Download) (index int, ok bool) {
	before := s.current
	s.read(v, d)
	if s.current == before || s.current == d.Index {
		return 0, false
	}
	anew := v.Playlist.Ladder[s.current] * v.Playlist.Segments[d.Segment].Duration
	return s.current, anew/s.estimate() < v.Buffer/1000 || d.Bits-d.Got > anew
}
