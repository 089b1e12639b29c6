// Package problem writes errors as problem documents (RFC 9457), in one form for the whole backend.
// It never tells a client what went wrong inside: that belongs in the log.
package problem

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"

	"github.com/segue-audio/segue/api"
)

// Write answers with status and code; detail is for people and says what to change.
func Write(w http.ResponseWriter, status int, code api.Code, detail string) {
	body, err := json.Marshal(api.Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Code: code})
	if err != nil { // a struct of texts and a number always encodes
		status, body = http.StatusInternalServerError, []byte(`{"title":"Internal Server Error","status":500}`)
	}
	h := w.Header()
	// A handler may have set these for the body that it meant to send.
	h.Del("Content-Length")
	h.Del("ETag")
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client has gone: nobody is left to be told
}

// NotFound answers that there is no such thing.
func NotFound(w http.ResponseWriter, what string) {
	Write(w, http.StatusNotFound, api.CodeNotFound, what+" does not exist here")
}

// Internal logs err and answers that something failed inside.
func Internal(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	if r.Context().Err() == nil { // else the client left, and err is only the echo of that
		log.ErrorContext(r.Context(), "request failed", "method", r.Method, "pattern", r.Pattern, "err", err)
	}
	Write(w, http.StatusInternalServerError, api.CodeInternal, "")
}

// Methods answers every request with 405 and the methods that are allowed instead.
func Methods(allowed ...string) http.Handler {
	allow := strings.Join(allowed, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allow)
		Write(w, http.StatusMethodNotAllowed, api.CodeMethod, "use "+allow)
	})
}
