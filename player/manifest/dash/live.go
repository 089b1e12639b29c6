package dash

import (
	"net/url"
	"strings"
	"time"

	"github.com/segue-audio/segue/player/manifest"
)

// How far a live stream's segments are listed.
const (
	// ahead is how far beyond the present: Segment.Available says when each is there. An MPD with
	// minimumUpdatePeriod is fetched again before.
	ahead = 2 * time.Minute
	// behind is how far back where no timeShiftBufferDepth says so: they are all there since the beginning.
	behind = 4 * time.Hour
)

// narrow leaves of the period what is there of a live stream, or will be soon.
func (l *layout) narrow() {
	p := l.p
	present := p.elapsed()
	depth := behind
	if p.depth.known {
		depth = p.depth.Duration
	}
	l.begin = max(l.begin, present-depth)
	l.end = min(l.end, present+max(ahead, min(p.update.Duration, manifest.MaxSegment)+ahead/2)+min(l.early.Duration, ahead))
}

// readLive reads how a dynamic MPD goes on; nil where all that will come is known.
func (p *parser) readLive() (*manifest.Live, error) {
	live := &manifest.Live{Sliding: p.depth.known}
	last := p.periods[len(p.periods)-1]
	switch {
	case p.update.known:
		live.Reload = max(p.update.Duration, time.Second)
	case last.until.known && !last.until.After(p) && !p.depth.known:
		return nil, nil
	default:
		live.Reload = ahead / 2 // the text is the same, but more of it has become true
	}
	delay, err := p.mpd.duration("suggestedPresentationDelay")
	if err != nil {
		return nil, err
	}
	live.HoldBack = delay.Duration
	for _, s := range p.mpd.all("ServiceDescription") {
		ms, err := s.child("Latency").uint("target", 0)
		if err != nil {
			return nil, err
		}
		if ms > 0 && ms < int64(maxTime/time.Millisecond) && live.HoldBack == 0 {
			live.HoldBack = time.Duration(ms) * time.Millisecond
		}
	}
	live.Clock, err = p.readClock()
	return live, err
}

// After tells whether a moment of the timeline is yet to come.
func (s span) After(p *parser) bool { return p.begun.Add(s.Duration).After(p.now) }

// readClock finds the first source of the time that can be asked (ISO 23009-1, 5.8.4.11); nil for none.
func (p *parser) readClock() (*manifest.Clock, error) {
	for _, n := range p.mpd.all("UTCTiming") {
		scheme := n.value("schemeIdUri")
		values := strings.Fields(n.value("value"))
		if len(values) == 0 {
			continue
		}
		if strings.HasPrefix(scheme, "urn:mpeg:dash:utc:direct:") {
			if t, err := parseTime(values[0]); err == nil {
				return &manifest.Clock{Scheme: scheme, Value: t}, nil
			}
			continue
		}
		if !manifest.ReadsClock(scheme) {
			continue
		}
		ref, err := url.Parse(values[0])
		if err != nil {
			return nil, malformed("UTCTiming %.80q", values[0])
		}
		u, err := p.addresses.Resolve(p.base, ref)
		if err != nil {
			continue // ntp://… and the like
		}
		return &manifest.Clock{Scheme: scheme, URL: u}, nil
	}
	return nil, nil
}

// reference ties the media's clock to that on the wall (ProducerReferenceTime, ISO 23009-1, 5.12).
type reference struct {
	at   time.Duration // of the timeline
	wall time.Time
}

// readReference finds the ProducerReferenceTime of the representation.
func (l *layout) readReference() error {
	for _, level := range []*node{l.r.node, l.r.set.node} {
		n := level.child("ProducerReferenceTime")
		if n == nil {
			continue
		}
		wall, err := n.time("wallClockTime")
		if err != nil || wall.IsZero() {
			return nil // an NTP timestamp, say: it is a help, no more
		}
		ticks, err := n.uint("presentationTime", 0)
		if err != nil {
			return err
		}
		l.reference = &reference{l.moment(ticks), wall}
		return nil
	}
	return nil
}

// wallClock gives the time on the wall of a moment of the timeline; zero where unknown.
func (l *layout) wallClock(at time.Duration) time.Time {
	switch {
	case l.reference != nil:
		return l.reference.wall.Add(at - l.reference.at)
	case l.p.dynamic:
		return l.p.begun.Add(at)
	}
	return time.Time{}
}
