package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/dhowden/tag"

	"github.com/segue-audio/segue/player"
)

// fileItem makes an item of a local file, named by its tags or else by its file name. A file that
// can't be read is left to the player, which says so at its turn.
func fileItem(path string) player.Item {
	it := player.Item{URL: path}
	if _, err := os.Stat(path); err != nil {
		return it // errors name it in full
	}
	name := filepath.Base(path)
	it.Title = strings.TrimSuffix(name, filepath.Ext(name))
	m, err := readTags(path)
	if err != nil {
		return it
	}
	if m.Title() != "" {
		it.Title = m.Title()
	}
	it.Artist, it.Album = m.Artist(), m.Album()
	it.TrackNumber, _ = m.Track()
	return it
}

// fileCover gives the picture in a file's tags.
func fileCover(path string) ([]byte, error) {
	m, err := readTags(path)
	if err != nil {
		return nil, err
	}
	if m.Picture() == nil {
		return nil, errNoCover
	}
	return m.Picture().Data, nil
}

var errNoCover = errors.New("no cover")

func readTags(path string) (m tag.Metadata, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // a pipe would be drained, a device never ends
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	// The tag reader is another project's and has been seen to index past the end of broken tags.
	// Names are a nicety: nothing may be lost because of them.
	defer func() {
		if r := recover(); r != nil {
			m, err = nil, fmt.Errorf("%s: broken tags", path)
		}
	}()
	return tag.ReadFrom(f)
}
