package abr

import "github.com/segue-audio/segue/player/media"

// Hybrid chooses by throughput while the buffer is thin, and lets BOLA raise that where it is thick: BOLA
// makes use of a buffer that throughput alone leaves idle, and throughput knows what to do when there is
// none. It is the idea of Dynamic in dash.js and in K. Spiteri, R. Sitaraman and D. Sparacio, "From Theory to
// Practice: Improving Bitrate Adaptation in the DASH Reference Player" (MMSys 2018). The zero value works.
//
// Dynamic remembers which of the two it follows and changes over at different levels of the buffer. Here,
// between these levels, BOLA's choice holds as far as it is the present one: it is won above the upper level
// and given up below the lower one, with no memory but State.Current.
type Hybrid struct {
	// Prior is the throughput to expect before anything is measured, say the last session's. Zero
	// starts at the lowest rendition.
	Prior media.Bitrate
}

// The levels, in shares of the target: 6 and 12 s of dash.js's 30 s.
const (
	hybridLow  = 0.2
	hybridHigh = 0.4
)

// Next implements Rule.
func (r Hybrid) Next(s State) Decision {
	d := ThroughputBuffer{Prior: r.Prior}.Next(s)
	if len(s.Renditions) <= 1 || s.Current < 0 || s.Throughput <= 0 || s.Buffer < share(s.target(), hybridLow) {
		return d
	}
	raised := BOLA(r).Next(s)
	if s.Buffer < share(s.target(), hybridHigh) && raised.Index > s.Current {
		raised = ThroughputBuffer{}.stay(&s, min(s.Current, s.ceiling()), s.ceiling())
	}
	if raised.Index > d.Index {
		return raised
	}
	return d
}

// Abandon implements Rule.
func (r Hybrid) Abandon(s State, p Progress) (Decision, bool) {
	return ThroughputBuffer{Prior: r.Prior}.Abandon(s, p)
}
