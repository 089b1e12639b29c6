package player_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/playertest"
)

// livePackager is an ffmpeg that makes a live stream of numbered frames in real time.
type livePackager struct {
	cmd   *exec.Cmd
	feed  io.WriteCloser
	done  chan struct{}
	begun time.Time // when frame 0 was live
}

// packageLive starts an ffmpeg that writes into dir, and feeds it with the frames that are live.
func packageLive(t *testing.T, dir string, begun time.Time, args ...string) *livePackager {
	t.Helper()
	base := []string{"-hide_banner", "-loglevel", "error", "-f", "s16le", "-ar", "44100", "-ac", "2", "-i", "pipe:0", "-c:a", "flac", "-strict", "-2"}
	tool, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg isn't installed")
	}
	cmd := exec.Command(tool, append(base, args...)...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	feed, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &livePackager{cmd: cmd, feed: feed, done: make(chan struct{}), begun: begun}
	go func() {
		defer close(p.done)
		at := int64(time.Since(begun).Seconds() * playertest.Rate)
		for {
			due := int64(time.Since(begun).Seconds() * playertest.Rate)
			if due-at < playertest.Rate/20 {
				time.Sleep(20 * time.Millisecond) //house:ignore sleep real packagers are fed in real time
				continue
			}
			if _, err := feed.Write(playertest.AppendNumbered(nil, at, int(due-at))); err != nil {
				return
			}
			at = due
		}
	}()
	return p
}

// kill ends the packager as a crash does.
func (p *livePackager) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.feed.Close()
	<-p.done
	_ = p.cmd.Wait()
}

// TestLiveOfOthers listens to ffmpeg's live streams for ten minutes of real time, in which the packager is
// killed once and started anew five seconds later. It takes SEGUE_SWEEP=1.
func TestLiveOfOthers(t *testing.T) {
	if os.Getenv("SEGUE_SWEEP") == "" {
		t.Skip("ten minutes of real time: SEGUE_SWEEP=1 runs it")
	}
	half := 5 * time.Minute
	if d, err := time.ParseDuration(os.Getenv("SEGUE_LIVE")); err == nil {
		half = d / 2
	}
	hls := []string{"-f", "hls", "-hls_time", "2", "-hls_list_size", "8", "-hls_segment_type", "fmp4"}
	for name, c := range map[string]struct {
		list   string
		first  []string
		second []string
	}{
		"HLS, numbers from zero": {"live.m3u8", append(hls, "-hls_flags", "delete_segments", "live.m3u8"), nil},
		"HLS, numbers go on": {"live.m3u8", append(hls, "-hls_flags", "delete_segments+program_date_time", "live.m3u8"),
			append(hls, "-hls_flags", "delete_segments+append_list+program_date_time", "live.m3u8")},
		"DASH": {"live.mpd", []string{"-f", "dash", "-seg_duration", "2", "-window_size", "8", "-extra_window_size", "4",
			"-use_timeline", "1", "-use_template", "1", "live.mpd"}, nil},
		"DASH, numbers alone": {"live.mpd", []string{"-f", "dash", "-seg_duration", "2", "-window_size", "8", "-extra_window_size", "4",
			"-use_timeline", "0", "-use_template", "1", "live.mpd"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			begun := time.Now()
			first := packageLive(t, dir, begun, c.first...)
			waitForFile(t, filepath.Join(dir, c.list))
			server := httptest.NewServer(http.FileServer(http.Dir(dir)))
			defer server.Close()
			out := &playertest.Numbered{}
			p := player.New(player.Config{Sink: out, HTTP: server.Client()})
			var told []string
			read := make(chan struct{})
			events := p.Events(context.Background())
			go func() {
				defer close(read)
				for e := range events {
					switch w := e.What.(type) {
					case player.LiveMoved, player.MusicMissing, player.Failed, player.Rebuffering, player.Rebuffered:
						told = append(told, fmt.Sprintf("%.1f s: %T%+v", e.Time.Sub(begun).Seconds(), w, w))
					}
				}
			}()
			p.Append(player.Item{URL: server.URL + "/" + c.list})
			p.Play()
			wait := func(d time.Duration) { time.Sleep(d) } //house:ignore sleep the packager's time is real
			wait(half)
			first.kill()
			wait(5 * time.Second)
			args := c.second
			if args == nil {
				args = c.first
			}
			second := packageLive(t, dir, begun, args...)
			wait(half)
			st := p.State()
			second.kill()
			var mem runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&mem)
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			<-read
			heard := out.Stretches()
			t.Logf("heard:\n%v\ntold:\n%s\nat the end: %+v at %v, %+v; %d MB in use", heard, strings.Join(told, "\n"), st.Live, st.Position, st.Stats, mem.HeapAlloc>>20)
			var frames int64
			for _, s := range heard {
				frames += s.Frames
			}
			if len(heard) < 1 || len(heard) > 3 || st.Phase != player.Ready || frames < int64((2*half-45*time.Second).Seconds()*playertest.Rate) {
				t.Errorf("%d stretches with %d frames; %v, %v", len(heard), frames, st.Phase, st.Err)
			}
		})
	}
}

// TestLiveLowLatencySocket plays parts over real connections, in real time. It takes SEGUE_SWEEP=1.
func TestLiveLowLatencySocket(t *testing.T) {
	if os.Getenv("SEGUE_SWEEP") == "" {
		t.Skip("real time: SEGUE_SWEEP=1 runs it")
	}
	length := 10 * time.Minute
	if d, err := time.ParseDuration(os.Getenv("SEGUE_LIVE")); err == nil {
		length = d
	}
	origin := &playertest.Live{
		Window: 30, Head: time.Minute, Segment: 2 * time.Second, Blocking: true, Parts: 6, Clock: true, Renditions: 2,
		Runs: []playertest.Run{{Names: "a"}, {Names: "b", From: time.Minute + length/2, Keep: true, Times: 1 << 33}},
	}
	server := httptest.NewServer(origin)
	defer server.Close()
	out := &playertest.Numbered{}
	p := player.New(player.Config{Sink: out, HTTP: server.Client()})
	p.Append(player.Item{URL: server.URL + "/live.m3u8"})
	p.Play()
	var behind []time.Duration // the wall clock's word
	for began := time.Now(); time.Since(began) < length; {
		time.Sleep(length / 20) //house:ignore sleep the stream's time is real
		if st := p.State(); st.Live != nil {
			behind = append(behind, time.Since(st.Live.Time).Round(time.Millisecond))
		}
	}
	st := p.State()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	heard := out.Stretches()
	t.Logf("heard %v\nbehind %v\n%+v", heard, behind, st.Stats)
	if len(heard) != 1 || st.Phase != player.Ready {
		t.Errorf("%d stretches; %v, %v", len(heard), st.Phase, st.Err)
	}
	if last := behind[len(behind)-1]; last > 10*time.Second {
		t.Errorf("%v behind at the end", last)
	}
}

func waitForFile(t *testing.T, path string) {
	t.Helper()
	for range 600 {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond) //house:ignore sleep another process makes it
	}
	t.Fatal("the packager makes nothing")
}
