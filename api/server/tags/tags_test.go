package tags

import (
	"bytes"
	"encoding/binary"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/segue-audio/segue/player/media"
)

const png = "\x89PNG\r\n\x1a\n picture"

func be(n int) string { return string(binary.BigEndian.AppendUint32(nil, uint32(n))) }
func le(n int) string { return string(binary.LittleEndian.AppendUint32(nil, uint32(n))) }

func flacBlock(kind byte, body string) string { return be(int(kind)<<24|len(body)) + body }

func comments(fields ...string) string {
	s := le(3) + "ven" + le(len(fields))
	for _, f := range fields {
		s += le(len(f)) + f
	}
	return s
}

func picture(kind int, data string) string {
	return be(kind) + be(9) + "image/png" + be(4) + "desc" + strings.Repeat("\x00", 16) + be(len(data)) + data
}

func flacFile(blocks ...string) string {
	s := "fLaC" + flacBlock(0, strings.Repeat("\x00", 34)) + strings.Join(blocks, "")
	return s + flacBlock(0x81, "\x00\x00") // padding, and the last
}

func id3(frames ...string) string {
	body := strings.Join(frames, "")
	n := len(body)
	return "ID3\x04\x00\x00" + string([]byte{byte(n >> 21 & 127), byte(n >> 14 & 127), byte(n >> 7 & 127), byte(n & 127)}) + body
}

func id3Frame(id, body string) string {
	n := len(body)
	return id + string([]byte{byte(n >> 21 & 127), byte(n >> 14 & 127), byte(n >> 7 & 127), byte(n & 127)}) + "\x00\x00" + body
}

func riff(chunks ...string) string {
	body := "WAVE" + strings.Join(chunks, "")
	return "RIFF" + le(len(body)) + body
}

func chunk(id, body string) string {
	pad := ""
	if len(body)%2 == 1 {
		pad = "\x00"
	}
	return id + le(len(body)) + body + pad
}

func gain(v float64) *media.Decibels { d := media.Decibels(v); return &d }

func TestRead(t *testing.T) {
	v1 := "TAG" + strings.Repeat("\x00", 125)
	v1 = v1[:3] + "Old Title" + v1[12:33] + "Old Artist" + v1[43:127] + "\xff"
	for _, c := range []struct {
		name, file string
		want       media.Tags
		picture    bool
	}{
		{"flac", flacFile(flacBlock(4, comments("TITLE=Song", "artist=One", "Artist=Two", "ALBUM=Al", "ALBUMARTIST=Various", "TRACKNUMBER=3/9", "DISCNUMBER=02",
			"DATE=2004-05-06", "GENRE=Jazz", "REPLAYGAIN_TRACK_GAIN=-6.52 dB", "REPLAYGAIN_TRACK_PEAK=0.98", "replaygain_album_gain=+1,5", "no equals sign"))),
			media.Tags{Title: "Song", Artist: "One, Two", Album: "Al", AlbumArtist: "Various", Track: 3, Disc: 2, Year: 2004, Genre: "Jazz",
				TrackGain: gain(-6.52), TrackPeak: 0.98, AlbumGain: gain(1.5)}, false},
		{"flac behind ID3", id3(id3Frame("TIT2", "\x03From ID3")) + flacFile(flacBlock(4, comments("ARTIST=A"))), media.Tags{Title: "From ID3", Artist: "A"}, false},
		{"front cover of two", flacFile(flacBlock(6, picture(4, png+"back")), flacBlock(6, picture(3, png)), flacBlock(6, picture(0, png+"other"))), media.Tags{}, true},
		{"picture claims 4 GiB", flacFile(flacBlock(6, be(3)+be(0)+be(0)+strings.Repeat("\x00", 16)+be(math.MaxUint32)+png), flacBlock(4, comments("TITLE=T"))), media.Tags{Title: "T"}, false},
		{"comment claims 4 GiB", flacFile(flacBlock(4, le(3)+"ven"+le(math.MaxUint32)+le(7)+"TITLE=T"+le(math.MaxUint32)+"x")), media.Tags{Title: "T"}, false},
		{"block past the end", "fLaC" + flacBlock(0, strings.Repeat("\x00", 34)) + "\x04\xff\xff\xff", media.Tags{}, false},
		{"id3", id3(id3Frame("TIT2", "\x03Söng"), id3Frame("TPE1", "\x03One\x00Two"), id3Frame("TRCK", "\x003/9"), id3Frame("TPOS", "\x001/2"), id3Frame("TDRC", "\x001999-05"),
			id3Frame("TXXX", "\x00replaygain_track_gain\x00-7.25 dB"), id3Frame("TXXX", "\x03REPLAYGAIN_ALBUM_PEAK\x001.1"), id3Frame("APIC", "\x00image/png\x00\x03\x00"+png)) + "frames",
			media.Tags{Title: "Söng", Track: 3, Disc: 1, Year: 1999, TrackGain: gain(-7.25), AlbumPeak: 1.1, Artist: "One, Two"}, true},
		{"id3 in UTF-16", id3(id3Frame("TPE1", "\x01\xff\xfeO\x00\xf6\x00\x00\x00\xff\xfeT\x00\x00\x00"), id3Frame("TALB", "\x02\x00A")), media.Tags{Artist: "Oö, T", Album: "A"}, false},
		{"id3v1 fills gaps", id3(id3Frame("TIT2", "\x03New")) + v1, media.Tags{Title: "New", Artist: "Old Artist"}, false},
		{"gain out of reason", flacFile(flacBlock(4, comments("REPLAYGAIN_TRACK_GAIN=NaN", "REPLAYGAIN_ALBUM_GAIN=-900 dB", "REPLAYGAIN_TRACK_PEAK=-1", "REPLAYGAIN_ALBUM_PEAK=0x1p3"))), media.Tags{}, false},
		{"wav", riff(chunk("fmt ", "0123456789abcdef"), chunk("LIST", "INFO"+chunk("INAM", "T\xeft\x00")+chunk("IART", "Odd")+chunk("ITRK", "7")+chunk("ICRD", "2001-2")), chunk("data", "123")),
			media.Tags{Title: "Tït", Artist: "Odd", Track: 7, Year: 2001}, false},
		{"wav with ID3 behind the data", riff(chunk("data", "123"), chunk("id3 ", id3(id3Frame("TIT2", "\x03Song"), id3Frame("APIC", "\x00image/png\x00\x03\x00"+png)))), media.Tags{Title: "Song"}, true},
		{"wav whose list lies", riff("LIST" + le(math.MaxUint32) + "INFO"), media.Tags{}, false},
		{"unclean", flacFile(flacBlock(4, comments("TITLE= a\nb\x00", "ARTIST=\xff\xfe", "ALBUM=\x00 \t"))), media.Tags{Title: "a b", Artist: "\ufffd"}, false},
		{"empty", "", media.Tags{}, false},
		{"text", "just some text, no tags", media.Tags{}, false},
	} {
		got := Read(strings.NewReader(c.file), int64(len(c.file)))
		if !reflect.DeepEqual(got.Tags, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got.Tags, c.want)
		}
		if c.picture != (got.Picture != nil) || c.picture && (string(got.Picture.Data) != png || got.Picture.Ext != ".png") {
			t.Errorf("%s: picture %+v", c.name, got.Picture)
		}
	}
}

func TestFill(t *testing.T) {
	n := NewNamer()
	for _, c := range []struct {
		path string
		have media.Tags
		want media.Tags
	}{
		{"Artist/Album/01 Title.flac", media.Tags{}, media.Tags{Title: "Title", Artist: "Artist", Album: "Album", Track: 1}},
		{"Genre/Artist/Album/CD 2/03 - Title.mp3", media.Tags{}, media.Tags{Title: "Title", Artist: "Artist", Album: "Album", Track: 3, Disc: 2}},
		{"Album/2-07. Title.wav", media.Tags{}, media.Tags{Title: "Title", Artist: UnknownArtist, Album: "Album", Track: 7, Disc: 2}},
		{"Someone - Something.mp3", media.Tags{}, media.Tags{Title: "Something", Artist: "Someone", Album: UnknownAlbum}},
		{"1999.mp3", media.Tags{}, media.Tags{Title: "1999", Artist: UnknownArtist, Album: UnknownAlbum}},
		{"A/B/x.mp3", media.Tags{Title: "T", Artist: "R", Album: "L", Track: 9}, media.Tags{Title: "T", Artist: "R", Album: "L", Track: 9}},
		{"A/B/x.mp3", media.Tags{AlbumArtist: "AA"}, media.Tags{Title: "x", Artist: "AA", AlbumArtist: "AA", Album: "B"}},
		{"\x01/\x01/\x01.mp3", media.Tags{}, media.Tags{Title: "Untitled", Artist: UnknownArtist, Album: UnknownAlbum}},
	} {
		got := Tags{Tags: c.have}
		n.Fill(&got, c.path)
		if !reflect.DeepEqual(got.Tags, c.want) {
			t.Errorf("%q: %+v, want %+v", c.path, got.Tags, c.want)
		}
	}
}

func TestAlbumKey(t *testing.T) {
	n := NewNamer()
	key := func(artist, album, path string) string {
		return n.AlbumKey(Tags{Tags: media.Tags{AlbumArtist: artist, Album: album}}, path)
	}
	if key("", "Hits", "A/Hits/1.mp3") == key("", "Hits", "B/Hits/1.mp3") {
		t.Error("two albums of one name in two folders are one")
	}
	if key("", "Opera", "Opera/CD1/1.mp3") != key("", "Opera", "Opera/disc 2/1.mp3") {
		t.Error("two discs of one album are two")
	}
	if key("A", "Hits", "x/1.mp3") != key("a", "hits", "y/2.mp3") {
		t.Error("one album by its tags, in two folders, is two")
	}
}

// Anything may stand in a file: reading it must end, keep to its limits, and give text fit to show.
func FuzzRead(f *testing.F) {
	f.Add([]byte(flacFile(flacBlock(4, comments("TITLE=Song", "TRACKNUMBER=3/9", "REPLAYGAIN_TRACK_GAIN=-6 dB")), flacBlock(6, picture(3, png)))))
	f.Add([]byte(id3(id3Frame("TIT2", "\x01\xff\xfeS\x00"), id3Frame("TXXX", "\x00replaygain_track_gain\x00-7 dB"), id3Frame("APIC", "\x00image/png\x00\x03\x00"+png), id3Frame("COMM", "\x00eng\x00x"))))
	f.Add([]byte("ID3\x02\x00\x00\x00\x00\x00\x20" + "TT2\x00\x00\x05\x00Song" + "PIC\x00\x00\x10\x00PNG\x03\x00" + png))
	f.Add([]byte("ID3\x03\x00\x40\x00\x00\x00\x20\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00" + "UFID\x00\x00\x00\x05\x00\x00a\x00b"))
	f.Add([]byte(riff(chunk("LIST", "INFO"+chunk("INAM", "T")), chunk("id3 ", id3(id3Frame("TIT2", "\x03S"))))))
	f.Add(append(bytes.Repeat([]byte{'x'}, 200), []byte("TAG"+strings.Repeat("a", 125))...))
	namer := NewNamer()
	f.Fuzz(func(t *testing.T, data []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := Read(bytes.NewReader(data), int64(len(data)))
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 64<<20 {
			t.Errorf("%d bytes allocated for %d", n, len(data))
		}
		namer.Fill(&got, "a/"+string(data[:min(len(data), 50)]))
		for _, s := range []string{got.Title, got.Artist, got.Album, got.AlbumArtist, got.Genre} {
			if !utf8.ValidString(s) || len(s) > MaxText || strings.ContainsAny(s, "\x00\n\r\x1b") {
				t.Errorf("text %q", s)
			}
		}
		if got.Title == "" || got.Artist == "" || got.Album == "" {
			t.Errorf("left empty: %+v", got.Tags)
		}
		for _, n := range []int{got.Track, got.Disc, got.Year} {
			if n < 0 || n > 9999 {
				t.Errorf("number %d", n)
			}
		}
		for _, g := range []*media.Decibels{got.TrackGain, got.AlbumGain} {
			if g != nil && !(math.Abs(float64(*g)) <= maxGain) {
				t.Errorf("gain %v", *g)
			}
		}
	})
}
