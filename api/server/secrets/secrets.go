// Package secrets keeps the one secret of a backend, a file of 32 random bytes, and derives from
// it the keys that sign playback tokens and wrap track keys. It never writes a track key in clear.
package secrets

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	secretSize = 32
	keySize    = 16 // AES-128
	wrapFormat = 1  // first byte of a wrapped key
)

// ErrWrapped: a wrapped key was made with another secret, for another track, or is damaged.
var ErrWrapped = errors.New("secrets: the track key can't be unwrapped with this secret")

// Secrets is safe for use by any number of goroutines.
type Secrets struct {
	token []byte
	wrap  cipher.AEAD
}

// Open reads the secret from the file at path, or makes it, readable by its owner alone.
func Open(path string) (*Secrets, error) {
	secret, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		secret, err = create(path)
	}
	if err != nil {
		return nil, err
	}
	if len(secret) != secretSize {
		return nil, fmt.Errorf("secrets: %s holds %d bytes, want %d", path, len(secret), secretSize)
	}
	token, err := hkdf.Key(sha256.New, secret, nil, "segue playback token 1", 32)
	if err != nil {
		return nil, err
	}
	wrap, err := hkdf.Key(sha256.New, secret, nil, "segue track key wrap 1", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(wrap)
	if err != nil {
		return nil, err
	}
	s := &Secrets{token: token}
	s.wrap, err = cipher.NewGCMWithRandomNonce(block)
	return s, err
}

// create writes a new secret so that it is there whole or not at all.
func create(path string) (secret []byte, err error) {
	secret = make([]byte, secretSize)
	_, _ = rand.Read(secret)                                 // never fails (crypto/rand)
	f, err := os.CreateTemp(filepath.Dir(path), ".secret-*") // mode 0600
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(secret)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	return secret, os.Rename(f.Name(), path)
}

// TokenKey is the key that playback tokens are signed with.
func (s *Secrets) TokenKey() []byte { return s.token }

// Wrap protects a track's key for storage.
func (s *Secrets) Wrap(trackID string, key [keySize]byte) []byte {
	return s.wrap.Seal([]byte{wrapFormat}, nil, key[:], []byte(trackID))
}

// Unwrap gives back what Wrap was given for the same track, or ErrWrapped.
func (s *Secrets) Unwrap(trackID string, wrapped []byte) (key [keySize]byte, err error) {
	if len(wrapped) < 1 || wrapped[0] != wrapFormat {
		return key, ErrWrapped
	}
	plain, err := s.wrap.Open(nil, nil, wrapped[1:], []byte(trackID))
	if err != nil || len(plain) != keySize {
		return key, ErrWrapped
	}
	return [keySize]byte(plain), nil
}
