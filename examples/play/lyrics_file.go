package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/metadata"
)

// sing gives an entry the lyrics that lie beside its file, under the same name with .lrc.
func (s *session) sing(id player.EntryID, it player.Item) {
	if it.Resolve != nil || sourceOf(it.URL, os.Stat) != sourceFile {
		return
	}
	if l, err := lyricsBeside(it.URL); err == nil {
		s.player.SetLyrics(id, l)
	}
}

func lyricsBeside(path string) (metadata.Lyrics, error) {
	f, err := os.Open(strings.TrimSuffix(path, filepath.Ext(path)) + ".lrc")
	if err != nil {
		return metadata.Lyrics{}, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, metadata.MaxTextBytes+1)) // what is longer is refused
	if err != nil {
		return metadata.Lyrics{}, err
	}
	return metadata.ParseLRC(string(text))
}
