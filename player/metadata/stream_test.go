package metadata_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/metadata"
)

// icyBlock is a block of metadata with its length in front.
func icyBlock(text string) []byte {
	n := (len(text) + 15) / 16
	return append([]byte{byte(n)}, append([]byte(text), make([]byte, 16*n-len(text))...)...)
}

func TestICYSplitsAudioAndTitles(t *testing.T) {
	const interval = 1000
	audio := make([]byte, 10*interval+77)
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range audio {
		audio[i] = byte(rng.Uint32())
	}
	titles := map[int]string{1: "StreamTitle='A - B';StreamUrl='http://x/?a=1&b='';", 4: "StreamTitle='It's';", 7: "StreamTitle='';"}
	var stream []byte
	for i := 0; i*interval < len(audio); i++ {
		if i > 0 {
			stream = append(stream, icyBlock(titles[i])...)
		}
		stream = append(stream, audio[i*interval:min((i+1)*interval, len(audio))]...)
	}
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"whole": func(r io.Reader) io.Reader { return r }, "bytes": iotest.OneByteReader, "halves": iotest.HalfReader, "data with the end": iotest.DataErrReader,
	} {
		got := map[int]string{}
		r := metadata.NewICYReader(wrap(bytes.NewReader(stream)), interval, func(at int64, block []byte) { got[int(at)/interval] = string(block) })
		out, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(out, audio) {
			t.Fatalf("%s: %d bytes of %d, %v", name, len(out), len(audio), err)
		}
		if len(got) != len(titles) || got[1] != titles[1] || got[4] != titles[4] {
			t.Errorf("%s: titles %v", name, got)
		}
	}
	// One that ends within a block.
	r := metadata.NewICYReader(bytes.NewReader(stream[:interval+3]), interval, nil)
	if out, err := io.ReadAll(r); !errors.Is(err, io.ErrUnexpectedEOF) || len(out) != interval {
		t.Errorf("cut: %d bytes, %v", len(out), err)
	}
	// One without metadata.
	if out, err := io.ReadAll(metadata.NewICYReader(bytes.NewReader(audio), 0, nil)); err != nil || !bytes.Equal(out, audio) {
		t.Errorf("no metadata: %d bytes, %v", len(out), err)
	}
}

func TestICYTitles(t *testing.T) {
	for block, want := range map[string]metadata.Title{
		"StreamTitle='A - B';StreamUrl='http://x';":     {Text: "A - B", Artist: "A", Title: "B", URL: "http://x"},
		"StreamTitle='Don't stop';":                     {Text: "Don't stop", Title: "Don't stop"},
		"StreamTitle='It's 'quoted'; really';":          {Text: "It's 'quoted'; really", Title: "It's 'quoted'; really"},
		"StreamTitle='A - B - C'":                       {Text: "A - B - C", Artist: "A", Title: "B - C"},
		"StreamTitle='F\xfcnf - Str\xf6me';":            {Text: "Fünf - Ströme", Artist: "Fünf", Title: "Ströme"},
		"StreamTitle='Fünf';StreamUrl='';":              {Text: "Fünf", Title: "Fünf"},
		"streamtitle='lower';":                          {Text: "lower", Title: "lower"},
		"StreamTitle='cut in the midd":                  {Text: "cut in the midd", Title: "cut in the midd"},
		"StreamUrl='u';StreamTitle='behind';":           {Text: "behind", Title: "behind", URL: "u"},
		"StreamTitle='x';adw_ad='true';durationMs='9';": {Text: "x", Title: "x"},
		"":                     {},
		"rubbish":              {},
		"StreamTitle=\x00\xff": {},
	} {
		if got := metadata.ParseTitle([]byte(block)); got != want {
			t.Errorf("%q is %+v, want %+v", block, got, want)
		}
	}
}

func TestStations(t *testing.T) {
	h := http.Header{}
	h.Set("icy-name", "R\xe4dio")
	h.Set("icy-br", "128,128")
	h.Set("icy-metaint", "16000")
	h.Set("ice-genre", "Jazz")
	h.Set("icy-url", "http://x")
	s, err := metadata.ParseStation(h)
	want := metadata.Station{Name: "Rädio", Genre: "Jazz", URL: "http://x", Bitrate: media.Kbps(128), Interval: 16000}
	if err != nil || s != want {
		t.Errorf("%+v, %v", s, err)
	}
	for _, v := range []string{"-1", "x", "99999999", "1e3"} {
		h.Set("icy-metaint", v)
		if _, err := metadata.ParseStation(h); !errors.Is(err, metadata.ErrLimit) {
			t.Errorf("interval %q: %v", v, err)
		}
	}
}

func TestSegmentTags(t *testing.T) {
	stamp := append(append([]byte(metadata.TransportTimestamp), 0), 0, 0, 0, 1, 0x23, 0x45, 0x67, 0x89)
	timestamp := id3Tag(4, 0, id3Frame(4, "PRIV", 0, stamp))
	if m, ok := metadata.ParseSegmentTags(append(bytes.Clone(timestamp), 0xff, 0xfb)); ok {
		t.Errorf("a timestamp alone is metadata: %+v", m)
	}
	tag := id3Tag(4, 0, append(id3Frame(4, "PRIV", 0, stamp), id3Frame(4, "TIT2", 0, latin("now"))...))
	more := id3Tag(4, 0, append(id3Frame(4, "TXXX", 0, latin("adId\x0017")), id3Frame(4, "PRIV", 0, []byte("own\x00x"))...))
	m, ok := metadata.ParseSegmentTags(slices.Concat(tag, more, []byte{0xff, 0xfb}))
	if !ok || m.Tags.Title != "now" || m.Field("ADID") != "17" || len(m.Private) != 1 || m.Private[0].Owner != "own" {
		t.Errorf("%+v", m)
	}
	whole, _ := metadata.ParseID3v2(tag)
	if ticks, ok := whole.TransportTime(); !ok || ticks != 0x1_2345_6789 {
		t.Errorf("timestamp %x, %v", ticks, ok)
	}
}

func TestEventMessages(t *testing.T) {
	tag := id3Tag(4, 0, id3Frame(4, "TIT2", 0, latin("event")))
	be := binary.BigEndian
	scheme := "https://aomedia.org/emsg/ID3\x00value\x00"
	v1 := be.AppendUint32([]byte{1, 0, 0, 0}, 48000)
	v1 = be.AppendUint64(v1, 1<<33)
	v1 = be.AppendUint32(be.AppendUint32(v1, 10), 20)
	v1 = append(append(v1, scheme...), tag...)
	v0 := append([]byte{0, 0, 0, 0}, scheme...)
	v0 = be.AppendUint32(be.AppendUint32(be.AppendUint32(be.AppendUint32(v0, 1000), 250), 10), 20)
	v0 = append(v0, tag...)
	for _, c := range []struct {
		body []byte
		want metadata.Message
	}{
		{v1, metadata.Message{Timescale: 48000, Time: 1 << 33}},
		{v0, metadata.Message{Timescale: 1000, Time: 250, Delta: true}},
	} {
		m, err := metadata.ParseMessage(c.body)
		if err != nil || m.Timescale != c.want.Timescale || m.Time != c.want.Time || m.Delta != c.want.Delta || m.Duration != 10 || m.Ident != 20 || m.Value != "value" {
			t.Fatalf("%+v, %v", m, err)
		}
		if id3, ok := m.ID3(); !ok || id3.Tags.Title != "event" {
			t.Errorf("%+v, %v", id3, ok)
		}
		head := len(c.body) - len(tag)
		for n := range head {
			if _, err := metadata.ParseMessage(c.body[:n]); !errors.Is(err, metadata.ErrFormat) {
				t.Fatalf("cut at %d: %v", n, err)
			}
		}
		m.Scheme = "urn:scte:scte35:2013:bin"
		if _, ok := m.ID3(); ok {
			t.Error("another scheme was taken for ID3")
		}
	}
	if _, err := metadata.ParseMessage([]byte{2, 0, 0, 0, 0}); !errors.Is(err, metadata.ErrUnsupported) {
		t.Errorf("version 2: %v", err)
	}
}
