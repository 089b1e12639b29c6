package queue_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/internal/queue"
)

const large = 20_000

func albums(n int) *queue.Queue[song] {
	q := queue.New(func(s *song) string { return s.name[:5] })
	items := make([]*song, n)
	for i := range items {
		items[i] = &song{fmt.Sprintf("%05d track %d", i/12, i%12)}
	}
	q.Insert(queue.Place{}, q.Make(items...)...)
	q.Begin()
	return q
}

// BenchmarkEdit: each edit of 20,000 entries with a View taken after it, as the player does. The last
// line is what copying the plain list costs, which is what a queue without any thought would do.
func BenchmarkEdit(b *testing.B) {
	edits := []struct {
		name string
		do   func(q *queue.Queue[song], i int)
	}{
		{"append", func(q *queue.Queue[song], i int) {
			q.Insert(queue.Place{}, q.Make(&song{"00001"})...)
			if i%1000 == 999 {
				for q.Len() > large {
					q.Remove(q.View().At(q.Len() - 1).ID)
				}
			}
		}},
		{"insert and remove", func(q *queue.Queue[song], i int) {
			e := q.Make(&song{"00001"})
			q.Insert(queue.At(large/2), e...)
			q.View()
			q.Remove(e[0].ID)
		}},
		{"play next and remove", func(q *queue.Queue[song], i int) {
			e := q.Make(&song{"00001"})
			q.PlayNext(e...)
			q.View()
			q.Remove(e[0].ID)
		}},
		{"move", func(q *queue.Queue[song], i int) { q.Move(q.View().At(i%large).ID, queue.At(large/2)) }},
		{"replace", func(q *queue.Queue[song], i int) { q.Replace(q.View().At(i%large).ID, &song{"00001"}) }},
		{"next", func(q *queue.Queue[song], i int) { q.Next(queue.Asked) }},
		{"next and previous", func(q *queue.Queue[song], i int) {
			q.Next(queue.Asked)
			e, _ := q.Current()
			q.Heard(e)
			q.Previous()
		}},
		{"jump", func(q *queue.Queue[song], i int) { q.Jump(q.View().At(i * 7919 % large).ID) }},
		{"reseed", func(q *queue.Queue[song], i int) {
			if s := q.Shuffle(); s.Mode != queue.ShuffleOff {
				s.Seed++
				q.SetShuffle(s)
			}
		}},
		{"shuffle and unshuffle", func(q *queue.Queue[song], i int) {
			was := q.Shuffle()
			q.SetShuffle(queue.Shuffle{Mode: queue.ShuffleTracks, Seed: uint64(i)})
			q.View()
			q.SetShuffle(queue.Shuffle{})
			q.View()
			q.SetShuffle(was)
		}},
		{"peek into the next round", func(q *queue.Queue[song], i int) {
			q.SetRepeat(queue.RepeatAll) // forgets what was worked out
			q.Peek(large)
		}},
		{"index", func(q *queue.Queue[song], i int) { q.View().Index(int64(i % large)) }},
	}
	for _, mode := range []string{"off", "tracks", "albums"} {
		for _, e := range edits {
			b.Run(mode+"/"+e.name, func(b *testing.B) {
				q := albums(large)
				q.SetShuffle(queue.Shuffle{Mode: queue.ShuffleMode(slices.Index([]string{"off", "tracks", "albums"}, mode)), Seed: 1})
				q.View()
				i := 0
				for b.Loop() {
					e.do(q, i)
					q.View()
					i++
				}
			})
		}
	}
	b.Run("copy of a slice of the same size", func(b *testing.B) {
		v := albums(large).View()
		plain := make([]queue.Entry[song], 0, large)
		for _, e := range v.All() {
			plain = append(plain, e)
		}
		for b.Loop() {
			plain = slices.Clone(plain)
		}
	})
}

func BenchmarkStore(b *testing.B) {
	q := albums(large)
	q.SetShuffle(queue.Shuffle{Mode: queue.ShuffleAlbums, Seed: 1})
	data, err := q.Snapshot(0).AppendBinary(nil, encode)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("store", func(b *testing.B) {
		for b.Loop() {
			if data, err = q.Snapshot(time.Second).AppendBinary(data[:0], encode); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(data))/large, "bytes/entry")
	})
	b.Run("restore", func(b *testing.B) {
		for b.Loop() {
			if _, err := queue.New(albumOf).Restore(data, decode); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// TestMemory: what the queue holds beside its items.
func TestMemory(t *testing.T) {
	items := make([]*song, large)
	for i := range items {
		items[i] = &song{"Abcde"}
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	q := queue.New(albumOf)
	q.Insert(queue.Place{}, q.Make(items...)...)
	q.SetShuffle(queue.Shuffle{Mode: queue.ShuffleTracks, Seed: 1})
	runtime.GC()
	runtime.ReadMemStats(&after)
	if per := float64(after.HeapAlloc-before.HeapAlloc) / large; per > 64 {
		t.Errorf("%.1f bytes an entry", per)
	}
	runtime.KeepAlive(q)
	runtime.KeepAlive(items)
}
