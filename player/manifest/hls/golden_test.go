package hls

import (
	"os"
	"path/filepath"
	"testing"
)

// TestGolden compares all that is made of hand-written playlists with dumps that were checked by eye.
// SEGUE_GOLDEN=write writes them anew.
func TestGolden(t *testing.T) {
	master, err := Parse([]byte("#EXTM3U\n#EXT-X-DEFINE:NAME=\"cdn\",VALUE=\"//cdn.example/c/\"\n"+
		"#EXT-X-STREAM-INF:BANDWIDTH=1\nx.m3u8\n"), mustURL("https://h.example/media/TOKEN/t1/master.m3u8?a=b"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file, base string
		master     *Document
	}{
		{"ladder", "https://h.example/media/TOKEN/t1/master.m3u8?a=b", nil},
		{"groups", "https://h.example/media/TOKEN/t1/master.m3u8", nil},
		{"packed", "https://h.example/media/TOKEN/t1/mp3-320/index.m3u8", master},
		{"ranges", "https://h.example/media/TOKEN/t1/flac/index.m3u8?sig=S", master},
		{"lowlatency", "https://h.example/live/lo/index.m3u8?_HLS_msn=268", nil},
		{"protected", "https://h.example/media/TOKEN/t1/index.m3u8", nil},
		{"steered", "https://h.example/media/TOKEN/t1/master.m3u8", nil},
	} {
		t.Run(c.file, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata", "golden", c.file+".m3u8"))
			if err != nil {
				t.Fatal(err)
			}
			doc, err := Parse(data, mustURL(c.base), c.master)
			if err != nil {
				t.Fatal(err)
			}
			checkDocument(t, doc)
			got := dump(doc)
			path := filepath.Join("testdata", "golden", c.file+".dump")
			if os.Getenv("SEGUE_GOLDEN") == "write" {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}
