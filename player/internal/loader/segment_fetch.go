package loader

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/manifest"
)

// abandoned says that a download was broken off and what to fetch instead.
type abandoned struct{ decision abr.Decision }

func (a *abandoned) Error() string { return "abandoned for a lower rendition" }

func (l *Loader) drop(name string) {
	if l.env.Cache != nil {
		l.env.Cache.Delete(context.Background(), l.content+"/"+name)
	}
}

// caches reports whether there is a cache, and what it holds stays true.
func (l *Loader) caches() bool { return l.env.Cache != nil && !l.volatile.Load() }

func (l *Loader) keep(ctx context.Context, name string, data []byte) {
	if !l.caches() {
		return
	}
	if err := l.env.Cache.Put(ctx, l.content+"/"+name, data); err != nil && ctx.Err() == nil {
		l.env.Logger.Warn("segment not cached", "name", name, "err", err)
	}
}

// wanted is a resource and the circumstances that it is wanted in.
type wanted struct {
	manifest.Resource
	fresh    bool              // not from the cache
	upTo     bool              // fewer bytes than the range has will do
	decision *abr.Decision     // of a segment: it may be broken off for a lower rendition
	segment  *manifest.Segment // nil for an init section
	next     *manifest.Segment // that will be wanted after it
	early    *early            // sees a segment as it comes; nil for none
}

// received is a resource as it is stored.
type received struct {
	data             []byte
	cached, storable bool
}

// bytes gives a resource as it is stored: from the cache, or the server. An error that wraps
// fetch.ErrDigest comes with the data. It may be called from several goroutines.
func (l *Loader) bytes(ctx context.Context, w wanted) (got received, err error) {
	if !w.fresh && l.caches() {
		if data, ok := l.env.Cache.Get(ctx, l.content+"/"+w.Name); ok {
			l.env.Counters.Hits.Add(1)
			return received{data, true, true}, nil
		}
		l.env.Counters.Misses.Add(1)
	}
	if w.URL.Scheme == "file" {
		data, err := readRange(w)
		return received{data: data}, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req := l.requestFor(w)
	watch := &downloadWatch{l: l, cancel: cancel, download: l.env.Link.begin()}
	req.Progress = watch.progress
	end := func() {}
	if w.decision != nil {
		req.Slow = watch.slow
		end = watch.begin(*w.decision)
	}
	if w.early != nil {
		req.Peek = w.early.look
	}
	resp, err := l.client(w.decision != nil && l.elsewhere(w.decision.Index)).Get(ctx, req)
	end()
	if err != nil {
		done := watch.done.Load()
		l.count(done, done)
		watch.download.done(watch.last...)
		return received{}, err
	}
	var samples []abr.Sample
	if resp.Attempts == 1 {
		samples = []abr.Sample{{Bytes: resp.Wire, Elapsed: resp.Elapsed, FirstByte: resp.FirstByte}}
	}
	watch.download.done(samples...)
	if w.Length > 0 && int64(len(resp.Body)) != w.Length && !w.upTo {
		l.count(resp.Wire, resp.Wire)
		return received{}, fmt.Errorf("%w: byte range ends early", container.ErrFormat)
	}
	l.count(resp.Wire, resp.Wire-int64(len(resp.Body)))
	if w.decision != nil {
		l.offline = false
	}
	if w.Length == 0 {
		err = fetch.CheckDigest(resp.Header, resp.Body)
	}
	return received{resp.Body, false, storable(resp.Header)}, err
}

func readRange(res wanted) ([]byte, error) {
	f, size, err := openLocal(res.URL.Path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	n := res.Length
	if n == 0 {
		n = size - res.Offset
	} else if res.upTo {
		n = min(n, size-res.Offset)
	}
	if n < 0 || n > container.MaxSegmentBytes {
		return nil, container.ErrLimit
	}
	data := make([]byte, n)
	if _, err := f.ReadAt(data, res.Offset); err != nil {
		return nil, fmt.Errorf("%w: byte range ends early", container.ErrFormat)
	}
	return data, nil
}

// downloadWatch asks the rule, a few times a second, whether to break a download off.
type downloadWatch struct {
	l      *Loader
	cancel context.CancelCauseFunc
	done   atomic.Int64 // bytes that are here
	total  atomic.Int64 // of these

	download *download

	decision abr.Decision
	rule     abr.Rule
	ladder   *ladder       // that the rule knows
	state    abr.State     // when the download began
	due      time.Duration // of a replacement, since then: until what it replaces is heard; zero for any other
	began    time.Time
	last     []abr.Sample // of one that was broken off

	mu     sync.Mutex
	slowAt time.Duration  // when another connection was last thought better
	seen   []downloadMark // the last second or so
}

type downloadMark struct {
	elapsed time.Duration
	done    int64
}

// A download is looked at every watchEvery, whether bytes come or not, and its rate is that of the last
// watchSpan.
const (
	watchEvery = 200 * time.Millisecond
	watchSpan  = 1500 * time.Millisecond
)

// begin watches a segment's download from now on, until end is called. Both are for the loader's goroutine.
func (w *downloadWatch) begin(d abr.Decision) (end func()) {
	w.decision, w.state, w.began, w.due = d, w.l.state(), time.Now(), w.l.replacing
	w.rule, w.ladder = w.l.rule(&w.state), w.l.ladder(w.l.env.Choice())
	ctx, stop := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() {
		ticker := time.NewTicker(watchEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			if w.ask(time.Since(w.began)) {
				return
			}
		}
	})
	return func() { stop(); watching.Wait() }
}

// progress notes what has come; it is called on the fetching goroutine.
func (w *downloadWatch) progress(done, total int64, _ time.Duration) {
	w.done.Store(done)
	w.total.Store(max(0, total))
}

// ask puts the question to the rule, and breaks the download off if that is the answer.
func (w *downloadWatch) ask(elapsed time.Duration) (over bool) {
	p := w.look(elapsed)
	w.download.flow(p)
	s := w.state
	s.Buffer = w.l.buffered()
	w.l.env.Link.describe(&s)
	d, over := w.rule.Abandon(s, p)
	over = over || w.due > 0 && elapsed >= w.due // what it was to replace is being heard
	if over {
		w.last = append(w.last, abr.Sample{Bytes: p.BytesDone, Elapsed: elapsed})
		if p.Recent > 0 {
			w.last = append(w.last, abr.Sample{Bytes: p.RecentBytes, Elapsed: p.Recent, Again: true})
		}
		d.Index = w.ladder.widen(d.Index)
		w.cancel(&abandoned{d})
	}
	return over
}

// look is how far the download has come.
func (w *downloadWatch) look(elapsed time.Duration) abr.Progress {
	w.mu.Lock()
	defer w.mu.Unlock()
	done := w.done.Load()
	if n := len(w.seen); n > 0 && done < w.seen[n-1].done {
		w.seen = w.seen[:0] // begun again
	}
	w.seen = append(w.seen, downloadMark{elapsed, done})
	if i := slices.IndexFunc(w.seen, func(m downloadMark) bool { return elapsed-m.elapsed <= watchSpan }); i > 0 {
		w.seen = slices.Delete(w.seen, 0, i)
	}
	p := abr.Progress{Index: w.ladder.narrow(w.decision.Index), BytesDone: done, BytesTotal: w.total.Load(), Elapsed: elapsed}
	if w.due > 0 {
		p.Due = max(w.due-elapsed, 1)
	}
	if first := w.seen[0]; elapsed > first.elapsed {
		p.RecentBytes, p.Recent = done-first.done, elapsed-first.elapsed
	}
	return p
}

// slow tells, once the download has gone on for a while, whether it dribbles: far below what the link is
// known to carry, or what the rendition needs, so that it would come late.
// Another connection may fare better, and what has come is not lost. It is called on the fetching goroutine.
func (w *downloadWatch) slow(done, total int64, elapsed time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if elapsed < w.slowAt+dribbleAfter || total <= done || len(w.seen) == 0 {
		return false
	}
	first := w.seen[0]
	if elapsed-first.elapsed < time.Second {
		return false
	}
	expected, _ := w.l.env.Link.Estimate()
	expected = max(expected, w.l.renditions[w.decision.Index].Bitrate)
	rate := float64(done-first.done) * 8 / (elapsed - first.elapsed).Seconds()
	left := time.Duration(float64(total-done) * 8 / max(rate, 1) * float64(time.Second))
	if rate >= float64(expected)/dribbleShare || left <= w.l.buffered() {
		return false
	}
	w.slowAt = 2*elapsed - w.slowAt // later each time: the link itself may be like that
	return true
}

// A download dribbles when, after dribbleAfter, it comes at less than one part in dribbleShare of the
// rate that was to be expected.
const (
	dribbleAfter = 3 * time.Second
	dribbleShare = 6
)
