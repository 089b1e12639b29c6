package loader

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/hls"
)

// TestClearable: what only a key system can decipher is refused with its name, before a segment is fetched.
func TestClearable(t *testing.T) {
	const segment = "#EXTINF:4,\n0.mp4\n"
	for _, c := range []struct{ text, says string }{
		{segment, ""},
		{"#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n" + segment, ""},
		{"#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x1\n#EXT-X-MAP:URI=\"i\"\n" + segment, ""},
		{"#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n#EXT-X-KEY:METHOD=AES-128,URI=\"skd://x\",KEYFORMAT=\"com.example\"\n" + segment, ""},
		{"#EXT-X-KEY:METHOD=AES-128,URI=\"skd://x\",KEYFORMAT=\"com.example\"\n" + segment, "encryption AES-128 by com.example"},
		{segment + "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"k\"\n" + segment, "encryption SAMPLE-AES by identity"},
		{"#EXT-X-KEY:METHOD=AES-256,URI=\"k\"\n" + segment, "AES-256"},
		{"#EXT-X-KEY:METHOD=AES-128,URI=\"data:,0123456789abcdef\"\n" + segment, "AES-128 by identity"},
		{"#EXT-X-KEY:METHOD=AES-128,URI=\"skd://x\",KEYFORMAT=\"com.example\",IV=0x1\n#EXT-X-MAP:URI=\"i\"\n#EXT-X-KEY:METHOD=NONE\n" + segment, "AES-128 by com.example"},
	} {
		doc, err := hls.Parse([]byte("#EXTM3U\n"+c.text+"#EXT-X-ENDLIST\n"), &url.URL{Scheme: "https", Host: "h.example", Path: "/x.m3u8"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		switch err := usable(doc.Playlist); {
		case c.says == "" && err != nil:
			t.Errorf("%q: %v", c.text, err)
		case c.says != "" && (!errors.Is(err, manifest.ErrUnsupported) || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%q: %v, want one that says %q", c.text, err, c.says)
		}
	}
}
