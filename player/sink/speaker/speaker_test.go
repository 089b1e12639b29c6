package speaker

import (
	"errors"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/sink"
	"github.com/segue-audio/segue/player/sink/sinktest"
)

// machine is a device that behaves as oto over ALSA does: a goroutine keeps a voice's buffer filled
// by whole Reads, another takes a period whenever the device has room for one.
type machine struct {
	rate   int
	period int // frames; the device holds two
	keep   bool

	mu     sync.Mutex
	users  int
	buf    []byte
	in     io.Reader
	want   int // bytes
	paused bool
	more   chan struct{}
	lost   error

	took  atomic.Int64 // frames taken by the device, silence of an empty voice included
	heard []byte       // all that the device was given of the voice
	stop  chan struct{}
	ended sync.WaitGroup
}

func newMachine(t *testing.T, rate int, buffer time.Duration) *machine {
	m := &machine{
		rate: rate, period: int(media.FramesIn(buffer, rate)) / 2, keep: true,
		more: make(chan struct{}, 1), stop: make(chan struct{}),
	}
	t.Cleanup(func() { close(m.stop); m.ended.Wait() })
	return m
}

func (m *machine) play(r io.Reader, buffer int) voice {
	m.in, m.want = r, buffer
	chunk := make([]byte, buffer)
	m.buf = make([]byte, 0, 4*buffer)
	m.heard = make([]byte, 0, 1<<22)
	fill := func() {
		for m.short() {
			n, err := r.Read(chunk)
			if n == 0 || err != nil {
				panic("the reader gave nothing, or an error")
			}
			m.mu.Lock()
			m.buf = append(m.buf, chunk[:n]...)
			m.mu.Unlock()
		}
	}
	fill()
	m.ended.Go(func() {
		for {
			select {
			case <-m.more:
				fill()
			case <-m.stop:
				return
			}
		}
	})
	m.ended.Go(m.device)
	return m
}

// device takes three periods at once (two fill its buffer, one is in hand) and one per period after.
func (m *machine) device() {
	ticker := time.NewTicker(media.Frames(m.period).Duration(m.rate))
	defer ticker.Stop()
	for i := 0; ; i++ {
		m.mu.Lock()
		if !m.paused && m.lost == nil {
			n := min(m.period*frameBytes, len(m.buf))
			if m.keep {
				m.heard = append(m.heard, m.buf[:n]...)
			}
			m.buf = m.buf[:copy(m.buf, m.buf[n:])]
			m.took.Add(int64(m.period))
		}
		m.mu.Unlock()
		select {
		case m.more <- struct{}{}:
		default:
		}
		if i < 2 {
			time.Sleep(time.Microsecond) // for the filling, as opening takes time too
			continue
		}
		select {
		case <-ticker.C:
		case <-m.stop:
			return
		}
	}
}

func (m *machine) Pause() { m.mu.Lock(); m.paused = true; m.mu.Unlock() }

func (m *machine) BufferedSize() int { m.mu.Lock(); defer m.mu.Unlock(); return len(m.buf) }

func (m *machine) short() bool { m.mu.Lock(); defer m.mu.Unlock(); return len(m.buf) < m.want }

func (m *machine) SetBufferSize(bytes int) { m.mu.Lock(); m.want = bytes; m.mu.Unlock() }

func (m *machine) Err() error { return nil }

func (m *machine) err() error { m.mu.Lock(); defer m.mu.Unlock(); return m.lost }

func (m *machine) lose(err error) { m.mu.Lock(); m.lost = err; m.mu.Unlock() }

func (m *machine) hold() error { m.users++; return nil }

func (m *machine) release() { m.users-- }

// fake is a Speaker on a machine.
type fake struct {
	*Speaker
	m    *machine // of the last Start
	past []*machine
}

func newFake(t *testing.T, o Options) *fake {
	f := &fake{Speaker: New(o)}
	f.open = func(rate int, buffer time.Duration) (*device, error) {
		f.m = newMachine(t, rate, buffer)
		f.past = append(f.past, f.m)
		return &device{rate: rate, buffer: buffer, output: f.m}, nil
	}
	return f
}

func TestSuite(t *testing.T) {
	sinktest.Run(t, sinktest.Harness{
		New:  func(t *testing.T) sink.Sink { return newFake(t, Options{}) },
		Lose: func(s sink.Sink, err error) { s.(*fake).m.lose(err) },
		Received: func(_ *testing.T, s sink.Sink) (x []float32) {
			for _, m := range s.(*fake).past {
				m.mu.Lock()
				for b := m.heard; len(b) >= 4; b = b[4:] {
					x = append(x, math.Float32frombits(uint32(b[0])|uint32(b[1])<<8|uint32(b[2])<<16|uint32(b[3])<<24))
				}
				m.mu.Unlock()
			}
			return x
		},
	})
}

// TestLatencyFollowsTheEar: at every moment the frames pulled less the latency are those that a
// device without delay would have played, to within the 10 ms of one Read.
func TestLatencyFollowsTheEar(t *testing.T) {
	for _, buffer := range []time.Duration{40 * time.Millisecond, DefaultBuffer, 500 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			const rate = 44_100
			s := newFake(t, Options{Buffer: buffer})
			src := sinktest.NewSource(2, 1<<40)
			if _, err := s.Start(sink.Format{SampleRate: rate, Channels: 2}, src); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			for range 400 {
				time.Sleep(7 * time.Millisecond)
				synctest.Wait()
				heard := media.Frames(src.Pulled()) - s.Latency()
				truth := media.FramesIn(time.Since(start), rate)
				if off := (heard - truth).Duration(rate); off < -10*time.Millisecond || off > 10*time.Millisecond {
					t.Errorf("buffer %v: after %v the latency says %d frames heard: %v off", buffer, time.Since(start), heard, off)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestDrainWaitsForTheDevice: nothing is cut off when Close follows Drain.
func TestDrainWaitsForTheDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate = 48_000
		s := newFake(t, Options{Buffer: 500 * time.Millisecond})
		src := sinktest.NewSource(2, rate)
		if _, err := s.Start(sink.Format{SampleRate: rate, Channels: 2}, src); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for src.Given() < rate {
			time.Sleep(time.Millisecond)
		}
		if err := s.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(start); d < time.Second {
			t.Errorf("a second of music was drained after %v", d)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		unplugged := errors.New("unplugged")
		s := newFake(t, Options{})
		if _, err := s.Start(sink.Format{SampleRate: 48_000, Channels: 2}, sinktest.NewSource(2, 1<<30)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		s.m.lose(unplugged)
		time.Sleep(watchPeriod)
		synctest.Wait()
		select {
		case err := <-s.Failed():
			if !errors.Is(err, sink.ErrNoDevice) || !errors.Is(err, unplugged) {
				t.Errorf("Failed gave %v", err)
			}
		default:
			t.Error("Failed says nothing of a lost device")
		}
		if err := s.Drain(t.Context()); !errors.Is(err, sink.ErrNoDevice) {
			t.Errorf("Drain of a lost device: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestNoDevice(t *testing.T) {
	s := New(Options{})
	s.open = func(int, time.Duration) (*device, error) { return nil, io.ErrClosedPipe }
	_, err := s.Start(sink.Format{SampleRate: 48_000, Channels: 2}, sinktest.NewSource(2, 1))
	if !errors.Is(err, sink.ErrNoDevice) || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Start gave %v", err)
	}
	if s.Latency() != 0 || s.Drain(t.Context()) != nil || s.Close() != nil {
		t.Error("a Speaker without a device can't be closed")
	}
}

// TestAgain: a Speaker starts again after Close, and one that asks for another rate is told the
// device's.
func TestAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		m := newMachine(t, 44_100, DefaultBuffer)
		s.open = func(int, time.Duration) (*device, error) {
			close(m.stop) // one voice at a time
			m.ended.Wait()
			m.stop = make(chan struct{})
			return &device{rate: 44_100, buffer: DefaultBuffer, output: m}, nil
		}
		for range 2 {
			m.paused = false
			got, err := s.Start(sink.Format{SampleRate: 96_000, Channels: 1}, sinktest.NewSource(2, 1<<30))
			if want := (sink.Format{SampleRate: 44_100, Channels: 2}); err != nil || got != want {
				t.Fatalf("Start gave %+v, %v", got, err)
			}
			if m.users != 1 {
				t.Errorf("%d users of the device", m.users)
			}
			time.Sleep(time.Second)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if m.users != 0 {
			t.Errorf("%d users of the device after Close", m.users)
		}
	})
}

// TestCloseWaitsForRead: the driver reads without pause while the player closes; no Pull may happen
// after that, and reads go on giving silence.
func TestCloseWaitsForRead(t *testing.T) {
	for range 300 {
		r := newReader(48_000)
		src := sinktest.NewSource(2, 1<<40)
		var s sink.Source = src
		r.src.Store(&s)
		var wg sync.WaitGroup
		begun := make(chan struct{})
		wg.Go(func() {
			buf := make([]byte, 4096)
			for i := range 500 {
				if n, err := r.Read(buf); n == 0 || err != nil {
					t.Errorf("Read gave %d, %v", n, err)
				}
				if i == 5 {
					close(begun)
				}
			}
		})
		<-begun
		r.close()
		src.Stop()
		wg.Wait()
		if b := src.Breach(); b != "" {
			t.Fatal(b)
		}
		buf := []byte{1, 2, 3}
		if n, err := r.Read(buf); n != 3 || err != nil || buf[0]|buf[1]|buf[2] != 0 {
			t.Fatalf("after close, Read gave %d bytes %v, %v", n, buf, err)
		}
	}
}
