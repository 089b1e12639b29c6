package hls

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/internal/address"
)

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "golden", "*.m3u8"))
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds:", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	whole, err := AppendMedia(nil, specimen())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(mediaHead + "#EXTINF:4,\ns?a\n#EXTINF:4,\ns?b\n#EXT-X-ENDLIST\n"))
	base := mustURL("https://h.example/media/t1/index.m3u8?sig=S")
	master := &Document{base: mustURL("https://h.example/media/master.m3u8"), variables: map[string]string{"cdn": "//c/"}}
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := Parse(data, base, master)
		if err != nil {
			checkError(t, err)
			return
		}
		checkDocument(t, doc)
		again, err := Parse(data, base, master)
		if err != nil || !reflect.DeepEqual(doc, again) {
			t.Fatalf("parsed again: %+v, %v, want %+v", again, err, doc)
		}
	})
}

// FuzzWrite: what is written reads back the same.
func FuzzWrite(f *testing.F) {
	f.Add("0.mp3", int64(4e9), int64(0), int64(0), true)
	f.Add("a b/c?d", int64(4017959e3), int64(1)<<40, int64(77), false)
	f.Fuzz(func(t *testing.T, uri string, duration, offset, length int64, cut bool) {
		spec := &MediaSpec{Segments: []SegmentSpec{
			{URI: uri, Duration: time.Duration(duration), Offset: offset, Length: length, Discontinuity: cut},
		}}
		text, err := AppendMedia(nil, spec)
		if err != nil {
			return
		}
		doc, err := Parse(text, nil, nil)
		switch {
		case errors.Is(err, manifest.ErrLimit) && (duration > int64(manifest.MaxSegment) || offset >= maxInt-length || len(uri) > address.MaxBytes):
			return
		case errors.Is(err, manifest.ErrUnsupported) && strings.Contains(err.Error(), "scheme"),
			errors.Is(err, manifest.ErrFormat) && strings.Contains(err.Error(), "URI"):
			return // written as asked; that the URI leads nowhere is the writer's business
		case err != nil:
			t.Fatalf("%v\n%s", err, text)
		}
		s := doc.Playlist.Segments[0]
		if length == 0 {
			offset = 0
		}
		if s.Duration != time.Duration(duration).Round(time.Microsecond) || s.Length != length || s.Offset != offset || s.Discontinuity != cut {
			t.Fatalf("%+v\n%s", s, text)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for _, segments := range []int{60, 20_000} {
		spec := specimen()
		spec.Segments = nil
		for i := range segments {
			spec.Segments = append(spec.Segments, SegmentSpec{URI: fmt.Sprintf("%d.m4s?token=abcdef", i), Duration: 4 * time.Second})
		}
		text, err := AppendMedia(nil, spec)
		if err != nil {
			b.Fatal(err)
		}
		base := mustURL("https://h.example/media/TOKEN/t1/flac/index.m3u8")
		b.Run(fmt.Sprintf("segments=%d", segments), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(text, base, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
