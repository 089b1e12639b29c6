package playback

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestTokens(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 500, time.UTC)
	tokens := NewTokens([]byte("key"), func() time.Time { return now })
	token, expires := tokens.Make("a")
	if want := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC); !expires.Equal(want) {
		t.Errorf("expires %v, want %v", expires, want)
	}
	if strings.Trim(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		t.Errorf("%q is no path segment", token)
	}
	if got, err := tokens.Check(token, "a"); err != nil || !got.Equal(expires) {
		t.Errorf("own token: %v, %v", got, err)
	}
	if _, err := tokens.Check(token, "b"); !errors.Is(err, ErrInvalid) {
		t.Errorf("other track: %v", err)
	}
	other := NewTokens([]byte("other"), func() time.Time { return now })
	if _, err := other.Check(token, "a"); !errors.Is(err, ErrInvalid) {
		t.Errorf("other key: %v", err)
	}
	for i := range token { // no bit of it may be changed
		for _, c := range []byte("A_z") {
			if bad := token[:i] + string(c) + token[i+1:]; bad != token {
				if _, err := tokens.Check(bad, "a"); !errors.Is(err, ErrInvalid) {
					t.Fatalf("changed at %d: %v", i, err)
				}
			}
		}
	}
	now = expires.Add(-time.Nanosecond)
	if _, err := tokens.Check(token, "a"); err != nil {
		t.Errorf("just before the end: %v", err)
	}
	now = expires
	if _, err := tokens.Check(token, "a"); !errors.Is(err, ErrExpired) {
		t.Errorf("at the end: %v", err)
	}
}

func FuzzCheck(f *testing.F) {
	now := func() time.Time { return time.Unix(1_800_000_000, 0) }
	tokens := NewTokens([]byte("key"), now)
	good, _ := tokens.Make("a")
	f.Add(good, "a")
	f.Add(good+"=", "a")
	f.Add("", "")
	f.Add(strings.Repeat("A", base64.RawURLEncoding.EncodedLen(tokenSize)), "a")
	f.Fuzz(func(t *testing.T, token, track string) {
		if _, err := tokens.Check(token, track); err == nil && (token != good || track != "a") {
			t.Errorf("%q opens %q", token, track)
		}
	})
}
