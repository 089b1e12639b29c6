package hls

import (
	"bytes"
	"errors"
	"math"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/Eyevinn/hls-m3u8/m3u8"
	"pgregory.net/rapid"

	"github.com/segue-audio/segue/player/manifest"
)

// What another parser reads in the same playlists. It is the best there is in Go, which makes it a yardstick;
// TestWhyNotM3U8 has the reasons why it isn't the parser.

// differs lists what of the corpora the two read otherwise, and who is right.
var differs = map[string]string{
	"hls-m3u8/media-playlist-trailing-scte35-daterange.m3u8":      "m3u8 refuses a date range behind the last segment",
	"hls-m3u8/media-playlist-with-byterange.m3u8":                 "m3u8 begins a range without an offset at 0",
	"hls-m3u8/media-playlist-with-defines.m3u8":                   "m3u8 leaves variables as they are",
	"hls-m3u8/media-playlist-with-cue-out-in-without-oatcls.m3u8": "m3u8 takes a cut list for a whole one",
	"hls-m3u8/bad-media-playlist-with-gap.m3u8":                   "m3u8 drops a URI without EXTINF",
	"hls-m3u8/media-playlist-with-key.m3u8":                       "m3u8 gives keys as text, whatever that is",
}

func TestBesideM3U8(t *testing.T) {
	compared, differ := 0, 0
	corpus(t, func(name string, data []byte) {
		if len(data) > 1<<20 && os.Getenv("SEGUE_SWEEP") == "" {
			return // 40,000 segments that all look the same
		}
		t.Run(name, func(t *testing.T) {
			ours, err := Parse(data, mustURL(corpusBase+name+"?Define2=x"), nil)
			theirs, _, peer := m3u8.Decode(*bytes.NewBuffer(data), false)
			if why := differs[name]; why != "" {
				differ++
				if list, ok := theirs.(*m3u8.MediaPlaylist); peer == nil && err == nil && ok && compare(ours.Playlist, list) == "" {
					t.Errorf("both read the same now; the list says that %s", why)
				}
				return
			}
			// What has no sound, or needs another playlist, is ours alone to refuse.
			if errors.Is(err, manifest.ErrUnsupported) || errors.Is(err, manifest.ErrUpdate) || refused[name].err != nil {
				return
			}
			if err != nil || peer != nil {
				t.Fatalf("ours %v, m3u8 %v", err, peer)
			}
			compared++
			switch theirs := theirs.(type) {
			case *m3u8.MediaPlaylist:
				if diff := compare(ours.Playlist, theirs); diff != "" {
					t.Error(diff)
				}
			case *m3u8.MasterPlaylist:
				compareMasters(t, ours, theirs)
			}
		})
	})
	t.Logf("%d playlists compared, %d differ for a reason", compared, differ)
	if compared < 70 {
		t.Errorf("only %d playlists compared", compared)
	}
}

// compare gives the first difference of two readings of a list; "" for none.
func compare(ours *manifest.Playlist, theirs *m3u8.MediaPlaylist) string {
	if ours == nil {
		return "not a media playlist"
	}
	whole := ours.Segments
	if n := len(whole); n > 0 && whole[n-1].URL == nil {
		whole = whole[:n-1]
	}
	if int(theirs.Count()) != len(whole) || theirs.Closed != ours.Ended {
		return "another number of segments, or another end"
	}
	for i, s := range whole {
		o := theirs.Segments[i]
		switch {
		case !leads(o.URI, s.URL):
			return "segment " + o.URI + " is " + s.URL.String()
		case math.Abs(s.Duration.Seconds()-o.Duration) > 1e-9 || int64(o.SeqId) != s.Sequence:
			return "segment " + o.URI + ": another duration or number"
		case o.Gap != s.Gap || o.Discontinuity != s.Discontinuity || o.Limit != s.Length || o.Offset != s.Offset:
			return "segment " + o.URI + ": another range, gap or discontinuity"
		case !o.ProgramDateTime.IsZero() && !o.ProgramDateTime.Equal(s.Time):
			return "segment " + o.URI + ": another date"
		}
	}
	if hint := theirs.PreloadHints; hint != nil && hint.Type == "PART" && (ours.Live.Next == nil || !leads(hint.URI, ours.Live.Next.URL)) {
		return "another hint"
	}
	if c := theirs.ServerControl; c != nil && ours.Live != nil {
		if c.CanBlockReload != ours.Live.Blocks || c.CanSkipUntil != ours.Live.Skips.Seconds() || c.CanSkipDateRanges != ours.Live.SkipsRanges {
			return "another server control"
		}
	}
	return ""
}

// leads tells whether a URI as written may have become u.
func leads(uri string, u *url.URL) bool {
	written := mustURL(uri)
	return strings.HasSuffix(u.Path, strings.TrimLeft(written.Path, "./")) && u.RawQuery == written.RawQuery
}

// compareMasters: every variant that isn't a picture is one of our renditions, or has its sound in one.
func compareMasters(t *testing.T, ours *Document, theirs *m3u8.MasterPlaylist) {
	var known []*url.URL
	for _, list := range [][]manifest.Rendition{ours.Presentation.Renditions, ours.Presentation.Others} {
		for _, r := range list {
			known = append(append(known, r.URL), r.Mirrors...)
		}
	}
	find := func(uri string) bool {
		return slices.ContainsFunc(known, func(u *url.URL) bool { return leads(uri, u) })
	}
	for _, v := range theirs.Variants {
		if v.Iframe {
			continue
		}
		found := v.Audio == "" && find(v.URI)
		for _, a := range v.Alternatives {
			if a.Type == "AUDIO" {
				found = find(a.URI)
				if !found {
					break
				}
			}
		}
		if !found {
			t.Errorf("variant %s of %d bits a second is nowhere", v.URI, v.Bandwidth)
		}
	}
	if s := theirs.ContentSteering; s != nil && (ours.Presentation.Steering == nil || s.PathwayId != ours.Presentation.Steering.Pathway) {
		t.Errorf("steering %+v", s)
	}
	if len(theirs.SessionDatas) != len(ours.Presentation.Data) || len(theirs.SessionKeys) != len(ours.Presentation.Keys) {
		t.Errorf("%d items and %d keys, m3u8 has %d and %d", len(ours.Presentation.Data), len(ours.Presentation.Keys), len(theirs.SessionDatas), len(theirs.SessionKeys))
	}
}

// TestStreamsBesideM3U8: the same of random streams, but for what it is known to read wrongly.
func TestStreamsBesideM3U8(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawStream(t)
		for i := range s.segments {
			s.segments[i].implicit = false
			for k := range s.segments[i].Parts { // their ranges may be implicit too
				s.segments[i].Parts[k].Length = 0
			}
		}
		from := rapid.IntRange(0, len(s.segments)-1).Draw(t, "from")
		text := s.text(from, len(s.segments), 0)
		theirs, _, err := m3u8.Decode(*bytes.NewBufferString(text), false) // else it refuses ranges of init sections
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		ours, err := Parse([]byte(text), mustURL(streamBase), nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := compare(ours.Playlist, theirs.(*m3u8.MediaPlaylist)); diff != "" {
			t.Fatalf("%s\n%s", diff, text)
		}
	})
}

// TestWhyNotM3U8 has the reasons for a parser of our own. It fails on the day that one of them is gone.
func TestWhyNotM3U8(t *testing.T) {
	read := func(text string, strict bool) (*m3u8.MediaPlaylist, error) {
		p, _, err := m3u8.Decode(*bytes.NewBufferString(mediaHead + text), strict)
		list, _ := p.(*m3u8.MediaPlaylist)
		return list, err
	}
	const key, init = "#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x1\n", "#EXT-X-MAP:URI=\"i\"\n"
	for _, c := range []struct {
		name, text string
		strict     bool
		still      func(*m3u8.MediaPlaylist, error) bool
	}{
		{"a range that goes on begins at 0", "#EXTINF:4,\n#EXT-X-BYTERANGE:100@50\na\n#EXTINF:4,\n#EXT-X-BYTERANGE:100\na\n", true,
			func(p *m3u8.MediaPlaylist, err error) bool { return err == nil && p.Segments[1].Offset == 0 }},
		{"a part's range that goes on is refused", "#EXT-X-PART:DURATION=1,URI=\"a\",BYTERANGE=\"9@0\"\n#EXT-X-PART:DURATION=1,URI=\"a\",BYTERANGE=\"9\"\n" + one, true,
			func(_ *m3u8.MediaPlaylist, err error) bool { return err != nil }},
		{"or loses the part", "#EXT-X-PART:DURATION=1,URI=\"a\",BYTERANGE=\"9\"\n" + one, false,
			func(p *m3u8.MediaPlaylist, err error) bool { return err == nil && len(p.PartialSegments) == 0 }},
		{"an init section in a range is refused", "#EXT-X-MAP:URI=\"i\",BYTERANGE=\"9@0\"\n" + one, true,
			func(_ *m3u8.MediaPlaylist, err error) bool { return err != nil }},
		{"or lost", "#EXT-X-MAP:URI=\"i\",BYTERANGE=\"9@0\"\n" + one, false,
			func(p *m3u8.MediaPlaylist, err error) bool { return err == nil && p.Map == nil }},
		{"a list of parts alone is refused", "#EXT-X-PART:DURATION=1,URI=\"a\"\n", true,
			func(_ *m3u8.MediaPlaylist, err error) bool { return err != nil }},
		{"whether the init section is encrypted is lost", key + init + one, true,
			func(p *m3u8.MediaPlaylist, err error) bool {
				q, _ := read(init+key+one, true)
				return err == nil && p.String() == q.String()
			}},
		{"variables stay", "#EXT-X-DEFINE:NAME=\"x\",VALUE=\"y\"\n#EXTINF:4,\n{$x}\n", true,
			func(p *m3u8.MediaPlaylist, err error) bool { return err == nil && p.Segments[0].URI == "{$x}" }},
		{"a segment without EXTINF vanishes", one + "1.mp3\n", true,
			func(p *m3u8.MediaPlaylist, err error) bool { return err == nil && p.Count() == 1 }},
		{"a cut list is a shorter one", "#EXT-X-PLAYLIST-TYPE:VOD\n" + one + "#EXTINF:4,\n", true,
			func(p *m3u8.MediaPlaylist, err error) bool { return err == nil && p.Count() == 1 }},
		{"a segment may last NaN seconds", "#EXTINF:NaN,\na\n", true,
			func(p *m3u8.MediaPlaylist, err error) bool { return err == nil && math.IsNaN(p.Segments[0].Duration) }},
		{"of two hints the last is kept", one + "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p\"\n#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"m\"\n", true,
			func(p *m3u8.MediaPlaylist, err error) bool { return err == nil && p.PreloadHints.Type == "MAP" }},
		{"reports are passed over", one + "#EXT-X-RENDITION-REPORT:URI=\"x\",LAST-MSN=1\n", true,
			func(p *m3u8.MediaPlaylist, err error) bool {
				return err == nil && !strings.Contains(p.String(), "REPORT")
			}},
	} {
		if p, err := read(c.text, c.strict); !c.still(p, err) {
			t.Errorf("no longer so: %s (%v)", c.name, err)
		}
	}
	text := "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=5000000000\nv\n"
	if p, _, err := m3u8.Decode(*bytes.NewBufferString(text), true); err != nil || p.(*m3u8.MasterPlaylist).Variants[0].Bandwidth != 5_000_000_000%(1<<32) {
		t.Errorf("no longer so: bit rates wrap at 32 bits (%v)", err)
	}
}
