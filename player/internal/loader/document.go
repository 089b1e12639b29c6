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
	"strings"
	"time"

	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/manifest"
)

// topName is the cache's name for an entry's topmost manifest.
const topName = "top"

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
