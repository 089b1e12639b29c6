// Package clients_test lets the players of others play what the backend serves, and compares what they
// give with what went in. It runs where SEGUE_CLIENTS names the folder with their npm modules, as make
// test-clients has it; SEGUE_CLIENTS_TABLE names a file for the table of what came out.
package clients_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segue-audio/segue/api"
	"github.com/segue-audio/segue/api/server"
	"github.com/segue-audio/segue/api/server/encoder"
	"github.com/segue-audio/segue/api/server/encoder/goaac"
	"github.com/segue-audio/segue/api/server/packager"
)

// stream is one way in which the same music is served.
type stream struct {
	name, url string
	part      bool // one rendition alone
}

func (s stream) protocol() string {
	p, _, _ := strings.Cut(s.name, ",")
	return p
}

// client is a player that isn't ours.
type client struct {
	name string
	// play gives what it plays, from a moment on (in seconds; zero for all), as interleaved stereo at `rate`. It
	// skips where the program isn't there.
	play func(t *testing.T, url string, from float64) ([]float32, error)
	// version says what was tested.
	version func() string
	// seeks tells whether play heeds from.
	seeks bool
	// known says why a stream may not be played, where that is the client's own limit, and seekless why it
	// may not be sought in. Other versions may do better.
	known, seekless map[string]string
	// fades says why one window may not be whole, where the client changes the rendition by itself.
	fades map[string]string
}

const timeout = 3 * time.Minute

// try plays a stream as a whole, and from two moments on.
func (c client) try(t *testing.T, music []float32, s stream) result {
	got, err := c.play(t, s.url, 0)
	if why := c.known[s.name]; why != "" && err != nil {
		return result{known: why}
	} else if err != nil {
		return result{err: err}
	}
	r := result{}
	r.heard, r.err = compare(music, got)
	if why := c.fades[s.name]; why != "" && len(r.heard.gaps) == 1 {
		r.fades, r.heard.gaps = why+": "+r.heard.gaps[0], nil
	}
	if r.err != nil || !c.seeks {
		return r
	}
	for _, to := range []float64{6.3, 2.2} {
		got, err := c.play(t, s.url, to)
		if err == nil {
			err = r.land(music, got, to)
		}
		if why := c.seekless[s.protocol()]; why != "" && err != nil {
			r.seekless = why
			return r
		} else if err != nil {
			r.err = err
			return r
		}
	}
	return r
}

// TestClients has every client play every stream that it may play.
func TestClients(t *testing.T) {
	modules := os.Getenv("SEGUE_CLIENTS")
	if modules == "" {
		t.Skip("SEGUE_CLIENTS names no folder with the browser players' modules; make test-clients does")
	}
	music := glide(10*rate + 777)
	streams := serve(t, music, goaac.New(goaac.Thorough))
	var rows table
	for _, c := range append([]client{segue()}, programs()...) {
		for _, s := range streams {
			t.Run(c.name+"/"+s.name, func(t *testing.T) { rows.add(t, strings.TrimSpace(c.name+" "+c.version()), s.name, c.try(t, music, s)) })
		}
	}
	origin := site(t, modules)
	for _, name := range []string{"hls.js", "Shaka", "dash.js"} {
		for _, s := range streams {
			if s.part || name == "dash.js" && s.protocol() != "DASH" || name == "hls.js" && s.protocol() != "HLS" {
				continue
			}
			t.Run(name+"/"+s.name, func(t *testing.T) {
				version, r := watch(t, modules, music, how{Origin: origin, Player: name, URL: s.url, Seeks: []float64{6.3, 2.2}})
				rows.add(t, name+" "+version, s.name, r)
			})
			t.Run(name+"/"+s.name+"/change", func(t *testing.T) {
				version, r := watch(t, modules, music, how{Origin: origin, Player: name, URL: s.url, Change: true})
				rows.add(t, name+" "+version, s.name+", from the lowest AAC to the highest", r)
			})
		}
	}
	rows.write(t)
}

// serve starts two backends with the same music, one encrypted and one in clear.
func serve(t *testing.T, music []float32, e encoder.Encoder) (streams []stream) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "glide.wav"), wav(music), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range []packager.Protection{packager.AES128, packager.Clear} {
		s, err := server.New(t.Context(), server.Config{DataDir: t.TempDir(), MusicDir: dir, Encoder: e, Protection: p})
		if err != nil {
			t.Fatal(err)
		}
		h := httptest.NewServer(s.Handler())
		t.Cleanup(func() {
			h.Close()
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		if err := s.Ingest(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		c, err := api.New(h.URL, api.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for track, err := range c.Tracks(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			leave, err := c.Playback(t.Context(), track.ID)
			if err != nil {
				t.Fatal(err)
			}
			if p == packager.AES128 {
				streams = append(streams, stream{name: "HLS, AES-128", url: leave.ManifestURL})
				continue
			}
			streams = append(streams, stream{name: "HLS, clear", url: leave.ManifestURL}, stream{name: "DASH, clear", url: leave.DASHURL})
			for _, r := range []string{"aac-48", "aac-96", "aac-160", "aac-320", "flac"} {
				streams = append(streams, stream{"HLS, clear, " + r, strings.Replace(leave.ManifestURL, "master.m3u8", r+"/index.m3u8", 1), true})
			}
		}
	}
	return streams
}

func wav(pcm []float32) []byte {
	data := make([]byte, 0, 2*len(pcm))
	for _, v := range pcm {
		data = binary.LittleEndian.AppendUint16(data, uint16(int16(math.Round(float64(v)*32767))))
	}
	b := append([]byte("RIFF----WAVEfmt \x10\x00\x00\x00\x01\x00\x02\x00"), 0x44, 0xac, 0, 0, 0x10, 0xb1, 2, 0, 4, 0, 16, 0)
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	b = append(b, data...)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

// programs are the clients of the command line.
func programs() []client {
	return []client{
		{name: "ffmpeg", seeks: true, version: firstWords("ffmpeg", "-version"), play: func(t *testing.T, url string, from float64) ([]float32, error) {
			args := []string{"-nostdin", "-v", "error"}
			if from > 0 { // even -ss 0 would have it cut off what precedes the music
				args = append(args, "-ss", fmt.Sprint(from))
			}
			out, err := output(t, "ffmpeg", append(args, "-i", url, "-ac", "2", "-ar", fmt.Sprint(rate), "-f", "f32le", "-")...)
			return floats(out), err
		}, seekless: map[string]string{"HLS": "ffmpeg 5.1 seeks in no HLS of fragmented MP4 without video, its own included"}},
		{name: "mpv", seeks: true, version: firstWords("mpv", "--version"), play: func(t *testing.T, url string, from float64) ([]float32, error) {
			file := filepath.Join(t.TempDir(), "out.f32")
			args := []string{"--no-config", "--no-video", "--msg-level=all=error", "--ao=pcm", "--ao-pcm-waveheader=no",
				"--audio-format=float", "--audio-channels=stereo", "--audio-samplerate=" + fmt.Sprint(rate), "--ao-pcm-file=" + file, url}
			if from > 0 { // even a start at 0 is a seek
				args = append(args, "--start="+fmt.Sprint(from), "--hr-seek=yes")
			}
			_, err := output(t, "mpv", args...)
			return written(file, err)
		}, seekless: map[string]string{"HLS": "mpv on ffmpeg 5.1 seeks in no HLS of fragmented MP4 without video"}},
		{name: "GStreamer", version: firstWords("gst-launch-1.0", "--version"), play: func(t *testing.T, url string, _ float64) ([]float32, error) {
			file := filepath.Join(t.TempDir(), "out.f32")
			_, err := output(t, "gst-launch-1.0", "-q", "playbin", "uri="+url, "flags=0x2", "connection-speed=10000", // sound alone; in HLS no change on the way
				fmt.Sprintf("audio-sink=audioconvert ! audioresample ! audio/x-raw,format=F32LE,rate=%d,channels=2,layout=interleaved ! filesink location=%s", rate, file))
			return written(file, err)
		}, known: map[string]string{"HLS, AES-128": "GStreamer 1.22 doesn't recognise fragmented MP4 behind AES-128"},
			fades: map[string]string{"DASH, clear": "it climbs after the first segment, and begins its decoder anew for that"}},
	}
}

// firstWords gives the version that a program's first line names.
func firstWords(name string, args ...string) func() string {
	return func() string {
		out, err := exec.Command(name, args...).Output()
		if err != nil {
			return "?"
		}
		for _, word := range strings.Fields(string(out)) {
			if word[0] >= '0' && word[0] <= '9' {
				return word
			}
		}
		return "?"
	}
}

// output runs a program; it skips the test where there is none.
func output(t *testing.T, name string, args ...string) ([]byte, error) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed", name)
	}
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	var errs bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stderr, cmd.WaitDelay = &errs, time.Second
	out, err := cmd.Output()
	if err != nil {
		said, _, _ := strings.Cut(strings.TrimSpace(errs.String()), "\n")
		err = fmt.Errorf("%s: %w: %.300s", name, err, said)
	}
	return out, err
}

// written reads what a program wrote, unless that failed.
func written(file string, err error) ([]float32, error) {
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(file)
	return floats(raw), err
}

func floats(raw []byte) []float32 {
	out := make([]float32, len(raw)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return out
}
