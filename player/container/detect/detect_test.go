package detect_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/container/detect"
	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/media"
)

// id3 is an ID3v2 tag with a body of n bytes.
func id3(n int) string {
	return "ID3\x04\x00\x00" + string([]byte{0, 0, byte(n >> 7), byte(n & 127)}) + strings.Repeat("\x00", n)
}

func TestIdentify(t *testing.T) {
	const adts, layer3 = "\xff\xf1\x50\x80\x01\x3f\xfc", "\xff\xfb\x90\x64"
	ts := strings.Repeat("\x47"+strings.Repeat("\xff", 187), 4)
	for _, c := range []struct {
		name, bytes, want string
		err               error
	}{
		{"FLAC", "fLaC\x00", "FLAC", nil},
		{"FLAC behind a tag", id3(300) + "fLaC\x00", "FLAC", nil},
		{"FLAC behind two tags of more than is looked at", id3(3000) + id3(2000) + "fLaC\x00", "FLAC", nil},
		{"WAVE", "RIFF\x00\x00\x00\x00WAVE", "WAVE", nil},
		{"RF64", "RF64\xff\xff\xff\xffWAVE", "WAVE", nil},
		{"AIFF", "FORM\x00\x00\x00\x00AIFF", "AIFF", nil},
		{"Ogg", "OggS\x00\x02", "Ogg", nil},
		{"MP4", "\x00\x00\x00\x18ftypM4A ", "MP4", nil},
		{"QuickTime", "\x00\x00\x00\x08wide\x00", "MP4", nil},
		{"a media segment", "\x00\x00\x00\x18stypmsdh", "MP4", nil},
		{"ADTS", adts, "MPEG-4 AAC stream", nil},
		{"ADTS behind a tag", id3(73) + adts, "MPEG-4 AAC stream", nil},
		{"LOAS", "\x56\xe0\x20", "MPEG-4 AAC stream", nil},
		{"MP3", layer3, "MPEG audio", nil},
		{"MP3 behind a tag", id3(73) + layer3, "MPEG audio", nil},
		{"a tag that hides what isn't tagged so", id3(73) + "OggS\x00", "MPEG audio", nil},
		{"rubbish", "rubbish", "MPEG audio", nil},
		{"a tag alone", id3(10), "MPEG audio", nil},
		{"nothing", "", "MPEG audio", nil},
		{"AMR", "#!AMR\n", "", container.ErrUnsupported},
		{"an error page", "<!DOCTYPE html><html>", "", container.ErrFormat},
		{"a picture behind a tag", id3(10) + "\x89PNG\r\n", "", container.ErrFormat},
		{"a transport stream", ts, "MPEG-TS", nil},
		{"too few packets of a transport stream", ts[:300], "MPEG audio", nil},
	} {
		got, err := detect.Identify(strings.NewReader(c.bytes), int64(len(c.bytes)))
		if got.Name != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %q, %v; want %q, %v", c.name, got.Name, err, c.want, c.err)
		}
	}
}

// TestIdentifyTellsOfReading has the reader's own error come through.
func TestIdentifyTellsOfReading(t *testing.T) {
	broken := errors.New("broken disk")
	if _, err := detect.Open(io.NewSectionReader(failing{broken}, 0, 100), 100); !errors.Is(err, broken) {
		t.Errorf("%v, want %v", err, broken)
	}
}

type failing struct{ err error }

// ReadAt implements io.ReaderAt.
func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

// box is a box of MP4.
func box(name string, body ...string) string {
	b := strings.Join(body, "")
	return string(binary.BigEndian.AppendUint32(nil, uint32(8+len(b)))) + name + b
}

// movie is an MP4 file that says of one track that it is of a kind, and of its samples what entry says.
func movie(kind, entry string) []byte {
	zeros := func(n int) string { return strings.Repeat("\x00", n) }
	scale := "\x00\x00\xac\x44"
	return []byte(box("ftyp", "isom"+zeros(4)) + box("moov",
		box("mvhd", zeros(12)+scale+zeros(84)),
		box("trak", box("tkhd", "\x00\x00\x00\x01"+zeros(8)+"\x00\x00\x00\x01"+zeros(72)), box("mdia",
			box("mdhd", zeros(12)+scale+zeros(8)), box("hdlr", zeros(8)+kind+zeros(13)),
			box("minf", box("stbl", box("stsd", zeros(7)+"\x01", box(entry, zeros(16)+"\x00\x02\x00\x10"+zeros(4)+"\xac\x44"+zeros(2),
				box("sinf", box("frma", "mp4a"), box("schm", zeros(4)+"cbcs"+zeros(4)))))))))))
}

// TestWhyNot tells apart why a file can't be played.
func TestWhyNot(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
		want error
		says string
	}{
		{"video", movie("vide", "avc1"), container.ErrNoAudio, `"vide"`},
		{"Dolby", movie("soun", "ec-3"), container.ErrCoding, `"ec-3"`},
		{"encrypted", movie("soun", "enca"), container.ErrProtected, `scheme "cbcs", coding "mp4a"`},
		{"Layer I", []byte("\xff\xff\x90\x64" + strings.Repeat("\x00", 4000)), container.ErrCoding, "layer"},
		{"Windows Media", []byte("\x30\x26\xb2\x75\x8e\x66\xcf\x11"), container.ErrUnsupported, "ASF"},
		{"a picture", []byte("\xff\xd8\xff\xe0"), container.ErrFormat, "JPEG"},
		{"no movie", []byte("\x00\x00\x00\x08styp\x00\x00\x00\x08free"), container.ErrFormat, "moov"},
	} {
		_, err := detect.Open(bytes.NewReader(c.data), int64(len(c.data)))
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want %v that says %s", c.name, err, c.want, c.says)
		}
		if c.want != container.ErrFormat && !errors.Is(err, container.ErrUnsupported) {
			t.Errorf("%s: %v is no ErrUnsupported", c.name, err)
		}
	}
}

// TestOpenSegment finds packed audio behind its timestamps, and fMP4 only with its init section.
func TestOpenSegment(t *testing.T) {
	init, err := fmp4.ParseInit(flacInit())
	if err != nil {
		t.Fatal(err)
	}
	segment := fmp4.AppendFragment(nil, 1, 0, []media.Packet{{Data: []byte("frame"), Duration: 4096}})
	if d, err := detect.OpenSegment(init, segment); err != nil || d.Info().Format.Codec != media.CodecFLAC {
		t.Errorf("fMP4: %v", err)
	}
	if _, err := detect.OpenSegment(nil, segment); !errors.Is(err, container.ErrFormat) || !strings.Contains(err.Error(), "init") {
		t.Errorf("fMP4 without init section: %v", err)
	}
	frame := "\xff\xfb\x90\x64" + strings.Repeat("\x00", 413)
	if d, err := detect.OpenSegment(nil, []byte(id3(73)+strings.Repeat(frame, 4))); err != nil || d.Info().Format.Codec != media.CodecMP3 {
		t.Errorf("packed MP3: %v", err)
	}
	if _, err := detect.OpenSegment(nil, []byte("<html>")); !errors.Is(err, container.ErrFormat) {
		t.Errorf("an error page: %v", err)
	}
}

// FuzzOpen gives anything to whichever container takes it.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("fLaC"))
	f.Add([]byte(id3(20) + "\xff\xfb\x90\x64"))
	f.Add(movie("soun", "enca"))
	f.Add([]byte("OggS\x00\x02"))
	f.Add([]byte("RIFF\x24\x00\x00\x00WAVEfmt "))
	f.Fuzz(func(t *testing.T, data []byte) {
		containertest.Exercise(t, containertest.Opener(detect.Open), data)
	})
}
