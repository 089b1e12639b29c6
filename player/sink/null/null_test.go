package null_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/sink"
	"github.com/segue-audio/segue/player/sink/null"
	"github.com/segue-audio/segue/player/sink/sinktest"
)

func lose(s sink.Sink, err error) { s.(*null.Sink).Lose(err) }

func TestRealTime(t *testing.T) {
	sinktest.Run(t, sinktest.Harness{New: func(*testing.T) sink.Sink { return null.New(sink.RealTime) }, Lose: lose})
}

func TestDevice(t *testing.T) {
	sinktest.Run(t, sinktest.Harness{
		New: func(*testing.T) sink.Sink { return null.NewDevice(100 * time.Millisecond) }, Lose: lose,
	})
}

func TestUnpaced(t *testing.T) {
	sinktest.Run(t, sinktest.Harness{
		New: func(*testing.T) sink.Sink { return null.New(sink.Unpaced) }, Lose: lose,
		Allocates: "an unpaced sink pulls without end while it may, so a second has no meaning",
	})
}

// slow is a source whose Pull takes its time once.
type slow struct {
	*sinktest.Source
	after int64
	once  sync.Once
	time  time.Duration
}

func (s *slow) Pull(dst []float32) int {
	if s.Given() >= s.after {
		s.once.Do(func() { time.Sleep(s.time) })
	}
	return s.Source.Pull(dst)
}

// TestDeviceMissesWhatIsLate: a device's buffer bridges what is shorter than itself, and what is longer
// is missed to the frame.
func TestDeviceMissesWhatIsLate(t *testing.T) {
	for late, want := range map[time.Duration]media.Frames{
		90 * time.Millisecond:  0,
		110 * time.Millisecond: 480,
		2 * time.Second:        91_200,
	} {
		synctest.Test(t, func(t *testing.T) {
			s := null.NewDevice(100 * time.Millisecond)
			src := &slow{Source: sinktest.NewSource(2, 1<<40), after: 48_000 + 4_800, time: late}
			if _, err := s.Start(sink.Format{SampleRate: 48_000, Channels: 2}, src); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Second)
			synctest.Wait()
			if n := s.Latency(); n < 4_320 || n > 4_800 {
				t.Errorf("the device holds %d frames", n)
			}
			if got := s.Missed(); got != want {
				t.Errorf("%v late: %d frames were missed, want %d", late, got, want)
			}
			if music, _ := s.Frames(); music+s.Missed() < 480_000 || music+s.Missed() > 480_000+4_800+480 {
				t.Errorf("%d frames of music and %d missed in ten seconds", music, s.Missed())
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestPaceDoesNotDrift: after an hour at a rate that 10 ms don't divide, the frames of an hour and at
// most one period were pulled, and what was taken ahead.
func TestPaceDoesNotDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate = 22_055
		s := null.New(sink.RealTime)
		src := sinktest.NewSource(1, 1<<40)
		if _, err := s.Start(sink.Format{SampleRate: rate, Channels: 1}, src); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		music, silence := s.Frames()
		if over := music - 3600*rate; over < 0 || over > rate/100+rate/10 {
			t.Errorf("%d frames in an hour at %d Hz: %d too many", music, rate, over)
		}
		if silence != 0 {
			t.Errorf("%d frames of silence", silence)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestSilenceIsCounted: what a real-time source can't give becomes silence, and an unpaced sink
// waits for it.
func TestSilenceIsCounted(t *testing.T) {
	for pace, want := range map[sink.Pace]media.Frames{sink.RealTime: 48_000, sink.Unpaced: 0} {
		synctest.Test(t, func(t *testing.T) {
			s := null.New(pace)
			src := sinktest.NewSource(2, 96_000)
			src.Allow(24_000)
			if _, err := s.Start(sink.Format{SampleRate: 48_000, Channels: 2}, src); err != nil {
				t.Fatal(err)
			}
			time.Sleep(1500*time.Millisecond - time.Nanosecond)
			synctest.Wait()
			if music, silence := s.Frames(); music != 24_000 || silence != want {
				t.Errorf("pace %d: %d frames of music, %d of silence", pace, music, silence)
			}
			src.Allow(96_000)
			time.Sleep(2 * time.Second)
			synctest.Wait()
			if music, _ := s.Frames(); music != 96_000 {
				t.Errorf("pace %d: %d frames in the end", pace, music)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// sleeper is a source that stalls once in Pull, which it may not, as a machine that is suspended
// makes it look.
type sleeper struct {
	*sinktest.Source
	once sync.Once
}

func (s *sleeper) Pull(dst []float32) int {
	if s.Pulled() >= 48_000 {
		s.once.Do(func() { time.Sleep(time.Hour) })
	}
	return s.Source.Pull(dst)
}

// TestAnHourAsleepIsLost: the frames of a long sleep are not taken all at once after it.
func TestAnHourAsleepIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := null.New(sink.RealTime)
		src := &sleeper{Source: sinktest.NewSource(2, 1<<40)}
		if _, err := s.Start(sink.Format{SampleRate: 48_000, Channels: 2}, src); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour + 2*time.Second + time.Millisecond)
		synctest.Wait()
		// The second before, the block that slept, the one at waking, and a second after; twice with what
		// is taken ahead.
		if n := src.Pulled(); n < 95_500 || n > 97_500+2*4_800 {
			t.Errorf("%d frames were pulled in two seconds awake", n)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestComesSeldomWhileMusicFlows: a tenth of a second at a time, but not before there was time for the
// source to have so much, and every 10 ms again once the music has stopped.
func TestComesSeldomWhileMusicFlows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := null.New(sink.RealTime)
		src := sinktest.NewSource(2, 10*48_000)
		if _, err := s.Start(sink.Format{SampleRate: 48_000, Channels: 2}, src); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		changes, before := 0, int64(0)
		for range 5_000 {
			time.Sleep(time.Millisecond)
			synctest.Wait()
			now := src.Pulled()
			if now != before {
				changes++
			}
			before = now
			at := media.FramesIn(time.Since(begun), 48_000)
			if heard := now - int64(s.Latency()); heard-int64(at) > 480 || int64(at)-heard > 480 {
				t.Fatalf("%d frames are heard after %v", heard, time.Since(begun))
			}
			if most := int64(at) + int64(at)/4 + 960; now > most {
				t.Fatalf("%d frames taken after %v", now, time.Since(begun))
			}
		}
		if changes > 100 {
			t.Errorf("it came %d times in five seconds", changes)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
