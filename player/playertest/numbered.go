package playertest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/sink"
)

// spread and its inverse modulo 2³² make of a frame's number what sounds like noise, and back.
const (
	spread  = 0x9e3779b1
	inverse = 0x0e8b2f51
)

// numbered is the frame with a number: no two within 27 hours are the same, and none of them is silence.
//
//go:norace
func numbered(n int64) (left, right int16) {
	x := (uint32(n) + 1) * spread
	return int16(x >> 16), int16(x)
}

// AppendNumbered appends frames as 16-bit little-endian samples, two to a frame, from one number on: for
// another's encoder.
//
//go:norace
func AppendNumbered(dst []byte, from int64, frames int) []byte {
	for i := range int64(frames) {
		l, r := numbered(from + i)
		dst = append(dst, byte(l), byte(l>>8), byte(r), byte(r>>8))
	}
	return dst
}

// number is that of a frame; −1 for silence.
//
//go:norace
func number(left, right float32) int64 {
	if left == 0 && right == 0 {
		return -1
	}
	x := uint32(uint16(int16(left*32768)))<<16 | uint32(uint16(int16(right*32768)))
	return int64(x*inverse - 1)
}

// Stretch is music without a fault: frames that follow one another.
type Stretch struct {
	First, Frames int64
	Silence       int64         // frames of silence in the music before it
	Dry           int64         // frames before it for which there was no music
	Faded         int64         // frames before it that a ramp of the player's has changed
	After         time.Duration // since the sink was started
}

// Next is the number of the frame that would follow.
func (s Stretch) Next() int64 { return s.First + s.Frames }

// String tells the stretch in short.
func (s Stretch) String() string {
	return fmt.Sprintf("%d+%d after %d silent, %d dry, %d faded", s.First, s.Frames, s.Silence, s.Dry, s.Faded)
}

// Numbered is a sink that listens to a Live, in real time, and keeps no more than what it heard when.
type Numbered struct {
	mu        sync.Mutex
	begun     time.Time
	stretches []Stretch
	silence   int64
	dry       int64
	faded     int64
	last      int64 // the number of the frame before, if that was one of faded; else −1
	stop      context.CancelFunc
	done      chan struct{}
}

// maxStretches bounds what is kept of a stream that is nothing but faults.
const maxStretches = 10_000

// Start implements sink.Sink.
func (n *Numbered) Start(want sink.Format, src sink.Source) (sink.Format, error) {
	ctx, stop := context.WithCancel(context.Background())
	n.stop, n.done = stop, make(chan struct{})
	n.mu.Lock()
	if n.begun.IsZero() {
		n.begun = time.Now()
	}
	n.mu.Unlock()
	go func() {
		defer close(n.done)
		ticker := time.NewTicker(period)
		defer ticker.Stop()
		began, taken := time.Now(), media.Frames(0)
		buf := make([]float32, want.SampleRate*want.Channels)
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			// On a busy machine ticks are lost; a device's clock goes on.
			due := int(min(media.FramesIn(time.Since(began), want.SampleRate)-taken, media.Frames(want.SampleRate)))
			taken += media.Frames(due)
			k := src.Pull(buf[:due*want.Channels])
			n.hear(buf[:k*want.Channels], due-k)
		}
	}()
	return want, nil
}

// hear takes in frames of music, and how many were lacking.
func (n *Numbered) hear(pcm []float32, lacking int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i := 0; i+1 < len(pcm); i += 2 {
		k := number(pcm[i], pcm[i+1])
		if k < 0 {
			n.silence++
			continue
		}
		if m := len(n.stretches); m > 0 && n.silence == 0 && n.faded == 0 && n.stretches[m-1].Next() == k {
			n.stretches[m-1].Frames++
			continue
		}
		// One frame may be anything; two that follow one another are music.
		was := n.last
		if n.faded++; n.faded == 1 || k != was+1 {
			n.last = k
			continue
		}
		if len(n.stretches) < maxStretches {
			n.stretches = append(n.stretches, Stretch{was, 2, n.silence, n.dry, n.faded - 2, time.Since(n.begun)})
		}
		n.silence, n.dry, n.faded = 0, 0, 0
	}
	n.dry += int64(lacking)
}

// Stretches are what was heard up to now.
func (n *Numbered) Stretches() []Stretch {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]Stretch(nil), n.stretches...)
}

// Latency implements sink.Sink.
func (n *Numbered) Latency() media.Frames { return 0 }

// Drain implements sink.Sink.
func (n *Numbered) Drain(context.Context) error { return nil }

// Close implements sink.Sink.
func (n *Numbered) Close() error {
	if n.stop != nil {
		n.stop()
		<-n.done
	}
	return nil
}
