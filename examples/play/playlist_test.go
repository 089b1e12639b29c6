package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segue-audio/segue/player"
	lists "github.com/segue-audio/segue/player/manifest/list"
)

func TestListItems(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("cd 1/one.mp3", "not music")
	list := write("all.m3u", "#EXTINF:61,A - One\ncd 1\\one.mp3\n"+filepath.Join(dir, "cd 1", "one.mp3")+"\n#EXTINF:-1,Radio\nhttps://h/live.m3u8\nfile://"+filepath.Join(dir, "cd%201", "one.mp3")+"\ngone.mp3\n")
	items, err := listItems(list, options{Header: []headerLine{{"A", "b"}}})
	if err != nil || len(items) != 5 {
		t.Fatalf("%d items, %v", len(items), err)
	}
	one := filepath.Join(dir, "cd 1", "one.mp3")
	if items[0].URL != one || items[0].Title != "One" || items[0].Artist != "A" || items[0].Duration != 61*time.Second {
		t.Errorf("%+v", items[0])
	}
	if items[1].URL != one || items[1].Title != "one" || items[3].URL != one {
		t.Errorf("%+v, %+v", items[1], items[3])
	}
	if items[2].URL != "https://h/live.m3u8" || items[2].Title != "Radio" || items[2].Header.Get("A") != "b" {
		t.Errorf("%+v", items[2])
	}
	if items[4].URL != filepath.Join(dir, "gone.mp3") {
		t.Errorf("%+v", items[4])
	}
	for path, want := range map[string]player.Kind{
		filepath.Join(dir, "no.m3u"): player.KindNotFound, write("empty.m3u", "#EXTM3U\n"): player.KindFile,
		write("big.m3u", strings.Repeat("#\n", lists.MaxBytes/2+1)): player.KindLimit,
	} {
		if _, err := listItems(path, options{}); !errors.Is(err, want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestListsAndStreams: both are called m3u8.
func TestListsAndStreams(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"list.m3u8": "#EXTM3U\n#EXTINF:3,X\na.mp3\n", "stream.m3u8": "#EXTM3U\r\n#EXT-X-TARGETDURATION:4\r\n#EXTINF:4,\r\na.m4s\r\n", "stream.m3u": "#EXT-X-VERSION:3\n",
		"music.mp3": "",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for arg, want := range map[string]source{"list.m3u8": sourceList, "stream.m3u8": sourceFile, "stream.m3u": sourceFile, "gone.m3u": sourceFile} {
		if got := sourceOf(arg, os.Stat); got != want {
			t.Errorf("%s: %d, want %d", arg, got, want)
		}
	}
	items, err := folderItems(".")
	if err != nil || len(items) != 3 { // what a list names is there anyway
		t.Errorf("%d items, %v", len(items), err)
	}
}
