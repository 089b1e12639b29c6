package loader

import (
	"context"
	"errors"
	"slices"

	"github.com/segue-audio/segue/abr"
)

// upgrade makes use of a full buffer where the rule knows how to: a segment that waits for the decoder is
// fetched again in another rendition, and takes its own place if the decoder hasn't come to it meanwhile. done
// tells that something was fetched, so that much may have changed; an error is ctx's.
func (l *Loader) upgrade(ctx context.Context) (done bool, err error) {
	runs, queue := l.replaceable()
	if len(runs) == 0 {
		return false, nil
	}
	s := l.state()
	s.Queue = queue
	upgrader, ok := l.rule(&s).(abr.Upgrader)
	if !ok {
		return false, nil
	}
	up, ok := upgrader.Upgrade(s, queue)
	if !ok || up.Place < 0 || up.Place >= len(runs) || up.Index < 0 || up.Index >= len(s.Renditions) {
		return false, nil
	}
	up.Index = l.ladder(l.env.Choice()).widen(up.Index)
	old := runs[up.Place]
	l.replacing = queue[up.Place].Starts
	r, err := l.anew(ctx, old, up.Decision)
	l.replacing = 0
	var late *abandoned
	switch {
	case r == nil && err == nil:
		l.rigid++
		return false, nil
	case err == nil && l.runs.replace(old, r):
		l.rigid = 0
		old.spill()
		return true, nil
	case err == nil: // it came too late
		r.spill()
		return true, nil
	case ctx.Err() != nil:
		return false, context.Cause(ctx)
	case errors.As(err, &late):
		return true, nil
	}
	l.env.Logger.Info("segment not upgraded", "segment", old.Index, "rendition", up.Index, "err", err)
	old.fixed = true
	l.rigid++
	return false, nil
}

// rigidAfter is how many segments in a row could not be had in another rendition, before no more is tried, and nothing
// fetched to be replaced.
const rigidAfter = 2

// raiseRest goes on with upgrades when the last segment is there: so that what was fetched in a low rendition first is not
// heard in it merely because the track ends. Where another entry follows, that is loaded meanwhile, and the link is
// its own when half a buffer is left.
func (l *Loader) raiseRest(ctx context.Context) error {
	l.noteAllIn()
	for !l.redo.Load() {
		until, cancel := ctx, context.CancelFunc(func() {})
		if !l.last() {
			spare := l.buffered() - l.env.Buffer/2
			if spare <= 0 {
				break
			}
			until, cancel = context.WithTimeout(ctx, spare)
		}
		done, err := l.upgrade(until)
		cancel()
		if err != nil || !done {
			break
		}
	}
	return context.Cause(ctx)
}

// anew loads the segment of a run as d says; nil where it would not take that run's place unnoticed.
func (l *Loader) anew(ctx context.Context, old *Run, d abr.Decision) (*Run, error) {
	if _, err := l.list(ctx, d.Index); err != nil {
		return nil, err
	}
	at := l.place
	defer func() { l.place = at }()
	l.place = old.before
	if !l.interchangeable(old, d.Index) {
		return nil, nil
	}
	return l.load(ctx, d)
}

// replaceable lists the runs that may still be replaced, and what the rule is to know of them. The decoder may
// take the first of them at any moment, and that is left to the rule. There are none where upgrade would not be called.
func (l *Loader) replaceable() (runs []*Run, queue []abr.Queued) {
	if l.offline || l.current < 0 || l.rigid >= rigidAfter || l.progress.window.Load() != nil {
		return nil, nil
	}
	runs = slices.DeleteFunc(l.runs.waiting(), func(r *Run) bool {
		return r.before.current < 0 || r.Packets > 0 || r.Discontinuity != (Discontinuity{}) || r.fixed
	})
	ahead, k := l.task.Lead()-l.progress.Played(), l.ladder(l.env.Choice())
	for _, r := range runs {
		list := l.playlist(r.Rendition)
		q := abr.Queued{Index: k.narrow(r.Rendition), Starts: max(0, ahead+r.Start-trimStart(list))}
		if n := list.At(r.Start); n < len(list.Segments) {
			q.Duration, q.Bytes = list.Segments[n].Duration, k.shown(l.sizes(r.Start))
		}
		queue = append(queue, q)
	}
	return runs, queue
}

// interchangeable reports whether a run may be replaced by one of rendition i without the decoder's noticing:
// both are cut alike and coded alike, and so is what comes before them. The loader stands before the run.
func (l *Loader) interchangeable(r *Run, i int) bool {
	if i == r.Rendition || !l.allowed(i) || l.resting(i) {
		return false
	}
	n, ok := l.aligned(i)
	m, same := l.aligned(r.Rendition)
	if !ok || !same {
		return false
	}
	a, b := l.playlist(i), l.playlist(r.Rendition)
	if n >= len(a.Segments) || m >= len(b.Segments) {
		return false
	}
	return (a.Segments[n].Duration - b.Segments[m].Duration).Abs() < sameCut
}
