package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/segue-audio/segue/api"
)

// VariousArtists is the artist of an album whose tracks have several and name no album artist.
const VariousArtists = "Various Artists"

const albumColumns = `a.id, a.title, a.artist, a.year, a.track_count, a.duration_ms, a.cover <> ''`

func scanAlbum(row scanner, more ...any) (a api.Album, err error) {
	err = row.Scan(append([]any{&a.ID, &a.Title, &a.Artist, &a.Year, &a.TrackCount, &a.DurationMS, &a.HasCover}, more...)...)
	return a, notFound(err)
}

// Album gives one album with its tracks in playing order, or ErrNotFound.
func (s *Store) Album(ctx context.Context, id string) (api.Album, error) {
	a, err := scanAlbum(s.read.QueryRowContext(ctx, "SELECT "+albumColumns+" FROM albums a WHERE a.id = ?", id))
	if err != nil {
		return a, err
	}
	a.Tracks, err = s.trackList(ctx,
		"SELECT "+trackColumns+" FROM tracks t WHERE t.album_id = ? ORDER BY t.disc_no, t.track_no, t.title, t.id", id)
	return a, err
}

// Albums is to albums what Tracks is to tracks.
func (s *Store) Albums(ctx context.Context, cursor string, limit int) (page []api.Album, next string, err error) {
	return listPage(ctx, s, scanAlbum,
		"SELECT "+albumColumns+", a.sort_key FROM albums a WHERE a.sort_key > ? ORDER BY a.sort_key LIMIT ?", cursor, limit)
}

// Cover gives the name of an album's picture below covers/, or ErrNotFound.
func (s *Store) Cover(ctx context.Context, albumID string) (name string, err error) {
	err = s.read.QueryRowContext(ctx, "SELECT cover FROM albums WHERE id = ? AND cover <> ''", albumID).Scan(&name)
	return name, notFound(err)
}

// Covers gives the names of all pictures that an entry refers to.
func (s *Store) Covers(ctx context.Context) (map[string]bool, error) {
	return s.nameSet(ctx, "SELECT DISTINCT cover FROM tracks WHERE cover <> ''")
}

func (s *Store) nameSet(ctx context.Context, query string) (map[string]bool, error) {
	rows, err := s.read.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err says all
	set := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		set[name] = true
	}
	return set, rows.Err()
}

// refreshAlbum makes the album's row and search entries anew from its tracks, or removes them with
// the last.
func refreshAlbum(ctx context.Context, tx *sql.Tx, id string) error {
	var n sql.NullInt64
	err := tx.QueryRowContext(ctx, "SELECT n FROM albums WHERE id = ?", id).Scan(&n)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	for _, table := range []string{"albums", "album_words", "album_parts"} {
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("DELETE FROM %s WHERE rowid = ?", table), n); err != nil {
			return err
		}
	}
	var a api.Album
	var cover, named, least, most string
	err = tx.QueryRowContext(ctx, `SELECT album, max(album_artist), min(artist), max(artist), max(year), count(*), sum(duration_ms),
		coalesce((SELECT cover FROM tracks WHERE album_id = ?1 AND cover <> '' ORDER BY disc_no, track_no, title, id LIMIT 1), '')
		FROM tracks WHERE album_id = ?1 GROUP BY album_id`, id).
		Scan(&a.Title, &named, &least, &most, &a.Year, &a.TrackCount, &a.DurationMS, &cover)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	} else if err != nil {
		return err
	}
	switch {
	case named != "":
		a.Artist = named
	case least == most:
		a.Artist = least
	default:
		a.Artist = VariousArtists
	}
	a.ID = id
	res, err := tx.ExecContext(ctx, `INSERT INTO albums (n, id, sort_key, title, artist, year, track_count, duration_ms, cover)
		VALUES (?,?,?,?,?,?,?,?,?)`, n, id, albumSortKey(a), a.Title, a.Artist, a.Year, a.TrackCount, a.DurationMS, cover)
	if err != nil {
		return err
	}
	row, err := res.LastInsertId()
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO album_words (title, artist, rowid) VALUES (?,?,?)", a.Title, a.Artist, row); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO album_parts (body, rowid) VALUES (?,?)", a.Title+"\n"+a.Artist, row)
	return err
}
