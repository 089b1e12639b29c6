package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asPlay makes the test's own binary be the program.
const asPlay = "SEGUE_TEST_AS_PLAY"

func TestMain(m *testing.M) {
	if os.Getenv(asPlay) != "" {
		main()
	}
	os.Exit(m.Run())
}

// program prepares a run of the player with folders of its own.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	cmd := exec.CommandContext(t.Context(), exe, args...)
	cmd.Env = append(os.Environ(), asPlay+"=1", "HOME="+home, "XDG_CACHE_HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_STATE_HOME="+home,
		"SEGUE_SERVER=http://127.0.0.1:1", "SEGUE_TOKEN=")
	return cmd
}

// play runs the player to its end.
func play(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	cmd := program(t, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

// noise is 16-bit stereo.
func noise(frames int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	pcm := make([]byte, 4*frames)
	for i := range pcm {
		pcm[i] = byte(r.Uint32())
	}
	return pcm
}

const testRate = 44100

// writeWAV makes a 16-bit stereo file.
func writeWAV(t *testing.T, path string, pcm []byte) string {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("RIFF")
	put := func(values ...any) {
		for _, v := range values {
			if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(uint32(36 + len(pcm)))
	b.WriteString("WAVEfmt ")
	put(uint32(16), uint16(1), uint16(2), uint32(testRate), uint32(4*testRate), uint16(4), uint16(16))
	b.WriteString("data")
	put(uint32(len(pcm)))
	b.Write(pcm)
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// wavData gives what a WAV file's data chunk says that it holds; it fails where the file holds less.
func wavData(t *testing.T, path string) []byte {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := 12; at+8 <= len(file); {
		size := int(binary.LittleEndian.Uint32(file[at+4:]))
		if string(file[at:at+4]) == "data" {
			if at+8+size > len(file) {
				t.Fatalf("%s: %d bytes of data announced, %d there", path, size, len(file)-at-8)
			}
			return file[at+8 : at+8+size]
		}
		at += 8 + size + size%2
	}
	t.Fatalf("%s has no data", path)
	return nil
}

// lines parses what --json printed; anything that is no JSON fails.
func lines(t *testing.T, out string) (all []map[string]any) {
	t.Helper()
	for line := range strings.Lines(out) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, v)
	}
	return all
}

// last checks that the last line is the summary and the only one, and gives it.
func last(t *testing.T, all []map[string]any) map[string]any {
	t.Helper()
	for i, line := range all {
		if (line["event"] == "summary") != (i == len(all)-1) {
			t.Fatalf("line %d of %d: %v", i+1, len(all), line)
		}
	}
	if len(all) == 0 {
		t.Fatal("nothing printed")
	}
	return all[len(all)-1]
}

func TestPlaysEverySample(t *testing.T) {
	dir := t.TempDir()
	pcm := noise(100_003)
	cut := 4 * 44_444
	a := writeWAV(t, filepath.Join(dir, "a.wav"), pcm[:cut])
	b := writeWAV(t, filepath.Join(dir, "b.wav"), pcm[cut:])
	to := filepath.Join(dir, "out.wav")
	status, out, errs := play(t, a, "--json", "--sink", "wav-fast:"+to, b, "--wav-format", "s16")
	if status != exitOK || errs != "" {
		t.Fatalf("status %d: %s", status, errs)
	}
	if got := wavData(t, to); !bytes.Equal(got, pcm) {
		t.Errorf("%d bytes came out of %d, or others", len(got), len(pcm))
	}
	sum := last(t, lines(t, out))
	if sum["frames_played"] != 100_003.0 || sum["tracks_played"] != 2.0 || sum["exit"] != 0.0 || sum["played_ms"] != 2268.0 ||
		sum["rebuffers"] != 0.0 || sum["peak_rss_bytes"] == 0.0 {
		t.Error(sum)
	}
}

func TestPlaysFLACExactly(t *testing.T) {
	flac, err := exec.LookPath("flac")
	if err != nil {
		t.Skip("needs the program flac")
	}
	dir := t.TempDir()
	pcm := noise(50_000)
	wav := writeWAV(t, filepath.Join(dir, "a.wav"), pcm)
	if out, err := exec.CommandContext(t.Context(), flac, "-s", wav).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	to := filepath.Join(dir, "out.wav")
	if status, _, errs := play(t, filepath.Join(dir, "a.flac"), "--sink", "wav-fast:"+to, "--wav-format=s16"); status != exitOK {
		t.Fatal(errs)
	}
	if got := wavData(t, to); !bytes.Equal(got, pcm) {
		t.Errorf("%d bytes came out of %d, or others", len(got), len(pcm))
	}
}

func TestStartAndDuration(t *testing.T) {
	dir := t.TempDir()
	pcm := noise(3 * testRate)
	a := writeWAV(t, filepath.Join(dir, "a.wav"), pcm)
	to := filepath.Join(dir, "out.wav")
	status, out, _ := play(t, a, a, "--json", "--start", "1", "--duration=2.5s", "--sink", "wav-fast:"+to, "--wav-format", "s16")
	want := append(bytes.Clone(pcm[4*testRate:]), pcm[:4*testRate/2]...)
	if got := wavData(t, to); status != exitOK || !bytes.Equal(got, want) {
		t.Errorf("status %d, %d bytes, want %d", status, len(got), len(want))
	}
	if sum := last(t, lines(t, out)); sum["played_ms"] != 2500.0 {
		t.Error(sum)
	}
}

func TestSeekIsReported(t *testing.T) {
	a := writeWAV(t, filepath.Join(t.TempDir(), "a.wav"), noise(3*testRate))
	status, out, _ := play(t, a, "--json", "--seek", "2.5", "--sink", "null")
	var sought, heard map[string]any
	for _, line := range lines(t, out) {
		switch line["event"] {
		case "seek":
			sought = line
		case "seeked":
			heard = line
		}
	}
	if status != exitOK || sought["to_ms"] != 2500.0 || heard["position_ms"] != 2500.0 {
		t.Errorf("status %d: %v, %v", status, sought, heard)
	}
}

func TestPlaysOnAfterAnError(t *testing.T) {
	dir := t.TempDir()
	good := writeWAV(t, filepath.Join(dir, "good.wav"), noise(1000))
	text := filepath.Join(dir, "text.mp3")
	if err := os.WriteFile(text, []byte(strings.Repeat("this is no music\n", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	status, out, errs := play(t, filepath.Join(dir, "missing.flac"), text, good, "--sink=null-fast", "--json")
	sum := last(t, lines(t, out))
	if status != exitFailed || sum["exit"] != 1.0 || sum["tracks_played"] != 1.0 || sum["frames_played"] != 1000.0 {
		t.Errorf("status %d: %v", status, sum)
	}
	if strings.Count(errs, "\n") != 2 || !strings.Contains(errs, "play: error 2006 ") || !strings.Contains(errs, "play: error 3003 ") {
		t.Errorf("said %q", errs)
	}
	failures, _ := sum["errors"].([]any)
	if len(failures) != 2 {
		t.Errorf("%v", failures)
	}
}

// TestSleepEndsARunWithoutScreen: there is nobody who would press play again.
func TestSleepEndsARunWithoutScreen(t *testing.T) {
	dir := t.TempDir()
	a := writeWAV(t, filepath.Join(dir, "a.wav"), noise(testRate/2))
	b := writeWAV(t, filepath.Join(dir, "b.wav"), noise(30*testRate))
	status, out, errs := play(t, a, b, "--sink=null", "--cache=off", "--json", "--sleep", "track")
	all := lines(t, out)
	if sum := last(t, all); status != exitOK || sum["tracks_played"] != 1.0 || sum["frames_played"] != float64(testRate/2) {
		t.Errorf("status %d: %v, %s", status, sum, errs)
	}
}

func TestUnreachableServer(t *testing.T) {
	status, out, errs := play(t, "sometrack", "--sink=null-fast", "--json")
	if sum := last(t, lines(t, out)); status != exitFailed || sum["exit"] != 1.0 || sum["first_audio_ms"] != nil ||
		!strings.HasPrefix(errs, "play: error 2001 ") {
		t.Errorf("status %d, %v, %q", status, sum, errs)
	}
}

func TestUsageStatus(t *testing.T) {
	if status, out, errs := play(t); status != exitUsage || out != "" || errs == "" {
		t.Errorf("status %d, %q, %q", status, out, errs)
	}
	if status, _, errs := play(t, "x", "--server", "not a url"); status != exitUsage || !strings.Contains(errs, "--server") {
		t.Errorf("status %d, %q", status, errs)
	}
}

func TestPlainOutputHasNoControlCodes(t *testing.T) {
	a := writeWAV(t, filepath.Join(t.TempDir(), "a\x1b[31m.wav"), noise(1000))
	status, out, errs := play(t, a, "--sink=null-fast")
	if status != exitOK || errs != "" || !strings.HasPrefix(out, "playing  a[31m") && !strings.HasPrefix(out, "playing  a [31m") ||
		strings.ContainsRune(out, '\x1b') {
		t.Errorf("status %d, %q, %q", status, out, errs)
	}
}

// TestInterrupt: a signal ends the program in order, with the WAV file whole.
func TestInterrupt(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		dir := t.TempDir()
		pcm := noise(60 * testRate)
		a := writeWAV(t, filepath.Join(dir, "a.wav"), pcm)
		to := filepath.Join(dir, "out.wav")
		cmd := program(t, a, "--json", "--sink", "wav:"+to, "--wav-format", "s16")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		pipe, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		scan := bufio.NewScanner(io.TeeReader(pipe, &out))
		for scan.Scan() && !strings.Contains(scan.Text(), "track_started") {
		}
		sent := time.Now()
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		for scan.Scan() {
		}
		_ = cmd.Wait() // its status is looked at below
		if took := time.Since(sent); cmd.ProcessState.ExitCode() != exitInterrupted || took > 5*time.Second {
			t.Errorf("%v: status %d after %v: %s", signal, cmd.ProcessState.ExitCode(), took, stderr.String())
		}
		if sum := last(t, lines(t, out.String())); sum["exit"] != 130.0 {
			t.Error(sum)
		}
		if got := wavData(t, to); len(got) == 0 || !bytes.HasPrefix(pcm, got) {
			t.Errorf("%v: %d bytes that don't begin the music", signal, len(got))
		}
	}
}

// TestSpeakerIsQuietOnStderr: with a device or without, standard error holds our own lines only.
func TestSpeakerIsQuietOnStderr(t *testing.T) {
	a := writeWAV(t, filepath.Join(t.TempDir(), "a.wav"), noise(testRate/10))
	status, out, errs := play(t, a, "--volume", "0")
	if status != exitOK || !strings.HasPrefix(out, "playing  a  0:00\n") || errs != "" && errs != "play: no audio device: playing in silence\n" {
		t.Errorf("status %d, %q, %q", status, out, errs)
	}
}
