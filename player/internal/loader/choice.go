package loader

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/codec/decoders"
	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/media"
)

// decide chooses the rendition of the next segment and sees to it that its playlist is there: what
// the rule says, unless the cache holds something better. A rendition whose playlist can't be had or
// read, from none of its hosts, is left out for a while.
func (l *Loader) decide(ctx context.Context) (abr.Decision, error) {
	var firstErr error
	tried := make(map[int]bool)
	for {
		d := l.ask(ctx)
		if tried[d.Index] || l.resting(d.Index) && l.lost(d.Index) {
			other, ok := l.fallback(ctx, l.tired(tried), nil)
			if !ok { // all failed a short while ago: what was asked for is as good as any
				other, ok = l.fallback(ctx, tried, nil)
			}
			if !ok {
				return d, firstErr
			}
			d = other
		}
		from := l.at(d.Index)
		_, err := l.list(ctx, d.Index)
		switch {
		case err == nil:
			return d, nil
		case ctx.Err() != nil:
			return d, context.Cause(ctx)
		case l.refused(err) && l.renew(ctx):
			continue
		}
		if firstErr == nil {
			firstErr = err
		}
		if l.presentation.failed(from) {
			l.env.Logger.Warn("host fails, trying another", "rendition", d.Index, "mirror", from.mirror, "err", err)
			continue
		}
		tried[d.Index] = true
		if _, ok := l.fallback(ctx, tried, err); !ok {
			return d, firstErr
		}
		l.env.Logger.Warn("rendition left out", "index", d.Index, "err", err)
	}
}

// tired lists the renditions that were tried or failed a short while ago.
func (l *Loader) tired(tried map[int]bool) map[int]bool {
	all := maps.Clone(tried)
	for i := range l.renditions {
		if l.resting(i) && l.lost(i) {
			all[i] = true
		}
	}
	return all
}

// ask puts the question to the rule, and then to the cache: a better rendition that is here already
// costs nothing, and while the server can't be reached any that is here will do.
func (l *Loader) ask(ctx context.Context) abr.Decision {
	s := l.state()
	d := l.rule(&s).Next(s)
	d.Index = l.ladder(l.env.Choice()).widen(d.Index)
	if l.offline && !l.isCached(ctx, d.Index) {
		if i, ok := l.cached(ctx, 0, nil); ok {
			return abr.Decision{Index: i, Reason: reasonCached}
		}
	}
	if d.Reason != abr.ReasonManual && l.current < 0 && l.buffered() <= 0 {
		if i, ok := l.inMemory(); ok {
			return abr.Decision{Index: i, Reason: reasonCached}
		}
	}
	if d.Reason != abr.ReasonManual {
		if i, ok := l.cached(ctx, d.Index+1, nil); ok {
			return abr.Decision{Index: i, Reason: reasonCached}
		}
	}
	if next := d.Index + 1; l.blind(d) && next < len(l.renditions) && l.allowed(next) {
		return abr.Decision{Index: next, Reason: reasonProbe}
	}
	return d
}

// blind reports whether nothing is known of the link because all came from the cache, though there
// is time enough to find out: else music that was cached on a bad day would be played from there for
// ever.
func (l *Loader) blind(d abr.Decision) bool {
	throughput, _ := l.env.Link.Estimate()
	return throughput == 0 && d.Reason == abr.ReasonHold && !l.offline && l.buffered() >= l.env.Buffer/2
}

func (l *Loader) allowed(i int) bool {
	c := l.env.Choice()
	k := l.ladder(c)
	place, ok := slices.BinarySearch(k.whole, i)
	if limit := l.cap(c); limit > 0 && place > 0 && l.renditions[i].Bitrate > limit {
		return false
	}
	return ok
}

// cached finds the highest rendition from index `from` on, under the cap, whose next segment is in
// the cache.
func (l *Loader) cached(ctx context.Context, from int, but map[int]bool) (int, bool) {
	for i := len(l.renditions) - 1; i >= from; i-- {
		if !but[i] && l.allowed(i) && l.isCached(ctx, i) {
			return i, true
		}
	}
	return 0, false
}

// inMemory finds the highest rendition whose next segment needs no request at all: after a seek, music
// at once is worth more than a few seconds of the best quality.
func (l *Loader) inMemory() (int, bool) {
	for i := len(l.renditions) - 1; i >= 0; i-- {
		list := l.playlist(i)
		if list == nil || !l.allowed(i) {
			continue
		}
		if n := l.index(i); n < len(list.Segments) && l.known.shelf.has(l.keptKey(&list.Segments[n])) {
			return i, true
		}
	}
	return 0, false
}

// isCached tells whether the cache has what comes next in rendition i: its playlist and segment.
func (l *Loader) isCached(ctx context.Context, i int) bool {
	if list := l.playlist(i); list != nil {
		if n := l.index(i); n < len(list.Segments) && l.known.shelf.has(l.keptKey(&list.Segments[n])) {
			return true
		}
	}
	if !l.caches() {
		return false
	}
	if l.playlist(i) == nil {
		t := l.at(i)
		doc, ok := l.document(ctx, l.presentation, l.relative(l.urlOf(t)))
		if !ok || l.setList(t, doc) != nil {
			return false
		}
	}
	list := l.playlist(i)
	n := l.index(i)
	return n < len(list.Segments) && l.env.Cache.Has(ctx, l.content+"/"+list.Segments[n].Name)
}

func (l *Loader) state() abr.State {
	c := l.env.Choice()
	k := l.ladder(c)
	_, target, _ := l.depth()
	s := abr.State{
		Renditions: k.renditions, Current: k.narrow(l.current), Buffer: l.buffered(), Target: target,
		Max: l.cap(c), Network: c.Network, Metered: c.Metered,
	}
	l.env.Link.describe(&s)
	if l.current < 0 {
		s.Seamless = true // nobody hears a switch between two tracks
		return s
	}
	_, s.Queue = l.replaceable()
	list := l.playlist(l.current)
	if list == nil {
		return s
	}
	if n := list.Index(l.next); n < len(list.Segments) {
		s.SegmentDuration = list.Segments[n].Duration
		s.Sizes = k.shown(l.sizes(list.Segments[n].Start))
	}
	if live(list) != nil { // there is no more to be had
		s.Target = min(s.Target, l.holdBack(list))
	} else {
		s.AllIn = l.finished(l.current)
		if l.last() && l.rigid < rigidAfter && !s.Metered {
			l.ending(&s)
		}
	}
	return s
}

// ending says how much music is left, where the entry's end is that of the music. A rule may then spend the buffer on
// it, so it isn't told where what is here can't be made better later: the buffer is all that stands against silence there.
func (l *Loader) ending(s *abr.State) {
	end := l.progress.Length()
	if stop := l.task.Spec.Stop; stop > 0 && (end <= 0 || stop < end) {
		end = stop
	}
	if end > 0 && !s.AllIn {
		s.Left = max(0, end-l.pos)
	}
	s.Finishes = s.AllIn || s.Left > 0
}

// cap is the highest bit rate that may be chosen; zero for any.
func (l *Loader) cap(c Choice) media.Bitrate {
	limits := abr.Limits{}
	if c.Limits != nil {
		limits = *c.Limits
	}
	if c.Max > 0 && (limits.Bitrate <= 0 || c.Max < limits.Bitrate) {
		limits.Bitrate = c.Max
	}
	return limits.Cap(&abr.State{Metered: c.Metered})
}

// sizes gives the bytes of the segment that begins at a moment, in each rendition; nil where nothing is known.
func (l *Loader) sizes(at time.Duration) (all []int64) {
	for i := range l.renditions {
		list := l.playlist(i)
		if list == nil {
			continue
		}
		n := list.At(at + sameCut)
		if n < len(list.Segments) && list.Segments[n].Length > 0 {
			if all == nil {
				all = make([]int64, len(l.renditions))
			}
			all[i] = list.Segments[n].Length
		}
	}
	return all
}

// index is the segment of rendition i that comes next.
func (l *Loader) index(i int) int {
	list := l.playlist(i)
	if i == l.current {
		return list.Index(l.next)
	}
	if n, ok := l.aligned(i); ok {
		return n
	}
	t := l.pos + trimStart(list)
	if live(list) != nil && l.current < 0 {
		return list.At(max(0, t)) // the beginning of a segment
	}
	return list.At(max(0, t-decoders.Preroll(l.sources[i].Codecs)))
}

// aligned reports whether rendition i goes on exactly where the current one stops, with the same
// codec, so that one decoder can run on; and the index of its segment that does.
func (l *Loader) aligned(i int) (n int, ok bool) {
	if l.current < 0 || l.sources[i].Codecs != l.sources[l.current].Codecs {
		return 0, false
	}
	a, b := l.playlist(l.current), l.playlist(i)
	if a == nil || b == nil || trimStart(a) != trimStart(b) {
		return 0, false
	}
	at := a.Duration()
	if k := a.Index(l.next); k < len(a.Segments) {
		at = a.Segments[k].Start
	}
	n = b.At(at + sameCut)
	if n == len(b.Segments) {
		return n, (b.Duration() - at).Abs() < sameCut
	}
	return n, (b.Segments[n].Start - at).Abs() < sameCut
}

// sameCut is how far apart two lists may put one cut.
const sameCut = 2 * time.Millisecond

func trimStart(p *manifest.Playlist) time.Duration {
	if p.Trim == nil {
		return 0
	}
	return p.Trim.Start.Duration(p.TrimRate)
}

// reasonFallback joins the rules' reasons: the rendition asked for can't be had.
const reasonFallback abr.Reason = "fallback"

// reasonCached: the segment is here already.
const reasonCached abr.Reason = "cached"

// reasonProbe: to learn what the link carries.
const reasonProbe abr.Reason = "probe"

// fallback names a rendition to try after err: the next lower one, else the next higher. Where the
// server itself can't be reached, only one that the cache has would do.
func (l *Loader) fallback(ctx context.Context, tried map[int]bool, err error) (abr.Decision, bool) {
	if errors.Is(err, ErrKey) {
		return abr.Decision{}, false
	}
	if err != nil {
		l.offline = fetch.Unreachable(err)
	}
	if l.offline {
		i, ok := l.cached(ctx, 0, tried)
		return abr.Decision{Index: i, Reason: reasonCached}, ok
	}
	best := -1
	for i := range l.renditions {
		if tried[i] {
			continue
		}
		if best < 0 || i < l.current || l.current < 0 {
			best = i
		}
	}
	return abr.Decision{Index: best, Reason: reasonFallback}, best >= 0
}
