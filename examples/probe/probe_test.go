package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segue-audio/segue/drm/aes128"
	"github.com/segue-audio/segue/player"
)

// wave is a WAV file of a tone.
func wave(frames, channels int) []byte {
	n := 2 * channels * frames
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00")
	b = binary.LittleEndian.AppendUint16(b, uint16(channels))
	b = binary.LittleEndian.AppendUint32(b, 44_100)
	b = binary.LittleEndian.AppendUint32(b, uint32(44_100*2*channels))
	b = binary.LittleEndian.AppendUint16(b, uint16(2*channels))
	b = append(b, "\x10\x00LIST\x16\x00\x00\x00INFOINAM\x0a\x00\x00\x00A test...\x00data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(n))
	for i := range frames * channels {
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(8000*math.Sin(float64(i)/30))))
	}
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

// adts is a stream of n silent AAC packets.
func adts(n int) []byte {
	payload := []byte{0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c} // a pair of channels without a spectrum
	size := 7 + len(payload)
	head := []byte{0xff, 0xf1, 0x50, 0x80, byte(size >> 3), byte(size<<5) | 0x1f, 0xfc}
	return bytes.Repeat(append(head, payload...), n)
}

// music is a server of what probe has to tell apart.
func music(t *testing.T) *httptest.Server {
	t.Helper()
	key := []byte("sixteen bytes ok")
	sealed, err := aes128.Encrypt(nil, adts(20), key, [16]byte{15: 7})
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"/song.wav":    string(wave(44_100, 2)),
		"/key":         string(key),
		"/seg.aac":     string(sealed),
		"/clear.aac":   string(adts(20)),
		"/page.mp3":    "<!DOCTYPE html><title>please log in</title>",
		"/list.m3u":    "#EXTM3U\n#EXTINF:1,A\nhttp://host/a.mp3\nb.mp3\n",
		"/list.pls":    "[playlist]\nFile1=http://host/a\nNumberOfEntries=1\n",
		"/locked.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-KEY:METHOD=AES-128,URI=\"key\"\n#EXTINF:0.5,\nseg.aac\n#EXT-X-ENDLIST\n",
		"/wrong.m3u8":  "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-KEY:METHOD=AES-128,URI=\"list.pls\"\n#EXTINF:0.5,\nseg.aac\n#EXT-X-ENDLIST\n",
		"/drm.m3u8":    "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://x\",KEYFORMAT=\"com.apple.streamingkeydelivery\"\n#EXTINF:0.5,\nclear.aac\n#EXT-X-ENDLIST\n",
		"/master.m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS=\"mp4a.40.2\"\nlocked.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=128000,CODECS=\"mp4a.40.2\"\nlost.m3u8\n",
		"/broken.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:x\n#EXTINF:0.5,\nseg.aac\n",
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if body, ok := files[r.URL.Path]; ok {
			http.ServeContent(w, r, r.URL.Path, time.Time{}, strings.NewReader(body))
			return
		}
		http.NotFound(w, r)
	})
	mux.HandleFunc("/denied", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	mux.HandleFunc("/radio", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "audio/aac")
		w.Header().Set("Icy-Name", "Tone FM")
		w.Header().Set("Icy-Metaint", "1000")
		title := append([]byte{2}, make([]byte, 32)...)
		copy(title[1:], "StreamTitle='Silence';")
		for sound := adts(1000); r.Context().Err() == nil; { // for ever
			for piece := sound; len(piece) >= 1000; piece = piece[1000:] {
				if _, err := w.Write(append(piece[:1000:1000], title...)); err != nil {
					return
				}
			}
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

// probed runs the program with --json on one argument.
func probed(t *testing.T, args ...string) (r report, status int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status = run(t.Context(), append([]string{"--json"}, args...), &stdout, &stderr)
	if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
		t.Fatalf("%v: %s%s", err, &stdout, &stderr)
	}
	return r, status
}

func TestFileOverHTTP(t *testing.T) {
	server := music(t)
	r, status := probed(t, "--decode", server.URL+"/song.wav")
	s := r.Stream
	if status != exitOK || !r.Playable || s == nil || s.Decoded == nil {
		t.Fatalf("status %d, %+v", status, r)
	}
	if s.Container != "WAVE" || s.Codec != "pcm" || s.Profile != "s16le" || s.SampleRate != 44_100 || s.Channels != 2 || !s.Lossless ||
		s.Duration != 1 || s.Decoded.Heard != 44_100 || s.Decoded.Damaged != 0 || s.Bitrate != 44_100*32 {
		t.Errorf("%+v, %+v", s, s.Decoded)
	}
	if r.Protocol != "http" || r.Bytes == 0 || r.Ranges == nil || !*r.Ranges || r.About == nil || r.About.Title != "A test..." {
		t.Errorf("%+v, about %+v", r, r.About)
	}
}

func TestPresentations(t *testing.T) {
	server := music(t)
	r, status := probed(t, "--decode", server.URL+"/master.m3u8")
	if status != exitOK || r.Manifest == nil || len(r.Manifest.Renditions) != 2 {
		t.Fatalf("status %d, %+v", status, r)
	}
	good, lost := r.Manifest.Renditions[0], r.Manifest.Renditions[1]
	if good.Problem != nil || good.Stream == nil || good.Stream.Decoded == nil || good.Stream.Decoded.Frames != 20*1024 ||
		good.Stream.Profile != "LC" || fmt.Sprint(good.Encryption) != "[AES-128]" || good.Bitrate != 64_000 {
		t.Errorf("%+v, stream %+v", good, good.Stream)
	}
	if lost.Problem == nil || lost.Problem.Code != int(player.KindNotFound) {
		t.Errorf("%+v", lost.Problem)
	}
}

// TestWhyNot has the right kind and some advice for what can't be played.
func TestWhyNot(t *testing.T) {
	server := music(t)
	for path, want := range map[string]player.Kind{
		"/nothing":     player.KindNotFound,
		"/denied":      player.KindForbidden,
		"/page.mp3":    player.KindContainer,
		"/broken.m3u8": player.KindManifest,
		"/wrong.m3u8":  player.KindKey,
		"/drm.m3u8":    player.KindKeyUnsupported,
	} {
		r, status := probed(t, server.URL+path)
		if status != exitFailed || r.Playable || r.Problem == nil || r.Problem.Code != int(want) || r.Problem.Advice == "" {
			t.Errorf("%s: status %d, %+v; want %d", path, status, r.Problem, want)
		}
	}
	here := t.TempDir()
	for path, want := range map[string]player.Kind{filepath.Join(here, "none.mp3"): player.KindNotFound, here: player.KindFile} {
		if r, _ := probed(t, path); r.Problem == nil || r.Problem.Code != int(want) {
			t.Errorf("%s: %+v; want %d", path, r.Problem, want)
		}
	}
}

// TestEveryKindHasAdvice goes through the kinds that opening and reading can come to.
func TestEveryKindHasAdvice(t *testing.T) {
	others := []player.Kind{player.KindUnknown, player.KindArgument, player.KindUnanswered, player.KindNothingPlays, player.KindStuck, player.KindStale,
		player.KindStored, player.KindEndless, player.KindOutput, player.KindNoDevice, player.KindOutputStuck}
	known := 0
	for kind := player.Kind(1000); kind < 7000; kind++ {
		if strings.HasPrefix(kind.Error(), "error kind") {
			continue
		}
		known++
		if advice[kind] == "" {
			found := false
			for _, o := range others {
				found = found || o == kind
			}
			if !found {
				t.Errorf("no advice for %d %v", kind, kind)
			}
		}
	}
	if known != len(advice)+len(others) {
		t.Errorf("%d kinds, %d with advice and %d that only playing comes to", known, len(advice), len(others))
	}
}

func TestRadioAndLists(t *testing.T) {
	server := music(t)
	r, status := probed(t, server.URL+"/radio")
	if status != exitOK || r.Protocol != "radio" || r.Radio == nil || r.Radio.Name != "Tone FM" || r.Radio.Title != "Silence" ||
		r.Stream == nil || r.Stream.Codec != "aac" || r.Stream.Duration != 0 {
		t.Errorf("status %d, %+v, %+v, stream %+v, problem %+v", status, r, r.Radio, r.Stream, r.Problem)
	}
	if r, _ := probed(t, server.URL+"/list.m3u"); fmt.Sprint(r.List) != "[http://host/a.mp3 b.mp3]" {
		t.Errorf("%q", r.List)
	}
	if r, _ := probed(t, server.URL+"/list.pls"); fmt.Sprint(r.List) != "[http://host/a]" {
		t.Errorf("%q", r.List)
	}
}

// TestTable has the lines that people look for, and nothing that moves the cursor.
func TestTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a\x1b[2Jsong.wav")
	if err := os.WriteFile(path, wave(4410, 1), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	if status := run(t.Context(), []string{path, path + ".none"}, &stdout, &stderr); status != exitFailed || stderr.Len() > 0 {
		t.Errorf("status %d, %s", status, &stderr)
	}
	for _, want := range []string{"song.wav: can be played\n", "pcm s16le, lossless in WAVE", "44100 Hz, 1 channel, 16 bits", "100ms", "A test...",
		"none: can't be played\n", "2006 not found", "what to do"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &stdout)
		}
	}
	if strings.Contains(stdout.String(), "\x1b") {
		t.Errorf("an escape sequence came through: %q", &stdout)
	}
	stdout.Reset()
	if status := run(t.Context(), []string{"--nonsense"}, &stdout, &stderr); status != exitUsage {
		t.Errorf("nonsense: status %d", status)
	}
	if status := run(t.Context(), []string{"--help"}, &stdout, &stderr); status != exitOK || !strings.Contains(stdout.String(), "--decode") {
		t.Errorf("help: status %d, %s", status, &stdout)
	}
}

// FuzzListed gives anything that begins like a list to what reads lists and titles.
func FuzzListed(f *testing.F) {
	f.Add([]byte("#EXTM3U\na\n"))
	f.Add([]byte("[playlist]\nFile1=a\n"))
	f.Add([]byte("StreamTitle='a';"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, place := range listed(data) {
			if strings.ContainsAny(place, "\n") {
				t.Errorf("a place of several lines: %q", place)
			}
		}
		if title := icyTitle(data); strings.ToValidUTF8(title, "") != title {
			t.Errorf("a title that is no text: %q", title)
		}
	})
}
