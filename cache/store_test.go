package cache

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func open(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func put(t testing.TB, s *Store, key string, data []byte) {
	t.Helper()
	if err := s.Put(context.Background(), key, data); err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
}

// has checks that exactly the keys of want are held, without noting a use.
func has(t *testing.T, s *Store, want ...string) {
	t.Helper()
	rows, err := s.db.reader.Query(`SELECT key FROM entry WHERE kind = 0 ORDER BY key`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var got []string
	for rows.Next() {
		var k string
		if err := rows.Scan(&k); err != nil {
			t.Fatal(err)
		}
		got = append(got, k)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("held: %v, want %v", got, want)
	}
}

func noise(seed byte, n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

// places are where a store may live.
func places(t *testing.T, f func(t *testing.T, path string)) {
	t.Run("memory", func(t *testing.T) { f(t, "") })
	t.Run("file", func(t *testing.T) { f(t, filepath.Join(t.TempDir(), "new folder", "a?b#%20[c].db")) })
}

func TestPutAndGet(t *testing.T) {
	places(t, func(t *testing.T, path string) {
		ctx := t.Context()
		s := open(t, Options{Path: path})
		for i, n := range []int{0, 1, 100, pageBytes, 160 << 10, 3 << 20} {
			key := fmt.Sprint("k", n)
			data := noise(byte(i), n)
			put(t, s, key, []byte("earlier"))
			put(t, s, key, data)
			got, ok := s.Get(ctx, key)
			if !ok || !bytes.Equal(got, data) {
				t.Errorf("%d bytes: %v, %d", n, ok, len(got))
			}
		}
		if _, ok := s.Get(ctx, "none"); ok {
			t.Error("a key that was never put")
		}
		if _, ok := s.Document(ctx, "k1"); ok {
			t.Error("a segment is no document")
		}
		want := Stats{Hits: 6, Misses: 2, Bytes: 0 + 1 + 100 + pageBytes + 160<<10 + 3<<20, Entries: 6}
		if st := s.Stats(); st != want {
			t.Errorf("%+v, want %+v", st, want)
		}
		if err := s.Delete(ctx, "k100"); err != nil {
			t.Fatal(err)
		}
		if _, ok := s.Get(ctx, "k100"); ok || s.Stats().Entries != 5 {
			t.Error("deleted, and still there")
		}
		for _, err := range []error{
			s.Put(ctx, "big", make([]byte, MaxEntryBytes+1)), s.PutDocument(ctx, "big", make([]byte, MaxDocumentBytes+1)),
		} {
			if !errors.Is(err, ErrTooLarge) {
				t.Error(err)
			}
		}
		for _, err := range []error{s.Put(ctx, "", nil), s.Put(ctx, strings.Repeat("k", MaxNameBytes+1), nil)} {
			if !errors.Is(err, ErrName) {
				t.Error(err)
			}
		}
		done, cancel := context.WithCancelCause(ctx)
		cause := errors.New("skipped")
		cancel(cause)
		if err := s.Put(done, "late", nil); err != cause {
			t.Error(err)
		}
		if _, ok := s.Get(done, "k1"); ok {
			t.Error("got with a context that is done")
		}
	})
}

func TestAfterClose(t *testing.T) {
	places(t, func(t *testing.T, path string) {
		ctx := t.Context()
		for _, secret := range [][]byte{nil, noise(1, 32)} {
			s := open(t, Options{Path: path, Secret: secret})
			put(t, s, "a", []byte("x"))
			if err := errors.Join(s.Close(), s.Close()); err != nil {
				t.Fatal(err)
			}
			if _, ok := s.Get(ctx, "a"); ok {
				t.Error("Get")
			}
			if _, ok := s.Key(ctx, "a"); ok {
				t.Error("Key")
			}
			for _, err := range []error{s.Put(ctx, "a", nil), s.PutKey(ctx, "a", []byte("k"), time.Time{}), s.Delete(ctx, "a")} {
				if !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
			}
			_ = s.Stats()
		}
	})
}

func TestEviction(t *testing.T) {
	places(t, func(t *testing.T, path string) {
		ctx := t.Context()
		s := open(t, Options{Path: path, MaxBytes: 1000, MaxDocuments: 500})
		for _, k := range []string{"a", "b", "c", "d"} {
			put(t, s, k, noise(1, 250))
		}
		has(t, s, "a", "b", "c", "d")
		_, _ = s.Get(ctx, "a") // b is the oldest now
		put(t, s, "e", noise(1, 1))
		has(t, s, "a", "c", "d", "e")
		_, _ = s.Get(ctx, "d")
		_, _ = s.Get(ctx, "c")
		_, _ = s.Get(ctx, "d")        // oldest first: a, e, c, d
		put(t, s, "f", noise(1, 500)) // 751 held: a is not enough
		has(t, s, "c", "d", "f")
		put(t, s, "c", noise(1, 501)) // itself first, then d, then f: 500 + 501 are too many
		has(t, s, "c")
		if err := s.Put(ctx, "g", make([]byte, 1001)); !errors.Is(err, ErrTooLarge) {
			t.Error(err)
		}
		has(t, s, "c")
		put(t, s, "h", make([]byte, 1000))
		has(t, s, "h")
		// Documents have a bound of their own.
		for i := range 6 {
			if err := s.PutDocument(ctx, fmt.Sprint("doc", i), noise(2, 100)); err != nil {
				t.Fatal(err)
			}
		}
		has(t, s, "h")
		for i := range 6 {
			if _, ok := s.Document(ctx, fmt.Sprint("doc", i)); ok != (i > 0) {
				t.Errorf("doc%d: %v", i, ok)
			}
		}
		st := s.Stats()
		if st.Bytes != 1000 || st.Documents != 500 || st.Evictions != 7 {
			t.Errorf("%+v", st)
		}
	})
}

// The order of use outlives the process: Close writes down what Get noted.
func TestOrderOfUseIsKept(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "c.db"), MaxBytes: 300}
	s := open(t, o)
	for _, k := range []string{"a", "b", "c"} {
		put(t, s, k, noise(1, 100))
	}
	_, _ = s.Get(t.Context(), "a")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, o)
	put(t, s, "d", noise(1, 100))
	has(t, s, "a", "c", "d")
	for range 5 * touchesHeld { // many reads and no write
		_, _ = s.Get(t.Context(), "c")
	}
	if n := len(s.touches.take()); n >= touchesHeld {
		t.Errorf("%d reads are still only noted", n)
	}
	// A smaller bound holds from the next Put on.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	o.MaxBytes = 150
	s = open(t, o)
	put(t, s, "e", noise(1, 50))
	has(t, s, "c", "e")
}

func TestDamagedEntry(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "c.db")
	for what, statement := range map[string]string{
		"a byte":      `UPDATE content SET data = CAST(substr(data, 1, 99) || x'00' || substr(data, 101) AS BLOB) WHERE id = (SELECT id FROM entry WHERE key = 'b')`,
		"a cut":       `UPDATE content SET data = substr(data, 1, 99) WHERE id = (SELECT id FROM entry WHERE key = 'b')`,
		"another row": `UPDATE entry SET key = 'x' || key WHERE key = 'a'; UPDATE entry SET key = 'a' WHERE key = 'b'; UPDATE entry SET key = 'b' WHERE key = 'xa'`,
		"no content":  `DELETE FROM content WHERE id = (SELECT id FROM entry WHERE key = 'b')`,
	} {
		s := open(t, Options{Path: path})
		data := bytes.Repeat([]byte{1}, 50_000)
		put(t, s, "a", noise(1, 50_000))
		put(t, s, "b", data)
		other, err := sql.Open("sqlite", dataSource(path))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.Exec(statement); err != nil {
			t.Fatal(err)
		}
		if err := other.Close(); err != nil {
			t.Fatal(err)
		}
		before := s.Stats()
		if got, ok := s.Get(ctx, "b"); ok {
			t.Errorf("%s: got %d bytes", what, len(got))
		}
		st := s.Stats()
		if what != "no content" && (st.Corrupt != before.Corrupt+1 || st.Entries != before.Entries-1) {
			t.Errorf("%s: %+v", what, st)
		}
		put(t, s, "b", data)
		if got, ok := s.Get(ctx, "b"); !ok || !bytes.Equal(got, data) {
			t.Errorf("%s: not mended by Put", what)
		}
		if what != "another row" {
			if _, ok := s.Get(ctx, "a"); !ok {
				t.Errorf("%s: its neighbour is gone", what)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A file that is no database, or one of a later version, is put aside; the last two are kept.
func TestUnusableFile(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	path := filepath.Join(dir, "c.db")
	spoil := map[string]func(){
		"1 rubbish": func() { _ = os.WriteFile(path, noise(1, 100_000), 0o600) },
		"2 header":  func() { overwrite(t, path, 0, noise(2, 100)) },
		"3 schema":  func() { overwrite(t, path, 100, noise(3, 2000)) },
		"4 later": func() {
			s := open(t, Options{Path: path})
			if _, err := s.db.writer.Exec(`UPDATE schema_version SET version = 99`); err != nil {
				t.Fatal(err)
			}
			_ = s.Close()
		},
		"5 another's": func() {
			_ = os.Remove(path)
			db, _ := sql.Open("sqlite", dataSource(path))
			if _, err := db.Exec(`CREATE TABLE entry (a, b)`); err != nil {
				t.Fatal(err)
			}
			_ = db.Close()
		},
	}
	for i, what := range []string{"1 rubbish", "2 header", "3 schema", "4 later", "5 another's"} {
		spoil[what]()
		var log bytes.Buffer
		s := open(t, Options{Path: path, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if st := s.Stats(); st.Entries != 0 || st.Corrupt != 1 {
			t.Errorf("%s: %+v", what, st)
		}
		if !strings.Contains(log.String(), fmt.Sprintf("corrupt-%d", i+1)) {
			t.Errorf("%s: log says %q", what, log.String())
		}
		put(t, s, "a", noise(1, 50_000))
		if _, ok := s.Get(ctx, "a"); !ok {
			t.Errorf("%s: doesn't work after", what)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	aside, _ := filepath.Glob(path + ".corrupt-*")
	if len(aside) != keptAside || !strings.HasSuffix(aside[1], "-5") {
		t.Errorf("kept: %v", aside)
	}
	if _, err := Open(ctx, Options{Path: dir}); err == nil {
		t.Error("opened a folder")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Error("the folder was moved:", err)
	}
}

func overwrite(t *testing.T, path string, at int64, p []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt(p, at)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// A file that is damaged all over while it is in use costs its content, not the music.
func TestDamageWhileOpen(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "c.db")
	s := open(t, Options{Path: path})
	for i := range 40 {
		put(t, s, fmt.Sprint(i), noise(byte(i), 100_000))
	}
	if _, err := s.db.writer.Exec(`PRAGMA wal_checkpoint(truncate)`); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	info, _ := os.Stat(path)
	s = open(t, Options{Path: path}) // looks over all but the data
	overwrite(t, path, 10*pageBytes, noise(9, int(info.Size())-10*pageBytes))
	for i := range 40 {
		if got, ok := s.Get(ctx, fmt.Sprint(i)); ok && !bytes.Equal(got, noise(byte(i), 100_000)) {
			t.Errorf("entry %d is wrong", i)
		}
		if err := s.Put(ctx, fmt.Sprint("new", i), noise(byte(i), 100_000)); err != nil {
			t.Logf("put %d: %v", i, err)
		}
	}
	put(t, s, "last", []byte("words"))
	if got, ok := s.Get(ctx, "last"); !ok || string(got) != "words" {
		t.Error("the store didn't recover")
	}
	if s.Stats().Corrupt == 0 {
		t.Error("nobody noticed")
	}
}

func TestFileDeletedUnderUs(t *testing.T) {
	ctx := t.Context()
	dir := filepath.Join(t.TempDir(), "sub")
	path := filepath.Join(dir, "c.db")
	for what, destroy := range map[string]func() error{
		"file":   func() error { return os.Remove(path) },
		"folder": func() error { return os.RemoveAll(dir) },
		"log":    func() error { return errors.Join(os.Remove(path+"-wal"), os.Remove(path+"-shm")) },
	} {
		s := open(t, Options{Path: path})
		put(t, s, "a", noise(1, 1000))
		if err := destroy(); err != nil {
			t.Fatal(err)
		}
		if got, ok := s.Get(ctx, "a"); ok && !bytes.Equal(got, noise(1, 1000)) {
			t.Errorf("%s: wrong data", what)
		}
		put(t, s, "b", noise(2, 1000))
		if got, ok := s.Get(ctx, "b"); !ok || !bytes.Equal(got, noise(2, 1000)) {
			t.Errorf("%s: doesn't work after", what)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if what == "log" {
			continue // what was written to it is lost
		}
		s = open(t, Options{Path: path})
		if _, ok := s.Get(ctx, "b"); !ok {
			t.Errorf("%s: what was put after isn't in the new file", what)
		}
		_ = s.Close()
	}
}

func TestDiskFull(t *testing.T) {
	ctx := t.Context()
	s := open(t, Options{Path: filepath.Join(t.TempDir(), "c.db")})
	put(t, s, "a", noise(1, 200_000))
	if _, err := s.db.writer.Exec(`PRAGMA max_page_count = 40`); err != nil {
		t.Fatal(err)
	}
	var failed int
	for i := range 10 {
		if s.Put(ctx, fmt.Sprint("b", i), noise(2, 200_000)) != nil {
			failed++
		}
	}
	if failed < 7 {
		t.Errorf("%d of 10 failed", failed)
	}
	if got, ok := s.Get(ctx, "a"); !ok || !bytes.Equal(got, noise(1, 200_000)) {
		t.Error("what was here is gone")
	}
	if st := s.Stats(); st.Corrupt != 0 || st.Entries != int64(11-failed) || st.Bytes != 200_000*st.Entries {
		t.Errorf("%+v", st)
	}
}

func TestFileShrinks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.db")
	s := open(t, Options{Path: path})
	for i := range 120 {
		put(t, s, fmt.Sprint(i), noise(1, 160<<10))
	}
	_ = s.Close()
	full, _ := os.Stat(path)
	s = open(t, Options{Path: path, MaxBytes: 2 << 20})
	for i := range 16 {
		put(t, s, fmt.Sprint("new", i), noise(1, 160<<10))
	}
	if st := s.Stats(); st.Bytes > 2<<20 {
		t.Errorf("%+v", st)
	}
	_ = s.Close()
	small, _ := os.Stat(path)
	t.Logf("%d MiB, then %d MiB", full.Size()>>20, small.Size()>>20)
	if small.Size() > 12<<20 {
		t.Errorf("the file has %d bytes for 2 MiB of data", small.Size())
	}
}

func TestTogether(t *testing.T) {
	places(t, func(t *testing.T, path string) {
		const bound = 40 * 10_000
		stores := []*Store{open(t, Options{Path: path, MaxBytes: bound, Secret: noise(1, 32)})}
		if path != "" {
			stores = append(stores, open(t, Options{Path: path, MaxBytes: bound, Secret: noise(1, 32)}))
		}
		var group sync.WaitGroup
		for g := range byte(6) {
			group.Go(func() {
				s := stores[int(g)%len(stores)]
				r := rand.New(rand.NewPCG(uint64(g), 0))
				for range 25 {
					n := byte(r.IntN(60))
					key := fmt.Sprint("k", n)
					if got, ok := s.Get(t.Context(), key); ok {
						if !bytes.Equal(got, noise(n, 10_000)) {
							t.Errorf("%s is wrong", key)
						}
					} else if err := s.Put(t.Context(), key, noise(n, 10_000)); err != nil {
						t.Error(err)
					}
					if err := s.PutKey(t.Context(), key, noise(n, 16), time.Time{}); err != nil {
						t.Error(err)
					}
					if k, ok := s.Key(t.Context(), key); !ok || !bytes.Equal(k, noise(n, 16)) {
						t.Errorf("key of %s: %v", key, ok)
					}
				}
			})
		}
		group.Wait()
		for _, s := range stores {
			st := s.Stats()
			if st.Bytes > bound || st.Bytes != st.Entries*10_000 || st.Entries < 20 || st.Corrupt != 0 {
				t.Errorf("%+v", st)
			}
		}
	})
}

func TestTwoStoresOnOneFile(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "c.db")
	a, b := open(t, Options{Path: path, MaxBytes: 1000}), open(t, Options{Path: path, MaxBytes: 1000})
	put(t, a, "x", noise(1, 600))
	if got, ok := b.Get(ctx, "x"); !ok || !bytes.Equal(got, noise(1, 600)) {
		t.Error("what one put the other must get")
	}
	put(t, b, "y", noise(2, 600)) // one bound for both
	has(t, a, "y")
	if a.Stats().Bytes != 600 || b.Stats().Evictions != 1 {
		t.Errorf("%+v, %+v", a.Stats(), b.Stats())
	}
}

func TestHas(t *testing.T) {
	ctx := context.Background()
	s := open(t, Options{})
	put(t, s, "here", []byte("x"))
	if err := s.PutDocument(ctx, "document", []byte("x")); err != nil {
		t.Fatal(err)
	}
	before := s.Stats()
	for key, want := range map[string]bool{"here": true, "gone": false, "document": false, "": false} {
		if got := s.Has(ctx, key); got != want {
			t.Errorf("%q: %v", key, got)
		}
	}
	if after := s.Stats(); after != before {
		t.Errorf("looking changed %+v to %+v", before, after)
	}
}
