package secrets

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestSecretStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	a, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o600 || st.Size() != secretSize {
		t.Fatalf("the file: %v, %v", st, err)
	}
	b, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.TokenKey(), b.TokenKey()) {
		t.Error("the token key changed")
	}
	key := [16]byte{1, 2, 3}
	w := a.Wrap("track", key)
	if bytes.Contains(w, key[:4]) || bytes.Equal(w, a.Wrap("track", key)) {
		t.Error("a wrapped key must hide the key, and never repeat")
	}
	if got, err := b.Unwrap("track", w); err != nil || got != key {
		t.Errorf("unwrapped %x, %v", got, err)
	}
	other, err := Open(filepath.Join(t.TempDir(), "secret"))
	if err != nil {
		t.Fatal(err)
	}
	bad := bytes.Clone(w)
	bad[len(bad)-1] ^= 1
	for name, try := range map[string]func() ([16]byte, error){
		"other track":  func() ([16]byte, error) { return a.Unwrap("other", w) },
		"other secret": func() ([16]byte, error) { return other.Unwrap("track", w) },
		"damaged":      func() ([16]byte, error) { return a.Unwrap("track", bad) },
		"empty":        func() ([16]byte, error) { return a.Unwrap("track", nil) },
		"short":        func() ([16]byte, error) { return a.Unwrap("track", w[:5]) },
	} {
		if _, err := try(); !errors.Is(err, ErrWrapped) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestShortSecretIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil {
		t.Error("a secret of 5 bytes was taken")
	}
}
