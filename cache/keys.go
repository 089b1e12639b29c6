package cache

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"
)

// SecretBytes is the length of Options.Secret.
const SecretBytes = 32

// ErrSecret: the secret is not SecretBytes long.
var ErrSecret = errors.New("cache: bad secret")

// wrapInfo binds the wrapping key to its use: the same secret may serve others, under other names.
const wrapInfo = "segue/cache content key wrap 1"

// keyring wraps keys or, without a secret, holds them.
type keyring struct {
	aead cipher.AEAD // nil without a secret

	mu   sync.Mutex
	held map[string]heldKey
}

type heldKey struct {
	key     []byte
	expires time.Time
}

func (k *keyring) init(secret []byte) error {
	if secret == nil {
		k.held = make(map[string]heldKey)
		return nil
	}
	if len(secret) != SecretBytes {
		return fmt.Errorf("%w: %d bytes", ErrSecret, len(secret))
	}
	derived, err := hkdf.Key(sha256.New, secret, nil, wrapInfo, 32)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSecret, err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSecret, err)
	}
	k.aead, err = cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSecret, err)
	}
	return nil
}

// associated is what a wrapped key is bound to: moving it to another name or putting off its expiry
// makes it useless.
func associated(name string, expires int64) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(expires)), name...)
}

// forget drops the keys held in memory.
func (k *keyring) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, h := range k.held {
		clear(h.key)
	}
	clear(k.held)
}

// Key gives a content key that was put under name. One past its expiry is deleted and missing; one
// that was wrapped with another secret is missing.
func (s *Store) Key(ctx context.Context, name string) (key []byte, ok bool) {
	if ctx.Err() != nil {
		return nil, false
	}
	if s.keys.aead == nil {
		return s.keys.recall(name, s.now())
	}
	var wrapped []byte
	var expires int64
	err := s.keyRow(name, &wrapped, &expires)
	switch {
	case errors.Is(err, sql.ErrNoRows), errors.Is(err, ErrClosed):
		return nil, false
	case err != nil:
		s.failed(ctx, "key", err)
		return nil, false
	}
	key, err = s.keys.aead.Open(nil, nil, wrapped, associated(name, expires))
	if err != nil {
		// Another secret, or damage: both can't be told apart, and the next PutKey mends both.
		s.log.Info("cache: key can't be unwrapped", "name", name)
		return nil, false
	}
	if expires != 0 && !s.now().Before(time.Unix(0, expires)) {
		clear(key)
		err := s.exclusively(ctx, func(tx *sql.Tx) error {
			_, err := tx.Exec(`DELETE FROM key WHERE name = ? AND expires = ?`, name, expires)
			return err
		})
		if err != nil {
			s.log.Info("cache: expired key stays", "name", name, "error", err)
		}
		return nil, false
	}
	return key, true
}

func (s *Store) keyRow(name string, wrapped *[]byte, expires *int64) error {
	s.state.RLock()
	defer s.state.RUnlock()
	if s.closed {
		return ErrClosed
	}
	return s.db.reader.QueryRow(`SELECT wrapped, expires FROM key WHERE name = ?`, name).Scan(wrapped, expires)
}

// PutKey keeps a content key until expires (the zero time: for good): in the file, wrapped by AES-GCM
// with a key derived from Options.Secret, or in memory where there is no secret. Beyond MaxKeys the
// oldest are dropped. The caller may change key once PutKey has returned.
func (s *Store) PutKey(ctx context.Context, name string, key []byte, expires time.Time) error {
	if err := checkName(name); err != nil {
		return err
	}
	if len(key) == 0 || len(key) > MaxKeyBytes {
		return fmt.Errorf("%w: key of %d bytes", ErrTooLarge, len(key))
	}
	if s.keys.aead == nil {
		if s.isClosed() {
			return ErrClosed
		}
		s.keys.hold(name, heldKey{bytes.Clone(key), expires}, s.maxKeys)
		return nil
	}
	var until int64
	if !expires.IsZero() {
		until = expires.UnixNano()
	}
	wrapped := s.keys.aead.Seal(nil, nil, key, associated(name, until))
	return s.exclusively(ctx, func(tx *sql.Tx) error {
		made, err := tick(tx)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT OR REPLACE INTO key (name, wrapped, expires, made) VALUES (?, ?, ?, ?)`,
			name, wrapped, until, made); err != nil {
			return err
		}
		_, err = tx.Exec(`DELETE FROM key WHERE name IN (SELECT name FROM key ORDER BY made DESC LIMIT -1 OFFSET ?)`, s.maxKeys)
		return err
	})
}

func (k *keyring) recall(name string, now time.Time) ([]byte, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	h, ok := k.held[name]
	if ok && !h.expires.IsZero() && !now.Before(h.expires) {
		clear(h.key)
		delete(k.held, name)
		return nil, false
	}
	return bytes.Clone(h.key), ok
}

func (k *keyring) hold(name string, h heldKey, most int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, known := k.held[name]; !known && len(k.held) >= most {
		for other := range k.held { // any: they can all be had again
			delete(k.held, other)
			break
		}
	}
	k.held[name] = h
}
