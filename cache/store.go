// Package cache keeps bytes that are already here: media segments, the small documents that an album
// needs to be played offline, and content keys, in one SQLite file.
//
// A cache must never stop the music. Whatever goes wrong after Open is a miss or an error that the
// caller may ignore; a damaged file is put aside and begun anew. What Get gives was checked against
// its checksum, and a killed process leaves whole entries only. Content keys lie on disk wrapped
// or not at all.
package cache

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Limits and defaults.
const (
	DefaultMaxBytes     = 1 << 30   // of segments
	DefaultMaxDocuments = 64 << 20  // bytes of documents
	MaxEntryBytes       = 100 << 20 // one segment
	MaxDocumentBytes    = 8 << 20   // one document
	MaxNameBytes        = 4 << 10   // one key or name
	MaxKeyBytes         = 1 << 10   // one content key
	MaxKeys             = 20_000    // content keys
)

// Errors of the Put methods.
var (
	// ErrTooLarge: the data pass an entry's limit, or all that the store may hold.
	ErrTooLarge = errors.New("cache: entry too large")
	// ErrName: the name is empty or longer than MaxNameBytes.
	ErrName = errors.New("cache: bad name")
	// ErrClosed: the store is closed.
	ErrClosed = errors.New("cache: store is closed")
)

// Options are a Store's settings. The zero value gives a private store in memory.
type Options struct {
	Path         string // of the file; its folder is made. "" means private and in memory
	MaxBytes     int64  // of segments, the sum of their sizes; zero means DefaultMaxBytes
	MaxDocuments int64  // bytes of documents; zero means DefaultMaxDocuments
	// Secret wraps the content keys: 32 bytes that the caller keeps elsewhere (the system's key
	// store). nil means that keys are held in memory only and end with the Store.
	Secret []byte
	Logger *slog.Logger     // nil means silence
	Now    func() time.Time // for the expiry of keys; nil means time.Now
}

// Store is a cache. Its methods may be called from any goroutine, but not from the audio callback:
// they do disk I/O. Several Stores, in one process or more, may share a file. A Store owns no goroutine.
type Store struct {
	path         string
	maxBytes     int64
	maxDocuments int64
	log          *slog.Logger
	now          func() time.Time
	keys         keyring
	maxKeys      int // MaxKeys, less in tests

	// state is held for reading by every use of db and for writing by who replaces it.
	state  sync.RWMutex
	db     *database
	closed bool
	heals  int

	// writing holds a token; who writes takes it, so that this process's writers wait for each other
	// here, where ctx ends the waiting, and not in SQLite.
	writing chan struct{}
	touches touches

	hits, misses, evictions, corrupt atomic.Int64
}

// Open opens or makes a store. A file that SQLite can't use, one of a later version of this package
// included, is put aside (its name gains ".corrupt-1" and so on; the last two are kept) and the
// store begins empty. An error says that there is no place for a file at all, or that another
// process holds it for too long; a Store with Path "" always opens.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{
		path: o.Path, maxBytes: o.MaxBytes, maxDocuments: o.MaxDocuments, log: o.Logger, now: o.Now, maxKeys: MaxKeys,
		writing: make(chan struct{}, 1),
	}
	if s.maxBytes <= 0 {
		s.maxBytes = DefaultMaxBytes
	}
	if s.maxDocuments <= 0 {
		s.maxDocuments = DefaultMaxDocuments
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if err := s.keys.init(o.Secret); err != nil {
		return nil, err
	}
	db, err := s.openFile(ctx)
	if err != nil {
		return nil, fmt.Errorf("cache: open %s: %w", o.Path, err)
	}
	s.db = db
	s.writing <- struct{}{}
	return s, nil
}

// Close writes down what is pending and releases the file. Calls in flight end first, later ones
// are misses or give ErrClosed. Twice is fine.
func (s *Store) Close() error {
	<-s.writing
	defer func() { s.writing <- struct{}{} }()
	if !s.isClosed() {
		_ = s.write(context.Background(), func(*sql.Tx) error { return nil }) // for the pending touches; losing them only dulls the LRU
	}
	s.state.Lock()
	defer s.state.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.keys.forget()
	return s.db.close()
}

func (s *Store) isClosed() bool {
	s.state.RLock()
	defer s.state.RUnlock()
	return s.closed
}

// The kinds of entries: each has its own bound and its own order of use.
const (
	segment  = 0
	document = 1
)

// Get gives a segment, which is then the caller's own. A damaged one is deleted and counts as a miss.
func (s *Store) Get(ctx context.Context, key string) ([]byte, bool) { return s.get(ctx, segment, key) }

// Has tells whether the store holds a segment, without reading it: a later Get may still miss. It
// counts as no use of the segment.
func (s *Store) Has(ctx context.Context, key string) bool {
	s.state.RLock()
	defer s.state.RUnlock()
	if s.closed || ctx.Err() != nil {
		return false
	}
	var one int
	return s.db.has.QueryRow(segment, key).Scan(&one) == nil
}

// Put keeps a segment under key, in place of an earlier one, and makes room by dropping those that
// were used longest ago. The caller may change data once Put has returned. An error leaves the
// store as it was.
func (s *Store) Put(ctx context.Context, key string, data []byte) error {
	return s.put(ctx, segment, key, data)
}

// Document gives a document, as Get does a segment.
func (s *Store) Document(ctx context.Context, key string) ([]byte, bool) {
	return s.get(ctx, document, key)
}

// PutDocument keeps a document (a manifest, metadata, a cover), as Put does a segment. Documents have
// their own bound: no number of segments drives out the playlist that they are played by.
func (s *Store) PutDocument(ctx context.Context, key string, data []byte) error {
	return s.put(ctx, document, key, data)
}

// Delete drops the segment and the document of that key, as who finds their content useless does.
func (s *Store) Delete(ctx context.Context, key string) error {
	return s.exclusively(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`DELETE FROM entry WHERE key = ?`, key)
		return err
	})
}

// Stats is what a store holds and has done since it was opened.
type Stats struct {
	Hits, Misses int64 // of Get and Document
	Evictions    int64 // entries dropped to make room
	Corrupt      int64 // entries found damaged, and files put aside
	Bytes        int64 // of segments now
	Entries      int64 // segments now
	Documents    int64 // bytes of documents now
}

// Stats tells what the store holds. Bytes, Entries and Documents are zero when the file can't be read.
func (s *Store) Stats() Stats {
	st := Stats{Hits: s.hits.Load(), Misses: s.misses.Load(), Evictions: s.evictions.Load(), Corrupt: s.corrupt.Load()}
	s.state.RLock()
	defer s.state.RUnlock()
	if s.closed {
		return st
	}
	var n int64
	_ = s.db.total.QueryRow(segment).Scan(&st.Bytes, &st.Entries)
	_ = s.db.total.QueryRow(document).Scan(&st.Documents, &n)
	return st
}

// checksum guards an entry, its key included, by CRC-32C. A CRC finds what disks and crashes do; against somebody who
// can write to the file, a stronger sum beside the data would not help either.
func checksum(key string, data []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli) // made once, by the package
	return crc32.Update(crc32.Checksum([]byte(key), table), table, data)
}

func (s *Store) get(ctx context.Context, kind int, key string) ([]byte, bool) {
	data, ok := s.lookUp(ctx, kind, key)
	if !ok {
		s.misses.Add(1)
		return nil, false
	}
	s.hits.Add(1)
	return data, true
}

func (s *Store) lookUp(ctx context.Context, kind int, key string) ([]byte, bool) {
	if ctx.Err() != nil {
		return nil, false
	}
	id, sum, data, err := s.row(kind, key)
	switch {
	case errors.Is(err, sql.ErrNoRows), errors.Is(err, ErrClosed):
		return nil, false
	case err != nil:
		s.failed(ctx, "get", err)
		return nil, false
	case checksum(key, data) != sum:
		s.corrupt.Add(1)
		s.log.Warn("cache: damaged entry dropped", "key", key)
		err := s.exclusively(ctx, func(tx *sql.Tx) error {
			_, err := tx.Exec(`DELETE FROM entry WHERE id = ? AND sum = ?`, id, sum)
			return err
		})
		if err != nil {
			s.log.Warn("cache: damaged entry stays", "key", key, "error", err)
		}
		return nil, false
	}
	if s.touches.add(id) {
		s.flush()
	}
	return data, true
}

// row reads an entry. Reading takes milliseconds and isn't cut short by a context: an interrupted
// statement would cost more than it saves.
func (s *Store) row(kind int, key string) (id int64, sum uint32, data []byte, err error) {
	s.state.RLock()
	defer s.state.RUnlock()
	if s.closed {
		return 0, 0, nil, ErrClosed
	}
	err = s.db.get.QueryRow(kind, key).Scan(&id, &sum, &data)
	return id, sum, data, err
}

func (s *Store) put(ctx context.Context, kind int, key string, data []byte) error {
	if err := checkName(key); err != nil {
		return err
	}
	most, bound := int64(MaxEntryBytes), s.maxBytes
	if kind == document {
		most, bound = MaxDocumentBytes, s.maxDocuments
	}
	size := int64(len(data))
	if size > min(most, bound) {
		return fmt.Errorf("%w: %d bytes", ErrTooLarge, size)
	}
	if data == nil {
		data = []byte{} // nil would be NULL
	}
	evicted := int64(0)
	err := s.exclusively(ctx, func(tx *sql.Tx) error {
		// First out, then in: the file grows no further than it must.
		if _, err := tx.Exec(`DELETE FROM entry WHERE kind = ? AND key = ?`, kind, key); err != nil {
			return err
		}
		var err error
		if evicted, err = evict(tx, kind, bound-size); err != nil {
			return err
		}
		used, err := tick(tx)
		if err != nil {
			return err
		}
		r, err := tx.Exec(`INSERT INTO entry (kind, key, size, sum, used) VALUES (?, ?, ?, ?, ?)`,
			kind, key, size, checksum(key, data), used)
		if err != nil {
			return err
		}
		id, err := r.LastInsertId()
		if err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO content (id, data) VALUES (?, ?)`, id, data)
		return err
	})
	if err == nil {
		s.evictions.Add(evicted)
	}
	return err
}

func checkName(name string) error {
	if name == "" || len(name) > MaxNameBytes {
		return fmt.Errorf("%w: %d bytes", ErrName, len(name))
	}
	return nil
}

// evict drops entries of a kind, least recently used first, until at most bound bytes are left.
func evict(tx *sql.Tx, kind int, bound int64) (n int64, err error) {
	var bytes int64
	if err := tx.QueryRow(`SELECT bytes FROM total WHERE kind = ?`, kind).Scan(&bytes); err != nil || bytes <= bound {
		return 0, err
	}
	rows, err := tx.Query(`SELECT id, size FROM entry WHERE kind = ? ORDER BY used`, kind)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	var out []int64
	for bytes > bound && rows.Next() {
		var id, size int64
		if err := rows.Scan(&id, &size); err != nil {
			return 0, err
		}
		out = append(out, id)
		bytes -= size
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	_ = rows.Close() // before the table is written to
	for _, id := range out {
		if _, err := tx.Exec(`DELETE FROM entry WHERE id = ?`, id); err != nil {
			return 0, err
		}
	}
	return int64(len(out)), nil
}

// tick gives the next moment of the file's own clock. The order of use hangs on it, not on a
// wall clock that somebody may set back.
func tick(tx *sql.Tx) (int64, error) {
	var now int64
	err := tx.QueryRow(`UPDATE clock SET now = now + 1 RETURNING now`).Scan(&now)
	return now, err
}

// touchesHeld is how many reads are noted in memory before they are written to the file.
const touchesHeld = 64

// touches notes which entries were read, the last one at the end, so that a read needs no write.
// They are written down with the next Put, when there are too many, and by Close.
type touches struct {
	mu  sync.Mutex
	ids []int64
}

// add notes a read; full says that it is time to write them down.
func (t *touches) add(id int64) (full bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ids = append(t.ids, id)
	if len(t.ids) > 4*touchesHeld {
		t.ids = t.ids[1:] // the file takes no writes: forget the oldest
	}
	return len(t.ids)%touchesHeld == 0
}

// take hands over what was noted.
func (t *touches) take() []int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	ids := t.ids
	t.ids = nil
	return ids
}

func writeTouches(tx *sql.Tx, ids []int64) error {
	for _, id := range ids {
		now, err := tick(tx)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE entry SET used = ? WHERE id = ?`, now, id); err != nil {
			return err
		}
	}
	return nil
}

// flush writes the noted reads down, unless somebody is writing just now, who does.
func (s *Store) flush() {
	select {
	case <-s.writing:
		defer func() { s.writing <- struct{}{} }()
		if err := s.write(context.Background(), func(*sql.Tx) error { return nil }); err != nil && !errors.Is(err, ErrClosed) {
			s.log.Info("cache: order of use not written", "error", err)
		}
	default:
	}
}

// exclusively runs a transaction that writes. It waits for other writers as long as ctx allows; once
// begun, the transaction is carried through.
func (s *Store) exclusively(ctx context.Context, f func(*sql.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.writing:
	}
	defer func() { s.writing <- struct{}{} }()
	s.followFile(ctx)
	err := s.write(ctx, f)
	if err != nil && s.failedHolding(ctx, "write", err) {
		err = s.write(ctx, f) // in a new file
	}
	if err != nil && !errors.Is(err, ErrClosed) {
		return fmt.Errorf("cache: %w", err)
	}
	return err
}

// write runs f in a transaction, after the reads that were noted. s.writing is held.
func (s *Store) write(ctx context.Context, f func(*sql.Tx) error) error {
	s.state.RLock()
	defer s.state.RUnlock()
	if s.closed {
		return ErrClosed
	}
	tx, err := s.db.writer.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	if err := writeTouches(tx, s.touches.take()); err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	s.db.shrink()
	return nil
}

// followFile begins anew when the file was deleted or replaced under us: SQLite would go on writing
// to one that has no name any more. s.writing is held.
func (s *Store) followFile(ctx context.Context) {
	s.state.RLock()
	there := s.closed || s.path == "" || s.db.isAt(s.path)
	s.state.RUnlock()
	if !there {
		s.reopen(ctx, errors.New("the file was deleted or replaced"))
	}
}

// failed looks into an error of a read.
func (s *Store) failed(ctx context.Context, op string, err error) {
	select {
	case <-ctx.Done():
	case <-s.writing:
		defer func() { s.writing <- struct{}{} }()
		s.failedHolding(ctx, op, err)
	}
}

// failedHolding logs an error and, where it says that the file is damaged, begins a new one and tells
// so. s.writing is held.
func (s *Store) failedHolding(ctx context.Context, op string, err error) (renewed bool) {
	if errors.Is(err, ErrClosed) {
		return false
	}
	s.log.Warn("cache: "+op, "error", err)
	if !damaged(err) {
		return false
	}
	return s.reopen(ctx, err)
}

// maxHeals is how many new files one Store begins: on a disk that eats them all it rests.
const maxHeals = 4

// reopen replaces the database by the one at path, or by a new one where that is damaged. s.writing is held.
func (s *Store) reopen(ctx context.Context, why error) bool {
	s.state.Lock()
	defer s.state.Unlock()
	if s.closed || s.heals >= maxHeals {
		return false
	}
	s.heals++
	s.log.Warn("cache: begun anew", "error", why)
	_ = s.db.close() // what it could not write is lost with the file
	if damaged(why) {
		s.corrupt.Add(1)
		putAside(s.path, s.db.info)
	}
	s.touches.take() // ids of the old file
	db, err := s.openFile(context.WithoutCancel(ctx))
	if err != nil {
		s.log.Warn("cache: out of use", "error", err)
		s.closed = true
		return false
	}
	s.db = db
	return true
}
