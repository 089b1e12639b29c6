package main

import (
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/manifest"
	lists "github.com/segue-audio/segue/player/manifest/list"
)

// isList tells by its name whether a file is a list, as far as a name can tell: an HLS stream has the
// same.
func isList(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".m3u", ".m3u8", ".pls", ".xspf", ".asx":
		return true
	}
	return false
}

// isStreamFile tells whether a file is an HLS playlist. The lists of files in a folder name what lies in
// it anyway.
func isStreamFile(path string) bool {
	if !isList(path) {
		return false
	}
	text, err := readList(path)
	return err == nil && lists.IsHLS(text)
}

// readList reads a file that may be a list.
func readList(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, lists.MaxBytes+1)) // longer than it may be is Parse's to refuse
}

// listItems makes items of a list in a file. Paths in it are relative to its folder. A list in it is an
// HLS stream, or an error at its turn: lists don't nest.
func listItems(path string, o options) ([]player.Item, error) {
	fail := func(err error) ([]player.Item, error) {
		kind := player.KindFile
		switch {
		case errors.Is(err, manifest.ErrLimit):
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
	entries, err := lists.Parse(text)
	if err != nil {
		return fail(err)
	}
	dir := filepath.Dir(path)
	return itemsOf(len(entries), func(i int) player.Item { return listItem(entries[i], dir, o) }), nil
}

// listItem makes an item of an entry in a list that lies in dir. The list's words are used where the file
// says nothing.
func listItem(e lists.Item, dir string, o options) player.Item {
	if scheme, _, ok := strings.Cut(e.Location, ":"); ok && isScheme(scheme) {
		if it, err := urlItem(e.Location, o); err == nil && scheme != "file" {
			it.Title, it.Artist, it.Duration = e.Title, e.Artist, e.Duration
			return it
		}
	}
	it := fileItem(listedPath(e.Location, dir))
	if it.Artist == "" && e.Title != "" {
		it.Title, it.Artist = e.Title, e.Artist
	}
	if it.Duration == 0 {
		it.Duration = e.Duration
	}
	return it
}

// listedPath is where an entry's file lies. Programs of Windows write backslashes.
func listedPath(location, dir string) string {
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
