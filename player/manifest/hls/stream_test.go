package hls

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/segue-audio/segue/player/manifest"
)

const streamBase = "https://h.example/t/list.m3u8"

// stream is a live stream made up by chance, of which playlists are windows: its model is known without a
// parser, and it writes itself down as a server would.
type stream struct {
	segments []streamed
	clock    bool
	head     string // tags of the list itself
	live     manifest.Live
	breaks   int64
}

// streamed is one segment, and the tags that come before it where it isn't the first of a window.
type streamed struct {
	manifest.Segment
	tags string
	// state is the tags that say the same as all before: EXT-X-MAP and EXT-X-KEY in force.
	state    string
	dated    bool
	implicit bool // its range is written without an offset
}

func drawStream(t *rapid.T) *stream {
	s := &stream{clock: rapid.Bool().Draw(t, "clock")}
	var at time.Time
	if s.clock {
		at = time.Date(2026, 3, 1, 23, 59, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 1e6).Draw(t, "epoch")) * time.Millisecond)
	}
	sequence := int64(rapid.IntRange(0, 1000).Draw(t, "sequence"))
	var cur streamed
	var key func(sequence int64) *manifest.Key
	mapTag, keyTag := "", ""
	n := rapid.IntRange(1, 12).Draw(t, "segments")
	for i := range n {
		cur = streamed{Segment: manifest.Segment{Sequence: sequence, Init: cur.Init, InitKey: cur.InitKey}}
		if rapid.IntRange(0, 2).Draw(t, "new key") == 0 {
			keyTag, key = drawKey(t)
			cur.tags += keyTag
		}
		if rapid.IntRange(0, 2).Draw(t, "new init") == 0 {
			cur.Init, cur.InitKey, mapTag = drawInit(t, key)
			if cur.Init == nil {
				mapTag = ""
			} else if cur.InitKey != nil {
				mapTag = keyTag + mapTag // whoever begins later needs its key first
				cur.tags += mapTag
			} else {
				cur.tags += strings.Join([]string{"#EXT-X-KEY:METHOD=NONE\n", mapTag, keyTag}, "")
				mapTag = "#EXT-X-KEY:METHOD=NONE\n" + mapTag
			}
		}
		if cur.Init == nil && i > 0 {
			cur.Init, cur.InitKey = s.segments[i-1].Init, s.segments[i-1].InitKey
		}
		cur.state = mapTag + "#EXT-X-KEY:METHOD=NONE\n" + keyTag
		if key != nil {
			cur.Key = key(sequence)
		}
		cur.Duration = time.Duration(rapid.IntRange(1, 9_999_999).Draw(t, "µs")) * time.Microsecond
		cur.Discontinuity = rapid.IntRange(0, 6).Draw(t, "discontinuity") == 0
		cur.Gap = rapid.IntRange(0, 9).Draw(t, "gap") == 0
		cur.dated = rapid.IntRange(0, 3).Draw(t, "dated") == 0
		if s.clock {
			if cur.dated && rapid.Bool().Draw(t, "jump") {
				at = at.Add(time.Hour)
			}
			cur.Time = at
			at = at.Add(cur.Duration)
		}
		cur.Resource = s.drawResource(t, &cur, i)
		s.segments = append(s.segments, cur)
		sequence++
	}
	s.drawParts(t)
	s.drawHead(t)
	return s
}

func (s *stream) drawResource(t *rapid.T, cur *streamed, i int) manifest.Resource {
	switch rapid.IntRange(0, 3).Draw(t, "resource") {
	case 0:
		return resource(fmt.Sprintf("a/%d.m4s?k=%d", i, i), 0, 0)
	case 1:
		length := int64(rapid.IntRange(1, 1e6).Draw(t, "length"))
		offset := int64(rapid.IntRange(0, 1e6).Draw(t, "offset"))
		if i > 0 && s.segments[i-1].Length > 0 && rapid.Bool().Draw(t, "implicit") {
			cur.implicit = true
			offset = s.segments[i-1].Offset + s.segments[i-1].Length
		}
		return resource("all.m4s", offset, length)
	case 2:
		return resource(fmt.Sprintf("//cdn.example/x%%20y/%d", i), 0, 0)
	}
	return resource(fmt.Sprintf("%d.m4s", i), 0, 0)
}

func resource(uri string, offset, length int64) manifest.Resource {
	u := mustURL(streamBase).ResolveReference(mustURL(uri))
	r := manifest.Resource{URL: u, Offset: offset, Length: length}
	r.Name = strings.TrimPrefix((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String(), "https://h.example/t/")
	if length > 0 {
		r.Name += fmt.Sprintf("#%d+%d", offset, length)
	}
	return r
}

// drawKey gives tags, and the key that they make of a sequence number.
func drawKey(t *rapid.T) (string, func(int64) *manifest.Key) {
	id := rapid.IntRange(0, 99).Draw(t, "key")
	iv := [16]byte{15: byte(id), 0: 0xab}
	r := resource(fmt.Sprintf("k/%d", id), 0, 0)
	switch rapid.IntRange(0, 3).Draw(t, "method") {
	case 0:
		return "#EXT-X-KEY:METHOD=NONE\n", nil
	case 1:
		return fmt.Sprintf("#EXT-X-KEY:METHOD=NONE\n#EXT-X-KEY:METHOD=AES-128,URI=\"k/%d\",IV=0x%X\n", id, iv), func(int64) *manifest.Key {
			return &manifest.Key{Method: "AES-128", URL: r.URL, Name: r.Name, IV: iv}
		}
	case 2:
		return fmt.Sprintf("#EXT-X-KEY:METHOD=NONE\n#EXT-X-KEY:METHOD=AES-128,URI=\"k/%d\"\n", id), func(n int64) *manifest.Key {
			return &manifest.Key{Method: "AES-128", URL: r.URL, Name: r.Name, IV: SequenceIV(n)}
		}
	}
	text := fmt.Sprintf("#EXT-X-KEY:METHOD=NONE\n#EXT-X-KEY:METHOD=SAMPLE-AES,KEYFORMAT=\"com.apple.streamingkeydelivery\",URI=\"skd://%d\",KEYFORMATVERSIONS=\"1\"\n"+
		"#EXT-X-KEY:METHOD=SAMPLE-AES,KEYFORMAT=\"urn:uuid:EDEF8BA9-79D6-4ACE-A3C8-27DCD51D21ED\",KEYID=0x%x,URI=\"data:text/plain;base64,AAEC\"\n", id, iv)
	return text, func(n int64) *manifest.Key {
		return &manifest.Key{Method: "SAMPLE-AES", IV: SequenceIV(n), Systems: []manifest.KeySystem{
			{Format: "com.apple.streamingkeydelivery", URL: mustURL(fmt.Sprintf("skd://%d", id))},
			{Format: "urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed", Data: []byte{0, 1, 2}, KID: iv[:]},
		}}
	}
}

// drawInit gives an init section, which is encrypted where the key in force has an IV of its own.
func drawInit(t *rapid.T, key func(int64) *manifest.Key) (*manifest.Resource, *manifest.Key, string) {
	id := rapid.IntRange(0, 9).Draw(t, "init")
	r := resource("init.mp4", int64(id), 100)
	text := fmt.Sprintf("#EXT-X-MAP:URI=\"init.mp4\",BYTERANGE=\"100@%d\"\n", id)
	if key != nil && rapid.Bool().Draw(t, "encrypted init") {
		if k := key(-1); k.Method == "AES-128" && k.IV != SequenceIV(-1) {
			return &r, k, text
		}
	}
	return &r, nil, text
}

// parted is how many segments at a window's end are listed with their parts.
const parted = 2

// drawParts gives segments parts, and perhaps leaves the very last without its whole.
func (s *stream) drawParts(t *rapid.T) {
	if !rapid.Bool().Draw(t, "parts") {
		return
	}
	s.live.PartTarget = 2 * time.Second
	s.live.PartHoldBack = 6 * time.Second
	for i := range s.segments {
		g := &s.segments[i]
		for k := range rapid.IntRange(1, 4).Draw(t, "of segment") {
			p := manifest.Part{Resource: resource(fmt.Sprintf("p%d.%d.m4s", i, k), 0, 0), Duration: time.Second / 4, Independent: k == 0}
			if k > 0 && rapid.Bool().Draw(t, "ranged") {
				p.Resource = resource("parts.m4s", int64(100*k), 100)
			}
			g.Parts = append(g.Parts, p)
		}
	}
	if last := &s.segments[len(s.segments)-1]; rapid.Bool().Draw(t, "unfinished") {
		last.Resource, last.implicit = manifest.Resource{}, false
		last.Duration = time.Duration(len(last.Parts)) * time.Second / 4
	}
	if rapid.Bool().Draw(t, "hint") {
		s.live.Next = &manifest.Part{Resource: resource("next.m4s", 7, 8)}
	}
}

func (s *stream) drawHead(t *rapid.T) {
	l := &s.live
	l.Sliding = true
	l.Blocks = rapid.Bool().Draw(t, "blocks")
	if rapid.Bool().Draw(t, "skips") {
		l.Skips, l.SkipsRanges = 36*time.Second, rapid.Bool().Draw(t, "skips ranges")
	}
	l.HoldBack = 12345 * time.Millisecond
	s.breaks = int64(rapid.IntRange(0, 3).Draw(t, "breaks"))
	s.head = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXT-X-SERVER-CONTROL:HOLD-BACK=12.345"
	for _, c := range []struct {
		on   bool
		text string
	}{
		{l.Blocks, ",CAN-BLOCK-RELOAD=YES"}, {l.Skips > 0, ",CAN-SKIP-UNTIL=36.0"},
		{l.SkipsRanges, ",CAN-SKIP-DATERANGES=YES"}, {l.PartTarget > 0, ",PART-HOLD-BACK=6\n#EXT-X-PART-INF:PART-TARGET=2.0"},
		{s.breaks > 0, fmt.Sprintf("\n#EXT-X-DISCONTINUITY-SEQUENCE:%d", s.breaks)},
	} {
		if c.on {
			s.head += c.text
		}
	}
	if rapid.Bool().Draw(t, "report") {
		l.Reports = []manifest.Report{{URL: mustURL("https://h.example/other.m3u8"), Sequence: 5, Part: 3}, {URL: mustURL("https://h.example/t/x"), Sequence: 6, Part: -1}}
	}
	l.Reload = 10 * time.Second
}

// text writes the window of segments from to to, of which the first skipped are left out.
func (s *stream) text(from, to, skipped int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n#EXT-X-MEDIA-SEQUENCE:%d\n", s.head, s.segments[from].Sequence)
	if skipped > 0 {
		fmt.Fprintf(&b, "#EXT-X-SKIP:SKIPPED-SEGMENTS=%d\n", skipped)
	}
	for i := from + skipped; i < to; i++ {
		g := &s.segments[i]
		first := i == from
		if first {
			b.WriteString(g.state)
		} else {
			b.WriteString(g.tags)
		}
		if g.Discontinuity {
			b.WriteString("#EXT-X-DISCONTINUITY\n")
		}
		if s.clock && (g.dated || first) {
			b.WriteString("#EXT-X-PROGRAM-DATE-TIME:" + g.Time.Format("2006-01-02T15:04:05.999999999-0700") + "\n")
		}
		for k, p := range g.Parts {
			if i < to-parted {
				break
			}
			fmt.Fprintf(&b, "#EXT-X-PART:DURATION=%.2f,URI=%q", p.Duration.Seconds(), p.URL)
			if p.Independent {
				b.WriteString(",INDEPENDENT=YES")
			}
			if p.Length > 0 && k > 0 && g.Parts[k-1].Length > 0 {
				fmt.Fprintf(&b, ",BYTERANGE=\"%d\"", p.Length) // goes on where the one before ends
			} else if p.Length > 0 {
				fmt.Fprintf(&b, ",BYTERANGE=\"%d@%d\"", p.Length, p.Offset)
			}
			b.WriteByte('\n')
		}
		if g.Gap {
			b.WriteString("#EXT-X-GAP\n")
		}
		switch {
		case g.URL == nil:
			continue
		case g.implicit && !first:
			fmt.Fprintf(&b, "#EXT-X-BYTERANGE:%d\n", g.Length)
		case g.Length > 0:
			fmt.Fprintf(&b, "#EXT-X-BYTERANGE:%d@%d\n", g.Length, g.Offset)
		}
		fmt.Fprintf(&b, "#EXTINF:%.6f,title\n%s\n", g.Duration.Seconds(), g.URL)
	}
	if n := s.live.Next; n != nil {
		fmt.Fprintf(&b, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=%q,BYTERANGE-START=7,BYTERANGE-LENGTH=8\n", n.URL)
	}
	for _, r := range s.live.Reports {
		fmt.Fprintf(&b, "#EXT-X-RENDITION-REPORT:URI=%q,LAST-MSN=%d", r.URL, r.Sequence)
		if r.Part >= 0 {
			fmt.Fprintf(&b, ",LAST-PART=%d", r.Part)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// model is what a window must give.
func (s *stream) model(from, to int) *manifest.Playlist {
	p := &manifest.Playlist{Target: 10 * time.Second, Live: &s.live, Breaks: s.breaks}
	for i := from; i < to; i++ {
		g := s.segments[i].Segment
		g.Start = p.Duration()
		if i < to-parted {
			g.Parts = nil
		}
		p.Segments = append(p.Segments, g)
	}
	return p
}

func dumpPlaylist(p *manifest.Playlist) string {
	w := dumper{urls: true}
	w.playlist(p)
	return w.String()
}

// TestWindows: any window of any stream gives the model that it was written from.
func TestWindows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawStream(t)
		from := rapid.IntRange(0, len(s.segments)-1).Draw(t, "from")
		text := s.text(from, len(s.segments), 0)
		doc, err := Parse([]byte(text), mustURL(streamBase), nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		checkWindow(t, doc, s.model(from, len(s.segments)), text)
	})
}

// TestUpdates: a delta update on top of an older window gives what the whole list gives.
func TestUpdates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawStream(t)
		n := len(s.segments)
		if n < parted+1 {
			return
		}
		skipped := rapid.IntRange(1, n-parted).Draw(t, "skipped") // those with parts are too young for it
		from := rapid.IntRange(0, n-parted-skipped).Draw(t, "from")
		oldFrom := rapid.IntRange(0, from).Draw(t, "old from")
		oldTo := rapid.IntRange(from+skipped, n).Draw(t, "old to")
		old, err := Parse([]byte(s.text(oldFrom, oldTo, 0)), mustURL(streamBase), nil)
		if err != nil {
			t.Fatal(err)
		}
		before := dumpPlaylist(old.Playlist)
		text := s.text(from, n, skipped)
		doc, err := ParseUpdate([]byte(text), mustURL(streamBase), nil, old)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		checkWindow(t, doc, s.model(from, n), text)
		if dumpPlaylist(old.Playlist) != before {
			t.Fatal("the list from before was changed")
		}
		// And a second update goes on from the first.
		if again, err := ParseUpdate([]byte(text), mustURL(streamBase), nil, doc); err != nil || dumpPlaylist(again.Playlist) != dumpPlaylist(doc.Playlist) {
			t.Fatalf("updated twice: %v", err)
		}
	})
}

func checkWindow(t *rapid.T, doc *Document, want *manifest.Playlist, text string) {
	t.Helper()
	if got, want := dumpPlaylist(doc.Playlist), dumpPlaylist(want); got != want {
		t.Fatalf("text\n%s\ngot\n%s\nwant\n%s", text, got, want)
	}
}

// TestUpdateThatDoesNotFit: what is left out must be at hand.
func TestUpdateThatDoesNotFit(t *testing.T) {
	const list = mediaHead + "#EXT-X-MEDIA-SEQUENCE:10\n" + one + one + one
	old, err := Parse([]byte(list+"#EXT-X-PART:DURATION=1,URI=\"p\"\n"), mustURL(streamBase), nil)
	if err != nil {
		t.Fatal(err)
	}
	skip := func(sequence, n int, more string) string {
		return fmt.Sprintf("%s#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-SKIP:SKIPPED-SEGMENTS=%d\n%s", mediaHead, sequence, n, one+more)
	}
	for _, c := range []struct {
		name, text string
		err        error
		says       string
	}{
		{"fits", skip(10, 3, ""), nil, ""},
		{"skips nothing", skip(10, 0, ""), nil, ""},
		{"begins too early", skip(9, 2, ""), manifest.ErrUpdate, "segments 9 to 10"},
		{"begins too late", skip(14, 1, ""), manifest.ErrUpdate, "segments 14 to 14"},
		{"reaches too far", skip(11, 3, ""), manifest.ErrUpdate, "segments 11 to 13"}, // the last is in parts
		{"more than there can be", skip(10, 1<<40, ""), manifest.ErrLimit, "segments"},
		{"after a segment", mediaHead + one + "#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n", manifest.ErrFormat, "after the first"},
		{"no count", mediaHead + "#EXT-X-SKIP:X=1\n" + one, manifest.ErrFormat, "SKIPPED-SEGMENTS"},
		{"a whole list", mediaHead + one, nil, ""},
		{"told apart by queries", skip(10, 3, "#EXTINF:4,\ns?1\n#EXTINF:4,\ns?2\n"), manifest.ErrUpdate, "query"},
	} {
		doc, err := ParseUpdate([]byte(c.text), mustURL(streamBase), nil, old)
		if !errorIs(err, c.err) || err != nil && !strings.Contains(err.Error(), c.says) || (doc == nil) != (err != nil) {
			t.Errorf("%s: %v, want %v that says %q", c.name, err, c.err, c.says)
		}
	}
}
