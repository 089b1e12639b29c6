package hls

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/segue-audio/segue/player/manifest"
)

// corpora finds the files that others made: SEGUE_CORPORA, or beside the project's root.
func corpora(t testing.TB) string {
	dir := os.Getenv("SEGUE_CORPORA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "corpora")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no corpora at %s: set SEGUE_CORPORA", dir)
	}
	return dir
}

// refused lists the playlists of the corpora that we must not accept, and why.
var refused = map[string]struct {
	err  error
	says string
}{
	"hls-m3u8/media-playlist-with-cue-out-in-without-oatcls.m3u8": {manifest.ErrFormat, "cut short"},
	"hls-m3u8/bad-media-playlist-with-gap.m3u8":                   {manifest.ErrFormat, "URI without EXTINF"},
	"hls-m3u8/master-with-hlsv7.m3u8":                             {manifest.ErrUnsupported, "no variant has sound"},
	"hls-m3u8/master-with-defines-invalid.m3u8":                   {manifest.ErrFormat, "Define1"},
	"hls-m3u8/master-with-req-video-layout.m3u8":                  {manifest.ErrUnsupported, "no variant has sound"},
	"hls-m3u8/media-playlist-with-queryparam.m3u8":                {manifest.ErrFormat, "Define3"}, // IMPORT without a master
	"hls-m3u8/media-playlist-with-iframes-only.m3u8":              {manifest.ErrUnsupported, "I-frame"},
	"hls-m3u8/media-playlist-with-iframes-only-and-map.m3u8":      {manifest.ErrUnsupported, "I-frame"},
	"hls-m3u8/media-playlist-with-key.m3u8":                       {manifest.ErrFormat, "IV"},
	"hls-m3u8/media-playlist-with-skip.m3u8":                      {manifest.ErrUpdate, "no playlist from before"},
	"media3/hls/ttml-in-mp4/multivariant_playlist.m3u8":           {manifest.ErrUnsupported, "no variant has sound"},
	"media3/hls/standalone-webvtt/multivariant_playlist.m3u8":     {manifest.ErrUnsupported, "no variant has sound"},
	"media3/m3u8/media_playlist_vod_empty":                        {manifest.ErrFormat, "no segments"},

	"media3/m3u8/live_low_latency_media_can_skip_skipped":                               {manifest.ErrUpdate, "no playlist"},
	"media3/m3u8/live_low_latency_media_can_skip_skipped_media_sequence_no_overlapping": {manifest.ErrUpdate, "no playlist"},
	"media3/m3u8/live_low_latency_media_can_skip_until_and_block_reload_next_skipped":   {manifest.ErrUpdate, "no playlist"},
}

// corpus gives the playlists of the corpora by name, in the order of the names.
func corpus(t testing.TB, visit func(name string, data []byte)) (seen int) {
	root := corpora(t)
	for _, dir := range []string{"hls-m3u8", "media3"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".m3u8" && filepath.Base(filepath.Dir(path)) != "m3u8" {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			seen++
			name, err := filepath.Rel(root, path)
			visit(filepath.ToSlash(name), data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return seen
}

const corpusBase = "https://h.example/music/"

// TestCorpora: every playlist that others made gives the model that was checked by eye, or the error that it
// should. SEGUE_GOLDEN=write writes the models anew.
func TestCorpora(t *testing.T) {
	golden := filepath.Join("testdata", "corpora.dump")
	var all strings.Builder
	seen := corpus(t, func(name string, data []byte) {
		t.Run(name, func(t *testing.T) {
			fmt.Fprintf(&all, "== %s\n%s", name, checkCorpus(t, name, data))
		})
	})
	if seen < 90 {
		t.Errorf("only %d playlists", seen)
	}
	if os.Getenv("SEGUE_GOLDEN") == "write" {
		if err := os.WriteFile(golden, []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	got, wanted := strings.SplitAfter(all.String(), "\n"), strings.SplitAfter(string(want), "\n")
	for i, line := range got {
		if i >= len(wanted) || line != wanted[i] {
			t.Fatalf("line %d of %s: got\n%s, want\n%s", i+1, golden, line, wanted[min(i, len(wanted)-1)])
		}
	}
	if len(got) != len(wanted) {
		t.Errorf("%d lines, %s has %d", len(got), golden, len(wanted))
	}
}

func checkCorpus(t *testing.T, name string, data []byte) string {
	doc, err := Parse(data, mustURL(corpusBase+name+"?Define2=x"), nil)
	want, bad := refused[name]
	switch {
	case bad && !errors.Is(err, want.err):
		t.Fatalf("error %v, want %v", err, want.err)
	case bad && !strings.Contains(err.Error(), want.says):
		t.Fatalf("error %q does not say %q", err, want.says)
	case bad:
		return "refused: " + err.Error() + "\n"
	case err != nil:
		t.Fatal(err)
	}
	checkDocument(t, doc)
	// Counts that come from the text alone, by another road than the parser's.
	text := string(data)
	if p := doc.Playlist; p != nil {
		n := strings.Count(text, "\n#EXTINF:")
		if k := len(p.Segments); k > 0 && p.Segments[k-1].URL == nil {
			n++
		}
		if len(p.Segments) != n {
			t.Errorf("%d segments, the text has %d", len(p.Segments), n)
		}
		parts := 0
		for i := range p.Segments {
			parts += len(p.Segments[i].Parts)
		}
		if n := strings.Count(text, "\n#EXT-X-PART:"); parts != n {
			t.Errorf("%d parts, the text has %d", parts, n)
		}
		if ended := strings.Contains(text, "#EXT-X-ENDLIST"); p.Ended != ended {
			t.Errorf("Ended %v", p.Ended)
		}
	}
	return outline(doc)
}
