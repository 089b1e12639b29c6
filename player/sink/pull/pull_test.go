package pull_test

import (
	"encoding/binary"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player/sink"
	"github.com/segue-audio/segue/player/sink/pull"
	"github.com/segue-audio/segue/player/sink/sinktest"
)

// host reads from a sink and keeps what it read.
type host struct {
	*pull.Sink
	buf  []float32
	keep bool
	got  []float32
}

func TestFrames(t *testing.T) {
	sinktest.Run(t, sinktest.Harness{
		New: func(t *testing.T) sink.Sink {
			return &host{Sink: pull.New(sink.Format{}), buf: make([]float32, 2*441), keep: t.Name() != "TestFrames/Allocation"}
		},
		Advance: func(s sink.Sink, frames int64) {
			h := s.(*host)
			for n := int64(0); n < frames; n += 441 {
				h.ReadFrames(h.buf)
				if h.keep {
					h.got = append(h.got, h.buf...)
				}
			}
		},
		Lose:     func(s sink.Sink, err error) { s.(*host).Lose(err) },
		Received: func(_ *testing.T, s sink.Sink) []float32 { return s.(*host).got },
	})
}

func TestPCM(t *testing.T) {
	s := pull.New(sink.Format{})
	pcm := make([]byte, 4*5_000+3)
	for i := range pcm {
		pcm[i] = 0x55
	}
	if n := s.ReadPCM(pcm); n != 0 || pcm[0] != 0 {
		t.Errorf("before Start: %d frames, first byte %d", n, pcm[0])
	}
	src := sinktest.NewSource(2, 4_001)
	if _, err := s.Start(sink.Format{SampleRate: 48_000, Channels: 2}, src); err != nil {
		t.Fatal(err)
	}
	for i := range pcm {
		pcm[i] = 0x55
	}
	if n := s.ReadPCM(pcm); n != 4_001 {
		t.Errorf("%d frames of music, want 4,001", n)
	}
	for i := range int64(5_000) {
		for c := range 2 {
			want := int16(0)
			if i < 4_001 {
				want = int16(sinktest.Sample(i, c) * 32_768)
			}
			if got := int16(binary.LittleEndian.Uint16(pcm[4*i+2*int64(c):])); got != want {
				t.Fatalf("frame %d, channel %d: %d, want %d", i, c, got, want)
			}
		}
	}
	if tail := pcm[4*5_000:]; tail[0]|tail[1]|tail[2] != 0 {
		t.Errorf("a part of a frame was written: %v", tail)
	}
	if n := testing.AllocsPerRun(100, func() { s.ReadPCM(pcm) }); n != 0 {
		t.Errorf("%v allocations in ReadPCM", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if b := src.Breach(); b != "" {
		t.Error(b)
	}
}

// TestCloseWaitsForRead: the host's thread reads without pause while the player closes; no Pull may
// happen after Close.
func TestCloseWaitsForRead(t *testing.T) {
	for range 200 {
		s := pull.New(sink.Format{})
		src := sinktest.NewSource(2, 1<<40)
		if _, err := s.Start(sink.Format{SampleRate: 48_000, Channels: 2}, src); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		begun := make(chan struct{})
		wg.Go(func() {
			buf := make([]float32, 64)
			for i := range 2_000 {
				s.ReadFrames(buf)
				if i == 10 {
					close(begun)
				}
			}
		})
		<-begun
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		src.Stop()
		wg.Wait()
		if b := src.Breach(); b != "" {
			t.Fatal(b)
		}
	}
}

// TestDrainTakesTheHostsLatency.
func TestDrainTakesTheHostsLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pull.New(sink.Format{SampleRate: 8_000, Channels: 1})
		if _, err := s.Start(sink.Format{SampleRate: 48_000, Channels: 2}, sinktest.NewSource(1, 1)); err != nil {
			t.Fatal(err)
		}
		s.SetLatency(2_000)
		start := time.Now()
		if err := s.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(start); d != 250*time.Millisecond {
			t.Errorf("Drain took %v for 2,000 frames at 8 kHz", d)
		}
	})
}
