// Package origin serves what a track was packaged into: manifests, init sections, segments and the
// key, all below /media/{token}/{track}/. Playlists refer to the rest by relative URLs, so that
// one token in the path opens all of a track and nothing else. It knows the names that the
// packager gives and refuses every other.
package origin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path"
	"regexp"
	"time"

	"github.com/segue-audio/segue/api"
	"github.com/segue-audio/segue/api/server/playback"
	"github.com/segue-audio/segue/api/server/problem"
	"github.com/segue-audio/segue/api/server/secrets"
	"github.com/segue-audio/segue/api/server/store"
)

// KeyLife is how long a client may keep a key, and with it play what it has downloaded. Segue's
// player takes it as the life of the offline licence.
const KeyLife = 30 * 24 * time.Hour

const keyName = "key.bin"

// Handler answers GET and HEAD of /media/{token}/{track}/{path...}.
type Handler struct {
	store  *store.Store
	keys   *secrets.Secrets
	tokens *playback.Tokens
	root   *os.Root
	log    *slog.Logger
	now    func() time.Time
	names  *regexp.Regexp
}

// Config is what a Handler works with; all of it must be set.
type Config struct {
	Store  *store.Store
	Keys   *secrets.Secrets
	Tokens *playback.Tokens
	Root   *os.Root // of all packaged tracks; nothing outside of it can be opened
	Log    *slog.Logger
	Now    func() time.Time
}

// New makes a handler of what lies below c.Root.
func New(c Config) *Handler {
	return &Handler{c.Store, c.Keys, c.Tokens, c.Root, c.Log, c.Now,
		regexp.MustCompile(`^(master\.m3u8|manifest\.mpd|[a-z0-9-]{1,32}/(index\.m3u8|init(-dash)?\.mp4|[0-9]{1,6}\.m4s))$`)}
}

// ServeHTTP answers one request, whose path values are "token", "track" and "path".
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("track")
	expires, err := h.tokens.Check(r.PathValue("token"), id)
	switch {
	case errors.Is(err, playback.ErrExpired):
		problem.Write(w, http.StatusForbidden, api.CodeTokenExpired, "the playback token has expired; ask for a new playback")
		return
	case err != nil:
		problem.Write(w, http.StatusForbidden, api.CodeTokenInvalid, "the playback token does not open this track")
		return
	}
	t, err := h.store.Track(r.Context(), id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		problem.NotFound(w, "the track")
		return
	case err != nil:
		problem.Internal(w, r, h.log, err)
		return
	}
	switch name := r.PathValue("path"); {
	case name == keyName:
		err = h.serveKey(w, r, t)
	case h.names.MatchString(name):
		err = h.serveFile(r.Context(), w, r, t, name, expires)
	default:
		err = fs.ErrNotExist
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		problem.NotFound(w, "the file")
	case err != nil:
		problem.Internal(w, r, h.log, err)
	}
}

func (h *Handler) serveKey(w http.ResponseWriter, r *http.Request, t store.Track) error {
	if len(t.WrappedKey) == 0 {
		return fs.ErrNotExist // its segments are in clear
	}
	key, err := h.keys.Unwrap(t.ID, t.WrappedKey)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", fmt.Sprintf("private, max-age=%d", int(KeyLife.Seconds())))
	h.serve(w, r, t, keyName, bytes.NewReader(key[:]))
	return nil
}

func (h *Handler) serveFile(ctx context.Context, w http.ResponseWriter, r *http.Request, t store.Track, name string, expires time.Time) error {
	f, err := h.root.Open(path.Join(Dir(t), name))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // was only read
	kind, cache := "audio/mp4", "public, max-age=31536000, immutable"
	if manifest := manifestType(name); manifest != "" {
		// It never changes either, but whoever finds it in a cache goes on to URLs that end with the token.
		kind, cache = manifest, fmt.Sprintf("private, max-age=%d", max(0, int(expires.Sub(h.now()).Seconds())))
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", cache)
	if digest, err := reprDigest(f); err == nil {
		w.Header().Set("Repr-Digest", digest)
	}
	h.serve(w, r, t, name, f)
	return nil
}

// manifestType is the media type of a manifest; "" for other files.
func manifestType(name string) string {
	switch path.Ext(name) {
	case ".m3u8":
		return "application/vnd.apple.mpegurl"
	case ".mpd":
		return "application/dash+xml"
	}
	return ""
}

// reprDigest is the value of a Repr-Digest field (RFC 9530): by it a client sees damage that neither
// the length nor, in MP3, the format would show. A segment takes about a millisecond.
func reprDigest(f io.ReadSeeker) (string, error) {
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	_, err := f.Seek(0, io.SeekStart)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum.Sum(nil)) + ":", err
}

// serve leaves ranges, conditions and HEAD to net/http. The name below an edition is as good an
// ETag as a hash: the bytes behind it never change.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, t store.Track, name string, body io.ReadSeeker) {
	w.Header().Set("ETag", fmt.Sprintf("%q", t.ID+"."+t.Edition+"/"+name))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", time.Time{}, body)
}

// Dir is the folder of a track's packaged files. It is never written to again: another edition
// is another folder.
func Dir(t store.Track) string { return t.ID + "." + t.Edition }
