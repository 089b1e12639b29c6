package fetch

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
)

// CheckDigest compares a whole resource with what its server says of it in Repr-Digest (RFC 9530):
// an error that wraps ErrDigest where they differ, nil where they agree or nothing is said that we
// can check. It is for a body that is the whole resource, not a range of one.
func CheckDigest(h http.Header, body []byte) error {
	for _, member := range strings.Split(h.Get("Repr-Digest"), ",") {
		algorithm, value, _ := strings.Cut(strings.TrimSpace(member), "=")
		value, isBytes := strings.CutPrefix(value, ":")
		value, closed := strings.CutSuffix(value, ":")
		want, err := base64.StdEncoding.DecodeString(value)
		if !isBytes || !closed || err != nil {
			continue // not ours to judge: the field is advice
		}
		var got []byte
		switch strings.ToLower(algorithm) {
		case "sha-256":
			sum := sha256.Sum256(body)
			got = sum[:]
		case "sha-512":
			sum := sha512.Sum512(body)
			got = sum[:]
		default:
			continue
		}
		if subtle.ConstantTimeCompare(got, want) != 1 {
			return fmt.Errorf("%w (%s)", ErrDigest, strings.ToLower(algorithm))
		}
		return nil
	}
	return nil
}
