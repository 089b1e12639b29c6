// Package sinktest is the suite that every sink runs: what was pulled arrives once and in order,
// Close ends the pulling, and the steady path allocates nothing. It needs no device and no real
// time: each test runs in a testing/synctest bubble.
package sinktest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/sink"
)

// Harness is what the suite must know of a sink. New alone is compulsory.
type Harness struct {
	// New makes a sink that was not started. What it opens is closed through t.Cleanup.
	New func(t *testing.T) sink.Sink

	// Want is the format that Start is asked for; zero means 48 kHz stereo.
	Want sink.Format

	// Advance lets the sink take about the given count of frames; nil means that time passing does.
	Advance func(s sink.Sink, frames int64)

	// Received gives all samples that left a sink, after Close; nil for one that keeps none.
	Received func(t *testing.T, s sink.Sink) []float32

	// Lose breaks the output of a started sink, as when a device is unplugged; nil for one that can't be
	// broken. err is what the sink is to tell, or to wrap.
	Lose func(s sink.Sink, err error)

	// Allocates exempts a sink whose surroundings allocate, and says why.
	Allocates string
}

// endless is more frames than a test lets a sink take: 21 s of them. A sink without a pace takes them
// all.
const endless = 1 << 20

// Run tests a sink.
func Run(t *testing.T, h Harness) {
	if h.Want == (sink.Format{}) {
		h.Want = sink.Format{SampleRate: 48_000, Channels: 2}
	}
	if h.Advance == nil {
		h.Advance = func(_ sink.Sink, frames int64) {
			time.Sleep(media.Frames(frames).Duration(h.Want.SampleRate))
		}
	}
	for name, test := range map[string]func(*testing.T, Harness){
		"Order":      testOrder,
		"Gap":        testGap,
		"CloseEnds":  testCloseEnds,
		"CloseEarly": testCloseEarly,
		"Drain":      testDrain,
		"Latency":    testLatency,
		"Allocation": testAllocation,
		"Again":      testAgain,
		"Loss":       testLoss,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, h) })
		})
	}
}

// start makes and starts a sink and checks the format.
func (h Harness) start(t *testing.T, total int64) (sink.Sink, *Source, sink.Format) {
	t.Helper()
	s := h.New(t)
	src := NewSource(h.Want.Channels, total)
	got, err := s.Start(h.Want, src)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	if got.SampleRate <= 0 || got.Channels != h.Want.Channels {
		t.Fatalf("Start gave %+v; the suite needs a sink that takes %d channels", got, h.Want.Channels)
	}
	return s, src, got
}

// finish drains and closes s, and checks that the source was used as it may be.
func (h Harness) finish(t *testing.T, s sink.Sink, src *Source) {
	t.Helper()
	if err := s.Drain(t.Context()); err != nil {
		t.Errorf("Drain: %v", err)
	}
	h.close(t, s, src)
}

func (h Harness) close(t *testing.T, s sink.Sink, src *Source) {
	t.Helper()
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		src.Stop()
	}
	h.Advance(s, int64(h.Want.SampleRate))
	synctest.Wait()
	if b := src.Breach(); b != "" {
		t.Error(b)
	}
}

// take advances s until the source has given n frames of music.
func (h Harness) take(t *testing.T, s sink.Sink, src *Source, n int64) {
	t.Helper()
	for range 10_000 {
		if src.Given() >= n {
			return
		}
		h.Advance(s, 100)
		synctest.Wait()
	}
	t.Fatalf("the sink took %d frames of %d and then no more", src.Given(), n)
}

// check compares what left the sink with the source's frames; runs of silence longer than none are
// allowed where gaps says so.
func (h Harness) check(t *testing.T, s sink.Sink, total int64, gaps bool) {
	t.Helper()
	if h.Received == nil {
		return
	}
	got, c := h.Received(t, s), h.Want.Channels
	silence := make([]float32, c)
	frame := int64(0)
	for i := 0; i+c <= len(got) && frame < total; i += c {
		x := got[i : i+c]
		if slices.Equal(x, silence) && (gaps || frame == 0) {
			continue
		}
		for ch, v := range x {
			if v != Sample(frame, ch) {
				t.Fatalf("frame %d, channel %d arrived as %v, want %v", frame, ch, v, Sample(frame, ch))
			}
		}
		frame++
		if frame == total {
			for j, v := range got[i+c:] {
				if v != 0 {
					t.Fatalf("%v follows %d samples after the end", v, j)
				}
			}
		}
	}
	if frame != total {
		t.Fatalf("%d frames arrived of %d", frame, total)
	}
}

func testOrder(t *testing.T, h Harness) {
	const total = 30_011 // no multiple of any block
	s, src, _ := h.start(t, total)
	h.take(t, s, src, total)
	h.finish(t, s, src)
	h.check(t, s, total, false)
}

// testGap: music that is late arrives whole, once, after silence or waiting.
func testGap(t *testing.T, h Harness) {
	const total, gap = 20_011, 9_973
	s := h.New(t)
	src := NewSource(h.Want.Channels, total)
	src.Allow(gap)
	if _, err := s.Start(h.Want, src); err != nil {
		t.Fatal(err)
	}
	h.take(t, s, src, gap)
	h.Advance(s, 5_000)
	synctest.Wait()
	if src.Given() != gap {
		t.Fatalf("%d frames given, %d allowed", src.Given(), gap)
	}
	src.Allow(total)
	h.take(t, s, src, total)
	h.finish(t, s, src)
	h.check(t, s, total, true)
}

func testCloseEnds(t *testing.T, h Harness) {
	s, src, _ := h.start(t, endless)
	h.take(t, s, src, 5_000)
	h.close(t, s, src)
}

// testAgain: a sink that was closed starts again, with another source, and gives what both gave.
func testAgain(t *testing.T, h Harness) {
	const first, total = 10_007, 20_011
	s, src, _ := h.start(t, first)
	h.take(t, s, src, first)
	h.finish(t, s, src)
	for _, want := range []sink.Format{{SampleRate: 44_100, Channels: h.Want.Channels}, h.Want} {
		next := NewSourceFrom(h.Want.Channels, first, total)
		next.Allow(0)
		got, err := s.Start(want, next)
		if err != nil || got.SampleRate <= 0 || got.Channels != h.Want.Channels {
			t.Fatalf("a second Start gave %+v, %v", got, err)
		}
		if want == h.Want {
			src = next
			break
		}
		h.close(t, s, next) // it was there for a moment, at another rate, and gave nothing
	}
	src.Allow(total)
	h.take(t, s, src, total)
	h.finish(t, s, src)
	h.check(t, s, total, true)
}

// testLoss: a lost output says so once, pulls no more, and is there again after Close and Start.
func testLoss(t *testing.T, h Harness) {
	if h.Lose == nil {
		t.Skip("this sink can't be broken")
	}
	s, src, _ := h.start(t, endless)
	h.take(t, s, src, 5_000)
	f, ok := s.(sink.Failer)
	if !ok {
		t.Fatal("a sink that can be lost must be a sink.Failer")
	}
	cause := fmt.Errorf("%w: unplugged", sink.ErrNoDevice)
	h.Lose(s, cause)
	h.Advance(s, int64(h.Want.SampleRate))
	synctest.Wait()
	select {
	case err := <-f.Failed():
		if !errors.Is(err, sink.ErrNoDevice) || !errors.Is(err, cause) {
			t.Errorf("Failed gave %v", err)
		}
	default:
		t.Error("Failed says nothing of a lost output")
	}
	pulled := src.Pulled()
	h.Advance(s, int64(h.Want.SampleRate))
	synctest.Wait()
	if n := src.Pulled(); n != pulled {
		t.Errorf("a lost output pulled %d frames more", n-pulled)
	}
	if n := s.Latency(); n < 0 || int64(n) > pulled {
		t.Errorf("latency %d of %d frames pulled", n, pulled)
	}
	h.close(t, s, src)
	for range 2 {
		again := NewSource(h.Want.Channels, endless)
		if _, err := s.Start(h.Want, again); err != nil {
			t.Fatalf("Start after a loss: %v", err)
		}
		h.take(t, s, again, 5_000)
		select {
		case err := <-f.Failed():
			t.Errorf("the new output failed with the old one's error: %v", err)
		default:
		}
		h.Lose(s, cause) // and this time nobody asks
		h.Advance(s, int64(h.Want.SampleRate))
		synctest.Wait()
		h.close(t, s, again)
	}
}

// testCloseEarly: a sink that was never started can be drained and closed, also twice, and one that
// runs can't be started again.
func testCloseEarly(t *testing.T, h Harness) {
	s := h.New(t)
	if n := s.Latency(); n != 0 {
		t.Errorf("latency %d before Start", n)
	}
	if err := s.Drain(t.Context()); err != nil {
		t.Errorf("Drain before Start: %v", err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close before Start: %v", err)
		}
	}
	s, src, _ := h.start(t, endless)
	if _, err := s.Start(h.Want, src); err == nil {
		t.Error("a second Start was accepted")
	}
	h.close(t, s, src)
}

func testDrain(t *testing.T, h Harness) {
	s, src, _ := h.start(t, endless)
	h.take(t, s, src, 5_000)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Drain(gone); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("Drain of a context that is done: %v", err)
	}
	if err := s.Drain(t.Context()); err != nil {
		t.Errorf("Drain: %v", err)
	}
	h.close(t, s, src)
	if err := s.Drain(t.Context()); err != nil {
		t.Errorf("Drain after Close: %v", err)
	}
}

func testLatency(t *testing.T, h Harness) {
	s, src, _ := h.start(t, endless)
	for i := range 50 {
		h.take(t, s, src, int64(i)*100)
		// In this order: pulling may go on between the two.
		if n := s.Latency(); n < 0 || int64(n) > src.Pulled() {
			t.Fatalf("latency %d of %d frames pulled", n, src.Pulled())
		}
	}
	h.close(t, s, src)
	if n := s.Latency(); n < 0 {
		t.Errorf("latency %d after Close", n)
	}
}

// testAllocation: a second of music in the steady state allocates nothing.
func testAllocation(t *testing.T, h Harness) {
	if h.Allocates != "" {
		t.Skip(h.Allocates)
	}
	s, src, _ := h.start(t, endless)
	second := int64(h.Want.SampleRate)
	before := src.Given()
	if n := testing.AllocsPerRun(5, func() { h.Advance(s, second) }); n > 0 {
		t.Errorf("%v allocations in a second of music", n)
	}
	if took := src.Given() - before; took < 5*second {
		t.Errorf("the sink took %d frames while 5 s were measured", took)
	}
	h.close(t, s, src)
}
