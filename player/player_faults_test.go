package player_test

import (
	"bytes"
	"net/http"
)

// truncated cuts a playlist before its last segments.
func truncated(w http.ResponseWriter, r *http.Request, body []byte) {
	i := bytes.LastIndex(body, []byte("#EXTINF"))
	w.Write(body[:i+4])
}

// scrambled destroys the end of an encrypted body, where the padding is.
func scrambled(w http.ResponseWriter, r *http.Request, body []byte) {
	bad := bytes.Clone(body)
	for i := len(bad) / 2; i < len(bad); i++ {
		bad[i] = byte(i * 7)
	}
	w.Write(bad)
}
