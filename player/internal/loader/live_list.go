package loader

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/hls"
)

// succeed lets the timeline of a live stream go on in the presentation that takes the place of another.
func (l *Loader) succeed(p *presentation) {
	clear(l.grows)
	if p == nil || !p.volatile.Load() {
		return
	}
	p.mu.Lock()
	ref := p.ref
	p.mu.Unlock()
	l.mu.Lock()
	l.ref = reference{target{-1, 0}, ref.list}
	l.mu.Unlock()
	l.volatile.Store(true)
}

// wish is what a request for a list asks the server for.
type wish struct {
	sequence int64 // hold the answer until this segment is listed, by the server's number; −1 for no such wish
	part     int   // or this part of it; −1 for all of it
	skip     bool  // leave out what is old
}

// query adds a wish to a URL (RFC 8216bis, 6.2.5).
func (w wish) query(u *url.URL, grows *manifest.Live) *url.URL {
	if w.sequence < 0 && !w.skip {
		return u
	}
	c := *u
	q := c.Query()
	if w.sequence >= 0 {
		q.Set("_HLS_msn", strconv.FormatInt(w.sequence, 10))
	}
	if w.sequence >= 0 && w.part >= 0 {
		q.Set("_HLS_part", strconv.Itoa(w.part))
	}
	if w.skip {
		q.Set("_HLS_skip", "YES")
		if grows.SkipsRanges {
			q.Set("_HLS_skip", "v2")
		}
	}
	c.RawQuery = q.Encode()
	return &c
}

// reload asks for a live list again. That it can't be had now is no error, as long as patience lasts: the
// list that is here still counts.
func (l *Loader) reload(ctx context.Context, i int, sequence int64, part int) error {
	from := l.at(i)
	g := l.growth(from)
	grows := live(l.playlist(i))
	w := wish{sequence: sequence, part: part}
	w.skip = grows.Skips > 0 && g.doc != nil && !g.plain && time.Since(g.asked) < grows.Skips/2
	g.asked = time.Now()
	err := l.refresh(ctx, from, w)
	if err != nil && (w.skip || sequence >= 0) && ctx.Err() == nil && !fetch.Unreachable(err) {
		g.plain = true
		err = l.refresh(ctx, from, wish{sequence: -1})
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err == nil:
		g.failed, g.err = 0, nil
		l.recovered()
		return nil
	case l.refused(err) && l.renew(ctx):
		return nil
	}
	g.failed, g.err, g.same = g.failed+1, err, true
	l.env.Logger.Info("live list not to be had", "rendition", i, "mirror", from.mirror, "tries", g.failed, "err", err)
	if l.presentation.failed(from) {
		return nil
	}
	if away(err) {
		l.noteWaiting(err)
	}
	if patience := l.env.patience(); patience > 0 && time.Since(g.changed) < patience || l.playlist(i) != nil && l.ready(i) {
		return nil
	}
	return Stage("reload playlist", err)
}

// refresh fetches the list of a URL and takes it in.
func (l *Loader) refresh(ctx context.Context, t target, w wish) error {
	if l.mpd.Load() != nil {
		return l.refreshMPD(ctx)
	}
	list := l.listOf(t)
	grows := live(list)
	at := l.urlOf(t)
	if at.Scheme == "file" {
		doc, err := l.manifestText(ctx, l.relative(at), at, true)
		if err != nil {
			return err
		}
		return l.setList(t, doc)
	}
	req := l.request(ObjectManifest, manifest.Resource{URL: w.query(at, grows)})
	req.Limit = manifest.MaxBytes
	if w.sequence >= 0 {
		req.Hold = 3 * list.Target
	}
	resp, err := l.env.Probe.Get(ctx, req)
	if err != nil {
		return err
	}
	l.offline = false
	l.count(resp.Wire, 0)
	return l.setList(t, document{URL: stripped(resp.URL), Body: string(resp.Body)})
}

// stripped is a URL without what query added.
func stripped(u *url.URL) string {
	c := *u
	q := c.Query()
	for _, name := range []string{"_HLS_msn", "_HLS_part", "_HLS_skip"} {
		q.Del(name)
	}
	if len(q) < len(u.Query()) {
		c.RawQuery = q.Encode()
	}
	return c.String()
}

// take puts a list that was read in the place of the one before.
func (l *Loader) take(t target, fresh *manifest.Playlist, doc *hls.Document) error {
	l.mu.Lock()
	old, ref := l.lists[t], l.ref
	l.mu.Unlock()
	if fresh.Live == nil && old == nil && ref.list == nil {
		return l.install(t, fresh)
	}
	known := l.grows[t] != nil
	g := l.growth(t)
	if !known {
		g.asked = time.Now()
	}
	now := time.Now()
	list, change := fresh, manifest.Grown
	switch {
	case ref.list != nil && ref.of != t:
		list = fresh.Beside(ref.list)
	case old != nil:
		list, change = fresh.Follow(old)
		list, change = g.judge(list, change, fresh, old)
	}
	if old != nil && (change == manifest.Unchanged || change == manifest.Older) {
		g.same = true
	} else {
		g.same, g.changed = false, now
	}
	if change != manifest.Older {
		g.doc = doc
	}
	l.volatile.Store(true)
	if change == manifest.Restarted {
		l.restarted(old, list)
	}
	if err := l.install(t, list); err != nil {
		return err
	}
	l.forgetOld()
	return nil
}

// judge has the last word on a list that seems to be from an earlier time: where such lists keep coming and
// grow, the server has begun anew under numbers that it used before.
func (g *growth) judge(list *manifest.Playlist, change manifest.Change, fresh, old *manifest.Playlist) (*manifest.Playlist, manifest.Change) {
	if change != manifest.Older {
		g.older = time.Time{}
		return list, change
	}
	if g.older.IsZero() {
		g.older, g.olderNext = time.Now(), fresh.Next()
	}
	if time.Since(g.older) < staleTargets*max(old.Target, time.Second) || fresh.Next() == g.olderNext {
		return list, change
	}
	g.older = time.Time{}
	return fresh.Restart(old), manifest.Restarted
}

// install makes a list the one of its URL.
func (l *Loader) install(t target, list *manifest.Playlist) error {
	if err := usable(list); err != nil && (live(list) == nil || len(list.Segments) > 0) {
		return err
	}
	l.mu.Lock()
	was := l.lists[t]
	l.lists[t] = list
	if l.volatile.Load() && (l.ref.of == t || l.ref.list == nil) {
		l.ref = reference{t, list}
	}
	l.mu.Unlock()
	l.noteLength(list)
	if live(was) != nil && live(list) == nil {
		l.announce() // now its length is known
	}
	l.showWindow()
	return nil
}

// maxOld bounds the init sections and keys of a live stream that are kept though its list needs them no more.
const maxOld = 16

// forgetOld drops what no list needs any more.
func (l *Loader) forgetOld() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.inits) <= maxOld && len(l.keys) <= maxOld {
		return
	}
	needed := map[string]bool{}
	for _, list := range l.lists {
		for i := range list.Segments {
			if s := &list.Segments[i]; s.Init != nil {
				needed[s.Init.Name] = true
			}
			if k := list.Segments[i].Key; k != nil {
				needed[k.Name] = true
			}
		}
	}
	for name := range l.inits {
		if !needed[name] {
			delete(l.inits, name)
		}
	}
	for name := range l.keys {
		if !needed[name] {
			delete(l.keys, name)
		}
	}
}

// restarted takes note that the server began anew: what has the same name is other music.
func (l *Loader) restarted(old, list *manifest.Playlist) {
	l.env.Logger.Warn("the live stream began anew", "was", old.Next(), "now", list.Told(list.First()))
	l.mu.Lock()
	clear(l.inits)
	clear(l.keys)
	l.mu.Unlock()
	if l.current < 0 {
		return
	}
	last := old.Next() - 1
	if l.next > last || l.next == last && !old.Segments[len(old.Segments)-1].Whole() {
		l.next, l.part = list.First(), 0
		l.discontinuity.Why = WhyRestart
	}
}
