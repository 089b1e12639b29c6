package player_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink/null"
)

const (
	stressTrack  = 20 * time.Second // of three
	stressBuffer = 100 * time.Millisecond
	stressGC     = 5 * time.Millisecond
	// spinKey makes this test's own binary a process that only takes time.
	spinKey = "SEGUE_SPIN"
)

// TestSpin is no test: it is what TestStress runs beside itself.
func TestSpin(t *testing.T) {
	if os.Getenv(spinKey) == "" {
		t.Skip("only as a process of TestStress's")
	}
	for range runtime.GOMAXPROCS(0) - 1 {
		go spin(nil)
	}
	spin(nil)
}

// spin takes a core.
func spin(stop *atomic.Bool) {
	for n := 0; stop == nil || !stop.Load(); n++ {
		if n < 0 {
			n = 0
		}
	}
}

// TestStress plays a minute of music in real time, FLAC, MP3 and encrypted HLS, into a device that holds
// 100 ms, while the garbage collector is forced every 5 ms and all cores are busy: with goroutines of
// this process, then with those of another one. The device must never have to go without a frame.
func TestStress(t *testing.T) {
	if os.Getenv("SEGUE_SWEEP") == "" {
		t.Skip("takes two minutes and all cores; SEGUE_SWEEP=1 runs it")
	}
	s := playertest.NewService()
	frames := int(stressTrack.Seconds() * playertest.Rate)
	music := playertest.Music(3, frames)
	s.Put("/a.flac", encoded(t, music, "flac", func(in, out string) *exec.Cmd { return exec.Command("flac", "-s", "-5", "-o", out, in) }))
	s.Put("/b.mp3", encoded(t, music, "lame", func(in, out string) *exec.Cmd { return exec.Command("lame", "--quiet", "-b", "320", in, out) }))
	urls := []string{host + "/a.flac", host + "/b.mp3", host + s.Track(t, "c", music)}

	t.Run("goroutines", func(t *testing.T) {
		var stop atomic.Bool
		defer stop.Store(true)
		for range runtime.GOMAXPROCS(0) {
			go spin(&stop)
		}
		stress(t, s, urls)
	})
	t.Run("processes", func(t *testing.T) {
		c := exec.Command(os.Args[0], "-test.run=^TestSpin$", "-test.timeout=0")
		c.Env = append(os.Environ(), spinKey+"=1")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			_ = c.Process.Kill() // it has nothing to tidy up
			_ = c.Wait()
		}()
		stress(t, s, urls)
	})
}

// encoded is music in a file of a tool's making.
func encoded(t *testing.T, music []int16, tool string, command func(in, out string) *exec.Cmd) []byte {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		t.Skipf("%s is not installed", tool)
	}
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	if b, err := command(wave(t, dir, music, playertest.Rate), out).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", tool, err, b)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func stress(t *testing.T, s *playertest.Service, urls []string) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	collected := make(chan int)
	playing, played := context.WithCancel(ctx)
	go func() {
		n := 0
		for ticker := time.NewTicker(stressGC); playing.Err() == nil; n++ {
			<-ticker.C
			runtime.GC()
		}
		collected <- n
	}()
	out := null.NewDevice(stressBuffer)
	p := player.New(player.Config{
		Sink: out, HTTP: (&playertest.Link{Handler: s}).Client(),
		Selection: player.Selection{Mode: player.ModeHighest},
	})
	for _, u := range urls {
		p.Append(player.Item{URL: u})
	}
	began := time.Now()
	p.Play()
	if err := p.Wait(ctx); err != nil {
		t.Error(err)
	}
	took := time.Since(began)
	played()
	n := <-collected
	st := p.State()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	want := int64(len(urls)) * int64(stressTrack.Seconds()*playertest.Rate)
	report := fmt.Sprintf("%v of music in %v: %d frames missed by the device, %d underruns, %d rebufferings, %d collections",
		time.Duration(len(urls))*stressTrack, took.Round(10*time.Millisecond), out.Missed(), st.Stats.Underruns, st.Stats.Rebuffers, n)
	t.Log(report)
	if out.Missed() != 0 || st.Stats.Underruns != 0 || st.Stats.FramesPlayed != want {
		t.Errorf("%s; %d frames played of %d", report, st.Stats.FramesPlayed, want)
	}
}
