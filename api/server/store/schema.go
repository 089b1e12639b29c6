package store

// migrations bring an older database up to date, one after another; PRAGMA user_version counts
// those that were applied. A published one is never edited.
func migrations() []string {
	return []string{`
CREATE TABLE tracks (
	n             INTEGER PRIMARY KEY, -- the rowid of its search entries
	id            TEXT NOT NULL UNIQUE,
	sort_key      TEXT NOT NULL,
	title         TEXT NOT NULL,
	artist        TEXT NOT NULL,
	album_artist  TEXT NOT NULL,
	album         TEXT NOT NULL,
	album_id      TEXT NOT NULL,
	track_no      INTEGER NOT NULL,
	disc_no       INTEGER NOT NULL,
	year          INTEGER NOT NULL,
	genre         TEXT NOT NULL,
	duration_ms   INTEGER NOT NULL,
	lossless      INTEGER NOT NULL,
	track_gain    REAL,
	track_peak    REAL,
	album_gain    REAL,
	album_peak    REAL,
	cover         TEXT NOT NULL, -- a file below covers/, or ''
	packager      TEXT NOT NULL, -- what made the renditions
	edition       TEXT NOT NULL, -- which packaging of the same content this is
	wrapped_key   BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX tracks_by_sort_key ON tracks (sort_key);
CREATE INDEX tracks_by_album ON tracks (album_id, disc_no, track_no, title, id);

-- Kept in step with tracks in the same transaction: grouping 100,000 tracks at each request
-- would take a second.
CREATE TABLE albums (
	n           INTEGER PRIMARY KEY, -- the rowid of its search entries
	id          TEXT NOT NULL UNIQUE,
	sort_key    TEXT NOT NULL,
	title       TEXT NOT NULL,
	artist      TEXT NOT NULL,
	year        INTEGER NOT NULL,
	track_count INTEGER NOT NULL,
	duration_ms INTEGER NOT NULL,
	cover       TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX albums_by_sort_key ON albums (sort_key);

CREATE TABLE files (
	path     TEXT PRIMARY KEY, -- below the music folder, with forward slashes
	size     INTEGER NOT NULL,
	mtime_ns INTEGER NOT NULL,
	track_id TEXT NOT NULL, -- '' where problem says why there is none
	problem  TEXT NOT NULL
) STRICT;
CREATE INDEX files_by_track ON files (track_id);

CREATE VIRTUAL TABLE track_words USING fts5 (
	title, artist, album,
	tokenize = "unicode61 remove_diacritics 2", prefix = '1 2 3');
CREATE VIRTUAL TABLE track_parts USING fts5 (
	body,
	tokenize = "trigram remove_diacritics 1");
CREATE VIRTUAL TABLE album_words USING fts5 (
	title, artist,
	tokenize = "unicode61 remove_diacritics 2", prefix = '1 2 3');
CREATE VIRTUAL TABLE album_parts USING fts5 (
	body,
	tokenize = "trigram remove_diacritics 1");
`}
}
