package hls

import (
	"errors"
	"io/fs"
	"net/url"
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
	"hls-m3u8/master-with-req-video-layout.m3u8":                  {manifest.ErrFormat, "no parameter"},
	"hls-m3u8/master-with-defines.m3u8":                           {manifest.ErrFormat, "no parameter"},
	"hls-m3u8/media-playlist-with-queryparam.m3u8":                {manifest.ErrFormat, "no parameter"},
	"hls-m3u8/media-playlist-with-iframes-only.m3u8":              {manifest.ErrUnsupported, "I-frame"},
	"hls-m3u8/media-playlist-with-iframes-only-and-map.m3u8":      {manifest.ErrUnsupported, "I-frame"},
	"hls-m3u8/media-playlist-with-key.m3u8":                       {manifest.ErrFormat, "IV"},
	"hls-m3u8/media-playlist-with-multiple-dateranges.m3u8":       {manifest.ErrUnsupported, "SAMPLE-AES"},
	"hls-m3u8/media-playlist-with-skip.m3u8":                      {manifest.ErrUnsupported, "delta"},
	"media3/hls/ttml-in-mp4/multivariant_playlist.m3u8":           {manifest.ErrUnsupported, "no variant has sound"},
	"media3/hls/standalone-webvtt/multivariant_playlist.m3u8":     {manifest.ErrUnsupported, "no variant has sound"},
}

func TestCorpora(t *testing.T) {
	root := corpora(t)
	seen := 0
	for _, dir := range []string{"hls-m3u8", "media3"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".m3u8" {
				return err
			}
			seen++
			name, _ := filepath.Rel(root, path)
			t.Run(name, func(t *testing.T) { checkCorpus(t, path, filepath.ToSlash(name)) })
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 50 {
		t.Errorf("only %d playlists in %s", seen, root)
	}
}

func checkCorpus(t *testing.T, path, name string) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := Parse(data, mustURL("https://h.example/music/"+name), nil)
	want, bad := refused[name]
	switch {
	case bad && !errors.Is(err, want.err):
		t.Fatalf("error %v, want %v", err, want.err)
	case bad && !strings.Contains(err.Error(), want.says):
		t.Fatalf("error %q does not say %q", err, want.says)
	case bad:
		return
	case err != nil:
		t.Fatal(err)
	}
	checkDocument(t, doc)
	// Counts that come from the text alone, by another road than the parser's.
	text := string(data)
	if p := doc.Playlist; p != nil {
		if n := strings.Count(text, "\n#EXTINF:"); len(p.Segments) != n {
			t.Errorf("%d segments, the text has %d", len(p.Segments), n)
		}
		if ended := strings.Contains(text, "#EXT-X-ENDLIST"); p.Ended != ended {
			t.Errorf("Ended %v", p.Ended)
		}
	}
}

// checkDocument holds what must be true of every document.
func checkDocument(t testing.TB, doc *Document) {
	t.Helper()
	if (doc.Presentation == nil) == (doc.Playlist == nil) {
		t.Fatalf("not exactly one of presentation and playlist: %+v", doc)
	}
	if p := doc.Presentation; p != nil {
		if len(p.Renditions) == 0 {
			t.Fatal("no renditions")
		}
		for i, r := range p.Renditions {
			if r.URL == nil || i > 0 && r.Bitrate < p.Renditions[i-1].Bitrate {
				t.Fatalf("rendition %d: %+v", i, r)
			}
		}
		return
	}
	p := doc.Playlist
	names := map[string]string{}
	for i := range p.Segments {
		s := &p.Segments[i]
		if i > 0 {
			before := &p.Segments[i-1]
			if s.Start != before.Start+before.Duration || s.Sequence != before.Sequence+1 {
				t.Fatalf("segment %d: start %v, sequence %d", i, s.Start, s.Sequence)
			}
		}
		if s.URL == nil || s.Duration < 0 || s.Duration.Seconds() > p.Target.Seconds()+0.5 ||
			s.Length < 0 || s.Offset < 0 || s.Sequence < 0 {
			t.Fatalf("segment %d: %+v, target %v", i, s, p.Target)
		}
		if s.Key != nil && (s.Key.URL == nil || s.Key.Method != "AES-128") {
			t.Fatalf("segment %d: key %+v", i, s.Key)
		}
		u := *s.URL
		u.User = nil
		id := part(u.String(), s.Offset, s.Length)
		if other, ok := names[s.Name]; ok && other != id {
			t.Fatalf("%q names both %s and %s", s.Name, other, id)
		}
		names[s.Name] = id
	}
}

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}
