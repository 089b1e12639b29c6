package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/segue-audio/segue/player"
)

func TestSourceOf(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"there.txt", "album:real", "http:odd"} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for arg, want := range map[string]source{
		"there.txt": sourceFile, "album:real": sourceFile, "http:odd": sourceFile, dir: sourceFolder, ".": sourceFolder,
		"http://h/a.m3u8": sourceURL, "HTTPS://h/": sourceURL, "file:///x.mp3": sourceURL, "ftp://x/y": sourceURL,
		"album:abc": sourceAlbum, "abc123": sourceTrack, "0": sourceTrack,
		"missing.flac": sourceFile, "./missing": sourceFile, `C:\music\x`: sourceFile, "a/b": sourceFile, "LOUD.MP3": sourceFile,
	} {
		if got := sourceOf(arg, os.Stat); got != want {
			t.Errorf("%s: %d, want %d", arg, got, want)
		}
	}
}

func TestFolderItems(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b/2.flac", "b/1.mp3", "a.WAV", "cover.jpg", ".hidden/x.mp3", ".x.mp3"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("not music"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	items, err := folderItems(dir)
	var titles []string
	for _, it := range items {
		titles = append(titles, it.Title)
	}
	if err != nil || !slices.Equal(titles, []string{"a", "1", "2"}) {
		t.Errorf("%v, %v", titles, err)
	}
	if _, err := folderItems(filepath.Join(dir, ".hidden")); err != nil {
		t.Errorf("a hidden folder that was asked for: %v", err)
	}
	if _, err := folderItems(t.TempDir()); !errors.Is(err, player.KindFile) {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestMissingFileKeepsItsName(t *testing.T) {
	it := fileItem("missing.flac")
	if it.URL != "missing.flac" || it.Title != "" || itemTitle(it) != "missing.flac" {
		t.Errorf("%+v", it)
	}
}

func FuzzFileTags(f *testing.F) {
	f.Add([]byte("ID3\x03\x00\x00\x00\x00\x00\x0bTIT2\x00\x00\x00\x02\x00\x00\x00a"))
	f.Add([]byte("fLaC\x84\x00\x00\x08\xff\xff\xff\xff\x00\x00\x00\x00"))
	f.Add([]byte("\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00"))
	path := filepath.Join(f.TempDir(), "x.mp3")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if it := fileItem(path); it.Title == "" {
			t.Error("no name")
		}
		_, _ = fileCover(path)
	})
}
