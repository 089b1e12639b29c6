package fetch

import (
	"net/http"
	"strings"
)

// endless tells a live stream by its response: by the headers that SHOUTcast and Icecast send with one, or by
// the server's name where it says no length and gives no list.
func endless(r *http.Response) bool {
	for name := range r.Header {
		if n := strings.ToLower(name); strings.HasPrefix(n, "icy-") || strings.HasPrefix(n, "ice-") {
			return true
		}
	}
	server, kind := strings.ToLower(r.Header.Get("Server")), strings.ToLower(r.Header.Get("Content-Type"))
	if r.ContentLength >= 0 || !strings.Contains(server, "icecast") && !strings.Contains(server, "shoutcast") {
		return false
	}
	for _, list := range []string{"mpegurl", "scpls", "xspf", "asf", "text/", "xml"} {
		if strings.Contains(kind, list) {
			return false
		}
	}
	return true
}
