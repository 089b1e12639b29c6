package mka

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/metadata"
)

// Elements of the tags.
const (
	idTitle     = 0x7ba9
	idTags      = 0x1254c367
	idTag       = 0x7373
	idTargets   = 0x63c0
	idLevel     = 0x68ca
	idField     = 0x67c8
	idName      = 0x45a3
	idText      = 0x4487
	idAttached  = 0x1941a469
	idFile      = 0x61a7
	idMediaType = 0x4660
	idFileName  = 0x466e
	idFileData  = 0x465c
)

func field(name, value string) []byte {
	return el(idField, el(idName, []byte(name)), el(idText, []byte(value)))
}

// gif is the head of a picture of 3 by 5 pixels.
var gif = []byte("GIF89a\x03\x00\x05\x00\x00\x00\x00")

// tagged has its title in front of the music, and the rest behind it, where only the index leads.
func tagged() []byte {
	packets := el(idCluster, el(idTime, num(0)), simple(1, 0, 0, packet(1, 50)))
	tags := el(idTags,
		el(idTag, el(idTargets, el(idLevel, []byte{50})), field("TITLE", "Album"), field("ARTIST", "Band"), field("TOTAL_PARTS", "9"), field("DATE_RELEASED", "1999")),
		el(idTag, el(idTargets, el(idLevel, []byte{30})), field("ARTIST", "Singer"), field("PART_NUMBER", "4"), field("REPLAYGAIN_TRACK_GAIN", "-3.5 dB")))
	files := el(idAttached, el(idFile, el(idFileName, []byte("cover.gif")), el(idMediaType, []byte("image/gif")), el(idFileData, gif)),
		el(idFile, el(idFileName, []byte("font.ttf")), el(idMediaType, []byte("font/ttf")), el(idFileData, []byte("font"))))
	build := func(tagsAt, filesAt int) (body []byte, clusterAt int) {
		seek := func(id []byte, at int) []byte { return el(idSeek, el(idSeekID, id), el(idSeekAt, num(int64(at)))) }
		body = append(body, el(idSeekHead, seek([]byte{0x12, 0x54, 0xc3, 0x67}, tagsAt), seek([]byte{0x19, 0x41, 0xa4, 0x69}, filesAt))...)
		body = append(body, el(idInfo, el(idScale, num(1_000_000)), el(idTitle, []byte("Song")))...)
		body = append(body, el(idTracks, audioTrack(1, "A_AAC", aacASC))...)
		return append(body, packets...), len(body)
	}
	body, _ := build(0, 0)
	body, _ = build(len(body), len(body)+len(tags))
	body = append(append(body, tags...), files...)
	return append(el(idEBML), el(idSegment, body)...)
}

func TestTags(t *testing.T) {
	data := tagged()
	d, _ := containertest.Packets(t, Open, data)
	m, err := d.ReadMetadata(bytes.NewReader(data), metadata.Options{})
	g := m.Tags
	if err != nil || g.Title != "Song" || g.Album != "Album" || g.AlbumArtist != "Band" || g.Artist != "Singer" || g.Track != 4 ||
		g.Tracks != 9 || g.Year != 1999 || g.TrackGain == nil || *g.TrackGain != -3.5 {
		t.Errorf("%+v, %v", g, err)
	}
	if len(m.Pictures) != 1 || m.Pictures[0].Kind != metadata.PictureFront || m.Pictures[0].Width != 3 || !bytes.Equal(m.Pictures[0].Data, gif) {
		t.Errorf("%+v", m.Pictures)
	}
	for n := range data { // cut anywhere, they say less
		m, err := metadata.NewReader(bytes.NewReader(data[:n]), int64(n), metadata.Options{}), error(nil)
		if err = m.Matroska(); err != nil && !errors.Is(err, metadata.ErrFormat) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
}

// TestTagsOfOthers reads what ffmpeg writes.
func TestTagsOfOthers(t *testing.T) {
	dir := t.TempDir()
	out, cover := filepath.Join(dir, "a.mka"), filepath.Join(dir, "cover.png")
	containertest.Tool(t, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=red:s=8x4", "-frames:v", "1", cover)
	containertest.Tool(t, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=d=0.3", "-c:a", "flac", "-attach", cover, "-metadata:s:t", "mimetype=image/png",
		"-metadata", "title=Song", "-metadata", "artist=Band", "-metadata", "album=Album", "-metadata", "track=3", "-metadata", "date=2001", out)
	data := containertest.File(t, out)
	d, _ := containertest.Packets(t, Open, data)
	m, err := d.ReadMetadata(bytes.NewReader(data), metadata.Options{})
	g := m.Tags
	if err != nil || g.Title != "Song" || g.Artist != "Band" || g.Album != "Album" || g.Track != 3 || g.Year != 2001 ||
		len(m.Pictures) != 1 || m.Pictures[0].Width != 8 || m.Pictures[0].Height != 4 {
		t.Errorf("%+v, %d pictures, %v", g, len(m.Pictures), err)
	}
}

func FuzzTags(f *testing.F) {
	f.Add(tagged())
	f.Fuzz(func(t *testing.T, data []byte) {
		r := metadata.NewReader(bytes.NewReader(data), int64(len(data)), metadata.Options{})
		if err := r.Matroska(); err != nil && !errors.Is(err, metadata.ErrFormat) && !errors.Is(err, metadata.ErrLimit) {
			t.Fatal(err)
		}
	})
}
