package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/segue-audio/segue/player"
)

// Limits on a list of files.
const (
	maxListBytes = 16 << 20
	maxListItems = 100_000
)

var (
	errListSize  = fmt.Errorf("a list of more than %d MiB or %d entries", maxListBytes>>20, maxListItems)
	errEmptyList = errors.New("no music in it")
)

// listEntry is a line of a list with what the comment above it says.
type listEntry struct {
	location      string // a path, or a URL
	title, artist string
	duration      time.Duration // zero where unknown
}

// isList tells by its name whether a file is a list, as far as a name can tell: an HLS stream has the
// same.
func isList(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".m3u", ".m3u8":
		return true
	}
	return false
}

// isStream tells an HLS playlist, which is one piece of music, from a list of files: it has tags that
// begin with EXT-X (RFC 8216, 4.3).
func isStream(text []byte) bool {
	return bytes.HasPrefix(text, []byte("#EXT-X-")) || bytes.Contains(text, []byte("\n#EXT-X-")) ||
		bytes.Contains(text, []byte("\r#EXT-X-"))
}

// isStreamFile tells whether a file is an HLS playlist. The lists of files in a folder name what lies in
// it anyway.
func isStreamFile(path string) bool {
	if !isList(path) {
		return false
	}
	text, err := readList(path)
	return err == nil && isStream(text)
}

// readList reads a file that may be a list.
func readList(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxListBytes+1))
	if err == nil && len(text) > maxListBytes {
		err = errListSize
	}
	return text, err
}

// parseList reads a list: a path or URL in each line, and what #EXTINF says of the next one. Text that
// is not UTF-8 is taken for Latin-1, which is what lists were written in before.
func parseList(text []byte) ([]listEntry, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	all := string(text)
	if !utf8.Valid(text) {
		runes := make([]rune, len(text))
		for i, b := range text {
			runes[i] = rune(b)
		}
		all = string(runes)
	}
	var entries []listEntry
	var next listEntry
	for line := range strings.FieldsFuncSeq(all, func(r rune) bool { return r == '\n' || r == '\r' }) {
		line = strings.TrimSpace(line)
		info, isInfo := strings.CutPrefix(line, "#EXTINF:")
		switch {
		case isInfo:
			next = listInfo(info)
		case line == "", strings.HasPrefix(line, "#"):
		case len(entries) == maxListItems:
			return nil, errListSize
		default:
			next.location = line
			entries = append(entries, next)
			next = listEntry{}
		}
	}
	return entries, nil
}

// listInfo reads "123,Artist - Title": the seconds, −1 for unknown, then words. Attributes such as
// tvg-id="…" may stand between.
func listInfo(text string) (e listEntry) {
	length, words, _ := strings.Cut(text, ",")
	length, _, _ = strings.Cut(strings.TrimSpace(length), " ")
	if v, err := strconv.ParseFloat(length, 64); err == nil && v > 0 && v <= longest.Seconds() {
		e.duration = fromSeconds(v)
	}
	words = strings.TrimSpace(words)
	if artist, title, both := strings.Cut(words, " - "); both {
		e.artist, e.title = strings.TrimSpace(artist), strings.TrimSpace(title)
	} else {
		e.title = words
	}
	return e
}

// listItems makes items of a list in a file. Paths in it are relative to its folder. A list in it is an
// HLS stream, or an error at its turn: lists don't nest.
func listItems(path string, o options) ([]player.Item, error) {
	fail := func(err error) ([]player.Item, error) {
		kind := player.KindFile
		switch {
		case errors.Is(err, errListSize):
			kind = player.KindLimit
		case errors.Is(err, fs.ErrNotExist):
			kind = player.KindNotFound
		}
		return nil, &player.Error{Kind: kind, Op: "read the list", Title: path, Fatal: true, Err: err}
	}
	text, err := readList(path)
	if err != nil {
		return fail(err)
	}
	entries, err := parseList(text)
	if err == nil && len(entries) == 0 {
		err = errEmptyList
	}
	if err != nil {
		return fail(err)
	}
	dir := filepath.Dir(path)
	return itemsOf(len(entries), func(i int) player.Item { return entries[i].item(dir, o) }), nil
}

// item makes an item of an entry in a list that lies in dir. The list's words are used where the file
// says nothing.
func (e listEntry) item(dir string, o options) player.Item {
	if scheme, _, ok := strings.Cut(e.location, ":"); ok && isScheme(scheme) {
		if it, err := urlItem(e.location, o); err == nil && scheme != "file" {
			it.Title, it.Artist, it.Duration = e.title, e.artist, e.duration
			return it
		}
	}
	it := fileItem(e.path(dir))
	if it.Artist == "" && e.title != "" {
		it.Title, it.Artist = e.title, e.artist
	}
	if it.Duration == 0 {
		it.Duration = e.duration
	}
	return it
}

// path is where an entry's file lies. Programs of Windows write backslashes.
func (e listEntry) path(dir string) string {
	location := e.location
	if u, err := url.Parse(location); err == nil && u.Scheme == "file" && u.Path != "" {
		location = u.Path
	}
	within := func(p string) string {
		if filepath.IsAbs(p) {
			return p
		}
		return filepath.Join(dir, filepath.FromSlash(p))
	}
	plain := within(location)
	if _, err := os.Stat(plain); errors.Is(err, fs.ErrNotExist) && strings.Contains(location, `\`) {
		return within(strings.ReplaceAll(location, `\`, "/"))
	}
	return plain
}
