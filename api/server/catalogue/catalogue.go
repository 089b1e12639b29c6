// Package catalogue answers what music there is: lists, single entries, covers and search. It
// only reads.
package catalogue

import (
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/segue-audio/segue/api"
	"github.com/segue-audio/segue/api/server/problem"
	"github.com/segue-audio/segue/api/server/store"
)

const defaultLimit = 50

// Handler answers /v1/tracks, /v1/albums and /v1/search with what is below them.
type Handler struct {
	store  *store.Store
	covers *os.Root
	log    *slog.Logger
	mux    http.ServeMux
}

// New makes a handler of what is in st, with its pictures below covers.
func New(st *store.Store, covers *os.Root, log *slog.Logger) *Handler {
	h := &Handler{store: st, covers: covers, log: log}
	for pattern, f := range map[string]http.HandlerFunc{
		"/v1/tracks":            h.tracks,
		"/v1/tracks/{id}":       h.track,
		"/v1/albums":            h.albums,
		"/v1/albums/{id}":       h.album,
		"/v1/albums/{id}/cover": h.cover,
		"/v1/search":            h.search,
	} {
		h.mux.Handle("GET "+pattern, f)
		h.mux.Handle(pattern, problem.Methods("GET", "HEAD"))
	}
	h.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { problem.NotFound(w, "the path") })
	return h
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

func (h *Handler) tracks(w http.ResponseWriter, r *http.Request) {
	q, limit, ok := query(w, r)
	if !ok {
		return
	}
	page, next, err := h.store.Tracks(r.Context(), q.Get("cursor"), limit)
	h.answer(w, r, api.TrackPage{Items: some(page), NextCursor: next}, "the page", err)
}

func (h *Handler) track(w http.ResponseWriter, r *http.Request) {
	t, err := h.store.Track(r.Context(), r.PathValue("id"))
	h.answer(w, r, t.Track, "the track", err)
}

func (h *Handler) albums(w http.ResponseWriter, r *http.Request) {
	q, limit, ok := query(w, r)
	if !ok {
		return
	}
	page, next, err := h.store.Albums(r.Context(), q.Get("cursor"), limit)
	h.answer(w, r, api.AlbumPage{Items: some(page), NextCursor: next}, "the page", err)
}

func (h *Handler) album(w http.ResponseWriter, r *http.Request) {
	a, err := h.store.Album(r.Context(), r.PathValue("id"))
	h.answer(w, r, a, "the album", err)
}

func (h *Handler) search(w http.ResponseWriter, r *http.Request) {
	q, limit, ok := query(w, r)
	if !ok {
		return
	}
	text := q.Get("q")
	if strings.TrimSpace(text) == "" || len(text) > api.MaxQuerySize {
		problem.Write(w, http.StatusBadRequest, api.CodeBadRequest, "q must be a text of 1 to "+strconv.Itoa(api.MaxQuerySize)+" bytes")
		return
	}
	found, err := h.store.Search(r.Context(), text, limit)
	h.answer(w, r, found, "the result", err)
}

func (h *Handler) cover(w http.ResponseWriter, r *http.Request) {
	name, err := h.store.Cover(r.Context(), r.PathValue("id"))
	if err != nil {
		h.answer(w, r, nil, "the cover", err)
		return
	}
	f, err := h.covers.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		problem.NotFound(w, "the cover")
		return
	} else if err != nil {
		problem.Internal(w, r, h.log, err)
		return
	}
	defer func() { _ = f.Close() }() // was only read
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("ETag", strconv.Quote(name)) // named after its content
	w.Header().Set("Cache-Control", "private, max-age=86400")
	http.ServeContent(w, r, "", time.Time{}, f)
}

// query reads the parameters; where they can't be used it answers and says no.
func query(w http.ResponseWriter, r *http.Request) (q url.Values, limit int, ok bool) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		problem.Write(w, http.StatusBadRequest, api.CodeBadRequest, "the query can't be read")
		return nil, 0, false
	}
	limit = defaultLimit
	if s := q.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			problem.Write(w, http.StatusBadRequest, api.CodeBadRequest, "limit must be a number from 1 to "+strconv.Itoa(api.MaxPageSize))
			return nil, 0, false
		}
		limit = min(n, api.MaxPageSize)
	}
	return q, limit, true
}

func (h *Handler) answer(w http.ResponseWriter, r *http.Request, v any, what string, err error) {
	switch {
	case errors.Is(err, store.ErrNotFound):
		problem.NotFound(w, what)
		return
	case errors.Is(err, store.ErrCursor):
		problem.Write(w, http.StatusBadRequest, api.CodeBadRequest, "cursor must be one that a page gave")
		return
	case err != nil:
		problem.Internal(w, r, h.log, err)
		return
	}
	body, err := json.Marshal(v)
	if err != nil {
		problem.Internal(w, r, h.log, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "private, no-cache")
	_, _ = w.Write(body) // the client has gone: nobody is left to be told
}

// some makes an absent list an empty one: JSON knows the difference, the contract doesn't.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
