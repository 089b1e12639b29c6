package queue_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/internal/queue"
	"github.com/segue-audio/segue/player/internal/record"
)

func stored(t testing.TB, s *songs) []byte {
	t.Helper()
	data, err := s.Snapshot(90*time.Second).AppendBinary(nil, encode)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestRestoreKeepsEverything(t *testing.T) {
	s := newSongs("A1 A2 A3 b c d e")
	for _, c := range []string{"repeat all", "begin", "hear", "albums", "next", "hear", "playnext x y", "next", "hear", "jump e", "hear", "remove d x", "playnext z"} {
		s.do(t, c)
	}
	data := stored(t, s)
	other := &songs{queue.New(albumOf), s.ids}
	pos, err := other.Restore(data, decode)
	if err != nil || pos != 90*time.Second {
		t.Fatalf("%v, %v", pos, err)
	}
	if other.String() != s.String() || other.listed() != s.listed() || other.Repeat() != s.Repeat() || other.Shuffle() != s.Shuffle() {
		t.Errorf("restored: %s\n    was: %s", other, s)
	}
	if h, w := other.History(), s.History(); !slices.EqualFunc(h, w, func(a, b queue.Entry[song]) bool {
		return a.ID == b.ID && *a.Item == *b.Item
	}) || len(w) != 4 {
		t.Errorf("history is %v, was %v", h, w)
	}
	// From here on both do the same.
	for _, c := range []string{"append f g", "previous", "previous", "next", "remove A2", "next", "next", "next", "next", "next", "next", "next", "next", "next"} {
		s.do(t, c)
		other.do(t, c)
		if other.String() != s.String() {
			t.Fatalf("after %q the restored one is\n%s, the other\n%s", c, other, s)
		}
	}
	if a, b := stored(t, s), stored(t, other); !bytes.Equal(a, b) {
		t.Error("the two are stored differently")
	}
}

func TestRestoreGivesNoIDAgain(t *testing.T) {
	s := newSongs("a b c")
	s.do(t, "remove c")
	data := stored(t, s)
	fresh := &songs{queue.New(albumOf), map[string]int64{}}
	if _, err := fresh.Restore(data, decode); err != nil {
		t.Fatal(err)
	}
	if e := fresh.make("d"); e[0].ID != 4 {
		t.Errorf("the next id is %d", e[0].ID)
	}
	busy := newSongs("p q r s t u")
	if _, err := busy.Restore(data, decode); err != nil {
		t.Fatal(err)
	}
	if e := busy.make("v"); e[0].ID != 7 {
		t.Errorf("the next id is %d", e[0].ID)
	}
}

func TestRestoreDrops(t *testing.T) {
	s := newSongs("a b c d e")
	for _, c := range []string{"jump b", "hear", "jump d", "hear"} {
		s.do(t, c)
	}
	less := func(b []byte) (*song, error) {
		if strings.Contains("b d", string(b)) {
			return nil, nil
		}
		return decode(b)
	}
	other := &songs{queue.New(albumOf), s.ids}
	pos, err := other.Restore(stored(t, s), less)
	if err != nil || pos != 0 {
		t.Errorf("position %v of what is gone, %v", pos, err)
	}
	if got := other.String(); got != "a c [e]" || len(other.History()) != 0 {
		t.Errorf("%s, history %v", got, other.History())
	}
}

// sealed makes a record of the queue's kind by hand.
func sealed(fields ...[]byte) []byte {
	b := slices.Concat(append([][]byte{[]byte(queue.Magic)}, fields...)...)
	return record.Seal(b, 0)
}

func varints(numbers ...int64) (b []byte) {
	for _, n := range numbers {
		b = binary.AppendVarint(b, n)
	}
	return b
}

func TestRestoreRefuses(t *testing.T) {
	good := stored(t, newSongs("a b c"))
	numbers := func(n ...int64) []byte { return record.AppendBytes(nil, 1, varints(n...)) }
	list := func(b ...byte) []byte { return record.AppendBytes(nil, 4, b) }
	two := list(2, 2, 0, 1, 'a', 2, 0, 1, 'b') // ids 1 and 2
	shuffled := record.AppendBytes(nil, 2, append([]byte{1}, make([]byte, 8)...))
	order := func(b ...byte) []byte { return record.AppendBytes(nil, 5, b) }
	many := record.AppendBytes(nil, 4, append(binary.AppendUvarint(nil, queue.MaxEntries+1), make([]byte, 3*queue.MaxEntries+3)...))
	long := record.AppendBytes(nil, 4, slices.Concat([]byte{1, 2, 0}, binary.AppendUvarint(nil, queue.MaxItemBytes+1), make([]byte, queue.MaxItemBytes+1)))
	flipped := slices.Clone(good)
	flipped[len(flipped)/2] ^= 1
	tests := []struct {
		name string
		data []byte
		want error
	}{
		{"nothing", nil, record.ErrForeign},
		{"something else", []byte("hello, world"), record.ErrForeign},
		{"cut off", good[:len(good)-1], record.ErrChecksum},
		{"one bit", flipped, record.ErrChecksum},
		{"no numbers", sealed(numbers()), record.ErrMalformed},
		{"a length beyond the end", sealed([]byte{4, 100, 1}), record.ErrMalformed},
		{"a list that is cut off", sealed(numbers(9, 1, 0, 0, 0), list(3, 2, 0)), record.ErrMalformed},
		{"an item beyond the end", sealed(numbers(9, 1, 0, 0, 0), list(1, 2, 0, 90)), record.ErrMalformed},
		{"an id twice", sealed(numbers(9, 1, 0, 0, 0), list(2, 2, 0, 0, 0, 0, 0)), queue.ErrInconsistent},
		{"an id of zero", sealed(numbers(9, 1, 0, 0, 0), list(1, 0, 0, 0)), queue.ErrInconsistent},
		{"an id that was never given", sealed(numbers(1, 1, 0, 0, 0), two), queue.ErrInconsistent},
		{"a current one of none", sealed(numbers(1, 1, 0, 0, 0)), queue.ErrInconsistent},
		{"no current one", sealed(numbers(2, 0, 0, 0, 0), two), queue.ErrInconsistent},
		{"no play order", sealed(numbers(2, 1, 0, 0, 0), shuffled, two), queue.ErrInconsistent},
		{"half a play order", sealed(numbers(2, 1, 0, 0, 0), shuffled, two, order(1)), queue.ErrInconsistent},
		{"one twice in it", sealed(numbers(2, 1, 0, 0, 0), shuffled, two, order(1, 1)), queue.ErrInconsistent},
		{"one beyond the list", sealed(numbers(2, 1, 0, 0, 0), shuffled, two, order(0, 2)), queue.ErrInconsistent},
		{"too many entries", sealed(numbers(1, 1, 0, 0, 0), many), queue.ErrLimit},
		{"too long an item", sealed(numbers(1, 1, 0, 0, 0), long), queue.ErrLimit},
		{"what decode refuses", sealed(numbers(2, 1, 0, 0, 0), two), errRefused},
	}
	for _, tt := range tests {
		s := newSongs("x y")
		dec := decode
		if tt.want == errRefused {
			dec = func([]byte) (*song, error) { return nil, errRefused }
		}
		if _, err := s.Restore(tt.data, dec); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
		if s.String() != "[x] y" {
			t.Errorf("%s: the queue has become %s", tt.name, s)
		}
	}
	q := queue.New(albumOf)
	if _, err := q.Restore(sealed(numbers(2, 1, 0, 0, 0), two), decode); err != nil || q.Len() != 2 {
		t.Errorf("what is right: %v", err)
	}
}

var errRefused = errors.New("refused")

// TestRestoreReadsTheFuture: fields that we don't know, more in those that we know, and ways of
// shuffling and repeating that we don't know are no errors.
func TestRestoreReadsTheFuture(t *testing.T) {
	data := sealed(
		record.AppendString(nil, 99, "something new"),
		record.AppendBytes(nil, 1, varints(2, 2, 0, 0, 5, 77, 78)),
		record.AppendBytes(nil, 2, append([]byte{9}, make([]byte, 20)...)),
		record.AppendInt(nil, 3, 17),
		record.AppendBytes(nil, 4, []byte{2, 2, 0, 1, 'a', 2, 0, 1, 'b', 1, 2, 3}),
		record.AppendBytes(nil, 5, []byte{1, 0}),
	)
	s := &songs{queue.New(albumOf), nil}
	if pos, err := s.Restore(data, decode); err != nil || pos != 5 || s.String() != "[a] b" {
		t.Errorf("%s at %v, %v", s, pos, err)
	}
}

func TestLimitsOfStoring(t *testing.T) {
	s := newSongs("a")
	s.Replace(1, &song{strings.Repeat("x", queue.MaxItemBytes+1)})
	if _, err := s.Snapshot(0).AppendBinary(nil, encode); !errors.Is(err, queue.ErrLimit) {
		t.Errorf("a long item: %v", err)
	}
	q := queue.New(albumOf)
	one := &song{}
	items := make([]*song, queue.MaxEntries+1)
	for i := range items {
		items[i] = one
	}
	q.Insert(queue.Place{}, q.Make(items...)...)
	if _, err := q.Snapshot(0).AppendBinary(nil, encode); !errors.Is(err, queue.ErrLimit) {
		t.Errorf("many entries: %v", err)
	}
}

// FuzzRestore: whatever is read, the queue that comes out is whole and can be used and stored again.
func FuzzRestore(f *testing.F) {
	s := newSongs("A1 A2 b c")
	f.Add(stored(f, s))
	for _, c := range []string{"albums", "repeat all", "hear", "next", "hear", "playnext x", "remove A1"} {
		s.do(f, c)
	}
	f.Add(stored(f, s))
	f.Add(sealed(record.AppendBytes(nil, 1, varints(1, 1, 0, 0, 0)), record.AppendBytes(nil, 4, []byte{1, 2, 0, 0})))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4 { // the checksum is not to be guessed
			data = record.Seal(slices.Clone(data[:len(data)-4]), 0)
		}
		s := &songs{queue.New(albumOf), map[string]int64{}}
		if _, err := s.Restore(data, decode); err != nil {
			return
		}
		again := &songs{queue.New(albumOf), map[string]int64{}}
		if _, err := again.Restore(stored(t, s), decode); err != nil || again.String() != s.String() {
			t.Fatalf("stored and restored again: %s, was %s; %v", again, s, err)
		}
		n := s.Len()
		for _, c := range []string{"playnext x", "append y", "next", "hear", "tracks", "next", "previous", "albums", "unshuffle", "end", "move x end", "jump y", "remove x y"} {
			s.do(t, c)
		}
		if s.Len() != n || len(s.Order()) != n {
			t.Fatalf("%d entries, were %d", s.Len(), n)
		}
	})
}
