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

	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/sink"
	"github.com/segue-audio/segue/player/sink/internal/pump"
)

// headerSeconds is after how much new audio the header is made true again, so that a killed
// process leaves a readable file.
const headerSeconds = 2

// Options are how a Sink writes. The zero value writes float32 in real time.
type Options struct {
	Encoding Encoding  // zero means Float32
	Pace     sink.Pace // zero means RealTime

	// Dither adds triangular noise of one step before rounding to an integer encoding. Without it,
	// samples that came from integers are written bit for bit.
	Dither bool
}

// Sink writes a WAV file. Make it with New.
//
// The file begins with the first frame of music and ends with the last. In real time, the silence
// between them that the source could not fill (rebuffering, a pause) is written where it was, as a
// device would have played it; an unpaced sink waits instead. A file beyond 4 GiB becomes RF64.
type Sink struct {
	path    string
	options Options
	pump    *pump.Pump
	closed  bool

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
	format   sink.Format
	quantise *dsp.Quantiser
	block    []byte
	written  int64 // frames in the file
	silence  int64 // frames of silence that are written if music follows
	header   int64 // frames that the header tells of
}

// New makes a sink that writes path, in the format of the music. Nothing is touched before Start.
func New(path string, o Options) *Sink { return &Sink{path: path, options: o} }

// Start creates the file, or empties it, and begins to pull. A file that can't be created gives an
// error that wraps sink.ErrNoDevice and the cause. A sink is started once.
func (s *Sink) Start(want sink.Format, src sink.Source) (sink.Format, error) {
	if s.pump != nil || s.closed {
		return sink.Format{}, errors.New("wav: started before")
	}
	if want.SampleRate <= 0 || want.Channels <= 0 {
		return sink.Format{}, fmt.Errorf("wav: no format: %+v", want)
	}
	f, err := os.Create(s.path)
	if err != nil {
		return sink.Format{}, fmt.Errorf("%w: %w", sink.ErrNoDevice, err)
	}
	if err := s.begin(f, want); err != nil {
		return sink.Format{}, errors.Join(fmt.Errorf("%w: %w", sink.ErrNoDevice, err), f.Close())
	}
	s.pump = pump.Start(want, src, s.options.Pace, s.write)
	return want, nil
}

// begin takes the file and writes a first header.
func (s *Sink) begin(f file, format sink.Format) error {
	s.file = f
	s.enc = encoder{format: format, quantise: &dsp.Quantiser{}}
	if s.options.Dither {
		s.enc.quantise = dsp.NewDither(1)
	}
	s.start = int64(len(header(format, s.options.Encoding, 0)))
	return s.patch()
}

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
		return b[:e.quantise.Int16(b, x)]
	case Int24:
		return b[:e.quantise.Int24(b, x)]
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
	if s.pump == nil {
		return nil
	}
	return s.pump.Drain(ctx)
}

// Failed receives the error of writing, as of a full disk.
func (s *Sink) Failed() <-chan error {
	if s.pump == nil {
		return nil
	}
	return s.pump.Failed()
}

// Close stops pulling and completes the file. It gives the first error of writing, pulling or
// closing. Twice is fine and gives the same.
func (s *Sink) Close() error {
	if s.pump == nil || s.closed {
		s.closed = true
		return s.err
	}
	s.closed = true
	err := s.pump.Stop()
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
