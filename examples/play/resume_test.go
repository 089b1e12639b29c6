package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/media"
)

func TestLeftIsReadAsItWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "play.json")
	want := left{Version: bookmarkVersion, Player: []byte{0, 1, 255}, Sound: soundSettings{Gains: gainsSpec{0: 1.5, 9: -12}, Width: 2, Balance: -1},
		Loudness: "auto", Target: -14, Dir: "/d", Server: "http://s", Tracks: map[string]trackRef{"c": {"t", "a"}}}
	for range 2 {
		if _, err := want.write(path); err != nil {
			t.Fatal(err)
		}
	}
	got, err := readLeft(path)
	if err != nil || string(got.Player) != string(want.Player) || got.Sound != want.Sound || got.Tracks["c"] != want.Tracks["c"] || got.Dir != want.Dir {
		t.Errorf("%+v, %v", got, err)
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 1 {
		t.Errorf("%v beside it, %v", files, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for _, text := range []string{"", "{", `{"version":2}`, `{"version":1,"player":7}`, "null"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readLeft(path); !errors.Is(err, errBookmark) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestBookmarkIsWrittenNowAndThen: soon at first, then every few seconds, less often when it is long, and
// never when nothing is new.
func TestBookmarkIsWrittenNowAndThen(t *testing.T) {
	size, taken := 10, 0
	at := position{current: 1}
	b := &bookmark{path: filepath.Join(t.TempDir(), "x"), log: slog.New(slog.DiscardHandler), look: func() position { return at },
		take: func() (left, error) { taken++; return left{Player: make([]byte, size)}, nil }}
	now := time.Now()
	ticks := func(n int) int {
		before := taken
		for range n {
			now = now.Add(time.Second)
			at.second++
			if !now.Before(b.next) {
				b.write(now)
			}
		}
		return taken - before
	}
	if n := ticks(12); n != 3 {
		t.Errorf("%d times in 12 s", n)
	}
	size = 6 << 20 // 8 MiB in base 64
	if n := ticks(32); n != 2 {
		t.Errorf("a long one %d times in 32 s", n)
	}
	taken = 0
	b.write(now)
	b.write(now)
	at.current = 0
	b.write(now)
	if taken > 1 {
		t.Errorf("written %d times though nothing was new", taken)
	}
}

// again prepares a run with the folders of another one.
func again(t *testing.T, first *exec.Cmd, args ...string) *exec.Cmd {
	cmd := program(t, args...)
	cmd.Env = first.Env
	return cmd
}

// started gives the first track of a run that is left to itself, and its summary's exit.
func started(t *testing.T, cmd *exec.Cmd) map[string]any {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout = &out
	_ = cmd.Run() // the exit status is in the summary
	for _, line := range lines(t, out.String()) {
		if line["event"] == "track_started" {
			return line
		}
	}
	t.Fatalf("nothing was played: %s", out.String())
	return nil
}

// TestResume: what was left, by a signal in order or by a crash without any, is gone on with, from another
// folder.
func TestResume(t *testing.T) {
	for _, crash := range []bool{false, true} {
		dir := t.TempDir()
		writeWAV(t, filepath.Join(dir, "a.wav"), noise(2*testRate))
		writeWAV(t, filepath.Join(dir, "b.wav"), noise(20*testRate))
		first := program(t, "--resume", "--json", "--sink", "null", "--cache", "off", "--repeat", "all", "--volume", "40%", "a.wav", "b.wav")
		first.Dir = dir
		pipe, err := first.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := first.Start(); err != nil {
			t.Fatal(err)
		}
		scan := bufio.NewScanner(pipe)
		for n := 0; n < 2 && scan.Scan(); {
			if strings.Contains(scan.Text(), `"track_started"`) {
				n++
			}
		}
		stop := os.Interrupt
		if crash {
			stop = os.Kill
		}
		if err := first.Process.Signal(stop); err != nil {
			t.Fatal(err)
		}
		for scan.Scan() {
		}
		_ = first.Wait() // it was ended

		second := again(t, first, "--resume", "--json", "--sink", "null-fast", "--cache", "off", "--duration", "100ms")
		second.Dir = t.TempDir()
		var state bytes.Buffer
		second.Stderr = &state
		line := started(t, second)
		url, _ := line["url"].(string)
		at, _ := line["position_ms"].(float64)
		switch {
		case !crash && (url != filepath.Join(dir, "b.wav") || at > 1000):
			t.Errorf("gone on with %s at %v ms: %s", url, at, state.String())
		case crash && (url != filepath.Join(dir, "a.wav") || at < 500 || at > 2000): // written once, a second after the start
			t.Errorf("after a crash gone on with %s at %v ms: %s", url, at, state.String())
		}
	}
}

func TestNothingToResume(t *testing.T) {
	status, out, errs := play(t, "--resume", "--json", "--sink=null-fast")
	if sum := last(t, lines(t, out)); status != exitFailed || sum["exit"] != 1.0 || !strings.Contains(errs, "nothing was left") {
		t.Errorf("status %d: %v, %s", status, sum, errs)
	}
}

// TestRemake: files are found from anywhere, tracks by the server that they are of.
func TestRemake(t *testing.T) {
	lib, err := newLibrary(options{Server: "http://s"}, nil, slog.New(slog.DiscardHandler), func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	s := &session{library: lib, o: options{Header: []headerLine{{"K", "v"}}}}
	l := &left{Dir: filepath.FromSlash("/music"), Server: "http://s", Tracks: map[string]trackRef{"c": {"t1", "al"}}}
	it, ok := s.remake(player.Item{URL: "a/b.mp3", Tags: media.Tags{Year: 3}}, l)
	if want := filepath.Join(l.Dir, "a", "b.mp3"); !ok || it.URL != want || it.Header != nil || it.Tags.Year != 3 {
		t.Errorf("%+v", it)
	}
	if it, ok = s.remake(player.Item{URL: "https://h/x"}, l); !ok || it.Header.Get("K") != "v" {
		t.Errorf("%+v", it)
	}
	if it, ok = s.remake(player.Item{ContentID: "c", Title: "T"}, l); !ok || it.Resolve == nil || it.Title != "T" || lib.references()["c"].Album != "al" {
		t.Errorf("%+v", it)
	}
	if _, ok = s.remake(player.Item{ContentID: "unknown"}, l); ok {
		t.Error("nothing to play, but taken")
	}
	l.Server = "http://other"
	if _, ok = s.remake(player.Item{ContentID: "c"}, l); ok {
		t.Error("asked of another server")
	}
}

func FuzzReadLeft(f *testing.F) {
	data, err := json.Marshal(left{Version: 1, Sound: neutral()})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"version":1,"sound":{"gains":"1,2"}}`))
	path := filepath.Join(f.TempDir(), "x")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if l, err := readLeft(path); err == nil {
			_ = l.Sound.curve()
			_ = l.Sound.step(1)
			_ = l.Sound.words()
		}
	})
}
