package abr

import (
	"time"

	"github.com/segue-audio/segue/player/media"
)

const (
	abandonEvidence  = time.Second     // no verdict before
	recentEvidence   = time.Second / 2 // less may be a gap between two bursts of TCP
	abandonMarginMax = 2 * time.Second // of buffer that is to be left when the segment is in
	abandonGain      = 0.8             // a fetch anew must take less than this share of what remains
)

// Abandon implements Rule. It breaks off when, at the rate seen, the rest would arrive after the buffer
// has run down to a margin of half a segment, and a lower rendition fetched anew would be in clearly
// sooner: the highest that arrives before the margin, or the lowest where none does.
func (r ThroughputBuffer) Abandon(s State, p Progress) (Decision, bool) {
	if p.Index <= 0 || p.Index >= len(s.Renditions) || p.Elapsed < max(abandonEvidence, 2*s.Latency) {
		return Decision{}, false
	}
	total := p.BytesTotal
	if total <= 0 {
		total = int64(float64(max(s.Renditions[p.Index].Bitrate, 0)) / 8 * s.segment().Seconds())
	}
	rate := p.rate(s.Latency)
	left := fetchTime(media.Bitrate(max(total-p.BytesDone, 0)*8), time.Second, rate, 0)
	safe := s.Buffer - min(s.segment()/2, abandonMarginMax)
	if left <= safe {
		return Decision{}, false
	}
	sooner := share(left, abandonGain)
	for i := min(p.Index-1, s.ceiling()); i >= 0; i-- {
		anew := s.fetchTime(i, rate)
		if anew < sooner && (anew <= safe || i == 0) {
			return Decision{i, ReasonAbandon}, true
		}
	}
	return Decision{}, false
}

// rate is the lower of the whole download's and its last stretch's.
func (p *Progress) rate(latency time.Duration) media.Bitrate {
	whole := rateOf(p.BytesDone, max(p.Elapsed-latency, p.Elapsed/2))
	if p.Recent < recentEvidence || p.Recent > p.Elapsed {
		return whole
	}
	return min(whole, rateOf(p.RecentBytes, p.Recent))
}
