package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Limits on what an answer may hold.
const (
	MaxAnswerBytes = 8 << 20  // JSON
	MaxCoverBytes  = 32 << 20 // a picture
)

// DefaultTimeout bounds one attempt of a call when Options.Timeout is zero.
const DefaultTimeout = 15 * time.Second

// Options adjust a Client. The zero value works.
type Options struct {
	HTTP      *http.Client  // nil means one with no cookie jar and the default transport
	Token     string        // sent as a bearer token; "" sends none
	Retry     Retry         // what to do about failures that may pass
	Timeout   time.Duration // for one attempt, its body included; zero means DefaultTimeout
	UserAgent string        // "" means "segue-api"
}

// Client calls a music service. It may be used by any number of goroutines at once, holds no
// connection of its own and needs no Close.
//
// Its methods give an *Error when the service refuses, and otherwise an error that wraps what the
// transport, the context or the decoding failed with.
type Client struct {
	base *url.URL
	opt  Options
}

// New makes a client of the service at baseURL, such as "http://127.0.0.1:8080". A path in it is
// kept: the service may live below one.
func New(baseURL string, opt Options) (*Client, error) {
	base, err := url.Parse(baseURL)
	if err != nil {
		return nil, fmt.Errorf("api: base URL: %w", err)
	}
	if base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fmt.Errorf("api: base URL %q: want http://host or https://host", baseURL)
	}
	base.Path = strings.TrimSuffix(base.Path, "/")
	base.RawPath, base.RawQuery, base.Fragment = "", "", ""
	if opt.HTTP == nil {
		opt.HTTP = &http.Client{}
	}
	if opt.Timeout == 0 {
		opt.Timeout = DefaultTimeout
	}
	if opt.UserAgent == "" {
		opt.UserAgent = "segue-api"
	}
	return &Client{base: base, opt: opt}, nil
}

// Track gives one track.
func (c *Client) Track(ctx context.Context, id string) (Track, error) {
	var t Track
	err := c.get(ctx, "track", c.url(nil, "v1", "tracks", id), &t)
	return t, err
}

// Tracks walks the whole catalogue in its order, a page at a time. After an error the walk ends.
func (c *Client) Tracks(ctx context.Context) iter.Seq2[Track, error] {
	return walk(func(cursor string) ([]Track, string, error) {
		page, err := c.TrackPage(ctx, cursor, MaxPageSize)
		return page.Items, page.NextCursor, err
	})
}

// TrackPage gives at most limit tracks from cursor on; "" starts at the first, and a limit of zero
// leaves it to the service.
func (c *Client) TrackPage(ctx context.Context, cursor string, limit int) (TrackPage, error) {
	var page TrackPage
	err := c.get(ctx, "tracks", c.url(pageQuery(cursor, limit), "v1", "tracks"), &page)
	return page, err
}

// Album gives one album with its tracks in playing order.
func (c *Client) Album(ctx context.Context, id string) (Album, error) {
	var a Album
	err := c.get(ctx, "album", c.url(nil, "v1", "albums", id), &a)
	return a, err
}

// Albums walks all albums in the catalogue's order, without their tracks. After an error the walk
// ends.
func (c *Client) Albums(ctx context.Context) iter.Seq2[Album, error] {
	return walk(func(cursor string) ([]Album, string, error) {
		page, err := c.AlbumPage(ctx, cursor, MaxPageSize)
		return page.Items, page.NextCursor, err
	})
}

// AlbumPage is to albums what TrackPage is to tracks.
func (c *Client) AlbumPage(ctx context.Context, cursor string, limit int) (AlbumPage, error) {
	var page AlbumPage
	err := c.get(ctx, "albums", c.url(pageQuery(cursor, limit), "v1", "albums"), &page)
	return page, err
}

// Search gives the tracks and albums that match text, at most limit of each; zero leaves the limit
// to the service.
func (c *Client) Search(ctx context.Context, text string, limit int) (SearchResult, error) {
	q := url.Values{"q": {text}}
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	var found SearchResult
	err := c.get(ctx, "search", c.url(q, "v1", "search"), &found)
	return found, err
}

// Cover gives the picture of an album and its media type.
func (c *Client) Cover(ctx context.Context, albumID string) (picture []byte, mediaType string, err error) {
	resp, err := c.do(ctx, call{op: "cover", method: http.MethodGet,
		url: c.url(nil, "v1", "albums", albumID, "cover"), accept: "image/*", limit: MaxCoverBytes})
	if err != nil {
		return nil, "", err
	}
	return resp.body, resp.contentType, nil
}

// Playback asks for leave to play a track. ManifestURL and DASHURL in the answer are absolute. The
// service keeps no state of it, so the call is repeated like a read when it fails.
func (c *Client) Playback(ctx context.Context, trackID string) (Playback, error) {
	var p Playback
	resp, err := c.do(ctx, call{op: "playback", method: http.MethodPost,
		url: c.url(nil, "v1", "tracks", trackID, "playback"), accept: "application/json", limit: MaxAnswerBytes})
	if err != nil {
		return p, err
	}
	if err := decode(resp.body, &p); err != nil {
		return Playback{}, fmt.Errorf("api: playback: %w", err)
	}
	if p.ManifestURL, err = absolute(resp.url, p.ManifestURL, p.ManifestPath); err != nil {
		return Playback{}, err
	}
	if p.DASHURL != "" || p.DASHPath != "" {
		if p.DASHURL, err = absolute(resp.url, p.DASHURL, p.DASHPath); err != nil {
			return Playback{}, err
		}
	}
	return p, nil
}

// absolute gives the URL of a manifest: the path is to be preferred where it is there.
func absolute(base *url.URL, where, path string) (string, error) {
	if path != "" {
		where = path
	}
	ref, err := url.Parse(where)
	if err != nil || where == "" {
		return "", fmt.Errorf("api: playback: manifest URL %q is not one", cut(where))
	}
	abs := base.ResolveReference(ref)
	if abs.Scheme != "http" && abs.Scheme != "https" {
		return "", fmt.Errorf("api: playback: manifest URL of scheme %q", cut(abs.Scheme))
	}
	return abs.String(), nil
}

// url joins path segments to the base, each escaped as one segment, so that an id can't leave its
// place.
func (c *Client) url(q url.Values, segments ...string) *url.URL {
	u := *c.base
	plain, raw := u.Path, (&url.URL{Path: u.Path}).EscapedPath()
	for _, s := range segments {
		esc := url.PathEscape(s)
		if s == "." || s == ".." { // or the server's own cleaning would climb
			esc = strings.ReplaceAll(s, ".", "%2E")
		}
		plain, raw = plain+"/"+s, raw+"/"+esc
	}
	u.Path, u.RawPath, u.RawQuery = plain, raw, q.Encode()
	return &u
}

func pageQuery(cursor string, limit int) url.Values {
	q := url.Values{}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	return q
}

// errCursor stops a walk over a service that would send it in circles.
var errCursor = errors.New("api: the service gave the same cursor twice")

func walk[T any](page func(cursor string) ([]T, string, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		for cursor := ""; ; {
			items, next, err := page(cursor)
			if err == nil && next != "" && next == cursor {
				err = errCursor
			}
			if err != nil {
				yield(zero, err)
				return
			}
			for _, it := range items {
				if !yield(it, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			cursor = next
		}
	}
}

func (c *Client) get(ctx context.Context, op string, u *url.URL, into any) error {
	resp, err := c.do(ctx, call{op: op, method: http.MethodGet, url: u, accept: "application/json", limit: MaxAnswerBytes})
	if err != nil {
		return err
	}
	if err := decode(resp.body, into); err != nil {
		return fmt.Errorf("api: %s: %w", op, err)
	}
	return nil
}

// decode reads one JSON value. Unknown members are let through, since the contract may grow;
// anything after the value is an error, since then the answer isn't what it seems.
func decode(body []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("decoding the answer: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("decoding the answer: something follows the JSON value")
	}
	return nil
}
