// Package api is the contract between a music service and what plays from it: the wire types of
// openapi.yaml and a Client that speaks them. It knows nothing of the player and refuses to cache:
// answers are small, and what must be kept offline is kept by the player's own cache.
package api

import "time"

// Limits of the contract.
const (
	MaxPageSize  = 200 // items that one page holds at most; a greater limit is cut to it
	MaxQuerySize = 200 // bytes of a search text
)

// Track is one piece of music in the catalogue.
type Track struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Artist      string `json:"artist"`
	AlbumArtist string `json:"album_artist,omitempty"`
	Album       string `json:"album"`
	AlbumID     string `json:"album_id"`
	TrackNo     int    `json:"track_no,omitempty"` // zero where unknown
	DiscNo      int    `json:"disc_no,omitempty"`  // zero where unknown
	Year        int    `json:"year,omitempty"`     // zero where unknown
	Genre       string `json:"genre,omitempty"`
	DurationMS  int64  `json:"duration_ms"` // milliseconds to be heard

	// Lossless tells that one rendition gives every bit of the source.
	Lossless bool `json:"lossless"`

	// ReplayGain 2.0 as tagged: gains in decibels, peaks with full scale 1. Nil where untagged.
	TrackGainDB *float64 `json:"track_gain_db,omitempty"`
	TrackPeak   *float64 `json:"track_peak,omitempty"`
	AlbumGainDB *float64 `json:"album_gain_db,omitempty"`
	AlbumPeak   *float64 `json:"album_peak,omitempty"`
}

// Duration is the time to be heard.
func (t Track) Duration() time.Duration { return time.Duration(t.DurationMS) * time.Millisecond }

// Album is a group of tracks that were published together.
type Album struct {
	ID         string `json:"id"`
	Title      string `json:"title"`
	Artist     string `json:"artist"`
	Year       int    `json:"year,omitempty"` // zero where unknown
	TrackCount int    `json:"track_count"`
	DurationMS int64  `json:"duration_ms"`
	HasCover   bool   `json:"has_cover"` // whether Client.Cover will find a picture

	// Tracks are in playing order. Lists of albums leave them out.
	Tracks []Track `json:"tracks,omitempty"`
}

// TrackPage is a part of the list of all tracks.
type TrackPage struct {
	Items []Track `json:"items"`
	// NextCursor fetches the following page; "" after the last.
	NextCursor string `json:"next_cursor,omitempty"`
}

// AlbumPage is a part of the list of all albums.
type AlbumPage struct {
	Items      []Album `json:"items"`
	NextCursor string  `json:"next_cursor,omitempty"` // as in TrackPage
}

// SearchResult holds what a search text matched, the best first.
type SearchResult struct {
	Tracks []Track `json:"tracks"`
	Albums []Album `json:"albums"`
}

// Playback is leave to play one track for a while.
type Playback struct {
	// ManifestURL is an HLS multivariant playlist. Everything it refers to is under the same
	// token, so no header is needed to fetch it.
	ManifestURL string `json:"manifest_url"`

	// ManifestPath is the same playlist as a reference relative to the URL that answered. A service
	// that wasn't told its public URL gives it, since it may see another host than its clients do
	// (a proxy in between); then it is to be preferred.
	ManifestPath string `json:"manifest_path,omitempty"`

	// DASHURL is an MPD of the same segments, and DASHPath is to it as ManifestPath is to ManifestURL; "" for
	// a track that is encrypted in a way that DASH doesn't know.
	DASHURL  string `json:"dash_url,omitempty"`
	DASHPath string `json:"dash_path,omitempty"`

	// ContentID names the bytes behind the manifest, whatever host or token serves them: what was
	// cached under it once is valid for ever.
	ContentID string `json:"content_id"`

	// ExpiresAt is when the manifest and its parts stop being served.
	ExpiresAt time.Time `json:"expires_at"`

	Track Track `json:"track"`
}

// Problem is the body of every error (RFC 9457).
type Problem struct {
	Type   string `json:"type,omitempty"` // a URI; "about:blank" where the status says it all
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	Code   Code   `json:"code,omitempty"`
}

// Code names an error for programs. A client must expect codes that it doesn't know.
type Code string

// The codes that the reference backend answers with.
const (
	CodeBadRequest   Code = "bad_request"
	CodeUnauthorised Code = "unauthorised"  // no bearer token, or a wrong one
	CodeTokenInvalid Code = "token_invalid" // a playback token that was not made here, or for another track
	CodeTokenExpired Code = "token_expired" // ask for a new playback
	CodeNotFound     Code = "not_found"
	CodeMethod       Code = "method_not_allowed"
	CodeInternal     Code = "internal"
)
