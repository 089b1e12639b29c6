package player_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/container/mp3"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// streamed is a stream without edit lists, as a folder of segments.
type streamed struct {
	name string
	rate int
	// cut makes a playlist below dir of an ADTS or MP3 file.
	cut func(t *testing.T, dir, path string) string
}

// transport cuts as ffmpeg does, without coding anew.
func transport(args ...string) func(t *testing.T, dir, path string) string {
	return func(t *testing.T, dir, path string) string {
		t.Helper()
		argv := append([]string{"-v", "error", "-i", path, "-c:a", "copy"}, args...)
		list := filepath.Join(dir, "index.m3u8")
		containertest.Tool(t, "ffmpeg", append(argv, "-f", "hls", "-hls_time", "1.5", "-hls_playlist_type", "vod",
			"-hls_segment_filename", filepath.Join(dir, "%d.ts"), list)...)
		return list
	}
}

// rounded is transport with a playlist of whole seconds, as old ones are.
func rounded(t *testing.T, dir, path string) string {
	t.Helper()
	list := transport()(t, dir, path)
	text := ""
	for line := range strings.Lines(string(containertest.File(t, list))) {
		if strings.HasPrefix(line, "#EXTINF:1.") {
			line = "#EXTINF:2,\n"
		}
		text += line
	}
	return write(t, list, text)
}

// careless cuts one transport stream wherever a packet ends, tables in front of each piece.
func careless(t *testing.T, dir, path string) string {
	t.Helper()
	const packet = 188
	whole := filepath.Join(dir, "whole.ts")
	containertest.Tool(t, "ffmpeg", "-v", "error", "-i", path, "-c:a", "copy", "-f", "mpegts", whole)
	data := containertest.File(t, whole)
	tables := data[:3*packet] // SDT, PAT, PMT
	list := "#EXTM3U\n#EXT-X-TARGETDURATION:2\n"
	for n := 0; len(data) > 0; n++ {
		size := min(len(data), 149*packet)
		write(t, filepath.Join(dir, fmt.Sprintf("%d.ts", n)), string(tables)+string(data[:size]))
		list += fmt.Sprintf("#EXTINF:1.39,\n%d.ts\n", n)
		data = data[size:]
	}
	return write(t, filepath.Join(dir, "index.m3u8"), list+"#EXT-X-ENDLIST\n")
}

// packed cuts an ADTS or MP3 file into segments with time stamps (RFC 8216, 3.4).
func packed(frame int) func(t *testing.T, dir, path string) string {
	return func(t *testing.T, dir, path string) string {
		t.Helper()
		return packs{frame: frame, more: func(int) int { return 0 }}.write(t, dir, path)
	}
}

// packs says how segments of packed audio are made.
type packs struct {
	frame int
	more  func(n int) int // frames that segment n repeats of the one before, or, negative, lacks at its beginning
}

func (k packs) write(t *testing.T, dir, path string) string {
	t.Helper()
	const each = 60
	all := coded(t, containertest.File(t, path), k.frame)
	list := "#EXTM3U\n#EXT-X-TARGETDURATION:2\n"
	for n := 0; n*each < len(all); n++ {
		from, to := n*each-k.more(n), min(len(all), (n+1)*each)
		out := mp3.AppendTimestampTag(nil, 1<<33-90_000+media.Rescale(int64(from*k.frame), 44_100, 90_000))
		write(t, filepath.Join(dir, fmt.Sprintf("%d.aac", n)), string(out)+string(bytes.Join(all[from:to], nil)))
		list += fmt.Sprintf("#EXTINF:%.2f,\n%d.aac\n", float64((to-n*each)*k.frame)/44_100, n)
	}
	return write(t, filepath.Join(dir, "index.m3u8"), list+"#EXT-X-ENDLIST\n")
}

// coded takes a file of ADTS or MP3 apart.
func coded(t *testing.T, data []byte, frame int) (all [][]byte) {
	t.Helper()
	for len(data) > 0 {
		size := int(data[3]&3)<<11 | int(data[4])<<3 | int(data[5])>>5
		if frame == 1152 {
			h, err := mp3.ParseHeader(data)
			if err != nil {
				t.Fatal(err)
			}
			size = h.FrameBytes
		}
		all, data = append(all, data[:size]), data[size:]
	}
	return all
}

// TestStampsAreBelieved has segments that repeat music of those before, and ones that lack some: by their time
// stamps alone nothing is heard twice, and silence stands for what isn't there.
func TestStampsAreBelieved(t *testing.T) {
	const frame, third, off = 1024, 120 * 1024, 20
	dir := t.TempDir()
	pcm, _ := piece([]int{6 * 44_100})
	path := filepath.Join(dir, "a.aac")
	containertest.Tool(t, "ffmpeg", "-v", "error", "-i", wave(t, dir, pcm, 44_100), "-b:a", "128k", path)
	want := played(t, player.Config{SampleRate: 44_100}, player.Item{URL: path})
	for what, more := range map[string]int{"repeated": off, "missing": -off, "a little missing": -1} {
		k := packs{frame, func(n int) int {
			if n == 2 {
				return more
			}
			return 0
		}}
		got := played(t, player.Config{SampleRate: 44_100}, player.Item{URL: k.write(t, t.TempDir(), path)})
		switch more {
		case off:
			compare(t, what, got, want)
		case -1: // so short a hole may be a packager's rounding
			compare(t, what, got[:2*third], want[:2*third])
			if len(got) != len(want)-2*frame {
				t.Errorf("%s: %d frames, want %d", what, len(got)/2, len(want)/2-frame)
			}
		default:
			compare(t, what+", before", got[:2*third], want[:2*third])
			from := 2 * (third + (off+1)*frame) // one frame overlaps with what isn't there
			compare(t, what+", behind", got[from:], want[from:])
			for i, v := range got[2*(third+frame) : 2*(third+off*frame)] {
				if v != 0 {
					t.Fatalf("%s: sample %d of the silence is %g", what, i, v)
				}
			}
		}
	}
}

// TestStreamsWithoutEdits plays HLS of transport streams and of packed audio: the very samples that the whole
// file gives, from the first to the last, and so after a seek.
func TestStreamsWithoutEdits(t *testing.T) {
	all := []streamed{
		{"AAC in TS", 44_100, transport()},
		{"AAC in TS at 48 kHz", 48_000, transport()},
		{"AAC in TS at 96 kHz", 96_000, transport()},
		{"AAC in TS, one frame a PES packet", 44_100, transport("-pes_payload_size", "0")},
		{"AAC in LATM in TS", 44_100, transport("-mpegts_flags", "latm")},
		{"AAC in TS, durations rounded", 44_100, rounded},
		{"AAC in TS, cut carelessly", 44_100, careless},
		{"packed AAC", 44_100, packed(1024)},
		{"MP3 in TS", 44_100, transport()},
		{"packed MP3", 44_100, packed(1152)},
		{"HE-AAC in TS", 44_100, transport()},
		{"HE-AAC v2 in TS", 44_100, transport()},
	}
	few := []streamed{all[0], all[6], all[7], all[8]}
	for _, c := range containertest.Sweep(few, all) {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			pcm, _ := piece([]int{containertest.Sweep(6, 20) * c.rate})
			path := filepath.Join(dir, "a.aac")
			args := []string{"-v", "error", "-i", wave(t, dir, pcm, c.rate), "-b:a", "128k"}
			if strings.Contains(c.name, "MP3") {
				path = filepath.Join(dir, "a.mp3")
				args = append(args, "-c:a", "libmp3lame", "-write_xing", "0", "-id3v2_version", "0")
			}
			switch c.name {
			case "HE-AAC in TS":
				containertest.Tool(t, "fdkaac", "-S", "-p", "5", "-f", "2", "-b", "64000", "-o", path, args[3])
			case "HE-AAC v2 in TS":
				containertest.Tool(t, "fdkaac", "-S", "-p", "29", "-f", "2", "-b", "32000", "-o", path, args[3])
			default:
				containertest.Tool(t, "ffmpeg", append(args, path)...)
			}
			want := played(t, player.Config{SampleRate: c.rate}, player.Item{URL: path})
			list := c.cut(t, dir, path)
			compare(t, "from the start", played(t, player.Config{SampleRate: c.rate}, player.Item{URL: list}), want)
			if strings.Contains(c.name, ", durations") || strings.Contains(c.name, "carelessly") {
				return // where a seek goes only the playlist knows, and it is wrong
			}
			for _, at := range []time.Duration{time.Second, 3210 * time.Millisecond} {
				from := 2 * int(media.FramesIn(at, c.rate))
				got := played(t, player.Config{SampleRate: c.rate}, player.Item{URL: list, Start: at})
				compare(t, fmt.Sprintf("from %v", at), got, want[from:])
			}
		})
	}
}

// TestStreamsJoined puts two streams into one list, whose clocks have nothing to do with each other: a
// discontinuity (RFC 8216, 4.3.2.3). The second begins where the first ends, decoded as if it stood alone.
func TestStreamsJoined(t *testing.T) {
	for _, c := range []streamed{{"AAC in TS", 44_100, transport()}, {"packed MP3", 44_100, packed(1152)}} {
		dir := t.TempDir()
		list := "#EXTM3U\n#EXT-X-TARGETDURATION:2\n"
		var want []float32
		for i := range 2 {
			part := filepath.Join(dir, fmt.Sprint(i))
			if err := os.Mkdir(part, 0o700); err != nil {
				t.Fatal(err)
			}
			pcm, _ := piece([]int{(4 + i) * 44_100})
			path := filepath.Join(part, "a.aac")
			if c.name == "packed MP3" {
				path = filepath.Join(part, "a.mp3")
			}
			containertest.Tool(t, "ffmpeg", "-v", "error", "-i", wave(t, part, pcm, 44_100), "-b:a", "128k", "-write_xing", "0", "-id3v2_version", "0", path)
			want = append(want, played(t, player.Config{SampleRate: 44_100}, player.Item{URL: path})...)
			for line := range strings.Lines(string(containertest.File(t, c.cut(t, part, path)))) {
				if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
					list += fmt.Sprintf("%d/%s\n", i, line)
				} else if strings.HasPrefix(line, "#EXTINF") {
					list += line + "\n"
				}
			}
			if i == 0 {
				list += "#EXT-X-DISCONTINUITY\n"
			}
		}
		url := write(t, filepath.Join(dir, "index.m3u8"), list+"#EXT-X-ENDLIST\n")
		compare(t, c.name, played(t, player.Config{SampleRate: 44_100}, player.Item{URL: url}), want)
	}
}

// TestStreamsInParts plays transport streams over a link that is hardly faster than the music, so that segments
// begin before they are whole: the very samples all the same.
func TestStreamsInParts(t *testing.T) {
	dir := t.TempDir()
	pcm, _ := piece([]int{6 * 44_100})
	path := filepath.Join(dir, "a.aac")
	containertest.Tool(t, "ffmpeg", "-v", "error", "-i", wave(t, dir, pcm, 44_100), "-b:a", "128k", path)
	want := played(t, player.Config{SampleRate: 44_100}, player.Item{URL: path})
	cuts := map[string]func(*testing.T, string, string) string{"cut": transport(), "cut carelessly": careless, "packed": packed(1024)}
	for name, cut := range cuts {
		folder := t.TempDir()
		cut(t, folder, path)
		synctest.Test(t, func(t *testing.T) {
			slow := func(time.Duration) media.Bitrate { return media.Kbps(260) }
			link := &playertest.Link{Handler: http.FileServer(http.Dir(folder)), RTT: 50 * time.Millisecond, Rate: slow}
			r := start(t, link, player.Config{SampleRate: 44_100}, sink.RealTime, host+"/index.m3u8")
			r.Play()
			if err := r.finish(t); err != nil {
				t.Fatal(err)
			}
			compare(t, name, r.out.Music(), want)
			t.Logf("%s: %d requests, joined after %v", name, link.Requests(), startOf(t, r).Sub(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)))
		})
	}
}

// compare wants the same samples.
func compare(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	n := 0
	for n < min(len(got), len(want)) && got[n] == want[n] {
		n++
	}
	t.Errorf("%s: %d frames, want %d; the first that differs is %d", what, len(got)/2, len(want)/2, n/2)
}
