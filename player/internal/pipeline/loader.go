package pipeline

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/hls"
	"github.com/segue-audio/segue/player/media"
)

// loader brings an entry's segments into memory, one after the other, each in the rendition that
// the rule asks for. It runs on one goroutine.
type loader struct {
	e   *Entry
	env *Env

	url     string
	header  http.Header
	content string   // names the content in the cache
	top     *url.URL // of the topmost manifest
	renewed bool     // a refusal was answered with new credentials already

	master     *hls.Document // nil where the top is a media playlist
	renditions []abr.Rendition
	sources    []manifest.Rendition
	lists      []*manifest.Playlist
	inits      map[string]*fmp4.Init
	keys       map[string][]byte
	dead       map[int]bool // renditions whose playlist can't be had
	offline    bool         // the server could not be reached the last time

	place
}

// place is where a loader stands.
type place struct {
	current int           // the rendition of the last segment; −1 at the start
	next    int           // index of the segment that follows it in current
	pos     time.Duration // of the timeline: what is loaded ends here
	why     abr.Reason    // of the last change of rendition
}

func newLoader(e *Entry) *loader {
	return &loader{e: e, env: e.env, place: place{current: -1, pos: e.At}, inits: map[string]*fmp4.Init{}, keys: map[string][]byte{},
		dead: map[int]bool{}}
}

// run loads until everything is in (nil), or ctx is done, or nothing more can be had.
func (l *loader) run(ctx context.Context) error {
	if err := l.locate(ctx); err != nil {
		return stage("resolve", err)
	}
	if l.isFile() {
		return stage("open file", l.runFile(ctx))
	}
	if err := l.openManifest(ctx); err != nil {
		if errors.Is(err, errNotManifest) {
			return stage("open file", l.runFile(ctx))
		}
		return stage("load manifest", err)
	}
	return l.runSegments(ctx)
}

// locate finds the URL to load. Where it can't be had and the cache knows the content, the URL of
// the last time serves to read the cache with.
func (l *loader) locate(ctx context.Context) error {
	l.url, l.header, l.content = l.e.Spec.URL, l.e.Spec.Header, l.e.Spec.ContentID
	if l.e.Spec.Resolve != nil {
		u, h, err := l.e.Spec.Resolve(ctx)
		switch {
		case err == nil:
			l.url, l.header = u, h
		case ctx.Err() != nil:
			return context.Cause(ctx)
		default:
			doc, ok := l.document(ctx, topName)
			if !ok {
				return err
			}
			l.env.Logger.Info("can't resolve, playing from the cache", "content", l.content, "err", err)
			l.url, l.offline = doc.URL, true
		}
	}
	u, err := parseLocation(l.url)
	if err != nil {
		return fmt.Errorf("%w: %w", fetch.ErrRequest, err)
	}
	l.top = u
	if l.content == "" {
		c := *u
		c.RawQuery, c.Fragment, c.User = "", "", nil
		l.content = c.String()
	}
	return nil
}

// parseLocation reads a URL, or a path as a file URL.
func parseLocation(s string) (*url.URL, error) {
	if u, err := url.Parse(s); err == nil && (u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "file") {
		return u, nil
	} else if err == nil && len(u.Scheme) > 1 && strings.Contains(s, "://") {
		return nil, fmt.Errorf("scheme %q is not supported", u.Scheme)
	}
	if s == "" {
		return nil, errors.New("no URL")
	}
	abs, err := filepath.Abs(s)
	if err != nil {
		return nil, err
	}
	return &url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}, nil
}

// isFile tells whether the location is a single file by its name. Others are looked into first.
func (l *loader) isFile() bool {
	switch strings.ToLower(filepath.Ext(l.top.Path)) {
	case ".mp3", ".flac", ".wav", ".wave":
		return true
	case ".m3u8", ".m3u":
		return false
	}
	return l.top.Scheme == "file"
}

// runSegments is the loader's main loop over a presentation of segments.
func (l *loader) runSegments(ctx context.Context) error {
	for {
		if err := l.waitForRoom(ctx); err != nil {
			return err
		}
		l.reconsider()
		d, err := l.decide(ctx)
		if err != nil {
			return err
		}
		if l.finished(d.Index) {
			return nil
		}
		r, err := l.segment(ctx, d)
		if err != nil {
			return err
		}
		l.e.loaded.Store(int64(l.pos))
		l.e.runs.push(r)
	}
}

// reconsider takes back what waits for the decoder, so that it is loaded as the rule says now.
func (l *loader) reconsider() {
	if !l.e.redo.Swap(false) {
		return
	}
	back := l.e.runs.recall()
	if len(back) == 0 {
		return
	}
	first := back[0]
	l.place = first.before
	for _, r := range back {
		l.env.Counters.Wasted.Add(r.bytes)
	}
	l.e.loaded.Store(int64(l.pos))
}

// finished reports whether nothing of rendition i is left to load.
func (l *loader) finished(i int) bool {
	if stop := l.e.Spec.Stop; stop > 0 && l.pos >= stop {
		return true
	}
	if n := l.e.Length(); n > 0 && l.pos >= n {
		return true
	}
	return l.index(i) >= len(l.lists[i].Segments)
}

// waitForRoom holds the loader back while enough music is buffered. One segment may always be loaded.
func (l *loader) waitForRoom(ctx context.Context) error {
	for {
		// Nothing waits for the decoder: it must be fed whatever the numbers say.
		n, bytes := l.e.runs.waiting()
		hungry := n == 0 && l.e.lead() <= 0
		first := l.current < 0 && l.e.lead() < l.env.Buffer
		if hungry || first || (l.buffered() < l.env.Buffer && bytes < l.env.BufferBytes) || l.e.redo.Load() {
			return ctx.Err()
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-l.e.runs.taken:
		case <-time.After(200 * time.Millisecond): // the music before this entry is being played
		}
	}
}

// buffered is how much music is here and not heard, what is before this entry included.
func (l *loader) buffered() time.Duration { return l.e.Ahead() + l.e.lead() }

// segment loads the next segment as d says, or in another rendition where that can't be had.
func (l *loader) segment(ctx context.Context, d abr.Decision) (*run, error) {
	tried := make(map[int]bool)
	var firstErr error
	for {
		r, err := l.load(ctx, d)
		var late *abandoned
		switch {
		case err == nil:
			return r, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.As(err, &late):
			d = late.decision
			continue
		case l.refused(err) && l.renew(ctx):
			continue
		}
		if firstErr == nil {
			firstErr = err
		}
		tried[d.Index] = true
		other, ok := l.fallback(ctx, tried, err)
		if !ok {
			return nil, firstErr
		}
		l.env.Logger.Warn("rendition fails, trying another", "from", d.Index, "to", other.Index, "err", err)
		d = other
	}
}

// refused reports whether new credentials may mend err.
func (l *loader) refused(err error) bool {
	var status *fetch.StatusError
	return errors.As(err, &status) && (status.Code == http.StatusUnauthorized || status.Code == http.StatusForbidden)
}

// renew asks the app for a fresh location, once in a row, and reads the playlists anew.
func (l *loader) renew(ctx context.Context) bool {
	if l.e.Spec.Resolve == nil || l.renewed {
		return false
	}
	l.renewed = true
	at := l.place
	if l.locate(ctx) != nil || l.openManifest(ctx) != nil || at.current >= len(l.lists) {
		return false
	}
	l.place = at
	if at.current >= 0 {
		_, err := l.list(ctx, at.current)
		return err == nil
	}
	return true
}

// runFile plays a whole file as one run.
func (l *loader) runFile(ctx context.Context) error {
	r, size, closer, err := l.openBytes(ctx)
	if err != nil {
		return err
	}
	demux, err := openFile(r, size)
	if err != nil {
		closer()
		return err
	}
	info := demux.Info()
	length := info.Trim.Length
	if d, ok := demux.(interface{ Duration() media.Frames }); ok && length <= 0 {
		length = d.Duration()
	}
	rate := info.Format.SampleRate
	l.e.length.Store(int64(length.Duration(rate)))
	name := Rendition{Codecs: string(info.Format.Codec), Lossless: info.Format.Lossless()}
	if d := length.Duration(rate); d > 0 {
		name.Bitrate = media.Bitrate(float64(size*8) / d.Seconds())
	}
	l.env.Note(Note{l.e, Opened{[]Rendition{name}, length.Duration(rate)}})
	if l.e.At > 0 {
		if err := demux.Seek(media.FramesIn(l.e.At, rate) + info.Trim.Start); err != nil {
			closer()
			return err
		}
	}
	run := &run{open: func() (container.Demuxer, error) { return demux, nil }, close: closer, reason: abr.ReasonOnly}
	l.e.loaded.Store(int64(length.Duration(rate)))
	l.e.runs.push(run)
	return nil
}

// openLocal opens a local file for reading at any offset.
func openLocal(path string) (*os.File, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	if st.IsDir() {
		f.Close()
		return nil, 0, &os.PathError{Op: "open", Path: path, Err: errors.New("is a directory")}
	}
	return f, st.Size(), nil
}
