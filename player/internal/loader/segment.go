package loader

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/detect"
	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/manifest"
)

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
		Segment: &SegmentID{i}, Rendition: k, Index: segmentNumber(list, i), Reason: l.why,
		Start: seg.Start, Origin: seg.Origin, Discontinuity: l.discontinuity, before: l.place,
	}
	switch {
	case l.discontinuity.Moves != "":
	case l.part > 0 && seg.Start == list.Segments[i].Start: // a part of it was played
		r.Discontinuity.Resumed = true
	default:
		r.Continues = follows
	}
	r.Discontinuity.NewClock = seg.Discontinuity && seg.Origin == nil
	if seg.Init != nil {
		r.InitName = seg.Init.Name
	}
	if list.Trim != nil {
		r.Trim = Trimming{true, *list.Trim, list.TrimRate}
	}
	return r
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
