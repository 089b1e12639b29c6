package fmp4

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

// sidx writes one box. A size whose top bit is set refers to a further index.
func sidx(version uint8, scale uint32, start, first uint64, sizes ...uint32) []byte {
	w := &writer{}
	w.full("sidx", version, 0, func() {
		w.u32(1)
		w.u32(scale)
		if version == 0 {
			w.u32(uint32(start))
			w.u32(uint32(first))
		} else {
			w.u64(start)
			w.u64(first)
		}
		w.u16(0)
		w.u16(uint16(len(sizes)))
		for i, size := range sizes {
			w.u32(size)
			w.u32(uint32(1000 + i))
			w.u32(0x9000_0000)
		}
	})
	return w.b
}

const index = 1 << 31 // of a size: what it refers to is an index

var testTrim = media.Trim{Start: 1105, Length: 44_100}

func TestParseIndex(t *testing.T) {
	flat := sidx(0, 48_000, 96_000, 20, 100, 200)
	wide := sidx(1, 1000, 1<<40, 1<<33, 5)
	inner := sidx(0, 48_000, 5000, 0, 10, 20)
	nested := append(sidx(0, 48_000, 0, 0, 7, index|uint32(len(inner)), 9), "media.."...)
	head := AppendInit(nil, testFormat(), testTrim)
	for name, c := range map[string]struct {
		data   []byte
		offset int64
		want   []IndexEntry
	}{
		"two pieces": {flat, 700, []IndexEntry{
			{700 + int64(len(flat)) + 20, 100, 96_000, 1000, 48_000, false}, {700 + int64(len(flat)) + 120, 200, 97_000, 1001, 48_000, false},
		}},
		"64 bits":    {wide, 0, []IndexEntry{{int64(len(wide)) + 1<<33, 5, 1 << 40, 1000, 1000, false}}},
		"after init": {append(slices.Clone(head), sidx(0, 1, 0, 0, 3)...), 0, []IndexEntry{{int64(len(head)) + 44, 3, 0, 1000, 1, false}}},
		"cut behind": {append(slices.Clone(wide), 0, 0, 9, 9, 'm', 'o', 'o', 'f', 1), 0, []IndexEntry{{int64(len(wide)) + 1<<33, 5, 1 << 40, 1000, 1000, false}}},
		"an index elsewhere": {sidx(0, 48_000, 0, 0, index|50, 9), 0, []IndexEntry{
			{56, 50, 0, 1000, 48_000, true}, {106, 9, 1000, 1001, 48_000, false},
		}},
		"an index at hand": {append(nested, inner...), 1000, []IndexEntry{
			{1068, 7, 0, 1000, 48_000, false},
			{1068 + 7 + int64(len(inner)), 10, 5000, 1000, 48_000, false}, {1068 + 17 + int64(len(inner)), 20, 6000, 1001, 48_000, false},
			{1068 + 7 + int64(len(inner)), 9, 2001, 1002, 48_000, false},
		}},
		"empty": {sidx(0, 1, 0, 0), 0, nil},
	} {
		got, err := ParseIndex(c.data, c.offset)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, c.want)
		}
	}
}

func TestParseIndexRefused(t *testing.T) {
	good := sidx(0, 48_000, 0, 0, 100, 200)
	many := make([]uint32, 1<<16-1)
	var chain []byte
	for range 3 {
		chain = append(chain, sidx(0, 1, 0, 0, append(slices.Clone(many[1:]), index)...)...)
	}
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"nothing":         {nil, container.ErrFormat},
		"no index":        {AppendInit(nil, testFormat(), testTrim), container.ErrFormat},
		"cut":             {good[:len(good)-1], container.ErrFormat},
		"fewer than said": {sidx(0, 48_000, 0, 0, 1)[:44-12], container.ErrFormat},
		"no scale":        {sidx(0, 0, 0, 0, 1), container.ErrFormat},
		"far away":        {sidx(1, 1, 0, 1<<63, 1), container.ErrFormat},
		"too many":        {chain, container.ErrLimit},
	} {
		if got, err := ParseIndex(c.data, 0); !errors.Is(err, c.want) {
			t.Errorf("%s: %d entries, %v, want %v", name, len(got), err, c.want)
		}
	}
	short := bytes.Clone(good)
	binary.BigEndian.PutUint16(short[30:], 3) // claims one reference more than there is
	if _, err := ParseIndex(short, 0); !errors.Is(err, container.ErrFormat) {
		t.Errorf("a reference too many: %v", err)
	}
	for n := range good {
		if _, err := ParseIndex(good[:n], 0); !errors.Is(err, container.ErrFormat) {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
}

// TestIndexOfOthers reads the index that ffmpeg writes, and finds a fragment at each place it names.
func TestIndexOfOthers(t *testing.T) {
	path, _, all := flacFile(t, "-sample_fmt", "s16")
	out := filepath.Join(t.TempDir(), "b.mp4")
	containertest.Tool(t, "ffmpeg", "-v", "error", "-i", path, "-c:a", "copy", "-f", "mp4",
		"-movflags", "+dash+global_sidx+frag_keyframe+empty_moov", "-frag_duration", "500000", "-strict", "-2", out)
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	in, err := ParseInit(data)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := ParseIndex(data, 0)
	if err != nil || len(entries) < 4 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	packets := 0
	for i, e := range entries {
		s, err := in.OpenSegment(data[e.Offset : e.Offset+e.Size])
		if err != nil {
			t.Fatalf("entry %d: %v", i, err)
		}
		if start := int64(in.track.Frames(uint64(e.Start))); e.Scale != int64(in.Timescale) || int64(s.BaseTime()) != start {
			t.Errorf("entry %d: %+v, the fragment starts at %d", i, e, s.BaseTime())
		}
		packets += len(containertest.Rest(t, s))
	}
	if packets != len(all) {
		t.Errorf("%d packets, want %d", packets, len(all))
	}
}

func FuzzParseIndex(f *testing.F) {
	inner := sidx(0, 48_000, 5000, 0, 10, 20)
	f.Add(append(sidx(0, 48_000, 0, 0, 7, index|uint32(len(inner)), 9), append([]byte("media.."), inner...)...))
	f.Add(sidx(1, 1000, 1<<40, 1<<33, 5))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := ParseIndex(data, 99)
		if err != nil {
			if !errors.Is(err, container.ErrFormat) && !errors.Is(err, container.ErrLimit) {
				t.Fatal(err)
			}
			return
		}
		for _, e := range entries {
			if e.Offset < 99 || e.Size < 0 || e.Start < 0 || e.Duration < 0 || e.Scale <= 0 {
				t.Fatalf("%+v", e)
			}
		}
		if len(entries) > MaxIndexEntries {
			t.Fatalf("%d entries of %d bytes", len(entries), len(data))
		}
	})
}
