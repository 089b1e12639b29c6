package speaker

import (
	"context"
	"encoding/binary"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/sink"
	"github.com/segue-audio/segue/player/sink/sinktest"
)

// TestCapture plays five seconds through the whole of a real system, this package, oto, ALSA and a
// PulseAudio server of its own with a null sink, records what comes out, and compares every sample.
// It takes real time and wants a machine that isn't overloaded, so it runs only when asked:
//
//	SEGUE_PULSE_TEST=1 go test -run TestCapture -v ./player/sink/speaker
//
// SEGUE_PULSE_BUFFER sets another buffer than the default ("500ms"). It needs the Debian packages
// pulseaudio, pulseaudio-utils and libasound2-plugins.
func TestCapture(t *testing.T) {
	if os.Getenv("SEGUE_PULSE_TEST") != "1" {
		t.Skip("SEGUE_PULSE_TEST=1 is not set")
	}
	buffer, err := time.ParseDuration(os.Getenv("SEGUE_PULSE_BUFFER"))
	if err != nil {
		buffer = 0
	}
	const rate, total = 44_100, 5 * 44_100
	pulse := startPulse(t)
	recorded := pulse.record(t)

	s := New(Options{Buffer: buffer})
	src := sinktest.NewSource(2, total)
	got, err := s.Start(sink.Format{SampleRate: rate, Channels: 2}, src)
	if err != nil {
		t.Fatal(err)
	}
	if got.SampleRate != rate {
		t.Fatalf("the device runs at %d Hz", got.SampleRate)
	}
	var least, most time.Duration
	for i := 0; src.Given() < total; i++ {
		time.Sleep(3 * time.Millisecond) //house:ignore sleep the sound server runs in real time
		if i < 200 {                     // the recorder has to settle
			continue
		}
		// What the recorder has seen and what the latency says was heard.
		said := src.Pulled() - int64(s.Latency())
		off := time.Duration(said-recorded.frames.Load()) * time.Second / rate
		least, most = min(least, off), max(most, off)
	}
	if err := s.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	latency := s.Latency()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second) //house:ignore sleep the recorder's own delay, in real time
	x := recorded.end(t)
	c := compare(x, total)
	t.Logf("of %d frames %d recorded, %d lost in %d places, %d frames of silence in between (first at %d); latency %d frames (%v); "+
		"the position is %v to %v ahead of the recorder", total, c.right, c.lost, c.jumps, c.silent, c.firstGap, latency,
		time.Duration(latency)*time.Second/rate, least, most)
	if c != (comparison{right: total}) {
		t.Fail()
	}
}

// comparison is what a recording has of a Source's frames.
type comparison struct {
	right, silent, lost, jumps int64
	strange                    int64 // frames that are none of the source's
	firstGap                   int64 // the frame before which silence came first
}

// compare walks through interleaved stereo. Where a frame is not the next one it looks for it among
// the second that follows.
func compare(x []float32, total int64) (c comparison) {
	next, gap := int64(0), int64(0)
	is := func(i int, frame int64) bool {
		return i+1 < len(x) && x[i] == sinktest.Sample(frame, 0) && x[i+1] == sinktest.Sample(frame, 1)
	}
	for i := 0; i+1 < len(x); i += 2 {
		if x[i] == 0 && x[i+1] == 0 {
			gap++
			continue
		}
		skip := int64(0)
		for skip < 44_100 && !(is(i, next+skip) && (next+skip+1 >= total || is(i+2, next+skip+1) || skip == 0)) {
			skip++
		}
		if skip == 44_100 || next+skip >= total {
			c.strange++
			continue
		}
		if next > 0 && gap > 0 {
			if c.silent == 0 {
				c.firstGap = next
			}
			c.silent += gap
		}
		if skip > 0 {
			c.lost += skip
			c.jumps++
		}
		gap = 0
		next += skip + 1
		c.right++
	}
	c.lost += total - next
	return c
}

// server is a PulseAudio server with one null sink.
type server struct{}

// startPulse starts a server that this process alone uses, and makes it ALSA's default.
func startPulse(t *testing.T) *server {
	t.Helper()
	for _, tool := range []string{"pulseaudio", "parec", "pactl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(tool + " is not installed")
		}
	}
	dir := t.TempDir()
	socket := filepath.Join(dir, "native")
	conf := filepath.Join(dir, "asound.conf")
	lines := "</usr/share/alsa/alsa.conf>\npcm.!default { type pulse }\nctl.!default { type pulse }\n"
	if err := os.WriteFile(conf, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"PULSE_SERVER": "unix:" + socket, "PULSE_RUNTIME_PATH": dir, "PULSE_STATE_PATH": dir,
		"HOME": dir, "ALSA_CONFIG_PATH": conf,
	} {
		t.Setenv(name, value)
	}
	run(t, nil, "pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--log-level=error",
		"-L", "module-native-protocol-unix auth-anonymous=1 socket="+socket,
		"-L", "module-null-sink sink_name=segue format=float32le rate=44100 channels=2")
	for range 100 {
		if exec.Command("pactl", "info").Run() == nil {
			return &server{}
		}
		time.Sleep(50 * time.Millisecond) //house:ignore sleep the sound server is another process
	}
	t.Fatal("pulseaudio does not answer")
	return nil
}

// recorder collects what the null sink plays.
type recorder struct {
	frames atomic.Int64 // since the first that is not silent
	stop   context.CancelFunc
	all    chan []float32
}

func (*server) record(t *testing.T) *recorder {
	t.Helper()
	r := &recorder{all: make(chan []float32, 1)}
	out, in := io.Pipe()
	r.stop = run(t, in, "parec", "-d", "segue.monitor", "--format=float32le", "--rate=44100", "--channels=2", "--latency-msec=5")
	first := make(chan struct{})
	go func() {
		var x []float32
		frame := make([]byte, 8)
		for n := 0; ; n++ {
			if _, err := io.ReadFull(out, frame); err != nil {
				r.all <- x
				return
			}
			if n == 0 {
				close(first)
			}
			l := math.Float32frombits(binary.LittleEndian.Uint32(frame))
			x = append(x, l, math.Float32frombits(binary.LittleEndian.Uint32(frame[4:])))
			if l != 0 || r.frames.Load() > 0 {
				r.frames.Add(1)
			}
		}
	}()
	select {
	case <-first:
	case <-time.After(10 * time.Second):
		t.Fatal("the null sink gives nothing to record")
	}
	return r
}

func (r *recorder) end(t *testing.T) []float32 {
	t.Helper()
	r.stop()
	select {
	case x := <-r.all:
		return x
	case <-time.After(10 * time.Second):
		t.Fatal("the recorder does not end")
		return nil
	}
}

// run starts a program that ends with the test or by the function returned, and closes out then.
func run(t *testing.T, out *io.PipeWriter, name string, args ...string) context.CancelFunc {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stderr = os.Stderr
	if out != nil {
		cmd.Stdout = out
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // it is killed
		if out != nil {
			_ = out.Close()
		}
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return cancel
}
