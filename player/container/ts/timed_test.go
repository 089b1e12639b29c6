package ts

import (
	"bytes"
	"compress/zlib"
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

// id3Tag has a title of less than a hundred letters.
func id3Tag(title string) []byte {
	b := []byte("ID3\x04\x00\x00\x00\x00\x00")
	b = append(b, byte(11+len(title)), 'T', 'I', 'T', '2', 0, 0, 0, byte(1+len(title)), 0, 0, 3)
	return append(b, title...)
}

// TestPackedTags has tags that say a thousand times what they are long, packed: no more is kept than the limit.
func TestPackedTags(t *testing.T) {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	if _, err := z.Write(append([]byte("a\x00"), make([]byte, 60_000)...)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	frame := append([]byte{'P', 'R', 'I', 'V', 0, 0, byte((packed.Len() + 4) >> 7), byte((packed.Len() + 4) & 127), 0, 0x09, 0, 3, 0x54, 0x62}, packed.Bytes()...)
	tag := append([]byte("ID3\x04\x00\x00\x00\x00"), append([]byte{byte(len(frame) >> 7), byte(len(frame) & 127)}, frame...)...)
	m := newMuxer(0x0f)
	m.more = esInfo(0x15, id3PID, 0x26, 13, 0xff, 0xff, 'I', 'D', '3', ' ', 0xff, 'I', 'D', '3', ' ', 0, 0x0f)
	m.tables()
	m.pes(soundPID, 0, bytes.Join(frames(6), nil))
	for range 900 {
		m.pes(id3PID, 0, tag)
	}
	s, err := OpenSegment(m.b)
	if err != nil {
		t.Fatal(err)
	}
	weight := 0
	for _, m := range s.Timed() {
		weight += m.Metadata.Weight()
	}
	if weight < container.MaxTimedBytes || weight > container.MaxTimedBytes+100_000 {
		t.Errorf("%d bytes of %d are kept", weight, len(m.b))
	}
}

// TestTimed has tags between the frames, one of them longer than a packet and one of them cut.
func TestTimed(t *testing.T) {
	m := newMuxer(0x0f)
	m.more = esInfo(0x15, id3PID, 0x26, 13, 0xff, 0xff, 'I', 'D', '3', ' ', 0xff, 'I', 'D', '3', ' ', 0, 0x0f)
	m.tables()
	const from = 1<<33 - 10_000
	long := "A title that is so long that with the ones before and behind it no packet has room for it, in truth"
	for i, f := range frames(20) {
		pts := ticks(i, 1024, from)
		m.pes(soundPID, pts, f)
		switch i {
		case 2:
			m.pes(id3PID, pts, id3Tag("Song"))
		case 10:
			m.pes(id3PID, pts, append(id3Tag("One"), id3Tag(long)[:50]...))
		case 15:
			m.pes(id3PID, pts, append(id3Tag(long[:90]), make([]byte, 100)...))
		case 17:
			m.pes(id3PID, pts, id3Tag("Cut")[:12])
		}
	}
	s, err := OpenSegment(m.b)
	if err != nil {
		t.Fatal(err)
	}
	base := media.Frames(media.Rescale(from, clock, 44_100))
	want := []struct {
		title string
		at    media.Frames
	}{{"Song", base + 2*1024}, {"One", base + 10*1024}, {long[:90], base + 15*1024}}
	got := s.Timed()
	if len(got) != len(want) {
		t.Fatalf("%d tags, want %d: %+v", len(got), len(want), got)
	}
	for i, w := range want {
		if got[i].Metadata.Tags.Title != w.title || got[i].Time < w.at-1 || got[i].Time > w.at+1 {
			t.Errorf("%q at %d, want %q at %d", got[i].Metadata.Tags.Title, got[i].Time, w.title, w.at)
		}
	}
	if s, err = OpenSegment(simple(frames(6), 1, 0)); err != nil || s.Timed() != nil {
		t.Errorf("metadata in a segment without any: %v", err)
	}
}
