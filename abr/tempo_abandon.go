package abr

import (
	"time"

	"github.com/segue-audio/segue/player/media"
)

const (
	tempoEvidence = 400 * time.Millisecond // no verdict before
	onCourse      = 0.6                    // of the buffer, that what remains may take without a second thought
	drained       = 0.8                    // of the target, below which a replacement must not keep the link for
	drainsFor     = 1.5                    // times as long as a segment plays: that much could be fetched meanwhile
	abandonWorth  = 0.7                    // seconds of the best rendition that must be in it
)

// Abandon implements Rule. What remains of the download is worth what a download of that size is, and what it would
// be to begin anew, lower, is what Next would find; the better counts, with a little inertia. A replacement of what is
// queued is broken off when it will not be there in time, or keeps the link from a buffer that runs low.
func (t *Tempo) Abandon(s State, p Progress) (Decision, bool) {
	if !t.fits(&s) {
		return t.Fallback().Abandon(s, p)
	}
	if p.Index <= 0 || p.Index >= len(s.Renditions) || p.Elapsed < max(tempoEvidence, 2*s.Latency) {
		return Decision{}, false
	}
	rate := p.rate(s.Latency)
	if p.Due > 0 {
		return t.abandonUpgrade(&s, &p, rate)
	}
	total := p.BytesTotal
	if total <= 0 {
		total = int64(float64(s.Renditions[p.Index].Bitrate) / 8 * s.segment().Seconds())
	}
	left := max(total-p.BytesDone, 0)
	course := fetchTime(media.Bitrate(left*8), time.Second, rate, 0)
	if course < min(share(s.Buffer, onCourse), s.segment()) {
		return Decision{}, false
	}
	seen := float32(s.Link.Rate)
	if !s.Link.Flowing {
		seen = float32(rate)
	}
	c := t.see(&s, seen)
	var ends outcomes
	ends.download(&t.p.moves[c.temper], &c.start, float32(left*8), c.level)
	goOn := t.worth(&c, &ends, p.Index, 0)
	best, worth := t.best(&c, min(p.Index-1, s.ceiling()))
	if worth <= goOn+abandonWorth {
		return Decision{}, false
	}
	return Decision{best, ReasonAbandon}, true
}

// abandonUpgrade tells whether to break off a replacement.
func (t *Tempo) abandonUpgrade(s *State, p *Progress, rate media.Bitrate) (Decision, bool) {
	const far = 3 // times what is left of the time: then it is hopeless
	left := fetchTime(media.Bitrate(max(p.BytesTotal-p.BytesDone, 0)*8), time.Second, rate, 0)
	due := p.Due
	late := left > due-100*time.Millisecond && (due < 3*time.Second || left > far*due)
	drains := !s.AllIn && s.Buffer < share(s.target(), drained) && left > share(s.segment(), drainsFor)
	if late || drains {
		return Decision{0, ReasonAbandon}, true
	}
	return Decision{}, false
}
