package list

import (
	"errors"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/segue-audio/segue/player/manifest"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, text string
		format     Format
		want       []Item
	}{
		{"paths", "a.mp3\nb c.flac\n", None, []Item{{Location: "a.mp3"}, {Location: "b c.flac"}}},
		{"Windows", "\ufeff#EXTM3U\r\n#EXTINF:123,Artist - Title\r\nx\\a.mp3\r\n", M3U, []Item{{`x\a.mp3`, "Title", "Artist", 123 * time.Second}}},
		{"old Mac", "a.mp3\rb.mp3", None, []Item{{Location: "a.mp3"}, {Location: "b.mp3"}}},
		{"Latin-1", "caf\xe9.mp3", None, []Item{{Location: "café.mp3"}}},
		{"attributes", "#EXTM3U\n#EXTINF:-1 tvg-id=\"x\",Station\nhttp://h/s\n", M3U, []Item{{Location: "http://h/s", Title: "Station"}}},
		{"fraction, comments", "#EXTINF:1.5,T\n# a word\n\n  a.mp3  \nb.mp3", None, []Item{{"a.mp3", "T", "", 1500 * time.Millisecond}, {Location: "b.mp3"}}},
		{"nonsense lengths", "#EXTINF:1e99,T - U - V\na\n#EXTINF:NaN\nb\n", None, []Item{{Location: "a", Artist: "T", Title: "U - V"}, {Location: "b"}}},
		{"mirrors", "# radio\nhttp://a/1\nhttps://b/2\n", M3U, []Item{{Location: "http://a/1"}, {Location: "https://b/2"}}},
		{"PLS", "[playlist]\nNumberOfEntries=2\nFile2=http://b/\nTitle2=Two\nLength2=-1\nFile1=http://a/;stream.mp3\nTitle1=A - One\nLength1=61\nVersion=2\n", PLS,
			[]Item{{"http://a/;stream.mp3", "One", "A", 61 * time.Second}, {Location: "http://b/", Title: "Two"}}},
		{"PLS of Windows", "\r\n[Playlist]\r\nfile1 = http://a/?x=1&y=2\r\nTitle7=nothing\r\n", PLS, []Item{{Location: "http://a/?x=1&y=2"}}},
		{"XSPF", `<?xml version="1.0" encoding="UTF-8"?><playlist version="1" xmlns="http://xspf.org/ns/0/"><title>all</title><trackList>
			<track><location>http://a/1.mp3?a=1&amp;b=2</location><creator>A</creator><title>One</title><duration>61000</duration></track>
			<track><location>b/2.ogg</location><location>http://m/2.ogg</location></track></trackList></playlist>`, XSPF,
			[]Item{{"http://a/1.mp3?a=1&b=2", "One", "A", 61 * time.Second}, {Location: "b/2.ogg"}, {Location: "http://m/2.ogg"}}},
		{"ASX", `<ASX VERSION="3.0"><TITLE>all</TITLE><Entry><Title>Radio</Title><AUTHOR>A</AUTHOR><REF HREF="http://a/s?x=1&y=2" /><ref href="mms://b/s"/></ENTRY>
			<entry><ref href='http://c/'></ref></entry></asx>`, ASX,
			[]Item{{Location: "http://a/s?x=1&y=2", Title: "Radio", Artist: "A"}, {Location: "mms://b/s", Title: "Radio", Artist: "A"}, {Location: "http://c/"}}},
	} {
		if got := Identify([]byte(c.text)); got != c.format {
			t.Errorf("%s: format %d, want %d", c.name, got, c.format)
		}
		got, err := Parse([]byte(c.text))
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}

func TestNoList(t *testing.T) {
	for name, text := range map[string]string{
		"HLS": "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\na.ts\n", "MPD": `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"/>`,
		"words": "not found", "nothing": "", "HTML": "<!doctype html><html>", "binary": "\xff\xfb\x90\x00",
	} {
		if got := Identify([]byte(text)); got != None {
			t.Errorf("%s is %d", name, got)
		}
	}
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"empty": {"#EXTM3U\n", ErrEmpty}, "PLS without files": {"[playlist]\nTitle1=x\n", ErrEmpty}, "XSPF, broken": {"<playlist><track><location>a</loc", manifest.ErrFormat},
		"long": {strings.Repeat("#\n", MaxBytes/2+1), manifest.ErrLimit}, "many": {strings.Repeat("a\n", MaxItems+1), manifest.ErrLimit},
		"deep": {"<playlist>" + strings.Repeat("<a>", maxDepth), manifest.ErrLimit}, "encoding": {`<?xml version="1.0" encoding="koi8-r"?><playlist/>`, manifest.ErrFormat},
	} {
		if _, err := Parse([]byte(c.text)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestResolve(t *testing.T) {
	base := &url.URL{Scheme: "https", Host: "h", Path: "/lists/a.pls"}
	for location, want := range map[string]string{
		"http://a/b": "http://a/b", "b.mp3": "https://h/lists/b.mp3", "/b": "https://h/b", "icy://r:8000/": "http://r:8000/", "//x/y": "https://x/y",
		"mms://a/b": "", "file:///etc/passwd": "", "javascript:1": "", "http://%": "",
	} {
		u, err := Resolve(base, location)
		if (err == nil) != (want != "") || err == nil && u.String() != want {
			t.Errorf("%s: %v, %v", location, u, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("#EXTM3U\n#EXTINF:12.5,A - B\nx.mp3\n"))
	f.Add([]byte("\xff\xfe\r\r\n#EXTINF:"))
	f.Add([]byte("[playlist]\nFile1=a\nFile99999999999999999999=b\nTitle1=c\n"))
	f.Add([]byte("<asx><entry><ref href=a&b></entry>"))
	f.Add([]byte("<playlist><trackList><track><location>a</location><duration>1</duration>"))
	f.Fuzz(func(t *testing.T, text []byte) {
		items, err := Parse(text)
		if err != nil {
			if !errors.Is(err, manifest.ErrFormat) && !errors.Is(err, manifest.ErrLimit) {
				t.Fatal(err)
			}
			return
		}
		if len(items) == 0 || len(items) > MaxItems {
			t.Fatal(len(items))
		}
		for _, it := range items {
			if it.Location == "" || it.Duration < 0 || it.Duration > MaxDuration || len(it.Title) > MaxTextBytes+4 {
				t.Fatalf("%+v", it)
			}
			if utf8.Valid(text) && !utf8.ValidString(it.Title) {
				t.Fatalf("%q", it.Title)
			}
		}
	})
}
