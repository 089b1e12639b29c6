package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/segue-audio/segue/api"
	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/media"
)

// patience is how long the server may take to answer when what it would say is also at hand.
const patience = 4 * time.Second

// maxAlbums bounds the catalogue's list.
const maxAlbums = 5000

// library is the server's catalogue, backed by notes of what it said before: a track that was
// played once is found again, and played from the cache, when the server is away.
type library struct {
	client *api.Client
	hasty  *api.Client // tries once: for when the server was away a moment ago
	server string      // its URL
	notes  notes       // nil where nothing is kept
	log    *slog.Logger

	isAway atomic.Bool // the server did not answer last time
	told   sync.Once
	tell   func(error) // told once, when the notes stand in for the server

	mu    sync.Mutex
	known map[string]trackRef // by content id
}

// trackRef is what finds a track again on its server.
type trackRef struct {
	ID    string `json:"id"`
	Album string `json:"album"` // its id
}

func newLibrary(o options, n notes, log *slog.Logger, tell func(error)) (*library, error) {
	opt := api.Options{Token: o.Token, Retry: api.Retry{Attempts: 3}, UserAgent: "segue-play"}
	client, err := api.New(o.Server, opt)
	if err != nil {
		return nil, fmt.Errorf("--server: %w", err)
	}
	opt.Retry.Attempts = 1
	hasty, err := api.New(o.Server, opt)
	if err != nil {
		return nil, fmt.Errorf("--server: %w", err)
	}
	return &library{client: client, hasty: hasty, server: strings.TrimSuffix(o.Server, "/"), notes: n, log: log, tell: tell,
		known: map[string]trackRef{}}, nil
}

// ask puts a question to the server. Where the answer is also at hand, or the server was away a
// moment ago, it tries but once.
func (l *library) ask(ctx context.Context, haveNote bool, question func(context.Context, *api.Client) error) error {
	client, cancel := l.client, func() {}
	if haveNote {
		ctx, cancel = context.WithTimeout(ctx, patience)
	}
	defer cancel()
	if haveNote || l.isAway.Load() {
		client = l.hasty
	}
	err := question(ctx, client)
	l.isAway.Store(err != nil && !refused(err))
	return err
}

// instead tells that a note stands in for the server.
func (l *library) instead(err error) { l.told.Do(func() { l.tell(err) }) }

// trackItem finds a track by its id.
func (l *library) trackItem(ctx context.Context, id string) (player.Item, error) {
	known, haveNote := l.trackNote(ctx, id)
	p, err := l.playback(ctx, id, haveNote)
	if err == nil {
		l.keepTrack(ctx, id, trackNote{ContentID: p.ContentID, Track: p.Track})
		first := &ticket{lib: l, id: id, unused: &p}
		return l.item(p.Track, p.ContentID, first), nil
	}
	if !haveNote || refused(err) || ctx.Err() != nil {
		return player.Item{}, serverError("find the track", id, err)
	}
	l.instead(err)
	return l.item(known.Track, known.ContentID, &ticket{lib: l, id: id}), nil
}

// albumItems gives an album's tracks in order, found by its id or else by words of its title or
// artist. Those that can't be had are left out, with an error for each.
func (l *library) albumItems(ctx context.Context, idOrWords string) ([]player.Item, []error) {
	album, err := l.album(ctx, idOrWords)
	if errors.Is(err, player.KindNotFound) {
		if found, serr := l.search(ctx, idOrWords); serr == nil && len(found.Albums) > 0 {
			album, err = l.album(ctx, found.Albums[0].ID)
			if err == nil { // so that the same words find it offline
				l.keep(ctx, "album/"+idOrWords, album)
			}
		}
	}
	if err != nil {
		return nil, []error{err}
	}
	ids := make([]string, len(album.Tracks))
	for i, t := range album.Tracks {
		ids[i] = t.ID
	}
	return l.trackItems(ctx, ids)
}

// trackItems is trackItem for many at once, in their order.
func (l *library) trackItems(ctx context.Context, ids []string) ([]player.Item, []error) {
	items, errs := make([]player.Item, len(ids)), make([]error, len(ids))
	var group errgroup.Group
	group.SetLimit(lookups)
	for i, id := range ids {
		group.Go(func() error {
			items[i], errs[i] = l.trackItem(ctx, id)
			return nil
		})
	}
	_ = group.Wait() // errors are kept by place
	var had []player.Item
	var failed []error
	for i := range ids {
		if errs[i] != nil {
			failed = append(failed, errs[i])
			continue
		}
		had = append(had, items[i])
	}
	return had, failed
}

// album gives an album with its tracks, from the notes where the server is away.
func (l *library) album(ctx context.Context, id string) (api.Album, error) {
	var known api.Album
	haveNote := l.note(ctx, "album/"+id, &known)
	var album api.Album
	err := l.ask(ctx, haveNote, func(ctx context.Context, c *api.Client) (err error) {
		album, err = c.Album(ctx, id)
		return err
	})
	if err == nil {
		l.keep(ctx, "album/"+id, album)
		return album, nil
	}
	if !haveNote || refused(err) || ctx.Err() != nil {
		return api.Album{}, serverError("find the album", id, err)
	}
	l.instead(err)
	return known, nil
}

func (l *library) playback(ctx context.Context, id string, haveNote bool) (p api.Playback, err error) {
	err = l.ask(ctx, haveNote, func(ctx context.Context, c *api.Client) error {
		p, err = c.Playback(ctx, id)
		return err
	})
	return p, err
}

// search asks the server; there is no searching offline.
func (l *library) search(ctx context.Context, text string) (found api.SearchResult, err error) {
	err = l.ask(ctx, false, func(ctx context.Context, c *api.Client) error {
		found, err = c.Search(ctx, text, searchLimit)
		return err
	})
	if err != nil {
		return found, serverError("search", "", err)
	}
	return found, nil
}

// albums lists the first maxAlbums albums of the server.
func (l *library) albums(ctx context.Context) ([]api.Album, error) {
	var all []api.Album
	err := l.ask(ctx, false, func(ctx context.Context, c *api.Client) error {
		all = nil
		for album, err := range c.Albums(ctx) {
			if err != nil {
				return err
			}
			if all = append(all, album); len(all) == maxAlbums {
				break
			}
		}
		return nil
	})
	if err != nil {
		return nil, serverError("list the albums", "", err)
	}
	return all, nil
}

// cover gives the picture of what an item belongs to: from the file's tags, or from the server and
// then from the notes.
func (l *library) cover(ctx context.Context, it player.Item) ([]byte, error) {
	if it.Resolve == nil {
		return fileCover(it.URL)
	}
	l.mu.Lock()
	id := l.known[it.ContentID].Album
	l.mu.Unlock()
	if id == "" {
		return nil, errNoCover
	}
	key := l.noteKey("cover/" + id)
	if l.notes != nil {
		if data, ok := l.notes.Document(ctx, key); ok {
			return data, nil
		}
	}
	var data []byte
	err := l.ask(ctx, false, func(ctx context.Context, c *api.Client) (err error) {
		data, _, err = c.Cover(ctx, id)
		return err
	})
	if err == nil && l.notes != nil {
		if err := l.notes.PutDocument(ctx, key, data); err != nil {
			l.log.Debug("cover not kept", "album", id, "err", err)
		}
	}
	return data, err
}

func (l *library) item(t api.Track, contentID string, from *ticket) player.Item {
	l.mu.Lock()
	l.known[contentID] = trackRef{from.id, t.AlbumID}
	l.mu.Unlock()
	return trackItem(t, contentID, from)
}

// references gives what finds all tracks again that were looked up.
func (l *library) references() map[string]trackRef {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.known)
}

// remake completes a track's item that was saved.
func (l *library) remake(it player.Item, ref trackRef) player.Item {
	l.mu.Lock()
	l.known[it.ContentID] = ref
	l.mu.Unlock()
	it.Resolve = (&ticket{lib: l, id: ref.ID}).resolve
	return it
}

func trackItem(t api.Track, contentID string, from *ticket) player.Item {
	return player.Item{
		Resolve: from.resolve, ContentID: contentID,
		Title: t.Title, Artist: t.Artist, Album: t.Album, TrackNumber: t.TrackNo, Duration: t.Duration(),
		Tags: media.Tags{
			Title: t.Title, Artist: t.Artist, Album: t.Album, AlbumArtist: t.AlbumArtist, Genre: t.Genre,
			Track: t.TrackNo, Disc: t.DiscNo, Year: t.Year, Duration: t.Duration(),
			TrackGain: decibels(t.TrackGainDB), AlbumGain: decibels(t.AlbumGainDB),
			TrackPeak: orZero(t.TrackPeak), AlbumPeak: orZero(t.AlbumPeak),
		},
	}
}

func decibels(v *float64) *media.Decibels {
	if v == nil {
		return nil
	}
	d := media.Decibels(*v)
	return &d
}

func orZero(v *float64) float64 {
	if v == nil {
		return 0
	}
	return *v
}

// ticket asks the server for leave to play a track, as often as the player needs it.
type ticket struct {
	lib *library
	id  string

	mu     sync.Mutex
	unused *api.Playback // got when the track was looked up
}

// resolve is player.Item.Resolve.
func (t *ticket) resolve(ctx context.Context) (player.Location, error) {
	if p := t.take(); p != nil {
		return player.Location{URL: p.ManifestURL}, nil
	}
	p, err := t.lib.playback(ctx, t.id, false)
	if err != nil {
		return player.Location{}, serverError("ask leave to play", "", err)
	}
	return player.Location{URL: p.ManifestURL}, nil
}

func (t *ticket) take() *api.Playback {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.unused
	t.unused = nil
	if p != nil && !p.ExpiresAt.IsZero() && time.Until(p.ExpiresAt) < time.Minute {
		return nil
	}
	return p
}

// refused tells whether the server answered and meant it; everything else may pass.
func refused(err error) bool {
	var e *api.Error
	return errors.As(err, &e) && e.Status < 500 && e.Status != http.StatusTooManyRequests
}

// serverError gives a failure of the API its place among the player's kinds.
func serverError(op, title string, err error) *player.Error {
	e := &player.Error{Kind: player.KindUnknown, Op: op, Title: title, Fatal: true, Err: err}
	var answer *api.Error
	var transport *url.Error
	switch {
	case errors.As(err, &answer):
		e.Kind = kindOfStatus(answer.Status)
	case errors.Is(err, context.DeadlineExceeded):
		e.Kind = player.KindTimeout
	case errors.Is(err, context.Canceled):
		e.Kind = player.KindCanceled
	case errors.As(err, &transport):
		e.Kind = player.KindNetwork
	}
	return e
}

func kindOfStatus(status int) player.Kind {
	switch {
	case status == http.StatusUnauthorized:
		return player.KindUnauthorized
	case status == http.StatusForbidden:
		return player.KindForbidden
	case status == http.StatusNotFound, status == http.StatusGone:
		return player.KindNotFound
	case status >= 500:
		return player.KindServer
	}
	return player.KindStatus
}

func asPlayerError(err error) *player.Error {
	var e *player.Error
	if errors.As(err, &e) {
		return e
	}
	return &player.Error{Kind: player.KindUnknown, Fatal: true, Err: err}
}
