package metadata_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/metadata"
)

// The tests in this file read what programs wrote that no one here did: ffmpeg, lame, mutagen, flac,
// oggenc and opusenc.

// words are what every writer is given. They have letters from beyond Latin-1 in them.
var words = map[string]string{
	"title": "Fünf Ströme — 五つの流れ", "artist": "Ærøskøbing Þráinn", "album": "Süden & Norden",
	"album_artist": "Various Ωrtists", "genre": "Jazz", "date": "2003", "track": "3/9", "disc": "2/4",
	"composer": "Đorđe Čajkovski", "comment": "semi;colons=and 'quotes'",
}

// picture makes a cover that doesn't compress, so that it has about the length wanted.
func picture(t testing.TB, w, h int, encode string) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	seed := uint32(1)
	for i := range w * h {
		seed = seed*1664525 + 1013904223
		img.Set(i%w, i/w, color.RGBA{uint8(seed >> 24), uint8(seed >> 16), uint8(seed >> 8), 255})
	}
	var b bytes.Buffer
	var err error
	if encode == "png" {
		err = png.Encode(&b, img)
	} else {
		err = jpeg.Encode(&b, img, &jpeg.Options{Quality: 95})
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tone makes a short WAV file with ffmpeg.
func tone(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tone.wav")
	containertest.Tool(t, "ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "sine=d=0.5", "-ar", "44100", path)
	return path
}

// ffmpeg writes a file with all of words in it, and more arguments behind.
func ffmpeg(t testing.TB, name string, more ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	args := []string{"-v", "error", "-y", "-f", "lavfi", "-i", "sine=d=0.5"}
	for _, k := range []string{"title", "artist", "album", "album_artist", "genre", "date", "track", "disc", "composer", "comment"} {
		args = append(args, "-metadata", k+"="+words[k])
	}
	containertest.Tool(t, "ffmpeg", append(append(args, more...), path)...)
	return containertest.File(t, path)
}

// read reads all that the file's kind may have, as its container does.
func read(t testing.TB, data []byte, o metadata.Options) metadata.Metadata {
	t.Helper()
	m, err := readAll(data, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func readAll(data []byte, o metadata.Options) (metadata.Metadata, error) {
	r := metadata.NewReader(bytes.NewReader(data), int64(len(data)), o)
	switch {
	case bytes.HasPrefix(data, []byte("RIFF")):
		r.RIFF()
	case bytes.HasPrefix(data, []byte("FORM")):
		r.AIFF()
	case bytes.HasPrefix(data, []byte("fLaC")):
		r.FLACBlocks(4, 44100)
	case len(data) > 8 && string(data[4:8]) == "ftyp":
		r.MP4()
	default:
		n, _ := r.ID3v2(0)
		r.Tail(n, int64(len(data)))
	}
	return r.Metadata()
}

func wantWords(t *testing.T, m metadata.Metadata, but ...string) {
	t.Helper()
	left := strings.Join(but, " ")
	for name, got := range map[string]string{
		"title": m.Tags.Title, "artist": m.Tags.Artist, "album": m.Tags.Album, "album_artist": m.Tags.AlbumArtist,
		"genre": m.Tags.Genre, "composer": m.Tags.Composer, "comment": m.Field("COMMENT"),
	} {
		if got != words[name] && !strings.Contains(left, name) {
			t.Errorf("%s is %q, want %q", name, got, words[name])
		}
	}
	g := m.Tags
	if !strings.Contains(left, "numbers") && (g.Track != 3 || g.Tracks != 9 || g.Disc != 2 || g.Discs != 4) {
		t.Errorf("track %d of %d, disc %d of %d", g.Track, g.Tracks, g.Disc, g.Discs)
	}
	if g.Year != 2003 {
		t.Errorf("year %d", g.Year)
	}
}

func TestFFmpegsTags(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		but  []string
	}{
		{"a.mp3", []string{"-id3v2_version", "3"}, nil},
		{"b.mp3", []string{"-id3v2_version", "4"}, nil},
		{"c.flac", nil, nil},
		{"d.m4a", nil, nil},
		{"d2.mp4", []string{"-movflags", "+faststart"}, nil},
		{"e.wav", []string{"-write_id3v2", "1"}, []string{"album_artist", "composer", "numbers"}},
		{"f.aiff", []string{"-write_id3v2", "1"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantWords(t, read(t, ffmpeg(t, c.name, c.args...), metadata.Options{}), c.but...)
		})
	}
}

func TestFFmpegsChapters(t *testing.T) {
	meta := containertest.Store(t, "meta.txt", []byte(";FFMETADATA1\ntitle=Book\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=150\ntitle=Öne\n"+
		"[CHAPTER]\nTIMEBASE=1/1000\nSTART=150\nEND=500\ntitle=Two 二\n"))
	for _, name := range []string{"a.mp3", "b.m4a"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			containertest.Tool(t, "ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "sine=d=0.5", "-i", meta,
				"-map", "0:a", "-map_metadata", "1", "-map_chapters", "1", path)
			data := containertest.File(t, path)
			m := read(t, data, metadata.Options{})
			wantChapters(t, m)
			if name == "b.m4a" { // the same from the text track, without chpl
				i := bytes.Index(data, []byte("chpl"))
				copy(data[i:], "free")
				wantChapters(t, read(t, data, metadata.Options{}))
			}
		})
	}
}

func wantChapters(t *testing.T, m metadata.Metadata) {
	t.Helper()
	if len(m.Chapters) != 2 || m.Chapters[0].Title != "Öne" || m.Chapters[1].Title != "Two 二" || m.Chapters[1].Start != 150*time.Millisecond {
		t.Fatalf("chapters: %+v", m.Chapters)
	}
	for at, want := range map[time.Duration]int{0: 0, 149 * time.Millisecond: 0, 150 * time.Millisecond: 1, 400 * time.Millisecond: 1} {
		if got := m.ChapterAt(at); got != want {
			t.Errorf("chapter %d at %v, want %d", got, at, want)
		}
	}
}

func TestFFmpegsCover(t *testing.T) {
	cover := picture(t, 64, 48, "jpeg")
	path := containertest.Store(t, "cover.jpg", cover)
	for _, name := range []string{"a.mp3", "b.m4a", "c.flac", "d.aiff"} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), name)
			containertest.Tool(t, "ffmpeg", "-v", "error", "-y", "-i", tone(t), "-i", path, "-map", "0", "-map", "1", "-c:v", "copy",
				"-disposition:v", "attached_pic", "-metadata", "title=T", "-metadata:s:v", "title=the cover", "-metadata:s:v",
				"comment=Cover (front)", "-write_id3v2", "1", out)
			wantCover(t, containertest.File(t, out), cover, 64, 48)
		})
	}
}

// wantCover wants the picture as it was, and described where it is too long to be read.
func wantCover(t *testing.T, data, cover []byte, w, h int) {
	t.Helper()
	for _, most := range []int64{0, -1, int64(len(cover)), int64(len(cover)) - 1} {
		m := read(t, data, metadata.Options{PictureBytes: most})
		p := m.Cover()
		if p == nil {
			t.Fatal("no cover")
		}
		wanted := most == 0 || most == int64(len(cover))
		if !wanted && p.Data != nil || wanted && !bytes.Equal(p.Data, cover) {
			t.Errorf("with a limit of %d, %d bytes of %d were read", most, len(p.Data), len(cover))
		}
		if off := p.Size - int64(len(cover)); off < -2 || off > 2 { // base64 doesn't tell to the byte
			t.Errorf("size %d of %d", p.Size, len(cover))
		}
		if p.Kind != metadata.PictureFront && p.Kind != metadata.PictureOther || p.Width != w || p.Height != h {
			t.Errorf("kind %d, %d × %d", p.Kind, p.Width, p.Height)
		}
		if !strings.HasPrefix(p.MIME, "image/") {
			t.Errorf("MIME type %q", p.MIME)
		}
	}
}

func TestLamesTags(t *testing.T) {
	in := tone(t)
	cover := picture(t, 40, 40, "png")
	image := containertest.Store(t, "cover.png", cover)
	for _, args := range [][]string{{"--id3v2-only"}, {"--id3v2-utf16", "--add-id3v2"}, {"--add-id3v2"}, {"--id3v1-only"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "a.mp3")
			title, artist := "Fünf Ströme, a title that is longer than thirty", "Ærø"
			all := append([]string{"--quiet", "--tt", title, "--ta", artist, "--tl", "Album", "--ty", "1999", "--tn", "3/9",
				"--tg", "Jazz", "--tc", "a comment", "--ti", image}, args...)
			containertest.Tool(t, "lame", append(all, in, out)...)
			data := containertest.File(t, out)
			m := read(t, data, metadata.Options{})
			v1 := args[0] == "--id3v1-only"
			want := title
			if v1 {
				want = "Fünf Ströme, a title that is l"
			}
			g := m.Tags
			if g.Title != want || g.Artist != artist || g.Album != "Album" || g.Year != 1999 || g.Track != 3 || g.Genre != "Jazz" ||
				m.Field("COMMENT") != "a comment" {
				t.Errorf("%+v", m)
			}
			if !v1 {
				wantCover(t, data, cover, 40, 40)
			}
		})
	}
}

// mutagen runs a Python program with mutagen at hand, whose arguments follow.
func mutagen(t *testing.T, program string, args ...string) {
	t.Helper()
	const python = "/usr/bin/python3"
	if _, err := os.Stat(python); err != nil {
		t.Skip("no system Python")
	}
	check := "import sys\ntry:\n import mutagen\nexcept ImportError: sys.exit(77)\n"
	if out := containertest.Tool(t, "sh", "-c", python+` -c "import mutagen" 2>/dev/null && echo yes || true`); len(out) == 0 {
		t.Skip("mutagen isn't installed")
	}
	containertest.Tool(t, python, append([]string{"-c", check + program}, args...)...)
}

func TestMutagensID3(t *testing.T) {
	for _, version := range []string{"3", "4"} {
		t.Run(version, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.mp3")
			containertest.Tool(t, "lame", "--quiet", tone(t), path)
			cover := picture(t, 300, 200, "jpeg")
			mutagen(t, `
from mutagen.id3 import ID3, Encoding, CTOCFlags, TIT2, TPE1, TALB, TDRC, TCON, TXXX, RVA2, COMM, USLT, SYLT, APIC, PRIV, CTOC, CHAP
f = ID3()
for enc in [Encoding.LATIN1]: f.add(TIT2(encoding=enc, text=["na\u00efve"]))
f.add(TPE1(encoding=Encoding.UTF16, text=["\u041b\u0435\u0432", "\U0001d11e"]))
f.add(TALB(encoding=Encoding.UTF16, text=["\u00c5lbum"]))
f.add(TDRC(encoding=3, text=["2003-04-05"]))
f.add(TCON(encoding=3, text=["(17)", "Polka"]))
f.add(TXXX(encoding=3, desc="REPLAYGAIN_TRACK_GAIN", text=["-7.25 dB"]))
f.add(TXXX(encoding=3, desc="replaygain_track_peak", text=["0.987654"]))
f.add(RVA2(desc="album", channel=1, gain=-3.5, peak=0.5))
f.add(COMM(encoding=3, lang="eng", desc="", text=["the comment"]))
f.add(COMM(encoding=0, lang="eng", desc="iTunNORM", text=[" 0000 0000"]))
f.add(COMM(encoding=0, lang="eng", desc="iTunSMPB", text=[" 00000000 00000210 00000A2C 000000000072A1C4"]))
f.add(USLT(encoding=1, lang="deu", desc="w\u00f6rter", text="erste\nzweite"))
f.add(SYLT(encoding=3, lang="eng", format=2, type=1, desc="s", text=[("one", 1000), ("two", 2500)]))
f.add(APIC(encoding=3, mime="image/jpeg", type=3, desc="c\u00f6ver", data=open(sys.argv[2],"rb").read()))
f.add(PRIV(owner="example.org", data=b"\x00\x01\xff\xfe\x00"))
f.add(CTOC(element_id="toc", flags=CTOCFlags.TOP_LEVEL|CTOCFlags.ORDERED, child_element_ids=["c1","c2"], sub_frames=[]))
f.add(CHAP(element_id="c2", start_time=250, end_time=500, sub_frames=[TIT2(encoding=3, text=["second"])]))
f.add(CHAP(element_id="c1", start_time=0, end_time=250, sub_frames=[TIT2(encoding=3, text=["first"])]))
f.add(CHAP(element_id="hidden", start_time=100, end_time=250, sub_frames=[TIT2(encoding=3, text=["hidden"])]))
if sys.argv[3] == "3": f.update_to_v23()
f.save(sys.argv[1], v2_version=int(sys.argv[3]), v23_sep=None)
`, path, containertest.Store(t, "c.jpg", cover), version)
			data := containertest.File(t, path)
			m := read(t, data, metadata.Options{})
			g := m.Tags
			if g.Title != "naïve" || g.Artist != "Лев, 𝄞" || g.Album != "Ålbum" || g.Year != 2003 || g.Genre != "Rock, Polka" {
				t.Errorf("%+v", g)
			}
			if g.TrackGain == nil || *g.TrackGain != -7.25 || g.TrackPeak != 0.987654 {
				t.Errorf("track gain %v, peak %v", g.TrackGain, g.TrackPeak)
			}
			if version == "4" && (g.AlbumGain == nil || *g.AlbumGain != -3.5 || g.AlbumPeak < 0.49 || g.AlbumPeak > 0.51) {
				t.Errorf("album gain %v, peak %v", g.AlbumGain, g.AlbumPeak)
			}
			if m.Field("COMMENT") != "the comment" || m.Field(metadata.SMPB) == "" || m.Field("ITUNNORM") != "" {
				t.Errorf("fields %q", m.Fields)
			}
			wantCover(t, data, cover, 300, 200)
			if len(m.Chapters) != 2 || m.Chapters[0].Title != "first" || m.Chapters[1].Title != "second" ||
				m.Chapters[1].Start != 250*time.Millisecond || m.Chapters[1].End != 500*time.Millisecond {
				t.Errorf("chapters %+v", m.Chapters)
			}
			if len(m.Lyrics) != 2 || len(m.Private) != 1 || string(m.Private[0].Data) != "\x00\x01\xff\xfe\x00" {
				t.Fatalf("%d lyrics, private %v", len(m.Lyrics), m.Private)
			}
			if l := m.SyncedLyrics(); l == nil || l.At(999*time.Millisecond) != -1 || l.Lines[l.At(3*time.Second)].Text != "two" {
				t.Errorf("synchronised lyrics %+v", m.Lyrics)
			}
			for _, l := range m.Lyrics {
				if l.Language == "deu" && (l.Plain != "erste\nzweite" || l.Description != "wörter") {
					t.Errorf("lyrics %+v", l)
				}
			}
		})
	}
}

func TestMutagensAPE(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.mp3")
	containertest.Tool(t, "lame", "--quiet", "--id3v1-only", "--tt", "the title from version 1", tone(t), path)
	cover := picture(t, 64, 64, "png")
	mutagen(t, `
from mutagen.apev2 import APEv2, APEValue, BINARY
f = APEv2()
f["Title"] = "\u00dcber"
f["Artist"] = ["A", "B"]
f["Track"] = "3/9"
f["Year"] = "2003"
f["REPLAYGAIN_TRACK_GAIN"] = "-1.50 dB"
f["MP3GAIN_UNDO"] = "+002,+002,N"
f["Cover Art (Front)"] = APEValue(b"front.png\x00" + open(sys.argv[2],"rb").read(), BINARY)
f.save(sys.argv[1])
`, path, containertest.Store(t, "c.png", cover))
	data := containertest.File(t, path)
	m := read(t, data, metadata.Options{})
	g := m.Tags
	if g.Title != "Über" || g.Artist != "A, B" || g.Track != 3 || g.Tracks != 9 || g.Year != 2003 || g.TrackGain == nil || *g.TrackGain != -1.5 {
		t.Errorf("%+v", g)
	}
	if m.Field("MP3GAIN_UNDO") != "" || m.Pictures[0].Description != "front.png" {
		t.Errorf("%+v", m)
	}
	wantCover(t, data, cover, 64, 64)
}

func TestMutagensMP4(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.m4a")
	containertest.Tool(t, "ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "sine=d=0.5", path)
	cover := picture(t, 100, 80, "jpeg")
	mutagen(t, `
from mutagen.mp4 import *
f = MP4(sys.argv[1])
f["\xa9nam"] = "T\u00eftle"
f["\xa9lyr"] = "[00:01.00]one\n[00:02.00]two"
f["trkn"] = [(3, 9)]
f["disk"] = [(2, 0)]
f["tmpo"] = [128]
f["cpil"] = True
f["\xa9gen"] = "Metal"
f["covr"] = [MP4Cover(open(sys.argv[2],"rb").read(), MP4Cover.FORMAT_JPEG)]
f["----:com.apple.iTunes:replaygain_track_gain"] = b"-2.50 dB"
f["----:com.apple.iTunes:iTunNORM"] = b" 00 00"
f["----:com.apple.iTunes:iTunSMPB"] = b" 00000000 00000840 000001CA 00000000003F31F6"
f["----:com.apple.iTunes:ISRC"] = b"GBAAA0300001"
f.save()
`, path, containertest.Store(t, "c.jpg", cover))
	data := containertest.File(t, path)
	m := read(t, data, metadata.Options{})
	g := m.Tags
	if g.Title != "Tïtle" || g.Track != 3 || g.Tracks != 9 || g.Disc != 2 || g.Discs != 0 || g.Genre != "Metal" || g.TrackGain == nil || *g.TrackGain != -2.5 {
		t.Errorf("%+v", g)
	}
	if m.Field("BPM") != "128" || m.Field("COMPILATION") != "1" || m.Field("ISRC") != "GBAAA0300001" || m.Field(metadata.SMPB) == "" || m.Field("ITUNNORM") != "" {
		t.Errorf("%q", m.Fields)
	}
	if l := m.SyncedLyrics(); l == nil || len(l.Lines) != 2 {
		t.Errorf("lyrics %+v", m.Lyrics)
	}
	wantCover(t, data, cover, 100, 80)
}

func TestFlacsTags(t *testing.T) {
	in, out := tone(t), filepath.Join(t.TempDir(), "a.flac")
	cover := picture(t, 50, 70, "png")
	cue := containertest.Store(t, "a.cue", []byte("FILE \"a.wav\" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n  TRACK 02 AUDIO\n    INDEX 00 00:00:10\n    INDEX 01 00:00:15\n"))
	containertest.Tool(t, "flac", "--silent", "-o", out, "--tag=TITLE=Ünï", "--tag=ARTIST=A", "--tag=TRACKNUMBER=3", "--tag=TRACKTOTAL=9",
		"--tag=REPLAYGAIN_ALBUM_GAIN=+1.25 dB", "--tag=LYRICS=[00:00.10]first\n[00:00.20]second", "--cuesheet="+cue,
		"--picture=3|image/png|the cover||"+containertest.Store(t, "c.png", cover), in)
	data := containertest.File(t, out)
	m := read(t, data, metadata.Options{})
	g := m.Tags
	if g.Title != "Ünï" || g.Artist != "A" || g.Track != 3 || g.Tracks != 9 || g.AlbumGain == nil || *g.AlbumGain != 1.25 {
		t.Errorf("%+v", g)
	}
	if len(m.Chapters) != 2 || m.Chapters[1].Start != 200*time.Millisecond || m.Chapters[0].End != 200*time.Millisecond || m.Chapters[1].End != 500*time.Millisecond {
		t.Errorf("chapters %+v", m.Chapters)
	}
	if l := m.SyncedLyrics(); l == nil || l.Lines[l.At(150*time.Millisecond)].Text != "first" {
		t.Errorf("lyrics %+v", m.Lyrics)
	}
	if m.Pictures[0].Description != "the cover" {
		t.Errorf("picture %q", m.Pictures[0].Description)
	}
	wantCover(t, data, cover, 50, 70)
}
