package fetch

import (
	"errors"
	"net/http"
	"testing"
)

func TestCheckDigest(t *testing.T) {
	const (
		helloSHA256 = "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:"
		helloSHA512 = "sha-512=:m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw==:"
	)
	for _, tt := range []struct {
		field string
		body  string
		ok    bool
	}{
		{"", "anything", true},
		{helloSHA256, "hello", true},
		{helloSHA512, "hello", true},
		{helloSHA256, "hellO", false},
		{helloSHA512, "", false},
		{"unixsum=:AAA=:, " + helloSHA256, "hellO", false},
		{" SHA-256=" + helloSHA256[len("sha-256="):] + " ", "hello", true},
		{"md5=:AAA=:", "hello", true},
		{"sha-256=LPJNul", "hello", true},
		{"sha-256=:???:", "hello", true},
		{"sha-256=::", "hello", false},
	} {
		h := http.Header{"Repr-Digest": {tt.field}}
		if err := CheckDigest(h, []byte(tt.body)); (err == nil) != tt.ok || err != nil && !errors.Is(err, ErrDigest) {
			t.Errorf("%q of %q: %v", tt.field, tt.body, err)
		}
	}
}

func FuzzCheckDigest(f *testing.F) {
	f.Add("sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:", []byte("hello"))
	f.Add("sha-512=:, a,,=:=", []byte{})
	f.Fuzz(func(t *testing.T, field string, body []byte) {
		if err := CheckDigest(http.Header{"Repr-Digest": {field}}, body); err != nil && !errors.Is(err, ErrDigest) {
			t.Error(err)
		}
	})
}
