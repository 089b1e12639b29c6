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
	sourceURL
	sourceAlbum
	sourceTrack
)

// sourceOf tells what arg is. What exists as a file is one; what merely looks like a file is one
// too, so that a mistyped path is reported as a missing file and not as an unknown track.
func sourceOf(arg string, stat func(string) (fs.FileInfo, error)) source {
	if info, err := stat(arg); err == nil {
		if info.IsDir() {
			return sourceFolder
		}
		return sourceFile
	}
	if strings.HasPrefix(arg, albumPrefix) {
		return sourceAlbum
	}
	if scheme, _, ok := strings.Cut(arg, ":"); ok && isScheme(scheme) {
		return sourceURL
	}
	if strings.ContainsAny(arg, `/\`) || isMusicFile(arg) {
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
	case ".mp3", ".flac", ".wav", ".wave", ".m3u8":
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
	places := make([]place, len(o.Args))
	var group errgroup.Group
	group.SetLimit(lookups)
	for i, arg := range o.Args {
		group.Go(func() error {
			p := &places[i]
			p.items, p.errs = argumentItems(ctx, o, lib, arg)
			return nil
		})
	}
	_ = group.Wait() // errors are kept by place
	var items []player.Item
	for _, p := range places {
		items = append(items, p.items...)
		for _, err := range p.errs {
			failed(asPlayerError(err))
		}
	}
	return items
}

func argumentItems(ctx context.Context, o options, lib *library, arg string) ([]player.Item, []error) {
	var one player.Item
	var err error
	switch sourceOf(arg, os.Stat) {
	case sourceFolder:
		items, err := folderItems(arg)
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
		if d.Type().IsRegular() && isMusicFile(path) {
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
	items := make([]player.Item, len(paths))
	for i, path := range paths {
		items[i] = fileItem(path)
	}
	return items, nil
}
