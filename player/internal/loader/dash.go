package loader

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/dash"
)

// headBytes is how much of a file is looked through for its index, where the manifest doesn't say where
// that is.
const headBytes = 64 << 10

// maxIndexes bounds the indexes that lead to one segment.
const maxIndexes = 8

// looksLikeMPD tells whether a text is XML that begins with an MPD.
func looksLikeMPD(b []byte) bool {
	b = bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(b) == 0 || b[0] != '<' {
		return false
	}
	head := b[:min(len(b), 16<<10)] // behind what comments there are
	return bytes.Contains(head, []byte("<MPD")) || bytes.Contains(head, []byte(":MPD"))
}

// openMPD takes in an MPD: it has the lists of all renditions in it.
func (l *Loader) openMPD(ctx context.Context, doc document) error {
	base, err := url.Parse(doc.URL)
	if err != nil {
		return err
	}
	mpd, err := dash.Parse([]byte(doc.Body), base, time.Now())
	if err != nil {
		return err
	}
	if mpd, err = l.setClock(ctx, mpd); err != nil {
		return err
	}
	all := playable(mpd.Presentation.Select(l.env.Prefer))
	sources := slices.DeleteFunc(slices.Clone(all), func(r manifest.Rendition) bool {
		return live(r.Playlist) == nil && usable(r.Playlist) != nil || clearable(r.Playlist) != nil
	})
	if len(sources) == 0 {
		return usable(all[0].Playlist)
	}
	p := l.presentation
	p.sources, p.using = sources, make([]int, len(sources))
	p.mpd.Store(mpd)
	l.opener = true
	l.steerBy(mpd.Presentation.Steering)
	if err := l.takeMPD(mpd); err != nil {
		return err
	}
	p.describe()
	return nil
}

// takeMPD takes in the lists of an MPD, which may be the first or a later one.
func (l *Loader) takeMPD(mpd *dash.Document) error {
	found := false
	all := slices.Concat(mpd.Presentation.Renditions, mpd.Presentation.Others)
	for i := range l.sources {
		k := slices.IndexFunc(all, func(r manifest.Rendition) bool {
			return r.RenditionID == l.sources[i].RenditionID && r.Bitrate == l.sources[i].Bitrate && r.Codecs == l.sources[i].Codecs
		})
		if k < 0 {
			continue // it may come back
		}
		found = true
		for m := range l.urls(i) {
			if err := l.take(target{i, m}, mirror(all[k].Playlist, m), nil); err != nil {
				return err
			}
		}
	}
	if !found {
		return fmt.Errorf("%w: all renditions are others", manifest.ErrFormat)
	}
	return nil
}

// refreshMPD fetches what follows an MPD that changes, a patch if there is one, and takes it in.
func (l *Loader) refreshMPD(ctx context.Context) error {
	at, patch := l.mpd.Load().Next(l.now())
	if at == nil {
		at = l.top
	}
	mpd, err := l.nextMPD(ctx, at)
	if err != nil && patch && ctx.Err() == nil {
		l.env.Logger.Info("patch of the MPD is of no use", "err", err)
		mpd, err = l.nextMPD(ctx, l.top)
	}
	if err != nil {
		return err
	}
	l.mpd.Store(mpd)
	return l.takeMPD(mpd)
}

// nextMPD fetches an MPD or a patch that follows the one that is known.
func (l *Loader) nextMPD(ctx context.Context, at *url.URL) (*dash.Document, error) {
	body, base := []byte(nil), at
	if at.Scheme == "file" {
		data, err := readLocal(at.Path, manifest.MaxBytes)
		if err != nil {
			return nil, err
		}
		body = data
	} else {
		req := l.request(ObjectManifest, manifest.Resource{URL: at})
		req.Limit = manifest.MaxBytes
		resp, err := l.env.Probe.Get(ctx, req)
		if err != nil {
			return nil, err
		}
		l.offline = false
		l.count(resp.Wire, 0)
		body, base = resp.Body, resp.URL
	}
	return l.mpd.Load().Update(body, base, l.now())
}

// maxClockBytes bounds what a clock answers.
const maxClockBytes = 1024

// setClock asks for the server's time where an MPD says where, and gives the MPD as it is by that. A clock that can't be
// read is no error: ours may do.
func (l *Loader) setClock(ctx context.Context, mpd *dash.Document) (*dash.Document, error) {
	grows := mpd.Presentation.Renditions[0].Playlist.Live
	if grows == nil || grows.Clock == nil {
		return mpd, nil
	}
	told := grows.Clock.Value
	asked := time.Now()
	if at := grows.Clock.URL; at != nil && at.Scheme != "file" {
		req := l.request(ObjectManifest, manifest.Resource{URL: at})
		req.Limit = maxClockBytes
		resp, err := l.env.Probe.Get(ctx, req)
		if err == nil {
			told, err = grows.Clock.Read(resp.Header, resp.Body)
		}
		if err != nil {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			l.env.Logger.Info("the server's clock can't be read", "err", err)
			return mpd, nil
		}
	}
	if told.IsZero() {
		return mpd, nil
	}
	l.presentation.ahead = told.Sub(asked.Add(time.Since(asked) / 2))
	return mpd.Again(l.now())
}

// mirror gives a list whose segments are taken from their mirror m; zero is where they are taken from anyway.
func mirror(list *manifest.Playlist, m int) *manifest.Playlist {
	if m == 0 {
		return list
	}
	q := *list
	q.Segments = slices.Clone(list.Segments)
	for i := range q.Segments {
		s := &q.Segments[i]
		if m > len(s.Mirrors) {
			continue
		}
		was := s.URL
		s.URL = s.Mirrors[m-1]
		if s.Index != nil && s.Index.URL == was {
			index := *s.Index
			index.URL = s.URL
			s.Index = &index
		}
	}
	return &q
}

// indexed gives the list of rendition i. What comes next in it is a segment and no index.
func (l *Loader) indexed(ctx context.Context, i int) (*manifest.Playlist, error) {
	for range maxIndexes {
		list := l.playlist(i)
		n := l.index(i)
		if n >= len(list.Segments) || list.Segments[n].Index == nil {
			return list, nil
		}
		list, err := l.expand(ctx, list, n)
		if err != nil {
			return nil, Stage("load index", err)
		}
		l.mu.Lock()
		l.lists[target{i, l.using[i]}] = list
		l.mu.Unlock()
	}
	return nil, Stage("load index", fmt.Errorf("%w: more than %d indexes for one segment", manifest.ErrLimit, maxIndexes))
}

// expand puts what the index of segment n says into its place.
func (l *Loader) expand(ctx context.Context, list *manifest.Playlist, n int) (*manifest.Playlist, error) {
	seg := &list.Segments[n]
	want := wanted{Resource: *seg.Index}
	if want.Length == 0 {
		want.Length, want.upTo = headBytes, true
		want.Name = fmt.Sprintf("%s#%d+%d", want.Name, want.Offset, want.Length)
	}
	got, err := l.bytes(ctx, want)
	if err != nil {
		return nil, err
	}
	entries, err := fmp4.ParseIndex(got.data, want.Offset)
	if errors.Is(err, container.ErrFormat) && want.upTo {
		return whole(list, n, &want.Resource), nil
	}
	if err != nil {
		if got.cached {
			l.drop(want.Name)
		}
		return nil, err
	}
	if !got.cached && got.storable {
		l.keep(ctx, want.Name, got.data)
	}
	pieces := make([]manifest.Piece, len(entries))
	for i, e := range entries {
		pieces[i] = manifest.Piece{Offset: e.Offset, Size: e.Size, Start: e.Start, Duration: e.Duration, Scale: e.Scale, Index: e.Nested}
	}
	out, err := list.Expand(n, pieces)
	if err == nil && want.upTo {
		for i := range out.Segments[n : n+1+len(out.Segments)-len(list.Segments)] {
			out.Segments[n+i].Init = initOf(seg, &want.Resource)
		}
	}
	return out, err
}

// whole makes a segment of a file that has no index.
func whole(list *manifest.Playlist, n int, head *manifest.Resource) *manifest.Playlist {
	q := *list
	q.Segments = slices.Clone(list.Segments)
	s := &q.Segments[n]
	s.Index, s.Init = nil, initOf(s, head)
	return &q
}

// initOf is a segment's init section, which is otherwise in the head of its file.
func initOf(s *manifest.Segment, head *manifest.Resource) *manifest.Resource {
	if s.Init != nil {
		return s.Init
	}
	return head
}
