package playertest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/sink"
)

// Capture is a sink that keeps all that it was given: in real time (a device's clock, silence
// included) or, Unpaced, as fast as it comes.
type Capture struct {
	Pace sink.Pace

	mu     sync.Mutex
	format sink.Format
	blocks []block
	stop   context.CancelFunc
	done   chan struct{}
}

// block is what one pull brought: music, then silence for lack of it. Blocks are kept one by one: a single
// growing slice costs the race detector more than all the rest of a test.
type block struct {
	music   []float32
	silence int // frames
}

// period is how much a real-time Capture takes at a time.
const period = 10 * time.Millisecond

// Start implements sink.Sink.
func (c *Capture) Start(want sink.Format, src sink.Source) (sink.Format, error) {
	ctx, stop := context.WithCancel(context.Background())
	c.format, c.stop, c.done = want, stop, make(chan struct{})
	go func() {
		defer close(c.done)
		c.pull(ctx, src)
	}()
	return want, nil
}

func (c *Capture) pull(ctx context.Context, src sink.Source) {
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	buf := make([]float32, int(media.FramesIn(period, c.format.SampleRate))*c.format.Channels)
	for {
		if c.Pace == sink.Unpaced {
			if src.Wait(ctx) != nil && ctx.Err() != nil {
				return
			}
		}
		if c.Pace == sink.RealTime {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
		n := src.Pull(buf)
		total := len(buf) / c.format.Channels
		if c.Pace == sink.Unpaced {
			total = n
			if n == 0 {
				select {
				case <-ctx.Done():
					return
				case <-ticker.C: // ended for now
				}
			}
		}
		c.mu.Lock()
		c.blocks = append(c.blocks, block{slices.Clone(buf[:n*c.format.Channels]), total - n})
		c.mu.Unlock()
	}
}

// Latency implements sink.Sink.
func (c *Capture) Latency() media.Frames { return 0 }

// Drain implements sink.Sink.
func (c *Capture) Drain(context.Context) error { return nil }

// Close implements sink.Sink.
func (c *Capture) Close() error {
	if c.stop != nil {
		c.stop()
		<-c.done
	}
	return nil
}

// Music gives the frames of music, interleaved, without the silence between them.
func (c *Capture) Music() []float32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out [][]float32
	for _, b := range c.blocks {
		out = append(out, b.music)
	}
	return slices.Concat(out...)
}

// Gaps counts the silences between the first and the last frame of music, and their frames.
func (c *Capture) Gaps() (count int, frames int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	pending, begun := 0, false
	for _, b := range c.blocks {
		if len(b.music) > 0 {
			if pending > 0 && begun {
				count, frames = count+1, frames+pending
			}
			begun, pending = true, 0
		}
		pending += b.silence
	}
	return count, frames
}

// Same compares music with its 16-bit source, frame by frame: every frame must be that of one of the
// ladder's renditions at the same place. It returns how often the rendition changed.
//
//go:norace
func Same(got []float32, want []int16) (switches int, err error) {
	if len(got) != len(want) {
		return 0, fmt.Errorf("%d frames came out, %d went in", len(got)/2, len(want)/2)
	}
	const all = 1<<len(Bits) - 1
	could := all // the renditions that all frames since the last change fit
	for i := 0; i < len(want); i += 2 {
		fit := 0
		for k, bits := range Bits {
			if could&(1<<k) != 0 && fits(got[i:i+2], want[i:i+2], bits) {
				fit |= 1 << k
			}
		}
		if fit == 0 && could != all {
			// Another rendition from here on.
			switches, could = switches+1, all
			i -= 2
			continue
		}
		if fit == 0 {
			return switches, fmt.Errorf("frame %d is %v, want %v rounded to some rendition", i/2,
				got[i:i+2], []float32{float32(want[i]) / 32768, float32(want[i+1]) / 32768})
		}
		could = fit
	}
	return switches, nil
}

//go:norace
func fits(got []float32, want []int16, bits int) bool {
	drop := 16 - bits
	return got[0] == float32(want[0]>>drop<<drop)/32768 && got[1] == float32(want[1]>>drop<<drop)/32768
}
