package metadata_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/metadata"
)

// comments makes a Vorbis comment header.
func comments(list ...string) []byte {
	b := append([]byte{1, 0, 0, 0, 'v'}, 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(b[5:], uint32(len(list)))
	for _, c := range list {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(c))), c...)
	}
	return b
}

func parseComments(t testing.TB, list ...string) metadata.Metadata {
	t.Helper()
	b := comments(list...)
	r := metadata.NewReader(bytes.NewReader(b), int64(len(b)), metadata.Options{})
	if err := r.VorbisComment(0, int64(len(b))); err != nil {
		t.Fatal(err)
	}
	m, _ := r.Metadata()
	return m
}

func TestGains(t *testing.T) {
	db := func(v float64) *media.Decibels { d := media.Decibels(v); return &d }
	for _, c := range []struct {
		comments     []string
		track, album *media.Decibels
		peak         float64
	}{
		{[]string{"REPLAYGAIN_TRACK_GAIN=-7.03 dB", "replaygain_album_gain=+1", "REPLAYGAIN_TRACK_PEAK=0.98"}, db(-7.03), db(1), 0.98},
		// −23 LUFS is 5 dB below ReplayGain's −18; the unit is a 256th.
		{[]string{"R128_TRACK_GAIN=0", "R128_ALBUM_GAIN=-1280"}, db(5), db(0), 0},
		{[]string{"R128_TRACK_GAIN=256"}, db(6), nil, 0},
		{[]string{"REPLAYGAIN_TRACK_GAIN=-1,5 dB", "REPLAYGAIN_TRACK_PEAK=1,01"}, db(-1.5), nil, 1.01},
		{[]string{"REPLAYGAIN_TRACK_GAIN=NaN", "REPLAYGAIN_ALBUM_GAIN=-900 dB", "REPLAYGAIN_TRACK_PEAK=-1"}, nil, nil, 0},
		{[]string{"R128_TRACK_GAIN=99999", "R128_ALBUM_GAIN=1.5"}, nil, nil, 0},
		{[]string{"REPLAYGAIN_TRACK_GAIN=", "REPLAYGAIN_TRACK_PEAK=loud"}, nil, nil, 0},
	} {
		g := parseComments(t, c.comments...).Tags
		same := func(a, b *media.Decibels) bool {
			return (a == nil) == (b == nil) && (a == nil || math.Abs(float64(*a-*b)) < 1e-9)
		}
		if !same(g.TrackGain, c.track) || !same(g.AlbumGain, c.album) || g.TrackPeak != c.peak {
			t.Errorf("%q: %v, %v, %v", c.comments, g.TrackGain, g.AlbumGain, g.TrackPeak)
		}
	}
}

func TestFieldForms(t *testing.T) {
	m := parseComments(t, "title=lower case", "ARTIST=A", "ARTIST=B", "ARTIST=A", "Album Artist=V", "TRACKNUMBER=03/12", "DISCNUMBER=1",
		"TOTALDISCS=2", "DATE=01.04.2003", "=nameless", "nonsense", "EMPTY=", "ISRC=GBAAA0300001", "ENCODER=x\r\ny")
	g := m.Tags
	if g.Title != "lower case" || g.Artist != "A, B" || g.AlbumArtist != "V" || g.Track != 3 || g.Tracks != 12 || g.Disc != 1 || g.Discs != 2 || g.Year != 2003 {
		t.Errorf("%+v", g)
	}
	if m.Field("ISRC") != "GBAAA0300001" || m.Field("ENCODER") != "x\ny" || m.Field("NONSENSE") != "" {
		t.Errorf("%q", m.Fields)
	}
}

func TestOldCoverArt(t *testing.T) {
	cover := picture(t, 8, 8, "png")
	m := parseComments(t, "COVERART="+base64.StdEncoding.EncodeToString(cover), "COVERARTMIME=image/png")
	if p := m.Cover(); p == nil || !bytes.Equal(p.Data, cover) || p.Width != 8 {
		t.Errorf("%+v", p)
	}
}

func TestVorbisCommentRefusals(t *testing.T) {
	whole := comments("TITLE=kept", "ARTIST=lost")
	for n := range whole {
		r := metadata.NewReader(bytes.NewReader(whole[:n]), int64(n), metadata.Options{})
		if err := r.VorbisComment(0, int64(n)); !errors.Is(err, metadata.ErrFormat) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
	b := comments()
	binary.LittleEndian.PutUint32(b[5:], 1<<30)
	r := metadata.NewReader(bytes.NewReader(b), int64(len(b)), metadata.Options{})
	if err := r.VorbisComment(0, int64(len(b))); !errors.Is(err, metadata.ErrLimit) {
		t.Errorf("a claim of 2^30 comments: %v", err)
	}
}

func TestCueSheetAsText(t *testing.T) {
	m := parseComments(t, "CUESHEET=REM x\r\nTITLE \"Album\"\r\nFILE \"a.flac\" WAVE\r\n  TRACK 01 AUDIO\r\n    TITLE \"One\"\r\n    INDEX 00 00:00:00\r\n    INDEX 01 00:01:37\r\n"+
		"  TRACK 02 AUDIO\r\n    TITLE Two\r\n    INDEX 01 01:00:00\r\n  TRACK 03 AUDIO\r\n    TITLE \"without a place\"\r\n")
	if len(m.Chapters) != 2 || m.Chapters[0].Title != "One" || m.Chapters[0].Start != time.Second+37*time.Second/75 ||
		m.Chapters[1].Title != "Two" || m.Chapters[1].Start != time.Minute {
		t.Errorf("%+v", m.Chapters)
	}
}

func TestChapterAt(t *testing.T) {
	s := func(n int) time.Duration { return time.Duration(n) * time.Second }
	m := metadata.Metadata{Chapters: []metadata.Chapter{{Start: s(1), End: s(10)}, {Start: s(2), End: s(4)}, {Start: s(20)}}}
	for at, want := range map[int]int{0: -1, 1: 0, 2: 1, 3: 1, 4: 0, 9: 0, 10: -1, 19: -1, 20: 2, 99: 2} {
		if got := m.ChapterAt(s(at)); got != want {
			t.Errorf("chapter %d at %d s, want %d", got, at, want)
		}
	}
}

// box makes an MP4 box.
func box(kind string, bodies ...[]byte) []byte {
	body := bytes.Join(bodies, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), kind...), body...)
}

func TestMP4Loudness(t *testing.T) {
	// Programme loudness −14.25 LUFS is (−14.25 + 57.75) × 4 = 174; true peak −1 dBTP is (20 + 1) × 32 = 672.
	entry := []byte{0, 0, 0x2a, 0x02, 0xa0, 0x22, 2, 1, 174, 0x22, 3, 10, 0x22}
	other := []byte{0, 0x40, 0, 0, 0, 0, 1, 1, 10, 0} // mixed down: not ours
	for name, tlou := range map[string][]byte{
		"version 0": append(make([]byte, 4), entry...),
		"version 1": bytes.Join([][]byte{{1, 0, 0, 0, 2, 0}, other, {0}, entry}, nil),
	} {
		file := append(box("ftyp", []byte("M4A ")), box("moov", box("trak", box("udta", box("ludt", box("tlou", tlou), box("alou", append(make([]byte, 4), entry...))))))...)
		m := read(t, file, metadata.Options{})
		g := m.Tags
		if g.TrackGain == nil || *g.TrackGain != -3.75 || g.AlbumGain == nil || *g.AlbumGain != -3.75 {
			t.Errorf("%s: gains %v, %v", name, g.TrackGain, g.AlbumGain)
		}
		if want := math.Pow(10, -1.0/20); math.Abs(g.TrackPeak-want) > 1e-9 {
			t.Errorf("%s: peak %v, want %v", name, g.TrackPeak, want)
		}
	}
}

func TestMP4Genre(t *testing.T) {
	data := append([]byte{0, 0, 0, 0, 0, 0, 0, 0}, 0, 18)
	file := append(box("ftyp", []byte("M4A ")), box("moov", box("udta", box("meta", make([]byte, 4), box("hdlr"), box("ilst", box("gnre", box("data", data))))))...)
	if g := read(t, file, metadata.Options{}).Tags.Genre; g != "Rock" {
		t.Errorf("genre %q", g)
	}
	// QuickTime's meta has no version in front.
	file = append(box("ftyp", []byte("qt  ")), box("moov", box("meta", box("hdlr"), box("ilst", box("gnre", box("data", data)))))...)
	if g := read(t, file, metadata.Options{}).Tags.Genre; g != "Rock" {
		t.Errorf("QuickTime: genre %q", g)
	}
}

func TestMP4Refusals(t *testing.T) {
	deep := box("x")
	for range 20 {
		deep = box("udta", deep)
	}
	many := bytes.Repeat(box("free"), 1<<15)
	for name, c := range map[string]struct {
		body []byte
		want error
	}{
		"box beyond its parent": {[]byte("\x00\x00\x01\x00udta"), metadata.ErrFormat},
		"box of seven bytes":    {[]byte("\x00\x00\x00\x07udta"), metadata.ErrFormat},
		"too many boxes":        {many, metadata.ErrLimit},
	} {
		_, err := readAll(append(box("ftyp"), box("moov", c.body)...), metadata.Options{})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := readAll(append(box("ftyp"), box("moov", deep)...), metadata.Options{}); err != nil {
		t.Errorf("boxes that nobody looks into: %v", err)
	}
}

// chunk makes a RIFF or AIFF chunk.
func chunk(order binary.AppendByteOrder, kind string, body []byte) []byte {
	b := append(order.AppendUint32([]byte(kind), uint32(len(body))), body...)
	if len(body)%2 != 0 {
		b = append(b, 0)
	}
	return b
}

func TestChunksBehindTheSamples(t *testing.T) {
	le, be := binary.LittleEndian, binary.BigEndian
	info := chunk(le, "LIST", bytes.Join([][]byte{[]byte("INFO"), chunk(le, "INAM", []byte("F\xfcnf\x00")), chunk(le, "IART", []byte("Art")),
		chunk(le, "ITRK", []byte("7")), chunk(le, "ICRD", []byte("1999-01-01")), chunk(le, "XXXX", []byte("odd"))}, nil))
	id3 := id3Tag(3, 0, id3Frame(3, "TPE1", 0, latin("From ID3")))
	wav := bytes.Join([][]byte{[]byte("RIFF\x00\x00\x00\x00WAVE"), chunk(le, "fmt ", make([]byte, 16)), chunk(le, "data", make([]byte, 99999)), info, chunk(le, "id3 ", id3)}, nil)
	counted := &countingReader{r: bytes.NewReader(wav)}
	r := metadata.NewReader(counted, int64(len(wav)), metadata.Options{})
	if err := r.RIFF(); err != nil {
		t.Fatal(err)
	}
	m, _ := r.Metadata()
	if g := m.Tags; g.Title != "Fünf" || g.Artist != "From ID3" || g.Track != 7 || g.Year != 1999 {
		t.Errorf("%+v", m)
	}
	if counted.n > 1000 {
		t.Errorf("%d bytes were read past the samples", counted.n)
	}
	aiff := bytes.Join([][]byte{[]byte("FORM\x00\x00\x00\x00AIFF"), chunk(be, "SSND", make([]byte, 77)), chunk(be, "NAME", []byte("Näme")),
		chunk(be, "AUTH", []byte("Auth")), chunk(be, "ID3 ", id3)}, nil)
	m = read(t, aiff, metadata.Options{})
	if g := m.Tags; g.Title != "Näme" || g.Artist != "From ID3" {
		t.Errorf("%+v", m)
	}
}

func TestLongPathsThroughNothing(t *testing.T) {
	// A file that only claims to be long: none of the readers may loop over what isn't there.
	for _, head := range []string{"ID3\x04\x00\x00\x7f\x7f\x7f\x7f", "fLaC\x04\xff\xff\xff", "RIFF\xff\xff\xff\xffWAVELIST\xff\xff\xff\xffINFO",
		"FORM\xff\xff\xff\xffAIFFNAME\xff\xff\xff\xff", "\x00\x00\x00\x08ftyp\x7f\xff\xff\xffmoov"} {
		m, err := readAll([]byte(head), metadata.Options{})
		if !m.Empty() || err == nil && strings.HasPrefix(head, "fLaC") {
			t.Errorf("%q: %+v, %v", head, m, err)
		}
	}
}
