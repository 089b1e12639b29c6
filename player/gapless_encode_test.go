package player_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/segue-audio/segue/api/server/encoder/goaac"
	"github.com/segue-audio/segue/api/server/packager"
	"github.com/segue-audio/segue/player/container/containertest"
)

// coding is a way to store a track of the album.
type coding struct {
	name string
	rate int // frames a second of the album

	// encode makes of the WAV file at path what is played: a file or a playlist below dir.
	encode func(t testing.TB, dir, path string) string

	// album encodes all tracks at once, where encode is nil.
	album func(t testing.TB, dir string, paths []string) []string

	exact bool // every bit is kept
	half  bool // lengths are counted at half the rate, and the waveform isn't kept: HE-AAC
	// open says why nothing tells where the music begins and ends; "" where it is told. Then tracks are longer
	// than their music.
	open string
	few  bool // in the short run too
}

// tool has a program make a file, whose name goes where args have OUT, of the one that goes where they have IN.
func tool(name, out string, args ...string) func(testing.TB, string, string) string {
	return func(t testing.TB, dir, path string) string {
		t.Helper()
		to := filepath.Join(dir, out)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		argv := strings.Fields(strings.NewReplacer("OUT", to, "IN", path, "DIR", filepath.Dir(to)).Replace(strings.Join(args, " ")))
		containertest.Tool(t, name, argv...)
		return to
	}
}

// ffmpeg codes to a file.
func ffmpeg(out string, args ...string) func(testing.TB, string, string) string {
	return tool("ffmpeg", out, append(append(strings.Fields("-v error -nostdin -y -i IN"), args...), "OUT")...)
}

// segmented codes to a playlist of segments of a second and a half; kind is fmp4 or mpegts (for packed audio).
func segmented(args ...string) func(testing.TB, string, string) string {
	return ffmpeg("hls/index.m3u8", append(args, strings.Fields("-f hls -hls_time 1.5 -hls_playlist_type vod -hls_segment_type fmp4 -hls_segment_filename DIR/%d.m4s -strict -2")...)...)
}

// nogap has LAME go on from one file to the next.
func nogap(t testing.TB, dir string, paths []string) (made []string) {
	t.Helper()
	args := []string{"--quiet", "-b", "192", "--nogapout", dir, "--nogap"}
	for i, p := range paths {
		numbered := filepath.Join(dir, fmt.Sprintf("%d.wav", i))
		if err := os.Rename(p, numbered); err != nil {
			t.Fatal(err)
		}
		args = append(args, numbered)
		made = append(made, filepath.Join(dir, fmt.Sprintf("%d.mp3", i)))
	}
	containertest.Tool(t, "lame", args...)
	return made
}

// ranges makes one file of fragments and a playlist of ranges of it. Its edit list is true, where that of
// ffmpeg's own HLS is written before the delay is known.
func ranges(t testing.TB, dir, path string) string {
	t.Helper()
	file := ffmpeg("a.mp4", "-c:a", "aac", "-b:a", "160k", "-movflags", "+frag_keyframe+delay_moov+default_base_moof", "-frag_duration", "1500000")(t, dir, path)
	data := containertest.File(t, file)
	list := "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n"
	begin, segments := 0, 0
	for at := 0; at+8 <= len(data); {
		size := int(binary.BigEndian.Uint32(data[at:]))
		switch string(data[at+4 : at+8]) {
		case "moof":
			if segments == 0 {
				list += fmt.Sprintf("#EXT-X-MAP:URI=\"a.mp4\",BYTERANGE=\"%d@0\"\n", at)
			}
			begin = at
		case "mdat":
			list += fmt.Sprintf("#EXTINF:1.5,\n#EXT-X-BYTERANGE:%d@%d\na.mp4\n", at+size-begin, begin)
			segments++
		}
		at += size
	}
	return write(t, filepath.Join(dir, "index.m3u8"), list+"#EXT-X-ENDLIST\n")
}

func write(t testing.TB, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// ladder has the service package a track, and gives the playlist of its first rendition of a kind.
func ladder(kind string) func(testing.TB, string, string) string {
	return func(t testing.TB, dir, path string) string {
		t.Helper()
		master := packaged(t, dir, path)
		list, err := filepath.Glob(filepath.Join(filepath.Dir(master), kind+"*", "*.m3u8"))
		if err != nil || len(list) == 0 {
			t.Skipf("no rendition of %s was made: %v", kind, err)
		}
		return list[0]
	}
}

// packaged has the service package a WAV file, and gives the master playlist.
func packaged(t testing.TB, dir, path string) string {
	t.Helper()
	data := containertest.File(t, path)
	source, err := packager.Inspect(path, bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(dir, "ladder")
	if err := os.Mkdir(to, 0o700); err != nil {
		t.Fatal(err)
	}
	job := packager.Job{Source: source, Dir: to, Key: [16]byte([]byte("0123456789abcdef"))}
	if _, err := packager.New(goaac.New(goaac.Thorough), packager.AES128).Package(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(to, "key.bin"), string(job.Key[:]))
	return filepath.Join(to, "master.m3u8")
}

// codings are all that can be had here.
func codings() []coding {
	all := []coding{
		{name: "WAV", encode: func(_ testing.TB, _, path string) string { return path }, exact: true},
		{name: "AIFF", encode: ffmpeg("a.aiff", "-c:a", "pcm_s16be"), exact: true},
		{name: "FLAC", encode: tool("flac", "a.flac", "-s -5 -o OUT IN"), exact: true, few: true},
		{name: "FLAC in Ogg", encode: tool("flac", "a.oga", "-s --ogg -o OUT IN"), exact: true},
		{name: "FLAC in MP4", encode: ffmpeg("a.mp4", "-c:a", "flac", "-strict", "-2"), exact: true},
		{name: "FLAC in fMP4, HLS", encode: segmented("-c:a", "flac"), exact: true},
		{name: "ALAC", encode: ffmpeg("a.m4a", "-c:a", "alac"), exact: true},
		{name: "ALAC in fMP4, HLS", encode: segmented("-c:a", "alac"), exact: true},
		{name: "PCM in MOV", encode: ffmpeg("a.mov", "-c:a", "pcm_s16le"), exact: true},

		{name: "MP3, LAME 128", encode: tool("lame", "a.mp3", "--quiet -b 128 IN OUT"), few: true},
		{name: "MP3, LAME 320", encode: tool("lame", "a.mp3", "--quiet -b 320 IN OUT")},
		{name: "MP3, LAME V2", encode: tool("lame", "a.mp3", "--quiet -V2 IN OUT")},
		{name: "MP3, LAME --nogap", album: nogap, open: "no LAME tag; the decoder ought to run on from file to file"},
		{name: "MP3, LAME 64 at 24 kHz", rate: 24_000, encode: tool("lame", "a.mp3", "--quiet -b 64 IN OUT")},
		{name: "MP3, LAME 32 at 11 kHz", rate: 11_025, encode: tool("lame", "a.mp3", "--quiet -b 32 IN OUT")},
		{name: "MP3, LAME 192 at 48 kHz", rate: 48_000, encode: tool("lame", "a.mp3", "--quiet -b 192 IN OUT")},
		{name: "MP3, ffmpeg 192", encode: ffmpeg("a.mp3", "-c:a", "libmp3lame", "-b:a", "192k")},
		{name: "MP3, ffmpeg, no tag", encode: ffmpeg("a.mp3", "-c:a", "libmp3lame", "-b:a", "192k", "-write_xing", "0"), open: "no LAME tag"},
		{name: "MP3 in MP4", encode: ffmpeg("a.mp4", "-c:a", "libmp3lame", "-b:a", "192k")},
		{name: "MP3 in fMP4, HLS", encode: segmented("-c:a", "libmp3lame", "-b:a", "192k")},

		{name: "AAC, ffmpeg 160", encode: ffmpeg("a.m4a", "-c:a", "aac", "-b:a", "160k"), few: true},
		{name: "AAC, ffmpeg, moov in front", encode: ffmpeg("a.m4a", "-c:a", "aac", "-b:a", "160k", "-movflags", "+faststart")},
		{name: "AAC, ffmpeg at 48 kHz", rate: 48_000, encode: ffmpeg("a.mp4", "-c:a", "aac", "-b:a", "160k")},
		{name: "AAC in fMP4, HLS", encode: segmented("-c:a", "aac", "-b:a", "160k"), few: true},
		{name: "AAC in a fragmented file", encode: ffmpeg("a.mp4", "-c:a", "aac", "-b:a", "160k", "-movflags", "+frag_keyframe+delay_moov+default_base_moof", "-frag_duration", "500000")},
		{name: "AAC in fMP4 with an edit list, HLS", encode: ranges},
		{name: "AAC, the service's ladder, encrypted", encode: ladder("aac-160"), few: true},
		{name: "FLAC, the service's ladder, encrypted", encode: ladder("flac"), exact: true},
		{name: "AAC in ADTS", encode: ffmpeg("a.aac", "-c:a", "aac", "-b:a", "160k"), open: "ADTS has no place for it"},

		{name: "Opus 128", rate: 48_000, encode: tool("opusenc", "a.opus", "--quiet --bitrate 128 IN OUT"), few: true},
		{name: "Opus 64", rate: 48_000, encode: tool("opusenc", "a.opus", "--quiet --bitrate 64 IN OUT")},
		{name: "Opus, ffmpeg", rate: 48_000, encode: ffmpeg("a.opus", "-c:a", "libopus", "-b:a", "128k")},
		{name: "Opus in MP4", rate: 48_000, encode: ffmpeg("a.mp4", "-c:a", "libopus", "-b:a", "128k", "-strict", "-2")},
		{name: "Opus in fMP4, HLS", rate: 48_000, encode: segmented("-c:a", "libopus", "-b:a", "128k")},
		{name: "Opus in Matroska", rate: 48_000, encode: ffmpeg("a.mka", "-c:a", "libopus", "-b:a", "128k")},
		{name: "FLAC in Matroska", encode: ffmpeg("a.mka", "-c:a", "flac"), exact: true},
		{name: "PCM in Matroska", encode: ffmpeg("a.mka", "-c:a", "pcm_s16le"), exact: true},
		{name: "AAC in Matroska", encode: ffmpeg("a.mka", "-c:a", "aac", "-b:a", "160k"), open: "ffmpeg tells no delay"},
		{name: "Vorbis q5", encode: tool("oggenc", "a.ogg", "-Q -q5 -o OUT IN")},
		{name: "Vorbis q0 at 32 kHz", rate: 32_000, encode: tool("oggenc", "a.ogg", "-Q -q0 -o OUT IN")},
		{name: "Vorbis, ffmpeg", encode: ffmpeg("a.ogg", "-c:a", "libvorbis", "-q:a", "5")},
	}
	for mode, how := range []string{"iTunSMPB", "edit list", "both"} {
		all = append(all, coding{name: "AAC, fdkaac, " + how, encode: tool("fdkaac", "a.m4a", fmt.Sprintf("-S -G %d -b 160000 -o OUT IN", mode)), few: mode == 0})
		all = append(all, coding{name: "HE-AAC, fdkaac, " + how, half: true, encode: tool("fdkaac", "a.m4a", fmt.Sprintf("-S -p 5 -G %d -b 64000 -o OUT IN", mode))})
		all = append(all, coding{name: "HE-AAC v2, fdkaac, " + how, half: true, encode: tool("fdkaac", "a.m4a", fmt.Sprintf("-S -p 29 -G %d -b 48000 -o OUT IN", mode))})
	}
	all = append(all, coding{name: "HE-AAC, fdkaac, SBR's delay counted", half: true, encode: tool("fdkaac", "a.m4a", "-S -p 5 -G 2 --include-sbr-delay -b 64000 -o OUT IN")})
	for i := range all {
		if all[i].rate == 0 {
			all[i].rate = 44_100
		}
	}
	return all
}
