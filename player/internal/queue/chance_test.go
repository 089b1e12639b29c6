package queue_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/segue-audio/segue/player/internal/queue"
)

// chiSquare compares counts with equal expectations and gives by how many standard deviations of its
// distribution the sum is off (for many degrees of freedom it is nearly normal).
func chiSquare(counts []int) float64 {
	total := 0
	for _, n := range counts {
		total += n
	}
	want, sum := float64(total)/float64(len(counts)), 0.0
	for _, n := range counts {
		sum += (float64(n) - want) * (float64(n) - want) / want
	}
	df := float64(len(counts) - 1)
	return (sum - df) / math.Sqrt(2*df)
}

// unlikely is beyond what chance gives once in 30,000 tests; the seeds are fixed, so that it is
// either right or wrong for ever.
const unlikely = 4.0

func numbered(n int) *queue.Queue[song] {
	q := queue.New(albumOf)
	items := make([]*song, n)
	for i := range items {
		items[i] = &song{fmt.Sprint("s", i)}
	}
	q.Insert(queue.Place{}, q.Make(items...)...)
	return q
}

// TestShuffleIsFair: each of the 120 orders of five is as likely as the others, over seeds and over
// rounds; among ten, each is as likely at each place.
func TestShuffleIsFair(t *testing.T) {
	orders := map[string]int{}
	for seed := range uint64(24_000) {
		q := numbered(5)
		q.SetShuffle(queue.Shuffle{Mode: queue.ShuffleTracks, Seed: seed})
		orders[fmt.Sprint(q.Order())]++
	}
	report := func(what string, seen map[string]int, of int) {
		t.Helper()
		counts := make([]int, of)
		i := 0
		for _, n := range seen {
			counts[i] = n
			i++
		}
		if x := chiSquare(counts); len(seen) != of || math.Abs(x) > unlikely {
			t.Errorf("%s: %d orders of %d, chi-square is off by %.1f standard deviations", what, len(seen), of, x)
		}
	}
	report("over seeds", orders, 120)

	// Rounds: what was last is never first, and beyond that nothing is known.
	q := numbered(4)
	q.SetRepeat(queue.RepeatAll)
	q.SetShuffle(queue.Shuffle{Mode: queue.ShuffleTracks, Seed: 3})
	first := map[string]int{}
	for range 30_000 {
		last := q.Order()[3]
		for range 4 {
			q.Next(queue.Ended)
		}
		order := q.Order()
		if order[0] == last {
			t.Fatalf("%d is the last of one round and the first of the next", last)
		}
		// Relative to what was last there are 3 × 3 × 2 × 1 orders.
		key := ""
		for _, id := range order {
			key += fmt.Sprint((id-last+4)%4, " ")
		}
		first[key]++
	}
	report("over rounds", first, 18)

	places := make([]int, 100)
	for seed := range uint64(5_000) {
		q := numbered(10)
		q.SetShuffle(queue.Shuffle{Mode: queue.ShuffleTracks, Seed: seed << 32})
		for at, id := range q.Order() {
			places[10*at+int(id)-1]++
		}
	}
	if x := chiSquare(places); math.Abs(x) > unlikely {
		t.Errorf("places: chi-square is off by %.1f standard deviations", x)
	}
}

// TestInsertedIsAnywhere: what is inserted into a shuffled queue is as likely at each place of what is
// still to come, one at a time and many at once.
func TestInsertedIsAnywhere(t *testing.T) {
	for _, many := range []int{1, 3} {
		counts := make([]int, 10-3+many)
		for seed := range uint64(8_000) {
			q := numbered(10)
			q.SetShuffle(queue.Shuffle{Mode: queue.ShuffleTracks, Seed: seed})
			q.Begin()
			q.Next(queue.Asked)
			q.Next(queue.Asked)
			items := make([]*song, many)
			for i := range items {
				items[i] = &song{"new"}
			}
			added := q.Make(items...)
			q.Insert(queue.At(int(seed%10)), added...)
			at := slices.Index(q.Order(), added[many-1].ID)
			if at < 3 {
				t.Fatalf("it is at %d, behind the listener", at)
			}
			counts[at-3]++
		}
		if x := chiSquare(counts); math.Abs(x) > unlikely {
			t.Errorf("%d at once: chi-square is off by %.1f standard deviations: %v", many, x, counts)
		}
	}
}

// TestAlbumsAreFair: each order of four albums is as likely.
func TestAlbumsAreFair(t *testing.T) {
	counts := map[string]int{}
	for seed := range uint64(12_000) {
		s := newSongs("A1 A2 A3 B1 C1 C2 D1 D2")
		s.SetShuffle(queue.Shuffle{Mode: queue.ShuffleAlbums, Seed: seed})
		counts[s.String()]++
	}
	var all []int
	for _, n := range counts {
		all = append(all, n)
	}
	if x := chiSquare(all); len(all) != 24 || math.Abs(x) > unlikely {
		t.Errorf("%d orders of 24, chi-square is off by %.1f standard deviations", len(all), x)
	}
}

// TestMixIsTheOneThatWasStored: a seed that was stored must give the same order for ever.
func TestMixIsTheOneThatWasStored(t *testing.T) {
	if got := []uint64{queue.Mix(0, 0), queue.Mix(1, 2), queue.Mix(math.MaxUint64, 1<<63)}; !slices.Equal(got,
		[]uint64{0x48218226ff3cd4bf, 0xf18d6ce93d6cf1ee, 0x4e232f2d5b640524}) {
		t.Errorf("mix gives %#x", got)
	}
	// The test vector that implementations of SplitMix64 share.
	if got := queue.Stream(1234567, 3); !slices.Equal(got, []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423}) {
		t.Errorf("SplitMix64 gives %d", got)
	}
}

func TestSortByKey(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for range 300 {
		n := rng.IntN(200)
		keys, entries := make([]uint64, n), make([]int, n)
		for i := range keys {
			entries[i], keys[i] = i, rng.Uint64()>>rng.IntN(64)
		}
		want := slices.Clone(entries)
		slices.SortStableFunc(want, func(a, b int) int {
			if keys[a] < keys[b] {
				return -1
			}
			return int(min(1, keys[a]-keys[b]))
		})
		if got := queue.SortByKey(entries, keys); !slices.Equal(got, want) {
			t.Fatalf("keys %v: %v, want %v", keys, got, want)
		}
	}
}

func TestEntryIsSmall(t *testing.T) {
	// Twice: in the list and in the play order.
	if n := 2 * unsafe.Sizeof(queue.Entry[song]{}); n > 64 {
		t.Errorf("an entry takes %d bytes beside its item", n)
	}
}
