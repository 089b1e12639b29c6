package loader

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/hls"
)

// topName is the cache's name for an entry's topmost manifest.
const topName = "top"

// errNotManifest: the URL gives something else, perhaps media.
var errNotManifest = errors.New("not a manifest")

// document is a manifest as it is kept in the cache.
type document struct {
	URL  string // where it came from, after redirects
	Body string
}

func (p *presentation) documentKey(name string) string { return p.content + "|" + name }

func (l *Loader) document(ctx context.Context, p *presentation, name string) (document, bool) {
	if l.env.Cache == nil || p.content == "" {
		return document{}, false
	}
	data, ok := l.env.Cache.Document(ctx, p.documentKey(name))
	var d document
	if !ok || json.Unmarshal(data, &d) != nil {
		return document{}, false
	}
	return d, true
}

// manifestText gives a manifest: the server's where it can be reached, else the cache's. A manifest
// that the server refuses or no longer has is an error even if the cache has it. spare: it can be had
// elsewhere too, so that one try is enough.
func (l *Loader) manifestText(ctx context.Context, name string, at *url.URL, spare bool) (document, error) {
	if at.Scheme == "file" {
		body, err := readLocal(at.Path, manifest.MaxBytes)
		return document{at.String(), string(body)}, err
	}
	kept, have := l.document(ctx, l.presentation, name)
	client := l.client(have || spare)
	req := l.request(ObjectManifest, manifest.Resource{URL: at})
	req.Limit = manifest.MaxBytes
	asking, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req.Peek = func(body []byte) {
		if name == topName && len(body) >= sniffBytes && !isText(body[:sniffBytes]) {
			cancel(errNotManifest) // all of it may be much
		}
	}
	resp, err := client.Get(asking, req)
	if errors.Is(err, errNotManifest) {
		return document{}, err
	}
	if absent(err) && !spare && !have && pause(ctx, absentPause) == nil {
		resp, err = client.Get(ctx, req)
	}
	if err != nil {
		var status *fetch.StatusError
		if have && ctx.Err() == nil && (!errors.As(err, &status) || status.Temporary()) {
			l.env.Counters.Hits.Add(1)
			l.offline = fetch.Unreachable(err)
			l.env.Logger.Info("manifest from the cache", "name", name, "err", err)
			return kept, nil
		}
		return document{}, err
	}
	l.offline = false
	l.recovered()
	l.count(resp.Wire, 0)
	l.env.Counters.Misses.Add(1)
	doc := document{resp.URL.String(), string(resp.Body)}
	if l.env.Cache != nil && looksLikeManifest(resp.Body) && !growing(resp.Body) && storable(resp.Header) {
		if data, err := json.Marshal(doc); err == nil {
			if err := l.env.Cache.PutDocument(ctx, l.documentKey(name), data); err != nil {
				l.env.Logger.Warn("manifest not cached", "err", err)
			}
		}
	}
	return doc, nil
}

// sniffBytes is how much of a body tells text from music.
const sniffBytes = 512

// isText tells whether bytes may be of a manifest: none has control characters in it.
func isText(b []byte) bool {
	return !bytes.ContainsFunc(b, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' })
}

// absentPause is how long after a 404 a manifest is asked for once more, where there is nowhere else to go:
// the parts of a CDN don't learn of a new one at the same time.
const absentPause = 100 * time.Millisecond

func absent(err error) bool {
	var status *fetch.StatusError
	return errors.As(err, &status) && status.Code == http.StatusNotFound
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

func readLocal(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	body, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(body)) > limit {
		return nil, fmt.Errorf("%w: playlist over %d bytes", manifest.ErrLimit, limit)
	}
	return body, err
}

func looksLikeManifest(b []byte) bool { return looksLikePlaylist(b) || looksLikeMPD(b) }

func looksLikePlaylist(b []byte) bool {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	return bytes.HasPrefix(bytes.TrimLeft(b, " \t\r\n"), []byte("#EXTM3U"))
}

// growing tells whether a playlist is one that will be another the next time.
func growing(b []byte) bool {
	if looksLikeMPD(b) {
		return bytes.Contains(b, []byte(`type="dynamic"`)) || bytes.Contains(b, []byte(`type='dynamic'`))
	}
	return bytes.Contains(b, []byte("#EXT-X-TARGETDURATION")) && !bytes.Contains(b, []byte("#EXT-X-ENDLIST"))
}

// storable obeys the server's wish that a response be kept nowhere (RFC 9111, 5.2.2.5).
func storable(h http.Header) bool {
	return !strings.Contains(strings.ToLower(h.Get("Cache-Control")), "no-store")
}

// headerFor gives the entry's own headers to its own host only.
func (l *Loader) headerFor(u *url.URL) http.Header {
	if u.Scheme == l.top.Scheme && u.Host == l.top.Host {
		return l.header
	}
	return nil
}

// openManifest reads the topmost manifest, where that isn't known from before, and says what there is.
func (l *Loader) openManifest(ctx context.Context) error {
	if !l.opened {
		if err := l.open(ctx); err != nil {
			return err
		}
		l.known.settle(l.location, l.presentation)
	}
	if l.progress.opened.Swap(true) && l.current >= 0 {
		return nil // after a wait
	}
	// The length comes with the first media playlist; it is the same in all.
	if l.current < 0 {
		d, err := l.decide(ctx)
		if err != nil {
			return err
		}
		l.noteLength(l.playlist(d.Index))
		l.settle(l.playlist(d.Index))
		l.showWindow()
	}
	l.announce()
	return nil
}

// announce tells what there is.
func (l *Loader) announce() {
	var shown []Rendition
	for _, s := range l.sources {
		shown = append(shown, Rendition{Bitrate: s.Bitrate, Codecs: s.Codecs, Name: s.Name, Lossless: lossless(s.Codecs)})
	}
	l.task.Note(Opened{shown, l.progress.Length()})
}

// open reads the topmost manifest.
func (l *Loader) open(ctx context.Context) error {
	doc, err := l.manifestText(ctx, topName, l.top, l.otherPlace())
	if err != nil {
		if errors.Is(err, fetch.ErrTooLarge) && !strings.HasSuffix(l.top.Path, ".m3u8") {
			return errNotManifest
		}
		return err
	}
	if looksLikeMPD([]byte(doc.Body)) {
		return l.openMPD(ctx, doc)
	}
	if places, ok, err := listed(doc); err != nil {
		return err
	} else if ok {
		return &expanded{places}
	}
	if !looksLikePlaylist([]byte(doc.Body)) {
		switch filepath.Ext(l.top.Path) {
		case ".m3u8", ".m3u", ".mpd", ".pls", ".xspf", ".asx":
			return fmt.Errorf("%w: neither HLS nor DASH, nor a list", manifest.ErrFormat)
		}
		return errNotManifest
	}
	base, err := url.Parse(doc.URL)
	if err != nil {
		return err
	}
	h, err := hls.Parse([]byte(doc.Body), base, nil)
	if err != nil {
		return err
	}
	p := l.presentation
	l.opener = true
	if h.Presentation != nil {
		p.master, p.sources = h, playable(h.Presentation.Renditions)
		p.using = make([]int, len(p.sources))
		l.steerBy(h.Presentation.Steering)
	} else {
		p.using = make([]int, 1)
		p.sources = []manifest.Rendition{{URL: base}}
		if err := l.take(target{}, h.Playlist, h); err != nil {
			return err
		}
	}
	p.describe()
	return nil
}

// describe makes known to the rule what the sources are: the presentation is open.
func (p *presentation) describe() {
	p.renditions = nil
	for _, s := range p.sources {
		p.renditions = append(p.renditions, abr.Rendition{Bitrate: s.Bitrate, Lossless: lossless(s.Codecs)})
	}
	p.opened = true
}

// playable leaves out the renditions that no decoder is at hand for, unless none would be left: then
// the first packet says better what is missing.
func playable(all []manifest.Rendition) []manifest.Rendition {
	some := slices.DeleteFunc(slices.Clone(all), func(r manifest.Rendition) bool { return undecodable(r.Codecs) })
	if len(some) == 0 {
		return all
	}
	return some
}

// undecodable tells whether a CODECS attribute names a coding of sound that is known and not built in,
// and no other.
func undecodable(codecsAttr string) bool {
	foreign := false
	for name := range strings.SplitSeq(codecsAttr, ",") {
		family, _, _ := strings.Cut(strings.TrimSpace(name), ".")
		switch family {
		case "ac-3", "ec-3", "ac-4", "mha1", "mhm1", "dtsc", "dtse", "dtsh", "dtsl", "dtsx", "iamf":
			foreign = true
		default:
			return false
		}
	}
	return foreign
}

// lossless tells whether a CODECS attribute names a coding that loses nothing.
func lossless(codecsAttr string) bool {
	for _, p := range []string{"fLaC", "flac", "alac", "ipcm", "fpcm"} {
		if strings.HasPrefix(codecsAttr, p) {
			return true
		}
	}
	return false
}

// list gives the media playlist of rendition i.
func (l *Loader) list(ctx context.Context, i int) (*manifest.Playlist, error) {
	if list := l.playlist(i); list != nil {
		if !l.outdated(i) {
			return l.indexed(ctx, i)
		}
		if err := l.reload(ctx, i, -1, -1); err != nil {
			return nil, err
		}
		if list := l.playlist(i); list != nil {
			return l.indexed(ctx, i)
		}
	}
	t := l.at(i)
	doc, err := l.manifestText(ctx, l.relative(l.urlOf(t)), l.urlOf(t), l.elsewhere(i))
	if err != nil {
		return nil, Stage("load playlist", err)
	}
	if err := l.setList(t, doc); err != nil {
		return nil, Stage("load playlist", err)
	}
	return l.playlist(i), nil
}

// setList reads the media playlist of one of a rendition's URLs.
func (l *Loader) setList(t target, doc document) error {
	base, err := url.Parse(doc.URL)
	if err != nil {
		return err
	}
	var before *hls.Document
	if g := l.grows[t]; g != nil {
		before = g.doc
	}
	h, err := hls.ParseUpdate([]byte(doc.Body), base, l.master, before)
	if err != nil {
		return err
	}
	if h.Playlist == nil {
		return fmt.Errorf("%w: a master playlist within a master playlist", manifest.ErrFormat)
	}
	return l.take(t, h.Playlist, h)
}

// usable refuses what can't be played yet.
func usable(p *manifest.Playlist) error {
	switch {
	case len(p.Segments) == 0:
		return fmt.Errorf("%w: no segments", manifest.ErrFormat)
	case p.Live == nil && !p.Segments[len(p.Segments)-1].Whole():
		return fmt.Errorf("%w: the last segment is in parts", manifest.ErrUnsupported)
	}
	return clearable(p)
}

// clearable refuses encryption that nothing here can take off.
func clearable(p *manifest.Playlist) error {
	for i := range p.Segments {
		for _, k := range [...]*manifest.Key{p.Segments[i].Key, p.Segments[i].InitKey} {
			if k == nil || k.Method == "AES-128" && k.URL != nil {
				continue
			}
			var ways []string
			for _, system := range k.Systems {
				ways = append(ways, system.Format)
			}
			return fmt.Errorf("%w: encryption %.40s by %.200s", manifest.ErrUnsupported, k.Method, strings.Join(ways, ", "))
		}
	}
	return nil
}

func (l *Loader) noteLength(p *manifest.Playlist) {
	if live(p) != nil {
		l.progress.SetLength(0)
		return
	}
	d := p.Duration()
	if p.Trim != nil && p.Trim.Length > 0 {
		d = p.Trim.Length.Duration(p.TrimRate)
	}
	if stop := l.task.Spec.Stop; stop > 0 {
		d = min(d, stop)
	}
	l.progress.SetLength(d)
}

// relative names a rendition's playlist in the cache, whatever the host and token.
func (l *Loader) relative(u *url.URL) string {
	dir := l.top.String()
	dir = dir[:strings.LastIndexByte(strings.SplitN(dir, "?", 2)[0], '/')+1]
	c := *u
	c.RawQuery, c.Fragment = "", ""
	if rest, ok := strings.CutPrefix(c.String(), dir); ok {
		return rest
	}
	return c.Path
}

// lifetime reads how long a response may be kept (RFC 9111, 5.2.2.1); zero where it doesn't say, or
// forbids it.
func lifetime(h http.Header) time.Duration {
	if !storable(h) {
		return 0
	}
	for _, directive := range strings.Split(h.Get("Cache-Control"), ",") {
		if v, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(directive)), "max-age="); ok {
			if d, err := time.ParseDuration(strings.Trim(v, `"`) + "s"); err == nil && d > 0 {
				return d
			}
		}
	}
	return 0
}

// blockStore lends the cache to a file that is read in blocks.
type blockStore struct{ l *Loader }

func (b blockStore) Get(ctx context.Context, key string) ([]byte, bool) {
	data, ok := b.l.env.Cache.Get(ctx, key)
	if ok {
		b.l.env.Counters.Hits.Add(1)
	} else {
		b.l.env.Counters.Misses.Add(1)
	}
	return data, ok
}

func (b blockStore) Put(ctx context.Context, key string, data []byte) error {
	return b.l.env.Cache.Put(ctx, key, data)
}
