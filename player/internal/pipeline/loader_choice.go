package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/manifest"
)

// decide chooses the rendition of the next segment and sees to it that its playlist is there: what
// the rule says, unless the cache holds something better. A rendition whose playlist can't be had or
// read is left out from then on.
func (l *loader) decide(ctx context.Context) (abr.Decision, error) {
	var firstErr error
	for {
		d := l.ask(ctx)
		if l.dead[d.Index] {
			other, ok := l.fallback(ctx, l.dead, nil)
			if !ok {
				return d, firstErr
			}
			d = other
		}
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
		l.dead[d.Index] = true
		if _, ok := l.fallback(ctx, l.dead, err); !ok {
			return d, firstErr
		}
		l.env.Logger.Warn("rendition left out", "index", d.Index, "err", err)
	}
}

// ask puts the question to the rule, and then to the cache: a better rendition that is here already
// costs nothing, and while the server can't be reached any that is here will do.
func (l *loader) ask(ctx context.Context) abr.Decision {
	rule, _ := l.env.Choice()
	d := rule.Next(l.state())
	if l.offline && !l.isCached(ctx, d.Index) {
		if i, ok := l.cached(ctx, 0, nil); ok {
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
func (l *loader) blind(d abr.Decision) bool {
	throughput, _ := l.env.Link.Estimate()
	return throughput == 0 && d.Reason == abr.ReasonHold && !l.offline && l.buffered() >= l.env.Buffer/2
}

func (l *loader) allowed(i int) bool {
	_, limit := l.env.Choice()
	return limit <= 0 || i == 0 || l.renditions[i].Bitrate <= limit
}

// cached finds the highest rendition from index `from` on, under the cap, whose next segment is in
// the cache.
func (l *loader) cached(ctx context.Context, from int, but map[int]bool) (int, bool) {
	for i := len(l.renditions) - 1; i >= from; i-- {
		if !but[i] && l.allowed(i) && l.isCached(ctx, i) {
			return i, true
		}
	}
	return 0, false
}

// isCached tells whether the cache has what comes next in rendition i: its playlist and segment.
func (l *loader) isCached(ctx context.Context, i int) bool {
	if l.env.Cache == nil {
		return false
	}
	if l.lists[i] == nil {
		doc, ok := l.document(ctx, l.relative(l.sources[i].URL))
		if !ok || l.setList(i, doc) != nil {
			return false
		}
	}
	n := l.index(i)
	return n < len(l.lists[i].Segments) && l.env.Cache.Has(ctx, l.content+"/"+l.lists[i].Segments[n].Name)
}

func (l *loader) state() abr.State {
	_, limit := l.env.Choice()
	throughput, latency := l.env.Link.Estimate()
	s := abr.State{
		Renditions: l.renditions, Current: l.current, Buffer: l.buffered(), Target: l.env.Buffer,
		Throughput: throughput, Latency: latency, Max: limit,
	}
	if l.current >= 0 && l.next < len(l.lists[l.current].Segments) {
		s.SegmentDuration = l.lists[l.current].Segments[l.next].Duration
	}
	return s
}

// index is the segment of rendition i that comes next.
func (l *loader) index(i int) int {
	if i == l.current || l.aligned(i) {
		return l.next
	}
	t := l.pos + trimStart(l.lists[i])
	return l.lists[i].At(max(0, t-prerollOf(l.sources[i].Codecs)))
}

// aligned reports whether rendition i goes on exactly where the current one stops, with the same
// codec, so that one decoder can run on.
func (l *loader) aligned(i int) bool {
	if l.current < 0 || l.sources[i].Codecs != l.sources[l.current].Codecs {
		return false
	}
	a, b := l.lists[l.current], l.lists[i]
	if len(a.Segments) != len(b.Segments) || trimStart(a) != trimStart(b) {
		return false
	}
	if l.next >= len(a.Segments) {
		return true
	}
	d := a.Segments[l.next].Start - b.Segments[l.next].Start
	return d.Abs() < 2*time.Millisecond
}

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
func (l *loader) fallback(ctx context.Context, tried map[int]bool, err error) (abr.Decision, bool) {
	if errors.Is(err, ErrKey) {
		return abr.Decision{}, false
	}
	if l.offline = unreachable(err); l.offline {
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

// unreachable reports whether err says that the server didn't answer at all.
func unreachable(err error) bool {
	var status *fetch.StatusError
	var failed *fetch.Error
	return errors.As(err, &failed) && failed.Received == 0 && !errors.As(err, &status) && !errors.Is(err, fetch.ErrTooLarge)
}
