package loader

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/container/detect"
	"github.com/segue-audio/segue/player/container/ts"
	"github.com/segue-audio/segue/player/metadata"
)

// tagsOf reads what a file says of itself, by the container that plays it; ok is false for what isn't
// played.
func tagsOf(t *testing.T, data []byte) (m metadata.Metadata, ok bool, err error) {
	t.Helper()
	demux, err := detect.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return m, false, nil
	}
	tagged, ok := demux.(container.Tagged)
	if _, silent := demux.(*ts.Demuxer); silent { // it has no place for them
		return m, false, nil
	}
	if !ok {
		t.Fatalf("%T reads no metadata", demux)
	}
	m, err = tagged.ReadMetadata(bytes.NewReader(data), metadata.Options{})
	return m, true, err
}

// TestTagsOfOthers reads files that other players are tested with. ffprobe says the same of them, but
// that it passes over the picture in the ID3 tag before FLAC and can't open the last file.
func TestTagsOfOthers(t *testing.T) {
	for _, c := range []struct {
		file, title, artist, album, genre  string
		track, disc, year, pictures, parts int
	}{
		{"media3/mp3/bear-id3.mp3", "Test title", "Test Artist", "Test Album", "Gorpcore", 0, 0, 0, 1, 2},
		{"media3/mp3/bear-id3-numeric-genre.mp3", "Test title", "Test Artist", "Test Album", "Metal", 0, 0, 0, 1, 2},
		{"media3/mp3/sine-wave-cbr-trailing-id3v1.mp3", "440Hz Test Tone", "", "", "", 0, 0, 0, 0, 0},
		{"media3/mp4/sample_with_metadata.mp4", "", "Test Artist", "Test Album", "Gorpcore", 2, 2, 2024, 0, 0},
		{"media3/mp4/sample_with_numeric_genre.mp4", "", "", "", "Metal", 0, 0, 0, 0, 0},
		{"media3/flac/bear_with_id3.flac", "那么爱你为什么", "阿强", "华丽的外衣", "", 0, 0, 0, 1, 0},
		{"media3/flac/bear_with_vorbis_comments.flac", "test title", "test artist", "", "", 0, 0, 0, 0, 0},
		{"media3/flac/bear_with_picture.flac", "", "", "", "", 0, 0, 0, 1, 0},
		{"mp3-vectors/l3-nonstandard-id3v1-apetag.bit", "test", "", "", "", 0, 0, 0, 0, 0},
	} {
		m, ok, err := tagsOf(t, containertest.File(t, containertest.Corpus(t, c.file)[0]))
		if !ok || err != nil {
			t.Errorf("%s: %v, %v", c.file, ok, err)
			continue
		}
		g := m.Tags
		if g.Title != c.title || g.Artist != c.artist || g.Album != c.album || g.Genre != c.genre || g.Track != c.track || g.Disc != c.disc ||
			g.Year != c.year || len(m.Pictures) != c.pictures || len(m.Chapters) != c.parts {
			t.Errorf("%s: %+v, %d pictures, chapters %+v", c.file, g, len(m.Pictures), m.Chapters)
		}
		for _, p := range m.Pictures {
			if !strings.HasPrefix(p.MIME, "image/") || p.Width == 0 || int64(len(p.Data)) != p.Size {
				t.Errorf("%s: picture %s, %d × %d, %d bytes of %d", c.file, p.MIME, p.Width, p.Height, len(p.Data), p.Size)
			}
		}
	}
}

// TestTagsOfAllCorpora reads whatever is played of all of them: errors are of the kinds that are promised.
func TestTagsOfAllCorpora(t *testing.T) {
	const longest = 2 << 20
	read := 0
	for _, root := range containertest.Corpus(t, "*") {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			if info, err := d.Info(); err != nil || info.Size() > longest {
				return err
			}
			_, ok, err := tagsOf(t, containertest.File(t, path))
			if ok {
				read++
			}
			if err != nil && !errors.Is(err, metadata.ErrFormat) && !errors.Is(err, metadata.ErrLimit) && !errors.Is(err, metadata.ErrUnsupported) {
				t.Errorf("%s: %v", path, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d files read", read)
}
