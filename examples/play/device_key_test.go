package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestSecretIsMadeOnceByAll(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "segue")
	secrets := make([][]byte, 16)
	var all sync.WaitGroup
	for i := range secrets {
		all.Go(func() {
			var err error
			if secrets[i], err = secretIn(dir); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, s := range secrets {
		if len(s) != secretBytes || !bytes.Equal(s, secrets[0]) {
			t.Fatalf("%x and %x", s, secrets[0])
		}
	}
	if bytes.Equal(secrets[0], make([]byte, secretBytes)) {
		t.Error("the secret is all zeros")
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	if info, err := files[0].Info(); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestSecretOfWrongLengthIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "device.key"), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := secretIn(dir); !errors.Is(err, errSecret) {
		t.Error(err)
	}
}

func TestSecretWithoutAPlace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := secretIn(filepath.Join(file, "segue")); err == nil {
		t.Error("made below a file")
	}
}
