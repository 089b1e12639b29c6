package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/drm/aes128"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/media"
)

// abandoned says that a download was broken off and what to fetch instead.
type abandoned struct{ decision abr.Decision }

func (a *abandoned) Error() string { return "abandoned for a lower rendition" }

// load brings in the next segment in the rendition that d names, and moves the loader past it.
func (l *loader) load(ctx context.Context, d abr.Decision) (*run, error) {
	list, err := l.list(ctx, d.Index)
	if err != nil {
		return nil, err
	}
	continues := d.Index == l.current || l.aligned(d.Index)
	i := l.index(d.Index)
	if i >= len(list.Segments) { // shorter than the others
		return nil, fmt.Errorf("%w: rendition %d has no segment at %v", manifest.ErrFormat, d.Index, l.pos)
	}
	seg := &list.Segments[i]
	op := fmt.Sprintf("load segment %d", i)
	if seg.Gap {
		return nil, stage(op, fmt.Errorf("%w: the playlist says that the segment is missing", manifest.ErrFormat))
	}
	began := time.Now()
	clear, init, cached, err := l.clear(ctx, seg, d)
	if err != nil {
		return nil, stage(op, err)
	}
	l.renewed = false
	before := l.place
	if d.Index != l.current {
		l.why = d.Reason
	}
	l.env.Note(Note{l.e, SegmentIn{d.Index, i, int64(len(clear)), cached, time.Since(began)}})
	l.current, l.next = d.Index, i+1
	l.pos = max(l.pos, seg.Start+seg.Duration-trimStart(list))
	r := &run{
		open:      func() (container.Demuxer, error) { return openSegment(init, clear) },
		bytes:     int64(len(clear)),
		rendition: d.Index, index: i, reason: l.why,
		start: seg.Start, continues: continues && !seg.Discontinuity,
		before: before,
		forget: func() { l.drop(seg.Name) },
	}
	if list.Trim != nil {
		r.trim = trimming{true, *list.Trim, list.TrimRate}
	}
	return r, nil
}

func (l *loader) drop(name string) {
	if l.env.Cache != nil {
		l.env.Cache.Delete(context.Background(), l.content+"/"+name)
	}
}

// clear gives a segment's bytes, decrypted and looked through, and its init section. What is fetched
// enters the cache as it came, still encrypted, and only after it proved sound; what the cache gave
// and proves unsound is fetched anew, and what was fetched once more.
func (l *loader) clear(ctx context.Context, seg *manifest.Segment, d abr.Decision) (clear []byte, init *fmp4.Init, cached bool, err error) {
	if seg.Init != nil {
		if init, err = l.init(ctx, seg.Init); err != nil {
			return nil, nil, false, err
		}
	}
	var key []byte
	if seg.Key != nil {
		if key, err = l.key(ctx, seg.Key); err != nil {
			return nil, nil, false, err
		}
	}
	for attempt := 0; ; attempt++ {
		data, fromCache, storable, err := l.bytes(ctx, seg.Resource, attempt == 0, &d)
		if err == nil {
			clear, err = open(data, init, key, seg.Key)
		} else if !errors.Is(err, fetch.ErrDigest) {
			return nil, nil, false, err
		}
		if err == nil {
			if !fromCache && storable {
				l.keep(ctx, seg.Name, data)
			}
			return clear, init, fromCache, nil
		}
		if fromCache {
			l.drop(seg.Name)
		} else {
			l.env.Counters.Wasted.Add(int64(len(data)))
		}
		if attempt >= 2 || (!fromCache && attempt >= 1) {
			return nil, nil, false, err
		}
		l.env.Logger.Warn("unsound segment, fetching it again", "name", seg.Name, "cached", fromCache, "err", err)
	}
}

func (l *loader) keep(ctx context.Context, name string, data []byte) {
	if l.env.Cache == nil {
		return
	}
	if err := l.env.Cache.Put(ctx, l.content+"/"+name, data); err != nil && ctx.Err() == nil {
		l.env.Logger.Warn("segment not cached", "name", name, "err", err)
	}
}

// open decrypts a segment and walks through its packets, so that nothing unsound goes further.
// data is left as it is.
func open(data []byte, init *fmp4.Init, key []byte, how *manifest.Key) ([]byte, error) {
	clear := data
	if key != nil {
		var err error
		if clear, err = aes128.Decrypt(make([]byte, len(data)), data, key, how.IV); err != nil {
			return nil, err
		}
	}
	err := walk(init, clear)
	if err != nil && key != nil && errors.Is(err, container.ErrFormat) {
		return nil, fmt.Errorf("%w: %w", ErrUndecipherable, err)
	}
	return clear, err
}

func walk(init *fmp4.Init, clear []byte) error {
	demux, err := openSegment(init, clear)
	if err != nil {
		return err
	}
	var p media.Packet
	for n := 0; ; n++ {
		switch err := demux.Next(&p); {
		case err == io.EOF && n == 0 && (init == nil || len(clear) == 0):
			// A fragmented MP4 may have none: some packagers end with a segment of headers alone.
			return fmt.Errorf("%w: no packet in the segment", container.ErrFormat)
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case p.Encryption != nil:
			return fmt.Errorf("%w: sample encryption", container.ErrUnsupported)
		}
	}
}

// init gives a parsed init section.
func (l *loader) init(ctx context.Context, res *manifest.Resource) (*fmp4.Init, error) {
	if i := l.inits[res.Name]; i != nil {
		return i, nil
	}
	data, cached, storable, err := l.bytes(ctx, *res, true, nil)
	if err != nil {
		return nil, err
	}
	i, err := fmp4.ParseInit(data)
	if err != nil {
		if cached {
			l.drop(res.Name)
		}
		return nil, fmt.Errorf("init section: %w", err)
	}
	if !cached && storable {
		l.keep(ctx, res.Name, data)
	}
	l.inits[res.Name] = i
	return i, nil
}

// key gives a segment's key: from memory, from the cache as long as the server allowed it to be
// kept, else from the server.
func (l *loader) key(ctx context.Context, k *manifest.Key) ([]byte, error) {
	if key := l.keys[k.Name]; key != nil {
		return key, nil
	}
	name := l.content + "/" + k.Name
	if l.env.Cache != nil {
		if key, ok := l.env.Cache.Key(ctx, name); ok {
			l.env.Counters.Hits.Add(1)
			l.keys[k.Name] = key
			return key, nil
		}
	}
	key, keepFor, err := l.fetchKey(ctx, k.URL)
	if err != nil {
		if ctx.Err() != nil || l.refused(err) && l.e.Spec.Resolve != nil && !l.renewed {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	l.keys[k.Name] = key
	if l.env.Cache != nil && keepFor > 0 {
		if err := l.env.Cache.PutKey(ctx, name, key, time.Now().Add(keepFor)); err != nil {
			l.env.Logger.Warn("key not kept", "err", err)
		}
	}
	return key, nil
}

func (l *loader) fetchKey(ctx context.Context, u *url.URL) (key []byte, keepFor time.Duration, err error) {
	if u.Scheme == "file" {
		key, err = readLocal(u.Path, aes128.KeySize)
	} else {
		var resp *fetch.Response
		resp, err = l.env.Fetch.Get(ctx, fetch.Request{URL: u.String(), Header: l.headerFor(u), Limit: 1024})
		if err == nil {
			key, keepFor = resp.Body, lifetime(resp.Header)
			l.env.Counters.Fetched.Add(resp.Wire)
		}
	}
	if err == nil && len(key) != aes128.KeySize {
		err = aes128.ErrKeySize
	}
	return key, keepFor, err
}

// bytes gives a resource as it is stored: from the cache, where useCache allows it, or the server.
// With a decision the download may be broken off for a lower rendition. An error that wraps
// fetch.ErrDigest comes with the data.
func (l *loader) bytes(ctx context.Context, res manifest.Resource, useCache bool, d *abr.Decision) (data []byte, cached, keepable bool, err error) {
	if useCache && l.env.Cache != nil {
		if data, ok := l.env.Cache.Get(ctx, l.content+"/"+res.Name); ok {
			l.env.Counters.Hits.Add(1)
			return data, true, true, nil
		}
		l.env.Counters.Misses.Add(1)
	}
	if res.URL.Scheme == "file" {
		data, err := readRange(res)
		return data, false, false, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := &downloadWatch{l: l, decision: d, cancel: cancel}
	resp, err := l.env.Fetch.Get(ctx, fetch.Request{
		URL: res.URL.String(), Header: l.headerFor(res.URL), Offset: res.Offset, Length: res.Length,
		Limit: container.MaxSegmentBytes, Progress: watch.progress,
	})
	if err != nil {
		l.env.Counters.Fetched.Add(watch.done)
		l.env.Counters.Wasted.Add(watch.done)
		return nil, false, false, err
	}
	if res.Length > 0 && int64(len(resp.Body)) != res.Length {
		return nil, false, false, fmt.Errorf("%w: byte range ends early", container.ErrFormat)
	}
	l.offline = false
	l.env.Counters.Fetched.Add(resp.Wire)
	l.env.Counters.Wasted.Add(resp.Wire - int64(len(resp.Body)))
	if resp.Attempts == 1 {
		l.env.Link.Add(abr.Sample{Bytes: resp.Wire, Elapsed: resp.Elapsed, FirstByte: resp.FirstByte})
	}
	if res.Length == 0 {
		err = fetch.CheckDigest(resp.Header, resp.Body)
	}
	return resp.Body, false, storable(resp.Header), err
}

func readRange(res manifest.Resource) ([]byte, error) {
	f, size, err := openLocal(res.URL.Path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	n := res.Length
	if n == 0 {
		n = size - res.Offset
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
	l        *loader
	decision *abr.Decision
	cancel   context.CancelCauseFunc
	done     int64
	asked    time.Duration
	seen     []downloadMark // the last second or so
}

type downloadMark struct {
	elapsed time.Duration
	done    int64
}

func (w *downloadWatch) progress(done, total int64, elapsed time.Duration) {
	w.done = done
	if w.decision == nil || elapsed-w.asked < 200*time.Millisecond {
		return
	}
	w.asked = elapsed
	if n := len(w.seen); n > 0 && done < w.seen[n-1].done {
		w.seen = w.seen[:0] // begun again
	}
	w.seen = append(w.seen, downloadMark{elapsed, done})
	if i := slices.IndexFunc(w.seen, func(m downloadMark) bool { return elapsed-m.elapsed <= 1500*time.Millisecond }); i > 0 {
		w.seen = slices.Delete(w.seen, 0, i)
	}
	p := abr.Progress{Index: w.decision.Index, BytesDone: done, BytesTotal: max(0, total), Elapsed: elapsed}
	if first := w.seen[0]; elapsed > first.elapsed {
		p.RecentBytes, p.Recent = done-first.done, elapsed-first.elapsed
	}
	rule, _ := w.l.env.Choice()
	if d, ok := rule.Abandon(w.l.state(), p); ok {
		w.l.env.Link.Add(abr.Sample{Bytes: done, Elapsed: elapsed})
		if p.Recent > 0 {
			w.l.env.Link.Add(abr.Sample{Bytes: p.RecentBytes, Elapsed: p.Recent})
		}
		w.cancel(&abandoned{d})
	}
}

// openBytes opens the entry's location for reading at any offset.
func (l *loader) openBytes(ctx context.Context) (r io.ReaderAt, size int64, closer func(), err error) {
	if l.top.Scheme == "file" {
		f, size, err := openLocal(l.top.Path)
		if err != nil {
			return nil, 0, nil, err
		}
		return f, size, func() { f.Close() }, nil
	}
	req := fetch.FileRequest{URL: l.url, Header: l.header}
	if l.env.Cache != nil {
		req.Blocks, req.Name = blockStore{l}, l.content
	}
	f, err := l.env.Fetch.Open(ctx, req)
	if err != nil {
		return nil, 0, nil, err
	}
	return f, f.Size(), func() { f.Close() }, nil
}
