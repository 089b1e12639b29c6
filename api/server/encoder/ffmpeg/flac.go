package ffmpeg

import (
	"context"
	"strconv"

	"github.com/segue-audio/segue/api/server/encoder"
)

// FLAC writes a FLAC file of so many bits a sample, 16 or 24, in blocks of blockFrames. spec's bitrates
// don't matter. PCM that came from whole numbers of that width is kept to the bit.
func (e Encoder) FLAC(ctx context.Context, spec encoder.Spec, pcm encoder.PCM, to encoder.FLACFile) error {
	args := []string{"-f", "f32le", "-ar", strconv.Itoa(spec.SampleRate), "-ac", strconv.Itoa(spec.Channels), "-i", "pipe:0",
		"-map", "0:a:0", "-c:a", "flac", "-compression_level", "5", "-frame_size", strconv.Itoa(to.BlockFrames)}
	if to.Bits <= 16 {
		args = append(args, "-sample_fmt", "s16")
	} else {
		args = append(args, "-sample_fmt", "s32", "-bits_per_raw_sample", "24")
	}
	return e.run(ctx, append(args, "-f", "flac", "file:"+to.Path), &samples{pcm: pcm, frame: spec.Channels})
}
