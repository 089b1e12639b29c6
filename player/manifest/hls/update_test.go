package hls

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"weak"

	"github.com/segue-audio/segue/player/manifest"
)

// media3Lists are lists of the media3 corpus and the updates that follow them, with what comes of it.
var media3Lists = []struct {
	old, update string
	err         error
	first, next int64
}{
	{"live_low_latency_media_can_skip_until", "live_low_latency_media_can_skip_skipped", nil, 11, 17},
	{"live_low_latency_media_can_skip_until_and_block_reload_next", "live_low_latency_media_can_skip_until_and_block_reload_next_skipped", nil, 12, 18},
	{"live_low_latency_media_can_skip_until", "live_low_latency_media_can_skip_skipped_media_sequence_no_overlapping", manifest.ErrUpdate, 0, 0},
	{"live_low_latency_media_can_skip_until", "live_low_latency_media_can_skip_until_full_reload_after_error", nil, 20, 26},
}

func TestUpdatesOfOthers(t *testing.T) {
	lists := map[string][]byte{}
	corpus(t, func(name string, data []byte) { lists[strings.TrimPrefix(name, "media3/m3u8/")] = data })
	for _, c := range media3Lists {
		old, err := Parse(lists[c.old], mustURL(streamBase), nil)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := ParseUpdate(lists[c.update], mustURL(streamBase), nil, old)
		if !errorIs(err, c.err) {
			t.Errorf("%s: %v, want %v", c.update, err, c.err)
		}
		if err != nil {
			continue
		}
		checkDocument(t, doc)
		n := c.first
		for _, s := range doc.Playlist.Segments {
			if want := fmt.Sprintf("fileSequence%d.ts", n); s.Sequence != n || s.Name != want {
				t.Errorf("%s: segment %d %s, want %d %s", c.update, s.Sequence, s.Name, n, want)
			}
			n++
		}
		if n != c.next {
			t.Errorf("%s: ends before %d, want %d", c.update, n, c.next)
		}
	}
}

// TestUpdateCarriesOn: what is in force at the end of the skipped segments is in force after them.
func TestUpdateCarriesOn(t *testing.T) {
	const (
		key  = "#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x1\n"
		init = "#EXT-X-MAP:URI=\"init\"\n"
		next = "#EXT-X-KEY:METHOD=AES-128,URI=\"k2\"\n"
	)
	old, err := Parse([]byte(mediaHead+key+init+one+next+one+one), mustURL(streamBase), nil)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := ParseUpdate([]byte(mediaHead+"#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n"+one+"#EXT-X-KEY:METHOD=NONE\n"+one), mustURL(streamBase), nil, old)
	if err != nil {
		t.Fatal(err)
	}
	s := doc.Playlist.Segments[3]
	if s.Init == nil || s.Init.Name != "init" || s.InitKey == nil || s.InitKey.Name != "k" || s.InitKey.IV != [16]byte{15: 1} ||
		s.Key == nil || s.Key.Name != "k2" || s.Key.IV != SequenceIV(3) {
		t.Errorf("%s", dump(doc))
	}
	if s := doc.Playlist.Segments[4]; s.Key != nil || s.InitKey == nil {
		t.Errorf("%s", dump(doc))
	}
}

// TestUpdatesKeepNothing: a list that was updated can go, with all that it was read from.
func TestUpdatesKeepNothing(t *testing.T) {
	const dated = "#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00Z\n"
	doc, err := Parse([]byte(mediaHead+dated+one+one), mustURL(streamBase), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		before, list, live := weak.Make(doc), weak.Make(doc.Playlist), weak.Make(doc.Playlist.Live)
		text := fmt.Sprintf("%s#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-SKIP:SKIPPED-SEGMENTS=1,RECENTLY-REMOVED-DATERANGES=\"\"\n%s", mediaHead, i+1, one)
		if doc, err = ParseUpdate([]byte(text), mustURL(streamBase), nil, doc); err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		if before.Value() != nil || list.Value() != nil || live.Value() != nil {
			t.Fatalf("update %d keeps what was before it", i)
		}
	}
	runtime.KeepAlive(doc)
}

// TestUpdateOfEndedList: a list that said it would not change is no ground for an update.
func TestUpdateOfEndedList(t *testing.T) {
	old, err := Parse([]byte(mediaHead+one+one+"#EXT-X-ENDLIST\n"), mustURL(streamBase), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = ParseUpdate([]byte(mediaHead+"#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n"+one), mustURL(streamBase), nil, old); !errors.Is(err, manifest.ErrUpdate) {
		t.Error(err)
	}
}

// TestUpdateNamesAlike: names that keep the query keep it in the updates, so that a segment is not fetched
// twice for having two names.
func TestUpdateNamesAlike(t *testing.T) {
	old, err := Parse([]byte(mediaHead+"#EXTINF:4,\ns?n=0\n#EXTINF:4,\ns?n=1\n"), mustURL(streamBase), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range []string{
		mediaHead + "#EXT-X-MEDIA-SEQUENCE:1\n#EXTINF:4,\ns?n=1\n",
		mediaHead + "#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n#EXTINF:4,\ns?n=2\n",
	} {
		doc, err := ParseUpdate([]byte(text), mustURL(streamBase), nil, old)
		if err != nil {
			t.Fatal(err)
		}
		s := doc.Playlist.Segments[len(doc.Playlist.Segments)-1]
		if want := fmt.Sprintf("s?n=%d", i+1); s.Name != want {
			t.Errorf("segment %d is %s, want %s", s.Sequence, s.Name, want)
		}
		if old = doc; !doc.queried {
			t.Error("forgot it")
		}
	}
}

// FuzzUpdate: an update never breaks what must be true, nor changes the list that it goes on from.
func FuzzUpdate(f *testing.F) {
	f.Add([]byte(mediaHead+"#EXT-X-MEDIA-SEQUENCE:7\n"+one+one+one), []byte(mediaHead+"#EXT-X-MEDIA-SEQUENCE:8\n#EXT-X-SKIP:SKIPPED-SEGMENTS=2\n"+one))
	f.Add([]byte(rangeHead+"#EXT-X-DATERANGE:ID=\"a\",START-DATE=\"2026-01-01T00:00:00Z\"\n"),
		[]byte(mediaHead+"#EXT-X-SKIP:SKIPPED-SEGMENTS=1,RECENTLY-REMOVED-DATERANGES=\"\"\n#EXT-X-PART:DURATION=1,URI=\"p\",BYTERANGE=\"1@2\"\n#EXT-X-PART:DURATION=1,URI=\"p\",BYTERANGE=\"3\"\n"))
	f.Add([]byte(mediaHead+"#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x1\n#EXT-X-MAP:URI=\"i\"\n"+one+one),
		[]byte(mediaHead+"#EXT-X-SKIP:SKIPPED-SEGMENTS=2\n#EXTINF:1,\ns?1\n#EXTINF:1,\ns?2\n"))
	f.Fuzz(func(t *testing.T, first, then []byte) {
		old, err := Parse(first, mustURL(streamBase), nil)
		if err != nil || old.Playlist == nil {
			return
		}
		before := dump(old)
		doc, err := ParseUpdate(then, mustURL(streamBase), nil, old)
		if dump(old) != before {
			t.Fatal("the list from before was changed")
		}
		if err != nil {
			checkError(t, err)
			return
		}
		checkDocument(t, doc)
	})
}
