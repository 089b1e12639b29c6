package player_test

import (
	"bytes"
	"net/http"

	"github.com/segue-audio/segue/player/playertest"
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

// withEmptyEnd adds a segment in clear that holds nothing but a header, as ffmpeg does at times.
func withEmptyEnd(w http.ResponseWriter, r *http.Request, body []byte) {
	w.Write(bytes.Replace(body, []byte("#EXT-X-ENDLIST"), []byte("#EXT-X-KEY:METHOD=NONE\n#EXTINF:0.01,\nempty.m4s\n#EXT-X-ENDLIST"), 1))
}

// emptySegment is a styp box and nothing more.
func emptySegment(s *playertest.Service) {
	s.Put("/t0/flac16/empty.m4s", []byte("\x00\x00\x00\x18stypmsdh\x00\x00\x00\x00msdhmsix"))
}
