package hls

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/internal/address"
	"github.com/segue-audio/segue/player/media"
)

const (
	mediaHead  = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n"
	masterHead = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n"
	one        = "#EXTINF:4,\n0.mp3\n"
)

// refusal is a faulty playlist, the error's kind and what it says, the line among it.
type refusal struct {
	name, text string
	err        error
	says       string
}

func TestRefusals(t *testing.T) {
	for _, c := range slices.Concat(brokenLines(), brokenAttributes(), pastLimits()) {
		t.Run(c.name, func(t *testing.T) {
			doc, err := Parse([]byte(c.text), mustURL("https://h.example/t1/index.m3u8"), nil)
			if !errors.Is(err, c.err) || doc != nil {
				t.Fatalf("document %v, error %v, want %v", doc, err, c.err)
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %q does not say %q", err, c.says)
			}
			if len(err.Error()) > 500 {
				t.Errorf("error of %d bytes", len(err.Error()))
			}
		})
	}
	if _, err := Parse([]byte(masterHead), mustURL("https://h/"+strings.Repeat("d", address.MaxBytes)), nil); !errors.Is(err, manifest.ErrLimit) {
		t.Errorf("long base: %v", err)
	}
}

// brokenLines are faults of lines and their order.
func brokenLines() []refusal {
	format, unsup, limit := manifest.ErrFormat, manifest.ErrUnsupported, manifest.ErrLimit
	return []refusal{
		{"empty", "", format, "no #EXTM3U"},
		{"only a comment", "# hello\n", format, "no #EXTM3U"},
		{"only the header", "#EXTM3U\n", format, "no tag that tells"},
		{"a web page", "<!DOCTYPE html>\n<html>", format, "line 1: does not begin"},
		{"tag before the header", "#EXT-X-VERSION:3\n#EXTM3U\n", format, "line 1"},
		{"M3U of a radio station", "#EXTM3U\nhttp://radio/stream\n", format, "line 2: a URI before"},
		{"both kinds", mediaHead + "#EXT-X-STREAM-INF:BANDWIDTH=1\n", format, "line 3: EXT-X-STREAM-INF: belongs to a multivariant"},
		{"both kinds, the other way", masterHead + "#EXTINF:4,\n", format, "line 4: EXTINF: belongs to a media"},

		{"VOD cut at a line", mediaHead + "#EXT-X-PLAYLIST-TYPE:VOD\n" + one, format, "EXT-X-ENDLIST is missing"},
		{"VOD cut in the last tag", mediaHead + "#EXT-X-PLAYLIST-TYPE:VOD\n" + one + "#EXT-X-ENDLI", format, "cut short"},
		{"cut after EXTINF", mediaHead + one + "#EXTINF:4,\n", format, "the last EXTINF has no URI"},
		{"cut in a quotation", mediaHead + `#EXT-X-KEY:METHOD=AES-128,URI="k`, format, "line 3: EXT-X-KEY: attribute URI: no closing"},
		{"cut after STREAM-INF", masterHead + "#EXT-X-STREAM-INF:BANDWIDTH=2\n", format, "has no URI"},
		{"ended and empty", mediaHead + "#EXT-X-ENDLIST\n", format, "no segments"},
		{"unknown type", mediaHead + "#EXT-X-PLAYLIST-TYPE:VO", format, "neither VOD nor EVENT"},

		{"no EXTINF", mediaHead + "0.mp3\n", format, "line 3: a URI without EXTINF"},
		{"EXTINF twice", mediaHead + "#EXTINF:4,\n" + one, format, "line 4: EXTINF: the one before"},
		{"negative", mediaHead + "#EXTINF:-1,\n0.mp3\n", format, `"-1"`},
		{"not a number", mediaHead + "#EXTINF:NaN,\n0.mp3\n", format, `"NaN"`},
		{"exponent", mediaHead + "#EXTINF:1.5e3,\n0.mp3\n", format, `"1.5e3"`},
		{"no duration", mediaHead + "#EXTINF:,\n0.mp3\n", format, "missing"},
		{"sequence after a segment", mediaHead + one + "#EXT-X-MEDIA-SEQUENCE:4\n", format, "after the first segment"},
		{"bad URI", mediaHead + "#EXTINF:4,\nhttp://[::1/x\n", format, "line 4: bad URI"},
		{"no host", mediaHead + "#EXTINF:4,\nhttps:///x\n", format, "no host"},
		{"opaque", mediaHead + "#EXTINF:4,\nhttps:x\n", format, "no host"},
		{"local file", mediaHead + "#EXTINF:4,\nfile:///etc/passwd\n", unsup, `scheme "file"`},
		{"data URI", mediaHead + "#EXTINF:4,\ndata:audio/mpeg;base64,//uQ\n", unsup, `scheme "data"`},
		{"broken data URI", mediaHead + `#EXT-X-KEY:METHOD=AES-128,URI="data:0123"` + "\n", format, "without a comma"},
		{"bad base64", mediaHead + `#EXT-X-KEY:METHOD=AES-128,URI="data:;base64,?"` + "\n", format, "bad base64"},
		{"bad escape", mediaHead + `#EXT-X-KEY:METHOD=AES-128,URI="data:,%0"` + "\n", format, "bad escape"},

		{"range of nothing", mediaHead + "#EXTINF:4,\n#EXT-X-BYTERANGE:0@5\n0.mp3\n", format, "empty byte range"},
		{"range without a start", mediaHead + "#EXTINF:4,\n#EXT-X-BYTERANGE:5\n0.mp3\n", format, "no segment before"},
		{"range after another file", mediaHead + "#EXTINF:4,\n#EXT-X-BYTERANGE:5@0\n0.mp3\n#EXTINF:4,\n#EXT-X-BYTERANGE:5\n1.mp3\n", format, "same resource"},
		{"range after a whole file", mediaHead + one + "#EXTINF:4,\n#EXT-X-BYTERANGE:5\n0.mp3\n", format, "same resource"},
		{"range past the end of numbers", mediaHead + "#EXTINF:4,\n#EXT-X-BYTERANGE:4611686018427387904@4611686018427387904\n0.mp3\n", limit, "range ends past"},
		{"number too large", mediaHead + "#EXT-X-MEDIA-SEQUENCE:99999999999999999999\n", limit, "too large"},
	}
}

// brokenAttributes are faults within a tag.
func brokenAttributes() []refusal {
	format, unsup, limit := manifest.ErrFormat, manifest.ErrUnsupported, manifest.ErrLimit
	return []refusal{
		{"key without method", mediaHead + `#EXT-X-KEY:URI="k"` + "\n", format, "no METHOD"},
		{"key without URI", mediaHead + "#EXT-X-KEY:METHOD=AES-128\n", format, "no URI"},
		{"IV without 0x", mediaHead + `#EXT-X-KEY:METHOD=AES-128,URI="k",IV=00` + "\n", format, "IV"},
		{"IV too long", mediaHead + `#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0x` + strings.Repeat("0", 33) + "\n", format, "IV"},
		{"IV not hexadecimal", mediaHead + `#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0xfg` + "\n", format, "IV"},
		{"encrypted init section without IV", mediaHead + "#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n#EXT-X-MAP:URI=\"i\"\n", format, "line 4: EXT-X-MAP: EXT-X-KEY comes before EXT-X-MAP and has no IV"},
		{"local key", mediaHead + "#EXT-X-KEY:METHOD=AES-128,URI=\"file:///etc/passwd\"\n", unsup, `scheme "file"`},
		{"KEYID too long", mediaHead + "#EXT-X-KEY:METHOD=SAMPLE-AES,KEYFORMAT=\"urn:x\",KEYID=0x" + strings.Repeat("0", 33) + "\n", format, "KEYID"},
		{"map without URI", mediaHead + "#EXT-X-MAP:BYTERANGE=\"1@0\"\n", format, "no URI"},

		{"attribute without value", mediaHead + "#EXT-X-MAP:URI\n", format, "without a value"},
		{"attribute twice", mediaHead + "#EXT-X-MAP:URI=\"a\",URI=\"b\"\n", format, "twice"},
		{"text after quotation", mediaHead + "#EXT-X-MAP:URI=\"a\"b\n", format, "after the quotation"},
		{"bandwidth not a number", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=fast\na\n", format, "BANDWIDTH"},
		{"variant URI alone", masterHead + "b.m3u8\n", format, "line 4: a URI without"},
		{"STREAM-INF twice", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n#EXT-X-STREAM-INF:BANDWIDTH=1\n", format, "line 3"},
		{"no variants", "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",URI=\"x\"\n", format, "no EXT-X-STREAM-INF"},
		{"group without a name", "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,URI=\"x\"\n", format, "no GROUP-ID"},
		{"only I-frames", "#EXTM3U\n#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"x\"\n", unsup, "I-frame"},
		{"only pictures", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"hvc1.2,wvtt\"\na\n", unsup, "no variant has sound"},

		{"variable unknown", mediaHead + "#EXTINF:4,\n{$x}.mp3\n", format, `"x" is not defined`},
		{"variable twice", mediaHead + "#EXT-X-DEFINE:NAME=\"x\",VALUE=\"1\"\n#EXT-X-DEFINE:NAME=\"x\",VALUE=\"1\"\n", format, "defined twice"},
		{"variable with a bad name", mediaHead + "#EXT-X-DEFINE:NAME=\"x y\",VALUE=\"1\"\n", format, "bad variable name"},
		{"variable without its end", mediaHead + "#EXTINF:4,\n{$x.mp3\n", format, "without its end"},
		{"variable without value", mediaHead + "#EXT-X-DEFINE:NAME=\"x\"\n", format, "no VALUE"},
		{"import without master", mediaHead + "#EXT-X-DEFINE:IMPORT=\"x\"\n", format, `defines "x"`},
		{"define of nothing", mediaHead + "#EXT-X-DEFINE:FOO=\"x\"\n", format, "neither NAME"},

		{"trim without rate", mediaHead + "#EXT-X-SEGUE-TRIM:START=1,LENGTH=2\n", format, "RATE"},
		{"trim at no rate", mediaHead + "#EXT-X-SEGUE-TRIM:START=1,RATE=0\n", format, "RATE of 0"},
		{"trim of years", mediaHead + "#EXT-X-SEGUE-TRIM:START=99999999999999999,RATE=1\n", limit, "frames"},
	}
}

// pastLimits are playlists that are too much.
func pastLimits() []refusal {
	limit := manifest.ErrLimit
	return []refusal{
		{"segment too long", mediaHead + "#EXTINF:600.000000001,\n0.mp3\n", limit, "longer than 10m0s"},
		{"line too long", mediaHead + "#" + strings.Repeat("x", manifest.MaxLineBytes) + "\n", limit, "line 3: line of"},
		{"URL too long", mediaHead + "#EXTINF:4,\n" + strings.Repeat("x", address.MaxBytes) + "\n", limit, "URL of"},
		{"too many bytes", mediaHead + strings.Repeat("\n", manifest.MaxBytes), limit, "playlist of"},
		{"too many variants", "#EXTM3U\n" + strings.Repeat("#EXT-X-STREAM-INF:BANDWIDTH=1\na\n", manifest.MaxRenditions+1), limit, "variants"},
		{"too many groups", "#EXTM3U\n" + strings.Repeat("#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\"\n", manifest.MaxRenditions+1), limit, "audio renditions"},
		{"too many keys", mediaHead + strings.Repeat("#EXT-X-KEY:METHOD=X,URI=\"k\"\n", maxKeys+1), limit, "keys"},
		{"too many attributes", mediaHead + "#EXT-X-KEY:METHOD=NONE" + manyAttributes(maxAttributes) + "\n", limit, "attributes"},
		{"too many date ranges", mediaHead + manyTags("EXT-X-DATERANGE", `ID="%d"`, maxRanges+1), limit, "date ranges"},
		{"too many parts", mediaHead + manyTags("EXT-X-PART", `URI="%d",DURATION=0`, maxParts+1), limit, "parts"},
		{"too many reports", mediaHead + manyTags("EXT-X-RENDITION-REPORT", `URI="%d",LAST-MSN=1`, maxReports+1), limit, "reports"},
		{"too many items", masterHead + manyTags("EXT-X-SESSION-DATA", `DATA-ID="%d"`, maxSessionItems+1), limit, "session data"},
		{"too many session keys", masterHead + manyTags("EXT-X-SESSION-KEY", `METHOD=X,URI="%d"`, maxSessionKeys+1), limit, "session keys"},
		{"parts of an hour", mediaHead + manyTags("EXT-X-PART", `URI="%d",DURATION=60`, 11), limit, "parts of 11m0s"},
		{"wait of a century", mediaHead + "#EXT-X-SERVER-CONTROL:HOLD-BACK=3200000000\n", limit, "HOLD-BACK"},
		{"too many variables", mediaHead + manyVariables(maxVariables+1), limit, "variables"},
		{"lines that grow", "#EXTM3U\n#EXT-X-DEFINE:NAME=\"x\",VALUE=\"" + strings.Repeat("y", 60_000) + "\"\n" +
			strings.Repeat("#EXT-X-MEDIA:TYPE=VIDEO,URI=\"{$x}\"\n", 80), limit, "after substitution"},
		{"a line that grows", mediaHead + "#EXT-X-DEFINE:NAME=\"x\",VALUE=\"" + strings.Repeat("y", 5000) + "\"\n" +
			"#EXTINF:4,\n" + strings.Repeat("{$x}", 20) + "\n", limit, "after substitution"},
	}
}

// TestLargeLimits starts just below the limits that a test would take too long to reach by lines.
func TestLargeLimits(t *testing.T) {
	// A long base makes much of every short line, so what is made is counted.
	p := parser{base: mustURL("https://h.example/" + strings.Repeat("d", 5000) + "/index.m3u8"), addresses: address.Maker{Limit: 15_000}}
	for n := range 4 {
		_, err := p.resolve("x")
		if n < 2 && err != nil || n == 3 && !errors.Is(err, manifest.ErrLimit) {
			t.Errorf("URL %d: %v", n, err)
		}
	}
	p = parser{base: mustURL("https://h.example/"), addresses: address.Maker{Limit: maxResolvedBytes}, kind: mediaKind}
	p.media.playlist.Segments = make([]manifest.Segment, manifest.MaxSegments-1)
	for n := range 2 {
		p.media.next.timed = true
		if err := p.line("0.mp3"); n == 0 && err != nil || n == 1 && !errors.Is(err, manifest.ErrLimit) {
			t.Errorf("segment %d: %v", manifest.MaxSegments+n, err)
		}
	}
}

// manyTags writes a tag n times, with another number each.
func manyTags(name, attributes string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "#%s:"+attributes+"\n", name, i)
	}
	return b.String()
}

func manyAttributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ",A%d=1", i)
	}
	return b.String()
}

func manyVariables(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "#EXT-X-DEFINE:NAME=\"v%d\",VALUE=\"\"\n", i)
	}
	return b.String()
}

// TestEveryCut: a VOD playlist cut anywhere before the end of its last tag is an error, and never a
// shorter piece of music.
func TestEveryCut(t *testing.T) {
	whole, err := AppendMedia(nil, specimen())
	if err != nil {
		t.Fatal(err)
	}
	last := len(whole) - 1 // the newline alone may go
	for n := range last {
		if doc, err := Parse(whole[:n], mustURL("https://h/x.m3u8"), nil); err == nil {
			t.Fatalf("cut at %d of %d: %+v", n, len(whole), doc.Playlist)
		}
	}
	if _, err := Parse(whole[:last], mustURL("https://h/x.m3u8"), nil); err != nil {
		t.Fatal(err)
	}
}

// TestKeysInForce follows which key each segment gets.
func TestKeysInForce(t *testing.T) {
	const (
		k1     = "#EXT-X-KEY:METHOD=AES-128,URI=\"k1\"\n"
		k2     = "#EXT-X-KEY:METHOD=AES-128,URI=\"k2\"\n"
		play   = "#EXT-X-KEY:METHOD=AES-128,URI=\"skd\",KEYFORMAT=\"urn:x\"\n"
		sample = "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"s\"\n"
		fair   = "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd\",KEYFORMAT=\"urn:x\"\n"
		none   = "#EXT-X-KEY:METHOD=NONE\n"
	)
	for _, c := range []struct{ name, text, want string }{
		{"replaced", k1 + one + one + k2 + one, "k1 k1 k2"},
		{"ended", k1 + one + none + one, "k1 -"},
		{"the supported one, last", play + k1 + one, "k1"},
		{"the supported one, first", k1 + play + one, "k1"},
		{"beside an illegal twin", k1 + sample + one, "k1"},
		{"of two, the last", k1 + k2 + one, "k2"},
		{"ended by a version that we don't know", k1 + one + strings.Replace(k2, "URI", "KEYFORMATVERSIONS=\"7\",URI", 1) + one, "k1 AES-128:identity 7"},
		{"another format leaves it in force", k1 + one + play + one, "k1 k1"},
		{"another method ends it", k1 + one + sample + one, "k1 s"},
		{"another method and format too", k1 + one + fair + one, "k1 SAMPLE-AES:urn:x"},
		{"several ways to one key", sample + fair + one, "s"},
		{"another format is added", fair + one + sample + one, "SAMPLE-AES:urn:x s"},
		{"and comes back", sample + k1 + one + k2 + one, "k1 k2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc, err := Parse([]byte(mediaHead+c.text), mustURL("https://h/x.m3u8"), nil)
			var got []string
			if err != nil {
				got = []string{"error"}
			} else {
				for _, s := range doc.Playlist.Segments {
					switch k := s.Key; {
					case k == nil:
						got = append(got, "-")
					case k.URL == nil:
						got = append(got, k.Method+":"+k.Systems[0].Format)
					default:
						got = append(got, k.Name)
					}
				}
			}
			if g := strings.Join(got, " "); g != c.want {
				t.Errorf("keys %s, want %s (error %v)", g, c.want, err)
			}
		})
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ top, url, want string }{
		{"https://h/a/b/m.m3u8", "https://h/a/b/c/0.mp3?x#y", "c/0.mp3"},
		{"https://h/a/b/m.m3u8", "https://h/a/0.mp3", "../0.mp3"},
		{"https://h/a/b/m.m3u8", "https://h/ab/0.mp3", "../../ab/0.mp3"},
		{"https://h/a/b/m.m3u8", "https://h/a/b/", "./"},
		{"https://h/a/b/m.m3u8", "https://h/a/bc", "../bc"},
		{"https://h/a/m.m3u8", "https://h/a/https://g/0.mp3", "./https://g/0.mp3"},
		{"https://h/m.m3u8", "https://h/a%2Fb/%C3%A4.mp3", "a%2Fb/%C3%A4.mp3"},
		{"https://h/m.m3u8", "https://h:444/0.mp3?x", "https://h:444/0.mp3"},
		{"https://h/m.m3u8", "http://h/0.mp3", "http://h/0.mp3"},
		{"https://h", "https://h/0.mp3", "0.mp3"},
		{"https://h/m", "https://user:secret@h/0.mp3", "0.mp3"},
		{"https://h/m", "https://user:secret@g/0.mp3", "https://g/0.mp3"},
	} {
		d := Document{base: mustURL(c.top)}
		if got := d.Name(mustURL(c.url)); got != c.want {
			t.Errorf("%s from %s: %q, want %q", c.url, c.top, got, c.want)
		}
	}
}

// TestQueriesThatTellApart: where resources differ by the query alone, it is part of the name.
func TestQueriesThatTellApart(t *testing.T) {
	parse := func(text, base string, master *Document) *Document {
		t.Helper()
		doc, err := Parse([]byte(text), mustURL(base), master)
		if err != nil {
			t.Fatal(err)
		}
		return doc
	}
	p := parse(mediaHead+"#EXT-X-MAP:URI=\"s?i=1\",BYTERANGE=\"9@0\"\n#EXTINF:4,\ns?n=1\n#EXTINF:4,\ns?n=2\n", "https://h/x", nil).Playlist
	for i, want := range []string{"s?n=1", "s?n=2"} {
		if s := p.Segments[i]; s.Name != want || s.Init.Name != "s?i=1#0+9" {
			t.Errorf("names %q, %q", s.Name, s.Init.Name)
		}
	}
	p = parse(mediaHead+"#EXT-X-KEY:METHOD=AES-128,URI=\"k?1\"\n#EXTINF:4,\na\n#EXT-X-KEY:METHOD=AES-128,URI=\"k?2\"\n#EXTINF:4,\nb\n", "https://h/x", nil).Playlist
	if a, b := p.Segments[0].Key.Name, p.Segments[1].Key.Name; a != "k?1" || b != "k?2" {
		t.Errorf("key names %q, %q", a, b)
	}
	p = parse(mediaHead+"#EXTINF:4,\ns?token=a\n#EXTINF:4,\nt?token=b\n", "https://h/x", nil).Playlist
	if a, b := p.Segments[0].Name, p.Segments[1].Name; a != "s" || b != "t" {
		t.Errorf("tokens stayed: %q, %q", a, b)
	}
	m := parse("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nl?q=1\n#EXT-X-STREAM-INF:BANDWIDTH=2\nl?q=2\n", "https://h/m", nil)
	if n := m.Name(m.Presentation.Renditions[0].URL); n != "l?q=1" {
		t.Errorf("rendition's name %q", n)
	}
	if p = parse(mediaHead+"#EXTINF:4,\ns?q=1\n", "https://h/l?q=1", m).Playlist; p.Segments[0].Name != "s?q=1" {
		t.Errorf("segment's name %q", p.Segments[0].Name)
	}
}

// TestPassedOver: faults in what only informs leave the music as it is.
func TestPassedOver(t *testing.T) {
	for _, tag := range []string{
		"EXT-X-DATERANGE:START-DATE=\"2026-01-01T00:00:00Z\"", "EXT-X-DATERANGE:ID=\"a\",START-DATE=\"2026-01-01T00:00:00Z\",DURATION=-1,END-DATE=\"x\"",
		"EXT-X-PROGRAM-DATE-TIME:", "EXT-X-RENDITION-REPORT:LAST-MSN=1", "EXT-X-RENDITION-REPORT:URI=\"x\",LAST-MSN=-1",
		"EXT-X-RENDITION-REPORT:URI=\"file:///x\",LAST-MSN=1", "EXT-X-PRELOAD-HINT:TYPE=PART", "EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"x\",BYTERANGE-START=-1",
		"EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"x\"", "EXT-X-SERVER-CONTROL:HOLD-BACK=soon",
		"EXT-X-PART:DURATION=1", "EXT-X-PART:URI=\"a\"", "EXT-X-PART:DURATION=1,URI=\"a\",BYTERANGE=\"5\"\n#EXT-X-PART:DURATION=1,URI=\"b\"",
		"EXT-X-PART:DURATION=1,URI=\"a\"\n#EXT-X-PART:DURATION=x,URI=\"b\"", "EXT-X-PART-INF:PART-TARGET=short", "EXT-X-DISCONTINUITY-SEQUENCE:x", "EXT-X-START:TIME-OFFSET=now",
	} {
		doc, err := Parse([]byte(mediaHead+"#"+tag+"\n"+one), mustURL("https://h/x.m3u8"), nil)
		if err != nil {
			t.Errorf("%s: %v", tag, err)
			continue
		}
		l := doc.Playlist.Live
		if len(doc.Playlist.Segments) != 1 || l.Next != nil || l.PartTarget != 0 || doc.Playlist.Begin != nil || len(l.Reports) != 0 || l.HoldBack != 12*time.Second {
			t.Errorf("%s: %s", tag, dump(doc))
		}
		if parts := doc.Playlist.Segments[0].Parts; len(parts) != 0 {
			t.Errorf("%s: parts %+v", tag, parts)
		}
		for _, r := range doc.Playlist.Ranges {
			if r.ID != "a" || !r.End.IsZero() {
				t.Errorf("%s: %+v", tag, r)
			}
		}
	}
	for _, tag := range []string{
		"EXT-X-SESSION-DATA:VALUE=\"x\"", "EXT-X-SESSION-DATA:DATA-ID=\"x\",URI=\"ftp://x/\"", "EXT-X-SESSION-KEY:METHOD=NONE", "EXT-X-SESSION-KEY:URI=\"x\"",
		"EXT-X-CONTENT-STEERING:PATHWAY-ID=\"x\"", "EXT-X-CONTENT-STEERING:SERVER-URI=\"data:x\"", "EXT-X-CONTENT-STEERING:SERVER-URI=\"ftp://x/\"",
	} {
		doc, err := Parse([]byte(masterHead+"#"+tag+"\n"), mustURL("https://h/x.m3u8"), nil)
		if err != nil {
			t.Errorf("%s: %v", tag, err)
		} else if p := doc.Presentation; len(p.Data) != 0 || len(p.Keys) != 0 || p.Steering != nil {
			t.Errorf("%s: %s", tag, dump(doc))
		}
	}
}

// TestSpoiltParts: of a segment with a part that makes no sense nothing is known until it is whole.
func TestSpoiltParts(t *testing.T) {
	const good, bad, hint = "#EXT-X-PART:DURATION=1,URI=\"p\"\n", "#EXT-X-PART:DURATION=1,URI=\"p\",BYTERANGE=\"5\"\n", "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"h\"\n"
	for text, want := range map[string]string{
		good + one + good + hint:       "1 1 next",
		bad + one + good + hint:        "0 1 next",
		good + one + good + bad + hint: "1",
		good + one + bad + good + hint: "1",
	} {
		doc, err := Parse([]byte(mediaHead+text), mustURL("https://h/x.m3u8"), nil)
		if err != nil {
			t.Fatal(err)
		}
		checkDocument(t, doc)
		var got []string
		for _, s := range doc.Playlist.Segments {
			got = append(got, fmt.Sprint(len(s.Parts)))
		}
		if doc.Playlist.Live.Next != nil {
			got = append(got, "next")
		}
		if g := strings.Join(got, " "); g != want {
			t.Errorf("%q: %s, want %s", text, g, want)
		}
	}
}

func TestForgiven(t *testing.T) {
	doc, err := Parse([]byte("#EXTM3U\n#EXTINF:3.6,\n0.mp3"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := doc.Playlist
	if p.Ended || p.Target != 4*time.Second || len(p.Segments) != 1 || p.Segments[0].URL.String() != "0.mp3" {
		t.Errorf("%+v", p)
	}
	// A target that its own segments break is raised, so that no one waits too short a time.
	doc, err = Parse([]byte("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.4,\na\n#EXTINF:4.6,\nb\n"), nil, nil)
	if err != nil || doc.Playlist.Target != 5*time.Second {
		t.Errorf("%+v, %v", doc, err)
	}
}

func specimen() *MediaSpec {
	iv := [16]byte{0: 1, 15: 0xff}
	return &MediaSpec{
		Init:     "init.mp4",
		Key:      &KeySpec{URI: "../key?x=1", IV: &iv},
		Trim:     &media.Trim{Start: 1105, Length: 500_000},
		TrimRate: 44100,
		Segments: []SegmentSpec{
			{URI: "0.m4s", Duration: 4 * time.Second},
			{URI: "all.m4s", Duration: 4017959 * time.Microsecond, Offset: 100, Length: 50},
			{URI: "all.m4s", Duration: 1, Offset: 150, Length: 7, Discontinuity: true},
		},
	}
}

func TestMediaRoundTrip(t *testing.T) {
	spec := specimen()
	text, err := AppendMedia([]byte("before\n"), spec)
	if err != nil {
		t.Fatal(err)
	}
	text, _ = bytes.CutPrefix(text, []byte("before\n"))
	doc, err := Parse(text, mustURL("https://h/t/flac/index.m3u8"), nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	p := doc.Playlist
	if !p.Ended || p.Target != 4*time.Second || *p.Trim != *spec.Trim || p.TrimRate != 44100 || len(p.Segments) != 3 {
		t.Errorf("%+v", p)
	}
	for i, s := range p.Segments {
		w := spec.Segments[i]
		if s.URL.String() != "https://h/t/flac/"+w.URI || s.Duration != w.Duration.Round(time.Microsecond) ||
			s.Offset != w.Offset || s.Length != w.Length || s.Discontinuity != w.Discontinuity ||
			s.Init.Name != "init.mp4" || s.Key.Name != "../key" || s.Key.IV != *spec.Key.IV || s.Sequence != int64(i) {
			t.Errorf("segment %d: %+v, want %+v", i, s, w)
		}
	}
	// Players refuse the other order.
	if m, k := bytes.Index(text, []byte("#EXT-X-MAP")), bytes.Index(text, []byte("#EXT-X-KEY")); m < 0 || k < m {
		t.Errorf("EXT-X-MAP at %d, EXT-X-KEY at %d", m, k)
	}
	spec.Key.IV, spec.Trim.Length = nil, 0
	if text, err = AppendMedia(nil, spec); err != nil {
		t.Fatal(err)
	}
	if doc, err = Parse(text, mustURL("https://h/t/flac/index.m3u8"), nil); err != nil {
		t.Fatal(err)
	}
	if s := doc.Playlist.Segments[2]; s.Key.IV != SequenceIV(2) || doc.Playlist.Trim.Length != 0 {
		t.Errorf("IV %x, trim %+v", s.Key.IV, doc.Playlist.Trim)
	}
}

func TestMasterRoundTrip(t *testing.T) {
	variants := []VariantSpec{
		{URI: "mp3-64/index.m3u8", Peak: 70_000, Average: 64_000, Codecs: "mp4a.40.34", Name: "Low, for the road"},
		{URI: "flac/index.m3u8", Peak: 1_000_000},
	}
	text, err := AppendMaster(nil, variants)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := Parse(text, mustURL("https://h/t/master.m3u8"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range doc.Presentation.Renditions {
		got := VariantSpec{URI: doc.Name(r.URL), Peak: r.Bitrate, Average: r.Average, Codecs: r.Codecs, Name: r.Name}
		if got != variants[i] {
			t.Errorf("%+v, want %+v", got, variants[i])
		}
	}
}

func TestUnwritable(t *testing.T) {
	ok := func() *MediaSpec { return specimen() }
	for name, spoil := range map[string]func(*MediaSpec){
		"no segments":      func(p *MediaSpec) { p.Segments = nil },
		"empty URI":        func(p *MediaSpec) { p.Segments[0].URI = "" },
		"URI as comment":   func(p *MediaSpec) { p.Segments[0].URI = "#1.mp3" },
		"URI of two lines": func(p *MediaSpec) { p.Segments[0].URI = "a\nb" },
		"URI as variable":  func(p *MediaSpec) { p.Segments[0].URI = "{$a}" },
		"quote in a key":   func(p *MediaSpec) { p.Key.URI = `a"` },
		"no key URI":       func(p *MediaSpec) { p.Key.URI = "" },
		"quote in init":    func(p *MediaSpec) { p.Init = `a"` },
		"negative time":    func(p *MediaSpec) { p.Segments[0].Duration = -1 },
		"negative range":   func(p *MediaSpec) { p.Segments[0].Offset = -1 },
		"trim at no rate":  func(p *MediaSpec) { p.TrimRate = 0 },
		"negative trim":    func(p *MediaSpec) { p.Trim.Start = -1 },
	} {
		p := ok()
		spoil(p)
		if _, err := AppendMedia(nil, p); !errors.Is(err, ErrWrite) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, v := range map[string][]VariantSpec{
		"none":       nil,
		"no bitrate": {{URI: "a"}},
		"quote":      {{URI: "a", Peak: 1, Name: `"`}},
		"no URI":     {{Peak: 1}},
	} {
		if _, err := AppendMaster(nil, v); !errors.Is(err, ErrWrite) {
			t.Errorf("variants, %s: %v", name, err)
		}
	}
}

// TestPlainNames: names that are appended to the list's directory give what resolving gives.
func TestPlainNames(t *testing.T) {
	for _, base := range []string{
		"https://h.example/a/b/index.m3u8?x#y", "http://user:pw@h:80/", "https://h/a%2Fb/c", "https://h", "https://h/a//b/x", "https://h/a/../b/x", "https://h/ü/x", "file:///a/b",
	} {
		plain := 0
		for _, name := range []string{
			"a.mp3", "a/b.mp3", "a=1,2;3+4@5$6&7~-_.mp3", "a..b", "a.", "/a", "//h/a", "a//b", "./a", "a/./b", "a/../b", "..", "a/..", "a:b", "a?b", "a?", "a?b?c=%20%zz&d", "a?b#c", "a?b c", "a?ä", "?b", "a#b", "a%20b", "a b", "ä", "a!b", "a*b", "a(b)", "a'b", "a/",
		} {
			p := parser{base: mustURL(base), addresses: address.Maker{Scheme: mustURL(base).Scheme, Limit: maxResolvedBytes}, dir: address.Directory(mustURL(base))}
			fast, err := p.resolve(name)
			if p.dir != "" && address.Plain(name) {
				plain++
			}
			p.dir = ""
			slow, slowErr := p.resolve(name)
			if !reflect.DeepEqual(fast, slow) || (err == nil) != (slowErr == nil) {
				t.Errorf("%s on %s: %#v (%v), want %#v (%v)", name, base, fast, err, slow, slowErr)
			}
		}
		if base == "https://h.example/a/b/index.m3u8?x#y" && plain < 5 {
			t.Errorf("%d names are plain", plain)
		}
	}
}
