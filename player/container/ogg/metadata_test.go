package ogg

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/metadata"
)

// tagged reads the metadata of a file that a program wrote.
func tagged(t *testing.T, data []byte) metadata.Metadata {
	t.Helper()
	d := openBytes(t, data)
	m, err := d.ReadMetadata(bytes.NewReader(data), metadata.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// cover is a picture of some length that its own first bytes describe, in a FLAC picture block.
func cover(size int) (picture []byte, block string) {
	picture = append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00\x00\x00\x00\x80"), make([]byte, size)...)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range picture[24:] {
		picture[24+i] = byte(rng.Uint32())
	}
	b := []byte{0, 0, 0, 3, 0, 0, 0, 9}
	b = append(b, "image/png"...)
	b = append(b, 0, 0, 0, 2, 0xc3, 0xbc)
	b = append(b, make([]byte, 16)...)
	n := len(picture)
	b = append(b, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	return picture, base64.StdEncoding.EncodeToString(append(b, picture...))
}

func TestMetadataOfPrograms(t *testing.T) {
	dir := t.TempDir()
	in, image := filepath.Join(dir, "in.wav"), filepath.Join(dir, "c.png")
	containertest.Tool(t, "ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "sine=d=1", "-ar", "48000", in)
	containertest.Tool(t, "ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=s=600x400:d=1", "-frames:v", "1", image)
	want := containertest.File(t, image)
	for _, c := range []struct {
		tool    string
		args    []string
		picture bool
	}{
		{"opusenc", []string{"--quiet", "--title", "Fünf 五", "--artist", "One", "--artist", "Two", "--tracknumber", "3", "--comment", "TRACKTOTAL=9",
			"--comment", "R128_TRACK_GAIN=-512", "--comment", "CHAPTER001=00:00:00.250", "--comment", "CHAPTER001NAME=Part", "--picture", image, in, dir + "/a.opus"}, true},
		{"oggenc", []string{"-Q", "-t", "Fünf 五", "-a", "Two", "-c", "ARTIST=One", "-N", "3/9", "-c", "REPLAYGAIN_TRACK_GAIN=+3.00 dB",
			"-c", "CHAPTER001=00:00:00.250", "-c", "CHAPTER001NAME=Part", "-o", dir + "/b.ogg", in}, false},
		{"flac", []string{"--silent", "--ogg", "--tag=TITLE=Fünf 五", "--tag=ARTIST=One", "--tag=ARTIST=Two", "--tag=TRACKNUMBER=3/9",
			"--tag=REPLAYGAIN_TRACK_GAIN=+3.00 dB", "--tag=CHAPTER001=00:00:00.250", "--tag=CHAPTER001NAME=Part", "--picture=" + image, "-o", dir + "/c.oga", in}, true},
	} {
		t.Run(c.tool, func(t *testing.T) {
			containertest.Tool(t, c.tool, c.args...)
			out := c.args[len(c.args)-1]
			if out == in {
				out = c.args[len(c.args)-2]
			}
			m := tagged(t, containertest.File(t, out))
			g := m.Tags
			if g.Title != "Fünf 五" || g.Artist != "One, Two" || g.Track != 3 || g.Tracks != 9 || g.TrackGain == nil || *g.TrackGain != 3 {
				t.Errorf("%+v", g)
			}
			if len(m.Chapters) != 1 || m.Chapters[0].Title != "Part" || m.Chapters[0].Start != 250*time.Millisecond {
				t.Errorf("chapters %+v", m.Chapters)
			}
			if p := m.Cover(); c.picture && (p == nil || !bytes.Equal(p.Data, want) || p.Width != 600) {
				t.Errorf("picture %+v", p)
			}
		})
	}
}

var errFar = errors.New("not at hand")

// nearReader refuses what lies behind its end.
type nearReader struct {
	r   io.ReaderAt
	end int64
}

func (n nearReader) ReadAt(p []byte, off int64) (int, error) {
	if off >= n.end {
		return 0, errFar
	}
	k, err := n.r.ReadAt(p[:min(int64(len(p)), n.end-off)], off)
	if err == nil && k < len(p) {
		err = errFar
	}
	return k, err
}

// TestLongCoverSpansPages has a picture of a megabyte in the comments, of which a part is refused.
func TestLongCoverSpansPages(t *testing.T) {
	picture, block := cover(1 << 20)
	comments := append([]byte("OpusTags\x01\x00\x00\x00v"), 3, 0, 0, 0)
	for _, c := range []string{"TITLE=first", "METADATA_BLOCK_PICTURE=" + block, "ARTIST=last"} {
		comments = append(binary.LittleEndian.AppendUint32(comments, uint32(len(c))), c...)
	}
	s := samples(t)[0]
	s.headers[1] = comments
	data := s.remux(255)
	whole := tagged(t, data)
	if p := whole.Cover(); whole.Tags.Title != "first" || whole.Tags.Artist != "last" || p == nil || !bytes.Equal(p.Data, picture) || p.Description != "ü" || p.Height != 128 {
		t.Errorf("%q by %q, %d pictures", whole.Tags.Title, whole.Tags.Artist, len(whole.Pictures))
	}
	d := openBytes(t, data)
	m, err := d.ReadMetadata(nearReader{bytes.NewReader(data), 256 << 10}, metadata.Options{})
	if !errors.Is(err, errFar) || m.Tags.Title != "first" {
		t.Errorf("%q, %v", m.Tags.Title, err)
	}
	m, err = d.ReadMetadata(bytes.NewReader(data), metadata.Options{PictureBytes: 1000})
	if p := m.Cover(); err != nil || p == nil || p.Data != nil || p.Size < 1<<20 || m.Tags.Artist != "last" {
		t.Errorf("%+v, %v", m.Tags, err)
	}
	var p media.Packet
	if err := d.Next(&p); err != nil {
		t.Error(err)
	}
}
