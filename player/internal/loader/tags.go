package loader

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/detect"
	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/metadata"
)

const (
	// ownPicture is the longest picture that comes with an entry's metadata; longer ones are described, and
	// read by ReadMetadata.
	ownPicture = 256 << 10
	// tagRequest is asked for at once where tags have to be fetched: there are some more behind most.
	tagRequest = 32 << 10
	// maxTagBytes bounds what is fetched for tags that nobody asked for.
	maxTagBytes = 256 << 10
	// restBeforeTags is how often an entry is looked at that is to have music enough before tags are fetched.
	restBeforeTags = 500 * time.Millisecond
)

// errNotHere: a part of the tags would have to be fetched.
var errNotHere = errors.New("not fetched yet")

// readTags reads what a file says of itself, as far as that is here: to open the file, most of it had to be
// fetched. What isn't here is fetched when there is time.
func (l *Loader) readTags(ctx context.Context, src *source, demux container.Demuxer) {
	tagged, ok := demux.(container.Tagged)
	if !ok {
		return
	}
	here := &tagReader{src: src}
	m, err := tagged.ReadMetadata(here, metadata.Options{PictureBytes: ownPicture})
	l.tagged(m)
	if !errors.Is(err, errNotHere) {
		if err != nil {
			l.env.Logger.Debug("tags", "err", err)
		}
		return
	}
	l.tasks.Go(func() { l.fetchTags(ctx, src, tagged, m.Pictures) })
}

// fetchTags reads the tags in whole, once the entry has music enough: but of the pictures, only those that
// are here already.
func (l *Loader) fetchTags(ctx context.Context, src *source, tagged container.Tagged, here []metadata.Picture) {
	ticker := time.NewTicker(restBeforeTags)
	defer ticker.Stop()
	atEnd := src.InOrder() // a request for a part would bring the whole once more
	for (atEnd || !l.progress.full.Load()) && !l.progress.AllIn() {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
	rest := &tagReader{src: src, ctx: ctx, budget: maxTagBytes}
	if src.InOrder() { // all of it is here now, or will never be
		return
	}
	if atEnd {
		rest.ctx = nil
		whole, err := detect.Open(rest, src.size()) // which knows where the end is
		if err != nil {
			return
		}
		tagged, _ = whole.(container.Tagged)
	}
	m, err := tagged.ReadMetadata(rest, metadata.Options{PictureBytes: -1})
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		l.env.Logger.Debug("tags", "err", err)
	}
	for i := range m.Pictures {
		p := &m.Pictures[i]
		if k := slices.IndexFunc(here, func(h metadata.Picture) bool { return h.Kind == p.Kind && h.Size == p.Size }); k >= 0 {
			p.Data = here[k].Data
		}
	}
	l.tagged(m)
}

// tagReader reads a file for its tags: what is here of it, and what it may fetch beside.
type tagReader struct {
	src    *source
	ctx    context.Context // nil: fetch nothing
	budget int64           // bytes left to fetch

	piece []byte // fetched last
	at    int64  // its offset
}

// ReadAt implements io.ReaderAt. It is for one goroutine at a time.
func (t *tagReader) ReadAt(p []byte, off int64) (int, error) {
	if t.src.file == nil {
		return t.src.at.ReadAt(p, off)
	}
	n := min(int64(len(p)), t.src.size()-off)
	if off < 0 || n <= 0 {
		return 0, io.EOF
	}
	if !t.src.file.Peek(p[:n], off) && !t.held(p[:n], off) {
		if err := t.fetch(off, n); err != nil {
			return 0, err
		}
		if !t.held(p[:n], off) {
			return 0, fmt.Errorf("tags: %w", fetch.ErrChanged)
		}
	}
	if n < int64(len(p)) {
		return int(n), io.EOF
	}
	return int(n), nil
}

// held gives what lies in the piece that was fetched last.
func (t *tagReader) held(p []byte, off int64) bool {
	from := off - t.at
	if from < 0 || from+int64(len(p)) > int64(len(t.piece)) {
		return false
	}
	copy(p, t.piece[from:])
	return true
}

// fetch gets a piece of n bytes at off, and a little more.
func (t *tagReader) fetch(off, n int64) error {
	if t.ctx == nil {
		return errNotHere
	}
	n = min(max(n, tagRequest), t.src.size()-off)
	if n > t.budget {
		return fmt.Errorf("%d bytes of tags at %d: %w", n, off, metadata.ErrLimit)
	}
	t.budget -= n
	l := t.src.l
	req := l.request(ObjectAudio, manifest.Resource{URL: l.top, Offset: off, Length: n})
	req.Limit = n
	resp, err := l.env.Probe.Get(t.ctx, req)
	if err != nil {
		return err
	}
	t.piece, t.at = resp.Body, off
	return nil
}

// ReadMetadata reads all that the music of spec says of itself, its pictures too, and fetches what isn't
// here. It may be called from any goroutine, beside an entry that plays the same; key is that entry's. The
// error is that of fetching or opening; one that is of package metadata comes with what was read.
func ReadMetadata(ctx context.Context, env *Env, key int64, spec Spec) (metadata.Metadata, error) {
	l := New(ctx, env, Task{Key: key, Spec: spec, Lead: func() time.Duration { return 0 }, Note: func(any) {}})
	defer l.known.shelf.release(l.known)
	if err := l.locate(ctx); err != nil {
		return metadata.Metadata{}, Stage("resolve", err)
	}
	if !l.isFile.Load() {
		m, err := l.readInit(ctx)
		if !errors.Is(err, errNotManifest) {
			return m, Stage("load manifest", err)
		}
		l.isFile.Store(true)
	}
	src, err := l.openBytes(ctx)
	if err != nil {
		return metadata.Metadata{}, Stage("open file", err)
	}
	defer src.done()
	reader := &tagReader{src: src, ctx: ctx, budget: metadata.MaxTagBytes}
	demux, err := detect.Open(reader, src.size())
	if err != nil {
		return metadata.Metadata{}, Stage("open file", err)
	}
	tagged, ok := demux.(container.Tagged)
	if !ok {
		return metadata.Metadata{}, nil
	}
	return tagged.ReadMetadata(reader, metadata.Options{})
}

// readInit reads what the init section of a presentation of segments says.
func (l *Loader) readInit(ctx context.Context) (m metadata.Metadata, err error) {
	if err := l.openManifest(ctx); err != nil {
		return m, err
	}
	list, err := l.list(ctx, 0)
	if err != nil || list.Segments[0].Init == nil {
		return m, err
	}
	init, err := l.init(ctx, list.Segments[0].Init, list.Segments[0].InitKey)
	if err != nil {
		return m, err
	}
	return init.Metadata()
}
