package fmp4

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/segue-audio/segue/player/media"
)

// event makes an emsg box with an ID3 tag of one title; version 0 counts from the segment's start.
func event(version byte, scheme string, timescale uint32, at uint64, title string) []byte {
	be := binary.BigEndian
	frame := append([]byte("TIT2\x00\x00\x00"), byte(len(title)+1), 0, 0, 3)
	frame = append(frame, title...)
	tag := append([]byte("ID3\x04\x00\x00\x00\x00\x00"), byte(len(frame)))
	tag = append(tag, frame...)
	words := scheme + "\x00\x00"
	body := []byte{version, 0, 0, 0}
	if version == 0 {
		body = be.AppendUint32(be.AppendUint32(append(body, words...), timescale), uint32(at))
		body = be.AppendUint64(body, 1)
	} else {
		body = be.AppendUint64(be.AppendUint64(be.AppendUint32(body, timescale), at), 1)
		body = append(body, words...)
	}
	body = append(body, tag...)
	return append(append(be.AppendUint32(nil, uint32(8+len(body))), "emsg"...), body...)
}

func TestEventMessages(t *testing.T) {
	const scheme = "https://aomedia.org/emsg/ID3"
	in := testInit(t, media.Trim{})
	const start = 960_000 // ten seconds
	segment := bytes.Join([][]byte{
		event(1, scheme, 1000, 10_500, "absolute"),
		event(0, scheme, 90_000, 45_000, "from the start"),
		event(1, "urn:scte:scte35:2013:bin", 1000, 10_500, "another scheme"),
		event(7, scheme, 1000, 10_500, "another version"),
		AppendFragment(nil, 1, start, testPackets(5, start)),
		event(1, scheme, 96_000, 970_000, "behind"),
	}, nil)
	s, err := in.OpenSegment(segment)
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		at    media.Frames
		title string
	}{{1_008_000, "absolute"}, {start + 48_000, "from the start"}, {970_000, "behind"}}
	got := s.Timed()
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, w := range want {
		if got[i].Time != w.at || got[i].Metadata.Tags.Title != w.title {
			t.Errorf("message %d: %q at %d, want %q at %d", i, got[i].Metadata.Tags.Title, got[i].Time, w.title, w.at)
		}
	}
	if m, err := s.InitMetadata(); err != nil || !m.Empty() {
		t.Errorf("metadata of an init section without any: %+v, %v", m, err)
	}
}

func TestInitMetadata(t *testing.T) {
	data := AppendInit(nil, testFormat(), media.Trim{})
	box := func(kind string, body ...byte) []byte {
		return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), kind...), body...)
	}
	item := box("\xa9nam", box("data", append([]byte{0, 0, 0, 1, 0, 0, 0, 0}, "Title"...)...)...)
	udta := box("udta", box("meta", append(append([]byte{0, 0, 0, 0}, box("hdlr")...), box("ilst", item...)...)...)...)
	at := bytes.Index(data, []byte("moov")) - 4
	binary.BigEndian.PutUint32(data[at:], binary.BigEndian.Uint32(data[at:])+uint32(len(udta)))
	data = append(data, udta...) // moov stands last
	in, err := ParseInit(data)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := in.Metadata(); err != nil || m.Tags.Title != "Title" {
		t.Errorf("%+v, %v", m, err)
	}
}
