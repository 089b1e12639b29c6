package cache

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// writeForEver, in the environment, makes the test binary a process that fills the store at that path until
// it is killed, telling of each entry once Put has returned.
const writeForEver = "SEGUE_CACHE_WRITE_FOR_EVER"

func TestMain(m *testing.M) {
	if path := os.Getenv(writeForEver); path != "" {
		s, err := Open(context.Background(), Options{Path: path, MaxBytes: 7 << 20})
		if err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		for i := 0; ; i++ {
			if err := s.Put(context.Background(), fmt.Sprint(i), noise(byte(i), 100_000)); err != nil {
				fmt.Println("error:", err)
				os.Exit(1)
			}
			fmt.Println(i)
		}
	}
	os.Exit(m.Run())
}

// A process killed while it writes leaves whole entries, among them every one it was told is kept.
func TestKilledWhileWriting(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	path := filepath.Join(t.TempDir(), "c.db")
	for round, entries := range []int{3, 40, 90} { // 7 MiB hold 73: the last is killed while evicting
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), writeForEver+"="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		last := -1
		for lines.Scan() {
			if _, err := fmt.Sscan(lines.Text(), &last); err != nil {
				t.Fatal(lines.Text())
			}
			if last == entries {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait() // says "killed"
		if last < entries {
			t.Fatalf("round %d ended after %d entries", round, last)
		}
		checkAfterKill(t, path, last)
	}
}

func checkAfterKill(t *testing.T, path string, last int) {
	t.Helper()
	s := open(t, Options{Path: path, MaxBytes: 7 << 20})
	if got, ok := s.Get(t.Context(), fmt.Sprint(last)); !ok || !bytes.Equal(got, noise(byte(last), 100_000)) {
		t.Errorf("entry %d was put, and is gone: %v", last, ok)
	}
	rows, err := s.db.reader.Query(`SELECT key FROM entry`)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for rows.Next() {
		var k string
		if err := rows.Scan(&k); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	_ = rows.Close()
	for _, k := range keys {
		var n int
		_, _ = fmt.Sscan(k, &n)
		if got, ok := s.Get(t.Context(), k); !ok || !bytes.Equal(got, noise(byte(n), 100_000)) {
			t.Errorf("entry %s is not whole", k)
		}
	}
	st := s.Stats()
	if st.Corrupt != 0 || st.Bytes != 100_000*int64(len(keys)) || st.Entries != int64(len(keys)) || st.Bytes > 20<<20 {
		t.Errorf("%+v with %d keys", st, len(keys))
	}
	var verdict string
	if err := s.db.writer.QueryRow(`PRAGMA integrity_check`).Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity: %s, %v", verdict, err)
	}
	var orphans int
	if err := s.db.writer.QueryRow(`SELECT count(*) FROM content WHERE id NOT IN (SELECT id FROM entry)`).Scan(&orphans); err != nil || orphans != 0 {
		t.Errorf("%d contents without an entry, %v", orphans, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// Processes that open a new file at the same moment all get a store.
func TestOpenedByManyAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.db")
	errs := make(chan error)
	for range 6 {
		go func() {
			s, err := Open(context.Background(), Options{Path: path})
			if err == nil {
				err = s.Put(context.Background(), "a", []byte("x"))
				_ = s.Close()
			}
			errs <- err
		}()
	}
	for range 6 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if aside, _ := filepath.Glob(path + ".corrupt-*"); len(aside) > 0 {
		t.Errorf("taken for damaged: %v", aside)
	}
}

// A writer that another process holds up gives up in time, and reading goes on meanwhile.
func TestHeldUpByAnother(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for SQLite's busy timeout")
	}
	path := filepath.Join(t.TempDir(), "c.db")
	s := open(t, Options{Path: path})
	put(t, s, "a", []byte("x"))
	other, err := sql.Open("sqlite", dataSource(path))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	tx, err := other.Begin() // immediate: it holds the file for writing
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error)
	go func() { failed <- s.Put(context.Background(), "b", []byte("y")) }()
	for range 100 {
		if _, ok := s.Get(t.Context(), "a"); !ok {
			t.Fatal("reading waits for the other's writing")
		}
	}
	if <-failed == nil { // it gives up by itself, or the test would not end
		t.Error("wrote while another was writing")
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	put(t, s, "b", []byte("y"))
	if s.Stats().Corrupt != 0 {
		t.Error("a held file was taken for a damaged one")
	}
}
