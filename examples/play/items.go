package main

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/segue-audio/segue/player"
	lists "github.com/segue-audio/segue/player/manifest/list"
)

const (
	albumPrefix = "album:"
	// maxFolderItems bounds what one folder adds to the queue.
	maxFolderItems = 20_000
	// lookups is how many questions to the server are under way at once.
	lookups = 8
)

// source is what one argument stands for.
type source int

const (
	sourceFile source = iota
	sourceFolder
	sourceList
	sourceURL
	sourceAlbum
	sourceTrack
)

// sourceOf tells what arg is. What exists as a file is one; what merely looks like a file is one
// too, so that a mistyped path is reported as a missing file and not as an unknown track.
func sourceOf(arg string, stat func(string) (fs.FileInfo, error)) source {
	if info, err := stat(arg); err == nil {
		switch {
		case info.IsDir():
			return sourceFolder
		case info.Mode().IsRegular() && isList(arg):
			if text, err := readList(arg); err != nil || !lists.IsHLS(text) {
				return sourceList
			}
		}
		return sourceFile
	}
	if strings.HasPrefix(arg, albumPrefix) {
		return sourceAlbum
	}
	if scheme, _, ok := strings.Cut(arg, ":"); ok && isScheme(scheme) {
		return sourceURL
	}
	if strings.ContainsAny(arg, `/\`) || isMusicFile(arg) || isList(arg) {
		return sourceFile
	}
	return sourceTrack
}

// isScheme: RFC 3986, 3.1, with at least two letters so that C:\ is none.
func isScheme(s string) bool {
	letters := "abcdefghijklmnopqrstuvwxyz"
	s = strings.ToLower(s)
	return len(s) > 1 && strings.ContainsAny(s[:1], letters) && strings.Trim(s, letters+"0123456789+-.") == ""
}

func isMusicFile(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".mp3", ".flac", ".wav", ".wave", ".aif", ".aiff", ".aifc", ".m4a", ".m4b", ".mp4", ".alac", ".aac", ".adts",
		".ogg", ".oga", ".opus":
		return true
	}
	return false
}

// gather makes queue items of the arguments, in their order. What can't be had is left out and
// reported through failed, which is called from this goroutine.
func gather(ctx context.Context, o options, lib *library, failed func(*player.Error)) []player.Item {
	type place struct {
		items []player.Item
		errs  []error
	}
	places := make([]place, 1+len(o.Args))
	if o.Queue != "" {
		items, err := listItems(o.Queue, o)
		places[0] = place{items, some(err)}
	}
	var group errgroup.Group
	group.SetLimit(lookups)
	for i, arg := range o.Args {
		group.Go(func() error {
			p := &places[1+i]
			p.items, p.errs = argumentItems(ctx, o, lib, arg)
			return nil
		})
	}
	_ = group.Wait() // errors are kept by place
	all := make([][]player.Item, len(places))
	for i, p := range places {
		all[i] = p.items
		for _, err := range p.errs {
			failed(asPlayerError(err))
		}
	}
	return slices.Concat(all...) // in one piece: twenty thousand items are ten megabytes
}

func argumentItems(ctx context.Context, o options, lib *library, arg string) ([]player.Item, []error) {
	var one player.Item
	var err error
	switch sourceOf(arg, os.Stat) {
	case sourceFolder:
		items, err := folderItems(arg)
		return items, some(err)
	case sourceList:
		items, err := listItems(arg, o)
		return items, some(err)
	case sourceFile:
		one = fileItem(arg)
	case sourceURL:
		one, err = urlItem(arg, o)
	case sourceAlbum:
		return lib.albumItems(ctx, strings.TrimPrefix(arg, albumPrefix))
	default:
		one, err = lib.trackItem(ctx, arg)
	}
	if err != nil {
		return nil, some(err)
	}
	return []player.Item{one}, nil
}

func some(err error) []error {
	if err == nil {
		return nil
	}
	return []error{err}
}

func urlItem(arg string, o options) (player.Item, error) {
	if _, err := url.Parse(arg); err != nil {
		return player.Item{}, &player.Error{Kind: player.KindArgument, Op: "read the URL", Title: shownURL(arg), Fatal: true, Err: err}
	}
	return player.Item{URL: arg, Header: headers(o.Header)}, nil
}

// folderItems gives the music in a folder and those below it, sorted by path. Hidden ones are left out.
func folderItems(dir string) ([]player.Item, error) {
	var paths []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path != dir && strings.HasPrefix(d.Name(), ".") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.Type().IsRegular() && (isMusicFile(path) || isStreamFile(path)) {
			paths = append(paths, path)
		}
		if len(paths) >= maxFolderItems {
			return fs.SkipAll
		}
		return nil
	})
	if err == nil && len(paths) == 0 {
		err = errors.New("no music in it")
	}
	if err != nil {
		return nil, &player.Error{Kind: player.KindFile, Op: "read the folder", Title: dir, Fatal: true, Err: err}
	}
	slices.Sort(paths)
	return itemsOf(len(paths), func(i int) player.Item { return fileItem(paths[i]) }), nil
}

// itemsOf makes n items, some at a time, since each may wait for a disk.
func itemsOf(n int, item func(i int) player.Item) []player.Item {
	items := make([]player.Item, n)
	var group errgroup.Group
	group.SetLimit(lookups)
	for i := range items {
		group.Go(func() error {
			items[i] = item(i)
			return nil
		})
	}
	_ = group.Wait() // no item is an error
	return items
}
