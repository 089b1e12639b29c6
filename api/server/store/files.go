package store

import (
	"context"
	"database/sql"
)

// File is a file of the music folder as it was when it was last looked at.
type File struct {
	Path    string // below the music folder, with forward slashes
	Size    int64
	ModTime int64  // nanoseconds since 1970
	TrackID string // "" where Problem says why there is none
	Problem string // "" where there is a track
}

// File gives what is known of a path, or ErrNotFound.
func (s *Store) File(ctx context.Context, path string) (File, error) {
	f := File{Path: path}
	err := s.read.QueryRowContext(ctx, "SELECT size, mtime_ns, track_id, problem FROM files WHERE path = ?", path).
		Scan(&f.Size, &f.ModTime, &f.TrackID, &f.Problem)
	return f, notFound(err)
}

// PutFile stores what is known of a file that gives a track already stored, or none.
func (s *Store) PutFile(ctx context.Context, f File) error {
	return s.change(ctx, func(tx *sql.Tx) error { return putFile(ctx, tx, f) })
}

func putFile(ctx context.Context, tx *sql.Tx, f File) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO files (path, size, mtime_ns, track_id, problem) VALUES (?,?,?,?,?)
		ON CONFLICT (path) DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns,
			track_id = excluded.track_id, problem = excluded.problem`,
		f.Path, f.Size, f.ModTime, f.TrackID, f.Problem)
	return err
}

// Keep forgets every file whose path is not in present, and every track that no file gives any
// longer. It returns the ids of those tracks, all in one transaction.
func (s *Store) Keep(ctx context.Context, present map[string]bool) (gone []string, err error) {
	err = s.change(ctx, func(tx *sql.Tx) error {
		paths, err := column(ctx, tx, "SELECT path FROM files")
		if err != nil {
			return err
		}
		for _, p := range paths {
			if !present[p] {
				if _, err := tx.ExecContext(ctx, "DELETE FROM files WHERE path = ?", p); err != nil {
					return err
				}
			}
		}
		if gone, err = column(ctx, tx,
			"SELECT id FROM tracks WHERE NOT EXISTS (SELECT 1 FROM files WHERE files.track_id = tracks.id)"); err != nil {
			return err
		}
		for _, id := range gone {
			if err := dropTrack(ctx, tx, id); err != nil {
				return err
			}
		}
		return nil
	})
	return gone, err
}

func column(ctx context.Context, tx *sql.Tx, query string) ([]string, error) {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err says all
	var list []string
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}
