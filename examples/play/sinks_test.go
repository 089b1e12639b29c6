package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/sink"
	"github.com/segue-audio/segue/player/sink/null"
)

// counting is a minute of music that counts what is taken.
type counting struct {
	frames   atomic.Int64
	channels int
}

const countingFrames = 60 * testRate

func (c *counting) Pull(dst []float32) int {
	n := min(len(dst)/c.channels, countingFrames-int(c.frames.Load()))
	c.frames.Add(int64(n))
	clear(dst)
	for i := range n * c.channels {
		dst[i] = 0.5
	}
	return n
}

func (c *counting) Wait(ctx context.Context) error {
	if c.frames.Load() >= countingFrames {
		return io.EOF
	}
	return ctx.Err()
}

// absent is a sink without a device.
type absent struct{ sink.Sink }

func (absent) Start(sink.Format, sink.Source) (sink.Format, error) {
	return sink.Format{}, fmt.Errorf("speaker: %w: no such card", sink.ErrNoDevice)
}

func TestSilentFallback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := 0
		f := &silentFallback{Sink: absent{}, silent: func() sink.Sink { return null.New(sink.RealTime) },
			noDevice: func(err error) {
				if !errors.Is(err, sink.ErrNoDevice) {
					t.Error(err)
				}
				told++
			}}
		for range 2 { // the player may close its output and open it again
			src := &counting{channels: 2}
			format, err := f.Start(sink.Format{SampleRate: 48000, Channels: 2}, src)
			if err != nil || format.SampleRate != 48000 {
				t.Fatal(format, err)
			}
			time.Sleep(time.Second)
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			if n := src.frames.Load(); n < 47000 || n > 49000+4800 { // some are taken ahead
				t.Errorf("%d frames in a second", n)
			}
		}
		if told != 1 {
			t.Errorf("told %d times", told)
		}
	})
}

func TestSilentFallbackKeepsOtherErrors(t *testing.T) {
	f := &silentFallback{Sink: null.New(sink.RealTime), noDevice: func(error) { t.Error("fell back") }}
	if _, err := f.Start(sink.Format{}, &counting{channels: 2}); err == nil {
		t.Error("a format of nothing was taken")
	}
}

func TestLimitedSinkIsExact(t *testing.T) {
	for _, pace := range []sink.Pace{sink.RealTime, sink.Unpaced} {
		synctest.Test(t, func(t *testing.T) {
			inner := null.New(pace)
			l := &limitedSink{Sink: inner, length: 1234567 * time.Microsecond}
			src := &counting{channels: 2}
			if _, err := l.Start(sink.Format{SampleRate: 44100, Channels: 2}, src); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			if !l.wait(ctx) {
				t.Error("not reached")
			}
			time.Sleep(50 * time.Millisecond)
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			want := media.FramesIn(l.length, 44100)
			if music, _ := inner.Frames(); music != want || src.frames.Load() != int64(want) {
				t.Errorf("pace %d: %d frames came out, %d were taken, want %d", pace, music, src.frames.Load(), want)
			}
		})
	}
}

func TestLimitedSinkWaitEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if (&limitedSink{Sink: null.New(sink.RealTime), length: time.Hour}).wait(ctx) {
		t.Error("reached")
	}
}

func TestLimitedSourceContract(t *testing.T) {
	src := &counting{channels: 2}
	s := &limitedSource{Source: src, ready: make(chan struct{}), left: new(atomic.Int64)}
	dst := []float32{9, 9, 9, 9, 9, 9, 9, 9}
	if n := s.Pull(dst); n != 0 || dst[0] != 0 || dst[7] != 0 {
		t.Errorf("before the format is known: %d, %v", n, dst)
	}
	s.left.Store(3)
	s.channels.Store(2)
	close(s.ready)
	if n := s.Pull(dst); n != 3 || dst[5] != 0.5 || dst[6] != 0 || dst[7] != 0 {
		t.Errorf("%d, %v", n, dst)
	}
	if err := s.Wait(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("spent, but Wait gives %v", err)
	}
	if n := s.Pull(dst); n != 0 || dst[0] != 0 {
		t.Errorf("%d, %v", n, dst)
	}
	s.left.Store(1 << 40)
	if n := testing.AllocsPerRun(100, func() { s.Pull(dst) }); n != 0 {
		t.Errorf("%v allocations in Pull", n)
	}
}
