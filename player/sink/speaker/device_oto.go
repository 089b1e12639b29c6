//go:build windows || darwin || js || cgo

package speaker

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/ebitengine/oto/v3"
)

// process is the device of this process. The driver allows one context, which can't be closed or
// changed, and answers a second attempt with an error; so what the first attempt gave must be
// remembered for as long as the process lives, and only a package-level variable lives that long.
//
//house:ignore global it is the one that the comment above explains
var process struct {
	sync.Mutex
	tried  bool
	err    error // of creating the context
	device *device
	ready  chan struct{}
}

// openDevice gives the process's device. An attempt that failed stays failed.
func openDevice(rate int, buffer time.Duration) (*device, error) {
	process.Lock()
	defer process.Unlock()
	if !process.tried {
		process.tried = true
		ctx, ready, err := oto.NewContext(&oto.NewContextOptions{
			SampleRate: rate, ChannelCount: channels, Format: oto.FormatFloat32LE, BufferSize: buffer,
		})
		process.err, process.ready = err, ready
		if err == nil {
			process.device = &device{rate: rate, buffer: buffer, output: &otoOutput{ctx: ctx}}
		}
	}
	if process.err != nil {
		return nil, process.err
	}
	timeout := time.NewTimer(readyTimeout)
	defer timeout.Stop()
	select {
	case <-process.ready:
	case <-timeout.C:
		// Not remembered: the device may be ready when it is asked for again.
		return nil, fmt.Errorf("not ready after %v", readyTimeout)
	}
	// NewContext succeeds without a device; only this tells.
	if err := process.device.output.err(); err != nil {
		return nil, err
	}
	return process.device, nil
}

// otoOutput is an oto context with a count of its users.
type otoOutput struct {
	ctx   *oto.Context
	mu    sync.Mutex
	users int
	idle  bool // suspended
}

func (o *otoOutput) play(r io.Reader, buffer int) voice {
	p := o.ctx.NewPlayer(r)
	p.SetBufferSize(buffer)
	p.Play()
	return p
}

func (o *otoOutput) err() error { return o.ctx.Err() }

func (o *otoOutput) hold() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.idle {
		if err := o.ctx.Resume(); err != nil {
			return err
		}
		o.idle = false
	}
	o.users++
	return nil
}

func (o *otoOutput) release() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.users--; o.users > 0 {
		return
	}
	// A device that can't be suspended plays silence or is lost; neither is the caller's trouble.
	if err := o.ctx.Suspend(); err != nil {
		return
	}
	o.idle = true
}
