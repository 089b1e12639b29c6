// Package speaker is the sink that is heard: the system's default audio device, through oto.
//
// One process has one device, opened by the first Start and kept until the process ends; its sample
// rate is that of the first Start. A later Speaker that wants another rate is given the device's,
// and the player resamples. Output is always stereo.
//
// On macOS and Windows, and on Linux with a sound server, a device that is unplugged is replaced by the
// system, unheard of here. What is reported through Failed is the end of the driver's one context: where
// that is ALSA's own (a device without a sound server, or the server's end), the driver can't be had again
// in this process, and each Start says so with sink.ErrNoDevice.
//
// On Linux this needs cgo and ALSA (libasound2-dev, pkg-config). Built without cgo it compiles, and
// Start gives sink.ErrNoDevice. Where ALSA finds no device it writes complaints of its own to
// stderr, which can't be turned off from here; the error says it properly.
package speaker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/sink"
)

const (
	channels   = 2
	frameBytes = 4 * channels

	// DefaultBuffer is the buffer in the device. With what is held before it, a frame takes about
	// 0.3 s to the ear. On a machine with as much work as cores it lost nothing; at twice that load
	// no buffer below half a second is safe.
	DefaultBuffer = 150 * time.Millisecond

	// ahead is what is held before the device beyond the period that it takes at a time: how late
	// the goroutine that fills up may be before the device gets silence.
	ahead = 50 * time.Millisecond

	// readyTimeout is how long the system may take to open the device. Sound servers that are being
	// started take about a second.
	readyTimeout = 5 * time.Second

	// watchPeriod is how often a playing device is asked for errors.
	watchPeriod = 250 * time.Millisecond
	// drainPoll is how often Drain looks.
	drainPoll = 5 * time.Millisecond
)

// Options are how a Speaker plays. The zero value works.
type Options struct {
	// Buffer is how much the device holds; zero means DefaultBuffer. Larger survives a busier
	// machine, smaller answers faster. It counts for the first Speaker of the process.
	Buffer time.Duration

	// SampleRate of the device; zero means that of the first music. It counts for the first Speaker
	// of the process.
	SampleRate int
}

// Speaker plays through the default device. Make it with New. It may be started again after Close.
type Speaker struct {
	options Options
	open    func(rate int, buffer time.Duration) (*device, error)

	playing atomic.Pointer[playing] // nil before Start and after Close
	failed  chan error
	stop    chan struct{} // ends the watcher
	watcher sync.WaitGroup
}

// playing is what a started Speaker holds.
type playing struct {
	dev    *device
	voice  voice
	reader *reader
	held   time.Duration // before the device; the watcher's to change
}

// device is the process's one output.
type device struct {
	rate   int
	buffer time.Duration // that it was opened with
	output output
}

// output is what is used of the driver.
type output interface {
	// play starts a voice that reads r, holding about buffer bytes before the device.
	play(r io.Reader, buffer int) voice
	// err is the error that ended the device, nil while it works.
	err() error
	// hold and release count the users; a device without any is suspended.
	hold() error
	release()
}

// voice is one stream of an output.
type voice interface {
	Pause()
	BufferedSize() int // bytes read and not yet taken by the device
	SetBufferSize(bytes int)
	Err() error
}

// New makes a Speaker. The device is not touched before Start.
func New(o Options) *Speaker {
	if o.Buffer <= 0 {
		o.Buffer = DefaultBuffer
	}
	return &Speaker{options: o, open: openDevice, failed: make(chan error, 1)}
}

// Start opens the device, or takes the one that is open, and begins to pull. It waits up to five
// seconds for the device; without one it gives an error that wraps sink.ErrNoDevice.
func (s *Speaker) Start(want sink.Format, src sink.Source) (sink.Format, error) {
	if s.playing.Load() != nil {
		return sink.Format{}, errors.New("speaker: started before")
	}
	rate := s.options.SampleRate
	if rate <= 0 {
		rate = want.SampleRate
	}
	if rate <= 0 {
		return sink.Format{}, fmt.Errorf("speaker: no sample rate: %+v", want)
	}
	dev, err := s.open(rate, s.options.Buffer)
	if err == nil {
		err = dev.output.hold()
	}
	if err != nil {
		return sink.Format{}, fmt.Errorf("speaker: %w: %w", sink.ErrNoDevice, err)
	}
	select {
	case <-s.failed: // a loss before this Start that nobody has read
	default:
	}
	p := &playing{dev: dev, reader: newReader(dev.rate)}
	p.reader.src.Store(&src)
	p.held = dev.buffer + ahead
	p.voice = dev.output.play(p.reader, dev.bytes(p.held))
	s.playing.Store(p)
	s.stop = make(chan struct{})
	s.watcher.Go(func() { p.watch(s.stop, s.failed) })
	return sink.Format{SampleRate: dev.rate, Channels: channels}, nil
}

// bytes is a time as bytes of whole frames.
func (d *device) bytes(t time.Duration) int {
	return int(media.FramesIn(t, d.rate)) * frameBytes
}

// watch reports the loss of the device, which the driver tells only those who ask.
func (p *playing) watch(stop <-chan struct{}, failed chan<- error) {
	ticker := time.NewTicker(watchPeriod)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
		}
		if enough := p.dev.buffer/2 + ahead; p.held > enough {
			// A device that was just opened takes several periods at once, so at first more is
			// held. It goes down by less than a period at a time: Latency wants a Read in each.
			p.held = max(enough, p.held-p.dev.buffer/8)
			p.voice.SetBufferSize(p.dev.bytes(p.held))
		}
		if err := p.err(); err != nil {
			select {
			case failed <- err:
			default: // the loss before this one was not read yet
			}
			return
		}
	}
}

// err is the loss of the device or the voice, nil while they work.
func (p *playing) err() error {
	err := p.dev.output.err()
	if err == nil {
		err = p.voice.Err()
	}
	if err != nil {
		return fmt.Errorf("speaker: %w: %w", sink.ErrNoDevice, err)
	}
	return nil
}

// Failed receives an error that wraps sink.ErrNoDevice when the device is lost, at most a quarter of
// a second later.
func (s *Speaker) Failed() <-chan error { return s.failed }

// Latency counts the frames between the source and the ear, as far as the system tells: what waits
// before the device is counted, what the device holds is reckoned from its buffer and the time since
// it last took some. What a sound server or a wireless headset adds is not in it.
func (s *Speaker) Latency() media.Frames {
	p := s.playing.Load()
	if p == nil {
		return 0
	}
	return min(p.latency(), p.reader.pulled())
}

// latency is that of a device that has been filled.
//
// The driver takes half of the device's buffer, a period, then waits until the device has room for
// it, and takes the next one. So when a period is taken the device is full and one period more is in
// the driver's hands, and until the next is taken that much is played.
func (p *playing) latency() media.Frames {
	full := media.FramesIn(p.dev.buffer, p.dev.rate)
	period := full / 2
	played := media.FramesIn(time.Since(p.reader.lastRead()), p.dev.rate)
	waiting := media.Frames(p.voice.BufferedSize() / frameBytes)
	return waiting + full + period - min(max(played, 0), period)
}

// Drain waits until what was pulled before the call has been heard, or ctx is done, or the device is
// lost.
func (s *Speaker) Drain(ctx context.Context) error {
	p := s.playing.Load()
	if p == nil {
		return nil
	}
	// Silence goes on being pulled, so the buffers never run empty; what was pulled before has been
	// heard when that much more has gone through.
	target := p.reader.pulled()
	ticker := time.NewTicker(drainPoll)
	defer ticker.Stop()
	for {
		if err := p.err(); err != nil {
			return err
		}
		if p.reader.pulled()-p.latency() >= target {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// Close stops pulling. The device itself stays open, suspended, for the next Speaker; what it still
// holds (at most its buffer) is heard or not as the system likes: Drain first. Twice is fine.
func (s *Speaker) Close() error {
	p := s.playing.Swap(nil)
	if p == nil {
		return nil
	}
	close(s.stop)
	s.watcher.Wait()
	p.reader.close()
	p.voice.Pause()
	p.dev.output.release()
	return nil
}

// reader turns a Source into the endless stream of bytes that the driver wants: it never gives EOF,
// which would pause the voice for good, nor nothing, which would make the driver spin.
type reader struct {
	src     atomic.Pointer[sink.Source] // nil after close
	reading atomic.Bool
	frames  atomic.Int64 // pulled
	last    atomic.Int64 // when, since began
	began   time.Time
	scratch []float32
}

// readerPeriod is the most that one Read gives. The driver fills up with whole Reads, so it holds
// that much more than it was told at most.
const readerPeriod = 10 * time.Millisecond

func newReader(rate int) *reader {
	frames := max(1, int(media.FramesIn(readerPeriod, rate)))
	return &reader{began: time.Now(), scratch: make([]float32, frames*channels)}
}

// Read is called by the driver's goroutine, which serves all voices: it waits for nothing and
// allocates nothing.
func (r *reader) Read(p []byte) (int, error) {
	r.reading.Store(true)
	defer r.reading.Store(false)
	block := r.scratch[:min(len(r.scratch), len(p)/frameBytes*channels)]
	src := r.src.Load()
	if src == nil || len(block) == 0 {
		clear(p)
		return len(p), nil
	}
	(*src).Pull(block)
	n := dsp.PutFloat32(p, block)
	r.frames.Add(int64(len(block) / channels))
	r.last.Store(int64(time.Since(r.began)))
	return n, nil
}

// close takes the source away and waits for a Pull in flight. Read raises its flag before it loads
// the source: either it sees nil, or it is seen here.
func (r *reader) close() {
	r.src.Store(nil)
	for r.reading.Load() {
		runtime.Gosched()
	}
}

func (r *reader) pulled() media.Frames { return media.Frames(r.frames.Load()) }

func (r *reader) lastRead() time.Time { return r.began.Add(time.Duration(r.last.Load())) }
