package playback

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"
)

// TokenLife is how long a token is good for.
const TokenLife = 12 * time.Hour

// Errors of Check.
var (
	ErrInvalid = errors.New("playback: token is not one of ours for this track")
	ErrExpired = errors.New("playback: token has expired")
)

const (
	tokenVersion = 1
	tokenClear   = 1 + 8 // version, expiry in seconds since 1970
	tokenSize    = tokenClear + sha256.Size
)

// Tokens makes and checks playback tokens: a version and an expiry, signed together with the id of
// the one track that they open. Nothing of them is stored. It is safe for use by any number of
// goroutines.
type Tokens struct {
	key []byte
	now func() time.Time
}

// NewTokens makes tokens that are signed with key; now tells the time.
func NewTokens(key []byte, now func() time.Time) *Tokens { return &Tokens{key, now} }

// Make gives a token for a track, fit to be a path segment, and the time when it ends.
func (t *Tokens) Make(trackID string) (token string, expires time.Time) {
	expires = t.now().Add(TokenLife).Truncate(time.Second).UTC()
	b := make([]byte, 0, tokenSize)
	b = append(b, tokenVersion)
	b = binary.BigEndian.AppendUint64(b, uint64(expires.Unix()))
	return base64.RawURLEncoding.EncodeToString(t.sign(b, trackID)), expires
}

// Check gives the end of a token that opens a track now; else ErrInvalid or ErrExpired.
func (t *Tokens) Check(token, trackID string) (expires time.Time, err error) {
	if len(token) != base64.RawURLEncoding.EncodedLen(tokenSize) {
		return time.Time{}, ErrInvalid
	}
	// Strict: else the unused bits of the last character would give a token four spellings.
	got, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(got) != tokenSize || got[0] != tokenVersion {
		return time.Time{}, ErrInvalid
	}
	if !hmac.Equal(t.sign(got[:tokenClear:tokenClear], trackID), got) {
		return time.Time{}, ErrInvalid
	}
	// Only what is signed is looked at further.
	expires = time.Unix(int64(binary.BigEndian.Uint64(got[1:tokenClear])), 0).UTC()
	if !t.now().Before(expires) {
		return time.Time{}, ErrExpired
	}
	return expires, nil
}

// sign appends to clear the signature of it and the track id.
func (t *Tokens) sign(clear []byte, trackID string) []byte {
	mac := hmac.New(sha256.New, t.key)
	mac.Write(clear) // of fixed length, so that it can't run into the id
	mac.Write([]byte(trackID))
	return mac.Sum(clear)
}
