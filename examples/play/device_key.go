package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// secretBytes is the size of the device secret, which wraps the content keys in the cache.
const secretBytes = 32

var errSecret = errors.New("the device key is not 32 bytes long")

// deviceSecret gives the secret in the user's configuration folder, made at the first call.
func deviceSecret() ([]byte, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return nil, err
	}
	return secretIn(filepath.Join(dir, "segue"))
}

// secretIn reads dir/device.key, or makes it. Two programs that start at once agree on one secret:
// the file appears whole and under its name only once.
func secretIn(dir string) ([]byte, error) {
	path := filepath.Join(dir, "device.key")
	secret, err := readSecret(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	tmp, err := os.CreateTemp(dir, ".device.key-*") // 0600
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	secret = make([]byte, secretBytes)
	_, _ = rand.Read(secret) // never fails: crypto/rand
	_, err = tmp.Write(secret)
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return nil, err
	}
	// A link, unlike a rename, fails where another program was faster.
	if err := os.Link(tmp.Name(), path); errors.Is(err, fs.ErrExist) {
		return readSecret(path)
	} else if err != nil { // a file system without links
		if err := os.Rename(tmp.Name(), path); err != nil {
			return nil, err
		}
	}
	return secret, nil
}

func readSecret(path string) ([]byte, error) {
	secret, err := os.ReadFile(path)
	if err == nil && len(secret) != secretBytes {
		return nil, fmt.Errorf("%s: %w", path, errSecret)
	}
	return secret, err
}
