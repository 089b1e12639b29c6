package hls

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/internal/address"
)

// TestMemory: no playlist makes the parser allocate more than 64 times its size, as the limits want it for
// 1 MiB: with SEGUE_SWEEP=1 of that size, else of an eighth.
func TestMemory(t *testing.T) {
	size := 128 << 10
	if os.Getenv("SEGUE_SWEEP") != "" {
		size = 1 << 20
	}
	most := uint64(64 * size)
	fill := func(head string, line func(i int) string) string {
		var b strings.Builder
		b.WriteString(head)
		for i := 0; b.Len() < size; i++ {
			b.WriteString(line(i))
		}
		return b.String()
	}
	same := func(line string) func(int) string { return func(int) string { return line } }
	half := fill("#EXTM3U\n", same("#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"g\",NAME=\"n\",URI=\""+strings.Repeat("u", 2048)+"\"\n"))[:size/2]
	for name, text := range map[string]string{
		"shortest segments": fill(mediaHead, same("#EXTINF:1\na\n")),
		"queries":           fill(mediaHead, same("#EXTINF:1\n?b\n")),
		"other queries":     fill(mediaHead, func(i int) string { return fmt.Sprintf("#EXTINF:1\na?%d\n", i) }),
		"ranges":            fill(mediaHead, same("#EXTINF:1\n#EXT-X-BYTERANGE:1@1\na\n")),
		"keys by number":    fill(mediaHead+"#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n", same("#EXTINF:1\na\n")),
		"ever new keys":     fill(mediaHead, same("#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n#EXTINF:1\na\n")),
		"many key systems": fill(mediaHead, func(i int) string {
			return fmt.Sprintf("#EXT-X-KEY:METHOD=S,KEYFORMAT=\"%d\"\n#EXTINF:1\na\n", i%maxKeys)
		}),
		"ever new maps": fill(mediaHead, same("#EXT-X-MAP:URI=\"m\"\n#EXTINF:1\na\n")),
		"parts":         fill(mediaHead, same("#EXT-X-PART:DURATION=0,URI=\"p\"\n")),
		"hints":         fill(mediaHead, same("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p\"\n")),
		"date ranges": fill(rangeHead, func(i int) string {
			return fmt.Sprintf("#EXT-X-DATERANGE:ID=\"%d\",START-DATE=\"2026-01-01T00:00:00Z\",X-A=1\n", i)
		}),
		"one date range": fill(rangeHead, func(i int) string { return fmt.Sprintf("#EXT-X-DATERANGE:ID=\"a\",X-%d=1\n", i) }),
		"attributes":     fill(mediaHead, same("#EXT-X-KEY:METHOD=NONE"+manyAttributes(maxAttributes-1)+"\n")),
		"variables":      fill("#EXTM3U\n#EXT-X-DEFINE:NAME=\"x\",VALUE=\""+strings.Repeat("y", 5000)+"\"\n", same("#EXT-X-MEDIA:TYPE=VIDEO,URI=\"{$x}\"\n")),
		"session data":   fill(masterHead, same("#EXT-X-SESSION-DATA:DATA-ID=\"a\",VALUE=\"b\"\n")),
		"groups": half[:strings.LastIndexByte(half, '\n')+1] +
			strings.Repeat("#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"g\"\n"+strings.Repeat("v", size/2/manifest.MaxRenditions-50)+"\n", manifest.MaxRenditions-1),
		"dates": fill(mediaHead, same("#EXT-X-PROGRAM-DATE-TIME:x\n")),
	} {
		if n := allocated(func() { _, _ = Parse([]byte(text), mustURL(streamBase+"?q=1"), nil) }); n > most {
			t.Errorf("%s: %d MiB for %d KiB", name, n>>20, len(text)>>10)
		} else {
			t.Logf("%s: %d MiB", name, n>>20)
		}
	}
	long := mustURL("https://h.example/" + strings.Repeat("d", address.MaxBytes-100) + "/x")
	text := fill(mediaHead+"#EXTINF:1\n#EXT-X-BYTERANGE:1@0\na\n", same("#EXTINF:1\n#EXT-X-BYTERANGE:1\na\n"))
	if n := allocated(func() { _, _ = Parse([]byte(text), long, nil) }); n > 2*maxResolvedBytes {
		t.Errorf("a long base: %d MiB", n>>20)
	}
	old, err := Parse([]byte(fill(mediaHead, same("#EXTINF:1\na\n"))), mustURL(streamBase), nil)
	if err != nil {
		t.Fatal(err)
	}
	text = fmt.Sprintf("%s#EXT-X-SKIP:SKIPPED-SEGMENTS=%d\n%s", mediaHead, len(old.Playlist.Segments), one)
	if n := allocated(func() { _, err = ParseUpdate([]byte(text), mustURL(streamBase), nil, old) }); n > most || err != nil {
		t.Errorf("an update: %d MiB, %v", n>>20, err)
	}
}

// allocated measures what a function allocates in all, garbage included.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
