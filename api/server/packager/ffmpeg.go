package packager

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/segue-audio/segue/player/media"
)

// ffmpeg runs the program of that name. It works on a local file that it is told the format of: a
// file that only pretends to be music could else make it read playlists, and with them other files
// and hosts.
type ffmpeg struct{ path string }

// encodeMP3 makes one raw MP3 stream for each bitrate (kbps) in folder dir, all from one decoding
// of the source, and counts the frames that the decoding gave at the source's rate.
func (f ffmpeg) encodeMP3(ctx context.Context, s Source, kbps []int64, dir string) (files []string, frames media.Frames, err error) {
	// The count is taken before resampling, as one channel of two bytes a frame.
	graph := fmt.Sprintf("[0:a:0]asplit=2[c][r];[c]aformat=sample_fmts=s16:channel_layouts=mono[count];[r]aresample=%d", mp3Rate(s.Format.SampleRate))
	if s.Format.Channels == 1 {
		graph += ",pan=stereo|c0=c0|c1=c0" // else each side gets 3 dB less
	}
	graph += fmt.Sprintf(",aformat=sample_fmts=fltp:sample_rates=%d:channel_layouts=stereo,asplit=%d", mp3Rate(s.Format.SampleRate), len(kbps))
	var outputs []string
	for i, rate := range kbps {
		graph += fmt.Sprintf("[o%d]", i)
		name := filepath.Join(dir, mp3Name(rate)+".stream")
		files = append(files, name)
		outputs = append(outputs, "-map", fmt.Sprintf("[o%d]", i), "-c:a", "libmp3lame", "-b:a", fmt.Sprintf("%dk", rate),
			"-reservoir", "0", // each segment must decode without the ones before it
			"-write_xing", "0", "-id3v2_version", "0", "-f", "mp3", "file:"+name)
	}
	args := append([]string{"-filter_complex", graph, "-map", "[count]", "-c:a", "pcm_s16le", "-f", "s16le", "pipe:1"}, outputs...)
	var count counter
	if err := f.run(ctx, s, args, &count); err != nil {
		return nil, 0, err
	}
	return files, media.Frames(count / 2), nil
}

// encodeFLAC makes a FLAC file of a WAV.
func (f ffmpeg) encodeFLAC(ctx context.Context, s Source, out string) error {
	args := []string{"-map", "0:a:0", "-c:a", "flac", "-compression_level", "5"}
	switch string(s.Format.Config) {
	case "u8", "s16le", "alaw", "ulaw":
		args = append(args, "-sample_fmt", "s16")
	default:
		args = append(args, "-sample_fmt", "s32", "-bits_per_raw_sample", "24")
	}
	return f.run(ctx, s, append(args, "-map_metadata", "-1", "-f", "flac", "file:"+out), nil)
}

func (f ffmpeg) run(ctx context.Context, s Source, args []string, stdout io.Writer) error {
	path, err := filepath.Abs(s.Path)
	if err != nil {
		return err
	}
	head := []string{"-nostdin", "-hide_banner", "-v", "error", "-y", "-threads", "1",
		"-protocol_whitelist", "file", "-f", string(s.Kind), "-i", "file:" + path}
	cmd := exec.CommandContext(ctx, f.path, append(head, args...)...)
	stderr := &tail{limit: 2000}
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = stdout, stderr, 5*time.Second
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &exit) && exit.Exited():
		return fmt.Errorf("ffmpeg: %s (exit status %s)", stderr.lastLine(), strconv.Itoa(exit.ExitCode()))
	}
	return err
}

// counter counts bytes written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
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
