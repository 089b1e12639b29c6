package cache

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// busyMS is how long SQLite waits for another process that writes, in milliseconds.
const busyMS = 2000

// pageBytes is the size of a database page. A segment fills some ten of these; with SQLite's own
// 4 KiB, reading and writing cost a tenth more processor time, with 64 KiB they gain nothing.
const pageBytes = 16 << 10

// database is one opened file.
type database struct {
	writer *sql.DB // one connection
	reader *sql.DB // the same as writer in memory
	get    *sql.Stmt
	has    *sql.Stmt
	total  *sql.Stmt
	info   os.FileInfo // of the file that was opened; nil in memory
}

// migrations lead from each version of the schema to the next: a file of version n lacks those from
// index n on. They are appended to and never changed.
//
// Data lie in a table of their own, or else noting a read would rewrite the segment: SQLite writes
// rows as wholes. The totals are kept by triggers, so that they hold for every process on the file.
func migrations() []string {
	return []string{`
CREATE TABLE entry (
	id   INTEGER PRIMARY KEY,
	kind INTEGER NOT NULL,
	key  TEXT    NOT NULL,
	size INTEGER NOT NULL,
	sum  INTEGER NOT NULL,
	used INTEGER NOT NULL,
	UNIQUE (kind, key)
);
CREATE INDEX entry_used ON entry (kind, used, size);
CREATE TABLE content (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE total (kind INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, entries INTEGER NOT NULL);
INSERT INTO total VALUES (0, 0, 0), (1, 0, 0);
CREATE TRIGGER entry_in AFTER INSERT ON entry BEGIN
	UPDATE total SET bytes = bytes + new.size, entries = entries + 1 WHERE kind = new.kind;
END;
CREATE TRIGGER entry_out AFTER DELETE ON entry BEGIN
	DELETE FROM content WHERE id = old.id;
	UPDATE total SET bytes = bytes - old.size, entries = entries - 1 WHERE kind = old.kind;
END;
CREATE TABLE clock (now INTEGER NOT NULL);
INSERT INTO clock VALUES (0);
CREATE TABLE key (
	name    TEXT PRIMARY KEY,
	wrapped BLOB NOT NULL,
	expires INTEGER NOT NULL,
	made    INTEGER NOT NULL
);
CREATE INDEX key_made ON key (made);`}
}

// errNewer: the file was written by a later version of this package.
var errNewer = errors.New("file of a later version")

// openFile opens the database at s.path; one that can't be used is put aside first.
func (s *Store) openFile(ctx context.Context) (*database, error) {
	if s.path == "" {
		return openDatabase(ctx, "")
	}
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return nil, err
	}
	before, _ := os.Stat(s.path)
	db, err := openPatiently(ctx, s.path)
	if err == nil || !(damaged(err) || errors.Is(err, errNewer)) {
		return db, err
	}
	s.corrupt.Add(1)
	aside := putAside(s.path, before)
	s.log.Warn("cache: file put aside, begun anew", "error", err, "aside", aside)
	return openPatiently(ctx, s.path)
}

// openPatiently opens a file that others may be opening too: making it one with a write-ahead log
// needs it for oneself, and SQLite does not wait for that.
func openPatiently(ctx context.Context, path string) (*database, error) {
	const pause = 20 * time.Millisecond
	for waited := time.Duration(0); ; waited += pause {
		db, err := openDatabase(ctx, path)
		if err == nil || !busy(err) || waited >= busyMS*time.Millisecond {
			return db, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// openDatabase opens one file ("": in memory) and brings its schema up to date.
func openDatabase(ctx context.Context, path string) (_ *database, err error) {
	d := &database{}
	defer func() {
		if err != nil {
			_ = d.close()
		}
	}()
	if path != "" {
		// SQLite would make the file readable for others.
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		d.info, err = f.Stat()
		if cerr := f.Close(); err != nil || cerr != nil {
			return nil, errors.Join(err, cerr)
		}
		if !d.info.Mode().IsRegular() {
			return nil, errors.New("not a file")
		}
	}
	if d.writer, err = sql.Open("sqlite", dataSource(path)); err != nil {
		return nil, err
	}
	d.writer.SetMaxOpenConns(1)
	d.reader = d.writer
	if err := migrate(ctx, d.writer); err != nil {
		return nil, err
	}
	if path != "" {
		if d.reader, err = sql.Open("sqlite", dataSource(path)); err != nil {
			return nil, err
		}
		d.reader.SetMaxOpenConns(max(2, min(4, runtime.GOMAXPROCS(0))))
	}
	if d.get, err = d.reader.Prepare(`SELECT e.id, e.sum, c.data FROM entry e JOIN content c ON c.id = e.id WHERE e.kind = ? AND e.key = ?`); err != nil {
		return nil, err
	}
	if d.has, err = d.reader.Prepare(`SELECT 1 FROM entry WHERE kind = ? AND key = ?`); err != nil {
		return nil, err
	}
	if d.total, err = d.reader.Prepare(`SELECT bytes, entries FROM total WHERE kind = ?`); err != nil {
		return nil, err
	}
	return d, nil
}

// dataSource is the driver's name for the database.
func dataSource(path string) string {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busyMS),
		fmt.Sprintf("page_size(%d)", pageBytes),
		"auto_vacuum(incremental)", // before the file has its first page
		"journal_mode(wal)",
		"synchronous(normal)",
		"journal_size_limit(33554432)", // 32 MiB of log stay at most
		"cell_size_check(on)",
	}}
	if path == "" {
		return ":memory:?" + q.Encode()
	}
	path = filepath.ToSlash(path)
	if filepath.VolumeName(path) != "" {
		path = "/" + path // file:///C:/…
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// migrate brings the schema up to date and looks over the tables that everything hangs on.
func migrate(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.Exec(`CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)`); err != nil {
		return err
	}
	steps := migrations()
	version := 0
	err = tx.QueryRow(`SELECT version FROM schema_version`).Scan(&version)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		_, err = tx.Exec(`INSERT INTO schema_version VALUES (0)`)
	case err == nil && (version < 0 || version > len(steps)):
		err = fmt.Errorf("%w: %d", errNewer, version)
	}
	if err != nil {
		return err
	}
	for ; version < len(steps); version++ {
		if _, err := tx.Exec(steps[version]); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(`UPDATE schema_version SET version = ?`, version); err != nil {
		return err
	}
	// Counting anew reads every row but no data: a file that passes can be worked with.
	if _, err := tx.Exec(`UPDATE total SET
		bytes   = (SELECT coalesce(sum(size), 0) FROM entry NOT INDEXED WHERE kind = total.kind),
		entries = (SELECT count(*) FROM entry WHERE kind = total.kind)`); err != nil {
		return err
	}
	return tx.Commit()
}

// vacuumPages is how many free pages are given back to the file system after a write: 4 MiB, no more
// than a moment's work.
const vacuumPages = 256

// shrink gives free pages back when they are many. Some stay: the next segment wants them.
func (d *database) shrink() {
	var free int
	if d.writer.QueryRow(`PRAGMA freelist_count`).Scan(&free) != nil || free < 2*vacuumPages {
		return
	}
	rows, err := d.writer.Query("PRAGMA incremental_vacuum(" + strconv.Itoa(vacuumPages) + ")")
	if err != nil {
		return // another time
	}
	for rows.Next() { // a page is freed at each step
	}
	_ = rows.Close()
}

// isAt tells whether the file that was opened is still the one of that name.
func (d *database) isAt(path string) bool {
	now, err := os.Stat(path)
	return err == nil && os.SameFile(now, d.info)
}

// close releases the connections. It takes a database that was opened in part.
func (d *database) close() error {
	var errs []error
	for _, st := range []*sql.Stmt{d.get, d.has, d.total} {
		if st != nil {
			errs = append(errs, st.Close())
		}
	}
	if d.reader != nil && d.reader != d.writer {
		errs = append(errs, d.reader.Close())
	}
	if d.writer != nil {
		errs = append(errs, d.writer.Close())
	}
	return errors.Join(errs...)
}

// damaged tells whether an error means that the file's content is beyond use.
func damaged(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT:
		return true
	case sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_SCHEMA:
		// Our statements are right: "no such table" speaks of a file that isn't ours.
		return true
	}
	return false
}

// busy tells whether an error means that somebody else has the file just now.
func busy(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code()&0xff == sqlite3.SQLITE_BUSY || e.Code()&0xff == sqlite3.SQLITE_LOCKED)
}

// keptAside is how many damaged files are kept for whoever wants to look into them.
const keptAside = 2

// putAside renames the database at path, if it is still the file that was found damaged: another
// process may have begun a new one meanwhile. It returns the new name, "" for none.
func putAside(path string, found os.FileInfo) string {
	now, err := os.Stat(path)
	if err == nil && found != nil && !os.SameFile(now, found) {
		return ""
	}
	older, _ := filepath.Glob(globQuote(path) + ".corrupt-*")
	highest := 0
	for _, name := range older {
		if n, err := strconv.Atoi(strings.TrimPrefix(name, path+".corrupt-")); err == nil {
			highest = max(highest, n)
		}
	}
	for n := highest - keptAside + 1; n >= 1; n-- {
		if os.Remove(path+".corrupt-"+strconv.Itoa(n)) != nil {
			break
		}
	}
	aside := path + ".corrupt-" + strconv.Itoa(highest+1)
	if os.Rename(path, aside) != nil {
		aside = ""
	}
	// The log belongs to the file that is gone; a new one must not be taken for damaged by it.
	_ = os.Remove(path + "-wal")
	_ = os.Remove(path + "-shm")
	return aside
}

// globQuote makes a path mean itself to filepath.Glob.
func globQuote(path string) string {
	if runtime.GOOS == "windows" {
		return path // no escaping there
	}
	return strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`, `\`, `\\`).Replace(path)
}
