package hls

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/segue-audio/segue/player/manifest"
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

func dump(d *Document) string {
	var b strings.Builder
	if p := d.Presentation; p != nil {
		for _, r := range p.Renditions {
			fmt.Fprintf(&b, "rendition peak=%d average=%d codecs=%q name=%q\n  url  %s\n  name %s\n",
				r.Bitrate, r.Average, r.Codecs, r.Name, r.URL, d.Name(r.URL))
		}
		return b.String()
	}
	p := d.Playlist
	fmt.Fprintf(&b, "playlist ended=%v target=%v duration=%v\n", p.Ended, p.Target, p.Duration())
	if p.Trim != nil {
		fmt.Fprintf(&b, "trim start=%d length=%d rate=%d\n", p.Trim.Start, p.Trim.Length, p.TrimRate)
	}
	var init *manifest.Resource
	for i := range p.Segments {
		s := &p.Segments[i]
		if s.Init != init {
			init = s.Init
			b.WriteString("init\n" + dumpResource(init))
		}
		fmt.Fprintf(&b, "segment %d start=%v duration=%v", s.Sequence, s.Start, s.Duration)
		if s.Discontinuity {
			b.WriteString(" discontinuity")
		}
		if s.Gap {
			b.WriteString(" gap")
		}
		b.WriteString("\n" + dumpResource(&s.Resource))
		if k := s.Key; k != nil {
			fmt.Fprintf(&b, "  key  %s iv=%x\n       %s\n       %s\n", k.Method, k.IV, k.URL, k.Name)
		}
	}
	return b.String()
}

func dumpResource(r *manifest.Resource) string {
	return fmt.Sprintf("  url  %s (%d+%d)\n  name %s\n", r.URL, r.Offset, r.Length, r.Name)
}
