package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/segue-audio/segue/api/server/origin"
	"github.com/segue-audio/segue/api/server/store"
)

// TestMain lets the test binary be the program itself, so that it can be killed.
func TestMain(m *testing.M) {
	if os.Getenv("BACKEND_UNDER_TEST") != "" {
		main()
	}
	os.Exit(m.Run())
}

// backend is the program in a process of its own.
type backend struct {
	cmd    *exec.Cmd
	events *bufio.Scanner
	errs   bytes.Buffer
}

func launch(t *testing.T, args ...string) *backend {
	t.Helper()
	b := &backend{cmd: exec.Command(os.Args[0], append([]string{"--encoder", "built-in-fast"}, args...)...)}
	// Nothing in PATH: one binary needs nothing.
	b.cmd.Env = append(os.Environ(), "BACKEND_UNDER_TEST=1", "PATH=/nonexistent", "XDG_CACHE_HOME="+t.TempDir(), "HOME="+t.TempDir())
	b.cmd.Stderr = &b.errs
	out, err := b.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = b.cmd.Process.Kill() // has ended already, as a rule
		_ = b.cmd.Wait()
	})
	b.events = bufio.NewScanner(out)
	return b
}

// until reads events up to the first of a kind that cond likes.
func (b *backend) until(t *testing.T, cond func(event) bool) (all []event) {
	t.Helper()
	for b.events.Scan() {
		var e event
		if err := json.Unmarshal(b.events.Bytes(), &e); err != nil {
			t.Fatalf("%q: %v", b.events.Text(), err)
		}
		all = append(all, e)
		if cond(e) {
			return all
		}
	}
	t.Fatalf("the program ended after %+v: %s", all, &b.errs)
	return nil
}

func is(name string) func(event) bool { return func(e event) bool { return e.Event == name } }

// end waits for the program and gives its exit status.
func (b *backend) end(t *testing.T) int {
	t.Helper()
	rest := make(chan struct{})
	go func() {
		for b.events.Scan() { // or it would wait on a full pipe
		}
		close(rest)
	}()
	select {
	case <-rest:
	case <-time.After(20 * time.Second):
		t.Fatal("the program does not end")
	}
	_ = b.cmd.Wait() // the status says it
	return b.cmd.ProcessState.ExitCode()
}

// song writes a WAV of noise.
func song(t *testing.T, path string, seconds int, seed uint32) {
	t.Helper()
	data := make([]byte, seconds*44100*4)
	for i := range data {
		seed = seed*1664525 + 1013904223
		data[i] = byte(seed >> 24)
	}
	b := append([]byte("RIFF----WAVEfmt \x10\x00\x00\x00\x01\x00\x02\x00"), 0x44, 0xac, 0, 0, 0x10, 0xb1, 2, 0, 4, 0, 16, 0)
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	b = append(b, data...)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestEvents(t *testing.T) {
	music := t.TempDir()
	song(t, filepath.Join(music, "a.wav"), 1, 1)
	if err := os.WriteFile(filepath.Join(music, "text.mp3"), []byte(strings.Repeat("words ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	b := launch(t, "--music", music, "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--json")
	all := b.until(t, is("ready"))
	first, last := all[0], all[len(all)-1]
	if first.Event != "listening" || first.Encoder != "go-aac-fast" || !strings.HasPrefix(first.URL, "http://127.0.0.1:") {
		t.Errorf("first %+v", first)
	}
	if last.URL != first.URL || last.Tracks == nil || *last.Tracks != 1 {
		t.Errorf("last %+v", last)
	}
	added, skipped := false, false
	for _, e := range all[1 : len(all)-1] {
		if e.Event != "progress" || e.Files != 2 {
			t.Errorf("between: %+v", e)
		}
		added = added || e.Stage == "added" && e.Path == "a.wav"
		skipped = skipped || e.Stage == "skipped" && e.Path == "text.mp3" && e.Detail != ""
	}
	if !added || !skipped {
		t.Errorf("progress %+v", all)
	}
	resp, err := http.Get(last.URL + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || resp.StatusCode != 200 || string(body) != `{"status":"ok"}` {
		t.Errorf("health: %s %s, %v", resp.Status, body, err)
	}
	for i, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		if i > 0 {
			b = launch(t, "--music", music, "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--json")
			b.until(t, is("listening")) // ends in the midst of its work as well
		}
		if err := b.cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		if code := b.end(t); code != 0 || b.errs.Len() > 0 {
			t.Errorf("after %v: status %d, %s", sig, code, &b.errs)
		}
	}
}

// Killed outright at moments that nobody chose, the program goes on from there the next time: the tracks that
// are in the catalogue are whole whenever it is looked at, none is packaged twice that was, and nothing is left over.
func TestKilled(t *testing.T) {
	music, data := t.TempDir(), t.TempDir()
	const songs = 6
	for i := range songs {
		song(t, filepath.Join(music, string(rune('a'+i))+".wav"), 2, uint32(i))
	}
	args := []string{"--music", music, "--data", data, "--listen", "127.0.0.1:0", "--json"}
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	cutOff := 0
	for range 6 {
		b := launch(t, args...)
		added := rng.IntN(3) // so many tracks are made before, and then some while goes by
		b.until(t, func(e event) bool {
			if e.Stage == "added" {
				added--
			}
			return added < 0 || added == 0 && e.Stage == "packaging" || e.Event == "ready"
		})
		moment := time.Duration(rng.IntN(200)) * time.Millisecond
		kill := time.AfterFunc(moment, func() { _ = b.cmd.Process.Kill() })
		code := b.end(t)
		kill.Stop()
		if code == 0 {
			t.Error("killed, with status 0")
		}
		n, left := whole(t, data)
		t.Logf("killed after %v: %d tracks, %d folders beside them", moment, n, left)
		if left > 0 {
			cutOff++
		}
		if n == songs {
			break
		}
	}
	before, _ := whole(t, data)
	b := launch(t, args...)
	added, unchanged := 0, 0
	for _, e := range b.until(t, is("ready")) {
		switch e.Stage {
		case "added":
			added++
		case "unchanged":
			unchanged++
		}
	}
	if added+unchanged != songs || unchanged < before {
		t.Errorf("%d added, %d as before, %d were there", added, unchanged, before)
	}
	if err := b.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := b.end(t); code != 0 {
		t.Errorf("status %d", code)
	}
	if n, left := whole(t, data); n != songs || left != 0 {
		t.Errorf("in the end %d tracks, %d folders beside them", n, left)
	}
	if cutOff == 0 {
		t.Log("no kill met a half-written folder this time")
	}
}

// whole wants all of every track that the catalogue in a data folder has, and gives how many there are
// and how many folders belong to none.
func whole(t *testing.T, data string) (tracks, left int) {
	t.Helper()
	s, err := store.Open(t.Context(), data) // that it opens is a part of it
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	known, err := s.Folders(t.Context(), origin.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for dir := range known {
		lists, err := filepath.Glob(filepath.Join(data, "media", dir, "*", "index.m3u8"))
		if err != nil || len(lists) != 5 {
			t.Errorf("%s: %d playlists, %v", dir, len(lists), err)
		}
		for _, list := range lists {
			text, err := os.ReadFile(list)
			if err != nil || !bytes.HasSuffix(text, []byte("#EXT-X-ENDLIST\n")) {
				t.Errorf("%s: %v, %q", list, err, text)
			}
			for line := range strings.Lines(string(text)) {
				if strings.HasPrefix(line, "#") {
					continue
				}
				st, err := os.Stat(filepath.Join(filepath.Dir(list), strings.TrimSpace(line)))
				if err != nil || st.Size() < 1000 || st.Size()%16 != 0 { // whole blocks of AES
					t.Errorf("%s: %s: %v", list, line, err)
				}
			}
		}
	}
	folders, err := os.ReadDir(filepath.Join(data, "media"))
	if err != nil {
		t.Fatal(err)
	}
	return len(known), len(folders) - len(known)
}

func TestUsage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		code int
	}{
		"help":         {[]string{"--help"}, 0},
		"unknown flag": {[]string{"--nope"}, exitUsage},
		"no encoder":   {[]string{"--encoder", "other"}, exitUsage},
		"not there":    {[]string{"--encoder", "ffmpeg"}, exitFailure},
		"protection":   {[]string{"--protect", "rot13"}, exitUsage},
		"argument":     {[]string{"x"}, exitUsage},
		"no folder":    {[]string{"--music", "/nonexistent"}, exitUsage},
		"a file":       {[]string{"--music", file}, exitUsage},
		"bad address":  {[]string{"--data", t.TempDir(), "--listen", "nowhere:x"}, exitFailure},
		"bad data":     {[]string{"--data", filepath.Join(file, "x")}, exitFailure},
	} {
		b := launch(t, c.args...)
		if code := b.end(t); code != c.code || (code != 0) != (b.errs.Len() > 0) {
			t.Errorf("%s: status %d, want %d; %s", name, code, c.code, &b.errs)
		}
	}
}
