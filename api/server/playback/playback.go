// Package playback gives leave to play: it answers with the URL of a track's manifest below a
// token that is good for that track alone and for some hours.
package playback

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"path"

	"github.com/segue-audio/segue/api"
	"github.com/segue-audio/segue/api/server/problem"
	"github.com/segue-audio/segue/api/server/store"
)

// Handler answers POST /v1/tracks/{id}/playback.
type Handler struct {
	Store interface {
		Track(ctx context.Context, id string) (store.Track, error)
	}
	Tokens *Tokens
	Log    *slog.Logger
	// PublicURL is where clients reach the server; nil means where the request was sent to.
	PublicURL *url.URL
}

// ServeHTTP answers one request, whose path value "id" is the track.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t, err := h.Store.Track(r.Context(), r.PathValue("id"))
	if errors.Is(err, store.ErrNotFound) {
		problem.NotFound(w, "the track")
		return
	} else if err != nil {
		problem.Internal(w, r, h.Log, err)
		return
	}
	token, expires := h.Tokens.Make(t.ID)
	media := h.base(r).JoinPath("media", token, t.ID)
	answer := api.Playback{
		ManifestURL: media.JoinPath("master.m3u8").String(),
		ContentID:   ContentID(t),
		ExpiresAt:   expires,
		Track:       t.Track,
	}
	if h.PublicURL == nil {
		// Relative to /v1/tracks/ID/playback, whatever stands before that.
		answer.ManifestPath = path.Join("../../../media", token, t.ID, "master.m3u8")
	}
	if len(t.WrappedKey) == 0 { // DASH knows no encryption of whole segments
		answer.DASHURL = media.JoinPath("manifest.mpd").String()
		if h.PublicURL == nil {
			answer.DASHPath = path.Join("../../../media", token, t.ID, "manifest.mpd")
		}
	}
	body, err := json.Marshal(answer)
	if err != nil {
		problem.Internal(w, r, h.Log, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store") // the token is a secret of whoever asked
	_, _ = w.Write(body)                        // the client has gone: nobody is left to be told
}

func (h *Handler) base(r *http.Request) *url.URL {
	if h.PublicURL != nil {
		return h.PublicURL
	}
	u := &url.URL{Scheme: "http", Host: r.Host, Path: "/"}
	if r.TLS != nil {
		u.Scheme = "https"
	}
	return u
}

// ContentID names the bytes of a track's renditions. The edition is in it because a track that
// is packaged again, on this or another host, is encrypted with another key.
func ContentID(t store.Track) string { return "segue:" + t.ID + "." + t.Edition }
