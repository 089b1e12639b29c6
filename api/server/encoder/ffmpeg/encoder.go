// Package ffmpeg encodes by the program of that name, where it is installed and asked for: AAC-LC by its
// own encoder, and FLAC, which it packs tighter than we do. It gives the program PCM and nothing that
// came from outside.
package ffmpeg

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/segue-audio/segue/api/server/encoder"
	"github.com/segue-audio/segue/player/container/adts"
	"github.com/segue-audio/segue/player/media"
)

// Encoder runs one ffmpeg for each piece of music.
type Encoder struct{ path string }

var _ encoder.Encoder = Encoder{}

// Find gives the encoder that the program named makes, "" for the ffmpeg in PATH. The error says that there
// is no such program.
func Find(program string) (Encoder, error) {
	if program == "" {
		program = "ffmpeg"
	}
	path, err := exec.LookPath(program)
	return Encoder{path}, err
}

// Name is the program's.
func (Encoder) Name() string { return "ffmpeg" }

// Delay is one access unit, as ffmpeg's own encoder always had it.
func (Encoder) Delay() media.Frames { return encoder.UnitFrames }

// Encode is encoder.Encoder's. The streams pass through files in spec.Scratch.
func (e Encoder) Encode(ctx context.Context, spec encoder.Spec, pcm encoder.PCM, emit encoder.Emit) (err error) {
	if spec.Channels < 1 || spec.Channels > 2 || len(spec.Bitrates) == 0 {
		return fmt.Errorf("%w: %d channels, %d bitrates", encoder.ErrUnsupported, spec.Channels, len(spec.Bitrates))
	}
	dir, err := os.MkdirTemp(spec.Scratch, "ffmpeg-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	args := []string{"-f", "f32le", "-ar", strconv.Itoa(spec.SampleRate), "-ac", strconv.Itoa(spec.Channels), "-i", "pipe:0"}
	var files []string
	for i, b := range spec.Bitrates {
		files = append(files, filepath.Join(dir, strconv.Itoa(i)+".aac"))
		args = append(args, "-map", "0:a:0", "-c:a", "aac", "-b:a", strconv.FormatInt(int64(b), 10), "-f", "adts", "file:"+files[i])
	}
	if err := e.run(ctx, args, &samples{pcm: pcm, frame: spec.Channels}); err != nil {
		return err
	}
	for i, name := range files {
		if err := units(name, func(unit []byte) error { return emit(i, unit) }); err != nil {
			return fmt.Errorf("ffmpeg: stream of %d bit/s: %w", spec.Bitrates[i], err)
		}
	}
	return nil
}

// units reads the access units of an ADTS file.
func units(name string, each func([]byte) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // was only read
	st, err := f.Stat()
	if err != nil {
		return err
	}
	d, err := adts.Open(f, st.Size())
	if err != nil {
		return err
	}
	var p media.Packet
	for {
		if err := d.Next(&p); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := each(p.Data); err != nil {
			return err
		}
	}
}

// run runs ffmpeg on what it reads from in.
func (e Encoder) run(ctx context.Context, args []string, in *samples) error {
	head := []string{"-nostdin", "-hide_banner", "-v", "error", "-y", "-threads", "1", "-protocol_whitelist", "file,pipe"}
	cmd := exec.CommandContext(ctx, e.path, append(head, args...)...)
	stderr := &tail{limit: 2000}
	cmd.Stdin, cmd.Stderr, cmd.WaitDelay = in, stderr, 5*time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case in.err != nil: // then ffmpeg's own trouble comes from that
		return in.err
	case errors.As(err, &exit) && exit.Exited():
		return fmt.Errorf("ffmpeg: %s (exit status %d)", stderr.lastLine(), exit.ExitCode())
	}
	return err
}

// samples reads PCM as bytes.
type samples struct {
	pcm   encoder.PCM
	frame int // channels
	buf   [4096]float32
	rest  []byte
	bytes []byte // reused
	err   error  // of pcm, but for io.EOF
}

// Read is io.Reader's.
func (s *samples) Read(p []byte) (int, error) {
	for len(s.rest) == 0 {
		n, err := s.pcm.Read(s.buf[:len(s.buf)/s.frame*s.frame])
		s.bytes = s.bytes[:0]
		for _, v := range s.buf[:n] {
			s.bytes = binary.LittleEndian.AppendUint32(s.bytes, math.Float32bits(v))
		}
		s.rest = s.bytes
		if n == 0 && err != nil {
			if !errors.Is(err, io.EOF) {
				s.err = err
			}
			return 0, err
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// tail keeps the last bytes written to it.
type tail struct {
	limit int
	buf   []byte
}

func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	t.buf = append(t.buf, p[max(0, n-t.limit):]...)
	t.buf = t.buf[max(0, len(t.buf)-t.limit):]
	return n, nil
}

func (t *tail) lastLine() string {
	lines := strings.Split(string(bytes.TrimSpace(t.buf)), "\n")
	return strings.ToValidUTF8(lines[len(lines)-1], "?")
}
