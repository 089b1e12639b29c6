package fetch

import (
	"net/http"
	"strings"
)

// endless tells a live stream by its response: by the headers that SHOUTcast and Icecast send with one, or by
// the server's name where it says no length.
func endless(r *http.Response) bool {
	for name := range r.Header {
		if n := strings.ToLower(name); strings.HasPrefix(n, "icy-") || strings.HasPrefix(n, "ice-") {
			return true
		}
	}
	server := strings.ToLower(r.Header.Get("Server"))
	return r.ContentLength < 0 && (strings.Contains(server, "icecast") || strings.Contains(server, "shoutcast"))
}
