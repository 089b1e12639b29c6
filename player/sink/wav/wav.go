// Package wav is a sink that writes a WAV file: what a device would have been given, for measuring,
// or just the music, for keeping. It refuses to read.
package wav

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/sink"
	"github.com/segue-audio/segue/player/sink/internal/pump"
	"github.com/segue-audio/segue/player/sink/internal/round"
)

// headerSeconds is after how much new audio the header is made true again, so that a killed
// process leaves a readable file.
const headerSeconds = 2

// Options are how a Sink writes. The zero value writes float32 in real time.
type Options struct {
	Encoding Encoding  // zero means Float32
	Pace     sink.Pace // zero means RealTime
}

// Sink writes a WAV file. Make it with New.
//
// The file begins with the first frame of music and ends with the last. In real time, the silence
// between them that the source could not fill (rebuffering, a pause) is written where it was, as a
// device would have played it; an unpaced sink waits instead. A file beyond 4 GiB becomes RF64.
type Sink struct {
	path    string
	options Options
	pump    atomic.Pointer[pump.Pump] // nil before Start; that of the last Start
	running bool
	begun   bool // there is a file to go on with

	mu    sync.Mutex // guards what the pump's goroutine shares with Close
	file  file
	enc   encoder
	start int64 // of the samples in the file, bytes
	err   error // of closing the file
}

// file is the part of *os.File that is used; tests fill the disk.
type file interface {
	io.WriterAt
	io.Closer
}

// encoder is where the file stands.
type encoder struct {
	format  sink.Format
	round   *round.Rounder
	block   []byte
	written int64 // frames in the file
	silence int64 // frames of silence that are written if music follows
	header  int64 // frames that the header tells of
}

// New makes a sink that writes path, in the format of the music. Nothing is touched before Start.
func New(path string, o Options) *Sink { return &Sink{path: path, options: o} }

// Start creates the file, or empties it, and begins to pull. After Close it goes on with the file, in
// the file's format, whatever is wanted. A file that can't be had gives an error that wraps
// sink.ErrNoDevice and the cause.
func (s *Sink) Start(want sink.Format, src sink.Source) (sink.Format, error) {
	if s.running {
		return sink.Format{}, errors.New("wav: started before")
	}
	if want.SampleRate <= 0 || want.Channels <= 0 {
		return sink.Format{}, fmt.Errorf("wav: no format: %+v", want)
	}
	flags := os.O_RDWR | os.O_CREATE | os.O_TRUNC
	if s.begun {
		flags, want = os.O_RDWR, s.enc.format
	}
	f, err := os.OpenFile(s.path, flags, 0o666)
	if err != nil {
		return sink.Format{}, fmt.Errorf("%w: %w", sink.ErrNoDevice, err)
	}
	if err := s.begin(f, want); err != nil {
		return sink.Format{}, errors.Join(fmt.Errorf("%w: %w", sink.ErrNoDevice, err), f.Close())
	}
	s.running, s.begun, s.err = true, true, nil
	s.pump.Store(pump.Start(want, src, pump.Options{Pace: s.options.Pace}, s.write))
	return want, nil
}

// begin takes the file and writes a first header, or goes on behind the last frame of an old one.
func (s *Sink) begin(f file, format sink.Format) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.file = f
	if !s.begun {
		s.enc = encoder{format: format, round: round.New(ditherSeed)}
	}
	s.start = int64(len(header(format, s.options.Encoding, 0)))
	return s.patch()
}

// ditherSeed makes equal runs give equal files.
const ditherSeed = 1

// write takes one block from the pump.
func (s *Sink) write(block []float32, music int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := &s.enc
	frames := int64(len(block) / e.format.Channels)
	if music > 0 {
		// Silence is left as a hole, which reads as zeros. That of an hour's pause costs nothing.
		e.written += e.silence
		e.silence = 0
		data := s.encode(block[:music*e.format.Channels])
		if _, err := s.file.WriteAt(data, s.start+s.bytes(e.written)); err != nil {
			return fmt.Errorf("wav: %w", err)
		}
		e.written += int64(music)
	}
	if s.options.Pace == sink.RealTime && e.written > 0 {
		e.silence += frames - int64(music)
	}
	if e.written-e.header >= headerSeconds*int64(e.format.SampleRate) {
		return s.patch()
	}
	return nil
}

// bytes is the size of frames in the file.
func (s *Sink) bytes(frames int64) int64 {
	return frames * int64(s.options.Encoding.bytes()*s.enc.format.Channels)
}

// encode gives the samples as the file's bytes, valid until the next call.
func (s *Sink) encode(x []float32) []byte {
	e := &s.enc
	if n := len(x) * s.options.Encoding.bytes(); n > cap(e.block) {
		e.block = make([]byte, n)
	}
	b := e.block[:cap(e.block)]
	switch s.options.Encoding {
	case Int16:
		return b[:e.round.Int16(b, x)]
	case Int24:
		return b[:e.round.Int24(b, x)]
	default:
		return b[:dsp.PutFloat32(b, x)]
	}
}

// patch makes the header true.
func (s *Sink) patch() error {
	if _, err := s.file.WriteAt(header(s.enc.format, s.options.Encoding, s.bytes(s.enc.written)), 0); err != nil {
		return fmt.Errorf("wav: %w", err)
	}
	s.enc.header = s.enc.written
	return nil
}

// Frames counts the frames in the file. Callable at any time.
func (s *Sink) Frames() media.Frames {
	s.mu.Lock()
	defer s.mu.Unlock()
	return media.Frames(s.enc.written)
}

// Latency is zero: what was pulled is written at once.
func (s *Sink) Latency() media.Frames { return 0 }

// Drain returns when the block being pulled is written. It gives the error of writing, if there was
// one.
func (s *Sink) Drain(ctx context.Context) error {
	if p := s.pump.Load(); p != nil {
		return p.Drain(ctx)
	}
	return nil
}

// Failed receives the error of writing, as of a full disk.
func (s *Sink) Failed() <-chan error {
	if p := s.pump.Load(); p != nil {
		return p.Failed()
	}
	return nil
}

// Close stops pulling and completes the file. It gives the first error of writing, pulling or
// closing. Twice is fine and gives the same.
func (s *Sink) Close() error {
	if !s.running {
		return s.err
	}
	s.running = false
	err := s.pump.Load().Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = errors.Join(err, s.finish())
	return s.err
}

// finish makes the header true for good and closes the file.
func (s *Sink) finish() error {
	err := s.patch()
	if size := s.bytes(s.enc.written); size%2 != 0 && err == nil {
		_, err = s.file.WriteAt([]byte{0}, s.start+size) // chunks are padded to even sizes
	}
	return errors.Join(err, s.file.Close())
}
