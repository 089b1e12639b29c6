// Package store keeps the backend's catalogue in SQLite: which file gave which track, what the
// tracks and albums are called, and the wrapped key of each. It refuses to know of audio and HTTP.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"modernc.org/sqlite" // also registers the driver, which is the only door that it has
	sqlite3 "modernc.org/sqlite/lib"
)

// Errors of this package.
var (
	ErrNotFound = errors.New("store: no such entry")
	ErrCursor   = errors.New("store: not a cursor that was given out")
	ErrInUse    = errors.New("store: another server has this data folder open")
	ErrNewer    = errors.New("store: the database was made by a newer version")
)

// Store is an open database. Its methods may be called by any number of goroutines.
type Store struct {
	write *sql.DB // one connection: SQLite has one writer, and waiting in Go beats SQLITE_BUSY
	read  *sql.DB
	lock  *sql.DB // holds lock.db, see own
}

// Open opens or makes the database in folder dir and claims the folder for this process.
func Open(ctx context.Context, dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s := &Store{}
	if err := s.open(ctx, dir); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, dir string) (err error) {
	if err := s.own(ctx, filepath.Join(dir, "lock.db")); err != nil {
		return err
	}
	path := filepath.Join(dir, "catalogue.db")
	if s.write, err = sql.Open("sqlite", dsn(path, "_txlock=immediate",
		"_pragma=journal_mode(WAL)", "_pragma=synchronous(NORMAL)", "_pragma=busy_timeout(5000)")); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if s.read, err = sql.Open("sqlite", dsn(path, "_pragma=query_only(1)", "_pragma=busy_timeout(5000)")); err != nil {
		return err
	}
	s.read.SetMaxOpenConns(max(4, runtime.NumCPU()))
	return s.read.PingContext(ctx)
}

// own takes a lock that the operating system lets go of however this process ends. SQLite has
// already learned how to lock a file on every system, so it is asked to.
func (s *Store) own(ctx context.Context, path string) (err error) {
	if s.lock, err = sql.Open("sqlite", dsn(path, "_pragma=locking_mode(EXCLUSIVE)", "_pragma=busy_timeout(0)")); err != nil {
		return err
	}
	s.lock.SetMaxOpenConns(1)
	_, err = s.lock.ExecContext(ctx, "BEGIN EXCLUSIVE; PRAGMA user_version = 1; COMMIT") // the mode keeps the lock past COMMIT
	var e *sqlite.Error
	if errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_BUSY {
		return ErrInUse
	}
	return err
}

func dsn(path string, params ...string) string {
	// SQLite takes "?" and "#" in a file URI as its own: the path has to be escaped.
	s := "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()
	for i, p := range params {
		s += map[bool]string{true: "?", false: "&"}[i == 0] + p
	}
	return s
}

// Close closes the database and gives the folder free. Calls in flight fail. Closing twice is fine.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.read, s.write, s.lock} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

func (s *Store) migrate(ctx context.Context) error {
	var version int
	if err := s.write.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	steps := migrations()
	if version > len(steps) {
		return fmt.Errorf("%w: schema %d, known %d", ErrNewer, version, len(steps))
	}
	for ; version < len(steps); version++ {
		err := s.change(ctx, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, steps[version]); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version+1))
			return err
		})
		if err != nil {
			return fmt.Errorf("store: migration %d: %w", version+1, err)
		}
	}
	return nil
}

// change runs f in one transaction: all of it happens, or nothing.
func (s *Store) change(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
