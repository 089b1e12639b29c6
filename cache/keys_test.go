package cache

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestKeys(t *testing.T) {
	ctx := t.Context()
	places(t, func(t *testing.T, path string) {
		for _, secret := range [][]byte{nil, noise(1, SecretBytes)} {
			now := time.Unix(1_000_000, 0)
			s := open(t, Options{Path: path, Secret: secret, Now: func() time.Time { return now }})
			key := noise(5, 16)
			for name, expires := range map[string]time.Time{"good": {}, "hour": now.Add(time.Hour), "past": now, "long ago": now.Add(-time.Hour)} {
				if err := s.PutKey(ctx, name, bytes.Repeat([]byte{1}, 16), now.Add(time.Minute)); err != nil {
					t.Fatal(err)
				}
				if err := s.PutKey(ctx, name, key, expires); err != nil {
					t.Fatal(err)
				}
				got, ok := s.Key(ctx, name)
				if want := name == "good" || name == "hour"; ok != want || (ok && !bytes.Equal(got, key)) {
					t.Errorf("%s: %v", name, ok)
				}
				if ok {
					got[0]++ // a copy: must not reach the next caller
					if again, _ := s.Key(ctx, name); !bytes.Equal(again, key) {
						t.Errorf("%s: shared with the caller", name)
					}
				}
			}
			now = now.Add(time.Hour)
			if _, ok := s.Key(ctx, "hour"); ok {
				t.Error("expired, and given")
			}
			now = now.Add(-time.Hour) // a clock set back brings nothing back
			if _, ok := s.Key(ctx, "hour"); ok {
				t.Error("expired, and not deleted")
			}
			if _, ok := s.Key(ctx, "none"); ok {
				t.Error("never put")
			}
			for _, err := range []error{s.PutKey(ctx, "n", nil, time.Time{}), s.PutKey(ctx, "n", make([]byte, MaxKeyBytes+1), time.Time{})} {
				if !errors.Is(err, ErrTooLarge) {
					t.Error(err)
				}
			}
			if err := s.PutKey(ctx, "", key, time.Time{}); !errors.Is(err, ErrName) {
				t.Error(err)
			}
			_ = s.Close()
		}
	})
	if _, err := Open(ctx, Options{Secret: make([]byte, 16)}); !errors.Is(err, ErrSecret) {
		t.Error(err)
	}
}

// A key on disk is worth nothing to who has the file: not without the secret, not under another name,
// and not past its time.
func TestKeysOnDisk(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	path := filepath.Join(dir, "c.db")
	secret, key := noise(1, SecretBytes), []byte("sixteen raw byte")
	put := func(o Options) {
		o.Path = path
		s := open(t, o)
		for i := range 50 {
			if err := s.PutKey(ctx, fmt.Sprint("k", i), key, time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.PutKey(ctx, "hour", key, time.Now().Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		searchFiles(t, dir, key, secret) // with the log still there
		_ = s.Close()
		searchFiles(t, dir, key, secret)
	}
	put(Options{Secret: nil})
	s := open(t, Options{Path: path})
	if _, ok := s.Key(ctx, "k1"); ok {
		t.Error("without a secret, a key outlived its store")
	}
	_ = s.Close()

	put(Options{Secret: secret})
	s = open(t, Options{Path: path, Secret: secret})
	if got, ok := s.Key(ctx, "k1"); !ok || !bytes.Equal(got, key) {
		t.Error("the right secret")
	}
	wrong := open(t, Options{Path: path, Secret: noise(2, SecretBytes)})
	if _, ok := wrong.Key(ctx, "k1"); ok {
		t.Error("the wrong secret")
	}
	if _, ok := s.Key(ctx, "k1"); !ok {
		t.Error("somebody's wrong secret took the key away")
	}
	for what, statement := range map[string]string{
		"k2":   `UPDATE key SET wrapped = (SELECT wrapped FROM key WHERE name = 'k3') WHERE name = 'k2'`,
		"k4":   `UPDATE key SET expires = 9000000000000000000 WHERE name = 'k4'`,
		"hour": `UPDATE key SET expires = 0 WHERE name = 'hour'`,
		"k5":   `UPDATE key SET wrapped = x'00' WHERE name = 'k5'`,
		"k6":   `UPDATE key SET wrapped = x'' WHERE name = 'k6'`,
	} {
		if _, err := s.db.writer.Exec(statement); err != nil {
			t.Fatal(err)
		}
		if _, ok := s.Key(ctx, what); ok {
			t.Errorf("given after: %s", statement)
		}
	}
}

// searchFiles looks through every file of a folder for what must not be on disk.
func searchFiles(t *testing.T, dir string, secrets ...[]byte) {
	t.Helper()
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	searched := 0
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		searched += len(b)
		for _, s := range secrets {
			if bytes.Contains(b, s) {
				t.Errorf("%s holds it unwrapped", filepath.Base(name))
			}
		}
	}
	if searched == 0 {
		t.Error("nothing to search")
	}
}

func TestKeysAreBounded(t *testing.T) {
	ctx := t.Context()
	for _, secret := range [][]byte{nil, noise(1, SecretBytes)} {
		s := open(t, Options{Secret: secret})
		s.maxKeys = 50
		for i := range 60 {
			if err := s.PutKey(ctx, fmt.Sprint(i), []byte{1}, time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
		n := len(s.keys.held)
		if secret != nil {
			if err := s.db.writer.QueryRow(`SELECT count(*) FROM key`).Scan(&n); err != nil {
				t.Fatal(err)
			}
		}
		if n != 50 {
			t.Errorf("%d held", n)
		}
		if _, ok := s.Key(ctx, "59"); !ok {
			t.Error("the newest was dropped")
		}
	}
}
