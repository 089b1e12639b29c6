package loader

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/drm/aes128"
	codecflac "github.com/segue-audio/segue/player/codec/flac"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/detect"
	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/media"
)

// abandoned says that a download was broken off and what to fetch instead.
type abandoned struct{ decision abr.Decision }

func (a *abandoned) Error() string { return "abandoned for a lower rendition" }

// load brings in the next segment, or part of one, in the rendition that d names, and moves the loader
// past it.
func (l *Loader) load(ctx context.Context, d abr.Decision) (*Run, error) {
	list, err := l.list(ctx, d.Index)
	if err != nil {
		return nil, err
	}
	i := l.index(d.Index)
	if i >= len(list.Segments) { // shorter than the others
		return nil, fmt.Errorf("%w: rendition %d has no segment at %v", manifest.ErrFormat, d.Index, l.pos)
	}
	seg, isPart := l.piece(d.Index, &list.Segments[i])
	number := segmentNumber(list, i)
	op := fmt.Sprintf("load segment %d", number)
	if seg.Gap {
		return nil, Stage(op, errGap)
	}
	began := time.Now()
	if d.Index != l.current {
		l.why = d.Reason
	}
	r := l.runOf(d.Index, list, i, seg)
	r.Forget = func() { l.drop(seg.Name) }
	w := waiting{list: list, seg: seg, run: r}
	if i+1 < len(list.Segments) && !isPart {
		w.next = &list.Segments[i+1]
	}
	k, cached, err := l.sound(ctx, w, d)
	if err != nil {
		return nil, Stage(op, err)
	}
	l.renewed = false
	l.task.Note(SegmentIn{d.Index, number, int64(len(k.clear)), cached, time.Since(began)})
	lead := trimStart(list)
	if list.Trim == nil && seg.Origin == nil && k.init != nil { // the priming is in the playlist's times, and no music
		info := k.init.Info()
		lead = info.Trim.Start.Duration(info.Format.SampleRate)
	}
	l.lead = lead
	l.pos = max(l.pos, seg.Start+l.loaded(d.Index, seg, isPart, k)-lead)
	r.Open = func() (container.Demuxer, error) { k.play(); return detect.OpenSegment(k.init, k.clear) }
	r.spilt, r.bytes = k.spill, int64(len(k.clear))
	return r, nil
}

// segmentNumber is how a segment is called towards the app: by its place in the list, or, where that moves, by
// its sequence number.
func segmentNumber(list *manifest.Playlist, i int) int {
	if list.Live != nil {
		return int(list.Segments[i].Sequence)
	}
	return i
}

// runOf makes the run of a segment, or of a part of one; i is its index in the list of rendition k.
func (l *Loader) runOf(k int, list *manifest.Playlist, i int, seg *manifest.Segment) *Run {
	_, aligned := l.aligned(k)
	follows := k == l.current || aligned
	r := &Run{
		Of: &SegmentID{i}, Rendition: k, Index: segmentNumber(list, i), Reason: l.why,
		Start: seg.Start, Origin: seg.Origin, Turn: l.turn, before: l.place,
	}
	switch {
	case l.turn.Moves != "":
	case l.part > 0 && seg.Start == list.Segments[i].Start: // a part of it was played
		r.Turn.Again = true
	default:
		r.Continues = follows
	}
	r.Turn.Fresh = seg.Discontinuity && seg.Origin == nil
	if seg.Init != nil {
		r.Media = seg.Init.Name
	}
	if list.Trim != nil {
		r.Trim = Trimming{true, *list.Trim, list.TrimRate}
	}
	return r
}

func (l *Loader) drop(name string) {
	if l.env.Cache != nil {
		l.env.Cache.Delete(context.Background(), l.content+"/"+name)
	}
}

func (l *Loader) keptKey(seg *manifest.Segment) keptKey {
	return keptKey{l.presentation, seg.Name, seg.Sequence}
}

// sound gives a segment, decrypted and looked through: from memory, or from elsewhere and then into memory.
func (l *Loader) sound(ctx context.Context, w waiting, d abr.Decision) (k *kept, cached bool, err error) {
	if k := l.known.shelf.get(l.keptKey(w.seg)); k != nil {
		l.env.Counters.Hits.Add(1)
		return k, true, nil
	}
	w.needs = l.need(ctx, w.seg)
	defer w.needs.stop()
	return l.bring(ctx, w, d)
}

// bring gets a segment, and with it what it needs: its init section and key. The segment itself is asked
// for first, over the connection that is open; the others need not wait for it. What is fetched
// enters the cache as it came, still encrypted, and only after it proved sound; what the cache gave
// and proves unsound is fetched anew, and what was fetched once more.
func (l *Loader) bring(ctx context.Context, w waiting, d abr.Decision) (*kept, bool, error) {
	seg, needs, early := w.seg, w.needs, l.early(w)
	for attempt := 0; ; attempt++ {
		got, err := l.bytes(ctx, wanted{
			Resource: seg.Resource, fresh: attempt > 0, decision: &d, segment: seg, next: w.next, early: early,
		})
		early.restart()
		needs.begin()
		if err != nil && !errors.Is(err, fetch.ErrDigest) {
			return nil, false, err
		}
		init, key, nerr := needs.wait()
		if nerr != nil {
			return nil, false, nerr
		}
		var clear []byte
		damaged := err != nil
		if err == nil {
			clear, err = open(got.data, init, key, seg.Key)
			damaged = errors.Is(err, errDamaged)
		}
		if damaged && clear != nil && attempt > 0 {
			// It is so at its source: the decoder hides what it can't decode.
			l.env.Logger.Warn("damaged segment", "name", seg.Name, "err", err)
			err, got.storable = nil, false
		}
		if err == nil {
			if !got.cached && got.storable {
				l.keep(ctx, seg.Name, got.data)
			}
			k := &kept{key: l.keptKey(seg), clear: clear, init: init, by: l.counters()}
			if !got.cached && !(got.storable && l.caches()) {
				k.wire = int64(len(got.data))
			}
			l.known.shelf.put(k)
			return k, got.cached, nil
		}
		if got.cached {
			l.drop(seg.Name)
		} else {
			l.count(0, int64(len(got.data)))
		}
		if attempt >= 2 || (!got.cached && attempt >= 1) {
			return nil, false, err
		}
		l.env.Logger.Warn("unsound segment, fetching it again", "name", seg.Name, "cached", got.cached, "err", err)
	}
}

// needs are what a segment can't be opened without, on their way.
type needs struct {
	may    chan struct{} // closed when they may be asked for
	once   sync.Once
	cancel context.CancelFunc
	group  sync.WaitGroup
	left   atomic.Int32 // of what was asked for, not here yet

	init    *fmp4.Init
	key     []byte
	initErr error
	keyErr  error
}

// headStart is how long the other requests wait, so that the segment's has the connection that is open
// and they take the new ones: they are small, and it is what all wait for.
const headStart = 2 * time.Millisecond

// need begins to get what seg needs and isn't here.
func (l *Loader) need(ctx context.Context, seg *manifest.Segment) *needs {
	n := &needs{may: make(chan struct{})}
	ctx, n.cancel = context.WithCancel(ctx)
	l.mu.Lock()
	if seg.Init != nil {
		n.init = l.inits[seg.Init.Name]
	}
	if seg.Key != nil {
		n.key = l.keys[seg.Key.Name]
	}
	l.mu.Unlock()
	if seg.Init != nil && n.init == nil {
		n.left.Add(1)
		n.group.Go(func() {
			n.await(ctx)
			if n.init, n.initErr = l.init(ctx, seg.Init, seg.InitKey); n.initErr == nil {
				n.left.Add(-1)
			}
		})
	}
	if seg.Key != nil && n.key == nil {
		n.left.Add(1)
		n.group.Go(func() {
			n.await(ctx)
			if n.key, n.keyErr = l.key(ctx, seg.Key); n.keyErr == nil {
				n.left.Add(-1)
			}
		})
	}
	return n
}

// here reports whether all is here that is needed.
func (n *needs) here() bool { return n.left.Load() == 0 }

func (n *needs) await(ctx context.Context) {
	timer := time.NewTimer(headStart)
	defer timer.Stop()
	select {
	case <-n.may:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// begin lets go what still waits.
func (n *needs) begin() { n.once.Do(func() { close(n.may) }) }

// wait gives what was needed.
func (n *needs) wait() (*fmp4.Init, []byte, error) {
	n.group.Wait()
	if n.initErr != nil {
		return nil, nil, n.initErr
	}
	return n.init, n.key, n.keyErr
}

// stop breaks off what is under way, and waits for its goroutines.
func (n *needs) stop() {
	n.cancel()
	n.group.Wait()
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

// open decrypts a segment and walks through its packets, so that nothing unsound goes further.
// data is left as it is. With errDamaged comes what can be played all the same.
func open(data []byte, init *fmp4.Init, key []byte, how *manifest.Key) ([]byte, error) {
	clear := data
	if key != nil {
		var err error
		if clear, err = aes128.Decrypt(make([]byte, len(data)), data, key, how.IV); err != nil {
			return nil, err
		}
	}
	err := walk(init, clear)
	if errors.Is(err, errDamaged) {
		return clear, err
	}
	if err != nil && key != nil && errors.Is(err, container.ErrFormat) {
		return nil, fmt.Errorf("%w: %w", ErrUndecipherable, err)
	}
	return clear, err
}

// errDamaged: the segment can be played, but a packet's checksum says that its bytes aren't what they were.
var errDamaged = fmt.Errorf("%w: a frame's checksum differs", container.ErrFormat)

func walk(init *fmp4.Init, clear []byte) (err error) {
	demux, err := detect.OpenSegment(init, clear)
	if err != nil {
		return err
	}
	flac, damaged := demux.Info().Format.Codec == media.CodecFLAC, false
	var p media.Packet
	for n := 0; ; n++ {
		switch err := demux.Next(&p); {
		case err == io.EOF && n == 0 && (init == nil || len(clear) == 0):
			// A fragmented MP4 may have none: some packagers end with a segment of headers alone.
			return fmt.Errorf("%w: no packet in the segment", container.ErrFormat)
		case err == io.EOF && damaged:
			return errDamaged
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case flac && !codecflac.Sound(p.Data):
			damaged = true
		case p.Encryption != nil:
			return fmt.Errorf("%w: sample encryption", container.ErrUnsupported)
		}
	}
}

// init gives a parsed init section, and keeps it.
func (l *Loader) init(ctx context.Context, res *manifest.Resource, how *manifest.Key) (*fmp4.Init, error) {
	got, err := l.bytes(ctx, wanted{Resource: *res})
	if err != nil {
		return nil, err
	}
	clear, err := l.clearInit(ctx, got.data, how)
	if err != nil {
		return nil, err
	}
	i, err := fmp4.ParseInit(clear)
	if err != nil {
		if got.cached {
			l.drop(res.Name)
		}
		return nil, fmt.Errorf("init section: %w", err)
	}
	if !got.cached && got.storable {
		l.keep(ctx, res.Name, got.data)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inits[res.Name] = i
	return i, nil
}

// clearInit decrypts an init section; data is left as it is.
func (l *Loader) clearInit(ctx context.Context, data []byte, how *manifest.Key) ([]byte, error) {
	if how == nil {
		return data, nil
	}
	key, err := l.key(ctx, how)
	if err != nil {
		return nil, err
	}
	clear, err := aes128.Decrypt(make([]byte, len(data)), data, key, how.IV)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUndecipherable, err)
	}
	return clear, nil
}

// key gives a segment's key: from the cache as long as the server allowed it to be kept, else from the
// server; and keeps it in memory.
func (l *Loader) key(ctx context.Context, k *manifest.Key) ([]byte, error) {
	name := l.content + "/" + k.Name
	if l.caches() {
		if key, ok := l.env.Cache.Key(ctx, name); ok {
			l.env.Counters.Hits.Add(1)
			l.setKey(k, key)
			return key, nil
		}
	}
	key, keepFor, err := l.fetchKey(ctx, k.URL)
	if err != nil {
		if ctx.Err() != nil || l.refused(err) && l.task.Spec.Resolve != nil && !l.renewed {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	l.setKey(k, key)
	if l.caches() && keepFor > 0 {
		if err := l.env.Cache.PutKey(ctx, name, key, time.Now().Add(keepFor)); err != nil {
			l.env.Logger.Warn("key not kept", "err", err)
		}
	}
	return key, nil
}

func (l *Loader) setKey(k *manifest.Key, key []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keys[k.Name] = key
}

func (l *Loader) fetchKey(ctx context.Context, u *url.URL) (key []byte, keepFor time.Duration, err error) {
	if u.Scheme == "file" {
		key, err = readLocal(u.Path, aes128.KeySize)
	} else {
		req := l.request(ObjectKey, manifest.Resource{URL: u})
		req.Limit = 1024
		var resp *fetch.Response
		resp, err = l.client(false).Get(ctx, req)
		if err == nil {
			key, keepFor = resp.Body, lifetime(resp.Header)
			l.count(resp.Wire, 0)
		}
	}
	if err == nil && len(key) != aes128.KeySize {
		err = aes128.ErrKeySize
	}
	return key, keepFor, err
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
	watch := &downloadWatch{l: l, decision: w.decision, cancel: cancel}
	if w.decision != nil {
		req.Slow = watch.slow
	}
	req.Progress = watch.progress
	if w.early != nil {
		req.Peek = w.early.look
	}
	resp, err := l.client(w.decision != nil && l.elsewhere(w.decision.Index)).Get(ctx, req)
	if err != nil {
		l.count(watch.done, watch.done)
		return received{}, err
	}
	if w.Length > 0 && int64(len(resp.Body)) != w.Length && !w.upTo {
		l.count(resp.Wire, resp.Wire)
		return received{}, fmt.Errorf("%w: byte range ends early", container.ErrFormat)
	}
	l.count(resp.Wire, resp.Wire-int64(len(resp.Body)))
	if w.decision != nil {
		l.offline = false
	}
	if resp.Attempts == 1 {
		l.env.Link.Add(abr.Sample{Bytes: resp.Wire, Elapsed: resp.Elapsed, FirstByte: resp.FirstByte})
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
	l        *Loader
	decision *abr.Decision
	cancel   context.CancelCauseFunc
	done     int64
	asked    time.Duration
	slowAt   time.Duration  // when another connection was last thought better
	seen     []downloadMark // the last second or so
}

type downloadMark struct {
	elapsed time.Duration
	done    int64
}

// slow tells, once the download has gone on for a while, whether it dribbles: far below what the link is
// known to carry, or what the rendition needs, so that it would come late.
// Another connection may fare better, and what has come is not lost.
func (w *downloadWatch) slow(done, total int64, elapsed time.Duration) bool {
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
