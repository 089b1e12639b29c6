package loader

import (
	"time"

	"github.com/segue-audio/segue/player/manifest"
)

// showWindow makes known what can be played.
func (l *Loader) showWindow() {
	i := max(0, l.current)
	if i >= len(l.sources) {
		return
	}
	list := l.playlist(i)
	grows := live(list)
	if grows == nil || len(list.Segments) == 0 {
		if list != nil {
			l.progress.window.Store(nil)
		}
		return
	}
	hold := l.holdBack(list)
	l.progress.hold.Store(int64(hold))
	l.progress.window.Store(&Window{
		Start: max(0, list.Segments[0].Start-l.lead), End: l.edge(list) - l.lead, HoldBack: hold,
		Sliding: grows.Sliding, lead: l.lead, list: list,
	})
}

// now is the time by the server's clock, as well as it is known.
func (l *Loader) now() time.Time { return time.Now().Add(l.ahead) }

// edge is where what can be had of a list ends.
func (l *Loader) edge(list *manifest.Playlist) time.Duration {
	now := l.now()
	for i := len(list.Segments) - 1; i >= 0; i-- {
		s := &list.Segments[i]
		if s.Available.After(now) {
			continue
		}
		if !s.Whole() && !l.takesParts(list.Live) {
			return s.Start
		}
		return s.Start + s.Duration
	}
	return list.Segments[0].Start
}

// leastTargets is how many target durations lie between the end of a live stream and where it is played at the
// least, whatever it wishes: nearer, each segment would be there just when it is to be heard.
const leastTargets = 2

// holdBack is how far from the end of a live stream to play.
func (l *Loader) holdBack(list *manifest.Playlist) time.Duration {
	if l.takesParts(list.Live) {
		return list.Live.PartHoldBack
	}
	return max(list.Live.HoldBack, leastTargets*list.Target)
}

// settle finds where on the timeline to begin, once that is known.
func (l *Loader) settle(list *manifest.Playlist) {
	if l.current >= 0 || l.settled || len(list.Segments) == 0 {
		return
	}
	l.settled = true
	asked := l.task.At
	grows := live(list)
	at := asked
	switch {
	case grows == nil && asked == AtBegin:
		at = wishOf(list, list.Duration())
	case grows == nil && asked == AtEdge:
		at = list.Duration()
	case grows == nil:
	case asked == AtBegin && list.Begin != nil:
		at = min(list.Segments[0].Start+wishOf(list, l.edge(list)-list.Segments[0].Start), l.edgeStart(list))
	case asked == AtBegin, asked == AtEdge, l.opener && grows.Sliding:
		at = l.edgeStart(list)
	default:
		at = max(list.Segments[0].Start, min(asked+l.lead, l.edgeStart(list))) - l.lead
	}
	l.pos = at
	l.progress.begin(at)
}

// wishOf is where a list of some length wishes to be begun (EXT-X-START), from its first segment on.
func wishOf(list *manifest.Playlist, length time.Duration) time.Duration {
	switch b := list.Begin; {
	case b == nil:
		return 0
	case *b < 0:
		return max(0, length+*b)
	default:
		return min(*b, length)
	}
}

// edgeStart is where to begin near the end of a live stream: the last cut that is far enough from it.
func (l *Loader) edgeStart(list *manifest.Playlist) time.Duration {
	at := l.edge(list) - l.holdBack(list)
	i := list.At(max(at, list.Segments[0].Start))
	if i >= len(list.Segments) {
		i = len(list.Segments) - 1
	}
	s := &list.Segments[i]
	if l.takesParts(list.Live) {
		start, _ := partAt(s, at)
		return start
	}
	return s.Start
}

// slack is how far apart the timelines of two renditions may be.
const slack = 100 * time.Millisecond

// fellOut reports whether what comes next has left the list of rendition i.
func (l *Loader) fellOut(i int) bool {
	list := l.playlist(i)
	if len(list.Segments) == 0 || l.current < 0 {
		return false
	}
	if i == l.current {
		return l.next < list.First()
	}
	return l.pos+trimStart(list)+slack < list.Segments[0].Start
}

// deepWindow is how many times the distance from the end a window must be long for a listener who fell out of
// it to be taken to its beginning: in a shorter one he would soon fall out again.
const deepWindow = 4

// rejoin goes on elsewhere in rendition i's list, because what comes next can't be had any more: with the
// oldest that will stay for a while, or near the end.
func (l *Loader) rejoin(i int, why Why) {
	list := l.playlist(i)
	first := list.Segments[0].Start
	at := l.edgeStart(list)
	if hold := l.holdBack(list); l.edge(list)-first > deepWindow*hold {
		at = first + hold/2
	}
	k := min(list.At(at), len(list.Segments)-1)
	s := &list.Segments[k]
	from := l.pos
	l.pos, l.part = s.Start-trimStart(list), 0
	if l.takesParts(list.Live) {
		l.pos, l.part = partAt(s, at)
	}
	if i == l.current {
		l.next = s.Sequence
	}
	l.discontinuity = Discontinuity{Moves: why}
	l.progress.hops.Add(int64(l.pos - from))
	l.progress.SetLoaded(l.pos)
	l.env.Logger.Warn("live stream goes on elsewhere", "from", from, "to", l.pos, "why", string(why))
}

// stepBack goes back to segments that have come up behind what is loaded under the numbers of others: a
// template promises segments of a period that turns out to have ended before them.
func (l *Loader) stepBack(i int) {
	list := l.playlist(i)
	if i != l.current || l.part > 0 || live(list) == nil {
		return
	}
	for n := list.Index(l.next) - 1; n >= 0; n-- {
		// What was loaded itself isn't gone back to, be it ever so short.
		if s := &list.Segments[n]; s.Origin == nil || s.Start < l.pos+l.lead-min(slack, s.Duration/2) {
			return
		}
		l.next = list.Segments[n].Sequence
	}
}

// ready reports whether what comes next in rendition i can be asked for.
func (l *Loader) ready(i int) bool {
	list := l.playlist(i)
	n := l.index(i)
	if n >= len(list.Segments) {
		return false
	}
	s := &list.Segments[n]
	switch {
	case s.Gap:
		return true
	case s.Available.After(l.now()):
		return false
	case s.Whole():
		return true
	}
	return l.wantsParts(list) && l.part < len(s.Parts)
}

// available is when the next segment of rendition i will be there, by our own clock; zero where that
// isn't known.
func (l *Loader) available(i int) time.Time {
	list := l.playlist(i)
	if n := l.index(i); n < len(list.Segments) && !list.Segments[n].Available.IsZero() {
		return list.Segments[n].Available.Add(-l.ahead)
	}
	return time.Time{}
}
