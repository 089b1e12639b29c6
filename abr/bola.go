package abr

import (
	"math"

	"github.com/segue-audio/segue/player/media"
)

// BOLA chooses by the buffer: a rendition is worth the logarithm of its bit rate, and of what the buffer
// lacks, each byte is to buy as much of that as it can (K. Spiteri, R. Urgaonkar and R. Sitaraman, "BOLA:
// Near-Optimal Bitrate Adaptation for Online Videos", INFOCOM 2016). A thin buffer therefore asks for the
// lowest rendition and one that is filled to the target for the highest. The zero value works.
//
// Three things are added, as the authors' later paper does ("From Theory to Practice: Improving Bitrate
// Adaptation in the DASH Reference Player", MMSys 2018) and as a rule without a memory can:
//
//   - What the link sustains of the present choice is kept however thin the buffer is, and a start goes by
//     throughput: that is what BOLA-E's placeholder, a buffer that isn't there, is for.
//   - It climbs no higher than the link sustains, so that it doesn't swing between the two renditions beside
//     the link's rate: BOLA-O.
//   - Nothing is asked for that would take more than half of the buffer to fetch.
//
// A download that would be late is broken off as ThroughputBuffer does it: BOLA's own condition would undo
// what was kept above.
type BOLA struct {
	// Prior is the throughput to expect before anything is measured, say the last session's. Zero
	// starts at the lowest rendition.
	Prior media.Bitrate
}

const (
	bolaLow    = 1.0 / 3 // of the target: where the worth of the lowest rendition comes to nothing
	bolaSpread = 2       // how many times as much buffer the highest has at least
	bolaClimb  = 0.9     // of the segment's time that a climb may cost
	bolaKeep   = 0.95    // of the segment's time that the present choice may cost
	bolaSpend  = 0.5     // of the buffer that a fetch may take
)

// Next implements Rule.
func (r BOLA) Next(s State) Decision {
	top := s.ceiling()
	base := ThroughputBuffer{Prior: r.Prior}
	if len(s.Renditions) <= 1 {
		return Decision{top, ReasonOnly}
	}
	if s.Current < 0 {
		return base.start(&s, top)
	}
	cur := min(s.Current, top)
	if s.Throughput <= 0 {
		return base.stay(&s, cur, top)
	}
	sustained := base.best(&s, top, share(s.segment(), bolaClimb))
	index, why := byBuffer(&s, top), ReasonBufferHigh
	if index > cur && index > sustained {
		index, why = max(cur, sustained), ReasonThroughput
	}
	index = max(index, base.best(&s, cur, share(s.segment(), bolaKeep)))
	if affordable := base.best(&s, top, share(s.Buffer, bolaSpend)); affordable < index {
		index, why = affordable, ReasonBufferLow
	}
	switch {
	case index == cur:
		return base.stay(&s, cur, top)
	case index < cur:
		why = ReasonBufferLow
	}
	return Decision{index, why}
}

// Abandon implements Rule.
func (r BOLA) Abandon(s State, p Progress) (Decision, bool) {
	return ThroughputBuffer{Prior: r.Prior}.Abandon(s, p)
}

// byBuffer is BOLA's choice among the renditions up to top. Its two parameters, V and γp in the paper, are
// such that the worth of the lowest rendition comes to nothing at a third of the target, and that of the
// highest when the buffer has no room for another segment.
func byBuffer(s *State, top int) int {
	low := share(s.target(), bolaLow).Seconds()
	full := max((s.target() - s.segment()).Seconds(), bolaSpread*low)
	lowest := math.Log(bitsOf(s, 0))
	gp := (math.Log(bitsOf(s, top)) - lowest) / (full/low - 1)
	if !(gp > 0) {
		return 0 // one rate in all renditions
	}
	index, best := 0, math.Inf(-1)
	for i := range top + 1 {
		rate := bitsOf(s, i)
		if worth := (low/gp*(math.Log(rate)-lowest+gp) - s.Buffer.Seconds()) / rate; worth > best {
			index, best = i, worth
		}
	}
	return index
}

func bitsOf(s *State, i int) float64 { return float64(max(s.Renditions[i].Bitrate, 1)) }
