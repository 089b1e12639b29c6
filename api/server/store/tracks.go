package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/segue-audio/segue/api"
)

// Track is what is known of a track: what the world may see, and what stays inside.
type Track struct {
	api.Track
	Cover      string // a file below covers/; "" for none
	Packager   string // what made the renditions
	Edition    string // which packaging of the same content this is
	WrappedKey []byte // empty where the segments are in clear
}

// trackColumns and scanTrack list the same columns in the same order.
const trackColumns = `t.id, t.title, t.artist, t.album_artist, t.album, t.album_id, t.track_no, t.disc_no, t.year,
	t.genre, t.duration_ms, t.lossless, t.track_gain, t.track_peak, t.album_gain, t.album_peak`

type scanner interface{ Scan(...any) error }

func scanTrack(row scanner, more ...any) (t api.Track, err error) {
	err = row.Scan(append([]any{&t.ID, &t.Title, &t.Artist, &t.AlbumArtist, &t.Album, &t.AlbumID, &t.TrackNo, &t.DiscNo, &t.Year,
		&t.Genre, &t.DurationMS, &t.Lossless, &t.TrackGainDB, &t.TrackPeak, &t.AlbumGainDB, &t.AlbumPeak}, more...)...)
	return t, notFound(err)
}

func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// Track gives one track, or ErrNotFound.
func (s *Store) Track(ctx context.Context, id string) (Track, error) {
	var t Track
	var err error
	t.Track, err = scanTrack(s.read.QueryRowContext(ctx,
		"SELECT "+trackColumns+", t.cover, t.packager, t.edition, t.wrapped_key FROM tracks t WHERE t.id = ?", id),
		&t.Cover, &t.Packager, &t.Edition, &t.WrappedKey)
	return t, err
}

// Tracks gives at most limit tracks after cursor, and the cursor for what follows: "" after the last.
func (s *Store) Tracks(ctx context.Context, cursor string, limit int) (page []api.Track, next string, err error) {
	return listPage(ctx, s, scanTrack,
		"SELECT "+trackColumns+", t.sort_key FROM tracks t WHERE t.sort_key > ? ORDER BY t.sort_key LIMIT ?", cursor, limit)
}

// listPage reads a page of a list: query takes the sort key to go on after and how many rows to give,
// and its last column is the sort key.
func listPage[T any](ctx context.Context, s *Store, scan func(scanner, ...any) (T, error), query, cursor string, limit int) (page []T, next string, err error) {
	after, err := openCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	// One more than asked for tells whether there is a next page.
	rows, err := s.read.QueryContext(ctx, query, after, limit+1)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = rows.Close() }() // rows.Err says all
	var last string
	for rows.Next() {
		if len(page) == limit {
			return page, sealCursor(last), nil
		}
		item, err := scan(rows, &last)
		if err != nil {
			return nil, "", err
		}
		page = append(page, item)
	}
	return page, "", rows.Err()
}

func (s *Store) trackList(ctx context.Context, query string, args ...any) ([]api.Track, error) {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err says all
	var list []api.Track
	for rows.Next() {
		t, err := scanTrack(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, rows.Err()
}

// Count tells how many tracks there are.
func (s *Store) Count(ctx context.Context) (n int, err error) {
	err = s.read.QueryRowContext(ctx, "SELECT count(*) FROM tracks").Scan(&n)
	return n, err
}

// Folders gives what name makes of every track's id and edition.
func (s *Store) Folders(ctx context.Context, name func(Track) string) (map[string]bool, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT id, edition FROM tracks")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err says all
	set := map[string]bool{}
	for rows.Next() {
		var t Track
		if err := rows.Scan(&t.ID, &t.Edition); err != nil {
			return nil, err
		}
		set[name(t)] = true
	}
	return set, rows.Err()
}

// SetCover gives a track another picture.
func (s *Store) SetCover(ctx context.Context, trackID, cover string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		var album string
		err := tx.QueryRowContext(ctx, "UPDATE tracks SET cover = ? WHERE id = ? RETURNING album_id", cover, trackID).Scan(&album)
		if err != nil {
			return notFound(err)
		}
		return refreshAlbum(ctx, tx, album)
	})
}

// PutTrack stores a track and the file that it came from in one transaction. A track of the same
// id is replaced.
func (s *Store) PutTrack(ctx context.Context, t Track, f File) error {
	f.TrackID, f.Problem = t.ID, ""
	return s.change(ctx, func(tx *sql.Tx) error {
		if err := dropTrack(ctx, tx, t.ID); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `INSERT INTO tracks (id, sort_key, title, artist, album_artist, album, album_id, track_no, disc_no,
			year, genre, duration_ms, lossless, track_gain, track_peak, album_gain, album_peak, cover, packager, edition, wrapped_key)
			VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
			t.ID, trackSortKey(t.Track), t.Title, t.Artist, t.AlbumArtist, t.Album, t.AlbumID, t.TrackNo, t.DiscNo,
			t.Year, t.Genre, t.DurationMS, t.Lossless, t.TrackGainDB, t.TrackPeak, t.AlbumGainDB, t.AlbumPeak,
			t.Cover, t.Packager, t.Edition, append([]byte{}, t.WrappedKey...)) // nil would be NULL
		if err != nil {
			return err
		}
		n, err := res.LastInsertId()
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO track_words (title, artist, album, rowid) VALUES (?,?,?,?)",
			t.Title, t.Artist+" "+t.AlbumArtist, t.Album, n); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO track_parts (body, rowid) VALUES (?,?)",
			t.Title+"\n"+t.Artist+"\n"+t.Album, n); err != nil {
			return err
		}
		if err := refreshAlbum(ctx, tx, t.AlbumID); err != nil {
			return err
		}
		return putFile(ctx, tx, f)
	})
}

// dropTrack removes a track with its album's share, if it is there.
func dropTrack(ctx context.Context, tx *sql.Tx, id string) error {
	var album string
	var n int64
	err := tx.QueryRowContext(ctx, "SELECT album_id, n FROM tracks WHERE id = ?", id).Scan(&album, &n)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	} else if err != nil {
		return err
	}
	for _, table := range []string{"tracks", "track_words", "track_parts"} {
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("DELETE FROM %s WHERE rowid = ?", table), n); err != nil {
			return err
		}
	}
	return refreshAlbum(ctx, tx, album)
}
