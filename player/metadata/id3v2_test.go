package metadata_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/metadata"
)

// id3Tag puts a header around frames.
func id3Tag(version, flags byte, body []byte) []byte {
	n := len(body)
	return append([]byte{'I', 'D', '3', version, 0, flags, byte(n >> 21 & 127), byte(n >> 14 & 127), byte(n >> 7 & 127), byte(n & 127)}, body...)
}

// id3Frame makes a frame with flags in its second flag byte.
func id3Frame(version int, id string, flags byte, body []byte) []byte {
	n := len(body)
	switch version {
	case 2:
		return append([]byte{id[0], id[1], id[2], byte(n >> 16), byte(n >> 8), byte(n)}, body...)
	case 3:
		return append(append(binary.BigEndian.AppendUint32([]byte(id), uint32(n)), 0, flags), body...)
	}
	return append([]byte{id[0], id[1], id[2], id[3], byte(n >> 21 & 127), byte(n >> 14 & 127), byte(n >> 7 & 127), byte(n & 127), 0, flags}, body...)
}

func latin(text string) []byte { return append([]byte{0}, text...) }

func unsync(b []byte) []byte {
	return bytes.ReplaceAll(b, []byte{0xff}, []byte{0xff, 0})
}

func TestID3v2Forms(t *testing.T) {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	z.Write(latin("packed"))
	z.Close()
	long := strings.Repeat("x", 200) // its size differs between seven and eight bits a byte
	wide := []byte{1, 0xff, 0xfe, 'F', 0, 0xfc, 0, 'n', 0, 'f', 0}
	for _, c := range []struct {
		name string
		tag  []byte
		want string
	}{
		{"2.2", id3Tag(2, 0, id3Frame(2, "TT2", 0, latin("old"))), "old"},
		{"2.2 unsynchronised", id3Tag(2, 0x80, unsync(id3Frame(2, "TT2", 0, wide))), "Fünf"},
		{"2.3 UTF-16", id3Tag(3, 0, id3Frame(3, "TIT2", 0, wide)), "Fünf"},
		{"2.3 unsynchronised", id3Tag(3, 0x80, unsync(append(id3Frame(3, "PRIV", 0, []byte("a\x00\xff\xe0\xff")), id3Frame(3, "TIT2", 0, wide)...))), "Fünf"},
		{"2.3 extended header", id3Tag(3, 0x40, append([]byte{0, 0, 0, 6, 0, 0, 0, 0, 0, 0}, id3Frame(3, "TIT2", 0, latin("ext"))...)), "ext"},
		{"2.3 packed", id3Tag(3, 0, id3Frame(3, "TIT2", 0x80, append([]byte{0, 0, 0, 7}, packed.Bytes()...))), "packed"},
		{"2.3 grouped", id3Tag(3, 0, id3Frame(3, "TIT2", 0x20, append([]byte{9}, latin("grouped")...))), "grouped"},
		{"2.3 encrypted", id3Tag(3, 0, append(id3Frame(3, "TIT2", 0x40, latin("secret")), id3Frame(3, "TIT2", 0, latin("clear"))...)), "clear"},
		{"2.4 extended header", id3Tag(4, 0x40, append([]byte{0, 0, 0, 6, 1, 0}, id3Frame(4, "TIT2", 0, latin("ext"))...)), "ext"},
		{"2.4 unsynchronised frame", id3Tag(4, 0, id3Frame(4, "TIT2", 3, append([]byte{0, 0, 0, byte(len(wide))}, unsync(wide)...))), "Fünf"},
		{"2.4 unsynchronised tag", id3Tag(4, 0x80, id3Frame(4, "TIT2", 0, unsync(wide))), "Fünf"},
		{"2.4 packed", id3Tag(4, 0, id3Frame(4, "TIT2", 9, append([]byte{0, 0, 0, 7}, packed.Bytes()...))), "packed"},
		{"2.4 UTF-16 without a mark", id3Tag(4, 0, id3Frame(4, "TIT2", 0, []byte{2, 0, 'F', 0, 0xfc, 0, 'n', 0, 'f'})), "Fünf"},
		{"2.4 with sizes in eight bits", id3Tag(4, 0, bytes.Join([][]byte{
			id3Frame(3, "TALB", 0, latin(long)), id3Frame(3, "TIT2", 0, latin("iTunes"))}, nil)), "iTunes"},
		{"padding", id3Tag(4, 0, append(id3Frame(4, "TIT2", 0, latin("pad")), make([]byte, 100)...)), "pad"},
		{"Latin-1 that is UTF-8", id3Tag(3, 0, id3Frame(3, "TIT2", 0, latin("Fünf"))), "Fünf"},
		{"Latin-1", id3Tag(3, 0, id3Frame(3, "TIT2", 0, latin("F\xfcnf \x96"))), "Fünf –"},
		{"UTF-8 cut in a character", id3Tag(4, 0, id3Frame(4, "TIT2", 0, append([]byte{3}, "Fünf 五\xe4\xba"...))), "Fünf 五"},
		{"broken UTF-8", id3Tag(4, 0, id3Frame(4, "TIT2", 0, append([]byte{3}, "Fünf \xff!"...))), "Fünf �!"},
		{"surrogates", id3Tag(4, 0, id3Frame(4, "TIT2", 0, []byte{1, 0xfe, 0xff, 0xd8, 0x34, 0xdd, 0x1e, 0xd8, 0x34})), "𝄞�"},
	} {
		m, err := metadata.ParseID3v2(c.tag)
		if err != nil || m.Tags.Title != c.want {
			t.Errorf("%s: title %q, want %q (%v)", c.name, m.Tags.Title, c.want, err)
		}
	}
}

func TestID3v2Picture22(t *testing.T) {
	cover := picture(t, 10, 20, "png")
	tag := id3Tag(2, 0, id3Frame(2, "PIC", 0, append([]byte("\x00PNG\x03front\x00"), cover...)))
	m, err := metadata.ParseID3v2(tag)
	if err != nil || len(m.Pictures) != 1 {
		t.Fatalf("%+v, %v", m, err)
	}
	if p := m.Pictures[0]; !bytes.Equal(p.Data, cover) || p.MIME != "image/png" || p.Description != "front" || p.Width != 10 || p.Height != 20 {
		t.Errorf("%+v", p)
	}
}

func TestID3v2Refusals(t *testing.T) {
	title := id3Frame(4, "TIT2", 0, latin("kept"))
	for _, c := range []struct {
		name string
		tag  []byte
		want error
	}{
		{"cut in a frame", id3Tag(4, 0, append(bytes.Clone(title), id3Frame(4, "TALB", 0, latin("long"))[:11]...)), metadata.ErrFormat},
		{"rubbish behind", id3Tag(4, 0, append(bytes.Clone(title), "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b"...)), metadata.ErrFormat},
		{"cut file", id3Tag(4, 0, append(bytes.Clone(title), id3Frame(4, "TALB", 0, latin(strings.Repeat("y", 99)))...))[:60], metadata.ErrFormat},
		{"too many frames", id3Tag(4, 0, append(bytes.Clone(title), bytes.Repeat(id3Frame(4, "TXXX", 0, latin("a\x00b")), metadata.MaxFields)...)), metadata.ErrLimit},
	} {
		m, err := metadata.ParseID3v2(c.tag)
		if !errors.Is(err, c.want) || m.Tags.Title != "kept" {
			t.Errorf("%s: %q, %v", c.name, m.Tags.Title, err)
		}
	}
	if _, err := metadata.ParseID3v2(id3Tag(5, 0, title)); !errors.Is(err, metadata.ErrUnsupported) {
		t.Errorf("version 5: %v", err)
	}
	if m, err := metadata.ParseID3v2([]byte("no tag at all")); err != nil || !m.Empty() {
		t.Errorf("no tag: %+v, %v", m, err)
	}
}

// TestNothingIsReadInVain counts what is fetched of a file with a long picture between its texts.
func TestNothingIsReadInVain(t *testing.T) {
	frames := bytes.Join([][]byte{
		id3Frame(4, "TIT2", 0, latin("title")),
		id3Frame(4, "APIC", 0, append([]byte("\x00image/jpeg\x00\x03\x00"), make([]byte, 5<<20)...)),
		id3Frame(4, "TXXX", 0, latin("REPLAYGAIN_TRACK_GAIN\x00-6 dB")),
	}, nil)
	tag := id3Tag(4, 0, frames)
	counted := &countingReader{r: bytes.NewReader(tag)}
	r := metadata.NewReader(counted, int64(len(tag)), metadata.Options{PictureBytes: 100 << 10})
	if _, err := r.ID3v2(0); err != nil {
		t.Fatal(err)
	}
	m, err := r.Metadata()
	if err != nil || m.Tags.TrackGain == nil || len(m.Pictures) != 1 || m.Pictures[0].Size != 5<<20 {
		t.Fatalf("%+v, %v", m, err)
	}
	if counted.n > 16<<10 {
		t.Errorf("%d bytes were read of a tag with a picture that nobody wanted", counted.n)
	}
}

type countingReader struct {
	r *bytes.Reader
	n int
}

func (c *countingReader) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(p, off)
	c.n += n
	return n, err
}

func TestID3v1(t *testing.T) {
	tag := make([]byte, 128)
	copy(tag, "TAG")
	copy(tag[3:], "F\xfcnf")
	copy(tag[33:], "artist")
	copy(tag[63:], "album")
	copy(tag[93:], "1999")
	copy(tag[97:], "comment")
	tag[126], tag[127] = 7, 17
	m := read(t, append(make([]byte, 1000), tag...), metadata.Options{})
	if g := m.Tags; g.Title != "Fünf" || g.Artist != "artist" || g.Album != "album" || g.Year != 1999 || g.Track != 7 || g.Genre != "Rock" || m.Field("COMMENT") != "comment" {
		t.Errorf("%+v", m)
	}
	plus := make([]byte, 227)
	copy(plus, "TAG+")
	copy(plus[4:], " and thirty more characters of the title")
	copy(tag[3:33], strings.Repeat("t", 30))
	m = read(t, append(append(make([]byte, 1000), plus...), tag...), metadata.Options{})
	if want := strings.Repeat("t", 30) + " and thirty more characters of the title"; m.Tags.Title != want {
		t.Errorf("extended title %q", m.Tags.Title)
	}
}

func TestLyrics3(t *testing.T) {
	body := "LYRICSBEGIN" + "IND00003110" + fmt.Sprintf("LYR%05d%s", 25, "[00:01]one\r\n[00:02.50]two") + "ETT00004long"
	data := append(make([]byte, 500), fmt.Sprintf("%s%06dLYRICS200", body, len(body))...)
	tag := make([]byte, 128)
	copy(tag, "TAG")
	copy(tag[3:], "lon")
	m := read(t, append(data, tag...), metadata.Options{})
	if l := m.SyncedLyrics(); m.Tags.Title != "long" || l == nil || len(l.Lines) != 2 || l.Lines[1].Start != 2500*time.Millisecond {
		t.Errorf("%+v", m)
	}
}

func TestGenres(t *testing.T) {
	for in, want := range map[string]string{"17": "Rock", "(17)": "Rock", "(4)Eurodisco": "Eurodisco", "(51)(39)": "Techno-Industrial, Noise",
		"(RX)": "Remix", "((foo)": "(foo)", "Jazz": "Jazz", "999": "999", "(999)x": "(999)x", "(191)": "Psybient"} {
		m, err := metadata.ParseID3v2(id3Tag(3, 0, id3Frame(3, "TCON", 0, latin(in))))
		if err != nil || m.Tags.Genre != want {
			t.Errorf("%q is %q, want %q (%v)", in, m.Tags.Genre, want, err)
		}
	}
}
